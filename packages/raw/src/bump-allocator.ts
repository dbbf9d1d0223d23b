/**
 * The shortest complete allocator: it takes arenas from any arena source, hands out one block after the other, and
 * never uses a byte twice. It obeys every law of `PyMemAllocatorEx`; a program that runs on it and not on another
 * allocator has found a mistake in the other one, or in itself. Not for several threads.
 *
 *     arena    [ state, in the first one ] header block  header block …        free
 *                                          size│ptr                    ^ next           ^ end
 *
 * A header is as long as the alignment and starts with the size that was asked for.
 */
import {
  type Address,
  alignUp,
  type Heap,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
} from "@pyrena/abi";

const TAG = "BUMP";
const VERSION = 1;
// The state: word 0 is the address of the next header, word 1 the end of the arena. 16 bytes, so that headers behind
// it are aligned.
const STATE_BYTES = 16;

/** One attachment to a heap's bump allocator. */
export class BumpContext {
  declare readonly memory: LinearMemory;
  declare readonly arenas: PyObjectArenaAllocator;
  /** Size of the arenas that it asks for, in bytes. */
  declare readonly arenaBytes: number;
  /** Alignment of blocks, and size of a header, in bytes. */
  declare readonly alignment: number;
  /** Word index of the state. */
  declare readonly state: number;

  constructor(heap: Heap, arenas: PyObjectArenaAllocator, stateAddress: Address) {
    this.memory = heap.memory;
    this.arenas = arenas;
    this.arenaBytes = heap.profile.pymalloc.arenaBytes;
    this.alignment = heap.abi.alignment;
    this.state = stateAddress >>> 2;
  }
}

/**
 * Make a heap's bump allocator.
 * @param arenas where its memory comes from; arenas are never given back
 * @throws PyrenaError `memory-limit` if there is no first arena; `directory-full`
 */
export function createBumpAllocator(
  heap: Heap,
  arenas: PyObjectArenaAllocator,
): PyMemAllocatorEx<BumpContext> {
  const bytes = heap.profile.pymalloc.arenaBytes;
  const state = arenas.alloc(arenas.ctx, bytes);
  if (state === NULL) {
    throw new PyrenaError("memory-limit", `no arena of ${bytes} bytes for a bump allocator`);
  }
  heap.memory.u32[state >>> 2] = state + STATE_BYTES;
  heap.memory.u32[(state >>> 2) + 1] = state + bytes;
  heap.register(TAG, state, STATE_BYTES, VERSION);
  return structOver(new BumpContext(heap, arenas, state));
}

/**
 * Open the bump allocator of a heap that has one.
 * @throws PyrenaError `not-a-heap` if it has none; `heap-version`
 */
export function attachBumpAllocator(
  heap: Heap,
  arenas: PyObjectArenaAllocator,
): PyMemAllocatorEx<BumpContext> {
  return structOver(new BumpContext(heap, arenas, heap.layer(TAG, VERSION).address));
}

function structOver(ctx: BumpContext): PyMemAllocatorEx<BumpContext> {
  return { ctx, malloc, calloc, realloc, free };
}

function malloc(ctx: BumpContext, size: number): Address {
  if (size >>> 0 !== size) return NULL;
  const { alignment, state } = ctx;
  const needed = alignment + alignUp(Math.max(size, 1), alignment);
  let header = ctx.memory.u32[state];
  if (header + needed > ctx.memory.u32[state + 1]) {
    const bytes = Math.max(needed, ctx.arenaBytes);
    header = ctx.arenas.alloc(ctx.arenas.ctx, bytes);
    if (header === NULL) return NULL;
    ctx.memory.u32[state + 1] = header + bytes;
  }
  ctx.memory.u32[state] = header + needed;
  ctx.memory.u32[header >>> 2] = size;
  return header + alignment;
}

function calloc(ctx: BumpContext, nelem: number, elsize: number): Address {
  const ptr = malloc(ctx, nelem * elsize);
  if (ptr !== NULL) ctx.memory.u8.fill(0, ptr, ptr + nelem * elsize);
  return ptr;
}

function realloc(ctx: BumpContext, ptr: Address, newSize: number): Address {
  if (ptr === NULL) return malloc(ctx, newSize);
  const size = ctx.memory.u32[(ptr - ctx.alignment) >>> 2];
  if (newSize <= size) return ptr;
  const moved = malloc(ctx, newSize);
  if (moved !== NULL) ctx.memory.u8.copyWithin(moved, ptr, ptr + size);
  return moved;
}

function free(): void {}
