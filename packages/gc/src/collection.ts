/** What every collection has around it: a begin and an end, who is told, what is counted, and what it says when asked to. */
import { type CollectionInfo, type CollectorHost, gcDebug, type LinearMemory } from "@pyrena/abi";
import { type OpenState, setLimit } from "./control.ts";
import type { Outcome } from "./garbage.ts";

/** One collection's frame. */
export interface CollectionFrame {
  /**
   * Run a collection unless one is under way; returns how many objects were found unreachable.
   * @param generation what callbacks and statistics are told
   * @param body collects, and adds to the outcome; false: it has collected nothing, and statistics do not count it
   */
  run(this: void, generation: number, body: (outcome: CollectionOutcome) => unknown): number;
}

/** What a collection's body reports. */
export interface CollectionOutcome extends Outcome {
  /** Objects that were looked at. */
  candidates: number;
}

/** @param sizes sizes of the generations, and of what is set aside, for the text of DEBUG_STATS */
export function makeCollectionFrame(
  open: OpenState,
  host: CollectorHost,
  sizes: () => { readonly generations: readonly number[]; readonly permanent: number },
): CollectionFrame {
  const { memory, state, at } = open;
  const COLLECTING = (state + at.collecting) >>> 2;
  const DEBUG = (state + at.debug) >>> 2;
  const STATS = (state + at.stats) >>> 2;
  const CANDIDATES = (state + at.candidates) >>> 3;
  const DURATIONS = (state + at.durations) >>> 3;

  function tell(phase: "start" | "stop", info: CollectionInfo): void {
    try {
      host.event?.(phase, info);
    } catch (thrown) {
      host.unraisable?.(thrown, `a callback at the ${phase} of a collection`);
    }
  }

  function describeSizes(generation: number): void {
    const { generations, permanent } = sizes();
    host.write?.(
      `gc: collecting generation ${generation}...\n` +
        `gc: objects in each generation: ${generations.join(" ")}\n` +
        `gc: objects in permanent generation: ${permanent}\n`,
    );
  }

  return {
    run: (generation, body) => {
      if (memory.u32[COLLECTING] !== 0) return 0;
      memory.u32[COLLECTING] = 1;
      setLimit(open);
      const outcome: CollectionOutcome = { collected: 0, uncollectable: 0, candidates: 0 };
      try {
        tell("start", { generation, ...outcome, duration: 0 });
        const begun = performance.now();
        if ((memory.u32[DEBUG] & gcDebug.stats) !== 0) describeSizes(generation);
        const done = body(outcome) !== false;
        const duration = (performance.now() - begun) / 1000;
        const { collected, uncollectable } = outcome;
        const found = collected + uncollectable;
        if ((memory.u32[DEBUG] & gcDebug.stats) !== 0) {
          host.write?.(
            `gc: done, ${found} unreachable, ${uncollectable} uncollectable, ${duration.toFixed(4)}s elapsed\n`,
          );
        }
        if (done) count(memory, STATS + 3 * generation, outcome);
        memory.f64[CANDIDATES + generation] += outcome.candidates;
        memory.f64[DURATIONS + generation] += duration;
        tell("stop", { generation, ...outcome, duration });
        return found;
      } finally {
        memory.u32[COLLECTING] = 0;
        setLimit(open);
      }
    },
  };
}

function count(memory: LinearMemory, row: number, { collected, uncollectable }: Outcome): void {
  const u32 = memory.u32;
  u32[row]++;
  u32[row + 1] += collected;
  u32[row + 2] += uncollectable;
}
