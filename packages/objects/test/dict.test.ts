import type { Address } from "@pyrena/abi";
import { attachObjects, type Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";
import { oddKeys } from "./odd-keys.ts";

/** A key of a model: a number stands for an int, a string for a str. */
type Key = number | string;

/** New reference. */
function keyOf(core: Objects, key: Key): Address {
  return typeof key === "number" ? core.int.from(key) : core.str.from(key);
}

function set(core: Objects, dict: Address, key: Key, value: number): number {
  const k = keyOf(core, key);
  const v = core.int.from(value);
  const result = core.dict.setItem(dict, k, v);
  core.refs.decref(k);
  core.refs.decref(v);
  return result;
}

function withKey<Result>(core: Objects, key: Key, use: (key: Address) => Result): Result {
  const k = keyOf(core, key);
  const result = use(k);
  core.refs.decref(k);
  return result;
}

function dictOf(core: Objects, items: readonly (readonly [Key, number])[]): Address {
  const dict = core.dict.create();
  for (const [key, value] of items) set(core, dict, key, value);
  return dict;
}

function itemsOf(core: Objects, dict: Address): [Key, number][] {
  const items: [Key, number][] = [];
  const cursor = { position: 0, key: 0, value: 0 };
  while (core.dict.next(dict, cursor)) {
    const { key, value } = cursor;
    const k = core.str.check(key) ? core.str.value(key) : Number(core.int.value(key));
    items.push([k, Number(core.int.value(value))]);
  }
  return items;
}

/** An operation on a dict, and on a Map that must have the same items in the same order then. */
type Step = {
  readonly describe: string;
  run(core: Objects, dict: Address, model: Map<Key, number>): void;
};

const key: fc.Arbitrary<Key> = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((n) => `k${n}`),
  fc.integer({ min: 4990, max: 5010 }),
);
const strKey = fc.integer({ min: 0, max: 30 }).map((n) => `k${n}`);

const steps = (keys: fc.Arbitrary<Key>): fc.Arbitrary<Step> =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(keys, fc.nat(9)).map(
        ([k, v]): Step => ({
          describe: `d[${k}] = ${v}`,
          run: (core, dict, model) => {
            expect(set(core, dict, k, v)).toBe(0);
            model.set(k, v);
          },
        }),
      ),
    },
    {
      weight: 3,
      arbitrary: keys.map(
        (k): Step => ({
          describe: `del d[${k}]`,
          run: (core, dict, model) => {
            const result = withKey(core, k, (it) => core.dict.deleteItem(dict, it));
            expect(result).toBe(model.delete(k) ? 0 : -1);
            if (result < 0) expect(core.errors.matches("KeyError")).toBe(true);
            core.errors.clear();
          },
        }),
      ),
    },
    keys.map(
      (k): Step => ({
        describe: `d.pop(${k})`,
        run: (core, dict, model) => {
          const value = withKey(core, k, (it) => core.dict.pop(dict, it));
          expect(value === 0 ? undefined : Number(core.int.value(value))).toBe(model.get(k));
          core.refs.xdecref(value);
          model.delete(k);
        },
      }),
    ),
    fc.constant<Step>({
      describe: "d.popitem()",
      run: (core, dict, model) => {
        const pair = core.dict.popItem(dict);
        const last = [...model.keys()].pop();
        expect(pair === 0).toBe(last === undefined);
        if (last !== undefined) model.delete(last);
        core.refs.xdecref(pair);
        core.errors.clear();
      },
    }),
    fc.tuple(keys, fc.nat(9)).map(
      ([k, v]): Step => ({
        describe: `d.setdefault(${k}, ${v})`,
        run: (core, dict, model) => {
          const value = core.int.from(v);
          const found = withKey(core, k, (it) => core.dict.setDefault(dict, it, value));
          if (!model.has(k)) model.set(k, v);
          expect(Number(core.int.value(found))).toBe(model.get(k));
          core.refs.decref(value);
        },
      }),
    ),
    fc.array(fc.tuple(keys, fc.nat(9)), { maxLength: 15 }).map(
      (items): Step => ({
        describe: `d.update(${items})`,
        run: (core, dict, model) => {
          const other = dictOf(core, items);
          expect(core.dict.update(dict, other)).toBe(0);
          core.refs.decref(other);
          for (const [k, v] of items) model.set(k, v);
        },
      }),
    ),
    keys.map(
      (k): Step => ({
        describe: `${k} in d`,
        run: (core, dict, model) => {
          expect(withKey(core, k, (it) => core.dict.contains(dict, it))).toBe(+model.has(k));
          const found = withKey(core, k, (it) => core.dict.getItem(dict, it));
          expect(found === 0 ? undefined : Number(core.int.value(found))).toBe(model.get(k));
        },
      }),
    ),
    fc.constant<Step>({
      describe: "d.copy() == d",
      run: (core, dict) => {
        const copy = core.dict.copy(dict);
        expect(core.protocol.equal(copy, dict)).toBe(1);
        expect(itemsOf(core, copy)).toEqual(itemsOf(core, dict));
        core.dict.verify(copy);
        core.refs.decref(copy);
      },
    }),
    fc.constant<Step>({
      describe: "d.clear()",
      run: (core, dict, model) => {
        core.dict.clear(dict);
        model.clear();
      },
    }),
  );

describe.each(everyProfile)("dict in %s %s", (version, abi) => {
  const cases: readonly (readonly [string, fc.Arbitrary<Key>])[] = [
    ["strs", strKey],
    ["strs and ints", key],
  ];
  it.each(cases)("does with %s what a Map does, and owns just what it holds", (_, keys) => {
    fc.assert(
      fc.property(fc.array(steps(keys), { maxLength: 30 }), (program) => {
        const core = testObjects(version, abi);
        const made = core.dict.create();
        const model = new Map<Key, number>();
        for (const step of program) {
          step.run(core, made, model);
          expect(itemsOf(core, made), step.describe).toEqual([...model]);
          core.dict.verify(made);
          expect(core.errors.occurred()).toBe(0);
        }
        core.inspect.verify({ held: [made] });
        core.refs.decref(made);
        core.inspect.verify();
      }),
      { numRuns: 12 },
    );
  });

  it("keeps 5,000 keys in order of insertion", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    const items = Array.from(
      { length: 5000 },
      (_, n) => [n % 2 === 0 ? n : `key${n}`, 2 * n] as const,
    );
    const made = dictOf(core, items);
    expect(itemsOf(core, made)).toEqual(items);
    dict.verify(made);
    for (const [k, v] of items) {
      const found = withKey(core, k, (it) => dict.getItem(made, it));
      if (Number(core.int.value(found)) !== v) expect.fail(`${k} has another value`);
    }
    refs.decref(made);
    core.inspect.verify();
  });

  it("grows through all sizes of tables", () => {
    const core = testObjects(version, abi);
    const { dict, refs, protocol, str, word } = core;
    const made = dict.create();
    const empty = protocol.getsizeof(made);
    const none = core.constants.none;
    const sizes: number[][] = [];
    let before = empty;
    // Two versions go all the way; it takes long.
    const most = version === "3.13" || version === "3.14" ? 90_000 : 3_000;
    for (let n = 1; n < most; n++) {
      const name = str.from(`k${n}`);
      dict.setItem(made, name, none);
      refs.decref(name);
      const now = protocol.getsizeof(made);
      if (now !== before) sizes.push([n, now - empty]);
      before = now;
    }
    const header = core.wide ? 32 : 20;
    // Slots, and bytes of each in the index table; two thirds as many entries of two words.
    const usable = (slots: number): number => Math.floor((2 * slots) / 3);
    const tables = Array.from({ length: 16 }, (_, n) => 2 ** (n + 3)).filter(
      (slots) => usable(slots / 2) < most,
    );
    expect(sizes).toEqual(
      tables.map((slots, n) => [
        n === 0 ? 1 : usable(slots / 2) + 1,
        header + slots * (slots <= 128 ? 1 : slots <= 32768 ? 2 : 4) + usable(slots) * 2 * word,
      ]),
    );
    // As CPython says on lp64: 87382 strs in 3,844,864 bytes.
    if (core.wide && most === 90_000) expect(before).toBe(3_844_864);
    dict.verify(made);
    refs.decref(made);
    core.inspect.verify();
  });

  it("shows itself as Python does, also inside itself", () => {
    const core = testObjects(version, abi);
    const { dict, int, refs, protocol } = core;
    const made = dictOf(core, [["a", 1]]);
    const one = int.from(1);
    dict.setItem(made, one, made);
    expect(protocol.repr(made)).toBe("{'a': 1, 1: {...}}");
    dict.clear(made);
    expect(protocol.repr(made)).toBe("{}");
    refs.decref(made);
    refs.decref(one);
    core.inspect.verify();
  });

  it("is read and written by text, and keeps the key that it has", () => {
    const core = testObjects(version, abi);
    const { dict, str, int, refs } = core;
    for (const others of [[], [[5000, 1]]] as const) {
      const made = dictOf(core, others);
      const texts = ["k", "\u00e9", "x".repeat(100), "k2"];
      for (const [n, text] of texts.entries()) {
        expect(dict.containsString(made, text)).toBe(0);
        const key = str.from(text);
        for (const value of [n, n + 300]) {
          const object = int.from(value);
          expect(dict.setItemString(made, text, object)).toBe(0);
          refs.decref(object);
          expect(Number(int.value(dict.getItem(made, key)))).toBe(value);
        }
        refs.decref(key);
        expect(dict.containsString(made, text)).toBe(1);
        expect(Number(int.value(dict.getItemString(made, text)))).toBe(n + 300);
        dict.verify(made);
      }
      expect(itemsOf(core, made).slice(others.length)).toEqual(texts.map((t, n) => [t, n + 300]));
      refs.decref(made);
    }
    core.inspect.verify();
  });

  it("takes a kept one for a display and a copy, not for dict(d) and dict.fromkeys", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    const source = dict.create();
    dict.setItem(source, core.int.true, core.int.false);
    const kept = dict.create();
    refs.decref(kept);
    const called = [dict.from(source), dict.from(0), dict.fromKeys(source, core.int.true)];
    expect(called).not.toContain(kept);
    expect(called.map((one) => dict.length(one))).toEqual([1, 0, 1]);
    const copied = dict.copy(source);
    expect(copied).toBe(kept);
    for (const object of [...called, copied, source]) refs.decref(object);
    core.inspect.verify();
  });

  // Asked of native 3.11 to 3.13 and Pyodide 3.13 to 3.15: which dict the copy is.
  it("is copied into one that was kept where CPython does so", () => {
    const core = testObjects(version, abi);
    const { dict, refs, classes, str } = core;
    const cls = classes.create({ name: "K" });
    const object = classes.instantiate(cls);
    const name = str.interned("a");
    classes.setAttribute(object, name, object);
    const split = classes.dict(object);
    const full = dictOf(core, [["b", 1]]);
    const empty = dict.create();
    const takesKept = (source: Address) => {
      const kept = dict.create();
      refs.decref(kept);
      const copied = dict.copy(source);
      refs.decref(copied);
      return copied === kept;
    };
    expect(dict.valuesOf(split)).not.toBe(0);
    expect([full, empty, split].map(takesKept)).toEqual([true, version !== "3.15", false]);
    classes.deleteAttribute(object, name);
    for (const one of [full, empty, split, object, cls, name]) refs.decref(one);
    core.inspect.verify();
  });

  it("is kept for reuse with its smallest str table when it dies, last first", () => {
    const core = testObjects(version, abi);
    const { dict, alloc, refs } = core;
    const counts = () =>
      ["dict", "dictKeys"].map((name) => alloc.freeLists.find((l) => l.name === name)?.count());
    for (const list of alloc.freeLists) list.clear();
    const strs = Array.from({ length: 3 }, (_, n) => dictOf(core, [["a", n]]));
    const general = dictOf(core, [[5000, 1]]);
    const keys = strs.map(dict.keysOf);
    for (const made of [...strs, general]) refs.decref(made);
    expect(counts()).toEqual([4, 3]);
    const again = [dict.create(), dictOf(core, [["b", 1]])];
    expect(again).toEqual([general, strs[2]]);
    expect(dict.keysOf(again[1] as Address)).toBe(keys[2]);
    for (const made of again) refs.decref(made);
    const many = Array.from({ length: 100 }, () => dictOf(core, [["a", 1]]));
    for (const made of many) refs.decref(made);
    expect(counts()).toEqual([80, 80]);
    core.inspect.verify();
  });

  it("is tracked as the version does it", () => {
    const core = testObjects(version, abi);
    const { dict, list, tuple, alloc, refs, facts } = core;
    const made = dictOf(core, [["a", 1]]);
    expect(alloc.isTracked(made)).toBe(facts.tracksDictsAtOnce);
    const copied = dict.copy(made);
    expect(alloc.isTracked(copied)).toBe(facts.tracksDictsAtOnce);
    dict.setItemString(made, "empty", tuple.empty);
    expect(alloc.isTracked(made)).toBe(facts.tracksDictsAtOnce);
    const inner = list.create(0);
    dict.setItemString(made, "list", inner);
    expect(alloc.isTracked(made)).toBe(true);
    dict.update(copied, made);
    expect(alloc.isTracked(copied)).toBe(true);
    for (const object of [made, copied, inner]) refs.decref(object);
    core.inspect.verify();
  });

  it("releases key and value of each item in order, and is empty by then when cleared", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    const keys = oddKeys(core);
    const made = dict.create();
    const fill = () => {
      for (const n of [1, 3, 5]) {
        const [k, v] = [keys.create(n), keys.create(n + 1)];
        expect(dict.setItem(made, k, v)).toBe(0);
        refs.decref(k);
        refs.decref(v);
      }
    };
    fill();
    dict.clear(made);
    expect(keys.dead).toEqual([1, 2, 3, 4, 5, 6]);
    fill();
    refs.decref(made);
    expect(keys.dead.slice(6)).toEqual([1, 2, 3, 4, 5, 6]);
    core.inspect.verify();
  });

  it("shows the new value before the old one dies", () => {
    const core = testObjects(version, abi);
    const { dict, refs, memory, int } = core;
    const seen: number[] = [];
    const made = dict.create();
    const TYPE = core.types.define({
      name: "Looker",
      basicsize: 2 * core.word,
      flags: 0,
      slots: {
        name: "Looker",
        dealloc: (object) => {
          seen.push(Number(int.value(dict.getItemString(made, "k"))));
          core.alloc.freeObject(object);
        },
      },
    });
    const looker = core.alloc.object(TYPE, 2 * core.word);
    dict.setItemString(made, "k", looker);
    refs.decref(looker);
    expect(set(core, made, "k", 7)).toBe(0);
    expect(seen).toEqual([7]);
    expect(memory.u32[made >>> 2]).toBe(1);
    refs.decref(made);
    core.inspect.verify();
  });

  it("looks up again where equality changes the dict", () => {
    const core = testObjects(version, abi);
    const { dict, refs, constants } = core;
    const keys = oddKeys(core);
    const made = dict.create();
    for (const n of [1, 2, 3]) {
      const k = keys.create(n);
      dict.setItem(made, k, constants.none);
      refs.decref(k);
    }
    let calls = 0;
    const compare = keys.onEqual;
    keys.onEqual = (mine, theirs) => {
      // The first comparison makes the table another one, the fourth takes away the key that is compared.
      if (++calls === 1) for (let n = 10; n < 20; n++) set(core, made, n, n);
      if (calls === 4) {
        keys.onEqual = compare;
        dict.clear(made);
      }
      return compare(mine, theirs);
    };
    const wanted = keys.create(3);
    expect(dict.getItem(made, wanted)).toBe(0);
    expect(calls).toBe(4);
    expect(keys.dead).toEqual([1, 2, 3]);
    expect(dict.length(made)).toBe(0);
    dict.verify(made);
    refs.decref(wanted);
    refs.decref(made);
    core.inspect.verify();
  });

  it("takes a key of any kind even if looking it up has emptied the dict", () => {
    const core = testObjects(version, abi);
    const { dict, refs, constants } = core;
    const keys = oddKeys(core);
    const made = dict.create();
    const first = keys.create(1);
    dict.setItem(made, first, constants.none);
    keys.onEqual = () => {
      dict.clear(made);
      return 0;
    };
    const second = keys.create(2);
    expect(dict.setItem(made, second, constants.none)).toBe(0);
    expect(dict.length(made)).toBe(1);
    dict.verify(made);
    for (const object of [first, second, made]) refs.decref(object);
    core.inspect.verify();
  });

  it("passes on what hash and equality raise", () => {
    const core = testObjects(version, abi);
    const { dict, refs, errors, constants, list } = core;
    const keys = oddKeys(core);
    const made = dict.create();
    const unhashable = list.create(0);
    const [one, two] = [keys.create(1), keys.create(2)];
    expect(dict.setItem(made, unhashable, constants.none)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    expect(dict.getItem(made, unhashable)).toBe(0);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    dict.setItem(made, one, constants.none);
    keys.onEqual = () => {
      errors.raise("ValueError", "not today");
      return -1;
    };
    for (const operation of [
      () => dict.getItem(made, two) - 1,
      () => dict.contains(made, two),
      () => dict.setItem(made, two, constants.none),
      () => dict.deleteItem(made, two),
      () => dict.pop(made, two) - 1,
      () => dict.setDefault(made, two, constants.none) - 1,
    ]) {
      expect(operation()).toBe(-1);
      expect(errors.matches("ValueError")).toBe(true);
      errors.clear();
      dict.verify(made);
    }
    expect(dict.length(made)).toBe(1);
    for (const object of [one, two, unhashable, made]) refs.decref(object);
    core.inspect.verify();
  });

  it("says no when it is changed while another is updated with it", () => {
    const core = testObjects(version, abi);
    const { dict, refs, errors, constants } = core;
    const keys = oddKeys(core);
    const [a, b] = [dict.create(), dict.create()];
    const [one, two] = [keys.create(1), keys.create(2)];
    dict.setItem(a, one, constants.none);
    dict.setItem(b, two, constants.none);
    set(core, b, 5000, 1);
    keys.onEqual = () => {
      set(core, b, 6000 + dict.length(b), 1);
      return 0;
    };
    expect(dict.update(a, b)).toBe(-1);
    expect(errors.matches("RuntimeError")).toBe(true);
    errors.clear();
    for (const object of [one, two, a, b]) refs.decref(object);
    core.inspect.verify();
  });

  it("compares item by item, whatever the order", () => {
    const core = testObjects(version, abi);
    const { protocol, refs } = core;
    const dicts = [
      dictOf(core, [
        ["a", 1],
        ["b", 2],
      ]),
      dictOf(core, [
        ["b", 2],
        ["a", 1],
      ]),
      dictOf(core, [
        ["a", 1],
        ["b", 3],
      ]),
      dictOf(core, [
        ["a", 1],
        ["c", 2],
      ]),
      dictOf(core, [["a", 1]]),
    ];
    const [first] = dicts as [Address];
    expect(dicts.map((other) => protocol.equal(first, other))).toEqual([1, 1, 0, 0, 0]);
    for (const made of dicts) refs.decref(made);
    core.inspect.verify();
  });

  it("survives the failure of each request of every operation", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const { dict, refs, constants } = core;
    const strs = Array.from({ length: 5 }, (_, n) => [`k${n}`, n] as const);
    const mixed = [...strs, [7000, 1] as const];
    const filled = () => [dictOf(core, strs), core.str.from("new key"), core.int.from(7001)];
    expect(
      everyFailureOf(
        () => [],
        () => ({ object: dict.create() }),
      ),
    ).toBe(1);
    everyFailureOf(
      () => [],
      () => ({ object: dict.createPresized(100, true) }),
    );
    for (const key of [1, 2]) {
      const failed = everyFailureOf(filled, (_, objects) => ({
        status: dict.setItem(objects[0] as Address, objects[key] as Address, constants.none),
      }));
      expect(failed).toBe(1);
      everyFailureOf(filled, (_, objects) => ({
        object: refs.newRef(
          dict.setDefault(objects[0] as Address, objects[key] as Address, constants.none) ||
            constants.none,
        ),
        ...(core.errors.occurred() === 0 ? {} : { object: 0 }),
      }));
    }
    const both = () => [
      dictOf(core, mixed),
      dictOf(core, [
        ["k1", 5],
        ["z", 1],
      ]),
      dict.create(),
    ];
    everyFailureOf(both, (_, [a]) => ({ object: dict.copy(a as Address) }));
    everyFailureOf(both, (_, [a, b]) => ({ status: dict.update(b as Address, a as Address) }));
    everyFailureOf(both, (_, [a, , c]) => ({ status: dict.update(c as Address, a as Address) }));
    everyFailureOf(both, (_, [a]) => ({ object: dict.popItem(a as Address) }));
    everyFailureOf(both, (_, [a]) => ({ object: dict.fromKeys(a as Address, constants.none) }));
  });

  it("is found again when the heap is opened again", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    const made = dictOf(core, [
      ["a", 1],
      ["b", 2],
      [5000, 3],
    ]);
    const none = dict.create();
    const again = attachObjects(core.heap, core.options);
    expect(again.dict.type).toBe(dict.type);
    expect(again.dict.emptyKeys).toBe(dict.emptyKeys);
    expect(itemsOf(again, made)).toEqual([
      ["a", 1],
      ["b", 2],
      [5000, 3],
    ]);
    set(again, made, "c", 4);
    set(again, none, "x", 5);
    expect(withKey(core, "c", (k) => core.int.value(dict.getItem(made, k)))).toBe(4);
    again.refs.decref(made);
    refs.decref(none);
    core.inspect.verify();
  });
});

describe.each(everyProfile)("split tables in %s %s", (version, abi) => {
  /** Shared keys with three names, and an instance's dict over them with the values 0, 1, 2 in the order 2, 0, 1. */
  function shared(core: Objects) {
    const { dict, str, int, refs } = core;
    const keys = dict.createSharedKeys();
    const names = ["a", "b", "c"].map((name) => str.interned(name));
    expect(names.map((name) => dict.insertShared(keys, name))).toEqual([0, 1, 2]);
    const capacity = dict.keysEntries(keys) + dict.keysUsable(keys);
    const values = dict.values.create(capacity);
    for (const n of [2, 0, 1]) {
      dict.values.set(values, n, int.from(n));
      dict.values.addToOrder(values, n);
    }
    const made = dict.createSplit(keys, values, 3, false);
    const drop = (): void => {
      dict.decrefKeys(keys);
      for (const name of names) refs.decref(name);
    };
    return { keys, values, made, drop };
  }

  it("give each instance its own order", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    const { made, drop, values } = shared(core);
    expect(itemsOf(core, made)).toEqual([
      ["c", 2],
      ["a", 0],
      ["b", 1],
    ]);
    withKey(core, "a", (k) => expect(dict.deleteItem(made, k)).toBe(0));
    set(core, made, "a", 9);
    set(core, made, "d", 10);
    expect(itemsOf(core, made)).toEqual([
      ["c", 2],
      ["b", 1],
      ["a", 9],
      ["d", 10],
    ]);
    expect(dict.valuesOf(made)).toBe(values);
    dict.verify(made);
    refs.decref(made);
    drop();
    core.inspect.verify();
  });

  it("become tables of their own for a key that is no str, for popitem, and when there is no room", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    for (const change of [
      (made: Address) => set(core, made, 5000, 3),
      (made: Address) => refs.decref(dict.popItem(made)),
      (made: Address, keys: Address) => {
        dict.setKeysUsable(keys, 0);
        set(core, made, "d", 3);
      },
    ]) {
      const { keys, made, drop } = shared(core);
      change(made, keys);
      expect(dict.valuesOf(made)).toBe(0);
      expect(dict.keysOf(made)).not.toBe(keys);
      expect(itemsOf(core, made).slice(0, 2)).toEqual([
        ["c", 2],
        ["a", 0],
      ]);
      dict.verify(made);
      refs.decref(made);
      drop();
      core.inspect.verify();
    }
  });

  it("are copied whole though their class's keys have less room by now", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    for (const usable of [26, 20, 13, 5, 0]) {
      const { keys, made, drop } = shared(core);
      // Blocks that were used before: what the copy leaves out would show.
      const used = core.mem.malloc(dict.values.bytes(usable + 3));
      core.memory.u8.fill(0xdb, used, used + dict.values.bytes(usable + 3));
      core.mem.free(used);
      dict.setKeysUsable(keys, usable);
      const copy = dict.copy(made);
      expect(itemsOf(core, copy)).toEqual(itemsOf(core, made));
      const values = dict.valuesOf(copy);
      for (let n = 3; values !== 0 && n < 3 + usable; n++) {
        expect(dict.values.get(values, n)).toBe(0);
      }
      for (const object of [made, copy]) refs.decref(object);
      drop();
      core.inspect.verify();
    }
  });

  it("are copied as split tables, and cleared", () => {
    const core = testObjects(version, abi);
    const { dict, refs } = core;
    const { keys, made, drop } = shared(core);
    const copy = dict.copy(made);
    expect(dict.keysOf(copy)).toBe(keys);
    expect(dict.valuesOf(copy)).not.toBe(dict.valuesOf(made));
    dict.clear(made);
    expect(dict.keysOf(made)).toBe(dict.emptyKeys);
    expect(itemsOf(core, copy)).toEqual([
      ["c", 2],
      ["a", 0],
      ["b", 1],
    ]);
    expect(dict.update(made, copy)).toBe(0);
    expect(itemsOf(core, made)).toEqual(itemsOf(core, copy));
    for (const object of [made, copy]) refs.decref(object);
    drop();
    core.inspect.verify();
  });

  it("are copied as they are once the copy has its memory, whatever a collection does meanwhile", () => {
    for (const change of ["value", "deleted", "cleared", "combined"]) {
      let meanwhile: (() => void) | undefined;
      let requests = 0;
      const core = testObjects(version, abi, {
        wrapAllocator: (next) => ({
          ...next,
          ctx: undefined,
          malloc: (_, size) => {
            // The values are asked for first, then the dict.
            if (meanwhile !== undefined && ++requests === 2) {
              const run = meanwhile;
              meanwhile = undefined;
              run();
            }
            return next.malloc(next.ctx, size);
          },
          calloc: (_, nelem, elsize) => next.calloc(next.ctx, nelem, elsize),
          realloc: (_, ptr, size) => next.realloc(next.ctx, ptr, size),
          free: (_, ptr) => next.free(next.ctx, ptr),
        }),
      });
      const { dict, refs } = core;
      const { made, drop } = shared(core);
      meanwhile = () => {
        if (change === "value") set(core, made, "a", 70_000);
        else if (change === "deleted") withKey(core, "a", (key) => dict.deleteItem(made, key));
        else if (change === "cleared") dict.clear(made);
        else set(core, made, 5, 5);
      };
      const copy = dict.copy(made);
      expect(meanwhile).toBe(undefined);
      expect(itemsOf(core, copy)).toEqual(itemsOf(core, made));
      for (const object of [made, copy]) refs.decref(object);
      drop();
      core.inspect.verify();
    }
  });

  it("survive the failure of each request", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const { dict } = core;
    const make = () => {
      const { made, drop } = shared(core);
      drop();
      return [made];
    };
    everyFailureOf(make, (_, [made]) => ({ object: dict.copy(made as Address) }));
    everyFailureOf(make, (_, [made]) => ({ object: dict.popItem(made as Address) }));
    everyFailureOf(
      () => [...make(), core.int.from(5000)],
      (_, [made, k]) => ({
        status: dict.setItem(made as Address, k as Address, k as Address),
      }),
    );
  });
});
