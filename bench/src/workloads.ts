/** The workloads: what each does, how long a round of it is, and its program. */
import { basename } from "node:path";
import type { Program } from "./program.ts";
import { Random } from "./random.ts";

/** What one unit of a workload is. */
export type Unit = "pair" | "realloc" | "event";

/** Which peers a workload is for. */
export type Audience =
  /** Requests that a small-object allocator serves itself, or mostly. */
  | "small"
  /** Requests that it would pass on: for general allocators only. */
  | "general";

/** One workload. */
export interface Workload {
  readonly id: string;
  /** Heading in tables. */
  readonly title: string;
  /** What happens, in one sentence. */
  readonly description: string;
  readonly unit: Unit;
  readonly audience: Audience;
  /** Whether the aims are about it. */
  readonly judged: boolean;
  /** Units of one round; 0 = the whole list. */
  readonly unitsPerRound: number;
  /** Units run untimed before each round, to bring caches back after the other peers' turns. */
  readonly lead: number;
  /** Most rounds that are worth the time. */
  readonly roundLimit: number;
  /** The recording's path, where it is one. */
  readonly trace?: string;
  program(): Program | Promise<Program>;
}

/** Smallest and largest small block, in bytes. */
const SMALL: readonly [number, number] = [8, 248];
/** Smallest and largest large block, in bytes. */
const LARGE: readonly [number, number] = [1024, 256 * 1024];

type SizeOf = (random: Random) => number;
const smallSize: SizeOf = (random) => random.between(...SMALL);
const largeSize: SizeOf = (random) => random.logBetween(...LARGE);

/** `live` blocks; a block picked at random (or the oldest) is freed and another one allocated. */
function replacement(
  live: number,
  count: number,
  size: SizeOf,
  pick: "random" | "oldest",
  seed: number,
  reads = false,
): Program {
  const random = new Random(seed);
  const prefill = new Uint32Array(2 * live);
  for (let n = 0; n < live; n++) prefill.set([n, size(random)], 2 * n);
  const operations = new Uint32Array(2 * count);
  for (let n = 0; n < count; n++) {
    operations[2 * n] = pick === "oldest" ? n % live : random.below(live);
    operations[2 * n + 1] = size(random);
  }
  return {
    kernel: "replace",
    slots: live,
    prefill,
    ageing: Math.min(count, 2 * live),
    operations,
    sweep: 1,
    reads,
  };
}

/** `depth` blocks allocated, then freed last first. */
function lifo(depth: number, sweeps: number, seed: number): Program {
  const random = new Random(seed);
  const operations = new Uint32Array(2 * depth * sweeps);
  for (let n = 0; n < depth * sweeps; n++) operations.set([n % depth, smallSize(random)], 2 * n);
  return {
    kernel: "stack",
    slots: depth,
    prefill: new Uint32Array(),
    ageing: 0,
    operations,
    sweep: depth,
    reads: false,
  };
}

/** Bytes of a list's items after one more append at `bytes`, over-allocated by an eighth as CPython's lists are. */
function grownList(bytes: number): number {
  const items = bytes / 8 + 1;
  return 8 * ((items + (items >>> 3) + 6) & ~3);
}

/** `lists` arrays that grow by realloc, at random turns, to 64 KiB each, then start anew. */
function growth(lists: number, count: number, seed: number): Program {
  const random = new Random(seed);
  const sizes = new Uint32Array(lists);
  const operations = new Uint32Array(2 * count);
  for (let n = 0; n < count; n++) {
    const list = random.below(lists);
    const size = sizes[list]! >= 64 * 1024 ? 0 : grownList(sizes[list]!);
    sizes[list] = size;
    operations.set([list, size], 2 * n);
  }
  return {
    kernel: "resize",
    slots: lists,
    prefill: new Uint32Array(),
    ageing: Math.min(count, 100 * lists),
    operations,
    sweep: 1,
    reads: false,
  };
}

/**
 * The made-up workloads.
 * @param scale 1, or less for a smoke test: fewer live blocks and shorter rounds
 */
export function syntheticWorkloads(scale: number): Workload[] {
  const some = (count: number): number => Math.max(50, Math.round(count * scale));
  const random = (
    id: string,
    title: string,
    live: number,
    units: number,
    list: number,
    seed: number,
  ): Workload => ({
    id,
    title,
    description: `a block picked at random among ${spell(some(live))} live ones of 8 to 248 bytes is freed and another allocated`,
    unit: "pair",
    audience: "small",
    judged: true,
    unitsPerRound: some(units),
    lead: some(units / 8),
    roundLimit: Number.POSITIVE_INFINITY,
    program: () => replacement(some(live), some(list), smallSize, "random", seed),
  });
  return [
    random("random-1k", "random, 1 k live", 1000, 100_000, 1_000_000, 11),
    random("random-20k", "random, 20 k live", 20_000, 200_000, 2_000_000, 12),
    random("random-1m", "random, 1 M live", 1_000_000, 250_000, 4_000_000, 13),
    {
      ...random("random-1m-read", "the same, read", 1_000_000, 250_000, 4_000_000, 13),
      description: `as before, and each block is read before it is freed: a cache miss that is not the allocator's, and of which the processor overlaps more the shorter the loop's code is`,
      judged: false,
      program: () => replacement(some(1_000_000), some(4_000_000), smallSize, "random", 13, true),
    },
    {
      id: "lifo",
      title: "LIFO",
      description: "1 000 blocks of 8 to 248 bytes are allocated and freed last first",
      unit: "pair",
      audience: "small",
      judged: true,
      unitsPerRound: 1000 * Math.max(1, Math.round(200 * scale)),
      lead: 1000 * Math.max(1, Math.round(25 * scale)),
      roundLimit: Number.POSITIVE_INFINITY,
      program: () => lifo(1000, 500, 14),
    },
    {
      id: "fifo",
      title: "FIFO",
      description: `the oldest of ${spell(some(20_000))} live blocks of 8 to 248 bytes is freed and another allocated`,
      unit: "pair",
      audience: "small",
      judged: true,
      unitsPerRound: some(200_000),
      lead: some(25_000),
      roundLimit: Number.POSITIVE_INFINITY,
      // A whole number of turns of the ring, so that the first operation frees the oldest again.
      program: () => replacement(some(20_000), 100 * some(20_000), smallSize, "oldest", 15),
    },
    {
      id: "growth",
      title: "realloc growth",
      description:
        "1 000 arrays, picked at random, grow by realloc as CPython's lists do, from 32 bytes to 64 KiB, and start anew",
      unit: "realloc",
      audience: "small",
      judged: true,
      unitsPerRound: some(60_000),
      lead: some(6000),
      roundLimit: Number.POSITIVE_INFINITY,
      program: () => growth(1000, some(1_000_000), 16),
    },
    {
      id: "large",
      title: "large, 2 k live",
      description: `a block picked at random among ${spell(some(2000))} live ones of 1 to 256 KiB (uniform logarithm) is freed and another allocated`,
      unit: "pair",
      audience: "general",
      judged: true,
      unitsPerRound: some(40_000),
      lead: some(5000),
      roundLimit: Number.POSITIVE_INFINITY,
      program: () => replacement(some(2000), some(400_000), largeSize, "random", 17),
    },
  ];
}

/** A recording, its events one after the other; each round is the whole of it. */
export function traceWorkload(path: string, program: () => Promise<Program>): Workload {
  const name = basename(path).replace(/\.pyrt(\.gz|\.zst)?$/, "");
  return {
    id: `trace:${name}`,
    title: name,
    description: `the events of the recording ${name}, on any allocator`,
    unit: "event",
    audience: "small",
    judged: true,
    unitsPerRound: 0,
    lead: 0,
    roundLimit: 21,
    trace: path,
    program,
  };
}

/** 20000 as `20 000`. */
export function spell(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, " ");
}
