/** What the raw allocator and the arena source count, declared once. */
import { PyrenaError, type StatDeclaration, type StatSource } from "@pyrena/abi";
import {
  ALLOCATED,
  ARENA_BYTES,
  ARENA_FAILURES,
  ARENAS,
  FREED,
  PEAK_ARENA_BYTES,
  PEAK_ARENAS,
} from "./arena-layout.ts";
import type { RawContext } from "./raw-context.ts";
import {
  FAILURES,
  LIVE_BLOCKS,
  LIVE_BYTES,
  PEAK_SEGMENT_BYTES,
  SEGMENT_BYTES,
  SEGMENTS,
} from "./raw-layout.ts";
import type { Regions } from "./region-context.ts";
import { END, GROWN, PEAK_END, SHRUNK } from "./region-layout.ts";

/** A statistic, and where its value lies. */
interface Counter extends StatDeclaration {
  /** Word offset in the layer's state. */
  readonly word: number;
}

const rawCounters: readonly Counter[] = [
  {
    name: "liveBlocks",
    unit: "blocks",
    kind: "current",
    help: "Blocks handed out and not freed.",
    word: LIVE_BLOCKS,
  },
  {
    name: "liveBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of these blocks, with headers and rounding.",
    word: LIVE_BYTES,
  },
  {
    name: "segments",
    unit: "segments",
    kind: "current",
    help: "Contiguous pieces of memory held.",
    word: SEGMENTS,
  },
  {
    name: "segmentBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of these segments, live and free.",
    word: SEGMENT_BYTES,
  },
  {
    name: "peakSegmentBytes",
    unit: "bytes",
    kind: "peak",
    help: "The most that segmentBytes has been.",
    word: PEAK_SEGMENT_BYTES,
  },
  {
    name: "failures",
    unit: "calls",
    kind: "total",
    help: "Requests that were answered with NULL.",
    word: FAILURES,
  },
];

/** Statistics that the region manager keeps, told with the raw allocator's. */
const regionCounters: readonly (Counter & { readonly granules?: boolean })[] = [
  {
    name: "managedBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of linear memory under the region manager, used or free.",
    word: END,
    granules: true,
  },
  {
    name: "peakManagedBytes",
    unit: "bytes",
    kind: "peak",
    help: "The most that managedBytes has been.",
    word: PEAK_END,
    granules: true,
  },
  {
    name: "grown",
    unit: "calls",
    kind: "total",
    help: "How often the memory was made larger.",
    word: GROWN,
  },
  {
    name: "shrunk",
    unit: "calls",
    kind: "total",
    help: "How often the memory's tail was given back.",
    word: SHRUNK,
  },
];

const arenaCounters: readonly Counter[] = [
  {
    name: "arenas",
    unit: "arenas",
    kind: "current",
    help: "Regions handed out and not given back.",
    word: ARENAS,
  },
  {
    name: "arenaBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of these regions.",
    word: ARENA_BYTES,
  },
  {
    name: "peakArenas",
    unit: "arenas",
    kind: "peak",
    help: "The most that arenas has been.",
    word: PEAK_ARENAS,
  },
  {
    name: "peakArenaBytes",
    unit: "bytes",
    kind: "peak",
    help: "The most that arenaBytes has been.",
    word: PEAK_ARENA_BYTES,
  },
  {
    name: "allocated",
    unit: "calls",
    kind: "total",
    help: "How often a region was handed out.",
    word: ALLOCATED,
  },
  {
    name: "freed",
    unit: "calls",
    kind: "total",
    help: "How often a region was given back.",
    word: FREED,
  },
  {
    name: "failures",
    unit: "calls",
    kind: "total",
    help: "Requests that were answered with NULL.",
    word: ARENA_FAILURES,
  },
];

/** The counters of a raw allocator and of the region manager below it. */
export function rawStats(ctx: RawContext): StatSource {
  return source("raw", ctx.regions, ctx.state, rawCounters, regionCounters);
}

/** The counters of an arena source. */
export function arenaStats(regions: Regions, state: number): StatSource {
  return source("arena source", regions, state, arenaCounters, []);
}

function source(
  layer: string,
  regions: Regions,
  state: number,
  own: readonly Counter[],
  below: typeof regionCounters,
): StatSource {
  return {
    layer,
    declarations: [...own, ...below].map(({ name, unit, kind, help }) => ({
      name,
      unit,
      kind,
      help,
    })),
    read: (index) => {
      const u32 = regions.memory.u32;
      const counter = own[index];
      if (counter !== undefined) return u32[state + counter.word];
      const shared = below[index - own.length];
      if (shared === undefined) {
        throw new PyrenaError("bad-argument", `${layer} has no statistic number ${index}`);
      }
      const value = u32[regions.state + shared.word];
      return shared.granules === true ? value * regions.granuleBytes : value;
    },
  };
}
