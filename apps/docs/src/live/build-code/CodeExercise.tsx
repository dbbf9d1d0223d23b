/**
 * An exercise whose answer is code. It is typed in here, its types are taken off, and a worker runs the checks on it: those
 * of `code-exercises.ts` in the folder of the part.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Language, PartProps } from "../../i18n/texts.ts";
import { Editor } from "../../playground/ui/editor.tsx";
import { commonJs } from "../../playground/ui/strip-types.ts";
import { Action } from "../shared/LivePart.tsx";
import { LanguageContext } from "../shared/language.ts";
import type { CheckResult } from "./check.ts";
import { runJob } from "./job.ts";
import { exercise } from "./texts.ts";
import { Verdict, verdictText } from "./Verdict.tsx";

/** One exercise: what the reader begins with, and code that passes. */
export interface CodeTexts {
  readonly start: string;
  readonly solution: string;
}

/** What `code-exercises.ts` of a part exports. */
export interface CodeExercises {
  readonly codeExercises: Readonly<Record<string, CodeTexts>>;
  /** What checks are called in other languages, by their ids. */
  readonly checkNames?: Readonly<
    Partial<Record<Exclude<Language, "en">, Readonly<Record<string, string>>>>
  >;
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

export interface CodeExerciseProps extends PartProps {
  readonly part: string;
  readonly id: string;
  /** What is to be done. */
  readonly children?: ComponentChildren;
  /** What there is to say afterwards. */
  readonly how?: ComponentChildren;
}

export function CodeExercise({
  part,
  id,
  children,
  how,
  language = "en",
}: CodeExerciseProps): JSX.Element {
  const t = exercise[language];
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
    setStatus(t.checking);
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
      const blank = language === "en" ? " " : "";
      setStatus(`${verdictText(done, language)}${blank}${passed ? t.solved : t.notYet}`);
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
      aria-label={t.label}
      lang={language}
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
              label={t.editor}
              onChange={setCode}
              onRun={() => void check()}
            />
          </div>
          <div class="live-row">
            <Action disabled={busy} onClick={() => void check()}>
              {t.check}
            </Action>
            <button type="button" onClick={() => put(exercises.codeExercises[id]!.start)}>
              {t.again}
            </button>
            <button
              type="button"
              onClick={() => {
                put(exercises.codeExercises[id]!.solution);
                setSolved(true);
              }}
            >
              {t.show}
            </button>
          </div>
          <LanguageContext.Provider value={language}>
            <Verdict
              checks={checks}
              names={language === "en" ? undefined : exercises.checkNames?.[language]}
            />
          </LanguageContext.Provider>
        </div>
      )}
      <p class={`live-status ${failed ? "live-error" : ""}`} role="status">
        {status}
      </p>
      {solved && how !== undefined && <div>{how}</div>}
    </section>
  );
}
