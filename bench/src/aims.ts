/** What Pyrena set out to reach, and whether this run shows it. */
import { referenceOf } from "./peers.ts";
import type { BenchResult, WorkloadResult } from "./result.ts";
import { ratios, type Spread, spread } from "./statistics.ts";

/** One aim on one workload. */
export interface AimResult {
  readonly aim: string;
  readonly workload: string;
  /** What was found, with its quartiles. */
  readonly found: Spread;
  readonly limit: number;
  readonly met: boolean;
  /** How `found` and `limit` are written. */
  readonly form: "ratio" | "nanoseconds";
}

/** Least peak of requested bytes at which peaks of memory are compared. */
const LEAST_JUDGED_BYTES: number = 2 ** 20;

/** Aims that could be judged; one whose peers did not run is left out. */
export function judgeAims(result: BenchResult): AimResult[] {
  const reference = referenceOf(result.peers)?.id;
  const judged = result.workloads.filter((workload) => workload.judged);
  const aims: AimResult[] = [];
  const judge = (
    aim: string,
    workload: string,
    found: Spread | undefined,
    limit: number,
    form: AimResult["form"],
  ): void => {
    if (found === undefined || found.count === 0) return;
    aims.push({ aim, workload, found, limit, form, met: found.median <= limit });
  };
  for (const workload of judged) {
    if (reference !== undefined) {
      judge(
        "pymalloc: time against C pymalloc",
        workload.title,
        against(workload, "pymalloc", reference),
        1,
        "ratio",
      );
    }
  }
  if (reference !== undefined) {
    judge(
      "pymalloc: growth of cost from 20 k to 1 M live, against C pymalloc's",
      "random",
      growth(result, "pymalloc", reference),
      1,
      "ratio",
    );
  }
  for (const workload of judged) {
    judge(
      "raw: time against dlmalloc",
      workload.title,
      against(workload, "raw", "dlmalloc"),
      1,
      "ratio",
    );
  }
  for (const workload of judged) {
    // Below that, the granules in which memory is taken are all there is to see.
    if (workload.requestedPeak < LEAST_JUDGED_BYTES) continue;
    judge(
      "raw: peak memory against dlmalloc",
      workload.title,
      memoryAgainst(workload),
      1.05,
      "ratio",
    );
  }
  for (const workload of judged) {
    const rounds = roundsOf(workload, "replay");
    judge("replay: an event, all in", workload.title, rounds && spread(rounds), 60, "nanoseconds");
  }
  return aims;
}

/** A peer's rounds on a workload, if it has any. */
export function roundsOf(workload: WorkloadResult, peer: string): readonly number[] | undefined {
  return workload.measurements.find((measurement) => measurement.peer === peer)?.rounds;
}

/** Ratios of one peer to another on a workload, if both ran. */
export function against(
  workload: WorkloadResult,
  peer: string,
  reference: string,
): Spread | undefined {
  const mine = roundsOf(workload, peer);
  const base = roundsOf(workload, reference);
  return mine && base && ratios(mine, base);
}

/** How much more a peer's cost grows from 20 k to 1 M live blocks than the reference's. */
function growth(result: BenchResult, peer: string, reference: string): Spread | undefined {
  const few = result.workloads.find(({ id }) => id === "random-20k");
  const many = result.workloads.find(({ id }) => id === "random-1m");
  const before = few && against(few, peer, reference);
  const after = many && against(many, peer, reference);
  if (before === undefined || after === undefined) return undefined;
  return {
    median: after.median / before.median,
    low: after.low / before.high,
    high: after.high / before.low,
    count: Math.min(before.count, after.count),
  };
}

/** Bytes that raw manages at its peak, against those by which dlmalloc has moved its break. */
function memoryAgainst(workload: WorkloadResult): Spread | undefined {
  const bytes = (peer: string, name: string): number | undefined =>
    workload.measurements.find((measurement) => measurement.peer === peer)?.memory?.[name];
  const mine = bytes("raw", "heap");
  const base = bytes("dlmalloc", "heap");
  if (!mine || !base) return undefined;
  const ratio = mine / base;
  return { median: ratio, low: ratio, high: ratio, count: 1 };
}
