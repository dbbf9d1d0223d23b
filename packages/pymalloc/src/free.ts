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
    const entry = (u32[ctx.addressMapWord] >>> 2) + (slot << 1);
    const offset = ptr & ctx.arenaMask;
    // Address 0 is in no arena, so NULL needs no test of its own before this one.
    if (offset >= u32[entry + 1] || offset < u32[entry]) {
      const pool = (ptr >>> ctx.poolShift) << ctx.poolWordShift;
      const head = pool + ctx.freeblockWord;
      const first = u32[head];
      const count = u32[pool];
      if (count > 1 && first !== NULL) {
        const block = ptr >>> 2;
        u32[block + ctx.pointerWords - 1] = 0;
        u32[block] = first;
        u32[head] = ptr;
        u32[pool] = count - 1;
        return;
      }
      freeMovingPool(ctx, ptr, pool, count, first);
      return;
    }
  }
  if (ptr === NULL) return;
  ctx.raw.free(ctx.raw.ctx, ptr);
  ctx.memory.u32[ctx.rawAllocatedBlocksWord] -= 1;
}

/** The pool was full, or becomes empty. */
function freeMovingPool(
  ctx: PymallocContext,
  ptr: Address,
  pool: number,
  count: number,
  first: Address,
): void {
  if (count === 0) {
    throw new PyrenaError(
      "double-free",
      `free(${hex(ptr)}): its pool at ${hex((pool << 2) >>> 0)} has no live block, so this one has been freed already or was never handed out`,
      { address: ptr },
    );
  }
  const u32 = ctx.memory.u32;
  const block = ptr >>> 2;
  u32[block + ctx.pointerWords - 1] = 0;
  u32[block] = first;
  u32[pool + ctx.freeblockWord] = ptr;
  u32[pool] = count - 1;
  if (first === NULL) {
    linkUsedPool(ctx, pool, u32[pool + ctx.szidxWord]);
  } else {
    unlinkUsedPool(ctx, pool);
    returnPool(ctx, pool);
  }
}
