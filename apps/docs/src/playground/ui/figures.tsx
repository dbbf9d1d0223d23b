/** The figures of a frame. */
import type { VNode } from "preact";
import type { Frame } from "../frame.ts";
import type { TextName, Texts } from "./texts.ts";
import { bytesText, countText } from "./units.ts";

/** A figure: its name, its value in machine form, and as it is shown. */
interface Figure {
  readonly name: TextName;
  readonly value: number;
  readonly text: string;
}

function figuresOf(frame: Frame): readonly Figure[] {
  const bytes = (name: TextName, value: number): Figure => ({
    name,
    value,
    text: bytesText(value),
  });
  const count = (name: TextName, value: number): Figure => ({
    name,
    value,
    text: countText(value),
  });
  return [
    bytes("heap", frame.get("heapBytes")),
    bytes("footprint", frame.get("arenaBytes")),
    bytes("live", frame.get("liveBytes")),
    bytes("large", frame.get("largeBytes")),
    count("requests", frame.get("mallocs") + frame.get("callocs")),
    count("failed", frame.get("failed")),
    count("collections", frame.get("collections")),
  ];
}

export function Figures({
  texts,
  frame,
}: {
  readonly texts: Texts;
  readonly frame: Frame | undefined;
}): VNode {
  return (
    <dl class="play-figures">
      {frame !== undefined && (
        <>
          {figuresOf(frame).map(({ name, value, text }) => (
            <div key={name}>
              <dt>{texts[name]}</dt>
              <dd data-figure={name} data-value={value}>
                {text}
              </dd>
            </div>
          ))}
          <div>
            <dt>{texts.pauses}</dt>
            <dd data-figure="pauses" data-value={frame.get("totalPause")}>
              {frame.get("totalPause").toFixed(1)} ({texts.longest}{" "}
              {frame.get("longestPause").toFixed(1)})
            </dd>
          </div>
        </>
      )}
    </dl>
  );
}
