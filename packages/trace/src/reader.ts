/** The reader: opens a recording, wherever it comes from, and hands its records on. */
import { PyrenaError } from "@pyrena/abi";
import { badTrace } from "./bad-trace.ts";
import type { BatchHandler, TraceBatch } from "./batch.ts";
import { TraceDecoder, type TraceEnding } from "./decode.ts";
import { DecompressionError } from "./decompression-error.ts";
import type { TraceHeader } from "./format.ts";
import { type DecodedHeader, decodeHeader } from "./header.ts";
import { recordAt, type TraceRecord } from "./record.ts";
import { openSource, type PlainBytes, type TraceCompression, type TraceSource } from "./source.ts";

/**
 * Open a recording and read its header. The rest is read by the reader that this returns.
 * @param source plain, gzip or zstd, which is recognised by its first bytes
 * @throws PyrenaError `bad-trace` if there is no whole and valid header; `bad-argument` for anything but a source
 */
export async function openTrace(source: TraceSource): Promise<TraceReader> {
  let bytes: PlainBytes | undefined;
  try {
    bytes = await openSource(source);
    let head: Uint8Array = new Uint8Array(0);
    let decoded: DecodedHeader | undefined;
    while (decoded === undefined) {
      const { done, value } = await bytes.pieces.next();
      if (done) {
        throw badTrace(
          head.length === 0 ? "the trace is empty" : "the trace ends within its header",
          head.length,
          0,
        );
      }
      head = appended(head, value);
      decoded = decodeHeader(head);
    }
    return new TraceReader(bytes, decoded, head.subarray(decoded.bytes));
  } catch (error) {
    await bytes?.pieces.return();
    throw asBadTrace(error, 0, 0);
  }
}

/** Reads the records of one recording, once, from start to end. */
export class TraceReader {
  readonly header: TraceHeader;
  readonly compression: TraceCompression;
  /** Offset of the first record, in bytes, after decompression. */
  readonly headerBytes: number;
  readonly #bytes: PlainBytes;
  #rest: Uint8Array | undefined;

  /** Made by `openTrace`. */
  constructor(bytes: PlainBytes, decoded: DecodedHeader, rest: Uint8Array) {
    this.header = decoded.header;
    this.headerBytes = decoded.bytes;
    this.compression = bytes.compression;
    this.#bytes = bytes;
    this.#rest = rest;
  }

  /** Bytes taken from the source so far: as they are there, so compressed ones where it is compressed. */
  get bytesTaken(): number {
    return this.#bytes.bytesTaken();
  }

  /**
   * Read all records.
   * @param onBatch called with every batch of records, in order; batches are used again, so copy what you keep
   * @returns how many there were, and whether the recording is cut off
   * @throws PyrenaError `bad-trace` with byte offset and record number, after everything before the fault has been
   *   handed on; `bad-argument` if the records have been read already; whatever `onBatch` throws
   */
  async read(onBatch: BatchHandler): Promise<TraceEnding> {
    const decoder = new TraceDecoder(onBatch, this.headerBytes);
    try {
      for await (const piece of this.#pieces()) {
        decoder.push(piece);
        decoder.flush();
      }
    } catch (error) {
      throw asBadTrace(error, decoder.offset, decoder.records);
    }
    return decoder.finish();
  }

  /**
   * The records as objects, one by one: convenient, and some ten times slower than {@link TraceReader.read}.
   * The generator returns how the stream ended.
   * @throws PyrenaError as `read` does
   */
  async *records(): AsyncGenerator<TraceRecord, TraceEnding, void> {
    let waiting: TraceRecord[] = [];
    const decoder = new TraceDecoder((batch: TraceBatch): void => {
      for (let index = 0; index < batch.count; index++) waiting.push(recordAt(batch, index));
    }, this.headerBytes);
    let failure: unknown;
    try {
      for await (const piece of this.#pieces()) {
        // In small parts, so that few objects wait at a time.
        for (let at = 0; at < piece.length; at += 4096) {
          decoder.push(piece.subarray(at, at + 4096));
          decoder.flush();
          const ready = waiting;
          waiting = [];
          yield* ready;
        }
      }
    } catch (error) {
      failure = asBadTrace(error, decoder.offset, decoder.records);
    }
    const ending = decoder.finish();
    yield* waiting;
    if (failure !== undefined) throw failure;
    return ending;
  }

  async *#pieces(): AsyncGenerator<Uint8Array, void, void> {
    const rest = this.#rest;
    if (rest === undefined) {
      throw new PyrenaError(
        "bad-argument",
        "the records of this reader have been read already: open the trace again",
      );
    }
    this.#rest = undefined;
    try {
      yield rest;
      yield* this.#bytes.pieces;
    } finally {
      await this.#bytes.pieces.return();
    }
  }
}

/** Damage in compressed data as the error that readers promise; other errors as they are. */
function asBadTrace(error: unknown, offset: number, record: number): unknown {
  return error instanceof DecompressionError
    ? badTrace(error.message, offset, record, error.cause)
    : error;
}

/** The two after one another; always a copy, since sources may use their bytes again. */
function appended(head: Uint8Array, piece: Uint8Array): Uint8Array {
  const both = new Uint8Array(head.length + piece.length);
  both.set(head);
  both.set(piece, head.length);
  return both;
}
