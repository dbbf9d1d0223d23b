/** Makes the calls of a trace to an allocator, and sees what it costs. */
import {
  type AllocatorFactory,
  Heap,
  LinearMemory,
  OBJ,
  type PyMemAllocatorEx,
  profileFor,
} from "@pyrena/abi";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { Ledger, type MemoryMap, mapOf } from "./ledger.ts";
import { ops, type Trace } from "./trace.ts";

/** The most that the memory may grow to, in bytes. */
const MEMORY_LIMIT = 1 << 27;
/** Moments at which the memory is drawn, the start among them. */
export const MOMENTS = 21;
/** A map has about so many cells. */
const CELLS = 1024;

/** What stands at one moment. */
export interface Moment {
  /** Calls made so far. */
  readonly calls: number;
  readonly liveBlocks: number;
  /** Bytes that were asked for in them. */
  readonly liveBytes: number;
  /** Bytes that the allocator holds of the memory below it. */
  readonly heldBytes: number;
  readonly map: MemoryMap;
}

/** What a trace cost. */
export interface Cost {
  readonly moments: readonly Moment[];
  readonly peakLiveBytes: number;
  readonly peakHeldBytes: number;
  /** How often the allocator asked the one below it for memory. */
  readonly obtained: number;
  /** Requests that were answered with NULL. */
  readonly refused: number;
  /** Blocks whose first or last byte was not what the program had put there. */
  readonly damaged: number;
  /** Nanoseconds a call, in the quickest run. */
  readonly nanoseconds: number;
}

/** A heap with nothing in it but the allocator. */
interface Bench {
  readonly memory: LinearMemory;
  readonly ledger: Ledger;
  readonly allocator: PyMemAllocatorEx;
}

export type Maker = "pymalloc" | AllocatorFactory;

function bench(maker: Maker): Bench {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: MEMORY_LIMIT });
  const heap = Heap.create(memory, profileFor("3.13", "lp64"));
  const ledger = new Ledger();
  const raw = ledger.watch(createRawAllocator(heap));
  if (maker !== "pymalloc")
    return { memory, ledger, allocator: maker(raw, { memory, domain: OBJ }) };
  const arenas = ledger.watchArenas(createArenaSource(heap));
  // Its own records come from the allocator below, too: they are a part of what it holds.
  return { memory, ledger, allocator: createPymalloc(heap, { raw, arenas }) };
}

/** What becomes of each call, for those who look on. */
interface Books {
  readonly addresses: Float64Array;
  readonly sizes: Float64Array;
  refused: number;
}

/** Make one call. @returns the block's address, 0 where there is none */
function call({ allocator }: Bench, trace: Trace, at: number, books: Books): number {
  const { ctx } = allocator;
  const op = trace.calls[at];
  const slot = trace.calls[at + 1];
  const bytes = trace.calls[at + 2];
  const old = books.addresses[slot];
  if (op === ops.free) {
    allocator.free(ctx, old);
    books.addresses[slot] = 0;
    return 0;
  }
  const block =
    op === ops.malloc
      ? allocator.malloc(ctx, bytes)
      : op === ops.calloc
        ? allocator.calloc(ctx, 1, bytes)
        : allocator.realloc(ctx, old, bytes);
  if (block === 0) {
    books.refused++;
    return old;
  }
  books.addresses[slot] = block;
  books.sizes[slot] = bytes;
  return block;
}

const booksFor = (trace: Trace): Books => ({
  addresses: new Float64Array(trace.slots),
  sizes: new Float64Array(trace.slots),
  refused: 0,
});

/** Nanoseconds a call, of the quickest of some runs on fresh heaps. */
function time(maker: Maker, trace: Trace, runs: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const fresh = bench(maker);
    const books = booksFor(trace);
    const begin = performance.now();
    for (let at = 0; at < trace.calls.length; at += 3) call(fresh, trace, at, books);
    best = Math.min(best, performance.now() - begin);
  }
  return (best * 1e6) / (trace.calls.length / 3);
}

/**
 * Make the calls once, keeping books.
 * @param cellBytes scale of the maps; 0: none are drawn
 */
function look(maker: Maker, trace: Trace, cellBytes: number): Omit<Cost, "nanoseconds"> {
  const fresh = bench(maker);
  const { memory, ledger } = fresh;
  const books = booksFor(trace);
  const { addresses, sizes } = books;
  /** Write the slot's tag into the block's first and last byte, or see whether it is there. */
  const tag = (address: number, slot: number, set: boolean): boolean => {
    if (sizes[slot] === 0) return true;
    const { u8 } = memory;
    const byte = (slot * 7 + 1) & 0xff;
    const last = address + sizes[slot] - 1;
    if (set) u8[address] = u8[last] = byte;
    return u8[address] === byte && u8[last] === byte;
  };
  const count = trace.calls.length / 3;
  const moments: Moment[] = [];
  let damaged = 0;
  let liveBlocks = 0;
  let liveBytes = 0;
  let peakLiveBytes = 0;
  const note = (calls: number): void => {
    const map = mapOf(ledger, addresses, sizes, cellBytes);
    moments.push({ calls, liveBlocks, liveBytes, heldBytes: ledger.held, map });
  };
  const every = cellBytes === 0 ? Number.POSITIVE_INFINITY : count / (MOMENTS - 1);
  for (let n = 0; n < count; n++) {
    if (n >= Math.round(moments.length * every)) note(n);
    const slot = trace.calls[3 * n + 1];
    const old = addresses[slot];
    if (old !== 0) {
      if (!tag(old, slot, false)) damaged++;
      liveBlocks--;
      liveBytes -= sizes[slot];
    }
    const block = call(fresh, trace, 3 * n, books);
    if (block === 0) continue;
    liveBlocks++;
    liveBytes += sizes[slot];
    peakLiveBytes = Math.max(peakLiveBytes, liveBytes);
    tag(block, slot, true);
  }
  if (cellBytes > 0) note(count);
  return {
    moments,
    peakLiveBytes,
    peakHeldBytes: ledger.peakHeld,
    obtained: ledger.obtained,
    refused: books.refused,
    damaged,
  };
}

/** The books alone: nothing is drawn and no time is taken. */
export function booksOf(maker: Maker, trace: Trace): Omit<Cost, "nanoseconds" | "moments"> {
  return look(maker, trace, 0);
}

/**
 * The same trace on several allocators, drawn to one scale.
 * @param runs how often each is run for its time; 0: no time is taken
 */
export function compare(makers: readonly Maker[], trace: Trace, runs = 3): Cost[] {
  // The scale follows from how much memory the widest of them spans in the end.
  const widest = Math.max(...makers.map((maker) => booksOf(maker, trace).peakHeldBytes));
  const cellBytes = 2 ** Math.max(8, Math.ceil(Math.log2(widest / CELLS)));
  return makers.map((maker) => ({
    ...look(maker, trace, cellBytes),
    nanoseconds: time(maker, trace, runs),
  }));
}
