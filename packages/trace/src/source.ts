/**
 * Where a trace's bytes come from: an array, an async iterable or a web stream, plain, gzip or zstd. Compression is
 * recognised by the first bytes, not by name.
 *
 * Everything is pulled: no more is read and decompressed than the reader asks for, but for the piece at hand.
 */
import { PyrenaError } from "@pyrena/abi";
import { DecompressionError } from "./decompression-error.ts";
import { gunzip } from "./gunzip.ts";
import { joined, regrouped } from "./pieces.ts";

/** What a trace can be read from. */
export type TraceSource =
  | Uint8Array
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/** How a trace was compressed as a whole. */
export type TraceCompression = "none" | "gzip" | "zstd";

/** A stream of plain bytes. */
export interface PlainBytes {
  readonly compression: TraceCompression;
  /** The pieces. `return()` lets go of the source. */
  readonly pieces: AsyncGenerator<Uint8Array, void, void>;
  /** Bytes taken from the source so far, as they are there. */
  bytesTaken(): number;
}

/** zstd's decompressor is fed pieces of about so many bytes: at worst, each four of them become 2 MiB. */
const ZSTD_PIECE_BYTES = 4096;

/** An array is handed on in pieces of this size. */
const ARRAY_PIECE_BYTES: number = 1 << 20;

/** The largest window that a zstd frame may ask for: what `zstd -d` allows without further options. */
const ZSTD_WINDOW_LIMIT: number = 1 << 27;

/**
 * Open a source, look at its first bytes, and decompress if need be.
 * @throws PyrenaError `bad-argument` for anything but a source
 */
export async function openSource(source: TraceSource): Promise<PlainBytes> {
  let taken = 0;
  const counted = count(iterate(source), (bytes) => {
    taken += bytes;
  });
  const { head, pieces } = await lookAhead(counted, 4);
  const compression = compressionOf(head);
  return {
    compression,
    pieces:
      compression === "gzip" ? gunzip(pieces) : compression === "zstd" ? unzstd(pieces) : pieces,
    bytesTaken: () => taken,
  };
}

/** Which compression a file that begins like this has. */
function compressionOf(head: Uint8Array): TraceCompression {
  const starts = (...magic: number[]): boolean => magic.every((byte, n) => head[n] === byte);
  if (starts(0x1f, 0x8b)) return "gzip";
  if (starts(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  return "none";
}

async function* iterate(source: TraceSource): AsyncGenerator<Uint8Array, void, void> {
  if (source instanceof Uint8Array) {
    for (let at = 0; at < source.length; at += ARRAY_PIECE_BYTES) {
      yield source.subarray(at, at + ARRAY_PIECE_BYTES);
    }
    return;
  }
  if (source !== null && typeof source === "object") {
    if (Symbol.asyncIterator in source || Symbol.iterator in source) {
      yield* source as AsyncIterable<Uint8Array>;
      return;
    }
    // Browsers whose web streams are not async iterable yet.
    if (typeof (source as ReadableStream<Uint8Array>).getReader === "function") {
      const reader = (source as ReadableStream<Uint8Array>).getReader();
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          yield value;
        }
      } finally {
        await reader.cancel();
      }
    }
  }
  throw new PyrenaError(
    "bad-argument",
    "a trace is read from a Uint8Array, a ReadableStream, or an iterable or async iterable of Uint8Array",
  );
}

async function* count(
  pieces: AsyncIterable<Uint8Array>,
  add: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) {
      throw new PyrenaError("bad-argument", "a trace's stream must yield Uint8Arrays only");
    }
    add(piece.length);
    yield piece;
  }
}

/** The first `bytes` bytes (fewer if there are no more), and all pieces, those included. */
async function lookAhead(
  pieces: AsyncGenerator<Uint8Array, void, void>,
  bytes: number,
): Promise<{ head: Uint8Array; pieces: AsyncGenerator<Uint8Array, void, void> }> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < bytes) {
    const { done, value } = await pieces.next();
    if (done) break;
    head = joined([head, value]);
  }
  return {
    head,
    pieces: (async function* () {
      try {
        yield head;
        yield* pieces;
      } finally {
        await pieces.return();
      }
    })(),
  };
}

/** Decompress zstd. A file that breaks off yields what it holds, and ends like any other. */
async function* unzstd(
  compressed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const { Decompress, ZstdErrorCode } = await import("fzstd");
  const fetched: Uint8Array[] = [];
  const decompressor = new Decompress((piece) => fetched.push(piece));
  let first = true;
  for await (const piece of regrouped(compressed, ZSTD_PIECE_BYTES)) {
    if (first) requireWindow(piece);
    first = false;
    let failure: unknown;
    try {
      decompressor.push(piece);
    } catch (error) {
      failure = error ?? new Error("unknown");
    }
    yield* fetched.splice(0);
    if (failure !== undefined) throw new DecompressionError("zstd", failure);
  }
  try {
    decompressor.push(new Uint8Array(0), true);
  } catch (error) {
    if ((error as { code?: unknown })?.code !== ZstdErrorCode.UnexpectedEOF) {
      throw new DecompressionError("zstd", error);
    }
  }
  yield* fetched.splice(0);
}

/**
 * The decompressor sets its window up at once, as large as the frame says: look first.
 * RFC 8878, 3.1.1.1.2: the descriptor follows the magic and one byte of flags, unless the frame is a single segment,
 * whose window is its content size.
 */
function requireWindow(frame: Uint8Array): void {
  const byte = (n: number): number => frame[n] ?? 0;
  const flags = byte(4);
  const singleSegment = (flags & 0x20) !== 0;
  let bytes: number;
  if (singleSegment) {
    const dictionaryBytes = [0, 1, 2, 4][flags & 3];
    const sizeBytes = [1, 2, 4, 8][flags >>> 6];
    bytes = 0;
    for (let n = sizeBytes - 1; n >= 0; n--) bytes = bytes * 256 + byte(5 + dictionaryBytes + n);
  } else {
    const base = 2 ** (10 + (byte(5) >>> 3));
    bytes = base + (base / 8) * (byte(5) & 7);
  }
  if (bytes > ZSTD_WINDOW_LIMIT) {
    throw new DecompressionError(
      "zstd",
      new Error(`the frame asks for a window of ${bytes} bytes, more than ${ZSTD_WINDOW_LIMIT}`),
    );
  }
}
