/**
 * Measures one workload with all peers: all are started and loaded, then they take turns in short rounds, one at a
 * time, each round beginning with another peer. What else the machine does then hits all alike.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PeerPool } from "./peer-pool.ts";
import { PeerFailure, type PeerProcess, PeerUnavailable } from "./peer-process.ts";
import type { Peer } from "./peers.ts";
import { encodeProgram, type Program, peakRequested } from "./program.ts";
import type { Measurement, WorkloadResult } from "./result.ts";
import type { Workload } from "./workloads.ts";

/** A round of a slower peer than this is cut, in nanoseconds. */
const LONGEST_ROUND = 150e6;

/** How to measure. */
export interface MeasureOptions {
  /** In all. */
  readonly rounds: number;
  /**
   * The rounds are divided into so many sets, each with fresh processes: where a heap comes to lie, and what an engine
   * decides to inline, differs from process to process by more than from round to round.
   */
  readonly sets: number;
  /** Rounds run before those of each set, for the engine to compile what is hot; not counted. */
  readonly warmUps: number;
  /** Folder for the programs. */
  readonly scratch: string;
  /** Where the peers' processes come from. */
  readonly pool: PeerPool;
  /** Told of each step. */
  progress?(text: string): void;
}

/** A peer in the middle of a workload. */
interface Contestant {
  readonly peer: Peer;
  readonly process: PeerProcess;
  units: number;
  lead: number;
  readonly rounds: number[];
  failed: string | undefined;
}

/** Runs a workload. */
export async function measure(
  workload: Workload,
  peers: readonly Peer[],
  options: MeasureOptions,
): Promise<WorkloadResult> {
  const program = await workload.program();
  const path = join(options.scratch, `${workload.id.replace(/[^\w.-]/g, "-")}.program`);
  writeFileSync(path, encodeProgram(program));
  const rounds = Math.min(options.rounds, workload.roundLimit);

  const left = new Map<string, Measurement>();
  for (const peer of peers) {
    const skipped = peer.skipped ?? peer.sitsOut?.(workload);
    if (skipped !== undefined) left.set(peer.id, { peer: peer.id, skipped });
  }
  for (let set = 0; set < options.sets; set++) {
    const still = peers.filter(({ id }) => left.get(id) === undefined || left.get(id)?.rounds);
    const share = Math.ceil((rounds - set) / options.sets);
    for (const measurement of await runSet(workload, still, program, path, share, options)) {
      left.set(measurement.peer, joined(left.get(measurement.peer), measurement));
    }
  }
  return {
    id: workload.id,
    title: workload.title,
    description: workload.description,
    unit: workload.unit,
    judged: workload.judged,
    operations: program.operations.length / 2,
    requestedPeak: peakRequested(program),
    measurements: peers.map(({ id }) => left.get(id)!),
  };
}

/** One set: every peer is started, they take turns for some rounds, and are ended. */
async function runSet(
  workload: Workload,
  peers: readonly Peer[],
  program: Program,
  path: string,
  rounds: number,
  options: MeasureOptions,
): Promise<Measurement[]> {
  const left: Measurement[] = [];
  const contestants: Contestant[] = [];
  for (const peer of peers) {
    options.progress?.(`${workload.title}: starting ${peer.title}`);
    try {
      contestants.push(await enter(peer, workload, program, path, options));
    } catch (error) {
      left.push({ peer: peer.id, ...reasonOf(error) });
    }
  }
  for (let round = -options.warmUps; round < rounds; round++) {
    options.progress?.(`${workload.title}: round ${Math.max(0, round)} of ${rounds}`);
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(turn + round + options.warmUps) % contestants.length]!;
      await play(contestant, round >= 0);
    }
  }
  for (const contestant of contestants) left.push(await leave(contestant, options));
  return left;
}

/** Two sets' rounds one after the other, and the higher peaks of memory. A set that failed is all that counts. */
function joined(before: Measurement | undefined, now: Measurement): Measurement {
  if (before?.rounds === undefined || now.rounds === undefined) return now;
  const names = Object.keys(now.memory ?? {});
  const memory = Object.fromEntries(
    names.map((name) => [name, Math.max(before.memory?.[name] ?? 0, now.memory?.[name] ?? 0)]),
  );
  return {
    ...now,
    rounds: [...before.rounds, ...now.rounds],
    ...(names.length > 0 && { memory }),
  };
}

/** A failure of the peer as a measurement; anything else is a fault of the bench. */
function reasonOf(error: unknown): { skipped: string } | { failed: string } {
  if (error instanceof PeerUnavailable) return { skipped: error.message };
  if (error instanceof PeerFailure) return { failed: error.message };
  throw error;
}

async function enter(
  peer: Peer,
  workload: Workload,
  program: Program,
  path: string,
  options: MeasureOptions,
): Promise<Contestant> {
  const process = await options.pool.take(peer);
  try {
    // A replay reads the recording itself.
    await process.load(peer.kind === "replay" ? workload.trace! : path);
    const whole = program.operations.length / 2;
    let units = workload.unitsPerRound || whole;
    let lead = workload.lead;
    if (peer.kind !== "replay" && workload.unitsPerRound !== 0) {
      const few = wholeSweeps(units / 100, program.sweep);
      const each = await process.run(0, few);
      if (each * units > LONGEST_ROUND) {
        units = wholeSweeps(LONGEST_ROUND / each / 2, program.sweep);
        lead = wholeSweeps(units / 8, program.sweep);
      }
    }
    return { peer, process, units, lead, rounds: [], failed: undefined };
  } catch (error) {
    options.pool.giveBack(process, false);
    throw error;
  }
}

function wholeSweeps(units: number, sweep: number): number {
  return sweep * Math.max(1, Math.round(units / sweep));
}

async function play(contestant: Contestant, counted: boolean): Promise<void> {
  if (contestant.failed !== undefined) return;
  try {
    const nanoseconds = await contestant.process.run(contestant.lead, contestant.units);
    if (counted) contestant.rounds.push(Math.round(1000 * nanoseconds) / 1000);
  } catch (error) {
    if (!(error instanceof PeerFailure)) throw error;
    contestant.failed = error.message;
  }
}

async function leave(contestant: Contestant, options: MeasureOptions): Promise<Measurement> {
  const { peer, process, units, rounds, failed } = contestant;
  if (failed !== undefined) {
    options.pool.giveBack(process, false);
    return { peer: peer.id, failed };
  }
  const memory = await process.memory();
  options.pool.giveBack(process, true);
  return { peer: peer.id, units, rounds, ...(Object.keys(memory).length > 0 && { memory }) };
}
