/** A table of facts, one column a version. */
import type { JSX } from "preact";
import { Inline } from "../shared/Inline.tsx";
import { Table } from "../shared/Table.tsx";
import { type FactCell, factTables } from "./rows.ts";

/** One of the tables. */
export function Facts({ of, label }: { of: keyof typeof factTables; label: string }): JSX.Element {
  const { versions, rows } = factTables[of];
  return (
    <Table
      label={label}
      kind="ref-facts"
      head={["", ...versions]}
      rows={rows.map(({ name, help, cells }) => [
        <span class="ref-fact" key="name">
          <code>{name}</code>
          <Inline text={help} />
        </span>,
        ...cells.map((cell, n) => <Cell key={versions[n]} {...cell} />),
      ])}
      cellClass={(row, column) =>
        column > 0 && rows[row]!.cells[column - 1]!.changed ? "changed" : undefined
      }
    />
  );
}

function Cell({ lp64, ilp32, changed }: FactCell): JSX.Element {
  return (
    <>
      {lp64 === ilp32 ? (
        lp64
      ) : (
        <>
          {lp64}
          <br />
          <small>32-bit: {ilp32}</small>
        </>
      )}
      {changed && <span class="sr-only"> (changed)</span>}
    </>
  );
}
