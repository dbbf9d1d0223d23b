/** What a program is run with. */
import type { VNode } from "preact";
import type { RuntimeSettings, Settings } from "../protocol.ts";
import { defaultPython, pythonVersions } from "../versions.ts";
import { commonJs } from "./strip-types.ts";
import type { Texts } from "./texts.ts";

/** What the form holds; goes into links. */
export interface Choices {
  readonly python: string;
  readonly allocator: "pymalloc" | "malloc" | "pymalloc_debug" | "custom";
  /** `default`, `off`, or a number: the first threshold. */
  readonly collector: string;
  /** MiB. */
  readonly memoryLimit: number;
  readonly lines: boolean;
  readonly moments: Settings["moments"];
  /** Of the second tab. */
  readonly runtime: RuntimeSettings;
}

export const initialChoices: Choices = {
  python: defaultPython,
  allocator: "pymalloc",
  collector: "default",
  memoryLimit: 1024,
  lines: true,
  moments: "some",
  runtime: { python: "3.13", abi: "lp64", allocator: "pymalloc" },
};

/** The settings for the worker. @throws Error if the allocator's TypeScript cannot be read */
export async function settingsFrom(choices: Choices, allocatorCode: string): Promise<Settings> {
  const { python, allocator, collector, memoryLimit, lines, moments } = choices;
  return {
    python,
    allocator:
      allocator === "custom"
        ? { kind: "custom", code: await commonJs(allocatorCode) }
        : { kind: "name", name: allocator },
    ...(collector === "default"
      ? {}
      : { gcThreshold: collector === "off" ? 0 : Number(collector) }),
    memoryLimit: Math.min(4096, Math.max(64, Number(memoryLimit) || 1024)) * 2 ** 20,
    lines,
    moments,
    runtime: choices.runtime,
  };
}

export interface SettingsFormProps {
  readonly texts: Texts;
  readonly choices: Choices;
  onChange(choices: Choices): void;
}

export function SettingsForm({ texts, choices, onChange }: SettingsFormProps): VNode {
  const set = (change: Partial<Choices>): void => onChange({ ...choices, ...change });
  return (
    <fieldset class="play-settings">
      <legend>{texts.settings}</legend>
      <label>
        {texts.python}
        <select
          value={choices.python}
          onChange={(event) => set({ python: event.currentTarget.value })}
        >
          {pythonVersions.map(({ python, collector }) => (
            <option key={python} value={python}>
              {`${python} (${collector === "incremental" ? texts.incremental : texts.generational})`}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.allocator}
        <select
          value={choices.allocator}
          onChange={(event) =>
            set({ allocator: event.currentTarget.value as Choices["allocator"] })
          }
        >
          <option value="pymalloc">{texts.pymalloc}</option>
          <option value="malloc">{texts.malloc}</option>
          <option value="pymalloc_debug">{texts.pymallocDebug}</option>
          <option value="custom">{texts.custom}</option>
        </select>
      </label>
      <label>
        {texts.gcThreshold}
        <select
          value={choices.collector}
          onChange={(event) => set({ collector: event.currentTarget.value })}
        >
          <option value="default">{texts.collectorDefault}</option>
          <option value="off">{texts.collectorOff}</option>
          {["100", "700", "2000", "10000"].map((threshold) => (
            <option key={threshold} value={threshold}>
              {threshold}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.moments}
        <select
          value={choices.moments}
          disabled={!choices.lines}
          onChange={(event) => set({ moments: event.currentTarget.value as Choices["moments"] })}
        >
          <option value="some">{texts.momentsSome}</option>
          <option value="lines">{texts.momentsLines}</option>
        </select>
      </label>
      <label>
        {texts.memoryLimit}
        <input
          type="number"
          min={64}
          max={4096}
          step={64}
          value={choices.memoryLimit}
          onChange={(event) => set({ memoryLimit: Number(event.currentTarget.value) })}
        />
      </label>
      <label>
        <input
          type="checkbox"
          checked={choices.lines}
          onChange={(event) => set({ lines: event.currentTarget.checked })}
        />{" "}
        {texts.countLines}
      </label>
    </fieldset>
  );
}

/** Versions, allocators and collectors that `createRuntime` knows. */
const runtimePythons = ["3.11", "3.12", "3.13", "3.14", "3.15"];
const runtimeAllocators = ["pymalloc", "malloc", "pymalloc_debug", "malloc_debug"];
const runtimeCollectors = ["generational", "incremental", "none"] as const;

/** What a program of the second tab finds as `settings`. */
export function RuntimeForm({ texts, choices, onChange }: SettingsFormProps): VNode {
  const { runtime } = choices;
  const set = (change: Partial<RuntimeSettings>): void =>
    onChange({ ...choices, runtime: { ...runtime, ...change } });
  const options = (values: readonly string[]): VNode[] =>
    values.map((value) => (
      <option key={value} value={value}>
        {value}
      </option>
    ));
  return (
    <fieldset class="play-settings">
      <legend>{texts.settings}</legend>
      <label>
        {texts.python}
        <select
          value={runtime.python}
          onChange={(event) => set({ python: event.currentTarget.value })}
        >
          {options(runtimePythons)}
        </select>
      </label>
      <label>
        {texts.abi}
        <select
          value={runtime.abi}
          onChange={(event) => set({ abi: event.currentTarget.value as RuntimeSettings["abi"] })}
        >
          {options(["lp64", "ilp32"])}
        </select>
      </label>
      <label>
        {texts.allocator}
        <select
          value={runtime.allocator}
          onChange={(event) => set({ allocator: event.currentTarget.value })}
        >
          {options(runtimeAllocators)}
        </select>
      </label>
      <label>
        {texts.collector}
        <select
          value={runtime.collector ?? ""}
          onChange={(event) => {
            const { collector: _, ...others } = runtime;
            const chosen = runtimeCollectors.find((one) => one === event.currentTarget.value);
            onChange({
              ...choices,
              runtime: chosen === undefined ? others : { ...others, collector: chosen },
            });
          }}
        >
          <option value="">{texts.collectorDefault}</option>
          {options(runtimeCollectors)}
        </select>
      </label>
    </fieldset>
  );
}
