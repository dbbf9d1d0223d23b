import { type Objects, typeFlags } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

/** Levels of the deepest nest. */
const MILLION = 1_000_000;

/** Makes markers, instances of a type whose dealloc goes through the trashcan as a class's does and logs its number. */
function markers(core: Objects): { make: (number: number) => number; log: number[] } {
  const { alloc, memory, refs, types, profile, word } = core;
  const GC_HEAD = profile.headers.gcHead;
  const log: number[] = [];
  const type = types.define({
    name: "Marker",
    basicsize: 3 * word,
    flags: typeFlags.hasGc,
    slots: {
      name: "marker",
      dealloc: (object) => {
        alloc.untrack(object);
        if (refs.trashcanBegin(object)) return;
        log.push(memory.u32[(object + 2 * word) >>> 2]);
        alloc.freeGcObject(object, GC_HEAD);
        refs.trashcanEnd();
      },
      traverse: () => {},
    },
  });
  const make = (number: number): number => {
    const marker = alloc.gcObject(type, 3 * word, GC_HEAD);
    memory.u32[(marker + 2 * word) >>> 2] = number;
    alloc.track(marker);
    return marker;
  };
  return { make, log };
}

/** Consecutive numbers as runs: `48..0 49 97..50`. */
function runs(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && number === last[1] - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? `${from}` : `${from}..${to}`)).join(" ");
}

describe.each(everyProfile)("deep nests in %s %s", (version, abi) => {
  /** `[marker, [marker, [marker, …]]]`, the markers numbered from the outside. */
  function nest(core: Objects, make: (number: number) => number, depth: number): number {
    const { refs } = core;
    let inner = 0;
    for (let n = depth - 1; n >= 0; n--) {
      const marker = make(n);
      const items = inner === 0 ? [marker] : [marker, inner];
      const outer = n % 2 === 0 ? core.list.pack(items) : core.tuple.pack(items);
      for (const item of items) refs.decref(item);
      inner = outer;
    }
    return inner;
  }

  it.each(["list", "tuple"] as const)("a %s nested a million deep dies", (kind) => {
    const core = testObjects(version, abi, { maxBytes: 2 ** 29 });
    const { refs, obj, float } = core;
    const bottom = float.from(1);
    let nested = refs.newRef(bottom);
    for (let n = 0; n < MILLION; n++) {
      const outer = core[kind].pack([nested]);
      refs.decref(nested);
      nested = outer;
    }
    expect(refs.refcount(bottom)).toBe(2);
    refs.decref(nested);
    expect(refs.refcount(bottom)).toBe(1);
    refs.decref(bottom);
    void obj;
  });

  it("finalizers run in CPython's order, lists and tuples alternating", () => {
    const core = testObjects(version, abi);
    const { make, log } = markers(core);
    core.refs.decref(nest(core, make, 300));
    // 3.11 and 3.12 put containers aside that are nested 50 deep, markers among them; later versions go all the way.
    expect(runs(log)).toBe(
      core.facts.trashcan.depth === 50
        ? "48..0 49 97..50 98 146..99 147 195..148 196 244..197 245 293..246 294 299..295"
        : "299..0",
    );
  });
});

describe("deep nests in 3.13 lp64", () => {
  it("are cut where CPython's count of C recursion runs out", () => {
    const core = testObjects("3.13", "lp64");
    const { make, log } = markers(core);
    const { refs } = core;
    let inner = 0;
    for (let n = 10_200; n >= 0; n--) {
      const marker = make(n);
      const items = inner === 0 ? [marker] : [marker, inner];
      const outer = core.list.pack(items);
      for (const item of items) refs.decref(item);
      inner = outer;
    }
    refs.decref(inner);
    expect(runs(log)).toBe(
      "9946..9897 9947 9996..9948 9997 10046..9998 10047 10096..10048 10097 10146..10098 10147 10196..10148 10197 10200..10198 9896..0",
    );
  });
});
