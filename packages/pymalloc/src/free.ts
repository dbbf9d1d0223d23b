/**
 * free: put the block in front of its pool's free list, and move the pool if that changes what it is (CPython 3.8 to
 * 3.15, `pymalloc_free`).
 */
import { type Address, hex, NULL, PyrenaError } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";
import { returnPool } from "./free-pools.ts";
import type { Geometry } from "./geometry.ts";
import { unlinkUsedPool } from "./used-pools.ts";

/**
 * {@link makeFree}'s function: give a block back; NULL is ignored. An address in no arena goes to the raw allocator.
 * @throws PyrenaError `double-free` if the block's pool has no live block
 */
export type Free = (ctx: PymallocContext, ptr: Address) => void;

/** Make the free of a profile; how it is written, and why, see `makeMalloc`. */
export function makeFree(geometry: Geometry): Free {
  const { arenaShift, freeblockWord, nextpoolWord, prevpoolWord, szidxWord, upperWord } = geometry;
  const poolMask = -geometry.poolBytes;
  const classShift = Math.log2(2 * geometry.pointerWords);

  return function free(ctx: PymallocContext, ptr: Address): void {
    const u32 = ctx.memory.u32;
    const slot = ptr >>> arenaShift;
    if (slot < ctx.addressMapSlots) {
      const entry = (ctx.addressMapWord + (slot << 1)) | 0;
      const address = ptr >>> 0;
      // Address 0 is in no arena, so NULL needs no test of its own before this one.
      if (address > u32[(entry + 1) | 0] || address < u32[entry]) {
        const pool = (ptr & poolMask) >>> 2;
        const head = (pool + freeblockWord) | 0;
        const first = u32[head];
        const count = u32[pool];
        if (count === 0) throw doubleFree(ptr);
        const block = ptr >>> 2;
        u32[(block + upperWord) | 0] = 0;
        u32[block] = first;
        u32[head] = ptr;
        u32[pool] = count - 1;
        if (first === 0) {
          // It was full, and is not empty now, since a pool holds two blocks at least: linkUsedPool, written out
          // because a busy heap comes here every other time.
          const list = (ctx.usedPoolsWord + ((u32[(pool + szidxWord) | 0] + 1) << classShift)) | 0;
          const next = u32[list];
          u32[(pool + nextpoolWord) | 0] = next;
          u32[(pool + prevpoolWord) | 0] = (list - nextpoolWord) << 2;
          u32[((next >>> 2) + prevpoolWord) | 0] = pool << 2;
          u32[list] = pool << 2;
        } else if (count === 1) {
          unlinkUsedPool(ctx, u32, pool);
          returnPool(ctx, u32, pool);
        }
        return;
      }
    }
    freeRaw(ctx, ptr);
  };
}

function freeRaw(ctx: PymallocContext, ptr: Address): void {
  if (ptr === NULL) return;
  ctx.raw.free(ctx.raw.ctx, ptr);
  ctx.memory.u32[ctx.rawAllocatedBlocksWord] -= 1;
}

function doubleFree(ptr: Address): PyrenaError {
  return new PyrenaError(
    "double-free",
    `free(${hex(ptr)}): no block of its pool is live, so it has been freed already or was never handed out`,
    { address: ptr },
  );
}
