/** A structure of a heap: its drawing, and the same as a table. */
import type { Abi } from "@pyrena/abi";
import type { JSX } from "preact";
import { Table } from "../shared/Table.tsx";
import { type Box, spoken, type Variant, variantsOf } from "./drawing.ts";
import { structs } from "./structs.ts";

/** Width of a byte, height of a row, room for offsets; in the drawing's units. */
const BYTE = 34;
const ROW = 26;
const GUTTER = 40;
/** Width of a letter. */
const LETTER = 6.7;

/** Fields that a table shows without being asked. */
const MOST_SHOWN = 14;

/** All layouts of one structure. */
export function Struct({ id }: { id: string }): JSX.Element {
  const drawn = structs.find((one) => one.id === id);
  if (drawn === undefined) throw new Error(`there is no structure '${id}'`);
  const variants = variantsOf(drawn, "lp64");
  const older = variants.slice(0, -1);
  return (
    <>
      {older.map((variant) => (
        <details key={variant.versions}>
          <summary>In CPython {variant.versions}</summary>
          <Figure {...variant} />
        </details>
      ))}
      {variants.slice(-1).map((variant) => (
        <Figure key={variant.versions} {...variant} />
      ))}
      <details>
        <summary>With 32-bit pointers</summary>
        {variantsOf(drawn, "ilp32").map((variant) => (
          <Figure key={variant.versions} {...variant} />
        ))}
      </details>
    </>
  );
}

function Figure(variant: Variant): JSX.Element {
  const { versions, layout, boxes, profiles } = variant;
  const { abi } = profiles[0]!;
  const title = `${layout.name}, CPython ${versions}, ${8 * abi.pointerBytes}-bit pointers`;
  return (
    <figure
      class="ref-struct"
      data-struct={layout.name}
      data-versions={versions}
      data-abi={abi.name}
    >
      <figcaption>
        CPython {versions}, {8 * abi.pointerBytes}-bit pointers: <b>{layout.bytes} bytes</b>
      </figcaption>
      <div>
        <Drawing {...variant} abi={abi} />
        {boxes.length > MOST_SHOWN ? (
          <details>
            <summary>All {layout.fields.length} fields</summary>
            <Fields {...variant} title={title} />
          </details>
        ) : (
          <Fields {...variant} title={title} />
        )}
      </div>
    </figure>
  );
}

function Fields({ boxes, title }: Variant & { title: string }): JSX.Element {
  return (
    <Table
      label={title}
      head={["offset", "bytes", "field", "type", "meaning"]}
      named={false}
      rows={boxes
        .filter(({ kind }) => kind !== "tail")
        .map(({ offset, bytes, name, type, help }) => [
          signed(offset),
          bytes,
          name === "" ? "" : <code>{name}</code>,
          type,
          help,
        ])}
    />
  );
}

function Drawing(variant: Variant & { abi: Abi }): JSX.Element {
  const { boxes, rows, abi } = variant;
  const width = GUTTER + abi.pointerBytes * BYTE + 1;
  return (
    <svg
      viewBox={`0 0 ${width} ${rows * ROW + 2}`}
      width={width}
      role="img"
      aria-label={spoken(variant)}
    >
      {boxes.map((box) => (
        <BoxPart key={box.offset + box.kind} {...box} word={abi.pointerBytes} />
      ))}
    </svg>
  );
}

function BoxPart({
  kind,
  name,
  offset,
  bytes,
  row,
  rows,
  word,
}: Box & { word: number }): JSX.Element {
  const within = ((offset % word) + word) % word;
  const x = GUTTER + within * BYTE;
  const y = row * ROW + 1;
  const wide = bytes === 0 ? word - within : Math.min(bytes, word - within);
  const width = wide * BYTE;
  const height = rows * ROW;
  const fits = name.length * LETTER <= width - 6;
  const label = kind === "padding" ? "" : fits ? name : kind === "tail" ? "…" : `+${offset}`;
  return (
    <g class={kind}>
      <rect x={x} y={y} width={width} height={height} />
      {within === 0 && (
        <text class="offset" x={GUTTER - 6} y={y + ROW / 2 + 4}>
          {signed(offset)}
        </text>
      )}
      <text x={x + width / 2} y={y + height / 2 + 4}>
        {label}
      </text>
    </g>
  );
}

/** With the sign that stands for less than nothing. */
function signed(offset: number): string {
  return offset < 0 ? `−${-offset}` : String(offset);
}
