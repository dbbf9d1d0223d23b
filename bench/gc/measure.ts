/** Runs the peers in turns, a round each, one workload after the other. */
import type { PeerPool } from "../src/peer-pool.ts";
import { type PeerProcess, PeerUnavailable } from "../src/peer-process.ts";
import { type CollectorPeer, takesPart } from "./peers.ts";
import type { GcWorkload, GrowingFigures } from "./workloads.ts";

/** One peer on one workload. */
export interface GcMeasurement {
  readonly peer: string;
  /** Why it cannot run here. */
  readonly skipped?: string;
  /** Why it broke off. */
  readonly failed?: string;
  /** Nanoseconds an object, round by round. */
  readonly rounds?: readonly number[];
  /** The same rounds, where a heap grew. */
  readonly figures?: readonly GrowingFigures[];
}

/** How it is measured. */
export interface MeasureOptions {
  readonly rounds: number;
  readonly warmUps: number;
  /** Of a round's objects. */
  readonly scale: number;
  /** Where the peers' processes come from. */
  readonly pool: PeerPool;
  readonly progress: (text: string) => void;
}

interface Running {
  readonly peer: CollectorPeer;
  readonly process: PeerProcess;
  readonly rounds: number[];
  readonly figures: GrowingFigures[];
}

/** All peers on one workload, in processes that take turns. */
export async function measureCollectors(
  workload: GcWorkload,
  peers: readonly CollectorPeer[],
  { rounds, warmUps, scale, pool, progress }: MeasureOptions,
): Promise<GcMeasurement[]> {
  const units = Math.max(1000, Math.round(workload.units * scale));
  const taking = peers.filter((peer) => takesPart(peer, workload));
  const running: Running[] = [];
  const results = new Map<string, GcMeasurement>();
  const giveUp = (peer: string, error: unknown): void => {
    const { message } = error as Error;
    const absent = error instanceof PeerUnavailable;
    results.set(peer, { peer, ...(absent ? { skipped: message } : { failed: message }) });
  };
  try {
    for (const peer of taking) {
      if (peer.skipped !== undefined) {
        results.set(peer.id, { peer: peer.id, skipped: peer.skipped });
        continue;
      }
      progress(`${workload.id}: ${peer.title}: warming up`);
      try {
        const process = await pool.take(peer);
        running.push({ peer, process, rounds: [], figures: [] });
        await process.load(workload.id);
        for (let n = 0; n < warmUps; n++) await process.run(0, units);
      } catch (error) {
        giveUp(peer.id, error);
      }
    }
    for (let round = 0; round < rounds; round++) {
      progress(`${workload.id}: round ${round + 1} of ${rounds}`);
      for (let n = 0; n < running.length; n++) {
        const { peer, process, rounds: times, figures } = running[(n + round) % running.length]!;
        if (results.has(peer.id)) continue;
        try {
          times.push(await process.run(0, units));
          if (workload.kind === "growing")
            figures.push((await process.memory()) as unknown as GrowingFigures);
        } catch (error) {
          giveUp(peer.id, error);
        }
      }
    }
  } finally {
    for (const { peer, process } of running) {
      pool.giveBack(process, results.get(peer.id)?.failed === undefined);
    }
  }
  for (const { peer, rounds: times, figures } of running) {
    if (results.has(peer.id)) continue;
    const growing = workload.kind === "growing" && { figures };
    results.set(peer.id, { peer: peer.id, rounds: times, ...growing });
  }
  return taking.map(({ id }) => results.get(id)!);
}

/** The sets of one workload as one measurement a peer: all rounds, in order. */
export function joinSets(sets: readonly (readonly GcMeasurement[])[]): readonly GcMeasurement[] {
  return sets.reduce((before, after) =>
    before.map((one, n) => {
      const more = after[n]!;
      if (one.rounds === undefined || more.rounds === undefined) return { ...one, ...more };
      const figures = one.figures && more.figures && [...one.figures, ...more.figures];
      return { ...one, rounds: [...one.rounds, ...more.rounds], ...(figures && { figures }) };
    }),
  );
}
