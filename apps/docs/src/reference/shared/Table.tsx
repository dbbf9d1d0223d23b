/** A table that scrolls inside its own box, by mouse, finger and keyboard. */
import type { ComponentChildren, JSX } from "preact";

interface TableProps {
  /** What the table is, for those who hear it. */
  readonly label: string;
  readonly head: readonly ComponentChildren[];
  readonly rows: readonly (readonly ComponentChildren[])[];
  /** Whether the first cell of each row names it. */
  readonly named?: boolean;
  /** A class of the box. */
  readonly kind?: string;
  /** A class of each cell, such as one that marks a difference. */
  readonly cellClass?: (row: number, column: number) => string | undefined;
}

/** A table in a box of its own. */
export function Table({
  label,
  head,
  rows,
  named = true,
  kind = "",
  cellClass,
}: TableProps): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section class={`ref-scroll ${kind}`} tabIndex={0} aria-label={label}>
      <table>
        <thead>
          <tr>
            {head.map((cell, column) => (
              <th key={column} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={row}>
              {cells.map((cell, column) =>
                named && column === 0 ? (
                  <th key={column} scope="row" class={cellClass?.(row, column)}>
                    {cell}
                  </th>
                ) : (
                  <td key={column} class={cellClass?.(row, column)}>
                    {cell}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
