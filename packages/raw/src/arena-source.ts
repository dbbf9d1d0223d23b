/**
 * The arena source: what mmap is to CPython's `_PyObject_Arena`. Regions come from the heap's region manager and go
 * back there, so arenas given back serve as arenas again or become segments of the raw heap.
 *
 * A region of just `profile.pymalloc.arenaBytes` is aligned to that size (to the largest power of two that divides it,
 * should it not be one), hence to pools. Others, such as CPython's 16 KiB data stack chunks from 3.11 on, are aligned
 * to a granule and take whole granules, from gaps between arenas where there are any.
 */
import {
  type Address,
  eventKinds,
  type Heap,
  hex,
  NULL,
  type PyObjectArenaAllocator,
  PyrenaError,
  type StatSource,
  type StatsSink,
} from "@pyrena/abi";
import {
  ALLOCATED,
  ARENA_BYTES,
  ARENA_FAILURES,
  ARENA_STATE_BYTES,
  ARENA_TAG,
  ARENA_VERSION,
  ARENAS,
  FREED,
  PEAK_ARENA_BYTES,
  PEAK_ARENAS,
} from "./arena-layout.ts";
import { openRegions, type RegionOptions, reserveLayerState } from "./open-regions.ts";
import { findRawContext, type RawContext } from "./raw-context.ts";
import { lockRegions, type Regions, underLock, unlockRegions } from "./region-context.ts";
import { ARENA, FREE, runKindNames } from "./region-layout.ts";
import { giveRun, takeAligned, takeRun } from "./regions.ts";
import { kindAt, runLength, runStart } from "./runs.ts";
import { giveBackAll } from "./segments.ts";
import { arenaStats } from "./stats.ts";
import { verifyHeap } from "./verify.ts";
import { walkRuns } from "./walk.ts";

/** Options of {@link createArenaSource} and {@link attachArenaSource}. */
export interface ArenaSourceOptions extends RegionOptions {
  /**
   * Receives `grow` and `shrink` of the memory. On shared memory it is called under the heap's lock and must not call
   * back into the heap.
   */
  readonly sink?: StatsSink | undefined;
}

/** One attachment to a heap's arena source. */
export class ArenaContext {
  declare readonly regions: Regions;
  /** Word index of the state. */
  declare readonly state: number;
  /** The heap's raw allocator, once it has been looked for and found: it may have granules to give back. */
  raw: RawContext | undefined = undefined;

  constructor(regions: Regions, stateAddress: number) {
    this.regions = regions;
    this.state = stateAddress >>> 2;
  }
}

/** A source of aligned regions on a heap; thread-safe where the memory is shared. */
export interface ArenaSource extends PyObjectArenaAllocator<ArenaContext> {
  /** Counters, declared once. */
  readonly stats: StatSource;
  /**
   * Check every invariant of the region manager, and of the raw allocator if the heap has one.
   * @throws PyrenaError `heap-corrupt` naming the invariant and the address
   */
  verify(this: void): void;
}

/**
 * Make a heap's arena source, and its region manager if there is none yet. A heap has one; other workers attach.
 * @throws PyrenaError `bad-argument` if the heap has an arena source already, or its header is not at address 0;
 *   `memory-limit` if the memory is too small
 */
export function createArenaSource(heap: Heap, options: ArenaSourceOptions = {}): ArenaSource {
  if (heap.layers().some((layer) => layer.tag === ARENA_TAG)) {
    throw new PyrenaError(
      "bad-argument",
      "the heap has an arena source already: open it with attachArenaSource",
    );
  }
  const regions = openRegions(heap, options);
  const context = underLock(regions, () => {
    const state = reserveLayerState(regions, ARENA_STATE_BYTES);
    heap.register(ARENA_TAG, state, ARENA_STATE_BYTES, ARENA_VERSION);
    return new ArenaContext(regions, state);
  });
  return structOver(context, options);
}

/**
 * Open the arena source of a heap that has one: made here, in another worker, or before the heap was saved.
 * @throws PyrenaError `not-a-heap` if it has none, or the memory is shorter than the heap; `heap-version`
 */
export function attachArenaSource(heap: Heap, options: ArenaSourceOptions = {}): ArenaSource {
  const entry = heap.layer(ARENA_TAG, ARENA_VERSION);
  return structOver(new ArenaContext(openRegions(heap), entry.address), options);
}

/** What the region manager's kinds of runs are to whoever looks at the memory: free, boot, table, segment, arena. */
const pieceKinds = ["free", "own", "own", "segment", "arena"] as const;

function structOver(ctx: ArenaContext, options: ArenaSourceOptions): ArenaSource {
  ctx.regions.sink = options.sink;
  const shared = ctx.regions.memory.shared;
  return {
    ctx,
    alloc: shared ? lockedAlloc : alloc,
    free: shared ? lockedFree : free,
    stats: arenaStats(ctx),
    walk: (_, visit) =>
      underLock(ctx.regions, () => {
        const { granuleBytes } = ctx.regions;
        walkRuns(ctx.regions, (first, length, kind) =>
          visit(first * granuleBytes, length * granuleBytes, pieceKinds[kind]),
        );
      }),
    verify: () => underLock(ctx.regions, () => verifyHeap(ctx.regions, rawOf(ctx))),
  };
}

/** A region of `size` bytes, rounded up to granules, or NULL. */
function alloc(ctx: ArenaContext, size: number): Address {
  const regions = ctx.regions;
  const state = ctx.state;
  const length = Math.ceil(size / regions.granuleBytes);
  let first = 0;
  if (size > 0 && length < regions.limit) {
    // What the raw heap has free and in one piece is better used than a larger memory, and all it has than none.
    const raw = rawOf(ctx);
    first = take(regions, length, false);
    if (first === 0 && raw !== undefined && giveBackAll(raw, length * regions.granuleBytes)) {
      first = take(regions, length, false);
    }
    if (first === 0) first = take(regions, length, true);
    if (first === 0 && raw !== undefined && giveBackAll(raw, regions.granuleBytes)) {
      first = take(regions, length, true);
    }
  }
  const u32 = regions.memory.u32;
  if (first === 0) {
    u32[state + ARENA_FAILURES]++;
    const sink = regions.sink;
    if (sink !== undefined) sink.event(sink.ctx, eventKinds.outOfMemory, size, 0, 0);
    return NULL;
  }
  const arenas = ++u32[state + ARENAS];
  const bytes = (u32[state + ARENA_BYTES] += length * regions.granuleBytes);
  u32[state + ALLOCATED]++;
  if (arenas > u32[state + PEAK_ARENAS]) u32[state + PEAK_ARENAS] = arenas;
  if (bytes > u32[state + PEAK_ARENA_BYTES]) u32[state + PEAK_ARENA_BYTES] = bytes;
  return first * regions.granuleBytes;
}

/** The heap's raw allocator, which may have come into being after this attachment. */
function rawOf(ctx: ArenaContext): RawContext | undefined {
  ctx.raw ??= findRawContext(ctx.regions);
  return ctx.raw;
}

function take(regions: Regions, length: number, grow: boolean): number {
  return length === regions.arenaGranules
    ? takeAligned(regions, length, ARENA, grow)
    : takeRun(regions, length, length, ARENA, grow);
}

/**
 * Give a region back.
 * @throws PyrenaError `double-free`, or `foreign-pointer` for anything that is not the base and size of a region from
 *   here; nothing has changed then
 */
function free(ctx: ArenaContext, base: Address, size: number): void {
  const regions = ctx.regions;
  const kind = kindAt(regions, base);
  const granule = Math.floor(base / regions.granuleBytes);
  const length = Math.ceil(size / regions.granuleBytes);
  const call = `arena free(${hex(base)}, ${size})`;
  if (kind === FREE && base < regions.memory.byteLength) {
    throw new PyrenaError("double-free", `${call}: there is no region: give each one back once`, {
      address: base,
      size,
    });
  }
  if (
    kind !== ARENA ||
    granule * regions.granuleBytes !== base ||
    runStart(regions, granule) !== granule
  ) {
    throw new PyrenaError(
      "foreign-pointer",
      `${call}: not the base of a region from this source (kind of memory: ${runKindNames[kind]})`,
      { address: base, size },
    );
  }
  if (runLength(regions, granule) !== length) {
    throw new PyrenaError(
      "foreign-pointer",
      `${call}: the region has ${runLength(regions, granule) * regions.granuleBytes} bytes: ` +
        "give it back with the size it was asked for",
      { address: base, size },
    );
  }
  const u32 = regions.memory.u32;
  u32[ctx.state + ARENAS]--;
  u32[ctx.state + ARENA_BYTES] -= length * regions.granuleBytes;
  u32[ctx.state + FREED]++;
  giveRun(regions, granule, length);
}

function lockedAlloc(ctx: ArenaContext, size: number): Address {
  lockRegions(ctx.regions);
  try {
    return alloc(ctx, size);
  } finally {
    unlockRegions(ctx.regions);
  }
}

function lockedFree(ctx: ArenaContext, base: Address, size: number): void {
  lockRegions(ctx.regions);
  try {
    free(ctx, base, size);
  } finally {
    unlockRegions(ctx.regions);
  }
}
