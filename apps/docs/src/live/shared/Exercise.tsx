/**
 * A question whose answer is worked out, when it is asked for, by the packages themselves: `exercises.ts` in the folder of
 * each live part has a function for each.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { grouped, type PartProps, type Translated } from "../../i18n/texts.ts";
import { exercise } from "./texts.ts";
import "./live.css";

/** The answers of one part, by the question's id. */
export type Answers = Readonly<Record<string, () => number | string>>;

/** What `exercises.ts` of a part exports: answers, and what those of them that are words are called in each language. */
export interface Exercises {
  readonly answers: Answers;
  readonly words?: Translated<Readonly<Record<string, string>>>;
}

const parts = import.meta.glob<Exercises>("../*/exercises.ts");

export interface ExerciseProps extends PartProps {
  readonly part: string;
  readonly id: string;
  readonly unit?: string;
  /** The question. */
  readonly children?: ComponentChildren;
  /** How one comes to the answer, shown afterwards. */
  readonly how?: ComponentChildren;
}

/** Whether two answers are the same: separators of thousands, case, blanks and the width of characters do not count. */
export function sameAnswer(given: string, right: number | string): boolean {
  const plain = (text: string): string =>
    text
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[\s,_']/g, "");
  return plain(given) === plain(String(right));
}

export function Exercise({
  part,
  id,
  unit,
  children,
  how,
  language = "en",
}: ExerciseProps): JSX.Element {
  const t = exercise[language];
  const [alive, setAlive] = useState(false);
  const [verdict, setVerdict] = useState("");
  const [open, setOpen] = useState(false);
  // Until the page's scripts have come, a form would be sent off: its buttons wait.
  useEffect(() => setAlive(true), []);
  /** The answer as it stands in the exercise, and as readers call it. */
  async function answer(): Promise<{ readonly right: number | string; readonly name: string }> {
    const { answers, words } = await parts[`../${part}/exercises.ts`]!();
    const right = answers[id]!();
    if (typeof right === "number") return { right, name: grouped(right) };
    return { right, name: words?.[language][right] ?? right };
  }
  const shown = (name: string): string => (unit === undefined ? name : `${name} ${unit}`);
  return (
    <section
      class="live exercise"
      aria-label={t.label}
      lang={language}
      data-exercise={`${part}/${id}`}
    >
      <div>{children}</div>
      <form
        class="live-row not-content"
        onSubmit={async (event) => {
          event.preventDefault();
          const given = String(new FormData(event.currentTarget).get("answer"));
          const { right, name } = await answer();
          const isRight = [right, name, shown(name)].some((one) => sameAnswer(given, one));
          setVerdict(isRight ? t.right(shown(name)) : t.notYet);
          if (isRight) setOpen(true);
        }}
      >
        <label>
          {t.answer}
          <input name="answer" size={9} autocomplete="off" required />
          {unit}
        </label>
        <button type="submit" disabled={!alive}>
          {t.check}
        </button>
        <button
          type="button"
          disabled={!alive}
          onClick={async () => {
            setVerdict(t.answerIs(shown((await answer()).name)));
            setOpen(true);
          }}
        >
          {t.show}
        </button>
      </form>
      <p class="live-status" role="status">
        {verdict}
      </p>
      {open && how !== undefined && <div>{how}</div>}
    </section>
  );
}
