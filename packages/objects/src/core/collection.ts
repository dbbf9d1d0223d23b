/** The collector of one heap: its host, how it is replaced, and how the interpreter's side calls it. */
import {
  type Collector,
  type CollectorFactory,
  type CollectorHost,
  type ObjectGraph,
  PyrenaError,
} from "@pyrena/abi";
import type { CollectionApi } from "../api/collection.ts";
import type { Allocation } from "./allocation.ts";
import type { Core } from "./core.ts";

/** @param graph the objects as a collector sees them */
export function makeCollection(
  core: Core,
  allocation: Allocation,
  graph: ObjectGraph,
  first: CollectorFactory,
): CollectionApi {
  const { errors, heap, raw } = core;
  const host: CollectorHost = {
    heap,
    raw,
    fresh: core.fresh,
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

  return {
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
      // The new one has no state in the heap yet, whether the heap was made here or opened.
      const next = factory(graph, { ...host, fresh: true });
      handOver(before, next);
      before.close?.(before.ctx);
      collector = next;
      ctx = next.ctx;
      poll = next.poll ?? nothing;
      allocation.setCollector(next);
      return next;
    },
    collect: (generation = 2) => {
      const pending = errors.fetch();
      try {
        return collector.collect(ctx, generation);
      } finally {
        errors.restore(pending);
      }
    },
    poll: () => poll(ctx),
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
  now.setThresholds(next.ctx, ...old.thresholds(before.ctx));
  now.setDebugFlags(next.ctx, old.debugFlags(before.ctx));
  now.setEnabled(next.ctx, old.isEnabled(before.ctx));
}
