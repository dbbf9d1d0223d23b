/**
 * The lists of used pools, one for each size class (drawn in state.ts). Pools are given as word indices.
 *
 * malloc takes from the front; a pool that leaves `full` comes to the front; all others stay where they are.
 */
import type { PymallocContext } from "./context.ts";

/** The dummy of a size class, of which only nextpool and prevpool exist. */
export function dummyOf(ctx: PymallocContext, sizeClass: number): number {
  return ctx.usedPoolsWord + 2 * (sizeClass + 1) * ctx.pointerWords - ctx.nextpoolWord;
}

/** Make every list empty: each dummy points at itself. */
export function initUsedPools(ctx: PymallocContext): void {
  const u32 = ctx.memory.u32;
  for (let sizeClass = 0; sizeClass < ctx.sizeClasses; sizeClass++) {
    const dummy = dummyOf(ctx, sizeClass);
    u32[dummy + ctx.nextpoolWord] = dummy << 2;
    u32[dummy + ctx.prevpoolWord] = dummy << 2;
  }
}

/** Put a pool into the used list of its class, in front. */
export function linkUsedPool(ctx: PymallocContext, u32: Uint32Array, pool: number): void {
  const dummy = dummyOf(ctx, u32[(pool + ctx.szidxWord) | 0]);
  const next = u32[(dummy + ctx.nextpoolWord) | 0];
  u32[(pool + ctx.nextpoolWord) | 0] = next;
  u32[(pool + ctx.prevpoolWord) | 0] = dummy << 2;
  u32[((next >>> 2) + ctx.prevpoolWord) | 0] = pool << 2;
  u32[(dummy + ctx.nextpoolWord) | 0] = pool << 2;
}

/** Take a pool out of its used list; its own links are left as they are. */
export function unlinkUsedPool(ctx: PymallocContext, u32: Uint32Array, pool: number): void {
  const next = u32[(pool + ctx.nextpoolWord) | 0];
  const prev = u32[(pool + ctx.prevpoolWord) | 0];
  u32[((next >>> 2) + ctx.prevpoolWord) | 0] = prev;
  u32[((prev >>> 2) + ctx.nextpoolWord) | 0] = next;
}
