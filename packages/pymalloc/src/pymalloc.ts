/**
 * pymalloc: CPython's allocator for requests of up to 512 bytes (`Objects/obmalloc.c`, 3.8 to 3.15), on one linear
 * memory.
 *
 *     request of n bytes ── n = 0 or n > threshold ──→ raw allocator
 *          │ size class (size-class.ts)
 *          ↓
 *     used pools of the class (state.ts) ── the front pool's first free block is the answer (malloc.ts)
 *          │ none
 *          ↓
 *     first usable arena (usable-arenas.ts) ── its last emptied pool, or a new one carved from it (free-pools.ts)
 *          │ none
 *          ↓
 *     arena source ── one more arena (arena-vector.ts); none: raw allocator
 *
 * and back: a freed block goes to the front of its pool's list; a pool without live blocks goes back to its arena; an
 * arena without used pools goes back to the arena source (free.ts). Every choice is made as CPython makes it: given
 * the same arena addresses and the same calls, the same addresses come back, always.
 *
 * All state lies in linear memory: pool headers in the arenas (pool.ts), records of arenas (arena.ts), lists and
 * counters (state.ts) and the address map (address-map.ts) in memory from the raw allocator. So a heap can be saved as
 * bytes, attached elsewhere, and driven by another engine in turn.
 *
 * Not for several threads at once (law A8): as in CPython, the caller holds the GIL.
 */
import {
  type Address,
  type Heap,
  type HeapWalker,
  hex,
  NULL,
  type PyMemAllocatorEx,
  PyrenaError,
  type StatSource,
  type StatsSink,
} from "@pyrena/abi";
import { initAddressMap } from "./address-map.ts";
import { PymallocContext, type PymallocOptions } from "./context.ts";
import { Geometry } from "./geometry.ts";
import { operationsOf } from "./operations.ts";
import { STATE_TAG, STATE_VERSION, stateLayout } from "./state.ts";
import { pymallocStats } from "./stats.ts";
import { initUsedPools } from "./used-pools.ts";
import { pymallocWalker } from "./walk.ts";

/** A pymalloc: an allocator struct whose inside can be looked at. */
export interface Pymalloc extends PyMemAllocatorEx<PymallocContext> {
  readonly walker: HeapWalker;
  readonly stats: StatSource;
  /** Is told of arenas obtained, refused and given back; may be set and removed at any time. */
  sink: StatsSink | undefined;
}

/**
 * A new pymalloc for the heap's profile. It takes its state from `options.raw` and enters it into the heap's directory.
 * @throws PyrenaError `bad-argument` for a profile whose geometry does not work, `memory-limit` if the raw allocator
 *   has no room for the state, `directory-full`
 */
export function createPymalloc(heap: Heap, options: PymallocOptions): Pymalloc {
  const { memory, profile } = heap;
  const slots = Math.ceil(memory.maxByteLength / new Geometry(profile).arenaBytes);
  const { at, bytes } = stateLayout(profile, slots);
  const { raw } = options;
  const state = raw.calloc(raw.ctx, 1, bytes);
  if (state === NULL) {
    throw new PyrenaError(
      "memory-limit",
      `createPymalloc: the raw allocator has no room for the state (${bytes} bytes)`,
      { size: bytes },
    );
  }
  try {
    heap.register(STATE_TAG, state, bytes, STATE_VERSION);
  } catch (error) {
    raw.free(raw.ctx, state);
    throw error;
  }
  const ctx = new PymallocContext(heap, state, slots, options);
  memory.u32[(state + at.address_map_slots) >>> 2] = slots;
  initUsedPools(ctx);
  initAddressMap(ctx);
  return new PymallocStruct(ctx);
}

/**
 * The pymalloc that a heap has already: made here, in another worker, or before the heap was saved.
 * @param options the layers around it, attached likewise
 * @param state which one, by the address of its state, in a heap that has several; default: the first
 * @throws PyrenaError `not-a-heap` if the heap has none, `heap-version` if its layout is another one
 */
export function attachPymalloc(heap: Heap, options: PymallocOptions, state?: Address): Pymalloc {
  const { memory, profile } = heap;
  const entry =
    state === undefined
      ? heap.layer(STATE_TAG, STATE_VERSION)
      : heap.layers().find((layer) => layer.tag === STATE_TAG && layer.address === state);
  if (entry === undefined) {
    throw new PyrenaError(
      "not-a-heap",
      `the heap has no pymalloc with its state at ${hex(state!)}`,
    );
  }
  // The number of slots lies before all tables, so its place does not depend on itself.
  const at = entry.address + stateLayout(profile, 0).at.address_map_slots;
  const slots = memory.u32[at >>> 2];
  const { bytes } = stateLayout(profile, slots);
  if (entry.version !== STATE_VERSION || entry.bytes !== bytes) {
    throw new PyrenaError(
      "heap-version",
      `pymalloc's state at ${hex(entry.address)} has version ${entry.version} and ${entry.bytes} bytes; ` +
        `this Pyrena reads version ${STATE_VERSION} with ${bytes} bytes for profile ${profile.name}`,
    );
  }
  return new PymallocStruct(new PymallocContext(heap, entry.address, slots, options));
}

/** A class, because objects with accessors of their own are slow to read from. */
class PymallocStruct implements Pymalloc {
  readonly ctx: PymallocContext;
  readonly malloc: Pymalloc["malloc"];
  readonly calloc: Pymalloc["calloc"];
  readonly realloc: Pymalloc["realloc"];
  readonly free: Pymalloc["free"];
  readonly walker: HeapWalker;
  readonly stats: StatSource;

  constructor(ctx: PymallocContext) {
    const { malloc, calloc, realloc, free } = operationsOf(ctx.profile);
    this.ctx = ctx;
    this.malloc = malloc;
    this.calloc = calloc;
    this.realloc = realloc;
    this.free = free;
    this.walker = pymallocWalker(ctx);
    this.stats = pymallocStats(ctx);
  }

  get sink(): StatsSink | undefined {
    return this.ctx.sink;
  }

  set sink(sink: StatsSink | undefined) {
    this.ctx.sink = sink;
  }
}
