/**
 * The timed loops, in JavaScript. `native/kernels.h` has the same ones in C, statement for statement.
 *
 * Each runs in a process in which it has met one allocator only, so that the engine may inline that allocator's
 * functions as far as it likes: nobody pays for whoever was measured before.
 */
import type { PyMemAllocatorEx } from "@pyrena/abi";
import { eventOps, GETS_WORD, HOLDS_WORD, type Kernel, RAW_DOMAIN, SLOT_SHIFT } from "./program.ts";

/** Where blocks lie. The view may be replaced by any call that allocates. */
export interface BlockMemory {
  readonly u32: Uint32Array;
}

/** What a kernel works on. `raw` serves the RAW domain's events; most peers have one allocator for both. */
export interface Bench {
  readonly allocator: PyMemAllocatorEx;
  readonly raw: PyMemAllocatorEx;
  readonly memory: BlockMemory;
  readonly slots: Uint32Array;
}

/** Returned by a kernel when a request was answered with NULL. */
export const OUT_OF_MEMORY = -1;

/**
 * Runs operations `from` … `to - 1`. Returns how many blocks did not hold the word that had been written into them
 * (0 unless `check`), or {@link OUT_OF_MEMORY}.
 */
export type KernelLoop = (
  bench: Bench,
  ops: Uint32Array,
  from: number,
  to: number,
  check: boolean,
  sweep: number,
) => number;

function replace(bench: Bench, ops: Uint32Array, from: number, to: number, check: boolean): number {
  const { memory, slots } = bench;
  const { ctx, malloc, free } = bench.allocator;
  let u32 = memory.u32;
  let bad = 0;
  for (let n = from; n < to; n++) {
    const slot = ops[2 * n]!;
    const size = ops[2 * n + 1]!;
    const old = slots[slot]!;
    if (check && u32[old >>> 2] !== slot) bad++;
    free(ctx, old);
    const block = malloc(ctx, size);
    if (block === 0) return OUT_OF_MEMORY;
    // One comparison serves as bounds check and as test for a buffer that growth has detached (its length is 0).
    if (block >>> 2 >= u32.length) u32 = memory.u32;
    u32[block >>> 2] = slot;
    slots[slot] = block;
  }
  return bad;
}

function stack(
  bench: Bench,
  ops: Uint32Array,
  from: number,
  to: number,
  check: boolean,
  sweep: number,
): number {
  const { memory, slots } = bench;
  const { ctx, malloc, free } = bench.allocator;
  let u32 = memory.u32;
  let bad = 0;
  for (let base = from; base < to; base += sweep) {
    for (let n = 0; n < sweep; n++) {
      const block = malloc(ctx, ops[2 * (base + n) + 1]!);
      if (block === 0) return OUT_OF_MEMORY;
      if (block >>> 2 >= u32.length) u32 = memory.u32;
      u32[block >>> 2] = n;
      slots[n] = block;
    }
    for (let n = sweep - 1; n >= 0; n--) {
      const block = slots[n]!;
      if (check && u32[block >>> 2] !== n) bad++;
      free(ctx, block);
    }
  }
  return bad;
}

function resize(bench: Bench, ops: Uint32Array, from: number, to: number, check: boolean): number {
  const { memory, slots } = bench;
  const { ctx, realloc, free } = bench.allocator;
  let u32 = memory.u32;
  let bad = 0;
  for (let n = from; n < to; n++) {
    const slot = ops[2 * n]!;
    const size = ops[2 * n + 1]!;
    const old = slots[slot]!;
    if (check && old !== 0 && u32[old >>> 2] !== slot) bad++;
    if (size === 0) {
      free(ctx, old);
      slots[slot] = 0;
      continue;
    }
    const block = realloc(ctx, old, size);
    if (block === 0) return OUT_OF_MEMORY;
    if (block >>> 2 >= u32.length) u32 = memory.u32;
    u32[block >>> 2] = slot;
    slots[slot] = block;
  }
  return bad;
}

function events(bench: Bench, ops: Uint32Array, from: number, to: number, check: boolean): number {
  const { memory, slots } = bench;
  const { ctx, malloc, calloc, free } = bench.allocator;
  let u32 = memory.u32;
  let bad = 0;
  for (let n = from; n < to; n++) {
    const word = ops[2 * n]!;
    const size = ops[2 * n + 1]!;
    const slot = word >>> SLOT_SHIFT;
    const old = slots[slot]!;
    if (check && (word & HOLDS_WORD) !== 0 && u32[old >>> 2] !== slot) bad++;
    let block = 0;
    switch (word & (RAW_DOMAIN | 3)) {
      case eventOps.malloc:
        block = malloc(ctx, size);
        break;
      case eventOps.free:
        free(ctx, old);
        slots[slot] = 0;
        continue;
      case eventOps.calloc:
        block = calloc(ctx, size, 1);
        break;
      case RAW_DOMAIN | eventOps.free:
        bench.raw.free(bench.raw.ctx, old);
        slots[slot] = 0;
        continue;
      default:
        block = rareEvent(bench, word, old, size);
    }
    if (block === 0) return OUT_OF_MEMORY;
    if (block >>> 2 >= u32.length) u32 = memory.u32;
    if ((word & GETS_WORD) !== 0) u32[block >>> 2] = slot;
    slots[slot] = block;
  }
  return bad;
}

/** What is some events in a hundred: realloc, and requests in the RAW domain. */
function rareEvent({ allocator, raw }: Bench, word: number, old: number, size: number): number {
  switch (word & (RAW_DOMAIN | 3)) {
    case eventOps.realloc:
      return allocator.realloc(allocator.ctx, old, size);
    case RAW_DOMAIN | eventOps.malloc:
      return raw.malloc(raw.ctx, size);
    case RAW_DOMAIN | eventOps.realloc:
      return raw.realloc(raw.ctx, old, size);
    default:
      return raw.calloc(raw.ctx, size, 1);
  }
}

/** The loops by name. */
export const kernelLoops: { readonly [kernel in Kernel]: KernelLoop } = {
  replace,
  stack,
  resize,
  events,
};
