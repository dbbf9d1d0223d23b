import type { Collector, CollectorFactory } from "@pyrena/abi";
import {
  type CollectorSubject,
  collectorLaws,
  nullCollector,
  plainGraph,
} from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { broken } from "./broken.ts";
import { type Damage, simpleCollector } from "./simple-collector.ts";

describe.each(collectorLaws)("$name", ({ check }) => {
  test("holds for the null collector", () => {
    check(() => ({ collector: nullCollector(), collects: false }));
  });
  test("holds for a simple one that collects", () => {
    check(() => ({ collector: simpleCollector() }));
  });
});

/** The null collector with something else in place of one of its functions. */
function changed(
  change: (base: Collector, graph: Parameters<CollectorFactory>[0]) => Partial<Collector>,
): () => CollectorSubject {
  return () => ({
    collects: false,
    collector: (graph, host) => {
      const base = nullCollector()(graph, host);
      return { ...base, ...change(base, graph) };
    },
  });
}

const outside = new Set<number>();
/** Grows by one for each collector that is closed. */
const aged = new Set<number>();

test.each<[what: string, law: string, make: () => CollectorSubject]>([
  ["does not track", "G1", changed(() => ({ track: () => {} }))],
  ["does not untrack", "G1", changed(() => ({ untrack: () => {} }))],
  [
    "forgets that an object was finalized",
    "G1",
    changed((base, graph) => ({
      untrack: (ctx, object) => {
        base.untrack(ctx, object);
        graph.memory.u32[(object - 4) >>> 2] = 0;
      },
    })),
  ],
  [
    "tracks what is untracked twice",
    "G2",
    changed((base, graph) => ({
      untrack: (ctx, object) => {
        if (graph.memory.u32[(object - 8) >>> 2] === 0) graph.memory.u32[(object - 4) >>> 2] = 2;
        base.untrack(ctx, object);
      },
    })),
  ],
  ["visits nothing", "G3", changed(() => ({ each: () => {} }))],
  [
    "visits the first one twice",
    "G3",
    changed((base) => ({
      each: (ctx, visit) => {
        let first = true;
        base.each(ctx, (object) => {
          visit(object, 0);
          if (first) visit(object, 0);
          first = false;
        });
      },
    })),
  ],
  [
    "keeps what it tracks outside of the heap",
    "G3",
    changed((base) => ({
      track: (ctx, object) => {
        outside.add(object);
        base.track(ctx, object);
      },
      untrack: (ctx, object) => {
        outside.delete(object);
        base.untrack(ctx, object);
      },
      each: (_, visit) => {
        for (const object of outside) visit(object, 0);
      },
    })),
  ],
  [
    "never passes its own check",
    "G1",
    changed(() => ({
      verify: () => {
        throw new Error("damaged");
      },
    })),
  ],
  [
    "reads on from an object that its visitor has untracked",
    "G6",
    changed((_, graph) => ({
      each: (_ctx, visit) => {
        for (let head = graph.memory.u32[16 >>> 2]; head !== 16 && head !== 0; ) {
          visit(head + graph.gcHeadBytes, 0);
          head = graph.memory.u32[head >>> 2];
        }
      },
    })),
  ],
  ["takes over nothing", "G6", changed(() => ({ adopt: () => {} }))],
  [
    "takes over objects in another generation",
    "G6",
    changed((base) => ({
      adopt: base.track,
      each: (_ctx, visit) => base.each(base.ctx, (object) => visit(object, aged.size % 2)),
      close: () => void aged.add(aged.size),
    })),
  ],
])("a collector that %s breaks %s", (_, law, make) => {
  outside.clear();
  expect(broken(collectorLaws, make).map((found) => found.law)).toContain(law);
});

test.each<[damage: Damage, law: string]>([
  ["counts when asked inside", "G4"],
  ["forgets finalizers", "G5"],
  ["finalizes again", "G5"],
  ["ignores references from outside", "G5"],
  ["ignores resurrection", "G5"],
  ["returns nothing", "G5"],
  ["keeps all", "G5"],
])("a collector that %s breaks %s", (damage, law) => {
  const found = broken(collectorLaws, () => ({ collector: simpleCollector(damage) }));
  expect(found.map((one) => one.law)).toContain(law);
});

test("a plain graph counts, finalizes once, clears weak references, and tells of the dead", () => {
  const plain = plainGraph(nullCollector());
  const log: string[] = [];
  const a = plain.node(1);
  const b = plain.leaf();
  plain.set(a, 0, b);
  plain.release(b);
  plain.onFinalize(a, () => {
    log.push("finalized");
    throw new Error("thrown by a finalizer");
  });
  const ref = plain.weakref(a, (which) => void log.push(String(plain.target(which))));
  plain.release(a);
  expect(log).toEqual(["finalized", "0"]);
  expect([...plain.alive]).toEqual([ref]);
  expect(plain.unraisable.length).toBe(1);
  expect(() => plain.release(a)).toThrow(/holds no reference/);
  expect(() => plain.graph.incref(undefined, a)).toThrow(/no living object/);
});
