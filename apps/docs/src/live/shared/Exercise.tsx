/**
 * A question whose answer is worked out, when it is asked for, by the packages themselves: `exercises.ts` in the folder of
 * each live part has a function for each.
 */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import "./live.css";

/** The answers of one part, by the question's id. */
export type Answers = Readonly<Record<string, () => number | string>>;

const parts = import.meta.glob<{ readonly answers: Answers }>("../*/exercises.ts");

export interface ExerciseProps {
  readonly part: string;
  readonly id: string;
  readonly unit?: string;
  /** The question. */
  readonly children?: ComponentChildren;
  /** How one comes to the answer, shown afterwards. */
  readonly how?: ComponentChildren;
}

/** Whether two answers are the same: thousands separators, case and blanks do not count. */
export function sameAnswer(given: string, right: number | string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/[\s,_']/g, "");
  return plain(given) === plain(String(right));
}

export function Exercise({ part, id, unit, children, how }: ExerciseProps): JSX.Element {
  const [given, setGiven] = useState("");
  const [verdict, setVerdict] = useState("");
  const [open, setOpen] = useState(false);
  async function answer(): Promise<number | string> {
    const { answers } = await parts[`../${part}/exercises.ts`]!();
    return answers[id]!();
  }
  const shown = (right: number | string): string =>
    `${typeof right === "number" ? right.toLocaleString("en") : right}${unit === undefined ? "" : ` ${unit}`}`;
  return (
    <section class="live exercise" aria-label="Exercise" data-exercise={`${part}/${id}`}>
      <div>{children}</div>
      <form
        class="live-row not-content"
        onSubmit={async (event) => {
          event.preventDefault();
          const right = await answer();
          const isRight = sameAnswer(given, right);
          setVerdict(
            isRight
              ? `Right: ${shown(right)}.`
              : "Not yet. Try it in the live part, or show the answer.",
          );
          if (isRight) setOpen(true);
        }}
      >
        <label>
          Your answer
          <input value={given} size={9} onInput={(event) => setGiven(event.currentTarget.value)} />
          {unit}
        </label>
        <button type="submit" disabled={given === ""}>
          Check
        </button>
        <button
          type="button"
          onClick={async () => {
            setVerdict(`The answer is ${shown(await answer())}.`);
            setOpen(true);
          }}
        >
          Show
        </button>
      </form>
      <p class="live-status" role="status">
        {verdict}
      </p>
      {open && how !== undefined && <div>{how}</div>}
    </section>
  );
}
