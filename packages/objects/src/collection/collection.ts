/**
 * Cycle collection of one heap.
 *
 *     collection.ts    this: the installed collector and its host, swapping, polling
 *     gc-lists.ts      gc.garbage and gc.callbacks, and what is done with them when a collector says so
 *     gc-module.ts     the functions of the gc module
 *     integers.ts      their arguments
 */
import {
  type Collector,
  type CollectorFactory,
  type CollectorHost,
  type ObjectGraph,
  PyrenaError,
} from "@pyrena/abi";
import type { CollectionApi } from "../api/collection.ts";
import type { Allocation } from "../core/allocation.ts";
import type { Core } from "../core/core.ts";
import { makeGcLists } from "./gc-lists.ts";
import { makeGcModule } from "./gc-module.ts";

/** Collection, and what completes it once there are lists to make. */
export interface Collection {
  readonly api: CollectionApi;
  /** Make `gc.garbage` and `gc.callbacks`, or find them. @throws PyrenaError `memory-limit` */
  complete(this: void): void;
}

/** @param graph the objects as a collector sees them */
export function makeCollection(
  core: Core,
  allocation: Allocation,
  graph: ObjectGraph,
  first: CollectorFactory,
): Collection {
  const { errors, heap, raw } = core;
  const lists = makeGcLists(core);
  let isFresh = core.fresh;
  const host: CollectorHost = {
    heap,
    raw,
    get fresh() {
      return isFresh;
    },
    event: lists.tell,
    keep: lists.keep,
    exceptionPending: () => errors.occurred() !== 0,
    unraisable: (thrown, where) => {
      const pending = errors.fetch();
      errors.fromJs(thrown);
      errors.writeUnraisable(where);
      errors.restore(pending);
    },
    write: core.options.stderr ?? ((text) => console.error(text.replace(/\n$/, ""))),
  };
  let collector = first(graph, host);
  let ctx = collector.ctx;
  let poll = collector.poll ?? nothing;
  allocation.setCollector(collector);
  // A later one has no state in the heap yet, whether the heap was made here or opened.
  isFresh = true;

  return {
    complete: lists.open,
    api: {
      graph,
      host,
      collector: () => collector,
      use: (factory) => {
        const before = collector;
        if (before.control?.isCollecting(before.ctx) === true) {
          throw new PyrenaError(
            "bad-argument",
            "the collector cannot be replaced inside a collection: wait until it has ended",
          );
        }
        const next = factory(graph, host);
        handOver(before, next);
        before.close?.(before.ctx);
        collector = next;
        ctx = next.ctx;
        poll = next.poll ?? nothing;
        allocation.setCollector(next);
        return next;
      },
      poll: () => poll(ctx),
      ...makeGcModule(core, graph, () => collector, lists),
    },
  };
}

const nothing = (): void => {};

function handOver(before: Collector, next: Collector): void {
  const { adopt } = next;
  before.each(before.ctx, (object, generation) => {
    before.untrack(before.ctx, object);
    if (adopt === undefined) next.track(next.ctx, object);
    else adopt(next.ctx, object, generation);
  });
  const [old, now] = [before.control, next.control];
  if (old === undefined || now === undefined) return;
  const [first, second, third] = old.thresholds(before.ctx);
  // The incremental collector has no third one: there it is 0.
  now.setThresholds(next.ctx, first, second, third === 0 ? undefined : third);
  now.setDebugFlags(next.ctx, old.debugFlags(before.ctx));
  now.setEnabled(next.ctx, old.isEnabled(before.ctx));
}
