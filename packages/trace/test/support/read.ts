import {
  openTrace,
  type TraceEnding,
  type TraceRecord,
  type TraceSource,
} from "../../src/index.ts";

/** Every record of a trace, and how it ended. */
export async function readAll(
  source: TraceSource,
): Promise<{ records: TraceRecord[]; ending: TraceEnding }> {
  const reader = await openTrace(source);
  const records: TraceRecord[] = [];
  const stream = reader.records();
  for (;;) {
    const next = await stream.next();
    if (next.done) return { records, ending: next.value };
    records.push(next.value);
  }
}

/** The same bytes in pieces of the given sizes, over and over. The array passed on is used again each time. */
export async function* inPieces(
  bytes: Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array, void, void> {
  const buffer = new Uint8Array(Math.max(...sizes));
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const piece = bytes.subarray(at, at + sizes[n % sizes.length]!);
    buffer.fill(0xee);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
    at += piece.length;
  }
}
