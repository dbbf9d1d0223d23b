/** Runs the peers in turns, a round each, one workload after the other. */
import type { PeerPool } from "../src/peer-pool.ts";
import { type PeerProcess, PeerUnavailable } from "../src/peer-process.ts";
import type { ObjectsPeer } from "./peers.ts";
import { NO_SUCH_OBJECTS, type ObjectWorkload } from "./workloads.ts";

/** One peer on one workload. */
export interface ObjectsMeasurement {
  readonly peer: string;
  /** Why it cannot run here, or has no such objects. */
  readonly skipped?: string;
  /** Why it broke off. */
  readonly failed?: string;
  /** Nanoseconds a unit, round by round. */
  readonly rounds?: readonly number[];
  /** Bytes requested for one object. */
  readonly bytes?: number;
}

/** How it is measured. */
export interface MeasureOptions {
  readonly rounds: number;
  readonly warmUps: number;
  /** Of a round's units. */
  readonly scale: number;
  /** Where the peers' processes come from. */
  readonly pool: PeerPool;
  readonly progress: (text: string) => void;
}

/** All peers on one workload, in processes that take turns. */
export async function measureObjects(
  workload: ObjectWorkload,
  peers: readonly ObjectsPeer[],
  options: MeasureOptions,
): Promise<ObjectsMeasurement[]> {
  const units =
    workload.id === "tree" && options.scale < 1
      ? 255
      : Math.max(1000, Math.round(workload.units * options.scale));
  const running: { peer: ObjectsPeer; process: PeerProcess; rounds: number[] }[] = [];
  const results = new Map<string, ObjectsMeasurement>();
  const giveUp = (peer: string, error: unknown): void => {
    const { message } = error as Error;
    const absent = error instanceof PeerUnavailable || message === NO_SUCH_OBJECTS;
    results.set(peer, { peer, ...(absent ? { skipped: message } : { failed: message }) });
  };
  try {
    for (const peer of peers) {
      if (peer.skipped !== undefined) {
        results.set(peer.id, { peer: peer.id, skipped: peer.skipped });
        continue;
      }
      options.progress(`${workload.title}: ${peer.title}: warming up`);
      try {
        const process = await options.pool.take(peer);
        running.push({ peer, process, rounds: [] });
        await process.load(workload.id);
        for (let n = 0; n < options.warmUps; n++) await process.run(0, units);
      } catch (error) {
        giveUp(peer.id, error);
      }
    }
    for (let round = 0; round < options.rounds; round++) {
      options.progress(`${workload.title}: round ${round + 1} of ${options.rounds}`);
      for (let n = 0; n < running.length; n++) {
        const { peer, process, rounds } = running[(n + round) % running.length]!;
        if (results.has(peer.id)) continue;
        try {
          rounds.push(await process.run(0, units));
        } catch (error) {
          giveUp(peer.id, error);
        }
      }
    }
    for (const { peer, process, rounds } of running) {
      if (results.has(peer.id)) continue;
      // A peer that cannot tell its bytes keeps its times.
      const memory = await process.memory().catch((): Record<string, number> => ({}));
      const bytes = memory["object"];
      results.set(peer.id, { peer: peer.id, rounds, ...(bytes !== undefined && { bytes }) });
    }
  } finally {
    for (const { peer, process } of running) {
      options.pool.giveBack(process, results.get(peer.id)?.failed === undefined);
    }
  }
  return peers.map((peer) => results.get(peer.id)!);
}

/** The sets of one workload as one measurement a peer: all rounds, in order. */
export function joinSets(
  sets: readonly (readonly ObjectsMeasurement[])[],
): readonly ObjectsMeasurement[] {
  return sets.reduce((before, after) =>
    before.map((one, n) => {
      const { rounds, ...rest } = after[n]!;
      return rounds === undefined || one.rounds === undefined
        ? { ...one, ...rest }
        : { ...one, rounds: [...one.rounds, ...rounds] };
    }),
  );
}
