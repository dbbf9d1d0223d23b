/**
 * Python's `gc` module over any object graph, on addresses: for graphs of one's own. (`@pyrena/objects` has it with
 * Python objects: `objects.gc`.)
 */
import {
  type Address,
  type CollectionInfo,
  type Collector,
  type CollectorControl,
  type CollectorHost,
  FROZEN,
  type GenerationStats,
  type ObjectGraph,
  type PerGeneration,
  PyrenaError,
} from "@pyrena/abi";
import { type Diagnosis, diagnose } from "./diagnose.ts";
import { type Explanation, explain } from "./explain.ts";

/** Told when a collection begins and when it has ended. What it throws goes to the host's `unraisable`. */
export type GcCallback = (phase: "start" | "stop", info: CollectionInfo) => void;

/**
 * The functions of the `gc` module. Addresses are borrowed, but for those in `garbage`.
 * @throws PyrenaError `bad-argument` for numbers out of range; and where a collector without `control` would need it:
 *   from all but `collect`, `getObjects`, `getReferrers`, `getReferents`, `isTracked`, `isFinalized` and `explain`
 */
export interface GcModule {
  enable(this: void): void;
  disable(this: void): void;
  isEnabled(this: void): boolean;
  /** How many objects were found unreachable; default: generation 2, all. */
  collect(this: void, generation?: number): number;
  getCount(this: void): PerGeneration;
  getThreshold(this: void): PerGeneration;
  /** What is left out stays as it is; a first threshold of 0 stops automatic collection. */
  setThreshold(this: void, first: number, second?: number, third?: number): void;
  getStats(this: void): PerGeneration<GenerationStats>;
  /** Flags of `gcDebug`. */
  getDebug(this: void): number;
  setDebug(this: void, flags: number): void;
  /** The tracked objects, or those of a generation, youngest generation first; not the frozen ones. */
  getObjects(this: void, generation?: number): Address[];
  /** The tracked objects that refer to one of these, but for frozen ones. */
  getReferrers(this: void, ...objects: readonly Address[]): Address[];
  /** What the objects refer to, in the order of their `traverse`. */
  getReferents(this: void, ...objects: readonly Address[]): Address[];
  isTracked(this: void, object: Address): boolean;
  isFinalized(this: void, object: Address): boolean;
  /** Set all tracked objects aside: no collection looks at them. */
  freeze(this: void): void;
  unfreeze(this: void): void;
  getFreezeCount(this: void): number;
  /** Objects that were found unreachable and stay. The module holds a reference to each, until `releaseGarbage`. */
  readonly garbage: readonly Address[];
  /** Give up the references to what is in `garbage`, and empty it. */
  releaseGarbage(this: void): void;
  /** Called in order; may be changed at any time, also by one of them. */
  readonly callbacks: GcCallback[];
  /** Why an object lives, or why it is garbage. */
  explain(this: void, object: Address): Explanation;
  /** Which types' `traverse` shows other references than there are. */
  diagnose(this: void): Diagnosis;
  /** Give garbage up, and let the host be as it was before. */
  close(this: void): void;
}

const GENERATIONS = 3;

/**
 * The `gc` module of a graph and its collector. Garbage and callbacks are kept in JavaScript; what the host did before
 * with both is still done.
 * @param host the one that the collector was made with
 */
export function makeGcModule(
  graph: ObjectGraph,
  collector: Collector,
  host: CollectorHost,
): GcModule {
  const garbage: Address[] = [];
  const callbacks: GcCallback[] = [];
  const before = { event: host.event, keep: host.keep };

  host.event = (phase, info) => {
    before.event?.(phase, info);
    for (let n = 0; n < callbacks.length; n++) {
      try {
        callbacks[n](phase, info);
      } catch (thrown) {
        host.unraisable?.(thrown, `a gc callback at the ${phase} of a collection`);
      }
    }
  };
  host.keep = (object) => {
    before.keep?.(object);
    graph.incref(graph.ctx, object);
    garbage.push(object);
  };

  function control(): CollectorControl {
    if (collector.control !== undefined) return collector.control;
    throw new PyrenaError(
      "bad-argument",
      `the collector '${collector.name}' has no switches and counters: use one that has control`,
    );
  }

  function checkInt(value: number, what: string): void {
    if ((value | 0) === value) return;
    throw new PyrenaError(
      "bad-argument",
      `${what} must be a whole number of 32 bits, not ${value}`,
    );
  }

  function checkGeneration(generation: number): void {
    if (generation === 0 || generation === 1 || generation === 2) return;
    throw new PyrenaError(
      "bad-argument",
      `there are the generations 0 to ${GENERATIONS - 1}, not ${generation}`,
    );
  }

  /** A word of PyGC_Head: 0 the first, 1 the second; 0 for objects that have none. */
  function headWord(object: Address, n: 0 | 1): number {
    if (!graph.isCollectable(graph.ctx, object)) return 0;
    return graph.memory.u32[(object - graph.gcHeadBytes + (n * graph.gcHeadBytes) / 2) >>> 2];
  }

  function heldGarbage(visit: (referent: Address, holder: string) => void): void {
    for (const object of garbage) visit(object, "gc.garbage");
  }

  function releaseGarbage(): void {
    // Finalizers may run in there and collect: what they keep is for the next time.
    for (const object of garbage.splice(0)) graph.decref(graph.ctx, object);
  }

  return {
    garbage,
    callbacks,
    enable: () => control().setEnabled(collector.ctx, true),
    disable: () => control().setEnabled(collector.ctx, false),
    isEnabled: () => control().isEnabled(collector.ctx),
    collect: (generation = GENERATIONS - 1) => {
      checkGeneration(generation);
      return collector.collect(collector.ctx, generation);
    },
    getCount: () => control().counts(collector.ctx),
    getThreshold: () => control().thresholds(collector.ctx),
    setThreshold: (...values) => {
      for (const value of values) if (value !== undefined) checkInt(value, "a threshold");
      control().setThresholds(collector.ctx, ...values);
    },
    getStats: () => control().generationStats(collector.ctx),
    getDebug: () => control().debugFlags(collector.ctx) | 0,
    setDebug: (flags) => {
      checkInt(flags, "flags");
      control().setDebugFlags(collector.ctx, flags);
    },
    getObjects: (generation) => {
      if (generation !== undefined) checkGeneration(generation);
      const found: Address[] = [];
      collector.each(collector.ctx, (object, its) => {
        if (its !== FROZEN && (generation ?? its) === its) found.push(object);
      });
      return found;
    },
    getReferrers: (...objects) => {
      const wanted = new Set(objects);
      const found: Address[] = [];
      collector.each(collector.ctx, (object, generation) => {
        if (generation === FROZEN) return;
        let refers = false;
        graph.traverse(graph.ctx, object, (referent) => {
          refers = refers || wanted.has(referent);
        });
        if (refers) found.push(object);
      });
      return found;
    },
    getReferents: (...objects) => {
      const found: Address[] = [];
      for (const object of objects) {
        if (graph.isCollectable(graph.ctx, object))
          graph.traverse(graph.ctx, object, (referent) => void found.push(referent));
      }
      return found;
    },
    isTracked: (object) => headWord(object, 0) !== 0,
    isFinalized: (object) => (headWord(object, 1) & 1) !== 0,
    freeze: () => control().freeze(collector.ctx),
    unfreeze: () => control().unfreeze(collector.ctx),
    getFreezeCount: () => control().freezeCount(collector.ctx),
    releaseGarbage,
    explain: (object) => explain(graph, collector, object, heldGarbage),
    diagnose: () => diagnose(graph, collector, heldGarbage),
    close: () => {
      host.event = before.event;
      host.keep = before.keep;
      releaseGarbage();
      callbacks.length = 0;
    },
  };
}
