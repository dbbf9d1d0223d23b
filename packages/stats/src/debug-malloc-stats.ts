/**
 * The text that `sys._debugmallocstats()` prints, made from a snapshot.
 *
 * Layout and arithmetic are those of CPython 3.13. Versions before 3.10, which have no radix tree, lack the part
 * about the arena map; so it is the profile that decides. Free lists belong to the interpreter, not to an allocator:
 * they are passed in.
 */
import {
  type ArenaMapShape,
  arenaMapShape,
  type Profile,
  PyrenaError,
  sizeClassCount,
} from "@pyrena/abi";
import { statValue } from "./read-stats.ts";
import type { HeapSnapshot } from "./snapshot.ts";
import { formatCount } from "./units.ts";

/** One line about a free list, such as `80 free PyDictObjects * 48 bytes each`. */
export interface FreeListCount {
  /** What is kept, in the singular: `PyDictObject`, `2-sized PyTupleObject`. */
  readonly type: string;
  /** How many are kept. */
  readonly count: number;
  /** Bytes of each, as CPython shows them. */
  readonly bytes: number;
}

/** Inner nodes of CPython's radix tree over addresses (3.10 and later, 64 bits). Nodes are never given back. */
export interface ArenaMapNodes {
  readonly mid: number;
  readonly bottom: number;
}

/** What the text needs beside the snapshot. */
export interface DebugMallocStatsOptions {
  /** The profile of the heap. */
  readonly profile: Profile;
  /** Lines about free lists, in order. Default: none. */
  readonly freeLists?: readonly FreeListCount[] | undefined;
  /**
   * Nodes of the arena map. Default: those of the arenas that there are now. CPython never gives any back, so it may
   * have more.
   */
  readonly arenaMap?: ArenaMapNodes | undefined;
}

/** Column at which the `=` of a figure stands, and width of the number after it. */
const LABEL_COLUMNS = 35;
const FIGURE_COLUMNS = 21;
/** Widths of a size class's five figures. */
const CLASS_COLUMNS: readonly number[] = [5, 6, 11, 15, 13];
/** A line about a free list is right-aligned in so many columns. */
const FREE_LIST_COLUMNS = 48;

/** Bytes that the tree keeps for one arena-sized piece of the address space. */
const MAP_PAIR_BYTES = 8;

/**
 * The text, each line ended by a newline. As in CPython, only the free lists are there if the snapshot is not of a
 * pymalloc.
 * @param snapshot with the statistics of pymalloc (`takeSnapshot(walker, { stats: [pymalloc.stats] })`)
 * @throws PyrenaError `bad-argument` if it lacks them, or if its classes are not those of the profile
 */
export function debugMallocStats(snapshot: HeapSnapshot, options: DebugMallocStatsOptions): string {
  const lines: string[] = [];
  if (snapshot.heaps.some(({ allocator }) => allocator.startsWith("pymalloc"))) {
    pymallocPart(lines, snapshot, options);
    lines.push("");
  }
  for (const { type, count, bytes } of options.freeLists ?? []) {
    const text = `${count} free ${type}s * ${bytes} bytes each`;
    lines.push(figure(`${text.padStart(FREE_LIST_COLUMNS)} `, count * bytes));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function pymallocPart(
  lines: string[],
  snapshot: HeapSnapshot,
  { profile, arenaMap }: DebugMallocStatsOptions,
): void {
  const { threshold, arenaBytes, poolBytes } = profile.pymalloc;
  const { totals, sizeClasses } = snapshot;
  const counter = (name: string): number => {
    const value = statValue(snapshot.stats, "pymalloc", name);
    if (value === undefined) {
      throw new PyrenaError(
        "bad-argument",
        `debugMallocStats: the snapshot has no statistic "${name}" of pymalloc: take it with { stats: [pymalloc.stats] }`,
      );
    }
    return value;
  };
  lines.push(
    `Small block threshold = ${threshold}, in ${sizeClassCount(profile)} size classes.`,
    "",
    "class   size   num pools   blocks in use  avail blocks",
    "-----   ----   ---------   -------------  ------------",
  );
  for (const one of sizeClasses) {
    if (one.blockBytes !== (one.sizeClass + 1) * profile.abi.alignment) {
      throw new PyrenaError(
        "bad-argument",
        `debugMallocStats: class ${one.sizeClass} has blocks of ${one.blockBytes} bytes, which is not so in ${profile.name}`,
      );
    }
    const figures = [one.sizeClass, one.blockBytes, one.pools, one.liveBlocks, one.freeBlocks];
    lines.push(figures.map((value, n) => String(value).padStart(CLASS_COLUMNS[n])).join(" "));
  }

  const total = counter("arenasAllocatedTotal");
  const current = totals.regions;
  lines.push(
    "",
    figure("# arenas allocated total", total),
    figure("# arenas reclaimed", total - current),
    figure("# arenas highwater mark", counter("arenasHighwater")),
    figure("# arenas allocated current", current),
    figure(`${current} arenas * ${arenaBytes} bytes/arena`, current * arenaBytes),
    "",
    figure("# bytes in allocated blocks", totals.liveBytes),
    figure("# bytes in available blocks", totals.freeBlockBytes),
    figure(`${totals.freePools} unused pools * ${poolBytes} bytes`, totals.unusedPoolBytes),
    figure("# bytes lost to pool headers", totals.poolHeaderBytes),
    figure("# bytes lost to quantization", totals.roundingBytes),
    figure("# bytes lost to arena alignment", totals.alignmentBytes),
    figure("Total", totals.regionBytes - totals.blockOverheadBytes),
  );
  const map = arenaMapShape(profile);
  if (map === undefined) return;

  lines.push("", "arena map counts");
  const bottomNode = 2 ** map.bottomBits * MAP_PAIR_BYTES;
  if (map.interiorBits === 0) {
    lines.push(figure("# bytes lost to arena map root", bottomNode));
    return;
  }
  const nodes = arenaMap ?? nodesOf(snapshot, arenaBytes, map);
  const root = 2 ** map.interiorBits * profile.abi.pointerBytes;
  const mid = nodes.mid * root;
  const bottom = nodes.bottom * bottomNode;
  lines.push(
    figure("# arena map mid nodes", nodes.mid),
    figure("# arena map bot nodes", nodes.bottom),
    "",
    figure("# bytes lost to arena map root", root),
    figure("# bytes lost to arena map mid", mid),
    figure("# bytes lost to arena map bot", bottom),
    figure("Total", root + mid + bottom),
  );
}

/** The nodes that the arenas of a snapshot need; one that is not aligned to its size is entered in two places. */
function nodesOf(snapshot: HeapSnapshot, arenaBytes: number, map: ArenaMapShape): ArenaMapNodes {
  const bottomNodeBytes = arenaBytes * 2 ** map.bottomBits;
  const midNodeBytes = bottomNodeBytes * 2 ** map.interiorBits;
  const places = snapshot.regions.flatMap(({ base }) =>
    base % arenaBytes === 0 ? [base] : [base, base + arenaBytes],
  );
  return {
    mid: new Set(places.map((place) => Math.floor(place / midNodeBytes))).size,
    bottom: new Set(places.map((place) => Math.floor(place / bottomNodeBytes))).size,
  };
}

/** A label, an equals sign and a number, as CPython lines them up. */
function figure(label: string, value: number): string {
  return `${label.padEnd(LABEL_COLUMNS)}=${formatCount(value).padStart(FIGURE_COLUMNS)}`;
}
