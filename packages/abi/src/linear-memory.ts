/**
 * One linear memory: typed views over a buffer that can grow.
 *
 * One class serves every kind of buffer, so that hot code which reads `memory.u32` stays monomorphic in a process
 * with several heaps. The views are replaced when the buffer grows, shrinks or is replaced; therefore
 *
 *     read the view from the memory object again after anything that can allocate.
 *
 * | backing           | grows                    | shrinks | shared between workers |
 * |-------------------|--------------------------|---------|------------------------|
 * | wasm              | up to its maximum        | no      | no                     |
 * | wasm-shared       | up to its maximum        | no      | yes                    |
 * | fixed             | no                       | no      | no                     |
 * | resizable         | up to `maxByteLength`    | yes     | no                     |
 * | shared            | no                       | no      | yes                    |
 * | shared-growable   | up to `maxByteLength`    | no      | yes                    |
 * | host              | as the host decides      | no      | as the host says       |
 */
import { ADDRESS_LIMIT, alignDown, alignUp, PAGE_BYTES } from "./address.ts";
import { PyrenaError } from "./errors.ts";

/** Kind of buffer below a {@link LinearMemory}; the table above says what each can do. */
export type Backing =
  | "wasm"
  | "wasm-shared"
  | "fixed"
  | "resizable"
  | "shared"
  | "shared-growable"
  | "host";

/** What {@link LinearMemory.create} makes. */
export interface LinearMemoryOptions {
  /** Kind of buffer; default `wasm`. */
  readonly backing?: Exclude<Backing, "host">;
  /** Size at the start, in bytes, rounded up to {@link PAGE_BYTES}. Default 1 MiB. */
  readonly bytes?: number;
  /** Size it may grow to, in bytes, rounded up to {@link PAGE_BYTES}. Default 1 GiB; ignored by fixed backings. */
  readonly maxBytes?: number;
}

/**
 * A buffer owned by somebody else who may replace it at any time: the memory of a live CPython, say.
 * The functions are called seldom; the views are cached.
 */
export interface MemoryHost {
  /** The buffer as it is now. */
  buffer(): ArrayBufferLike;
  /** Make the buffer at least so many bytes long; false if that cannot be done. */
  grow(byteLength: number): boolean;
  /** The most bytes that `grow` can reach. */
  readonly maxByteLength: number;
}

/** A buffer as `LinearMemory.over` takes it. */
export type MemorySource = WebAssembly.Memory | ArrayBufferLike | MemoryHost;

/** Typed views over one buffer, and its growth. */
export class LinearMemory {
  readonly backing: Backing;
  /** Whether other workers can see the same bytes. */
  readonly shared: boolean;
  /** The most bytes that {@link grow} can reach. */
  readonly maxByteLength: number;
  /** What to hand to another worker (`postMessage`), or undefined where the buffer cannot be shared. */
  readonly transferable: WebAssembly.Memory | SharedArrayBuffer | undefined;
  /** What WebAssembly code imports to work on the same bytes, or undefined for other backings. */
  readonly wasm: WebAssembly.Memory | undefined;

  buffer: ArrayBufferLike;
  /** Bytes reachable now. */
  byteLength: number;
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f64: Float64Array;

  readonly #host: MemoryHost;
  readonly #shrink: ((byteLength: number) => void) | undefined;

  private constructor(
    backing: Backing,
    host: MemoryHost,
    transferable: WebAssembly.Memory | SharedArrayBuffer | undefined,
    shrink: ((byteLength: number) => void) | undefined,
    wasm?: WebAssembly.Memory,
  ) {
    this.backing = backing;
    this.#host = host;
    this.#shrink = shrink;
    this.transferable = transferable;
    this.wasm = wasm;
    this.maxByteLength = Math.min(host.maxByteLength, ADDRESS_LIMIT);
    const buffer = host.buffer();
    this.shared = typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
    this.buffer = buffer;
    this.byteLength = buffer.byteLength;
    // Lengths are divided, not shifted: `>>>` makes 0 of the 2^32 bytes of a full memory.
    this.u8 = new Uint8Array(buffer, 0, buffer.byteLength);
    this.u16 = new Uint16Array(buffer, 0, Math.floor(buffer.byteLength / 2));
    this.u32 = new Uint32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.i32 = new Int32Array(buffer, 0, Math.floor(buffer.byteLength / 4));
    this.f64 = new Float64Array(buffer, 0, Math.floor(buffer.byteLength / 8));
  }

  /**
   * A new memory of the given kind, all bytes 0.
   * @throws PyrenaError `bad-argument` for sizes that are not positive, exceed 4 GiB, or a maximum below the size;
   *   `memory-limit` if the engine has no room for it
   */
  static create(options: LinearMemoryOptions = {}): LinearMemory {
    const backing = options.backing ?? "wasm";
    const bytes = pageMultiple("bytes", options.bytes ?? 1 << 20);
    const maxBytes = pageMultiple("maxBytes", options.maxBytes ?? Math.max(bytes, 1 << 30));
    if (maxBytes < bytes && backing !== "fixed" && backing !== "shared") {
      throw new PyrenaError(
        "bad-argument",
        `maxBytes (${maxBytes}) is below bytes (${bytes}): pass a maximum of at least the initial size`,
      );
    }
    try {
      return LinearMemory.over(newBuffer(backing, bytes, maxBytes), maxBytes);
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new PyrenaError(
        "memory-limit",
        `the engine has no room for a ${backing} memory of ${bytes} bytes, at most ${maxBytes}: ${cause.message}`,
        { size: bytes, cause },
      );
    }
  }

  /**
   * A memory over an existing buffer; nothing is written to it.
   * @param maxBytes for a `WebAssembly.Memory`, which does not tell its own maximum: the most to grow to, in bytes.
   *   Default 4 GiB; the engine refuses earlier where the memory was declared smaller
   */
  static over(source: MemorySource, maxBytes: number = ADDRESS_LIMIT): LinearMemory {
    if (source instanceof WebAssembly.Memory) {
      const memory = source;
      const shared = !(memory.buffer instanceof ArrayBuffer);
      const host: MemoryHost = {
        buffer: () => memory.buffer,
        // It grows by whole pages, and may be larger already.
        maxByteLength: Math.max(memory.buffer.byteLength, alignDown(maxBytes, PAGE_BYTES)),
        grow: (byteLength) => {
          const missing = byteLength - memory.buffer.byteLength;
          if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
          return true;
        },
      };
      return new LinearMemory(
        shared ? "wasm-shared" : "wasm",
        host,
        shared ? memory : undefined,
        undefined,
        memory,
      );
    }
    if (source instanceof ArrayBuffer) {
      const buffer = source;
      const resizable = buffer.resizable === true;
      return new LinearMemory(
        resizable ? "resizable" : "fixed",
        {
          buffer: () => buffer,
          maxByteLength: resizable ? buffer.maxByteLength : buffer.byteLength,
          grow: (byteLength) => {
            if (resizable) buffer.resize(byteLength);
            return resizable;
          },
        },
        undefined,
        resizable ? (byteLength) => buffer.resize(byteLength) : undefined,
      );
    }
    if (typeof SharedArrayBuffer !== "undefined" && source instanceof SharedArrayBuffer) {
      const buffer = source;
      const growable = buffer.growable === true;
      return new LinearMemory(
        growable ? "shared-growable" : "shared",
        {
          buffer: () => buffer,
          maxByteLength: growable ? buffer.maxByteLength : buffer.byteLength,
          grow: (byteLength) => {
            // Another worker may have grown it further in the meantime; growing never makes it smaller.
            if (growable && byteLength > buffer.byteLength) buffer.grow(byteLength);
            return growable;
          },
        },
        buffer,
        undefined,
      );
    }
    const host = source as MemoryHost;
    if (typeof host?.buffer === "function" && typeof host.grow === "function") {
      return new LinearMemory("host", host, undefined, undefined);
    }
    throw new PyrenaError(
      "bad-argument",
      "LinearMemory.over takes a WebAssembly.Memory, an ArrayBuffer, a SharedArrayBuffer or a MemoryHost",
    );
  }

  /**
   * Grow to at least `byteLength` bytes, rounded up to {@link PAGE_BYTES} (never beyond the maximum). New bytes are 0.
   * @returns whether that many bytes are reachable now; false leaves everything as it was
   */
  grow(byteLength: number): boolean {
    this.refresh();
    if (byteLength <= this.byteLength) return true;
    if (!(byteLength <= this.maxByteLength)) return false;
    try {
      if (!this.#host.grow(Math.min(alignUp(byteLength, PAGE_BYTES), this.maxByteLength)))
        return false;
    } catch {
      // Engines throw RangeError where the address space or a declared maximum is exhausted.
      this.refresh();
      return this.byteLength >= byteLength;
    }
    this.refresh();
    return this.byteLength >= byteLength;
  }

  /**
   * Give the tail back, where the backing can (`resizable`).
   * @param byteLength what to keep, in bytes, rounded up to {@link PAGE_BYTES}
   * @returns whether the memory is smaller now
   */
  shrink(byteLength: number): boolean {
    if (this.#shrink === undefined || !(byteLength >= 0)) return false;
    // Another view of the buffer may have resized it.
    this.refresh();
    const target = alignUp(Math.ceil(byteLength), PAGE_BYTES);
    if (!(target < this.byteLength)) return false;
    this.#shrink(target);
    return this.refresh();
  }

  /**
   * Take notice of a buffer that somebody else has grown, shrunk or replaced: call it before using an address that
   * came from another worker.
   * @returns whether the views were replaced
   */
  refresh(): boolean {
    const buffer = this.#host.buffer();
    // A growable buffer keeps its identity, a detached one keeps neither: compare both.
    if (buffer === this.buffer && buffer.byteLength === this.byteLength) return false;
    const byteLength = buffer.byteLength;
    this.buffer = buffer;
    this.byteLength = byteLength;
    this.u8 = new Uint8Array(buffer, 0, byteLength);
    this.u16 = new Uint16Array(buffer, 0, Math.floor(byteLength / 2));
    this.u32 = new Uint32Array(buffer, 0, Math.floor(byteLength / 4));
    this.i32 = new Int32Array(buffer, 0, Math.floor(byteLength / 4));
    this.f64 = new Float64Array(buffer, 0, Math.floor(byteLength / 8));
    return true;
  }
}

function newBuffer(
  backing: Exclude<Backing, "host">,
  bytes: number,
  maxBytes: number,
): MemorySource {
  switch (backing) {
    case "wasm":
    case "wasm-shared":
      return new WebAssembly.Memory({
        initial: bytes / PAGE_BYTES,
        maximum: maxBytes / PAGE_BYTES,
        shared: backing === "wasm-shared",
      });
    case "fixed":
      return new ArrayBuffer(bytes);
    case "resizable":
      return new ArrayBuffer(bytes, { maxByteLength: maxBytes });
    case "shared":
      return new SharedArrayBuffer(bytes);
    case "shared-growable":
      return new SharedArrayBuffer(bytes, { maxByteLength: maxBytes });
    default:
      throw new PyrenaError(
        "bad-argument",
        `unknown backing '${String(backing)}': see the Backing type`,
      );
  }
}

function pageMultiple(name: string, bytes: number): number {
  if (!Number.isFinite(bytes) || bytes <= 0 || bytes > ADDRESS_LIMIT) {
    throw new PyrenaError(
      "bad-argument",
      `${name} must be 1 … ${ADDRESS_LIMIT} bytes (4 GiB), not ${bytes}`,
    );
  }
  return alignUp(Math.ceil(bytes), PAGE_BYTES);
}
