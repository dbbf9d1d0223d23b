/**
 * A question whose answer is worked out, when it is asked for, by the packages themselves: `exercises.ts` in the folder of
 * each live part has a function for each.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
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
  const [alive, setAlive] = useState(false);
  const [verdict, setVerdict] = useState("");
  const [open, setOpen] = useState(false);
  // Until the page's scripts have come, a form would be sent off: its buttons wait.
  useEffect(() => setAlive(true), []);
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
          const given = new FormData(event.currentTarget).get("answer");
          const right = await answer();
          const isRight = sameAnswer(String(given), right);
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
          <input name="answer" size={9} autocomplete="off" required />
          {unit}
        </label>
        <button type="submit" disabled={!alive}>
          Check
        </button>
        <button
          type="button"
          disabled={!alive}
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
