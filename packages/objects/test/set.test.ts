import type { Address } from "@pyrena/abi";
import { attachObjects, type Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";
import { oddKeys } from "./odd-keys.ts";

/** An item of a model: a number stands for an int, a string for a str. */
type Item = number | string;

/** New reference. */
function itemOf(core: Objects, item: Item): Address {
  return typeof item === "number" ? core.int.from(item) : core.str.from(item);
}

function withItem<Result>(core: Objects, item: Item, use: (object: Address) => Result): Result {
  const object = itemOf(core, item);
  const result = use(object);
  core.refs.decref(object);
  return result;
}

function setOf(core: Objects, items: Iterable<Item>, frozen = false): Address {
  const objects = Array.from(items, (item) => itemOf(core, item));
  const made = core.set.pack(objects, frozen);
  for (const object of objects) core.refs.decref(object);
  return made;
}

function inOrder(core: Objects, set: Address): Item[] {
  const items: Item[] = [];
  const cursor = { position: 0, key: 0, value: 0 };
  while (core.set.next(set, cursor)) {
    const { key } = cursor;
    items.push(core.str.check(key) ? core.str.value(key) : Number(core.int.value(key)));
  }
  return items;
}

function sorted(items: Iterable<Item>): Item[] {
  return [...items].sort((a, b) => (String(a) < String(b) ? -1 : 1));
}

/** An operation on a set, and on a JavaScript Set that must have the same items then. */
type Step = { readonly describe: string; run(core: Objects, set: Address, model: Set<Item>): void };

const item: fc.Arbitrary<Item> = fc.oneof(
  fc.integer({ min: 0, max: 25 }).map((n) => `k${n}`),
  fc.integer({ min: 4990, max: 5010 }),
  fc.integer({ min: 0, max: 4 }).map((n) => n * 2 ** 40),
);
const many = fc.array(item, { maxLength: 25 });

/** An operation of two sets that makes a third, and the same of JavaScript's. */
const binary: readonly (readonly [
  string,
  (core: Objects, a: Address, b: Address) => Address,
  (a: Set<Item>, b: Set<Item>) => Item[],
])[] = [
  ["|", (core, a, b) => core.set.union(a, b), (a, b) => [...new Set([...a, ...b])]],
  ["&", (core, a, b) => core.set.intersection(a, b), (a, b) => [...a].filter((x) => b.has(x))],
  ["-", (core, a, b) => core.set.difference(a, b), (a, b) => [...a].filter((x) => !b.has(x))],
  [
    "^",
    (core, a, b) => core.set.symmetricDifference(a, b),
    (a, b) => [...[...a].filter((x) => !b.has(x)), ...[...b].filter((x) => !a.has(x))],
  ],
];

const inPlace: readonly (readonly [string, (core: Objects, a: Address, b: Address) => number])[] = [
  ["|", (core, a, b) => core.set.update(a, b)],
  ["&", (core, a, b) => core.set.intersectionUpdate(a, b)],
  ["-", (core, a, b) => core.set.differenceUpdate(a, b)],
  ["^", (core, a, b) => core.set.symmetricDifferenceUpdate(a, b)],
];

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: item.map(
      (x): Step => ({
        describe: `s.add(${x})`,
        run: (core, set, model) => {
          expect(withItem(core, x, (it) => core.set.add(set, it))).toBe(0);
          model.add(x);
        },
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: item.map(
      (x): Step => ({
        describe: `s.discard(${x})`,
        run: (core, set, model) => {
          expect(withItem(core, x, (it) => core.set.contains(set, it))).toBe(+model.has(x));
          const found = withItem(core, x, (it) => core.set.discard(set, it));
          expect(found).toBe(+model.delete(x));
        },
      }),
    ),
  },
  fc.constant<Step>({
    describe: "s.pop()",
    run: (core, set, model) => {
      const popped = core.set.pop(set);
      if (popped === 0) {
        expect(model.size).toBe(0);
        expect(core.errors.matches("KeyError")).toBe(true);
        core.errors.clear();
        return;
      }
      const value = core.str.check(popped)
        ? core.str.value(popped)
        : Number(core.int.value(popped));
      expect(model.delete(value)).toBe(true);
      core.refs.decref(popped);
    },
  }),
  fc.constant<Step>({
    describe: "s.clear()",
    run: (core, set, model) => {
      core.set.clear(set);
      model.clear();
    },
  }),
  fc.tuple(fc.nat(3), many, fc.boolean()).map(
    ([which, items, self]): Step => ({
      describe: `s ${inPlace[which]?.[0]}= ${self ? "s" : items}`,
      run: (core, set, model) => {
        const other = self ? core.refs.newRef(set) : setOf(core, items);
        const expected = binary[which]?.[2](new Set(model), self ? model : new Set(items)) ?? [];
        expect(inPlace[which]?.[1](core, set, other)).toBe(0);
        core.refs.decref(other);
        model.clear();
        for (const x of expected) model.add(x);
      },
    }),
  ),
  fc.tuple(fc.nat(3), many, fc.boolean()).map(
    ([which, items, frozen]): Step => ({
      describe: `s ${binary[which]?.[0]} ${items}`,
      run: (core, set, model) => {
        const { refs } = core;
        const other = setOf(core, items, frozen);
        const expected = sorted(binary[which]?.[2](model, new Set(items)) ?? []);
        for (const [a, b] of [
          [set, other],
          [other, set],
        ] as const) {
          const made = binary[which]?.[1](core, a, b) ?? 0;
          expect(core.types.typeOf(made)).toBe(core.types.typeOf(a));
          // Only the difference depends on which comes first.
          if (which !== 2 || a === set) expect(sorted(inOrder(core, made))).toEqual(expected);
          core.set.verify(made);
          refs.decref(made);
        }
        refs.decref(other);
      },
    }),
  ),
);

describe.each(everyProfile)("set in %s %s", (version, abi) => {
  it("does what a JavaScript Set does, and owns just what it holds", () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 25 }), (program) => {
        const core = testObjects(version, abi);
        const { set, refs, inspect } = core;
        const made = set.create();
        const model = new Set<Item>();
        for (const step of program) {
          step.run(core, made, model);
          expect(sorted(inOrder(core, made)), step.describe).toEqual(sorted(model));
          expect(set.length(made)).toBe(model.size);
          set.verify(made);
        }
        expect(core.errors.occurred()).toBe(0);
        inspect.verify({ held: [made] });
        refs.decref(made);
        inspect.verify();
      }),
      { numRuns: 12 },
    );
  });

  it("grows through all sizes of tables, and stays as large when items go", () => {
    const core = testObjects(version, abi);
    const { set, refs, protocol, word } = core;
    const made = set.create();
    const sizes: number[][] = [];
    let before = protocol.getsizeof(made);
    // Two versions go all the way; it takes long.
    const most = version === "3.13" || version === "3.14" ? 80_000 : 6_000;
    for (let n = 0; n < most; n++) {
      withItem(core, n, (it) => set.add(made, it));
      const now = protocol.getsizeof(made);
      if (now !== before) sizes.push([n + 1, (now - before) / word]);
      before = now;
    }
    // Slots go from the 8 within to 32, 128 … at three fifths; two words each.
    const expected = [
      [5, 64],
      [19, 2 * (128 - 32)],
      [77, 2 * (512 - 128)],
      [307, 2 * (2048 - 512)],
      [1229, 2 * (8192 - 2048)],
      [4915, 2 * (32768 - 8192)],
      [19661, 2 * (131072 - 32768)],
      // From 50,000 items on the next size is twice as many, not four times.
      [78643, 2 * (262144 - 131072)],
    ];
    expect(sizes).toEqual(expected.filter(([length]) => (length as number) <= most));
    for (let n = 0; n < most; n += 2) withItem(core, n, (it) => set.discard(made, it));
    expect(protocol.getsizeof(made)).toBe(before);
    set.verify(made);
    refs.decref(made);
    core.inspect.verify();
  });

  it("goes through ints in the order of their hashes", () => {
    const core = testObjects(version, abi);
    const made = setOf(core, [7, 33, 1, 40, 0]);
    expect(inOrder(core, made)).toEqual([0, 33, 1, 7, 40]);
    expect(core.protocol.repr(made)).toBe("{0, 33, 1, 7, 40}");
    core.refs.decref(made);
    core.inspect.verify();
  });

  it("shows itself as Python does", () => {
    const core = testObjects(version, abi);
    const { set, list, refs, protocol } = core;
    const made = [[], ["a"]].flatMap((items) => [setOf(core, items), setOf(core, items, true)]);
    expect(made.map((each) => protocol.repr(each))).toEqual([
      "set()",
      "frozenset()",
      "{'a'}",
      "frozenset({'a'})",
    ]);
    for (const object of made) refs.decref(object);
    expect(set.from(list.type, false)).toBe(0);
    expect(core.errors.matches("TypeError")).toBe(true);
    core.errors.clear();
    core.inspect.verify();
  });

  it("is one object when a frozenset is copied, another when a set is", () => {
    const core = testObjects(version, abi);
    const { set, refs } = core;
    const frozen = setOf(core, [1], true);
    const plain = setOf(core, [1]);
    expect([set.copy(frozen), set.from(frozen, true)]).toEqual([frozen, frozen]);
    refs.decref(frozen);
    refs.decref(frozen);
    const copies = [set.copy(plain), set.from(plain, true), set.from(frozen, false)];
    expect(copies).not.toContain(plain);
    expect(copies).not.toContain(frozen);
    for (const object of [frozen, plain, ...copies]) refs.decref(object);
    core.inspect.verify();
  });

  it("equals any set of the same items, and hashes if frozen", () => {
    const core = testObjects(version, abi);
    const { protocol, refs, errors, set } = core;
    const a = setOf(core, [1, "x", 3]);
    const b = setOf(core, [3, "x", 1, 9], true);
    withItem(core, 9, (it) => set.discard(b, it));
    const c = setOf(core, ["x", 3, 1], true);
    const smaller = setOf(core, [3, 1]);
    expect([b, c, smaller].map((other) => protocol.equal(a, other))).toEqual([1, 1, 0]);
    expect([a, b, smaller].map((other) => protocol.less(smaller, other))).toEqual([1, 1, 0]);
    expect([set.isSubset(smaller, a), set.isSubset(a, smaller), set.isSubset(a, b)]).toEqual([
      1, 0, 1,
    ]);
    const high = () => (core.wide ? core.hashHigh : 0);
    const hashes = [b, c, b].map((x) => [protocol.hash(x), high()]);
    // That an item was discarded from one of them does not matter.
    expect(hashes[1]).toEqual(hashes[0]);
    expect(hashes[2]).toEqual(hashes[0]);
    expect(protocol.hash(a)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    // A set is found among frozensets by its items.
    const outer = set.pack([b]);
    expect(set.contains(outer, a)).toBe(1);
    expect(set.discard(outer, a)).toBe(1);
    expect(errors.occurred()).toBe(0);
    for (const object of [a, b, c, smaller, outer]) refs.decref(object);
    core.inspect.verify();
  });

  it("has the hashes of CPython's frozensets", () => {
    const core = testObjects(version, abi);
    const hundred = Array.from({ length: 100 }, (_, n) => n);
    const vectors: readonly (readonly [Item[], bigint, number])[] = [
      [[], 133146708735736n, -1572407560],
      [[1], -558064481276695278n, 882226578],
      [[0], -2704248722033767810n, -281444354],
      [[1, 2, 3], -272375401224217160n, -2021384008],
      [["a", "b", "c"], 8636088911049444515n, 956451877],
      [[-1], 6776983852052281967n, 146547311],
      [hundred, 4411996150312757951n, -1621633729],
    ];
    for (const [items, wide, narrow] of vectors) {
      const made = setOf(core, items, true);
      const low = core.protocol.hash(made);
      if (core.wide) expect((BigInt(core.hashHigh) << 32n) | BigInt(low >>> 0)).toBe(wide);
      else expect(low).toBe(narrow);
      core.refs.decref(made);
    }
  });

  it("is tracked from the start, and releases its items in the order it shows them", () => {
    const core = testObjects(version, abi);
    const { set, alloc, refs } = core;
    const keys = oddKeys(core);
    keys.onHash = (n) => n;
    const made = set.create();
    expect(alloc.isTracked(made)).toBe(true);
    const fill = () => {
      for (const n of [33, 7, 1, 40]) {
        const key = keys.create(n);
        expect(set.add(made, key)).toBe(0);
        refs.decref(key);
      }
    };
    const shown = () => core.protocol.repr(made).match(/\d+/g)?.map(Number);
    fill();
    const order = shown();
    set.clear(made);
    expect(keys.dead).toEqual(order);
    expect(set.length(made)).toBe(0);
    fill();
    refs.decref(made);
    expect(keys.dead.slice(4)).toEqual(order);
    core.inspect.verify();
  });

  it("searches again where equality changes it", () => {
    const core = testObjects(version, abi);
    const { set, refs } = core;
    const keys = oddKeys(core);
    const made = set.create();
    for (const n of [1, 2, 3]) {
      const key = keys.create(n);
      set.add(made, key);
      refs.decref(key);
    }
    let calls = 0;
    const compare = keys.onEqual;
    keys.onEqual = (mine, theirs) => {
      if (++calls === 2) for (let n = 10; n < 30; n++) withItem(core, n, (it) => set.add(made, it));
      if (calls === 4) {
        keys.onEqual = compare;
        set.clear(made);
      }
      return compare(mine, theirs);
    };
    const wanted = keys.create(4);
    expect(set.add(made, wanted)).toBe(0);
    expect(calls).toBe(4);
    expect(sorted(keys.dead)).toEqual([1, 2, 3]);
    expect(set.length(made)).toBe(1);
    set.verify(made);
    refs.decref(wanted);
    refs.decref(made);
    core.inspect.verify();
  });

  it("never puts an item where equality has put another meanwhile", () => {
    const core = testObjects(version, abi);
    const { set, refs } = core;
    const keys = oddKeys(core);
    const made = set.create();
    const [gone, first, second, third] = [0, 1, 2, 3].map(keys.create) as [
      Address,
      Address,
      Address,
      Address,
    ];
    set.add(made, gone);
    set.add(made, first);
    // The deleted entry is passed, then `first` is compared, and that adds `third` where `gone` was.
    set.discard(made, gone);
    const compare = keys.onEqual;
    keys.onEqual = (mine, theirs) => {
      keys.onEqual = compare;
      set.add(made, third);
      return compare(mine, theirs);
    };
    expect(set.add(made, second)).toBe(0);
    expect(set.length(made)).toBe(3);
    set.verify(made);
    for (const object of [gone, first, second, third, made]) refs.decref(object);
    expect(sorted(keys.dead)).toEqual([0, 1, 2, 3]);
    core.inspect.verify();
  });

  it("passes on what hash and equality raise", () => {
    const core = testObjects(version, abi);
    const { set, refs, errors, list } = core;
    const keys = oddKeys(core);
    const [one, two] = [keys.create(1), keys.create(2)];
    const made = set.pack([one]);
    const other = set.pack([two]);
    const unhashable = list.create(0);
    for (const operation of [set.add, set.discard, set.contains]) {
      expect(operation(made, unhashable)).toBe(-1);
      expect(errors.matches("TypeError")).toBe(true);
      errors.clear();
    }
    expect(set.pack([one, unhashable])).toBe(0);
    errors.clear();
    const items = list.pack([one, unhashable, two]);
    expect(set.from(items, true)).toBe(0);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    refs.decref(items);
    keys.onEqual = () => {
      errors.raise("ValueError", "not today");
      return -1;
    };
    for (const operation of [
      () => set.add(made, two),
      () => set.discard(made, two),
      () => set.contains(made, two),
      () => set.update(made, other),
      () => set.isSubset(made, other),
      () => core.protocol.equal(made, other),
      () => set.differenceUpdate(made, other),
      () => set.symmetricDifferenceUpdate(made, other),
      () => set.intersectionUpdate(made, other),
      () => set.union(made, other) - 1,
      () => set.intersection(made, other) - 1,
      () => set.difference(made, other) - 1,
      () => set.symmetricDifference(made, other) - 1,
    ]) {
      expect(operation()).toBe(-1);
      expect(errors.matches("ValueError")).toBe(true);
      errors.clear();
      set.verify(made);
      expect(set.length(made)).toBe(1);
    }
    for (const object of [one, two, made, other, unhashable]) refs.decref(object);
    core.inspect.verify();
  });

  it("survives the failure of each request of every operation", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const { set } = core;
    const numbers = Array.from({ length: 3 }, (_, n) => 5000 + n);
    const make = () => [
      setOf(core, numbers),
      setOf(core, [...numbers.slice(1), ...Array.from({ length: 30 }, (_, n) => 6000 + n)]),
    ];
    const status = (run: (...objects: Address[]) => number) => (_: Objects, o: Address[]) => ({
      status: Math.min(run(...o), 0),
    });
    const object = (run: (...objects: Address[]) => Address) => (_: Objects, o: Address[]) => ({
      object: run(...o),
    });
    expect(
      everyFailureOf(
        () => [],
        object(() => set.create()),
      ),
    ).toBe(1);
    expect(
      everyFailureOf(
        () => [setOf(core, [1, 2, 3, 4]), core.int.from(9000)],
        status((a, x) => set.add(a as Address, x as Address)),
      ),
    ).toBe(1);
    for (const [name, run] of inPlace) {
      everyFailureOf(
        // `^=` goes item by item, as CPython's does, and keeps those that it has done: one item shows all.
        name === "^" ? () => [setOf(core, [1, 2, 3, 4]), setOf(core, [9000])] : make,
        status((a, b) => run(core, a as Address, b as Address)),
      );
    }
    for (const [, run] of binary) {
      everyFailureOf(
        make,
        object((a, b) => run(core, a as Address, b as Address)),
      );
      everyFailureOf(
        make,
        object((a, b) => run(core, b as Address, a as Address)),
      );
    }
    everyFailureOf(
      make,
      object((_, b) => set.copy(b as Address)),
    );
    everyFailureOf(
      make,
      object((_, b) => set.from(b as Address, true)),
    );
  });

  it("is found again when the heap is opened again", () => {
    const core = testObjects(version, abi);
    const made = setOf(core, [1, 2, "x"]);
    withItem(core, 2, (it) => core.set.discard(made, it));
    const again = attachObjects(core.heap, core.options);
    expect([again.set.type, again.set.frozenType]).toEqual([core.set.type, core.set.frozenType]);
    again.set.verify(made);
    expect(sorted(inOrder(again, made))).toEqual([1, "x"]);
    for (let n = 0; n < 20; n++) withItem(again, 5000 + n, (it) => again.set.add(made, it));
    expect(core.set.length(made)).toBe(22);
    core.refs.decref(made);
    core.inspect.verify();
  });
});
