/** What an incremental collector marks from: the roots, by kind, in CPython's order. */
import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("marking roots of %s %s", (version, abi) => {
  function setUp() {
    const py = testObjects(version, abi);
    const { graph } = py.gc;
    const visited = (which: "interpreter" | "frames"): Address[] => {
      const found: Address[] = [];
      graph.markingRoots?.(graph.ctx, which, (referent) => found.push(referent));
      return found;
    };
    return { ...py, graph, visited };
  }

  it("of frames begin with the running one, and with the top of its stack", () => {
    const { frames, list, functions, modules, constants, visited } = setUp();
    const lists = Array.from({ length: 6 }, () => list.create(0));
    const outer = frames.pushNamed("outer", ["a", "b", "c"]);
    frames.store(outer, 0, lists[0]);
    frames.store(outer, 2, lists[1]);
    const fn = functions.define(
      { name: "inner", locals: ["x", "y"], argCount: 0, body: () => constants.none },
      modules.dict(modules.main()),
    );
    const inner = frames.push(fn, []);
    frames.store(inner, 0, lists[2]);
    frames.store(inner, 1, lists[3]);
    frames.pushValue(inner, lists[4]);
    frames.pushValue(inner, lists[5]);
    const [l0, l1, l2, l3, l4, l5] = lists;
    expect(visited("frames")).toEqual([fn, l5, l4, l3, l2, l1, l0]);
    frames.pop(inner);
    expect(visited("frames")).toEqual([l1, l0]);
    frames.pop(outer);
    expect(visited("frames")).toEqual([]);
  });

  it("of frames include what a caller has lent", () => {
    const { frames, list, functions, modules, visited } = setUp();
    const seen: Address[][] = [];
    const fn = functions.define(
      {
        name: "f",
        locals: ["x"],
        argCount: 1,
        body: (frame) => {
          seen.push(visited("frames"));
          return frames.load(frame, 0);
        },
      },
      modules.dict(modules.main()),
    );
    const outer = frames.pushNamed("outer", ["a"]);
    const value = list.create(0);
    frames.store(outer, 0, value);
    frames.callMoving(fn, [value], 1);
    expect(seen).toEqual([[fn, value, value]]);
    frames.pop(outer);
  });

  it("are roots, and all roots but code and frame objects", () => {
    const py = setUp();
    const { graph, frames, list, visited } = py;
    const frame = frames.pushNamed("f", ["a"]);
    frames.store(frame, 0, list.create(0));
    py.refs.decref(frames.frameObject(frame));
    py.errors.raise("ValueError", "pending");
    const roots = new Map<Address, string>();
    graph.roots(graph.ctx, (referent, holder) => roots.set(referent, holder));
    const marking = new Set([...visited("interpreter"), ...visited("frames")]);
    for (const referent of marking) expect(roots.has(referent)).toBe(true);
    const left = [...roots].filter(([referent]) => !marking.has(referent)).map(([, how]) => how);
    expect(left.sort()).toEqual(["frame f: code", "frame f: frame object"]);
    const ofInterpreter = visited("interpreter");
    expect(ofInterpreter).not.toContain(frames.local(frame, 0));
    py.errors.clear();
    frames.pop(frame);
  });
});
