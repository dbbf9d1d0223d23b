/** A sink that notes how many arenas there are, each time that the number changes. */
import { eventKinds, type StatsSink } from "@pyrena/abi";

/** What the sink keeps: numbers, in an array of its own. */
export interface ArenaLog {
  arenas: number;
  peak: number;
  failed: number;
  /** The number of arenas after each event. */
  readonly history: number[];
}

export function arenaSink(): StatsSink<ArenaLog> {
  return {
    ctx: { arenas: 0, peak: 0, failed: 0, history: [] },
    event(log, kind) {
      if (kind === eventKinds.arenaAlloc) log.arenas++;
      else if (kind === eventKinds.arenaFree) log.arenas--;
      else if (kind === eventKinds.arenaFailed) log.failed++;
      else return; // kinds that are added later
      log.peak = Math.max(log.peak, log.arenas);
      log.history.push(log.arenas);
    },
  };
}
