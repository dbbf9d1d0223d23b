/**
 * free: put the block in front of its pool's free list, and move the pool if that changes what it is (CPython 3.8 to
 * 3.15, `pymalloc_free`, `insert_to_usedpool`, `insert_to_freepool`).
 */
import { type Address, hex, NULL, PyrenaError } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";
import { returnPool } from "./free-pools.ts";
import { linkUsedPool, unlinkUsedPool } from "./used-pools.ts";

/**
 * Give a block back; NULL is ignored. An address in no arena goes to the raw allocator.
 * @throws PyrenaError `double-free` if the block's pool has no live block
 */
export function free(ctx: PymallocContext, ptr: Address): void {
  const u32 = ctx.memory.u32;
  const slot = ptr >>> ctx.arenaShift;
  if (slot < u32[ctx.addressMapSlotsWord]) {
    const entry = ((u32[ctx.addressMapWord] >>> 2) + (slot << 1)) | 0;
    const address = ptr >>> 0;
    // Address 0 is in no arena, so NULL needs no test of its own before this one.
    if (address > u32[(entry + 1) | 0] || address < u32[entry]) {
      const pool = (ptr & ctx.poolMask) >>> 2;
      const head = (pool + ctx.freeblockWord) | 0;
      const first = u32[head];
      const count = u32[pool];
      if (count === 0) throw doubleFree(ptr);
      const block = ptr >>> 2;
      u32[(block + ctx.upperWord) | 0] = 0;
      u32[block] = first;
      u32[head] = ptr;
      u32[pool] = count - 1;
      // A pool holds two blocks at least, so one that was full has not become empty.
      if (first === 0) linkUsedPool(ctx, u32, pool);
      else if (count === 1) {
        unlinkUsedPool(ctx, u32, pool);
        returnPool(ctx, u32, pool);
      }
      return;
    }
  }
  freeRaw(ctx, ptr);
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
