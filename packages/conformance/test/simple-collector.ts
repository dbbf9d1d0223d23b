/** A collector as simple as can be, on the null collector's ring; and what to break in it. */
import type { Address, CollectorFactory } from "@pyrena/abi";
import { nullCollector } from "@pyrena/conformance";

export type Damage =
  | "counts when asked inside"
  | "forgets finalizers"
  | "finalizes again"
  | "ignores references from outside"
  | "ignores resurrection"
  | "returns nothing"
  | "keeps all";

export function simpleCollector(damage?: Damage): CollectorFactory {
  return (graph, host) => {
    const base = nullCollector()(graph, host);
    const { ctx } = graph;
    let collecting = false;

    /** Those of some objects that nothing outside of them refers to, directly or not. */
    function unreachable(objects: readonly Address[]): Address[] {
      const left = new Map(objects.map((object) => [object, graph.refcount(ctx, object)]));
      for (const object of objects) {
        graph.traverse(ctx, object, (referent) => {
          const count = left.get(referent);
          if (count !== undefined) left.set(referent, count - 1);
        });
      }
      const outside = damage === "ignores references from outside" ? 1 : 0;
      const ahead = objects.filter((object) => (left.get(object) ?? 0) > outside);
      const reached = new Set(ahead);
      for (let object = ahead.pop(); object !== undefined; object = ahead.pop()) {
        graph.traverse(ctx, object, (referent) => {
          if (!left.has(referent) || reached.has(referent)) return;
          reached.add(referent);
          ahead.push(referent);
        });
      }
      return objects.filter((object) => !reached.has(object));
    }

    return {
      ...base,
      name: "simple",
      collect: () => {
        if (collecting) return damage === "counts when asked inside" ? 1 : 0;
        if (damage === "keeps all") return 0;
        collecting = true;
        const tracked: Address[] = [];
        base.each(base.ctx, (object) => void tracked.push(object));
        let garbage = unreachable(tracked);
        const found = garbage.length;
        for (const object of garbage) graph.incref(ctx, object);
        const dying = new Set(garbage);
        const called: Address[] = [];
        for (const object of garbage) {
          graph.weakrefs(ctx, object, (ref) => {
            graph.clearWeakref(ctx, ref);
            if (graph.hasWeakrefCallback(ctx, ref) && !dying.has(ref)) called.push(ref);
          });
        }
        for (const ref of called) graph.callWeakrefCallback(ctx, ref);
        for (const object of garbage) {
          if (damage === "forgets finalizers") graph.memory.u32[(object - 4) >>> 2] |= 1;
          if (graph.needsFinalizer(ctx, object) || damage === "finalizes again")
            graph.finalize(ctx, object);
        }
        for (const object of garbage)
          if (graph.refcount(ctx, object) > 1) graph.decref(ctx, object);
          else {
            dying.delete(object);
            graph.decref(ctx, object);
          }
        garbage = garbage.filter((object) => dying.has(object));
        if (damage !== "ignores resurrection") garbage = unreachable(garbage);
        for (const object of garbage) graph.incref(ctx, object);
        for (const object of garbage) graph.clear(ctx, object);
        for (const object of garbage) graph.decref(ctx, object);
        collecting = false;
        return damage === "returns nothing" ? 0 : found;
      },
    };
  };
}
