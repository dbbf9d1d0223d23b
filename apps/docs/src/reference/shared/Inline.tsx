/** A docstring's words, with what stands between backticks as code. */
import type { JSX } from "preact";

/** Text with code in it. */
export function Inline({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text
        .split(/(`[^`]+`)/)
        .map((part) => (part.startsWith("`") ? <code key={part}>{part.slice(1, -1)}</code> : part))}
    </>
  );
}
