/**
 * Where a trace's bytes come from: an array, an async iterable or a web stream, plain, gzip or zstd. Compression is
 * recognised by the first bytes, not by name.
 *
 * Everything is pulled: no more is read and decompressed than the reader asks for, but for the piece at hand.
 */
import { PyrenaError } from "@pyrena/abi";

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

/**
 * gzip's decompressor is fed pieces of at least so many bytes: more than it queues. It is then done with one piece,
 * and what came of it has been fetched, before the next goes in, so that a file that breaks off loses nothing.
 */
const GZIP_PIECE_BYTES = 65_536;

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

/** Decompress gzip. A file that breaks off yields what it holds, and ends like any other. */
async function* gunzip(
  compressed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const stream = new DecompressionStream("gzip");
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  // Fetched as soon as it is there: a stream that fails drops what it still holds.
  const fetched: Uint8Array[] = [];
  let failure: unknown;
  const fetching = (async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        fetched.push(value);
      }
    } catch (error) {
      failure = error ?? new Error("unknown");
    }
  })();
  try {
    let closing = false;
    try {
      for await (const piece of regrouped(compressed, GZIP_PIECE_BYTES)) {
        await writer.write(piece as Uint8Array<ArrayBuffer>);
        yield* fetched.splice(0);
      }
      // What the last piece yields is fetched in this turn of the event loop; only then may the stream fail.
      await new Promise((resolve) => setTimeout(resolve, 0));
      closing = true;
      await writer.close();
    } catch (error) {
      if (failure === undefined && !closing) throw error;
    }
    await fetching;
    yield* fetched.splice(0);
    if (failure !== undefined && !(closing && isCutOff(failure))) {
      throw new DecompressionError("gzip", failure);
    }
  } finally {
    // Both fail if the stream has failed, which has been told already.
    await Promise.allSettled([writer.abort(), reader.cancel()]);
  }
}

/** Whether gzip's decompressor, told that its input is over, failed because more should have come. */
function isCutOff(error: unknown): boolean {
  const coded = error as { code?: unknown; cause?: { code?: unknown } };
  const code = coded?.code ?? coded?.cause?.code;
  // Node names zlib's code. Browsers don't; but there, other faults show while the input is still being written.
  return typeof code === "string" ? code === "Z_BUF_ERROR" : true;
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

/** The compressed data is damaged: not cut off, but wrong. The reader turns this into a `bad-trace`. */
export class DecompressionError extends Error {
  constructor(compression: string, cause: unknown) {
    super(
      `the ${compression} data is damaged: ${cause instanceof Error && cause.message !== "" ? cause.message : describe(cause)}`,
      { cause },
    );
  }
}

function describe(cause: unknown): string {
  const inner = (cause as { cause?: { message?: unknown } })?.cause?.message;
  return typeof inner === "string" ? inner : String(cause);
}

/** The same bytes, copied, in pieces of `bytes` to twice as many, but for the last. */
async function* regrouped(
  pieces: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array, void, void> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; at += bytes) {
      // Copied, since sources may use their own again.
      const part = piece.slice(at, at + bytes);
      waiting.push(part);
      length += part.length;
      if (length >= bytes) {
        yield joined(waiting);
        waiting = [];
        length = 0;
      }
    }
  }
  if (length > 0) yield joined(waiting);
}

/** One array of several. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
