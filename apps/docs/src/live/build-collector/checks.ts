/** What a collector must do: the laws of the contract, and cycles of Python's objects. */
import type { CollectorFactory } from "@pyrena/abi";
import { collectorLaws, plainGraph } from "@pyrena/conformance";
import type { Check } from "../build-code/check.ts";
import { liveRuntime } from "../shared/runtime.ts";

export const lawChecks: readonly Check<CollectorFactory>[] = collectorLaws.map(
  ({ id, name, check }) => ({ id, name, run: (collector) => check(() => ({ collector })) }),
);

/** Instances, dicts, functions and weak references, on a heap that is verified afterwards. */
export const objectsCheck: Check<CollectorFactory> = {
  id: "objects",
  name: "Python's own cycles are found, and the heap is whole afterwards",
  run(collector) {
    const unraisable: string[] = [];
    const runtime = liveRuntime({
      collector,
      onUnraisable: ({ error, where }) => void unraisable.push(`${error}, in the ${where}`),
    });
    const { py, gc } = runtime;
    const log: string[] = [];
    const Node = py.class("Node", {
      __del__(self: { attr(name: string): unknown }) {
        log.push(String(self.attr("name")));
      },
    });
    const make = (
      name: string,
    ): { setAttr(name: string, value: unknown): void; release(): void } => {
      const node = Node.new() as never as ReturnType<typeof make>;
      node.setAttr("name", name);
      return node;
    };
    const [kept, lost, other] = [make("kept"), make("lost"), make("other")];
    kept.setAttr("me", kept);
    lost.setAttr("next", other);
    other.setAttr("next", lost);
    const ref = py.weakref(lost as never, () => void log.push("callback"));
    lost.release();
    other.release();
    gc.collect();
    runtime.verify();
    if (unraisable.length > 0) throw new Error(unraisable[0]);
    const said = [...log].sort().join(", ");
    if (said !== "callback, lost, other") {
      throw new Error(`of the cycle of lost and other one hears: ${said || "nothing"}`);
    }
    if (!ref.isDead) throw new Error("the weak reference to what is gone is alive");
    kept.release();
    gc.collect();
    if (log.at(-1) !== "kept") throw new Error("kept is never collected, once it is lost");
    runtime.verify();
  },
};

export const collectorChecks: readonly Check<CollectorFactory>[] = [...lawChecks, objectsCheck];

/** Two nodes that refer to each other, which nobody holds; and two that somebody does. */
const cycleCheck: Check<CollectorFactory> = {
  id: "cycle",
  name: "A lost cycle of two is found, a held one stays",
  run(collector) {
    const plain = plainGraph(collector);
    const pair = (): [number, number] => {
      const [a, b] = [plain.node(1), plain.node(1)];
      plain.set(a, 0, b);
      plain.set(b, 0, a);
      plain.release(b);
      return [a, b];
    };
    const [held] = pair();
    const [lost] = pair();
    plain.release(lost);
    const found = plain.collector.collect(plain.collector.ctx, 2);
    if (plain.unraisable.length > 0) throw plain.unraisable[0];
    if (found !== 2) throw new Error(`collect() returned ${found} instead of 2`);
    if (plain.alive.has(lost)) throw new Error("the lost cycle is still there");
    if (!plain.alive.has(held)) throw new Error("the held cycle is gone");
  },
};

/** The same collector, where nobody knows the roots. */
function withoutRoots(collector: CollectorFactory): CollectorFactory {
  return (graph, host) =>
    collector(
      {
        ...graph,
        roots() {
          throw new Error("graph.roots was called: there is no list of roots here");
        },
      },
      host,
    );
}

/** An object that only running code holds: its count knows, no root does. */
const heldByCodeCheck: Check<CollectorFactory> = {
  id: "held-by-code",
  name: "What only running code refers to stays",
  run(collector) {
    const plain = plainGraph(withoutRoots(collector));
    const { graph } = plain;
    const node = plain.node(1);
    plain.set(node, 0, node);
    graph.incref(graph.ctx, node);
    plain.release(node); // no root holds it any more; a variable in somebody's C code does
    plain.collector.collect(plain.collector.ctx, 2);
    if (!plain.alive.has(node) || plain.get(node, 0) !== node)
      throw new Error("it was taken apart");
    graph.decref(graph.ctx, node);
    plain.collector.collect(plain.collector.ctx, 2);
    if (plain.alive.has(node)) throw new Error("once it is let go, it is never collected");
  },
};

export const exerciseChecks: Readonly<Record<string, readonly Check<CollectorFactory>[]>> = {
  cycle: [cycleCheck, ...collectorChecks],
  counts: [
    { ...cycleCheck, run: (collector) => cycleCheck.run(withoutRoots(collector)) },
    heldByCodeCheck,
    ...lawChecks.map((law) => ({
      ...law,
      run: (collector: CollectorFactory) => law.run(withoutRoots(collector)),
    })),
  ],
};
