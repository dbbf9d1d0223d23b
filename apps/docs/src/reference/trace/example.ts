/** A small recording, made on a heap of Pyrena's when the page is built, and what each of its bytes says. */
import { domainNames, Heap, LinearMemory, OBJ, profileFor } from "@pyrena/abi";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import {
  domainOf,
  headerFor,
  opOf,
  recordFormats,
  TRACE_MAGIC,
  type TraceField,
  TraceRecorder,
  TraceWriter,
} from "@pyrena/trace";

/** A few bytes of a recording that belong together. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** `tag`, or the field's name. */
  readonly what: string;
  readonly meaning: string;
  /** Whether a record, or the header, begins here. */
  readonly begins: boolean;
}

/** Two blocks, one of them freed again. */
export function exampleTrace(): Uint8Array {
  const profile = profileFor("3.13", "lp64");
  const heap = Heap.create(LinearMemory.create(), profile);
  // The same each time that the page is built.
  const header = { ...headerFor(profile), startedAt: "2026-11-21T12:00:00.000Z" };
  const recorder = new TraceRecorder(new TraceWriter(header));
  const pymalloc = createPymalloc(heap, {
    raw: createRawAllocator(heap),
    arenas: recorder.wrapArenas(createArenaSource(heap)),
  });
  const { ctx, malloc, free } = recorder.wrap(pymalloc, OBJ);
  const first = malloc(ctx, 28);
  malloc(ctx, 500);
  recorder.writer.marker("before");
  free(ctx, first);
  return recorder.writer.finish();
}

/** Read a recording byte by byte, by the table of formats alone. */
export function dissect(bytes: Uint8Array): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const take = (length: number, what: string, meaning: string, begins = false): void => {
    pieces.push({ offset: at, bytes: bytes.subarray(at, at + length), what, meaning, begins });
    at += length;
  };
  /** An unsigned LEB128 number at `at`: its value and its length. */
  const number = (): { value: number; length: number } => {
    let value = 0;
    let length = 0;
    for (;;) {
      const byte = bytes[at + length]!;
      value += (byte & 0x7f) * 128 ** length;
      length++;
      if (byte < 0x80) return { value, length };
    }
  };
  const text = (start: number, length: number): string =>
    new TextDecoder().decode(bytes.subarray(start, start + length));

  take(TRACE_MAGIC.length, "magic", text(0, TRACE_MAGIC.length), true);
  take(1, "version", String(bytes[at]));
  const json = number();
  take(json.length, "header", `${json.value} bytes of JSON follow`);
  take(json.value, "", text(at, json.value));

  let address = 0;
  const field = ({ name, type }: TraceField): void => {
    const { value, length } = number();
    if (type === "uv") {
      take(length, name, String(value));
    } else if (type === "str") {
      const shown = text(at + length, value);
      take(length + value, name, `${value} bytes: ${shown}`);
    } else {
      // Zigzag: 0, -1, 1, -2 … are 0, 1, 2, 3 …
      const difference = value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      address += difference;
      const sign = difference < 0 ? "−" : "+";
      take(
        length,
        name,
        `${sign}0x${Math.abs(difference).toString(16)} → 0x${address.toString(16)}`,
      );
    }
  };
  while (at < bytes.length) {
    const tag = bytes[at]!;
    const format = recordFormats[opOf(tag) - 1]!;
    const domain = format.perDomain ? `, ${domainNames[domainOf(tag)]}` : "";
    take(1, "tag", `${format.name}${domain}`, true);
    for (const one of format.fields) field(one);
  }
  return pieces;
}
