/** Bytes with their meaning: a hex dump whose fields are underlined in colours, and a table that names them. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { hexOf } from "./heap-map.ts";
import { useTexts } from "./language.ts";
import { Scroll } from "./Scroll.tsx";
import { bytesView } from "./texts.ts";
import { useWidth } from "./width.ts";

/** A field in a dump. */
export interface ByteField {
  readonly name: string;
  /** From the first byte that is shown. */
  readonly offset: number;
  readonly bytes: number;
  readonly value: string;
  readonly help?: string | undefined;
}

export interface BytesViewProps {
  /** Says what the bytes are, for those who do not see them. */
  readonly label: string;
  /** Address of the first byte. */
  readonly base: number;
  readonly bytes: Uint8Array;
  readonly fields: readonly ByteField[];
  /** Shown as offset 0; bytes before it get negative offsets. */
  readonly origin?: number;
}

const TONES = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#8a8a8a",
  "#b8a000",
];
/** Sixteen bytes a line, or eight where there is no room for more, in CSS pixels. */
const ROOM = 440;

export function BytesView({ label, base, bytes, fields, origin = 0 }: BytesViewProps): JSX.Element {
  const texts = useTexts(bytesView);
  const box = useRef<HTMLDivElement>(null);
  const perLine = useWidth(box, ROOM) < ROOM ? 8 : 16;
  const [lit, setLit] = useState<string | undefined>();
  const fieldAt = (n: number): number =>
    fields.findIndex(({ offset, bytes: size }) => n >= offset && n < offset + size);
  const lines = Array.from({ length: Math.ceil(bytes.length / perLine) }, (_, n) => n * perLine);
  return (
    <div class="live-stack" ref={box}>
      <div class="bytes" role="img" aria-label={texts.dump(label, bytes.length)}>
        {lines.map((start) => (
          <div key={start}>
            <span class="at">{hexOf(base + start)}</span>
            {Array.from(bytes.subarray(start, start + perLine), (byte, i) => {
              const n = fieldAt(start + i);
              const name = fields[n]?.name;
              return (
                <>
                  {i === 8 && <span class="gap" />}
                  <b
                    class={name !== undefined && name === lit ? "is-lit" : ""}
                    style={{ borderColor: n < 0 ? "transparent" : TONES[n % TONES.length] }}
                    title={name}
                  >
                    {byte.toString(16).padStart(2, "0")}
                  </b>
                </>
              );
            })}
          </div>
        ))}
      </div>
      <Scroll label={texts.fields(label)}>
        <table class="fields">
          <thead>
            <tr>
              <th>{texts.at}</th>
              <th>{texts.field}</th>
              <th>{texts.value}</th>
              <th>{texts.meaning}</th>
            </tr>
          </thead>
          <tbody>
            {fields.map((field, n) => (
              <tr
                key={field.name}
                class={field.name === lit ? "is-lit" : ""}
                onMouseEnter={() => setLit(field.name)}
                onMouseLeave={() => setLit(undefined)}
              >
                <td>{field.offset - origin}</td>
                <td>
                  <span
                    class="live-swatch"
                    style={{ background: TONES[n % TONES.length] }}
                    aria-hidden="true"
                  />{" "}
                  {field.name}
                </td>
                <td>{field.value}</td>
                <td>{field.help}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}
