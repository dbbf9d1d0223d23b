import type { Address } from "@pyrena/abi";
import { type Objects, typeFlags } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

/** Levels of the deepest nest. */
const MILLION = 1_000_000;

/**
 * Makes markers: instances of a type whose dealloc goes through the trashcan as a class's does, and whose finalizer logs
 * the marker's number and may do more.
 */
function markers(
  core: Objects,
  more: (number: number) => void = () => {},
): { make: (number: number) => number; log: number[] } {
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
        const number = memory.u32[(object + 2 * word) >>> 2] ?? 0;
        log.push(number);
        more(number);
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

/** Makers of containers around a reference, which they steal. */
interface Holders {
  pair(inner: Address): Address;
  dict(inner: Address): Address;
  set(inner: Address): Address;
  instance(inner: Address): Address;
  drop(): void;
}

function makeHolders(core: Objects): Holders {
  const { refs, dict, set, classes, protocol, tuple } = core;
  const cls = classes.create({ name: "Node" });
  return {
    pair: (inner) => {
      const made = tuple.pack([inner]);
      refs.decref(inner);
      return made;
    },
    dict: (inner) => {
      const made = dict.create();
      dict.setItemString(made, "inner", inner);
      refs.decref(inner);
      return made;
    },
    // A set's members must have hashes: what is nested is held by an instance, which has.
    set: (inner) => {
      const made = set.create();
      const member = classes.instantiate(cls);
      protocol.setAttribute(member, "inner", inner);
      refs.decref(inner);
      set.add(made, member);
      refs.decref(member);
      return made;
    },
    instance: (inner) => {
      const made = classes.instantiate(cls);
      protocol.setAttribute(made, "inner", inner);
      refs.decref(inner);
      return made;
    },
    drop: () => refs.decref(cls),
  };
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

  // Each kind on one data model: these take time.
  it.each([abi === "lp64" ? "list" : "tuple"] as const)(
    "a %s nested a million deep dies",
    (kind) => {
      const core = testObjects(version, abi, { maxBytes: 2 ** 29 });
      const { refs, float } = core;
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
      core.inspect.verify();
    },
  );

  it.each([abi === "lp64" ? "dict" : "set", "instance"] as const)(
    "a nest of %s, 100 000 deep, dies",
    (kind) => {
      const core = testObjects(version, abi, { maxBytes: 2 ** 29 });
      const { refs } = core;
      const bottom = core.float.from(1);
      const holders = makeHolders(core);
      let nested = refs.newRef(bottom);
      for (let n = 0; n < MILLION / 10; n++) nested = holders[kind](nested);
      expect(refs.refcount(bottom)).toBe(2);
      refs.decref(nested);
      expect(refs.refcount(bottom)).toBe(1);
      refs.decref(bottom);
      holders.drop();
      core.inspect.verify();
    },
  );

  it.each(["cell", "slice", "method", "closure"] as const)(
    "a %s nested 20 000 deep dies",
    (kind) => {
      const core = testObjects(version, abi);
      const { refs, cells, slice, functions, tuple } = core;
      const globals = core.dict.create();
      const bottom = core.float.from(1);
      const code = functions.createCode({
        name: "f",
        locals: [],
        argCount: 0,
        freeNames: ["x"],
        body: () => 0,
      });
      const holders = {
        cell: (inner: Address) => cells.create(inner),
        slice: (inner: Address) => slice.create(inner, 0, 0),
        method: (inner: Address) => functions.createMethod(code, inner),
        closure: (inner: Address) => {
          const cell = cells.create(inner);
          const closure = tuple.pack([cell]);
          const made = functions.create(code, globals, closure);
          refs.decref(cell);
          refs.decref(closure);
          return made;
        },
      };
      let nested = refs.newRef(bottom);
      for (let n = 0; n < 20_000; n++) {
        const outer = holders[kind](nested);
        refs.decref(nested);
        nested = outer;
      }
      expect(refs.refcount(bottom)).toBe(2);
      refs.decref(nested);
      expect(refs.refcount(bottom)).toBe(1);
      for (const object of [bottom, code, globals]) refs.decref(object);
      core.inspect.verify();
    },
  );

  it.each(["list", "tuple", "dict"] as const)("subclasses of %s keep the order", (kind) => {
    const core = testObjects(version, abi);
    const { refs, classes, dict, list } = core;
    const { make, log } = markers(core);
    const cls = classes.create({ name: "Sub", bases: [core[kind].type] });
    let inner = refs.newRef(core.constants.none);
    for (let n = 599; n >= 0; n--) {
      const marker = make(n);
      let outer: Address;
      if (kind === "dict") {
        outer = classes.call(cls, []);
        dict.setItemString(outer, "inner", inner);
        dict.setItemString(outer, "marker", marker);
      } else {
        const items = list.pack([marker, inner]);
        outer = classes.call(cls, [items]);
        refs.decref(items);
      }
      refs.decref(marker);
      refs.decref(inner);
      inner = outer;
    }
    refs.decref(inner);
    expect(runs(log).slice(0, 40)).toBe(
      core.facts.trashcan.depth === 50 ? "48..0 49 97..50 98 146..99 147 195..148 " : "599..0",
    );
    refs.decref(cls);
    core.inspect.verify();
  });

  it("finalizers run in CPython's order, whatever the containers", () => {
    const core = testObjects(version, abi);
    const { make, log } = markers(core);
    const holders = makeHolders(core);
    const kinds = ["pair", "dict", "instance", "set"] as const;
    let inner = make(999);
    for (let n = 299; n >= 0; n--) {
      const marker = make(n);
      const holder = holders[kinds[n % 4] ?? "pair"](inner);
      // The marker goes after what is further in.
      inner = core.list.pack([marker, holder]);
      core.refs.decref(marker);
      core.refs.decref(holder);
    }
    core.refs.decref(inner);
    holders.drop();
    expect(runs(log)).toBe(
      core.facts.trashcan.depth === 50
        ? "21..0 22 43..23 65..44 87..66 108..88 109 130..110 131 152..132 174..153 195..175 196 217..197 218 239..219 261..240 283..262 999 299..284"
        : "999 299..0",
    );
    core.inspect.verify();
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

describe.each(everyProfile)("a nest that a finalizer drops in %s %s", (version, abi) => {
  it("dies at once, in the midst of the other", () => {
    const core = testObjects(version, abi);
    const { list, refs } = core;
    const stash = list.create(0);
    const { make, log } = markers(core, (number) => {
      if (number === 150) list.clear(stash);
    });
    const nestFrom = (first: number): Address => {
      let inner = 0;
      for (let n = 299; n >= 0; n--) {
        const marker = make(first + n);
        const items = inner === 0 ? [marker] : [marker, inner];
        inner = list.pack(items);
        for (const item of items) refs.decref(item);
      }
      return inner;
    };
    const other = nestFrom(1000);
    list.append(stash, other);
    refs.decref(other);
    refs.decref(nestFrom(0));
    expect(runs(log)).toBe(
      core.facts.trashcan.depth === 50
        ? "48..0 49 97..50 98 146..99 147 195..150 1043..1000 149..148 1044 1092..1045 1093 1141..1094 1142 1190..1143 1191 1239..1192 1240 1288..1241 1289 1299..1290 196 244..197 245 293..246 294 299..295"
        : "299..150 1299..1000 149..0",
    );
    refs.decref(stash);
    core.inspect.verify();
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
