/**
 * Pools between two uses: taken from the first usable arena, returned to their own. Pools are given as word indices.
 */
import { obtainArena, releaseArena } from "./arena-vector.ts";
import type { PymallocContext } from "./context.ts";
import { NO_SIZE_CLASS } from "./pool.ts";
import { startUsableArenas, usableArenaGainsPool, usableArenaLosesPool } from "./usable-arenas.ts";

/**
 * Take a free pool: the one that was emptied last in the first usable arena, else a new one carved from it. An arena
 * is obtained if none is usable.
 * @returns the pool, or 0 if there is no room
 */
export function takePool(ctx: PymallocContext): number {
  let arena = ctx.memory.u32[ctx.usableArenasWord] >>> 2;
  if (arena === 0) {
    arena = obtainArena(ctx);
    if (arena === 0) return 0;
    startUsableArenas(ctx, arena);
  }
  const u32 = ctx.memory.u32;
  let pool = u32[arena + ctx.freepoolsWord] >>> 2;
  if (pool !== 0) {
    u32[arena + ctx.freepoolsWord] = u32[pool + ctx.nextpoolWord];
  } else {
    const address = u32[arena + ctx.poolAddressWord];
    pool = address >>> 2;
    // The region may hold anything. Upper halves of pointers are written here and never again.
    u32.fill(0, pool, pool + ctx.poolHeaderWords);
    u32[pool + ctx.arenaindexWord] = ((arena << 2) - u32[ctx.arenasWord]) / ctx.arenaObjectBytes;
    u32[pool + ctx.szidxWord] = NO_SIZE_CLASS;
    u32[arena + ctx.poolAddressWord] = address + ctx.poolBytes;
  }
  usableArenaLosesPool(ctx, arena);
  return pool;
}

/** Return a pool that has become empty and is in no list; its arena may be given back with it. */
export function returnPool(ctx: PymallocContext, pool: number): void {
  const u32 = ctx.memory.u32;
  const arena = (u32[ctx.arenasWord] + u32[pool + ctx.arenaindexWord] * ctx.arenaObjectBytes) >>> 2;
  u32[pool + ctx.nextpoolWord] = u32[arena + ctx.freepoolsWord];
  u32[arena + ctx.freepoolsWord] = pool << 2;
  if (usableArenaGainsPool(ctx, arena)) releaseArena(ctx, arena);
}
