/**
 * Pyrena's pymalloc in the interpreter's memory: one for all the domains that it is installed in, as in CPython. Its
 * arenas come from the C library (libc.ts), its large requests go on to the allocators that were there before
 * (passed-on.ts), and all that it takes of its surroundings it gives back when it is disposed of.
 *
 * The heap header that names its state lies in the same memory, so that another engine or a tool can attach to it:
 * {@link LivePymalloc.heap}.
 */
import {
  type Address,
  type Domain,
  HEAP_HEADER_BYTES,
  Heap,
  type LinearMemory,
  NULL,
  type Profile,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  type StatDeclaration,
  type StatSource,
  type StatsSink,
} from "@pyrena/abi";
import { createPymalloc, type Pymalloc } from "@pyrena/pymalloc";
import type { BlockRecord } from "./block-record.ts";
import { withFreshViews } from "./fresh-views.ts";
import { libcArenas, take } from "./libc.ts";
import type { PyodideModule } from "./module.ts";
import { PassedOn } from "./passed-on.ts";
import type { RequestCounters } from "./requests.ts";

/** What a {@link LivePymalloc} is made of. */
export interface LivePymallocParts {
  readonly module: PyodideModule;
  readonly memory: LinearMemory;
  readonly profile: Profile;
  /** Told of large blocks. */
  readonly record: BlockRecord;
  /** The allocators before it in the domains that it will serve, by number of the domain. */
  readonly previous: readonly PyMemAllocatorEx[];
  readonly counters: RequestCounters;
  readonly sink?: StatsSink | undefined;
  /** Wraps the source of arenas. */
  readonly wrapArenas?: ((next: PyObjectArenaAllocator) => PyObjectArenaAllocator) | undefined;
}

const LIVE = 0;
const PEAK = 1;

/** In the order of `read`. */
const declarations: readonly StatDeclaration[] = [
  {
    name: "liveBytes",
    unit: "bytes",
    kind: "current",
    help: "bytes in live blocks of pools, whole blocks as their size class has them",
  },
  {
    name: "peakLiveBytes",
    unit: "bytes",
    kind: "peak",
    help: "most bytes in live blocks of pools at one time",
  },
  { name: "arenaBytes", unit: "bytes", kind: "current", help: "bytes held in arenas" },
  {
    name: "peakArenaBytes",
    unit: "bytes",
    kind: "peak",
    help: "most bytes held in arenas at one time",
  },
];

/**
 * One pymalloc for some domains of a live interpreter. Its four functions take the number of a domain as their context,
 * and are right for blocks that are older than the installation, too.
 */
export class LivePymalloc implements StatSource {
  readonly layer = "pyodide.pymalloc";
  readonly declarations: readonly StatDeclaration[] = declarations;
  readonly heap: Heap;
  readonly pymalloc: Pymalloc;
  readonly passedOn: PassedOn;
  readonly malloc: (domain: number, size: number) => Address;
  readonly calloc: (domain: number, nelem: number, elsize: number) => Address;
  readonly realloc: (domain: number, ptr: Address, newSize: number) => Address;
  readonly free: (domain: number, ptr: Address) => void;
  readonly #module: PyodideModule;
  readonly #arenaBytes: number;
  readonly #arenas: Set<Address> = new Set();
  #peakArenas = 0;
  /** Bytes in live blocks of pools: now, and at most so far. */
  readonly gauge: Float64Array = new Float64Array(2);
  /** Called before any figure is read: to fetch those of the WebAssembly engine, and fresh views. */
  pull: (() => void) | undefined;

  /** @throws PyrenaError `memory-limit` if there is no room for its state */
  constructor(parts: LivePymallocParts) {
    const { module, memory, profile, previous } = parts;
    this.#module = module;
    this.#arenaBytes = profile.pymalloc.arenaBytes;
    const passedOn = new PassedOn(
      parts.record,
      profile.pymalloc.threshold,
      previous,
      parts.counters,
      usableSizes(module, previous),
    );
    this.passedOn = passedOn;
    const base = take(module, memory, 16, HEAP_HEADER_BYTES);
    if (base === NULL) {
      throw new PyrenaError(
        "memory-limit",
        "no room for a heap header in the interpreter's memory",
      );
    }
    this.heap = Heap.create(memory, profile, base);
    const arenas = this.#countArenas(libcArenas(module, memory, profile.pymalloc.poolBytes));
    let created: Pymalloc;
    try {
      created = passedOn.creating(() =>
        createPymalloc(this.heap, {
          raw: passedOn.struct,
          arenas: parts.wrapArenas?.(arenas) ?? arenas,
          sink: parts.sink,
        }),
      );
    } catch (error) {
      module._free(base);
      throw error;
    }

    this.pymalloc = withFreshViews(created, memory);
    const { ctx, malloc, calloc, realloc, free, walker } = created;
    const { threshold, alignmentShift } = ctx;
    const gauge = this.gauge;
    const blockBytes = (size: number): number =>
      (((size - 1) >>> alignmentShift) + 1) << alignmentShift;
    const grow = (bytes: number): void => {
      const live = gauge[LIVE] + bytes;
      gauge[LIVE] = live;
      if (live > gauge[PEAK]) gauge[PEAK] = live;
    };
    const sizeInPool = (ptr: Address): number => (walker.owns(ptr) ? walker.usableSize(ptr) : 0);

    this.malloc = (domain, size) => {
      passedOn.domain = domain;
      const address = malloc(ctx, size);
      if (size > 0 && size <= threshold && address !== NULL) grow(blockBytes(size));
      return address;
    };
    this.calloc = (domain, nelem, elsize) => {
      passedOn.domain = domain;
      const size = nelem * elsize;
      const address = calloc(ctx, nelem, elsize);
      if (size > 0 && size <= threshold && address !== NULL) grow(blockBytes(size));
      return address;
    };
    this.realloc = (domain, ptr, newSize) => {
      passedOn.domain = domain;
      const before = sizeInPool(ptr);
      const address = realloc(ctx, ptr, newSize);
      if (address !== NULL && address !== ptr) grow(sizeInPool(address) - before);
      return address;
    };
    this.free = (domain, ptr) => {
      passedOn.domain = domain;
      gauge[LIVE] -= sizeInPool(ptr);
      free(ctx, ptr);
    };
    passedOn.listener = {
      // It was counted by its size, which is all that is known above; and it is in no pool.
      smallPassedOn: (size) => {
        gauge[LIVE] -= blockBytes(size);
      },
      // pymalloc counts what it passes on; this block was never counted when it was taken.
      foreignFreed: () => {
        memory.u32[ctx.rawAllocatedBlocksWord] += 1;
      },
    };
  }

  /** The allocator struct of a domain. */
  structFor(domain: Domain): PyMemAllocatorEx<number> {
    const { malloc, calloc, realloc, free, pymalloc } = this;
    return { ctx: domain, malloc, calloc, realloc, free, walker: pymalloc.walker };
  }

  /** Bytes in live blocks of pools, whole blocks as their size class has them. */
  get liveBytes(): number {
    this.pull?.();
    return this.gauge[LIVE];
  }

  /** The most of these at one time. */
  get peakLiveBytes(): number {
    this.pull?.();
    return this.gauge[PEAK];
  }

  /** Bytes held in arenas. */
  get arenaBytes(): number {
    return this.#arenas.size * this.#arenaBytes;
  }

  /** The most of these at one time. */
  get peakArenaBytes(): number {
    return this.#peakArenas * this.#arenaBytes;
  }

  read(index: number): number {
    return [this.liveBytes, this.peakLiveBytes, this.arenaBytes, this.peakArenaBytes][index]!;
  }

  /** Number of live blocks in pools. Visits every pool. */
  liveBlocks(): number {
    this.pull?.();
    let blocks = 0;
    this.pymalloc.walker.walk({
      pool: (_base, _bytes, _sizeClass, _blockBytes, inUse) => {
        blocks += inUse;
        return false;
      },
    });
    return blocks;
  }

  /** Give everything back: arenas, tables, heap header. There must be no live block. */
  dispose(): void {
    for (const base of this.#arenas) this.#module._free(base);
    this.#arenas.clear();
    this.passedOn.dispose();
    this.#module._free(this.heap.base);
  }

  #countArenas(next: PyObjectArenaAllocator): PyObjectArenaAllocator {
    const held = this.#arenas;
    return {
      ctx: next.ctx,
      alloc: (ctx, size) => {
        const base = next.alloc(ctx, size);
        if (base !== NULL) {
          held.add(base);
          this.#peakArenas = Math.max(this.#peakArenas, held.size);
        }
        return base;
      },
      free: (ctx, base, size) => {
        held.delete(base);
        next.free(ctx, base, size);
      },
    };
  }
}

/**
 * The C library's own answer to the size of a block, if the allocators before us are the C library's: told by asking,
 * since nothing else tells. Hooks of any kind shift the block, and then the answer is nonsense.
 */
function usableSizes(
  module: PyodideModule,
  previous: readonly PyMemAllocatorEx[],
): ((address: Address) => number) | undefined {
  const usableSize = module._malloc_usable_size;
  if (usableSize === undefined) return undefined;
  const direct = previous.every((allocator) =>
    [600, 1000, 5000].every((size) => {
      const address = allocator.malloc(allocator.ctx, size);
      if (address === NULL) return false;
      const usable = usableSize(address);
      allocator.free(allocator.ctx, address);
      return usable >= size && usable < size + 32;
    }),
  );
  return direct ? (address) => usableSize(address) : undefined;
}
