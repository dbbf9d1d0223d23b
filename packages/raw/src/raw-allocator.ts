/**
 * The raw allocator: what libc's malloc is to CPython. It serves the RAW domain and everything that pymalloc does not
 * take, over 512 bytes.
 *
 *     malloc, free, realloc       malloc.ts  free.ts  realloc.ts
 *       chunks and their bins     chunk.ts  bins.ts  raw-layout.ts
 *       segments                  segments.ts
 *     regions (granules)          regions.ts  runs.ts  free-runs.ts  region-growth.ts  region-layout.ts
 *     linear memory               @pyrena/abi
 *
 * Chunks with boundary tags are joined with free neighbours at once; free ones are kept in two-level bins, so that
 * every call takes constant time in the worst case, but for copying and clearing the caller's bytes and for obtaining
 * regions (see `regions.ts`). Of the chunks that are large enough a smallest one is taken, to within 1/32.
 */
import {
  type Address,
  type Heap,
  type HeapWalker,
  type PyMemAllocatorEx,
  PyrenaError,
  type StatSource,
  type StatsSink,
} from "@pyrena/abi";
import { LIVE, NEXT, PREV } from "./chunk.ts";
import { free } from "./free.ts";
import { calloc, malloc } from "./malloc.ts";
import { openRegions, type RegionOptions, reserveLayerState } from "./open-regions.ts";
import { RawContext } from "./raw-context.ts";
import {
  FRESH,
  LEVEL_BINS,
  LEVELS,
  NODES,
  NOTHING,
  RAW_STATE_BYTES,
  RAW_TAG,
  RAW_VERSION,
  TOP,
  VICTIM,
} from "./raw-layout.ts";
import { realloc } from "./realloc.ts";
import { lockRegions, underLock, unlockRegions } from "./region-context.ts";
import { SEGMENT } from "./region-layout.ts";
import { giveBackAll } from "./segments.ts";
import { rawStats } from "./stats.ts";
import { verifyHeap } from "./verify.ts";
import { liesIn, usableSize, walkSegments } from "./walk.ts";

/** Options of {@link createRawAllocator} and {@link attachRawAllocator}. */
export interface RawOptions extends RegionOptions {
  /**
   * Receives `grow` and `shrink` of the memory and `outOfMemory`. On shared memory it is called under the heap's lock
   * and must not call back into the heap.
   */
  readonly sink?: StatsSink | undefined;
}

/** A general-purpose allocator on a heap; thread-safe where the memory is shared. */
export interface RawAllocator extends PyMemAllocatorEx<RawContext> {
  /** Look inside: segments and blocks, `owns`, `usableSize`, `verify`. */
  readonly walker: HeapWalker;
  /** Counters, declared once. */
  readonly stats: StatSource;
  /**
   * Give everything back to the region manager that covers whole granules, as `malloc_trim` does.
   * @returns whether there was anything
   */
  trim(this: void): boolean;
}

/**
 * Make a heap's raw allocator, and its region manager if there is none yet. A heap has one; other workers attach.
 * @throws PyrenaError `bad-argument` if the heap has a raw allocator already, or its header is not at address 0;
 *   `memory-limit` if the memory is too small
 */
export function createRawAllocator(heap: Heap, options: RawOptions = {}): RawAllocator {
  if (heap.layers().some((layer) => layer.tag === RAW_TAG)) {
    throw new PyrenaError(
      "bad-argument",
      "the heap has a raw allocator already: open it with attachRawAllocator",
    );
  }
  const regions = openRegions(heap, options);
  const context = underLock(regions, () => {
    const address = reserveLayerState(regions, RAW_STATE_BYTES);
    layOut(heap.memory.u32, address >>> 2);
    heap.register(RAW_TAG, address, RAW_STATE_BYTES, RAW_VERSION);
    return new RawContext(regions, address);
  });
  return structOver(context, options);
}

/**
 * Open the raw allocator of a heap that has one: made here, in another worker, or before the heap was saved.
 * @throws PyrenaError `not-a-heap` if it has none, or the memory is shorter than the heap; `heap-version`
 */
export function attachRawAllocator(heap: Heap, options: RawOptions = {}): RawAllocator {
  const entry = heap.layer(RAW_TAG, RAW_VERSION);
  return structOver(new RawContext(openRegions(heap), entry.address), options);
}

/** Write the state of an allocator that holds nothing. */
function layOut(u32: Uint32Array, state: number): void {
  const nothing = 4 * (state + NOTHING);
  u32[state + NOTHING] = LIVE;
  u32[state + TOP] = nothing;
  u32[state + FRESH] = nothing;
  u32[state + VICTIM] = nothing;
  for (let bin = 0; bin < LEVELS * LEVEL_BINS; bin++) {
    const node = state + 2 * bin + NODES;
    u32[node + NEXT] = 4 * node;
    u32[node + PREV] = 4 * node;
  }
}

function structOver(ctx: RawContext, options: RawOptions): RawAllocator {
  ctx.sink = options.sink;
  ctx.regions.sink = options.sink;
  const shared = ctx.memory.shared;
  const stats = rawStats(ctx);
  // On shared memory walking, counting and checking hold the heap's lock from beginning to end.
  const locked = <Result>(body: () => Result): Result => underLock(ctx.regions, body);
  return {
    ctx,
    malloc: shared ? lockedMalloc : malloc,
    calloc: shared ? lockedCalloc : calloc,
    realloc: shared ? lockedRealloc : realloc,
    free: shared ? lockedFree : free,
    walker: {
      name: "malloc",
      walk: (visitor) => locked(() => walkSegments(ctx, visitor)),
      owns: (address) => locked(() => liesIn(ctx.regions, address, SEGMENT)),
      usableSize: (address) => locked(() => usableSize(ctx, address)),
      verify: () => locked(() => verifyHeap(ctx.regions, ctx)),
    },
    stats: { ...stats, read: (index) => locked(() => stats.read(index)) },
    trim: () => locked(() => giveBackAll(ctx, ctx.regions.granuleBytes)),
  };
}

function lockedMalloc(ctx: RawContext, size: number): Address {
  lockRegions(ctx.regions);
  try {
    return malloc(ctx, size);
  } finally {
    unlockRegions(ctx.regions);
  }
}

function lockedCalloc(ctx: RawContext, nelem: number, elsize: number): Address {
  lockRegions(ctx.regions);
  try {
    return calloc(ctx, nelem, elsize);
  } finally {
    unlockRegions(ctx.regions);
  }
}

function lockedRealloc(ctx: RawContext, ptr: Address, newSize: number): Address {
  lockRegions(ctx.regions);
  try {
    return realloc(ctx, ptr, newSize);
  } finally {
    unlockRegions(ctx.regions);
  }
}

function lockedFree(ctx: RawContext, ptr: Address): void {
  lockRegions(ctx.regions);
  try {
    free(ctx, ptr);
  } finally {
    unlockRegions(ctx.regions);
  }
}
