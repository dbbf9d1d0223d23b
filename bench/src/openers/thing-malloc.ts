/**
 * `@thi.ng/malloc`: a pool in an ArrayBuffer of fixed size, in JavaScript. Its `free` and `realloc` walk the list of
 * live blocks, so it is only asked for what it can bear.
 */
import type { PyMemAllocatorEx } from "@pyrena/abi";
import { MemPool } from "@thi.ng/malloc";
import type { OpenPeer } from "./open-peer.ts";

const BYTES = 64 * 2 ** 20;

/** A pool of 64 MiB. */
export function openThingMalloc(): OpenPeer {
  const pool = new MemPool({ size: BYTES });
  const allocator: PyMemAllocatorEx<MemPool> = {
    ctx: pool,
    malloc: (ctx, size) => ctx.malloc(size || 1),
    calloc: (ctx, nelem, elsize) => ctx.calloc(nelem * elsize || 1),
    realloc: (ctx, ptr, size) => (ptr === 0 ? ctx.malloc(size || 1) : ctx.realloc(ptr, size || 1)),
    free: (ctx, ptr) => {
      if (ptr !== 0) ctx.free(ptr);
    },
  };
  const erased = allocator as PyMemAllocatorEx;
  return {
    allocator: erased,
    raw: erased,
    memory: { u32: new Uint32Array(pool.buf) },
    memoryUse: () => ({ heap: pool.stats().top }),
  };
}
