/** What the raw allocator, the region manager and the arena source count, declared once. */
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
import { CHUNK_OVERHEAD } from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import { FAILURES, PEAK_SEGMENT_BYTES, SEGMENT_BYTES, SEGMENTS } from "./raw-layout.ts";
import type { Regions } from "./region-context.ts";
import { END, GROWN, PEAK_END, SHRUNK } from "./region-layout.ts";
import { walkSegments } from "./walk.ts";

/** A statistic, and how to find its value. */
interface Counter<Ctx> extends StatDeclaration {
  readonly value: (ctx: Ctx) => number;
}

const rawCounters: readonly Counter<RawContext>[] = [
  {
    name: "liveBlocks",
    unit: "blocks",
    kind: "current",
    help: "Blocks handed out and not freed; counted when asked for, by a walk over the heap.",
    value: (ctx) => countLive(ctx, 1, 0),
  },
  {
    name: "liveBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of these blocks, with headers and rounding; counted when asked for.",
    value: (ctx) => countLive(ctx, CHUNK_OVERHEAD, 1),
  },
  {
    name: "segments",
    unit: "segments",
    kind: "current",
    help: "Contiguous pieces of memory held.",
    value: (ctx) => word(ctx, SEGMENTS),
  },
  {
    name: "segmentBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of these segments, live and free.",
    value: (ctx) => word(ctx, SEGMENT_BYTES),
  },
  {
    name: "peakSegmentBytes",
    unit: "bytes",
    kind: "peak",
    help: "The most that segmentBytes has been.",
    value: (ctx) => word(ctx, PEAK_SEGMENT_BYTES),
  },
  {
    name: "failures",
    unit: "calls",
    kind: "total",
    help: "Requests that were answered with NULL.",
    value: (ctx) => word(ctx, FAILURES),
  },
  {
    name: "managedBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of linear memory under the region manager, used or free.",
    value: ({ regions }) => regionWord(regions, END) * regions.granuleBytes,
  },
  {
    name: "peakManagedBytes",
    unit: "bytes",
    kind: "peak",
    help: "The most that managedBytes has been.",
    value: ({ regions }) => regionWord(regions, PEAK_END) * regions.granuleBytes,
  },
  {
    name: "grown",
    unit: "calls",
    kind: "total",
    help: "How often the memory was made larger.",
    value: ({ regions }) => regionWord(regions, GROWN),
  },
  {
    name: "shrunk",
    unit: "calls",
    kind: "total",
    help: "How often the memory's tail was given back.",
    value: ({ regions }) => regionWord(regions, SHRUNK),
  },
];

const arenaCounters: readonly Counter<ArenaCounts>[] = [
  {
    name: "arenas",
    unit: "arenas",
    kind: "current",
    help: "Regions handed out and not given back.",
    value: (ctx) => arenaWord(ctx, ARENAS),
  },
  {
    name: "arenaBytes",
    unit: "bytes",
    kind: "current",
    help: "Bytes of these regions.",
    value: (ctx) => arenaWord(ctx, ARENA_BYTES),
  },
  {
    name: "peakArenas",
    unit: "arenas",
    kind: "peak",
    help: "The most that arenas has been.",
    value: (ctx) => arenaWord(ctx, PEAK_ARENAS),
  },
  {
    name: "peakArenaBytes",
    unit: "bytes",
    kind: "peak",
    help: "The most that arenaBytes has been.",
    value: (ctx) => arenaWord(ctx, PEAK_ARENA_BYTES),
  },
  {
    name: "allocated",
    unit: "calls",
    kind: "total",
    help: "How often a region was handed out.",
    value: (ctx) => arenaWord(ctx, ALLOCATED),
  },
  {
    name: "freed",
    unit: "calls",
    kind: "total",
    help: "How often a region was given back.",
    value: (ctx) => arenaWord(ctx, FREED),
  },
  {
    name: "failures",
    unit: "calls",
    kind: "total",
    help: "Requests that were answered with NULL.",
    value: (ctx) => arenaWord(ctx, ARENA_FAILURES),
  },
];

/** Where an arena source's counters lie. */
export interface ArenaCounts {
  readonly regions: Regions;
  /** Word index of the state. */
  readonly state: number;
}

/** The counters of a raw allocator and of the region manager below it. */
export function rawStats(ctx: RawContext): StatSource {
  return sourceOf("raw", ctx, rawCounters);
}

/** The counters of an arena source. */
export function arenaStats(ctx: ArenaCounts): StatSource {
  return sourceOf("arena-source", ctx, arenaCounters);
}

function sourceOf<Ctx>(layer: string, ctx: Ctx, counters: readonly Counter<Ctx>[]): StatSource {
  return {
    layer,
    declarations: counters.map(({ name, unit, kind, help }) => ({ name, unit, kind, help })),
    read: (index) => {
      const counter = counters[index];
      if (counter === undefined) {
        throw new PyrenaError(
          "bad-argument",
          `${layer} has statistics 0 to ${counters.length - 1}, none with number ${index}`,
        );
      }
      return counter.value(ctx);
    },
  };
}

function word(ctx: RawContext, at: number): number {
  return ctx.memory.u32[(ctx.address >>> 2) + at];
}

function regionWord(regions: Regions, at: number): number {
  return regions.memory.u32[regions.state + at];
}

function arenaWord(ctx: ArenaCounts, at: number): number {
  return ctx.regions.memory.u32[ctx.state + at];
}

/** The sum over all live blocks of `each` and `perByte` times the usable bytes. */
function countLive(ctx: RawContext, each: number, perByte: number): number {
  let sum = 0;
  walkSegments(ctx, {
    block: (_address, bytes, live) => {
      if (live) sum += each + perByte * bytes;
    },
  });
  return sum;
}
