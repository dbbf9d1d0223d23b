/**
 * What keeps arenas: how full each is, and what lies in those that are hardly used.
 *
 * An arena is given back only when no block in it is live. So the question "why did the memory not come back?" has an
 * exact answer: because of so many blocks, in so many pools.
 */
import { type HeapSnapshot, NEARLY_EMPTY, type RegionSnapshot } from "@pyrena/stats";

/** What lies in the arenas of a heap: `live + free + lost = held`. */
export interface HeldArenas {
  /** Size of an arena. */
  readonly arenaBytes: number;
  /** Size of a pool. */
  readonly poolBytes: number;
  readonly arenas: number;
  readonly heldBytes: number;
  readonly liveBlocks: number;
  /** In live blocks. */
  readonly liveBytes: number;
  /** In free blocks and unused pools. */
  readonly freeBytes: number;
  /** Headers of pools, what is left over at a pool's end, and what an arena loses to alignment. */
  readonly lostBytes: number;
  /** Arenas that the live blocks would need if they lay together. */
  readonly packedArenas: number;
  /** What keeps the arenas. */
  readonly groups: readonly ArenaGroup[];
  /** Size classes with live blocks, those that hold most memory first. */
  readonly sizeClasses: readonly HeldSizeClass[];
}

/** One size class. */
export interface HeldSizeClass {
  readonly blockBytes: number;
  /** Pools with at least one live block. */
  readonly pools: number;
  /** Bytes of these pools. */
  readonly heldBytes: number;
  readonly liveBlocks: number;
  readonly liveBytes: number;
  readonly freeBlocks: number;
  /** Pools that the live blocks would fill if they lay together. */
  readonly packedPools: number;
}

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

/** What is to be said about the arenas among the regions of a heap; null if it has none. */
export function holdArenas(snapshot: HeapSnapshot): HeldArenas | null {
  const arenas = snapshot.regions.filter(({ kind }) => kind === "arena");
  const poolBytes = arenas[0]?.poolBytes ?? 0;
  if (poolBytes === 0) return null;
  const sum = (of: (arena: RegionSnapshot) => number): number =>
    arenas.reduce((all, arena) => all + of(arena), 0);
  const heldBytes = sum(({ bytes }) => bytes);
  const liveBytes = sum((arena) => arena.liveBytes);
  const freeBytes = sum((arena) => arena.freeBlockBytes + arena.freePools * arena.poolBytes);
  return {
    arenaBytes: arenas[0].bytes,
    poolBytes,
    arenas: arenas.length,
    heldBytes,
    liveBlocks: sum((arena) => arena.liveBlocks),
    liveBytes,
    freeBytes,
    lostBytes: heldBytes - liveBytes - freeBytes,
    packedArenas: snapshot.fragmentation.packedArenas,
    groups: groupArenas(arenas),
    sizeClasses: snapshot.sizeClasses
      .map((one) => ({
        blockBytes: one.blockBytes,
        pools: one.pools,
        heldBytes: one.pools * poolBytes,
        liveBlocks: one.liveBlocks,
        liveBytes: one.liveBytes,
        freeBlocks: one.freeBlocks,
        packedPools: one.packedPools,
      }))
      .sort((a, b) => b.heldBytes - a.heldBytes || a.blockBytes - b.blockBytes),
  };
}
