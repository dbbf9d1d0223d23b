/** What a program is run with. */
import type { VNode } from "preact";
import type { Settings } from "../protocol.ts";
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
}

export const initialChoices: Choices = {
  python: defaultPython,
  allocator: "pymalloc",
  collector: "default",
  memoryLimit: 1024,
  lines: true,
  moments: "some",
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
          {pythonVersions.map(({ python }) => (
            <option key={python} value={python}>
              {python}
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
        {texts.collector}
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
