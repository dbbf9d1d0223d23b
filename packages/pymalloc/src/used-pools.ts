/**
 * The lists of used pools, one for each size class (drawn in state.ts). Pools are given as word indices.
 *
 * malloc takes from the front; a pool that leaves `full` comes to the front; all others stay where they are.
 */
import type { PymallocContext } from "./context.ts";

/** Make every list empty: each dummy points at itself. */
export function initUsedPools(ctx: PymallocContext): void {
  const u32 = ctx.memory.u32;
  for (let sizeClass = 0; sizeClass < ctx.sizeClasses; sizeClass++) {
    const dummy = ctx.dummyWord + (sizeClass << ctx.usedPoolsShift);
    u32[dummy + ctx.nextpoolWord] = dummy << 2;
    u32[dummy + ctx.prevpoolWord] = dummy << 2;
  }
}

/** Put a pool into the used list of its class, in front. */
export function linkUsedPool(ctx: PymallocContext, pool: number, sizeClass: number): void {
  const u32 = ctx.memory.u32;
  const dummy = ctx.dummyWord + (sizeClass << ctx.usedPoolsShift);
  const next = u32[dummy + ctx.nextpoolWord];
  u32[pool + ctx.nextpoolWord] = next;
  u32[pool + ctx.prevpoolWord] = dummy << 2;
  u32[(next >>> 2) + ctx.prevpoolWord] = pool << 2;
  u32[dummy + ctx.nextpoolWord] = pool << 2;
}

/** Take a pool out of its used list; its own links are left as they are. */
export function unlinkUsedPool(ctx: PymallocContext, pool: number): void {
  const u32 = ctx.memory.u32;
  const next = u32[pool + ctx.nextpoolWord];
  const prev = u32[pool + ctx.prevpoolWord];
  u32[(next >>> 2) + ctx.prevpoolWord] = prev;
  u32[(prev >>> 2) + ctx.nextpoolWord] = next;
}
