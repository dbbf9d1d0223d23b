/** A real CPython on an allocator of choice, started on the page. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { PartProps } from "../../i18n/texts.ts";
import { Editor } from "../../playground/ui/editor.tsx";
import { commonJs } from "../../playground/ui/strip-types.ts";
import pools from "../build-allocator/steps/4-pools.ts?raw";
import { runJob } from "../build-code/job.ts";
import { ArenaMap } from "../shared/ArenaMap.tsx";
import { Action, Choice, Figures, LivePart } from "../shared/LivePart.tsx";
import "../build-code/code.css";
import { texts } from "./texts.ts";
import type { PythonJob, PythonReport } from "./worker.ts";

const allocators = ["pymalloc", "pymalloc_debug", "malloc", "segregated pools"] as const;
type AllocatorName = (typeof allocators)[number];

/** Seconds: the interpreter has to be fetched and started first. */
const PATIENCE = 60;

const PROGRAM = `rows = [{"n": n, "name": "row " + str(n)} for n in range(20_000)]
names = [row["name"] for row in rows]
del rows
names = names[::500]
print(len(names), "names are left")
`;

export function PyodidePart({ language = "en" }: PartProps): JSX.Element {
  const t = texts[language];
  const nameOf = (which: AllocatorName): string => (which === "segregated pools" ? t.pools : which);
  const [allocator, setAllocator] = useState<AllocatorName>("pymalloc");
  const [program, setProgram] = useState(PROGRAM);
  const [report, setReport] = useState<PythonReport | undefined>();
  const [chosen, setChosen] = useState<number | undefined>();
  const [busy, setBusy] = useState(false);
  const [said, say] = useState({ status: "", failed: false });

  async function run(): Promise<void> {
    if (busy) return;
    setBusy(true);
    setReport(undefined);
    setChosen(undefined);
    say({ status: t.starting, failed: false });
    try {
      const job: PythonJob = {
        folder: new URL(`${import.meta.env.BASE_URL}python/3.14/`, location.href).href,
        allocator:
          allocator === "segregated pools" ? { code: await commonJs(pools) } : { name: allocator },
        program,
      };
      const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
      const done = await runJob<PythonReport>(worker, job, undefined, PATIENCE);
      setReport(done);
      const problems = done.problems.length === 0 ? "" : t.problems(done.problems);
      say({
        status: t.done(done.python, nameOf(allocator), Math.round(done.milliseconds)) + problems,
        failed: problems !== "",
      });
    } catch (thrown) {
      say({ status: thrown instanceof Error ? thrown.message : String(thrown), failed: true });
    } finally {
      setBusy(false);
    }
  }

  return (
    <LivePart title={t.title} language={language} {...said}>
      <div class="code-editor">
        <Editor
          text={program}
          revision={0}
          language="python"
          label={t.editor}
          onChange={setProgram}
          onRun={() => void run()}
        />
      </div>
      <div class="live-row">
        <Choice
          label={t.allocator}
          value={allocator}
          options={allocators.map((which) => [which, nameOf(which)])}
          onChoose={setAllocator}
        />
        <Action disabled={busy} onClick={() => void run()}>
          {t.run}
        </Action>
      </div>
      {report !== undefined && (
        <>
          {report.printed.length > 0 && <pre class="text">{report.printed.join("\n")}</pre>}
          <Figures
            of={[
              ...report.domains.flatMap(
                ({ name, requests, foreign }) =>
                  [
                    [t.requests(name), requests],
                    [t.older(name), foreign],
                  ] as const,
              ),
              ...(report.arenas === undefined ? [] : ([[t.arenas, report.arenas.length]] as const)),
            ]}
          />
          {report.arenas !== undefined && (
            <ArenaMap arenas={report.arenas} chosen={chosen} onChoose={setChosen} />
          )}
        </>
      )}
    </LivePart>
  );
}
