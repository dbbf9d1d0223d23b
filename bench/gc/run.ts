/** The collectors' part of `pnpm bench`: Pyrena's beside CPython's. */
import { describeMachine } from "../src/machine.ts";
import type { Options } from "../src/options.ts";
import { PeerPool } from "../src/peer-pool.ts";
import { type GcMeasurement, joinSets, measureCollectors } from "./measure.ts";
import { findCollectorPeers } from "./peers.ts";
import { GC_RESULT_VERSION, type GcResult } from "./report.ts";
import { gcWorkloads } from "./workloads.ts";

/** A round takes a hundred times as long as one of other suites: a third of them do. */
const FEWER = 3;

/** Measure. @throws Error if nothing matches the options */
export async function benchCollectors(
  options: Options,
  progress: (text: string) => void,
): Promise<GcResult> {
  const started = new Date();
  const chosen = (patterns: readonly string[], id: string): boolean =>
    patterns.length === 0 || patterns.some((pattern) => id.includes(pattern));
  const workloads = gcWorkloads.filter(({ id }) => chosen(options.only, id));
  const found = await findCollectorPeers(options.pythons);
  const peers = found.filter(({ id }) => chosen(options.peers, id));
  if (workloads.length === 0) throw new Error("no workload matches --only");
  const results: { id: string; measurements: readonly GcMeasurement[] }[] = [];
  const rounds = Math.ceil(options.rounds / FEWER);
  const sets = Math.min(options.sets, rounds);
  using pool = new PeerPool(options.quick);
  for (const workload of workloads) {
    const all: GcMeasurement[][] = [];
    for (let set = 0; set < sets; set++) {
      all.push(
        await measureCollectors(workload, peers, {
          rounds: Math.ceil(rounds / sets),
          warmUps: options.quick ? 0 : 2,
          scale: options.quick ? 0.01 : 1,
          pool,
          progress,
        }),
      );
    }
    results.push({ id: workload.id, measurements: joinSets(all) });
  }
  progress("");
  return {
    version: GC_RESULT_VERSION,
    suite: "gc",
    startedAt: started.toISOString(),
    seconds: Math.round((Date.now() - started.getTime()) / 1000),
    quick: options.quick,
    machine: await describeMachine(),
    peers: peers.map(({ id, title }) => ({ id, title })),
    workloads: results,
  };
}
