/**
 * An exercise whose answer is code. It is typed in here, its types are taken off, and a worker runs the checks on it: those
 * of `code-exercises.ts` in the folder of the part.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Editor } from "../../playground/ui/editor.tsx";
import { commonJs } from "../../playground/ui/strip-types.ts";
import "../shared/live.css";
import type { CheckResult } from "./check.ts";
import { runJob } from "./job.ts";
import { Verdict, verdictText } from "./Verdict.tsx";

/** One exercise: what the reader begins with, and code that passes. */
export interface CodeTexts {
  readonly start: string;
  readonly solution: string;
}

/** What `code-exercises.ts` of a part exports. */
export interface CodeExercises {
  readonly codeExercises: Readonly<Record<string, CodeTexts>>;
  /** A worker that takes `{ exercise, code }`. */
  createWorker(): Worker;
}

/** What the worker is asked. */
export interface ExerciseJob {
  readonly exercise: string;
  /** JavaScript in CommonJS form. */
  readonly code: string;
}

const parts = import.meta.glob<CodeExercises>("../*/code-exercises.ts");

export interface CodeExerciseProps {
  readonly part: string;
  readonly id: string;
  /** What is to be done. */
  readonly children?: ComponentChildren;
  /** What there is to say afterwards. */
  readonly how?: ComponentChildren;
}

export function CodeExercise({ part, id, children, how }: CodeExerciseProps): JSX.Element {
  const [exercises, setExercises] = useState<CodeExercises | undefined>();
  const [code, setCode] = useState("");
  const [revision, setRevision] = useState(0);
  const [checks, setChecks] = useState<readonly CheckResult[]>([]);
  const [status, setStatus] = useState("");
  const [failed, setFailed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [solved, setSolved] = useState(false);

  function put(text: string): void {
    setCode(text);
    setRevision((n) => n + 1);
    setChecks([]);
    setStatus("");
    setFailed(false);
  }

  useEffect(() => {
    void parts[`../${part}/code-exercises.ts`]!().then((loaded) => {
      setExercises(loaded);
      put(loaded.codeExercises[id]!.start);
    });
  }, []);

  async function check(): Promise<void> {
    if (exercises === undefined || busy) return;
    setBusy(true);
    setStatus("Checking …");
    setFailed(false);
    const done: CheckResult[] = [];
    setChecks([]);
    try {
      const job: ExerciseJob = { exercise: id, code: await commonJs(code) };
      await runJob(exercises.createWorker(), job, (one) => {
        done.push(one);
        setChecks([...done]);
      });
      const passed = done.every((one) => one.passed);
      setStatus(passed ? `${verdictText(done)} Solved.` : `${verdictText(done)} Not yet.`);
      if (passed) setSolved(true);
    } catch (thrown) {
      setFailed(true);
      setStatus(thrown instanceof Error ? thrown.message : String(thrown));
    } finally {
      setBusy(false);
    }
  }

  return (
    <section
      class="live exercise code-exercise"
      aria-label="Exercise in code"
      data-exercise={`${part}/${id}`}
    >
      <div>{children}</div>
      {exercises !== undefined && (
        <div class="not-content live-stack">
          <div class="code-editor">
            <Editor
              text={code}
              revision={revision}
              language="typescript"
              label="Your code"
              onChange={setCode}
              onRun={() => void check()}
            />
          </div>
          <div class="live-row">
            <button type="button" disabled={busy} onClick={() => void check()}>
              Check my code
            </button>
            <button type="button" onClick={() => put(exercises.codeExercises[id]!.start)}>
              Start again
            </button>
            <button
              type="button"
              onClick={() => {
                put(exercises.codeExercises[id]!.solution);
                setSolved(true);
              }}
            >
              Show a solution
            </button>
          </div>
          <Verdict checks={checks} />
        </div>
      )}
      <p class={`live-status ${failed ? "live-error" : ""}`} role="status">
        {status}
      </p>
      {solved && how !== undefined && <div>{how}</div>}
    </section>
  );
}
