/**
 * A heap that the WebAssembly engine can run: over a WebAssembly.Memory, with the stand-in for the raw allocator in a
 * function table, as a live interpreter has its own.
 */
import {
  type Address,
  HEAP_HEADER_BYTES,
  LinearMemory,
  layoutOf,
  NULL,
  type Profile,
} from "@pyrena/abi";
import {
  blockRecord,
  createPymalloc,
  engineLayout,
  instantiatePymallocEngine,
  type Pymalloc,
  type PymallocEngine,
  type PymallocEngineOptions,
  RECORD_PAGE_SHIFT,
} from "../../src/index.ts";
import { type Layers, type LayersOptions, layers } from "./layers.ts";

/**
 * Imports five functions and exports them again, which makes functions of a table of them:
 * m, (ctx, size) → address; c and r, (ctx, a, b) → address; f, (ctx, address); u, (address) → size.
 */
const reexport = new WebAssembly.Module(
  // biome-ignore format: one section a line
  new Uint8Array([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 24, 4, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 1, 0x7f, 1, 0x7f,
    2, 31, 5, 1, 0x68, 1, 0x6d, 0, 0, 1, 0x68, 1, 0x63, 0, 1, 1, 0x68, 1, 0x72, 0, 1, 1, 0x68, 1, 0x66, 0, 2, 1, 0x68, 1, 0x75, 0, 3,
    7, 21, 5, 1, 0x6d, 0, 0, 1, 0x63, 0, 1, 1, 0x72, 0, 2, 1, 0x66, 0, 3, 1, 0x75, 0, 4,
  ]),
);

/** Context that the stand-in must be given for domain 1, which the tests use; 0 and 2 have no allocator before them. */
export const DOMAIN = 1;
const PREVIOUS_CTX = 0x5eed;

export interface EngineHeap extends Layers {
  readonly pymalloc: Pymalloc;
  readonly wasm: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  /** Where the engine's own state is to lie. */
  readonly engineAt: Address;
  /** Bytes up to which blocks of the raw allocator, and the heap, may lie. */
  readonly rawBytes: number;
  start(options?: Partial<PymallocEngineOptions>): PymallocEngine;
}

export function engineHeap(profile: Profile, options: LayersOptions = {}): EngineHeap {
  const maxBytes = options.maxBytes ?? 16 << 20;
  const rawBytes = options.rawBytes ?? 1 << 19;
  const wasm = new WebAssembly.Memory({ initial: 1, maximum: maxBytes / 65536 });
  const memory = LinearMemory.over(wasm, maxBytes);
  const made = layers(profile, { ...options, maxBytes, rawBytes, memory });
  const { raw } = made;
  const engineAt = raw.malloc(engineLayout.bytes);
  const pymalloc = createPymalloc(made.heap, {
    raw: raw.allocator,
    arenas: made.arenas.allocator,
  });
  const expectCtx = (ctx: number): void => {
    if (ctx !== PREVIOUS_CTX) throw new Error(`the allocator before was called with ctx ${ctx}`);
  };
  const { allocator } = raw;
  const { exports } = new WebAssembly.Instance(reexport, {
    h: {
      m: (ctx: number, size: number): number => {
        expectCtx(ctx);
        return allocator.malloc(raw, size >>> 0);
      },
      c: (ctx: number, nelem: number, elsize: number): number => {
        expectCtx(ctx);
        return allocator.calloc(raw, nelem >>> 0, elsize >>> 0);
      },
      r: (ctx: number, ptr: number, size: number): number => {
        expectCtx(ctx);
        return allocator.realloc(raw, ptr >>> 0, size >>> 0);
      },
      f: (ctx: number, ptr: number): void => {
        expectCtx(ctx);
        allocator.free(raw, ptr >>> 0);
      },
      u: (ptr: number): number => raw.live.get(ptr >>> 0)!,
    },
  });
  const table = new WebAssembly.Table({ element: "anyfunc", initial: 8 });
  for (const [index, name] of ["m", "c", "r", "f", "u"].entries()) {
    table.set(index + 1, exports[name]);
  }
  const start = (more: Partial<PymallocEngineOptions> = {}): PymallocEngine =>
    instantiatePymallocEngine(pymalloc, {
      memory: wasm,
      table,
      state: engineAt,
      previous: [undefined, { ctx: PREVIOUS_CTX, malloc: 1, calloc: 2, realloc: 3, free: 4 }],
      ...more,
    });
  return { ...made, pymalloc, wasm, table, engineAt, rawBytes, start };
}

/** A record of blocks whose pages are taken from the heap's raw allocator, or cannot be had. */
export function recordFor(heap: EngineHeap): {
  readonly root: Address;
  readonly overflow: Set<Address>;
  pages: boolean;
  readonly size: () => number;
  add(address: Address): void;
  delete(address: Address): boolean;
} {
  const { memory, raw } = heap;
  const { at, bytes } = layoutOf(blockRecord, heap.heap.profile.abi);
  const zeroed = (size: number): Address => raw.allocator.calloc(raw, 1, size);
  const root = zeroed(bytes);
  const overflow = new Set<Address>();
  const count = (by: number): void => {
    memory.u32[(root + at.size) >>> 2] += by;
    memory.u32[(root + at.overflow) >>> 2] = overflow.size;
  };
  const record = {
    root,
    overflow,
    pages: true,
    size: (): number => memory.u32[(root + at.size) >>> 2],
    add(address: Address): void {
      const page = record.pages ? zeroed(2 ** RECORD_PAGE_SHIFT / 64) : NULL;
      if (page === NULL) {
        overflow.add(address);
      } else {
        memory.u32[(root >>> 2) + (address >>> RECORD_PAGE_SHIFT)] = page;
        const bit = (address % 2 ** RECORD_PAGE_SHIFT) / 8;
        memory.u8[page + (bit >>> 3)] |= 1 << (bit & 7);
      }
      count(1);
    },
    delete(address: Address): boolean {
      if (!overflow.delete(address)) return false;
      count(-1);
      return true;
    },
  };
  return record;
}

/** All bytes of the heap but the engine's own. */
export function heapBytes(heap: EngineHeap): Buffer {
  const bytes = Buffer.from(heap.memory.buffer.slice(0));
  bytes.fill(0, heap.engineAt, heap.engineAt + engineLayout.bytes);
  return bytes.subarray(HEAP_HEADER_BYTES);
}
