import type { ObjectGraph } from "@pyrena/abi";
import {
  nullCollector,
  type ObjectGraphSubject,
  objectGraphLaws,
  plainGraph,
} from "@pyrena/conformance";
import { describe, expect, test } from "vitest";
import { broken } from "./broken.ts";

/** A plain graph as the laws' subject, with some functions replaced. */
function subject(
  change: (graph: ObjectGraph<undefined>) => Partial<ObjectGraph<undefined>> = () => ({}),
): ObjectGraphSubject {
  const plain = plainGraph(nullCollector());
  const { collector } = plain;
  return {
    graph: { ...plain.graph, ...change(plain.graph) } as ObjectGraph,
    collector,
    container: (items) => {
      const node = plain.node(items.length);
      for (const [n, item] of items.entries()) plain.set(node, n, item);
      return node;
    },
    leaf: () => plain.leaf(),
    finalizable: (finalizer) => {
      const node = plain.node(0);
      plain.onFinalize(node, finalizer);
      return node;
    },
    weakref: (target, callback) => plain.weakref(target, callback),
  };
}

describe.each(objectGraphLaws)("$name", ({ check }) => {
  test("holds for the plain graph", () => check(() => subject()));
});

test.each<
  [
    what: string,
    law: string,
    change: (graph: ObjectGraph<undefined>) => Partial<ObjectGraph<undefined>>,
  ]
>([
  [
    "visits only the first reference",
    "O1",
    (graph) => ({
      traverse: (ctx, object, visit) => {
        let first = true;
        graph.traverse(ctx, object, (referent) => {
          if (first) visit(referent);
          first = false;
        });
      },
    }),
  ],
  [
    "visits NULL",
    "O1",
    (graph) => ({
      traverse: (ctx, object, visit) => {
        graph.traverse(ctx, object, visit);
        visit(0);
      },
    }),
  ],
  [
    "changes what it visits",
    "O1",
    (graph) => ({
      traverse: (ctx, object, visit) => {
        graph.memory.u8[512]++;
        graph.traverse(ctx, object, visit);
      },
    }),
  ],
  ["calls types plain whose objects have finalizers", "O3", () => ({ isPlain: () => true })],
  ["has a layout program for other objects", "O1", () => ({ layout: () => 68 })],
  ["does not count what is increfed", "O1", () => ({ incref: () => {} })],
  [
    "writes into PyGC_Head when it counts",
    "O2",
    (graph) => ({
      incref: (ctx, object) => {
        graph.memory.u32[(object - 4) >>> 2] |= 8;
        graph.incref(ctx, object);
      },
    }),
  ],
  ["has a PyGC_Head of one word", "O2", () => ({ gcHeadBytes: 4 })],
  [
    "does not remember that it finalized",
    "O2",
    (graph) => ({
      finalize: (ctx, object) => {
        graph.finalize(ctx, object);
        graph.memory.u32[(object - 4) >>> 2] &= ~1;
      },
    }),
  ],
  [
    "lets a finalizer's exception through",
    "O3",
    (graph) => ({
      finalize: (ctx, object) => {
        graph.finalize(ctx, object);
        throw new Error("from the finalizer");
      },
    }),
  ],
  [
    "calls back when it clears",
    "O3",
    (graph) => ({
      clearWeakref: (ctx, ref) => {
        graph.clearWeakref(ctx, ref);
        graph.callWeakrefCallback(ctx, ref);
      },
    }),
  ],
  ["lists no weak references", "O3", () => ({ weakrefs: () => {} })],
  ["clears nothing", "O3", () => ({ clear: () => {} })],
])("a graph that %s breaks %s", (_, law, change) => {
  expect(broken(objectGraphLaws, () => subject(change)).map((found) => found.law)).toContain(law);
});
