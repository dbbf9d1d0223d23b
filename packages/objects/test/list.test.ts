import type { Address } from "@pyrena/abi";
import { attachObjects, type Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

/** A list of ints, and of what else is given. */
function listOf(core: Objects, values: readonly number[]): Address {
  const items = values.map((value) => core.int.from(value));
  const made = core.list.pack(items);
  for (const item of items) core.refs.decref(item);
  return made;
}

function tupleOf(core: Objects, values: readonly number[]): Address {
  const items = values.map((value) => core.int.from(value));
  const made = core.tuple.pack(items);
  for (const item of items) core.refs.decref(item);
  return made;
}

function valuesOf(core: Objects, list: Address): number[] {
  return Array.from({ length: core.list.length(list) }, (_, n) =>
    Number(core.int.value(core.list.getItem(list, n))),
  );
}

/** An operation on a list, and on an array that must have the same items then. */
type Step = { readonly describe: string; run(core: Objects, list: Address, model: number[]): void };

/** A value that is no cached int in any version. */
const value = fc.integer({ min: 5000, max: 5007 });
const values = fc.array(value, { maxLength: 12 });
const index = fc.integer({ min: -15, max: 15 });

/** Where JavaScript's splice takes a place, from one that may count from the end. */
function clipped(at: number, length: number): number {
  return Math.min(Math.max(at < 0 ? at + length : at, 0), length);
}

function withInt(core: Objects, number: number, use: (item: Address) => void): void {
  const item = core.int.from(number);
  use(item);
  core.refs.decref(item);
}

/** `[start::step]` over a length, as indices. */
function walk(start: number, step: number, length: number): number[] {
  const found: number[] = [];
  if (length === 0) return found;
  for (let n = Math.min(Math.abs(start), length - 1); n >= 0 && n < length; n += step)
    found.push(n);
  return found;
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  value.map((item) => ({
    describe: `append ${item}`,
    run: (core: Objects, list: Address, model: number[]) =>
      withInt(core, item, (object) => {
        expect(core.list.append(list, object)).toBe(0);
        model.push(item);
      }),
  })),
  fc.tuple(index, value).map(([at, item]) => ({
    describe: `insert ${item} at ${at}`,
    run: (core: Objects, list: Address, model: number[]) =>
      withInt(core, item, (object) => {
        expect(core.list.insert(list, at, object)).toBe(0);
        model.splice(clipped(at, model.length), 0, item);
      }),
  })),
  index.map((at) => ({
    describe: `pop ${at}`,
    run: (core: Objects, list: Address, model: number[]) => {
      const item = core.list.pop(list, at);
      const there = model.at(at);
      if (there === undefined) {
        expect(item).toBe(0);
        expect(core.errors.matches("IndexError")).toBe(true);
        core.errors.clear();
      } else {
        expect(core.int.value(item)).toBe(there);
        model.splice(clipped(at, model.length), 1);
        core.refs.decref(item);
      }
    },
  })),
  fc.tuple(index, fc.option(value)).map(([at, item]) => ({
    describe: item === null ? `del [${at}]` : `[${at}] = ${item}`,
    run: (core: Objects, list: Address, model: number[]) => {
      const there = model.at(at);
      let result = 0;
      if (item === null) result = core.list.deleteItem(list, at);
      else withInt(core, item, (object) => (result = core.list.setItem(list, at, object)));
      expect(result).toBe(there === undefined ? -1 : 0);
      if (there === undefined) core.errors.clear();
      else model.splice(clipped(at, model.length), 1, ...(item === null ? [] : [item]));
    },
  })),
  fc.tuple(values, fc.constantFrom("list", "tuple", "self")).map(([items, kind]) => ({
    describe: `extend by ${kind} ${items.join()}`,
    run: (core: Objects, list: Address, model: number[]) => {
      if (kind === "self") {
        if (model.length > 40) return;
        expect(core.list.extend(list, list)).toBe(0);
        model.push(...model);
        return;
      }
      const more = kind === "list" ? listOf(core, items) : tupleOf(core, items);
      expect(core.list.extend(list, more)).toBe(0);
      core.refs.decref(more);
      model.push(...items);
    },
  })),
  fc
    .tuple(index, index, values, fc.constantFrom("list", "tuple", "self", "delete"))
    .map(([from, to, items, kind]) => ({
      describe: `[${from}:${to}] = ${kind} ${items.join()}`,
      run: (core: Objects, list: Address, model: number[]) => {
        const start = clipped(from, model.length);
        const stop = Math.max(start, clipped(to, model.length));
        if (kind === "self" && model.length > 40) return;
        const more =
          kind === "delete"
            ? 0
            : kind === "self"
              ? core.refs.newRef(list)
              : kind === "list"
                ? listOf(core, items)
                : tupleOf(core, items);
        expect(core.list.assignSlice(list, start, stop, more)).toBe(0);
        core.refs.xdecref(more);
        const put = kind === "delete" ? [] : kind === "self" ? model.slice() : items;
        model.splice(start, stop - start, ...put);
      },
    })),
  fc.tuple(index, fc.constantFrom(-3, -2, -1, 2, 3), fc.boolean()).map(([from, step, deletes]) => ({
    describe: `${deletes ? "delete" : "assign"} [${from}::${step}]`,
    run: (core: Objects, list: Address, model: number[]) => {
      const places = walk(from, step, model.length);
      const put = places.map((_, n) => 6000 + n);
      const more = deletes ? 0 : listOf(core, put);
      const start = places[0] ?? 0;
      expect(core.list.assignExtendedSlice(list, start, step, places.length, more)).toBe(0);
      core.refs.xdecref(more);
      if (deletes) {
        const gone = new Set(places);
        const left = model.filter((_, n) => !gone.has(n));
        model.splice(0, model.length, ...left);
      } else {
        places.forEach((place, n) => {
          model[place] = put[n] ?? 0;
        });
      }
    },
  })),
  fc.tuple(index, fc.constantFrom(-2, -1, 1, 2, 3)).map(([from, step]) => ({
    describe: `slice [${from}::${step}]`,
    run: (core: Objects, list: Address, model: number[]) => {
      const places = walk(from, step, model.length);
      const part = core.list.slice(list, places[0] ?? 0, step, places.length);
      expect(valuesOf(core, part)).toEqual(places.map((n) => model[n]));
      expect(core.list.allocated(part)).toBe(places.length);
      core.refs.decref(part);
    },
  })),
  fc.integer({ min: -1, max: 3 }).map((times) => ({
    describe: `* ${times}`,
    run: (core: Objects, list: Address, model: number[]) => {
      const { refs } = core;
      const repeated = core.list.repeat(list, times);
      const joined = core.list.concat(list, repeated);
      const expected: number[] = [];
      for (let n = 0; n < times; n++) expected.push(...model);
      expect(valuesOf(core, repeated)).toEqual(expected);
      expect(valuesOf(core, joined)).toEqual([...model, ...expected]);
      expect(core.list.allocated(joined)).toBe(model.length + expected.length);
      refs.decref(repeated);
      refs.decref(joined);
      if (model.length > 40 && times > 1) return;
      expect(core.list.repeatInPlace(list, times)).toBe(0);
      model.splice(0, model.length, ...expected);
    },
  })),
  fc.constantFrom("clear", "reverse", "sort", "sort reversed", "copy").map((describe) => ({
    describe,
    run: (core: Objects, list: Address, model: number[]) => {
      if (describe === "clear") {
        core.list.clear(list);
        model.length = 0;
      } else if (describe === "reverse") {
        core.list.reverse(list);
        model.reverse();
      } else if (describe === "copy") {
        const copy = core.list.copy(list);
        expect(core.protocol.equal(copy, list)).toBe(1);
        expect(core.list.allocated(copy)).toBe(model.length);
        core.refs.decref(copy);
      } else {
        expect(core.list.sort(list, 0, describe !== "sort")).toBe(0);
        model.sort((a, b) => (describe === "sort" ? a - b : b - a));
      }
    },
  })),
  value.map((wanted) => ({
    describe: `look for ${wanted}`,
    run: (core: Objects, list: Address, model: number[]) =>
      withInt(core, wanted, (object) => {
        const at = model.indexOf(wanted);
        expect(core.list.contains(list, object)).toBe(at < 0 ? 0 : 1);
        expect(core.list.count(list, object)).toBe(model.filter((n) => n === wanted).length);
        expect(core.list.index(list, object)).toBe(at);
        expect(core.errors.matches("ValueError")).toBe(at < 0);
        core.errors.clear();
        expect(core.list.remove(list, object)).toBe(at < 0 ? -1 : 0);
        core.errors.clear();
        if (at >= 0) model.splice(at, 1);
      }),
  })),
);

describe.each(everyProfile)("list in %s %s", (version, abi) => {
  it("does what an array does, and owns just what it holds", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 12 }), (program) => {
        const core = testObjects(version, abi);
        const { list, refs, inspect } = core;
        const made = list.create(0);
        const model: number[] = [];
        for (const step of program) {
          step.run(core, made, model);
          expect(valuesOf(core, made), step.describe).toEqual(model);
          expect(list.allocated(made)).toBeGreaterThanOrEqual(model.length);
          expect(core.errors.occurred()).toBe(0);
          inspect.verify({ held: [made] });
        }
        refs.decref(made);
        inspect.verify();
      }),
      { numRuns: 15 },
    );
  });

  it("takes a kept one for a display and a slice, not for list(x)", () => {
    const core = testObjects(version, abi);
    const { list, refs } = core;
    const kept = list.pack([]);
    refs.decref(kept);
    const called = list.from(core.tuple.empty);
    expect(called).not.toBe(kept);
    const sliced = list.slice(called, 0, 1, 0);
    expect(sliced).toBe(kept);
    for (const object of [called, sliced]) refs.decref(object);
    core.inspect.verify();
  });

  it("is tracked from the start, kept for reuse when it dies, and its items array given back", () => {
    const { list, alloc, refs, inspect } = testObjects(version, abi);
    const lists = Array.from({ length: 100 }, () => list.create(1));
    expect(lists.every((made) => alloc.isTracked(made))).toBe(true);
    for (const made of lists) refs.decref(made);
    const kept = alloc.freeLists.find(({ name }) => name === "list");
    expect(kept?.count()).toBe(80);
    const again = list.create(0);
    expect(again).toBe(lists[79]);
    expect(list.allocated(again)).toBe(0);
    refs.decref(again);
    inspect.verify();
  });

  it("shows itself inside itself as Python does", () => {
    const core = testObjects(version, abi);
    const { list, tuple, refs, protocol } = core;
    const made = listOf(core, [1]);
    const pair = tuple.pack2(made, made);
    list.append(made, made);
    list.append(made, pair);
    expect(protocol.repr(made)).toBe("[1, [...], ([...], [...])]");
    expect(protocol.repr(pair)).toBe("([1, [...], (...)], [1, [...], (...)])");
    refs.decref(pair);
    list.clear(made);
    refs.decref(made);
    core.inspect.verify();
  });

  it("compares item by item", () => {
    const core = testObjects(version, abi);
    const { protocol, refs, errors } = core;
    const lists = [[1, 2, 3], [1, 2, 3], [1, 2], [1, 3], []].map((items) => listOf(core, items));
    const [a, b, shorter, larger, none] = lists as [number, number, number, number, number];
    expect(protocol.equal(a, b)).toBe(1);
    expect(protocol.equal(a, shorter)).toBe(0);
    expect(protocol.less(a, b)).toBe(0);
    expect(protocol.less(shorter, a)).toBe(1);
    expect(protocol.less(a, larger)).toBe(1);
    expect(protocol.less(larger, a)).toBe(0);
    expect(protocol.less(none, a)).toBe(1);
    const tuple = tupleOf(core, [1, 2, 3]);
    expect(protocol.equal(a, tuple)).toBe(0);
    expect(protocol.less(a, tuple)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    expect(protocol.hash(a)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    for (const object of [...lists, tuple]) refs.decref(object);
    core.inspect.verify();
  });

  it("follows the version where it is made empty or smaller", () => {
    const core = testObjects(version, abi);
    const { list, refs, facts } = core;
    const emptied = listOf(core, [5000]);
    refs.decref(list.pop(emptied));
    expect(list.allocated(emptied)).toBe(facts.popKeepsRoom ? 1 : 0);
    const forty = listOf(
      core,
      Array.from({ length: 40 }, (_, n) => n),
    );
    for (let n = 0; n < 35; n++) list.deleteItem(forty, 0);
    expect(valuesOf(core, forty)).toEqual([35, 36, 37, 38, 39]);
    expect(list.allocated(forty)).toBe(facts.deleteKeepsRoom ? 40 : 8);
    refs.decref(emptied);
    refs.decref(forty);
    core.inspect.verify();
  });

  it("has the room of CPython's when it is made from another container", () => {
    const core = testObjects(version, abi);
    const { list, set, range, str, refs, facts } = core;
    const room = (items: Address): number => {
      const made = list.from(items);
      const found = list.allocated(made);
      refs.decref(made);
      refs.decref(items);
      return found;
    };
    expect(room(listOf(core, [1, 2, 3]))).toBe(4);
    expect(room(tupleOf(core, [1, 2, 3]))).toBe(4);
    expect(room(range.create(0, 3, 1))).toBe(4);
    expect(room(str.from("abc"))).toBe(4);
    const items = listOf(core, [1, 2, 3]);
    expect(room(set.from(items, false))).toBe(facts.listsGrowForTables ? 8 : 4);
    refs.decref(items);
    expect(room(tupleOf(core, []))).toBe(0);
    core.inspect.verify();
  });

  it("is empty while it is sorted, and says so if it was changed meanwhile", () => {
    const core = testObjects(version, abi);
    const { list, refs, errors, types, alloc, word } = core;
    const made = listOf(core, [3, 1, 2]);
    const lengths: number[] = [];
    const type = types.define({
      name: "key",
      basicsize: 2 * word,
      flags: 0,
      slots: {
        name: "key",
        dealloc: alloc.freeObject,
        call: (_, [item]) => {
          lengths.push(list.length(made));
          if (lengths.length > 3) list.append(made, item);
          return refs.newRef(item);
        },
      },
    });
    const key = alloc.object(type, 2 * word);
    expect(list.sort(made, key)).toBe(0);
    expect(lengths).toEqual([0, 0, 0]);
    expect(valuesOf(core, made)).toEqual([1, 2, 3]);
    expect(list.sort(made, key, true)).toBe(-1);
    expect(errors.matches("ValueError")).toBe(true);
    errors.clear();
    expect(valuesOf(core, made)).toEqual([3, 2, 1]);
    refs.decref(key);
    refs.decref(made);
    core.inspect.verify();
  });

  it("is sorted stably, however long", () => {
    const core = testObjects(version, abi);
    const { list, float, int, refs } = core;
    // Equal numbers of two types can be told apart.
    const numbers = Array.from({ length: 200 }, (_, n) => (n * 7919) % 10);
    const items = numbers.map((n, place) => (place % 2 === 0 ? int.from(n) : float.from(n)));
    const made = list.pack(items);
    expect(list.sort(made)).toBe(0);
    const order = items
      .map((_, n) => n)
      .sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0) || a - b);
    expect(Array.from(items, (_, n) => list.getItem(made, n))).toEqual(order.map((n) => items[n]));
    refs.decref(made);
    for (const item of items) refs.decref(item);
    core.inspect.verify();
  });

  it("raises RecursionError where comparing nests too deeply, and shows what it can", () => {
    const core = testObjects(version, abi);
    const { list, tuple, float, refs, protocol, errors } = core;
    const nest = (depth: number, pack: typeof list.pack): Address => {
      let made = float.from(1);
      for (let n = 0; n < depth; n++) {
        const outer = pack([made]);
        refs.decref(made);
        made = outer;
      }
      return made;
    };
    for (const pack of [list.pack, tuple.pack]) {
      const a = nest(500, pack);
      const b = nest(500, pack);
      expect(protocol.equal(a, b)).toBe(1);
      expect(protocol.less(a, b)).toBe(0);
      const deep = nest(10_000, pack);
      const other = nest(10_000, pack);
      expect(protocol.equal(deep, other)).toBe(-1);
      expect(errors.matches("RecursionError")).toBe(true);
      errors.clear();
      expect(protocol.less(deep, other)).toBe(-1);
      expect(errors.matches("RecursionError")).toBe(true);
      errors.clear();
      expect(protocol.repr(deep)).toMatch(/^[[(]+\.\.\.[\]),]+$/);
      for (const object of [a, b, deep, other]) refs.decref(object);
    }
    const inside = list.create(0);
    list.append(inside, inside);
    const second = list.create(0);
    list.append(second, second);
    expect(protocol.equal(inside, second)).toBe(-1);
    errors.clear();
    for (const object of [inside, second]) {
      list.clear(object);
      refs.decref(object);
    }
    core.inspect.verify();
  });

  it("takes no dead objects in debug mode", () => {
    const core = testObjects(version, abi, { debug: true });
    const { list, tuple, refs } = core;
    const made = list.create(0);
    const dead = list.create(0);
    refs.decref(dead);
    for (const use of [
      () => list.append(made, dead),
      () => list.insert(made, 0, dead),
      () => list.pack([made, dead]),
      () => tuple.pack([made, dead]),
      () => tuple.pack2(made, dead),
    ]) {
      expect(use).toThrow(/no living object/);
    }
    refs.decref(made);
    core.inspect.verify();
  });

  it("goes on where a heap is opened again", () => {
    const core = testObjects(version, abi);
    const made = listOf(core, [5000, 5001]);
    const dead = listOf(core, [5002]);
    core.refs.decref(dead);
    const again = attachObjects(core.heap, core.options);
    expect(again.list.type).toBe(core.list.type);
    expect(valuesOf(again, made)).toEqual([5000, 5001]);
    withInt(again, 5002, (item) => again.list.append(made, item));
    expect(valuesOf(core, made)).toEqual([5000, 5001, 5002]);
    const next = again.list.create(0);
    expect(next).toBe(dead);
    again.refs.decref(next);
    again.refs.decref(made);
    again.inspect.verify();
  });

  it("loses nothing where there is no room for what is asked", () => {
    const heap = failingHeap(version, abi);
    const { core } = heap;
    const { list } = core;
    const twenty = Array.from({ length: 20 }, (_, n) => 5000 + n);
    const one = (): Address[] => [listOf(core, [5000, 5001, 5002])];
    const two = (): Address[] => [listOf(core, [5000, 5001, 5002]), listOf(core, twenty)];
    const withRange = (): Address[] => [listOf(core, []), core.range.create(5000, 5004, 1)];
    const failures: typeof heap.everyFailureOf = (prepare, operate) =>
      heap.everyFailureOf(prepare, operate, "unchanged");
    const counts = [
      failures(one, (_, [a]) => ({ object: list.copy(a) })),
      failures(one, (_, [a]) => ({ object: list.slice(a, 2, -1, 2) })),
      failures(one, (_, [a]) => ({ object: list.pack([a, a, a]) })),
      failures(one, () => ({ object: list.create(3) })),
      failures(one, (_, [a]) => ({ object: list.repeat(a, 3) })),
      failures(one, (_, [a]) => ({ status: list.repeatInPlace(a, 3) })),
      failures(one, (_, [a]) => ({ status: list.append(a, core.constants.none) })),
      failures(one, (_, [a]) => ({ status: list.insert(a, 1, core.constants.none) })),
      failures(one, (_, [a]) => ({ status: list.extend(a, a) })),
      failures(two, (_, [a, b]) => ({ status: list.extend(a, b) })),
      failures(two, (_, [a, b]) => ({ object: list.concat(a, b) })),
      failures(two, (_, [a, b]) => ({ status: list.assignSlice(a, 1, 2, b) })),
      failures(two, (_, [a, b]) => ({ status: list.assignSlice(b, 1, 15, a) })),
      failures(two, (_, [, b]) => ({ status: list.assignSlice(b, 2, 4, b) })),
      failures(two, (_, [, b]) => ({ status: list.assignSlice(b, 2, 18, 0) })),
      failures(two, (_, [, b]) => ({
        status: list.assignExtendedSlice(b, 0, 2, 10, 0),
      })),
      failures(two, (_, [a, b]) => ({
        status: list.assignExtendedSlice(b, 0, 8, 3, a),
      })),
      failures(withRange, (_, [, b]) => ({ object: list.from(b) })),
    ];
    expect(counts.every((count) => count > 0)).toBe(true);
  });
});
