/** The functions of Python's `gc` module over the collector that is installed. CPython's are in `Modules/gcmodule.c`. */
import {
  type Address,
  type Collector,
  type CollectorControl,
  FROZEN,
  type ObjectGraph,
  type PerGeneration,
  PyrenaError,
} from "@pyrena/abi";
import type { GcModule } from "../api/collection.ts";
import type { Core } from "../core/core.ts";
import { type GcLists, makeNumbers } from "./gc-lists.ts";
import { isInt, isSize } from "./integers.ts";

const GENERATIONS = 3;

/** @param collector the one that is installed now */
export function makeGcModule(
  core: Core,
  graph: ObjectGraph,
  collector: () => Collector,
  lists: GcLists,
): GcModule {
  const { errors, refs, types, alloc, facts } = core;

  /** Switches and counters of the collector. @throws PyrenaError `bad-argument` if it has none */
  function control(): CollectorControl {
    const found = collector().control;
    if (found !== undefined) return found;
    throw new PyrenaError(
      "bad-argument",
      `the collector '${collector().name}' has no switches and counters: install one that has control, such as @pyrena/gc's`,
    );
  }

  const ctx = (): unknown => collector().ctx;

  function three(values: PerGeneration): Address {
    const tuple = core.tuple.create(GENERATIONS);
    if (tuple === 0) return 0;
    for (let n = 0; n < GENERATIONS; n++) {
      const item = core.int.from(values[n]);
      if (item === 0) {
        refs.decref(tuple);
        return 0;
      }
      core.tuple.setItem(tuple, n, item);
    }
    core.tuple.track(tuple);
    return tuple;
  }

  /** A new list that `fill` appends to until there is no room; NULL with an exception pending. */
  function gather(fill: (list: Address, append: (object: Address) => void) => void): Address {
    const list = core.list.create(0);
    if (list === 0) return 0;
    let isFull = false;
    try {
      fill(list, (object) => {
        isFull = isFull || core.list.append(list, object) < 0;
      });
    } catch (thrown) {
      // A user's traverse.
      errors.fromJs(thrown);
      isFull = true;
    }
    if (!isFull) return list;
    refs.decref(list);
    return 0;
  }

  function toArray(objects: readonly Address[] | Address): readonly Address[] {
    if (typeof objects !== "number") return objects;
    const length = core.tuple.length(objects);
    return Array.from({ length }, (_, n) => core.tuple.getItem(objects, n));
  }

  return {
    enable: () => control().setEnabled(ctx(), true),
    disable: () => control().setEnabled(ctx(), false),
    isEnabled: () => control().isEnabled(ctx()),
    collect: (generation = 2) => {
      if (!isInt(errors, generation, "generation")) return -1;
      if (generation < 0 || generation >= GENERATIONS) {
        errors.raise("ValueError", `there are the generations 0, 1 and 2, not ${generation}`);
        return -1;
      }
      const pending = errors.fetch();
      try {
        return collector().collect(ctx(), generation);
      } finally {
        errors.restore(pending);
      }
    },
    getCount: () => three(control().counts(ctx())),
    counts: () => control().counts(ctx()),
    getThreshold: () => three(control().thresholds(ctx())),
    thresholds: () => control().thresholds(ctx()),
    setThreshold: (...values) => {
      const { setThresholds } = control();
      const given = values.filter((value) => value !== undefined);
      const wrong = given.findIndex((value) => !isInt(errors, value, "threshold"));
      const valid = wrong < 0 ? given : facts.setsThresholdsAsRead ? given.slice(0, wrong) : [];
      const [first, ...others] = valid;
      if (first !== undefined) setThresholds(ctx(), first, ...others);
      return wrong < 0 ? 0 : -1;
    },
    getStats: () => {
      const rows = control().generationStats(ctx());
      const list = core.list.create(0);
      if (list === 0) return 0;
      for (const { collections, collected, uncollectable, candidates = 0, duration = 0 } of rows) {
        const entries: [string, number][] = [
          ["collections", collections],
          ["collected", collected],
          ["uncollectable", uncollectable],
        ];
        if (facts.timesCollections) entries.push(["candidates", candidates]);
        const row = makeNumbers(core, entries, facts.timesCollections ? duration : undefined);
        const isThere = row !== 0 && core.list.append(list, row) === 0;
        refs.xdecref(row);
        if (isThere) continue;
        refs.decref(list);
        return 0;
      }
      return list;
    },
    getDebug: () => control().debugFlags(ctx()) | 0,
    setDebug: (flags) => {
      const { setDebugFlags } = control();
      if (!isInt(errors, flags, "flags")) return -1;
      setDebugFlags(ctx(), flags);
      return 0;
    },
    getObjects: (generation = -1) => {
      if (!isSize(errors, generation, "generation")) return 0;
      if (generation >= GENERATIONS) {
        return errors.raise(
          "ValueError",
          `there are the generations 0, 1 and 2, not ${generation}`,
        );
      }
      return gather((list, append) =>
        collector().each(ctx(), (object, its) => {
          if (its === FROZEN || object === list) return;
          if (generation < 0 || its === generation) append(object);
        }),
      );
    },
    getReferrers: (objects) => {
      const wanted = new Set(toArray(objects));
      let refers = false;
      const look = (referent: Address): void => {
        refers = refers || wanted.has(referent);
      };
      return gather((list, append) =>
        collector().each(ctx(), (object, generation) => {
          if (generation === FROZEN || object === list || object === objects) return;
          refers = false;
          graph.traverse(graph.ctx, object, look);
          if (refers) append(object);
        }),
      );
    },
    getReferents: (objects) =>
      gather((_, append) => {
        for (const object of toArray(objects))
          if (types.isCollectable(object)) graph.traverse(graph.ctx, object, append);
      }),
    isTracked: (object) => types.isCollectable(object) && alloc.isTracked(object),
    isFinalized: (object) => types.isCollectable(object) && alloc.isFinalized(object),
    freeze: () => control().freeze(ctx()),
    unfreeze: () => control().unfreeze(ctx()),
    getFreezeCount: () => control().freezeCount(ctx()),
    garbage: lists.garbage,
    callbacks: lists.callbacks,
  };
}
