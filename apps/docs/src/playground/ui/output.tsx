/** What the program wrote, and the line that it waits for. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Texts } from "./texts.ts";

/** Text of one stream. */
export interface OutputPart {
  readonly to: "stdout" | "stderr" | "note";
  readonly text: string;
}

/** Characters that are kept; the oldest go first. */
const MOST = 200_000;

/** The parts with a text added at the end. */
export function appended(
  parts: readonly OutputPart[],
  to: OutputPart["to"],
  text: string,
): readonly OutputPart[] {
  const last = parts.at(-1);
  const all =
    last?.to === to
      ? [...parts.slice(0, -1), { to, text: last.text + text }]
      : [...parts, { to, text }];
  let length = all.reduce((sum, part) => sum + part.text.length, 0);
  while (length > MOST) {
    const first = all[0]!;
    const over = length - MOST;
    if (first.text.length <= over) all.shift();
    else all[0] = { to: first.to, text: first.text.slice(over) };
    length -= Math.min(over, first.text.length);
  }
  return all;
}

export interface OutputProps {
  readonly texts: Texts;
  readonly parts: readonly OutputPart[];
  readonly asks: boolean;
  onInput(text: string | null): void;
}

export function Output({ texts, parts, asks, onInput }: OutputProps): VNode {
  const [line, setLine] = useState("");
  const shown = useRef<HTMLPreElement>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    shown.current!.scrollTop = shown.current!.scrollHeight;
  }, [parts]);
  useEffect(() => {
    if (asks) field.current?.focus();
  }, [asks]);
  return (
    <section aria-label={texts.output}>
      <h3>{texts.output}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too. */}
      <pre ref={shown} class="play-output" tabIndex={0} role="log" aria-label={texts.output}>
        {parts.map(({ to, text }, index) => (
          <span key={index} class={`play-${to}`}>
            {text}
          </span>
        ))}
      </pre>
      {asks && (
        <form
          class="play-input"
          onSubmit={(event) => {
            event.preventDefault();
            onInput(line);
            setLine("");
          }}
        >
          <label>
            {texts.asks}{" "}
            <input
              ref={field}
              value={line}
              onInput={(event) => setLine(event.currentTarget.value)}
            />
          </label>
          <button type="submit">{texts.sendInput}</button>
          <button type="button" onClick={() => onInput(null)}>
            {texts.endInput}
          </button>
        </form>
      )}
    </section>
  );
}
