import type { Address } from "@pyrena/abi";
import type { Handle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { type Diagnosis, debugging, diagnose, explain } from "../src/index.ts";
import { type Misfits, misfits } from "./misfit.ts";
import { collectorFor, everyProfile, type World, world } from "./world.ts";

function ask({ core }: World): Diagnosis {
  return diagnose(core.gc.graph, core.gc.collector());
}

/** Two objects that refer to each other, visited so many times; the second may be held by a handle. */
function pairOf(
  w: World,
  visits: readonly [number, number],
  isHeld: boolean,
): { kind: Misfits; a: Address; b: Address; handle: Handle | undefined } {
  const kind = misfits(w.core);
  const [a, b] = visits.map((times) => kind.create({ visits: times }));
  kind.set(a, b);
  kind.set(b, a);
  w.core.refs.decref(a);
  if (isHeld) return { kind, a, b, handle: w.py.context.wrap(b) };
  w.core.refs.decref(b);
  return { kind, a, b, handle: undefined };
}

/** What CPython 3.11.7, 3.12.1 and 3.13.0 (release builds) do with such pairs: found, and whether `b` kept its reference. */
const cpython: readonly {
  readonly visits: readonly [number, number];
  readonly isHeld: boolean;
  readonly found: number;
  readonly isWhole: boolean;
}[] = [
  { visits: [0, 0], isHeld: false, found: 0, isWhole: true },
  { visits: [0, 0], isHeld: true, found: 0, isWhole: true },
  { visits: [1, 1], isHeld: false, found: 2, isWhole: false },
  { visits: [1, 1], isHeld: true, found: 0, isWhole: true },
  { visits: [2, 2], isHeld: false, found: 0, isWhole: true },
  { visits: [2, 2], isHeld: true, found: 0, isWhole: true },
  { visits: [3, 3], isHeld: false, found: 0, isWhole: true },
  { visits: [3, 3], isHeld: true, found: 0, isWhole: true },
  { visits: [2, 1], isHeld: false, found: 0, isWhole: true },
  { visits: [2, 1], isHeld: true, found: 2, isWhole: false },
  { visits: [0, 1], isHeld: false, found: 0, isWhole: true },
  { visits: [0, 1], isHeld: true, found: 0, isWhole: true },
  { visits: [1, 0], isHeld: false, found: 0, isWhole: true },
  { visits: [1, 0], isHeld: true, found: 0, isWhole: true },
];

describe.each(everyProfile)("types that misbehave in %s %s", (python, abi) => {
  it.each(cpython)(
    "a traverse that visits $visits times, held: $isHeld: $found found, as in CPython",
    ({ visits, isHeld, found, isWhole }) => {
      const w = world(python, abi);
      const { kind, a, b, handle } = pairOf(w, visits, isHeld);
      expect(w.core.gc.collect()).toBe(found);
      expect(kind.gone.has(a)).toBe(!isWhole);
      expect(kind.gone.has(b)).toBe(!isWhole && !isHeld);
      if (!kind.gone.has(b)) expect(kind.get(b)).toBe(isWhole ? a : 0);
      w.core.gc.collector().verify(w.core.gc.collector().ctx);
      handle?.release();
    },
  );

  it("are found: a reference that is visited twice", () => {
    const w = world(python, abi);
    const { a, b } = pairOf(w, [2, 1], true);
    const { excess, broken, unaccounted } = ask(w);
    expect({ broken, unaccounted }).toEqual({ broken: [], unaccounted: [] });
    expect(excess).toHaveLength(1);
    expect(excess[0]).toMatchObject({ object: b, refcount: 2, found: 3 });
    expect(excess[0].holders).toMatchObject([{ holder: a, type: "Misfit", times: 2 }]);
    expect(excess[0].text).toMatch(
      /^Misfit at \w+ has 2 references, but 3 are shown: traverse of 'Misfit' for Misfit at \w+ 2, roots 1\. A traverse must visit/,
    );
  });

  it("are suspected: a reference that is not visited", () => {
    const w = world(python, abi);
    const { a, b } = pairOf(w, [0, 1], false);
    const { excess, unaccounted } = ask(w);
    expect(excess).toEqual([]);
    expect(unaccounted).toMatchObject([{ object: b, refcount: 1, found: 0 }]);
    const { graph, collector } = w.core.gc;
    const why = explain(graph, collector(), a);
    expect(why).toMatchObject({ fate: "held", unaccounted: [{ object: b }] });
    expect(why.text).toMatch(/either a type's traverse misses a reference, or your code holds/);
  });

  it("are found: a traverse that throws", () => {
    const w = world(python, abi);
    const kind = misfits(w.core);
    const object = kind.create({
      traverse: () => {
        throw new Error("no");
      },
    });
    const { broken } = ask(w);
    expect(broken).toMatchObject([{ object, type: "Misfit" }]);
    expect(broken[0].text).toMatch(/^the traverse of 'Misfit' threw for Misfit at \w+: Error: no$/);
  });

  it("are told of before a collection, once, where it is debugged", () => {
    const w = world(python, abi, { collector: debugging(collectorFor(python)) });
    const { handle } = pairOf(w, [2, 2], true);
    w.core.gc.collect();
    w.core.gc.collect(0);
    expect(w.unraisable).toHaveLength(2);
    expect(w.unraisable.find((text) => /has 2 references/.test(text))).toMatch(
      /^a check before a collection: RuntimeError: PyrenaError: Misfit at \w+ has 2 references, but 3 are shown: traverse of 'Misfit'/,
    );
    // What is said to callbacks is said to them all the same.
    const phases: string[] = [];
    const { py, core } = w;
    const cb = py.function("cb", (phase: string, _info) => void phases.push(phase));
    core.list.append(core.gc.callbacks(), cb.live);
    core.gc.collect();
    expect(phases).toEqual(["start", "stop"]);
    expect(w.unraisable).toHaveLength(2);
    handle?.release();
  });

  it("are not seen where there are none", () => {
    const w = world(python, abi);
    const { py } = w;
    const Node = py.class("Node", { hello: (self: Handle) => self, __del__: () => null });
    const node = Node.new();
    const list = py.list([1, "two", node, { k: [node] }, py.tuple([1, [2]]), py.set([1])]);
    node.setAttr("friends", list);
    py.function("f", (a: unknown) => a, { defaults: [[]], free: { c: py.cell([1]) } });
    py.weakref(node, () => null);
    py.module("m").dict;
    py.exception("ValueError", list);
    py.catch(() => py.raise("KeyError", "x"));
    py.frame("main", ["x"], (f) => {
      f.set("x", [[]]);
      expect(ask(w)).toEqual({ excess: [], broken: [], unaccounted: [] });
    });
    w.core.gc.collect();
    expect(ask(w)).toEqual({ excess: [], broken: [], unaccounted: [] });
  });
});
