/**
 * What keeps arenas: how full each is, and what lies in those that are hardly used.
 *
 * An arena is given back only when no block in it is live. So the question "why did the memory not come back?" has an
 * exact answer: because of so many blocks, in so many pools.
 */
import { NEARLY_EMPTY, type RegionSnapshot } from "@pyrena/stats";

/** How full an arena is, by the share of its bytes that lies in live blocks. */
export type Fullness =
  /** Under a tenth, but not nothing. */
  | "nearlyEmpty"
  /** Under a half. */
  | "partlyUsed"
  /** A half or more. */
  | "wellUsed"
  /** No live block: since 3.9, CPython gives a wholly free arena back only once there is another one. */
  | "empty";

/** Arenas of one fullness, and what keeps them. */
export interface ArenaGroup {
  readonly fullness: Fullness;
  readonly arenas: number;
  /** Bytes of these arenas. */
  readonly heldBytes: number;
  /** Live blocks in them, all together. */
  readonly liveBlocks: number;
  /** Bytes of those blocks. */
  readonly liveBytes: number;
  /** Pools that hold at least one of them. */
  readonly pools: number;
}

const order: readonly Fullness[] = ["nearlyEmpty", "partlyUsed", "wellUsed", "empty"];

function fullnessOf({ liveBlocks, liveBytes, bytes }: RegionSnapshot): Fullness {
  if (liveBlocks === 0) return "empty";
  if (liveBytes < NEARLY_EMPTY * bytes) return "nearlyEmpty";
  return liveBytes < bytes / 2 ? "partlyUsed" : "wellUsed";
}

/** The arenas by fullness, those that give most hope first; fullnesses without arenas are left out. */
export function groupArenas(arenas: readonly RegionSnapshot[]): ArenaGroup[] {
  return order.flatMap((fullness) => {
    const group = { fullness, arenas: 0, heldBytes: 0, liveBlocks: 0, liveBytes: 0, pools: 0 };
    for (const arena of arenas) {
      if (fullnessOf(arena) !== fullness) continue;
      group.arenas++;
      group.heldBytes += arena.bytes;
      group.liveBlocks += arena.liveBlocks;
      group.liveBytes += arena.liveBytes;
      group.pools += arena.pools;
    }
    return group.arenas === 0 ? [] : [group];
  });
}
