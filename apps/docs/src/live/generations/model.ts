/** The generations page: lists are made, and the collector runs by itself. */
import { type IncrementalProgress, isIncremental } from "@pyrena/gc";
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";

/** One automatic collection. */
export interface Collection {
  /** How many lists had been made. */
  readonly at: number;
  readonly generation: number;
  /** Objects that were looked at. */
  readonly looked: number;
  readonly collected: number;
}

/** What is done with each list that is made. */
export const fates = ["keep", "drop in cycles"] as const;
export type Fate = (typeof fates)[number];

/** A heap on which lists are made, as a loop in Python makes them. */
export class GenerationsLab {
  readonly runtime: Runtime;
  readonly collections: Collection[] = [];
  readonly #keeper: ReturnType<Runtime["py"]["list"]>;
  #made = 0;

  constructor(python = "3.13", threshold?: number) {
    this.runtime = liveRuntime({ python });
    const { gc, py } = this.runtime;
    if (threshold !== undefined) gc.setThreshold(threshold);
    gc.freeze();
    this.#keeper = py.list();
  }

  get made(): number {
    return this.#made;
  }

  /** Make lists. Those in cycles refer to themselves, and nobody else refers to them. */
  make(count: number, fate: Fate = "keep"): void {
    const { objects } = this.runtime;
    const { list, refs, gc } = objects;
    const keeper = this.#keeper.live;
    let before = this.#counted();
    for (let n = 0; n < count; n++) {
      const one = list.create(0);
      list.append(fate === "keep" ? keeper : one, one);
      refs.decref(one);
      this.#made++;
      // Where the interpreter would look whether a collection is due: at the end of each turn of the loop.
      gc.poll();
      const now = this.#counted();
      now.forEach((row, generation) => {
        if (row.runs === before[generation]!.runs) return;
        this.collections.push({
          at: this.#made,
          generation,
          looked: row.looked - before[generation]!.looked,
          collected: row.collected - before[generation]!.collected,
        });
      });
      before = now;
    }
  }

  #counted(): { runs: number; looked: number; collected: number }[] {
    const { collector } = this.runtime;
    return collector
      .control!.generationStats(collector.ctx)
      .map(({ collections, candidates = 0, collected }) => ({
        runs: collections,
        looked: candidates,
        collected,
      }));
  }

  counts(): readonly number[] {
    return this.runtime.gc.getCount();
  }

  thresholds(): readonly number[] {
    return this.runtime.gc.getThreshold();
  }

  /** Objects in each generation. */
  sizes(): number[] {
    const { collector } = this.runtime;
    const sizes = [0, 0, 0];
    collector.each(collector.ctx, (_, generation) => {
      if (generation < 3) sizes[generation]!++;
    });
    return sizes;
  }

  /** How far the incremental collector is; undefined of others. */
  progress(): IncrementalProgress | undefined {
    const { collector } = this.runtime;
    return isIncremental(collector) ? collector.progress() : undefined;
  }
}
