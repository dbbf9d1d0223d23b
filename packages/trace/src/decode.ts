/**
 * The decoder: bytes in, in pieces of any size; batches of records out.
 *
 * One loop reads all kinds of records, driven by a table of shapes made from `recordFormats`. It never looks beyond
 * the bytes at hand: a record that is cut by the end of a piece is carried over until the next piece completes it.
 * What is carried over is at most one record, so memory does not follow the numbers that a trace claims.
 */
import { badTrace } from "./bad-trace.ts";
import { BATCH_RECORDS, BATCH_TEXT_BYTES, type BatchHandler, TraceBatch } from "./batch.ts";
import {
  FIELDS_PER_RECORD,
  MAX_FIELD,
  MAX_FIELD_BYTES,
  opOf,
  TRACE_ADDRESS_LIMIT,
  traceOps,
} from "./format.ts";
import { FREE_SHAPE, IS_STRING, MALLOC_SHAPE, MAX_RECORD_BYTES, shapes } from "./record-shapes.ts";

/** A text is at most so long, in bytes. */
export const MAX_TEXT_BYTES: number = 1 << 26;

/** A byte order mark at the start of a text is part of it; bytes that are no UTF-8 read as U+FFFD. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** How a stream ended. */
export interface TraceEnding {
  /** Records that were read, the `end` record included. */
  readonly records: number;
  /** Bytes of the stream, after decompression, up to the end of the last complete record. */
  readonly bytes: number;
  /** Whether the stream stopped before its `end` record. Everything up to the last complete record was used. */
  readonly cutOff: boolean;
}

/** Decodes records that are pushed to it piece by piece. The header is not its business: see `decodeHeader`. */
export class TraceDecoder {
  readonly #handler: BatchHandler;
  readonly #batch: TraceBatch = new TraceBatch();
  /** Offset, in the whole stream, of the first byte that is not decoded yet. */
  #offset: number;
  /** The stream's previous address. */
  #address = 0;
  #strings = 0;
  #frames = 0;
  #textBytes = 0;
  #ended = false;
  /** The beginning of a record that was cut by the end of a piece. */
  #carry: Uint8Array = new Uint8Array(64);
  #carried = 0;

  /**
   * @param handler called with each batch
   * @param offset offset of the first record in the whole stream, in bytes: used to say where an error lies
   */
  constructor(handler: BatchHandler, offset = 0) {
    this.#handler = handler;
    this.#offset = offset;
  }

  /** Records decoded so far. */
  get records(): number {
    return this.#batch.firstRecord + this.#batch.count;
  }

  /** Whether the `end` record has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Offset, in the whole stream, of the first byte that is not decoded yet. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * Decode the next bytes of the stream. They are not used after the call returns.
   * @throws PyrenaError `bad-trace`; the handler has been given every record before the faulty one
   */
  push(piece: Uint8Array): void {
    // A Buffer and other subclasses would make the loop's reads polymorphic.
    const bytes =
      piece.constructor === Uint8Array
        ? piece
        : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    try {
      let at = 0;
      while (this.#carried > 0 && at < bytes.length) {
        const taken = Math.min(this.#missing(), bytes.length - at);
        this.#keep(bytes, at, at + taken);
        at += taken;
        const whole = this.#carried;
        if (this.#run(this.#carry, 0, whole) > 0) this.#carried = 0;
      }
      if (this.#carried === 0) {
        const end = this.#run(bytes, at, bytes.length);
        this.#keep(bytes, end, bytes.length);
      }
    } catch (error) {
      this.flush();
      throw error;
    }
  }

  /** Hand on what is decoded but not handed on yet. */
  flush(): void {
    const batch = this.#batch;
    const count = batch.count;
    if (count === 0) return;
    try {
      this.#handler(batch);
    } finally {
      batch.firstRecord += count;
      batch.count = 0;
      batch.firstString += batch.texts.length;
      batch.texts.length = 0;
      this.#textBytes = 0;
    }
  }

  /** The stream is over. A record that it cut off is dropped. */
  finish(): TraceEnding {
    this.flush();
    return { records: this.records, bytes: this.#offset, cutOff: !this.#ended };
  }

  /** Append `bytes[from … to)` to the carried record. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    const length = this.#carried + (to - from);
    if (length > this.#carry.length) {
      const larger = new Uint8Array(Math.max(length, this.#carry.length * 2));
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    } else if (this.#carried === 0 && this.#carry.length > 4096) {
      this.#carry = new Uint8Array(Math.max(64, length));
    }
    this.#carry.set(bytes.subarray(from, to), this.#carried);
    this.#carried = length;
  }

  /** How many bytes the carried record lacks at least. */
  #missing(): number {
    const text = textAt(this.#carry, 0, this.#carried);
    return text === undefined ? 1 : text.end - this.#carried;
  }

  /**
   * Decode the records of `bytes[at … end)`.
   * @returns where the first record begins that is not complete; `end` if all are
   */
  #run(bytes: Uint8Array, at: number, end: number): number {
    const batch = this.#batch;
    const tags = batch.tags;
    const fields = batch.fields;
    // Offset of bytes[0] in the stream.
    const base = this.#offset - at;
    // Kept in registers, and put back where others look at them: at a rare record, an error, and the end.
    let count = batch.count;
    let address = this.#address;
    let ended = this.#ended;
    let start = at;
    try {
      while (at < end) {
        const tag = bytes[at];
        const shape = shapes[tag];
        // Nearly all records are a malloc of less than 16 KiB or a free, not far from the last address: for these the
        // loop below is unrolled, which takes a quarter off the time of the whole. Anything else falls through, and
        // so does whatever might be wrong.
        if (
          (shape === FREE_SHAPE || shape === MALLOC_SHAPE) &&
          end - at >= MAX_RECORD_BYTES &&
          !ended
        ) {
          let next = at + 1;
          let size = 0;
          let fits = true;
          if (shape === MALLOC_SHAPE) {
            size = bytes[next++];
            if (size > 0x7f) {
              const second = bytes[next++];
              size = (size & 0x7f) | (second << 7);
              fits = second < 0x80;
            }
          }
          let byte = bytes[next++];
          let low = byte & 0x7f;
          if (byte > 0x7f) {
            byte = bytes[next++];
            low |= (byte & 0x7f) << 7;
            if (byte > 0x7f) {
              byte = bytes[next++];
              low |= (byte & 0x7f) << 14;
              if (byte > 0x7f) {
                byte = bytes[next++];
                low |= byte << 21;
                fits = fits && byte < 0x80;
              }
            }
          }
          const sum = address + ((low >>> 1) ^ -(low & 1));
          if (fits && sum >= 0 && sum < TRACE_ADDRESS_LIMIT) {
            const slot = count * FIELDS_PER_RECORD;
            if (shape === MALLOC_SHAPE) {
              fields[slot] = size;
              fields[slot + 1] = sum;
            } else {
              fields[slot] = sum;
            }
            address = sum;
            at = next;
            tags[count++] = tag;
            start = at;
            if (count === BATCH_RECORDS) {
              batch.count = count;
              this.#offset = base + start;
              count = 0;
              this.flush();
            }
            continue;
          }
        }
        if (ended) throw this.#bad("there are bytes after the end record", base + at, count);
        if (shape === 0) {
          throw this.#bad(`unknown tag 0x${tag.toString(16).padStart(2, "0")}`, base + at, count);
        }
        // Away from the end of the piece every record is complete, and only a text's length needs a look.
        if (
          (end - at < MAX_RECORD_BYTES || shape >= IS_STRING) &&
          !this.#isComplete(bytes, at, end, base, count)
        ) {
          break;
        }
        at++;
        const slot = count * FIELDS_PER_RECORD;
        const last = slot + (shape & 7);
        let addresses = shape >>> 3;
        for (let index = slot; index < last; index++, addresses >>>= 1) {
          // `low` holds the low 28 bits, `high` the rest: both stay small integers, which doubles would not.
          let byte = bytes[at++];
          let low = byte & 0x7f;
          let high = 0;
          if (byte > 0x7f) {
            byte = bytes[at++];
            low |= (byte & 0x7f) << 7;
            if (byte > 0x7f) {
              byte = bytes[at++];
              low |= (byte & 0x7f) << 14;
              if (byte > 0x7f) {
                byte = bytes[at++];
                low |= (byte & 0x7f) << 21;
                for (let shift = 0; byte > 0x7f; shift += 7) {
                  if (shift === 28) throw this.#tooLarge(base + at - 1, count);
                  byte = bytes[at++];
                  high |= (byte & 0x7f) << shift;
                }
                if (high >= 0x2000000) throw this.#tooLarge(base + at - 1, count);
              }
            }
          }
          if ((addresses & 1) === 0) {
            fields[index] = high * 0x10000000 + low;
          } else {
            const half = high * 0x8000000 + (low >>> 1);
            address += (low & 1) === 0 ? half : -1 - half;
            if (address < 0 || address >= TRACE_ADDRESS_LIMIT) {
              throw this.#bad(`address ${address} is not one of 48 bits`, base + start, count);
            }
            fields[index] = address;
          }
        }
        if ((tag & 0x0f) >= traceOps.string) {
          at = this.#rare(bytes, at, slot, base + start, count, tag);
          ended = this.#ended;
        }
        tags[count++] = tag;
        start = at;
        if (count === BATCH_RECORDS || this.#textBytes >= BATCH_TEXT_BYTES) {
          batch.count = count;
          this.#offset = base + start;
          count = 0;
          this.flush();
        }
      }
    } finally {
      batch.count = count;
      this.#offset = base + start;
      this.#address = address;
    }
    return start;
  }

  /** What the records other than allocations and arenas need beyond their fields; returns where the record ends. */
  #rare(
    bytes: Uint8Array,
    at: number,
    slot: number,
    offset: number,
    count: number,
    tag: number,
  ): number {
    const fields = this.#batch.fields;
    switch (opOf(tag)) {
      case traceOps.string: {
        const end = at + fields[slot];
        this.#batch.texts.push(utf8.decode(bytes.slice(at, end)));
        this.#textBytes += end - at;
        fields[slot] = this.#strings++;
        return end;
      }
      case traceOps.frame:
        if (fields[slot] > this.#frames) {
          throw this.#undefinedId("frame", fields[slot] - 1, this.#frames, offset, count);
        }
        this.#needString(fields[slot + 1], offset, count);
        this.#needString(fields[slot + 2], offset, count);
        this.#frames++;
        return at;
      case traceOps.site:
        if (fields[slot] > this.#frames) {
          throw this.#undefinedId("frame", fields[slot] - 1, this.#frames, offset, count);
        }
        return at;
      case traceOps.marker:
        this.#needString(fields[slot], offset, count);
        return at;
      case traceOps.end:
        if (fields[slot] !== this.#batch.firstRecord + count) {
          throw this.#bad(
            `the end record counts ${fields[slot]} records before it, and there are ${this.#batch.firstRecord + count}`,
            offset,
            count,
          );
        }
        this.#ended = true;
        return at;
      default:
        return at;
    }
  }

  /** Whether the record at `at`, whose tag is valid, lies in `bytes` as a whole. */
  #isComplete(bytes: Uint8Array, at: number, end: number, base: number, count: number): boolean {
    const shape = shapes[bytes[at]];
    if (shape >= IS_STRING) {
      const text = textAt(bytes, at, end);
      if (text === undefined) return false;
      // Only bytes that have really come count: a claim alone is just a record that is not complete.
      if (text.length > MAX_TEXT_BYTES && end - at > MAX_TEXT_BYTES) {
        throw this.#bad(
          `a text of ${text.length} bytes, more than the ${MAX_TEXT_BYTES} allowed`,
          base + at,
          count,
        );
      }
      return text.end <= end;
    }
    let fields = shape & 7;
    let length = 0;
    for (let next = at + 1; next < end; next++) {
      length++;
      if (bytes[next] < 0x80) {
        fields--;
        length = 0;
        if (fields === 0) return true;
      } else if (length === MAX_FIELD_BYTES) {
        // Too long for a number: the loop will say so.
        return true;
      }
    }
    return false;
  }

  #needString(id: number, offset: number, count: number): void {
    if (id >= this.#strings) throw this.#undefinedId("string", id, this.#strings, offset, count);
  }

  #undefinedId(what: string, id: number, defined: number, offset: number, count: number): Error {
    return this.#bad(`${what} ${id} is not defined: there are ${defined} so far`, offset, count);
  }

  #tooLarge(offset: number, count: number): Error {
    return this.#bad("a number is larger than 2^53 - 1", offset, count);
  }

  /** @param count records of the current batch before the faulty one */
  #bad(message: string, offset: number, count: number): Error {
    return badTrace(message, offset, this.#batch.firstRecord + count);
  }
}

/** Length and end of the text of the string record at `at`; undefined if the length itself is not complete. */
function textAt(
  bytes: Uint8Array,
  at: number,
  end: number,
): { length: number; end: number } | undefined {
  if (bytes[at] !== traceOps.string) return undefined;
  let length = 0;
  let weight = 1;
  for (let next = at + 1; next < end && next <= at + MAX_FIELD_BYTES; next++) {
    length += (bytes[next] & 0x7f) * weight;
    if (bytes[next] < 0x80) {
      return length <= MAX_FIELD ? { length, end: next + 1 + length } : { length: 0, end: at };
    }
    weight *= 128;
  }
  // No number: called complete, so that the loop says what is wrong.
  return end > at + MAX_FIELD_BYTES ? { length: 0, end: at } : undefined;
}
