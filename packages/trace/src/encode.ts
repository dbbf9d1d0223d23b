/** The writer: the exact inverse of the reader. */
import { type Domain, MEM, OBJ, PyrenaError, RAW } from "@pyrena/abi";
import {
  FIELDS_PER_RECORD,
  MAX_FIELD_BYTES,
  TRACE_ADDRESS_LIMIT,
  type TraceHeader,
  type TraceOpName,
  tagOf,
  traceOps,
} from "./format.ts";
import { encodeHeader } from "./header.ts";

const MAX_RECORD_BYTES = 1 + FIELDS_PER_RECORD * MAX_FIELD_BYTES;

/** Options of a {@link TraceWriter}. */
export interface TraceWriterOptions {
  /**
   * Called with pieces of the trace as they are complete; each is the receiver's to keep. Without it the writer
   * keeps everything until `finish`.
   */
  readonly flush?: ((piece: Uint8Array) => void) | undefined;
  /** Size of a piece, in bytes; a long text makes a larger one. Default 64 KiB. */
  readonly pieceBytes?: number | undefined;
}

/**
 * Writes a trace record by record. Sizes are in bytes.
 *
 * Every method throws PyrenaError `bad-argument` for a number or an address that the format can't hold, for an id that
 * is not defined, and after `finish`, and `unknown-domain` for another domain than 0, 1 or 2; nothing is written then.
 */
export class TraceWriter {
  readonly #flush: ((piece: Uint8Array) => void) | undefined;
  readonly #pieceBytes: number;
  readonly #done: Uint8Array[] = [];
  readonly #ids: Map<string, number> = new Map();
  #bytes: Uint8Array;
  #at = 0;
  #address = 0;
  #records = 0;
  #strings = 0;
  #frames = 0;
  #finished = false;

  constructor(header: TraceHeader, options: TraceWriterOptions = {}) {
    this.#flush = options.flush;
    this.#pieceBytes = Math.max(options.pieceBytes ?? 65_536, MAX_RECORD_BYTES);
    this.#bytes = new Uint8Array(this.#pieceBytes);
    this.#append(encodeHeader(header));
  }

  /** Records written so far. */
  get records(): number {
    return this.#records;
  }

  /** A malloc; result 0: it failed. */
  malloc(domain: Domain, size: number, result: number): void {
    this.#checkNumber("malloc", size);
    this.#checkAddress("malloc", result);
    this.#checkDomain("malloc", domain);
    this.#tag(tagOf(traceOps.malloc, domain));
    this.#uv(size);
    this.#addr(result);
  }

  /** A calloc; result 0: it failed. */
  calloc(domain: Domain, nelem: number, elsize: number, result: number): void {
    this.#checkNumber("calloc", nelem);
    this.#checkNumber("calloc", elsize);
    this.#checkAddress("calloc", result);
    this.#checkDomain("calloc", domain);
    this.#tag(tagOf(traceOps.calloc, domain));
    this.#uv(nelem);
    this.#uv(elsize);
    this.#addr(result);
  }

  /** A realloc; old 0: it was a malloc; result 0: it failed, and old is still live. */
  realloc(domain: Domain, old: number, size: number, result: number): void {
    this.#checkNumber("realloc", size);
    this.#checkAddress("realloc", old);
    this.#checkAddress("realloc", result);
    this.#checkDomain("realloc", domain);
    this.#tag(tagOf(traceOps.realloc, domain));
    this.#addr(old);
    this.#uv(size);
    this.#addr(result);
  }

  /** A free. Leave out free(NULL). */
  free(domain: Domain, ptr: number): void {
    this.#checkAddress("free", ptr);
    this.#checkDomain("free", domain);
    this.#tag(tagOf(traceOps.free, domain));
    this.#addr(ptr);
  }

  /** What the arena allocator returned; base 0: it failed. Write it before the allocation that caused it. */
  arenaAlloc(size: number, base: number): void {
    this.#checkNumber("arenaAlloc", size);
    this.#checkAddress("arenaAlloc", base);
    this.#tag(traceOps.arenaAlloc);
    this.#uv(size);
    this.#addr(base);
  }

  /** A region given back to the arena allocator. Write it after the free that caused it. */
  arenaFree(base: number, size: number): void {
    this.#checkNumber("arenaFree", size);
    this.#checkAddress("arenaFree", base);
    this.#tag(traceOps.arenaFree);
    this.#addr(base);
    this.#uv(size);
  }

  /** Define a string; returns its id. */
  string(text: string): number {
    const bytes = new TextEncoder().encode(text);
    this.#checkNumber("string", bytes.length);
    this.#tag(traceOps.string);
    this.#uv(bytes.length);
    this.#append(bytes);
    return this.#strings++;
  }

  /** The id of a string that has this text: defined the first time, reused afterwards. */
  intern(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.string(text);
      this.#ids.set(text, id);
    }
    return id;
  }

  /**
   * Define a frame, a node of the call tree; returns its id.
   * @param parent id of the calling frame; -1 for a root
   * @param file id of a string
   * @param functionName id of a string
   */
  frame(parent: number, file: number, functionName: number, line: number): number {
    this.#checkNumber("frame", parent + 1);
    this.#checkNumber("frame", file);
    this.#checkNumber("frame", functionName);
    this.#checkNumber("frame", line);
    this.#checkId("frame", parent, this.#frames);
    this.#checkId("string", file, this.#strings);
    this.#checkId("string", functionName, this.#strings);
    this.#tag(traceOps.frame);
    this.#uv(parent + 1);
    this.#uv(file);
    this.#uv(functionName);
    this.#uv(line);
    return this.#frames++;
  }

  /** Where the following allocations are made: id of a frame; -1: unknown. */
  site(frame: number): void {
    this.#checkNumber("site", frame + 1);
    this.#checkId("frame", frame, this.#frames);
    this.#tag(traceOps.site);
    this.#uv(frame + 1);
  }

  /** Time has passed: microseconds since the previous clock record. */
  clock(microseconds: number): void {
    this.#checkNumber("clock", microseconds);
    this.#tag(traceOps.clock);
    this.#uv(microseconds);
  }

  /** Resident set size of the process now. */
  rss(bytes: number): void {
    this.#checkNumber("rss", bytes);
    this.#tag(traceOps.rss);
    this.#uv(bytes);
  }

  /** A garbage collection begins. */
  gcStart(generation: number): void {
    this.#checkNumber("gcStart", generation);
    this.#tag(traceOps.gcStart);
    this.#uv(generation);
  }

  /** A garbage collection is done. */
  gcStop(generation: number, collected: number, uncollectable: number): void {
    this.#checkNumber("gcStop", generation);
    this.#checkNumber("gcStop", collected);
    this.#checkNumber("gcStop", uncollectable);
    this.#tag(traceOps.gcStop);
    this.#uv(generation);
    this.#uv(collected);
    this.#uv(uncollectable);
  }

  /** A label; its string is defined if need be. */
  marker(label: string): void {
    this.#checkOpen("marker");
    const id = this.intern(label);
    this.#tag(traceOps.marker);
    this.#uv(id);
  }

  /**
   * Write the end record.
   * @returns the trace, or with `flush`, which then gets the last piece, an empty array
   */
  finish(): Uint8Array {
    this.#checkOpen("end");
    const records = this.#records;
    this.#tag(traceOps.end);
    this.#uv(records);
    this.#finished = true;
    this.#handOver();
    const whole = new Uint8Array(this.#done.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of this.#done) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#done.length = 0;
    return whole;
  }

  #checkOpen(what: TraceOpName): void {
    if (this.#finished) throw new PyrenaError("bad-argument", `${what}: the trace is finished`);
  }

  #checkNumber(what: TraceOpName, value: number): void {
    if (this.#finished || !Number.isSafeInteger(value) || value < 0) {
      this.#checkOpen(what);
      throw new PyrenaError("bad-argument", `${what}: ${value} is not a whole number 0 … 2^53 - 1`);
    }
  }

  #checkAddress(what: TraceOpName, value: number): void {
    if (this.#finished || !Number.isInteger(value) || value < 0 || value >= TRACE_ADDRESS_LIMIT) {
      this.#checkOpen(what);
      throw new PyrenaError("bad-argument", `${what}: ${value} is not an address of 48 bits`);
    }
  }

  #checkDomain(what: TraceOpName, domain: Domain): void {
    if (domain !== RAW && domain !== MEM && domain !== OBJ) {
      throw new PyrenaError("unknown-domain", `${what}: no allocator domain ${String(domain)}`);
    }
  }

  #checkId(what: string, id: number, defined: number): void {
    if (id >= defined) {
      throw new PyrenaError(
        "bad-argument",
        `${what} ${id} is not defined: there are ${defined} so far`,
      );
    }
  }

  #tag(tag: number): void {
    if (this.#bytes.length - this.#at < MAX_RECORD_BYTES) this.#handOver();
    this.#bytes[this.#at++] = tag;
    this.#records++;
  }

  #uv(value: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let rest = value;
    // Bit operations reach 32 bits; what is above needs a division.
    while (rest > 0x7fff_ffff) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.#at = at;
  }

  #addr(address: number): void {
    const difference = address - this.#address;
    this.#address = address;
    this.#uv(difference >= 0 ? difference * 2 : -2 * difference - 1);
  }

  /** Append bytes of any number. */
  #append(bytes: Uint8Array): void {
    if (bytes.length > this.#bytes.length - this.#at) {
      this.#handOver();
      if (bytes.length > this.#bytes.length) this.#bytes = new Uint8Array(bytes.length);
    }
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Pass the current piece on and begin another. */
  #handOver(): void {
    const piece = this.#bytes.subarray(0, this.#at);
    this.#bytes = new Uint8Array(this.#finished ? 0 : this.#pieceBytes);
    this.#at = 0;
    if (piece.length === 0) return;
    if (this.#flush === undefined) this.#done.push(piece);
    else this.#flush(piece);
  }
}
