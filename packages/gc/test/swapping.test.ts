/** Collectors that take over from one another while programs run. */
import type { CollectorFactory } from "@pyrena/abi";
import type { Handle, ListHandle } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import markAndSweep from "../../../examples/collectors/mark-and-sweep.js";
import { generational, incremental } from "../src/index.ts";
import { collectorFor, world } from "./world.ts";

const collectors: readonly (readonly [string, CollectorFactory])[] = [
  ["generational", generational()],
  ["incremental", incremental()],
  ["mark and sweep", markAndSweep],
];

/** One step of a program over eight variables, each of which holds a node with two references, or nothing. */
type Step =
  | { readonly kind: "make" | "drop"; readonly at: number }
  | { readonly kind: "link"; readonly from: number; readonly place: number; readonly to: number }
  | { readonly kind: "collect"; readonly generation: number }
  | { readonly kind: "swap"; readonly to: number }
  | { readonly kind: "freeze" | "unfreeze" };

const variable = fc.nat(7);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("make" as const), at: variable }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("drop" as const), at: variable }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("link" as const),
        from: variable,
        place: fc.nat(1),
        to: variable,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("collect" as const), generation: fc.nat(2) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("swap" as const), to: fc.nat(2) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("freeze" as const, "unfreeze" as const),
      }),
    },
  ),
  { maxLength: 60 },
);

/** A node of the model. */
interface Node {
  readonly id: number;
  readonly next: (Node | undefined)[];
}

/** Run steps in a heap and in the model. */
function run(python: string, abi: "lp64" | "ilp32", program: readonly Step[]): void {
  const w = world(python, abi, { collector: collectorFor(python, true) });
  w.core.gc.setThreshold(3, 2, 2);
  const slots: (Node | undefined)[] = Array(8).fill(undefined);
  const finalized = new Set<number>();
  const variables = w.py.list(Array(8).fill(null));
  let count = 0;
  const define = (): Handle =>
    w.py.class("Node", {
      __del__: (self: Handle) => void finalized.add(self.attr("id") as number),
    });
  const cls = define();

  function reached(): Set<number> {
    const found = new Set<number>();
    const ahead = [...slots];
    for (let node = ahead.pop(); ahead.length > 0 || node !== undefined; node = ahead.pop()) {
      if (node === undefined || found.has(node.id)) continue;
      found.add(node.id);
      ahead.push(...node.next);
    }
    return found;
  }

  /** What the heap's variables lead to is what the model's do. */
  function check(): void {
    w.py.scope(() => {
      const seen = new Set<number>();
      const ahead: [Handle, Node][] = [];
      slots.forEach((node, at) => {
        if (node === undefined) expect(variables.get(at)).toBe(null);
        else ahead.push([variables.ref(at), node]);
      });
      for (let pair = ahead.pop(); pair !== undefined; pair = ahead.pop()) {
        const [handle, node] = pair;
        expect(handle.attr("id")).toBe(node.id);
        if (seen.has(node.id)) continue;
        seen.add(node.id);
        node.next.forEach((other, place) => {
          if (other !== undefined) ahead.push([handle.attrRef(`next${place}`), other]);
        });
      }
      for (const id of reached()) expect(finalized.has(id)).toBe(false);
    });
    const collector = w.core.gc.collector();
    collector.verify(collector.ctx);
    w.py.verify();
  }

  for (const step of program) {
    w.py.scope(() => {
      const { gc } = w.core;
      switch (step.kind) {
        case "make": {
          const node: Node = { id: count++, next: [undefined, undefined] };
          const made = cls.call() as Handle;
          made.setAttr("id", node.id);
          slots[step.at] = node;
          variables.set(step.at, made);
          break;
        }
        case "drop":
          slots[step.at] = undefined;
          variables.set(step.at, null);
          break;
        case "link": {
          const [from, to] = [slots[step.from], slots[step.to]];
          if (from === undefined) break;
          from.next[step.place] = to;
          variables.ref(step.from).setAttr(`next${step.place}`, variables.get(step.to));
          break;
        }
        case "collect":
          gc.collect(step.generation);
          break;
        case "swap": {
          gc.use(collectors[step.to][1]);
          expect(gc.collector().name).toBe(collectors[step.to][0]);
          break;
        }
        case "freeze":
          gc.collector().control?.freeze(gc.collector().ctx);
          break;
        case "unfreeze":
          gc.collector().control?.unfreeze(gc.collector().ctx);
          break;
      }
    });
    check();
  }
  const { gc } = w.core;
  gc.collector().control?.unfreeze(gc.collector().ctx);
  gc.collect();
  check();
  const alive = reached();
  for (let id = 0; id < count; id++) expect(finalized.has(id)).toBe(!alive.has(id));
}

describe("collectors take over while programs run", () => {
  it.each([
    ["3.11", "lp64"],
    ["3.12", "ilp32"],
    ["3.13", "lp64"],
    ["3.14", "lp64"],
    ["3.15", "ilp32"],
  ] as const)("in %s %s: nothing is lost, and all garbage is found in the end", (python, abi) => {
    fc.assert(
      fc.property(steps, (program) => run(python, abi, program)),
      { numRuns: 15 },
    );
  });

  it.each([
    ["3.13", "lp64"],
    ["3.14", "lp64"],
  ] as const)("in %s %s: with generations, switches, thresholds and flags", (python, abi) => {
    const w = world(python, abi, { collector: collectorFor(python, true) });
    const { py, core } = w;
    const { gc } = core;
    gc.disable();
    gc.setThreshold(111, 22);
    gc.setDebug(32);
    const lists = Array.from({ length: 5 }, () => py.list());
    gc.collect();
    const young = py.list();
    for (const [, factory] of [collectors[1], collectors[0], collectors[1], collectors[0]]) {
      const before = gc.getFreezeCount();
      gc.use(factory);
      expect(gc.isEnabled()).toBe(false);
      expect(gc.thresholds().slice(0, 2)).toEqual([111, 22]);
      expect(gc.getDebug()).toBe(32);
      expect(gc.getFreezeCount()).toBe(before);
      for (const [generation, count] of [
        [0, 1],
        [2, 5],
      ]) {
        const found = py.context.wrap(gc.getObjects(generation)) as ListHandle;
        const addresses = Array.from(found, (one) => (one as Handle).live);
        const wanted = (generation === 0 ? [young] : lists).map(({ live }) => live);
        expect(addresses.filter((one) => wanted.includes(one))).toEqual(wanted);
        expect(wanted).toHaveLength(count);
        found.release();
      }
      py.verify();
    }
    gc.freeze();
    const frozen = gc.getFreezeCount();
    gc.use(collectors[1][1]);
    expect(gc.getFreezeCount()).toBe(frozen);
    gc.use(collectors[0][1]);
    expect(gc.getFreezeCount()).toBe(frozen);
    py.verify();
  });
});
