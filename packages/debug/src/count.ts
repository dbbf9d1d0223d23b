/**
 * A counter around any allocator: how many blocks and bytes are live, the most that ever were, and which blocks have
 * not been freed. It needs nothing from the allocator below but the contract.
 *
 * Before each block it puts a header that links all live blocks in order of age. Sizes are the caller's. Header (W is
 * a pointer's width, 8 or 4 bytes; the header keeps the ABI's alignment: 32 bytes in lp64, 16 in ilp32):
 *
 *     0      W  next     header of the next younger block, or of none: 0
 *     W      W  previous header of the next older block, or of none: 0
 *     2 W    W  size     bytes asked for
 *     3 W    W  number   of the call that made or last resized the block, from 1
 *
 * State, taken from the wrapped allocator; its address is all that {@link attachCounter} needs: see `counterState`.
 *
 * Not for the RAW domain of a shared memory: the list has no lock.
 */
import {
  type Abi,
  type Address,
  defineStruct,
  ilp32,
  type LinearMemory,
  layoutOf,
  NULL,
  type PyMemAllocatorEx,
  PyrenaError,
  requireAllocator,
  type StatDeclaration,
  type StatSource,
  type StructDefinition,
} from "@pyrena/abi";

/** Layout of the counter's state. Byte counts are f64, because they may exceed 2^32 in total. */
export const counterState: StructDefinition<
  | "oldest"
  | "youngest"
  | "liveBlocks"
  | "peakBlocks"
  | "liveBytes"
  | "peakBytes"
  | "totalBytes"
  | "calls"
  | "refused"
> = defineStruct("counterState", {
  oldest: { type: "u32", help: "header of the first live block in order of age, or 0" },
  youngest: { type: "u32", help: "header of the last one, or 0" },
  liveBlocks: { type: "u32", help: "blocks live now" },
  peakBlocks: { type: "u32", help: "most blocks that were live at once" },
  liveBytes: { type: "f64", help: "bytes asked for in live blocks" },
  peakBytes: { type: "f64", help: "most such bytes at once" },
  totalBytes: { type: "f64", help: "bytes asked for in all requests that were met" },
  calls: { type: "f64", help: "requests that were met; numbers the blocks" },
  refused: { type: "f64", help: "requests answered with NULL" },
});

/** What the counter counts. */
const declarations: readonly StatDeclaration[] = Object.freeze([
  { name: "liveBlocks", unit: "blocks", kind: "current", help: "Blocks that have not been freed." },
  { name: "peakBlocks", unit: "blocks", kind: "peak", help: "Most blocks that were live at once." },
  { name: "liveBytes", unit: "bytes", kind: "current", help: "Bytes asked for in live blocks." },
  { name: "peakBytes", unit: "bytes", kind: "peak", help: "Most bytes that were live at once." },
  {
    name: "totalBytes",
    unit: "bytes",
    kind: "total",
    help: "Bytes asked for in all requests met.",
  },
  { name: "calls", unit: "calls", kind: "total", help: "Requests that were met." },
  { name: "refused", unit: "calls", kind: "total", help: "Requests answered with NULL." },
]);

/** A block that is live. */
export interface CountedBlock {
  readonly address: Address;
  /** Bytes asked for. */
  readonly bytes: number;
  /** Number of the request that made or last resized it, from 1. */
  readonly call: number;
}

/** Where a counter stands. */
export interface CounterOptions {
  readonly memory: LinearMemory;
  readonly abi: Abi;
}

/** What the counter's functions know: constants and the wrapped allocator. */
export interface CounterContext {
  readonly next: PyMemAllocatorEx;
  readonly memory: LinearMemory;
  /** Address of the state. */
  readonly state: Address;
  /** Bytes of a header. */
  readonly header: number;
  /** log2 of a pointer's width. */
  readonly logWord: 2 | 3;
  /** Largest request, in bytes. */
  readonly sizeMax: number;
}

/** An allocator that is counted. */
export interface Counter extends PyMemAllocatorEx<CounterContext> {
  /** Address of its state, for {@link attachCounter}. */
  readonly state: Address;
  readonly stats: StatSource;
  /** Bytes asked for in live blocks. */
  readonly liveBytes: number;
  /** Blocks that have not been freed. */
  readonly liveBlocks: number;
  /** The live blocks, oldest first: at the end of a program, the leaks. */
  leaks(): CountedBlock[];
}

/** The state has no pointer-wide field, so its layout is the same in both ABIs. */
const { at, bytes: STATE_BYTES } = layoutOf(counterState, ilp32);

/**
 * Count what goes through an allocator from now on.
 * @throws PyrenaError `bad-argument` if `next` is no allocator, `memory-limit` if there is no room for the state
 */
export function createCounter(next: PyMemAllocatorEx, options: CounterOptions): Counter {
  requireAllocator(next, "createCounter");
  const state = next.calloc(next.ctx, 1, STATE_BYTES);
  if (state === NULL) {
    throw new PyrenaError(
      "memory-limit",
      `createCounter: the allocator has no room for the counter's state of ${STATE_BYTES} bytes`,
    );
  }
  return attachCounter(next, { ...options, state });
}

/** The counter that has its state at an address: in another worker, or in a heap that was saved. */
export function attachCounter(
  next: PyMemAllocatorEx,
  options: CounterOptions & { readonly state: Address },
): Counter {
  const { memory, abi, state } = options;
  const logWord = abi.pointerBytes === 8 ? 3 : 2;
  const ctx: CounterContext = Object.freeze({
    next,
    memory,
    state,
    header: 4 << logWord,
    logWord,
    sizeMax: Math.min(abi.ssizeMax, 2 ** 32 - 1) - (4 << logWord),
  });
  const value = (index: number): number => {
    const { name } = declarations[index];
    const place = state + at[name as keyof typeof at];
    return name.endsWith("Blocks") ? memory.u32[place >>> 2] : memory.f64[place >>> 3];
  };
  return {
    ctx,
    state,
    malloc: countedMalloc,
    calloc: countedCalloc,
    realloc: countedRealloc,
    free: countedFree,
    stats: {
      layer: "counter",
      declarations,
      read: (index) => {
        if (declarations[index] === undefined)
          throw new PyrenaError("bad-argument", `the counter has no statistic ${index}`);
        memory.refresh();
        return value(index);
      },
    },
    get liveBytes(): number {
      return memory.f64[(state + at.liveBytes) >>> 3];
    },
    get liveBlocks(): number {
      return memory.u32[(state + at.liveBlocks) >>> 2];
    },
    leaks: () => listBlocks(ctx),
  };
}

function listBlocks({ memory, state, header, logWord }: CounterContext): CountedBlock[] {
  memory.refresh();
  const u32 = memory.u32;
  const word = 1 << logWord;
  const blocks: CountedBlock[] = [];
  const count = u32[(state + at.liveBlocks) >>> 2];
  let base = u32[(state + at.oldest) >>> 2];
  // Bounded by the count: a list that something has overwritten must not run in a circle.
  while (base !== NULL && blocks.length < count) {
    blocks.push({
      address: base + header,
      bytes: u32[(base + 2 * word) >>> 2],
      call: u32[(base + 3 * word) >>> 2],
    });
    base = u32[base >>> 2];
  }
  return blocks;
}

/** Bytes asked for in a live block. */
export function countedSize({ memory, header, logWord }: CounterContext, ptr: Address): number {
  if (ptr > memory.u8.length) memory.refresh();
  return memory.u32[(ptr - header + (2 << logWord)) >>> 2];
}

function countedMalloc(ctx: CounterContext, size: number): Address {
  if (size > ctx.sizeMax) return refuse(ctx);
  const { next } = ctx;
  const base = next.malloc(next.ctx, size + ctx.header);
  return base === NULL ? refuse(ctx) : admit(ctx, base, size);
}

function countedCalloc(ctx: CounterContext, nelem: number, elsize: number): Address {
  const size = nelem * elsize;
  if (size > ctx.sizeMax) return refuse(ctx);
  const { next } = ctx;
  const base = next.calloc(next.ctx, 1, size + ctx.header);
  return base === NULL ? refuse(ctx) : admit(ctx, base, size);
}

function countedRealloc(ctx: CounterContext, ptr: Address, newSize: number): Address {
  if (ptr === NULL) return countedMalloc(ctx, newSize);
  if (newSize > ctx.sizeMax) return refuse(ctx);
  const { next, memory, header } = ctx;
  const base = next.realloc(next.ctx, ptr - header, newSize + header);
  if (base === NULL) return refuse(ctx);
  if (base + header > memory.u8.length) memory.refresh();
  // The header has moved with the block and still names its neighbours: take it out of the list, then count the block
  // as a new one of another size.
  remove(ctx, base, countedSize(ctx, base + header));
  return admit(ctx, base, newSize);
}

function countedFree(ctx: CounterContext, ptr: Address): void {
  if (ptr === NULL) return;
  const { next } = ctx;
  const base = ptr - ctx.header;
  remove(ctx, base, countedSize(ctx, ptr));
  next.free(next.ctx, base);
}

/** Count a block and make it the youngest. */
function admit(
  { memory, state, header, logWord }: CounterContext,
  base: Address,
  size: number,
): Address {
  // The memory may have grown below us.
  if (base + size + header > memory.u8.length) memory.refresh();
  const { u32, f64 } = memory;
  const word = 1 << logWord;
  const youngest = u32[(state + at.youngest) >>> 2];
  const blocks = (u32[(state + at.liveBlocks) >>> 2] += 1);
  if (blocks > u32[(state + at.peakBlocks) >>> 2]) u32[(state + at.peakBlocks) >>> 2] = blocks;
  const bytes = (f64[(state + at.liveBytes) >>> 3] += size);
  if (bytes > f64[(state + at.peakBytes) >>> 3]) f64[(state + at.peakBytes) >>> 3] = bytes;
  f64[(state + at.totalBytes) >>> 3] += size;
  const call = (f64[(state + at.calls) >>> 3] += 1);
  if (word === 8) u32.fill(0, base >>> 2, (base + header) >>> 2);
  u32[base >>> 2] = NULL;
  u32[(base + word) >>> 2] = youngest;
  u32[(base + 2 * word) >>> 2] = size;
  u32[(base + 3 * word) >>> 2] = call >>> 0;
  u32[(youngest === NULL ? state + at.oldest : youngest) >>> 2] = base;
  u32[(state + at.youngest) >>> 2] = base;
  return base + header;
}

/** Take a block out of the list and the count. */
function remove({ memory, state, logWord }: CounterContext, base: Address, size: number): void {
  const { u32, f64 } = memory;
  const word = 1 << logWord;
  const younger = u32[base >>> 2];
  const older = u32[(base + word) >>> 2];
  u32[(older === NULL ? state + at.oldest : older) >>> 2] = younger;
  u32[(younger === NULL ? state + at.youngest : younger + word) >>> 2] = older;
  u32[(state + at.liveBlocks) >>> 2] -= 1;
  f64[(state + at.liveBytes) >>> 3] -= size;
}

function refuse({ memory, state }: CounterContext): Address {
  memory.refresh();
  memory.f64[(state + at.refused) >>> 3] += 1;
  return NULL;
}
