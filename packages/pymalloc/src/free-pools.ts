/**
 * Pools between two uses: taken from the first usable arena, returned to their own. Pools are given as word indices.
 */
import { obtainArena, releaseArena } from "./arena-vector.ts";
import type { PymallocContext } from "./context.ts";
import { NO_SIZE_CLASS } from "./pool.ts";
import { startUsableArenas, usableArenaGainsPool, usableArenaLosesPool } from "./usable-arenas.ts";
import { linkUsedPool } from "./used-pools.ts";

/**
 * Start a used pool for a class that has none. It has no block handed out and one or more in its free list, a state in
 * which it must not stay: the caller takes a block at once.
 * @returns false if there is no room; then everything is as it was
 */
export function startPool(ctx: PymallocContext, sizeClass: number): boolean {
  const pool = takePool(ctx);
  if (pool === 0) return false;
  const u32 = ctx.memory.u32;
  if (u32[(pool + ctx.szidxWord) | 0] !== sizeClass) {
    const blockBytes = (sizeClass + 1) << ctx.alignmentShift;
    const first = (pool + ctx.poolHeaderWords) | 0;
    u32[(pool + ctx.szidxWord) | 0] = sizeClass;
    u32[(pool + ctx.nextoffsetWord) | 0] = ctx.poolHeaderBytes + blockBytes;
    u32[(pool + ctx.maxnextoffsetWord) | 0] = ctx.poolBytes - blockBytes;
    u32[(pool + ctx.freeblockWord) | 0] = first << 2;
    u32[(first + ctx.upperWord) | 0] = 0;
    u32[first] = 0;
  }
  // Otherwise it was of this class before, and goes on with the free list and the nextoffset that it had.
  linkUsedPool(ctx, u32, pool);
  return true;
}

/**
 * Take a free pool: the one that was emptied last in the first usable arena, else a new one carved from it. An arena
 * is obtained if none is usable.
 * @returns the pool, or 0 if there is no room
 */
function takePool(ctx: PymallocContext): number {
  let arena = ctx.memory.u32[ctx.usableArenasWord] >>> 2;
  if (arena === 0) {
    arena = obtainArena(ctx);
    if (arena === 0) return 0;
    startUsableArenas(ctx, ctx.memory.u32, arena);
  }
  const u32 = ctx.memory.u32;
  let pool = u32[(arena + ctx.freepoolsWord) | 0] >>> 2;
  if (pool !== 0) u32[(arena + ctx.freepoolsWord) | 0] = u32[(pool + ctx.nextpoolWord) | 0];
  else pool = carvePool(ctx, u32, arena);
  usableArenaLosesPool(ctx, u32, arena);
  return pool;
}

/** The next pool of an arena that was never used. The region may hold anything, so its header is written anew. */
function carvePool(ctx: PymallocContext, u32: Uint32Array, arena: number): number {
  const address = u32[arena + ctx.poolAddressWord];
  u32[arena + ctx.poolAddressWord] = address + ctx.poolBytes;
  const pool = address >>> 2;
  // With this the upper halves of its pointers are 0 for good: only lower halves are written from here on.
  u32.fill(0, pool, pool + ctx.poolHeaderWords);
  u32[pool + ctx.arenaindexWord] = (arena - (u32[ctx.arenasWord] >>> 2)) / ctx.arenaObjectWords;
  u32[pool + ctx.szidxWord] = NO_SIZE_CLASS;
  return pool;
}

/** Return a pool that has become empty and is in no list; its arena may be given back with it. */
export function returnPool(ctx: PymallocContext, u32: Uint32Array, pool: number): void {
  const index = Math.imul(u32[(pool + ctx.arenaindexWord) | 0], ctx.arenaObjectWords);
  const arena = ((u32[ctx.arenasWord] >>> 2) + index) | 0;
  u32[(pool + ctx.nextpoolWord) | 0] = u32[(arena + ctx.freepoolsWord) | 0];
  u32[(arena + ctx.freepoolsWord) | 0] = pool << 2;
  if (usableArenaGainsPool(ctx, u32, arena)) releaseArena(ctx, arena);
}
