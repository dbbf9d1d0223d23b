/** The playground: editor and output on one side, what the memory does on the other. */
import "./playground.css";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Frame } from "../frame.ts";
import { fromHash, toHash } from "../links.ts";
import type { Reach } from "../protocol.ts";
import { frameOfReport, parseRunReport } from "../run-report.ts";
import { type AllocatorTemplate, allocatorTemplates } from "./allocator-templates.ts";
import { ArenaMap, type ArenaMapHandle } from "./arena-map.tsx";
import { BlocksView } from "./blocks-view.tsx";
import { Compare } from "./compare.tsx";
import { Editor } from "./editor.tsx";
import { examples } from "./examples.ts";
import { Figures } from "./figures.tsx";
import { GoOn } from "./go-on.tsx";
import { GraphView } from "./graph-view.tsx";
import { LinesTable } from "./lines-table.tsx";
import { Output } from "./output.tsx";
import { Rewind } from "./rewind.tsx";
import { type RunRecord, recordOf } from "./run-record.ts";
import { RunStore } from "./run-store.ts";
import { runtimeProgram } from "./runtime-program.ts";
import {
  type Choices,
  initialChoices,
  RuntimeForm,
  SettingsForm,
  settingsFrom,
} from "./settings-form.tsx";
import { phaseText } from "./states.ts";
import { commonJs } from "./strip-types.ts";
import { textsOf } from "./texts.ts";
import { TimeChart, type TimeChartHandle } from "./time-chart.tsx";
import { Toolbar } from "./toolbar.tsx";

export interface AppProps {
  /** Address of the site's root, ends in a slash. */
  readonly base: string;
  readonly language: string;
}

/** How often figures and charts are drawn anew, in milliseconds; the map is drawn at each of the page's frames. */
const FIGURES_EVERY = 150;
/** Runs that can be compared. */
const MOST_RUNS = 6;

export function App({ base, language }: AppProps): VNode {
  const texts = textsOf(language);
  const [tab, setTab] = useState<"python" | "typescript">("python");
  const [pythonProgram, setPythonProgram] = useState(examples[0]!.program);
  /** Grows with each text that is put into the editors. */
  const [revision, setRevision] = useState(0);
  const [runtimeCode, setRuntimeCode] = useState(runtimeProgram);
  const [allocatorCode, setAllocatorCode] = useState<string>(allocatorTemplates.limit);
  const [watch, setWatch] = useState(examples[0]!.watch);
  const [choices, setChoices] = useState<Choices>(initialChoices);
  const [runs, setRuns] = useState<readonly RunRecord[]>([]);
  /** Of the run that is under way: its program, and what it was run with besides what the worker tells. */
  const started = useRef({ program: "", label: "" });
  /** Of what is shown in figures: drawn now and then, while a program runs. */
  const [frame, setFrame] = useState<Frame>();
  const [, setChanges] = useState(0);
  const map = useRef<ArenaMapHandle | undefined>(undefined);
  const chart = useRef<TimeChartHandle | undefined>(undefined);

  const [program, setProgram] =
    tab === "python"
      ? ([pythonProgram, setPythonProgram] as const)
      : ([runtimeCode, setRuntimeCode] as const);
  const addRun = (run: Omit<RunRecord, "id">): void =>
    setRuns((all) => [
      ...all.slice(1 - MOST_RUNS),
      recordOf({ ...run, id: (all.at(-1)?.id ?? 0) + 1 }),
    ]);
  const tabNow = useRef(tab);
  tabNow.current = tab;

  const store = useMemo(
    () =>
      new RunStore({
        texts,
        files: new URL(`${base}python/`, location.href).href,
        // Read from the address for tests: what a page may do without isolation.
        reach: (new URLSearchParams(location.search).get("reach") as Reach | null) ?? undefined,
        createWorker: () =>
          tabNow.current === "python"
            ? new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module" })
            : new Worker(new URL("../worker/runtime-main.ts", import.meta.url), {
                type: "module",
              }),
        changed: () => {
          setChanges((count) => count + 1);
          // Of a program that stands still, the figures are there as soon as it is said that it does.
          if (store.phase !== "running") setFrame(store.frame);
        },
        ended: (label, frames, milliseconds) => {
          const { program: ran, label: more } = started.current;
          addRun({ label: `${label}${more}`, program: ran, milliseconds, frames });
        },
      }),
    [],
  );

  // The map is drawn at each frame of the page's, the rest now and then; nothing waits for the worker.
  useEffect(() => {
    let drawn: Frame | undefined;
    let figuresDue = 0;
    let handle = 0;
    const tick = (time: number): void => {
      handle = requestAnimationFrame(tick);
      const polled = store.playground.poll();
      if (polled !== undefined) store.history.add(polled);
      const shown = store.frame;
      if (shown === drawn) return;
      if (shown !== undefined) map.current?.draw(shown);
      drawn = shown;
      if (shown !== undefined && time < figuresDue && store.phase === "running") {
        drawn = undefined;
        return;
      }
      figuresDue = time + FIGURES_EVERY;
      chart.current?.draw(store.history.frames);
      setFrame(shown);
    };
    handle = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(handle);
      store.reset();
    };
  }, []);

  useEffect(() => {
    void fromHash(location.hash).then((shared) => {
      if (shared === undefined) return;
      setRevision((count) => count + 1);
      const { tab: shownTab, ...chosen } = shared.settings as { tab?: unknown };
      if (shownTab === "typescript") {
        setTab("typescript");
        setRuntimeCode(shared.program);
      } else {
        setPythonProgram(shared.program);
      }
      const { runtime } = chosen as Partial<Choices>;
      setChoices({
        ...initialChoices,
        ...chosen,
        runtime: { ...initialChoices.runtime, ...runtime },
      });
      setWatch(shared.watch);
      if (shared.allocator !== undefined) setAllocatorCode(shared.allocator);
    });
  }, []);

  const run = async (): Promise<void> => {
    try {
      const code = tab === "python" ? program : await commonJs(program);
      const settings = await settingsFrom(choices, allocatorCode);
      const { collector } = choices;
      started.current = {
        program,
        label: tab !== "python" || collector === "default" ? "" : `, gc ${collector}`,
      };
      await store.run(code, settings, names(watch));
    } catch (error) {
      store.clear();
      store.say(error instanceof Error ? error.message : String(error));
    }
  };
  const runIfIdle = (): void => {
    if (!store.busy) void run();
  };
  const show = async (file: File): Promise<void> => {
    try {
      const report = parseRunReport(await file.text());
      const { name, args } = report.program;
      const ofFile = frameOfReport(report);
      store.show(ofFile, `${texts.dropped}: ${[name, ...args].join(" ")}`);
      const label = `${name}, Python ${report.python.version}, ${report.allocator.name}`;
      const milliseconds = report.seconds.program * 1000;
      addRun({ label, program: name, milliseconds, frames: [ofFile] });
    } catch (error) {
      store.say(error instanceof Error ? error.message : String(error));
    }
  };
  const share = async (): Promise<void> => {
    const hash = await toHash({
      program,
      settings: { ...choices, tab },
      watch,
      ...(choices.allocator === "custom" ? { allocator: allocatorCode } : {}),
    });
    window.history.replaceState(null, "", hash);
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    store.say(texts.copied);
  };
  const { line, raised, pool } = store;
  const marked = useMemo(() => ({ current: line, raised }), [line, raised]);

  return (
    <section
      class="play not-content"
      aria-label={texts.memory}
      data-phase={store.phase}
      data-reach={store.reach ?? ""}
      data-stops={store.stops}
      data-ends={store.ends}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const file = event.dataTransfer?.files[0];
        if (file === undefined) return;
        event.preventDefault();
        void show(file);
      }}
    >
      <Toolbar
        texts={texts}
        store={store}
        tab={tab}
        lines={choices.lines}
        onRun={() => void run()}
        onShare={() => void share()}
        onExample={(example) => {
          setPythonProgram(example.program);
          setRevision((count) => count + 1);
          setWatch(example.watch);
        }}
      />
      <div class="play-tabs" role="tablist">
        {(["python", "typescript"] as const).map((one) => (
          <button
            type="button"
            key={one}
            role="tab"
            aria-selected={tab === one}
            onClick={() => {
              if (one === tab) return;
              store.reset();
              store.reach = undefined;
              setTab(one);
            }}
          >
            {one === "python" ? texts.tabPython : texts.tabTypeScript}
          </button>
        ))}
      </div>
      <p class="play-status" role="status">
        {phaseText(texts, store.phase, store.line)} {store.status}
      </p>
      {store.reach === "none" && tab === "python" && <p class="play-note">{texts.noPause}</p>}
      <div class="play-columns">
        <div class="play-column">
          <Editor
            key={tab}
            text={program}
            revision={revision}
            language={tab}
            label={texts.editor}
            marked={marked}
            onChange={setProgram}
            onRun={runIfIdle}
          />
          {tab === "python" && (
            <SettingsForm texts={texts} choices={choices} onChange={setChoices} />
          )}
          {tab === "typescript" && (
            <RuntimeForm texts={texts} choices={choices} onChange={setChoices} />
          )}
          {tab === "python" && choices.allocator === "custom" && (
            <div>
              <label>
                {texts.startFrom}{" "}
                <select
                  value=""
                  onChange={(event) => {
                    const name = event.currentTarget.value as AllocatorTemplate | "";
                    event.currentTarget.value = "";
                    if (name === "") return;
                    setAllocatorCode(allocatorTemplates[name]);
                    setRevision((count) => count + 1);
                  }}
                >
                  <option value="">{texts.chooseExample}</option>
                  <option value="limit">{texts.templateLimit}</option>
                  <option value="bump">{texts.templateBump}</option>
                </select>
              </label>
              <Editor
                text={allocatorCode}
                revision={revision}
                language="typescript"
                label={texts.allocatorEditor}
                onChange={setAllocatorCode}
                onRun={runIfIdle}
              />
            </div>
          )}
          <Output
            texts={texts}
            parts={store.output}
            asks={store.phase === "asking"}
            onInput={(text) => store.input(text)}
          />
          {tab === "typescript" && <GoOn texts={texts} store={store} />}
          <label class="play-drop">
            {texts.drop}{" "}
            <input
              type="file"
              accept=".json,application/json"
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file !== undefined) void show(file);
              }}
            />
          </label>
          {store.problems.length > 0 && (
            <div class="play-problems">
              <h3>{texts.problems}</h3>
              <ul>
                {store.problems.map((problem) => (
                  <li key={problem}>{problem}</li>
                ))}
              </ul>
            </div>
          )}
        </div>
        <div class="play-column">
          <section class="play-arenas" aria-label={texts.map}>
            <h3>{texts.map}</h3>
            <p class="play-help">{texts.mapHelp}</p>
            <Rewind texts={texts} store={store} />
            <ArenaMap texts={texts} handle={map} onPool={(address) => store.askPool(address)} />
            {pool !== undefined && (
              <BlocksView texts={texts} pool={pool} address={store.poolAddress} />
            )}
          </section>
          <Figures texts={texts} frame={frame} />
          <TimeChart texts={texts} handle={chart} />
          {tab === "python" && <LinesTable texts={texts} frame={frame} program={program} />}
          <section aria-label={texts.graph}>
            <h3>{texts.graph}</h3>
            <label>
              {texts.watch}{" "}
              <input
                value={watch}
                placeholder={texts.watchHint}
                onInput={(event) => {
                  setWatch(event.currentTarget.value);
                  store.watch(names(event.currentTarget.value));
                }}
              />
            </label>
            {store.graph !== undefined && <GraphView texts={texts} graph={store.graph} />}
          </section>
        </div>
      </div>
      <Compare texts={texts} runs={runs} />
    </section>
  );
}

function names(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name));
}
