/** The playground: editor and output on one side, what the memory does on the other. */
import "./playground.css";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { type Phase, Playground } from "../client.ts";
import type { Frame } from "../frame.ts";
import { fromHash, toHash } from "../links.ts";
import type { Graph, PoolBlocks, Reach } from "../protocol.ts";
import { frameOfReport, parseRunReport } from "../run-report.ts";
import { ArenaMap, type ArenaMapHandle } from "./arena-map.tsx";
import { BlocksView } from "./blocks-view.tsx";
import { Editor } from "./editor.tsx";
import { examples } from "./examples.ts";
import { Figures } from "./figures.tsx";
import { GraphView } from "./graph-view.tsx";
import { FrameHistory } from "./history.ts";
import { LinesTable } from "./lines-table.tsx";
import { appended, Output, type OutputPart } from "./output.tsx";
import { type RunSummary, RunsTable, summaryOf } from "./runs-table.tsx";
import { runtimeProgram } from "./runtime-program.ts";
import { type Choices, initialChoices, SettingsForm, settingsFrom } from "./settings-form.tsx";
import { commonJs } from "./strip-types.ts";
import { type Texts, textsOf } from "./texts.ts";
import { TimeChart, type TimeChartHandle } from "./time-chart.tsx";

export interface AppProps {
  /** Address of the site's root, ends in a slash. */
  readonly base: string;
  readonly language: string;
}

/** How often figures and charts are drawn anew, in milliseconds; the map is drawn at each of the page's frames. */
const FIGURES_EVERY = 150;

export function App({ base, language }: AppProps): VNode {
  const texts = textsOf(language);
  const [tab, setTab] = useState<"python" | "typescript">("python");
  const [pythonProgram, setPythonProgram] = useState(examples[0]!.program);
  /** Grows with each text that is put into the editors. */
  const [revision, setRevision] = useState(0);
  const [runtimeCode, setRuntimeCode] = useState(runtimeProgram);
  const [allocatorCode, setAllocatorCode] = useState(initialAllocator);
  const [watch, setWatch] = useState(examples[0]!.watch);
  const [choices, setChoices] = useState<Choices>(initialChoices);
  const [phase, setPhase] = useState<Phase>("idle");
  const [reach, setReach] = useState<Reach>();
  const [status, setStatus] = useState("");
  const [output, setOutput] = useState<readonly OutputPart[]>([]);
  const [raised, setRaised] = useState<readonly number[]>([]);
  const [line, setLine] = useState(0);
  /** How often the program stood still. */
  const [stops, setStops] = useState(0);
  const [ends, setEnds] = useState(0);
  const [frame, setFrame] = useState<Frame>();
  const [rewound, setRewound] = useState<number>();
  const [graph, setGraph] = useState<Graph>();
  const [pool, setPool] = useState<PoolBlocks | null>();
  const [poolAddress, setPoolAddress] = useState(0);
  const [runs, setRuns] = useState<readonly RunSummary[]>([]);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const map = useRef<ArenaMapHandle | undefined>(undefined);
  const chart = useRef<TimeChartHandle | undefined>(undefined);
  const history = useRef(new FrameHistory());
  const label = useRef("");

  const [program, setProgram] =
    tab === "python"
      ? ([pythonProgram, setPythonProgram] as const)
      : ([runtimeCode, setRuntimeCode] as const);
  const tabNow = useRef(tab);
  tabNow.current = tab;

  const playground = useMemo(
    () =>
      new Playground({
        files: new URL(`${base}python/`, location.href).href,
        // Read from the address for tests: what a page may do without isolation.
        reach: (new URLSearchParams(location.search).get("reach") as Reach | null) ?? undefined,
        createWorker: () =>
          tabNow.current === "python"
            ? new Worker(new URL("../worker/main.ts", import.meta.url), { type: "module" })
            : new Worker(new URL("../worker/runtime-main.ts", import.meta.url), {
                type: "module",
              }),
        listener: {
          phase: setPhase,
          ready: (ready) => {
            setReach(ready.reach);
            label.current =
              ready.python === "" ? "TypeScript" : `Python ${ready.python}, ${ready.allocator}`;
            setStatus(label.current);
          },
          output: (to, text) => setOutput((parts) => appended(parts, to, text)),
          frame: (arrived) => history.current.add(arrived),
          paused: (at) => {
            setLine(at);
            setStops((count) => count + 1);
          },
          graph: setGraph,
          blocks: (blocks) => setPool(blocks ?? null),
          problem: (where, message) =>
            setProblems((all) => [...all.slice(-4), `${where}: ${message}`]),
          ended: (outcome, milliseconds) => {
            setEnds((count) => count + 1);
            setLine(0);
            setStatus(outcomeText(texts, outcome, milliseconds));
            if (outcome.kind === "raised") setRaised(outcome.raised.lines);
            const last = history.current.last;
            if (last === undefined) return;
            setRuns((all) => [...all.slice(-5), summaryOf(label.current, last, milliseconds)]);
          },
        },
      }),
    [],
  );

  // The map is drawn at each frame of the page's, the rest now and then; nothing waits for the worker.
  const rewoundNow = useRef(rewound);
  rewoundNow.current = rewound;
  useEffect(() => {
    let drawn: Frame | undefined;
    let figuresDue = 0;
    let handle = 0;
    const tick = (now: number): void => {
      handle = requestAnimationFrame(tick);
      const polled = playground.poll();
      if (polled !== undefined) history.current.add(polled);
      const shown =
        rewoundNow.current === undefined
          ? history.current.last
          : history.current.at(rewoundNow.current);
      if (shown === undefined || shown === drawn) return;
      map.current?.draw(shown);
      drawn = shown;
      if (now < figuresDue && playground.phase === "running") {
        drawn = undefined;
        return;
      }
      figuresDue = now + FIGURES_EVERY;
      chart.current?.draw(history.current.frames);
      setFrame(shown);
    };
    handle = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(handle);
      playground.reset();
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
      setChoices({ ...initialChoices, ...chosen });
      setWatch(shared.watch);
      if (shared.allocator !== undefined) setAllocatorCode(shared.allocator);
    });
  }, []);

  const run = async (): Promise<void> => {
    setOutput([]);
    setRaised([]);
    setGraph(undefined);
    setPool(undefined);
    setProblems([]);
    setRewound(undefined);
    setLine(0);
    history.current.clear();
    try {
      const code = tab === "python" ? program : await commonJs(program);
      const settings = await settingsFrom(choices, allocatorCode);
      setStatus("");
      await playground.run(code, settings, names(watch));
    } catch (error) {
      setStatus(error instanceof Error ? error.message : String(error));
    }
  };
  const show = async (file: File): Promise<void> => {
    try {
      const report = parseRunReport(await file.text());
      const { name, args } = report.program;
      const frameOfFile = frameOfReport(report);
      playground.reset();
      history.current.clear();
      history.current.add(frameOfFile);
      setRewound(undefined);
      setGraph(undefined);
      setPool(undefined);
      setOutput([]);
      setStatus(`${texts.dropped}: ${[name, ...args].join(" ")}`);
      const label = `${name}, Python ${report.python.version}, ${report.allocator.name}`;
      setRuns((all) => [
        ...all.slice(-5),
        summaryOf(label, frameOfFile, report.seconds.program * 1000),
      ]);
    } catch (error) {
      setStatus(error instanceof Error ? error.message : String(error));
    }
  };
  const busy = phase !== "idle" && phase !== "ended";
  const share = async (): Promise<void> => {
    const hash = await toHash({
      program,
      settings: { ...choices, tab },
      watch,
      ...(choices.allocator === "custom" ? { allocator: allocatorCode } : {}),
    });
    window.history.replaceState(null, "", hash);
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    setStatus(texts.copied);
  };
  const marked = useMemo(() => ({ current: line, raised }), [line, raised]);

  return (
    <section
      class="play not-content"
      aria-label={texts.memory}
      data-phase={phase}
      data-reach={reach ?? ""}
      data-stops={stops}
      data-ends={ends}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        const file = event.dataTransfer?.files[0];
        if (file === undefined) return;
        event.preventDefault();
        void show(file);
      }}
    >
      <div class="play-bar" role="toolbar" aria-label={texts.editor}>
        <button type="button" class="play-run" onClick={() => void run()} disabled={busy}>
          {texts.run}
        </button>
        <button type="button" onClick={() => playground.stop()} disabled={!busy}>
          {texts.stop}
        </button>
        {reach !== "none" && (
          <>
            {phase === "paused" ? (
              <button
                type="button"
                onClick={() => {
                  setLine(0);
                  playground.resume();
                }}
              >
                {texts.resume}
              </button>
            ) : (
              <button
                type="button"
                onClick={() => playground.pause()}
                disabled={phase !== "running"}
              >
                {texts.pause}
              </button>
            )}
            <button
              type="button"
              onClick={() => playground.step("line")}
              disabled={phase !== "paused" || !choices.lines}
            >
              {texts.stepLine}
            </button>
            <button
              type="button"
              onClick={() => playground.step("allocation")}
              disabled={phase !== "paused" || reach !== "shared"}
              title={reach === "shared" ? undefined : texts.noAllocationStep}
            >
              {texts.stepAllocation}
            </button>
          </>
        )}
        <button
          type="button"
          onClick={() => {
            playground.reset();
            history.current.clear();
            setOutput([]);
            setStatus("");
          }}
        >
          {texts.reset}
        </button>
        <button type="button" onClick={() => void share()}>
          {texts.share}
        </button>
        <label hidden={tab !== "python"}>
          {texts.example}{" "}
          <select
            value=""
            onChange={(event) => {
              const chosen = examples.find(({ name }) => name === event.currentTarget.value);
              if (chosen === undefined) return;
              setPythonProgram(chosen.program);
              setRevision((count) => count + 1);
              setWatch(chosen.watch);
              event.currentTarget.value = "";
            }}
          >
            <option value="">{texts.chooseExample}</option>
            {examples.map(({ name, title }) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="play-tabs" role="tablist">
        {(["python", "typescript"] as const).map((one) => (
          <button
            type="button"
            key={one}
            role="tab"
            aria-selected={tab === one}
            onClick={() => {
              if (one === tab) return;
              playground.reset();
              history.current.clear();
              setReach(undefined);
              setOutput([]);
              setRaised([]);
              setStatus("");
              setGraph(undefined);
              setTab(one);
            }}
          >
            {one === "python" ? texts.tabPython : texts.tabTypeScript}
          </button>
        ))}
      </div>
      <p class="play-status" role="status">
        {phaseText(texts, phase, line)} {status}
      </p>
      {reach === "none" && tab === "python" && <p class="play-note">{texts.noPause}</p>}
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
            onRun={() => {
              if (!busy) void run();
            }}
          />
          {tab === "python" && (
            <SettingsForm texts={texts} choices={choices} onChange={setChoices} />
          )}
          {tab === "python" && choices.allocator === "custom" && (
            <Editor
              text={allocatorCode}
              revision={revision}
              language="typescript"
              label={texts.allocatorEditor}
              onChange={setAllocatorCode}
              onRun={() => {
                if (!busy) void run();
              }}
            />
          )}
          <Output
            texts={texts}
            parts={output}
            asks={phase === "asking"}
            onInput={(text) => {
              playground.input(text);
              if (text !== null) setOutput((parts) => appended(parts, "note", `${text}\n`));
            }}
          />
          <RunsTable texts={texts} runs={runs} />
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
          {problems.length > 0 && (
            <div class="play-problems">
              <h3>{texts.problems}</h3>
              <ul>
                {problems.map((problem) => (
                  <li key={problem}>{problem}</li>
                ))}
              </ul>
            </div>
          )}
        </div>
        <div class="play-column">
          <section aria-label={texts.map}>
            <h3>{texts.map}</h3>
            <p class="play-help">{texts.mapHelp}</p>
            <ArenaMap
              texts={texts}
              handle={map}
              onPool={(address) => {
                setPoolAddress(address);
                playground.pool(address);
              }}
            />
            {pool !== undefined && <BlocksView texts={texts} pool={pool} address={poolAddress} />}
            <label class="play-rewind">
              {texts.rewind}{" "}
              <input
                type="range"
                min={0}
                max={Math.max(0, history.current.length - 1)}
                value={rewound ?? Math.max(0, history.current.length - 1)}
                disabled={history.current.length < 2}
                onInput={(event) => {
                  const to = Number(event.currentTarget.value);
                  setRewound(to >= history.current.length - 1 ? undefined : to);
                }}
              />{" "}
              <output>
                {rewound === undefined ? texts.now : `${Math.round(frame?.get("time") ?? 0)} ms`}
              </output>
            </label>
          </section>
          <Figures texts={texts} frame={frame} />
          <TimeChart texts={texts} handle={chart} />
          <LinesTable texts={texts} frame={frame} program={program} />
          <section aria-label={texts.graph} hidden={tab !== "python"}>
            <h3>{texts.graph}</h3>
            <label>
              {texts.watch}{" "}
              <input
                value={watch}
                placeholder={texts.watchHint}
                onInput={(event) => {
                  setWatch(event.currentTarget.value);
                  playground.watch(names(event.currentTarget.value));
                }}
              />
            </label>
            {graph !== undefined && <GraphView texts={texts} graph={graph} />}
          </section>
        </div>
      </div>
    </section>
  );
}

/** An allocator to start from, when one is to be typed in. */
const initialAllocator = `import type { AllocatorFactory } from "@pyrena/abi";

// Refuses blocks of more than 10 MB; everything else goes on to Pyodide's malloc.
const factory: AllocatorFactory = (next) => ({
  ...next,
  malloc: (ctx, size) => (size > 10_000_000 ? 0 : next.malloc(ctx, size)),
});
export default factory;
`;

function names(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name));
}

function phaseText(texts: Texts, phase: Phase, line: number): string {
  switch (phase) {
    case "idle":
      return texts.stateIdle;
    case "starting":
      return texts.stateStarting;
    case "running":
      return texts.stateRunning;
    case "asking":
      return texts.stateAsking;
    case "paused":
      return `${texts.statePaused} ${line}`;
    case "stopping":
      return texts.stateStopping;
    case "ended":
      // How it ended is said beside it.
      return "";
  }
}

type Ended = Parameters<
  NonNullable<ConstructorParameters<typeof Playground>[0]["listener"]["ended"]>
>;

function outcomeText(texts: Texts, outcome: Ended[0], milliseconds: number): string {
  const time = `(${(milliseconds / 1000).toFixed(2)} s)`;
  switch (outcome.kind) {
    case "finished":
      return `${texts.endedFinished} ${outcome.exitCode} ${time}`;
    case "raised":
      return `${texts.endedRaised} ${outcome.raised.name} ${time}`;
    case "crashed":
      return `${texts.endedCrashed} ${outcome.message}`;
    case "stopped":
      return `${texts.endedStopped} ${time}`;
  }
}
