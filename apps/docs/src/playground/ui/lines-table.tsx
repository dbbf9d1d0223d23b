/** The lines that allocate most. */
import type { VNode } from "preact";
import type { Frame } from "../frame.ts";
import type { Texts } from "./texts.ts";
import { countText } from "./units.ts";

export interface LinesTableProps {
  readonly texts: Texts;
  readonly frame: Frame | undefined;
  readonly program: string;
}

export function LinesTable({ texts, frame, program }: LinesTableProps): VNode {
  const lines = frame?.lines ?? [];
  const source = program.split("\n");
  return (
    <section aria-label={texts.lines} class="play-lines">
      <h3>{texts.lines}</h3>
      {lines.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{texts.line}</th>
              <th scope="col">{texts.allocations}</th>
              <th scope="col">{texts.netBytes}</th>
              <th scope="col">{texts.times}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(({ line, allocations, netBytes, times }) => (
              <tr key={line} data-line={line} data-allocations={allocations} data-times={times}>
                <td>
                  {line} <code>{source[line - 1]?.trim().slice(0, 40)}</code>
                </td>
                <td>{countText(allocations)}</td>
                <td>{countText(netBytes)}</td>
                <td>{countText(times)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
