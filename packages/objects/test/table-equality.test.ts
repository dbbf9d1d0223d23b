/** Which of two equal keys is asked `==`, with which other, and which of them is kept: as CPython 3.11 to 3.15 answered. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";
import { oddKeys } from "./odd-keys.ts";

const A = 1;
const B = 2;

/** Borrowed keys `a` and `b`, equal and of one hash; a new table or NULL comes back. */
type Act = (core: Objects, a: Address, b: Address) => Address | undefined;

function pair(core: Objects, key: Address, value: Address): Address {
  const made = core.dict.create();
  expect(core.dict.setItem(made, key, value)).toBe(0);
  return made;
}

function both(
  core: Objects,
  make: (key: Address) => Address,
  a: Address,
  b: Address,
  use: (first: Address, second: Address) => Address | undefined,
): Address | undefined {
  const [first, second] = [make(a), make(b)];
  const made = use(first, second);
  core.refs.decref(first);
  core.refs.decref(second);
  return made;
}

const ofSets =
  (use: (core: Objects, first: Address, second: Address) => Address | undefined): Act =>
  (core, a, b) =>
    both(
      core,
      (key) => core.set.pack([key]),
      a,
      b,
      (first, second) => use(core, first, second),
    );

const ofDicts =
  (use: (core: Objects, first: Address, second: Address) => Address | undefined): Act =>
  (core, a, b) =>
    both(
      core,
      (key) => pair(core, key, core.constants.none),
      a,
      b,
      (first, second) => use(core, first, second),
    );

/** What is done in Python, how, what was compared with what, and what the result holds. */
const questions: readonly (readonly [string, Act, readonly [number, number], readonly number[]])[] =
  [
    ["{a: 1}.get(b)", ofDicts((core, a) => void core.dict.contains(a, theB)), [A, B], []],
    [
      "{a: 1, b: 2}",
      (core, a, b) => {
        const made = pair(core, a, core.constants.none);
        core.dict.setItem(made, b, core.constants.none);
        return made;
      },
      [A, B],
      [A],
    ],
    [
      "{1: a} == {1: b}",
      (core, a, b) =>
        both(
          core,
          (key) => pair(core, core.int.true, key),
          a,
          b,
          (first, second) => {
            expect(core.protocol.equal(first, second)).toBe(1);
            return undefined;
          },
        ),
      [A, B],
      [],
    ],
    [
      "{a: 1} == {b: 1}",
      ofDicts((core, first, second) => {
        expect(core.protocol.equal(first, second)).toBe(1);
        return undefined;
      }),
      [B, A],
      [],
    ],
    [
      "{a: 1}.update({b: 1})",
      ofDicts((core, first, second) => {
        core.dict.update(first, second);
        return core.refs.newRef(first);
      }),
      [A, B],
      [A],
    ],
    [
      "{a: 1}.setdefault(b, 2)",
      ofDicts((core, first) => {
        core.dict.setDefault(first, theB, core.constants.none);
        return core.refs.newRef(first);
      }),
      [A, B],
      [A],
    ],
    [
      "{a: 1}.pop(b)",
      ofDicts((core, first) => {
        core.refs.decref(core.dict.pop(first, theB));
        return core.refs.newRef(first);
      }),
      [A, B],
      [],
    ],
    ["b in {a}", ofSets((core, first) => void core.set.contains(first, theB)), [A, B], []],
    ["{a, b}", (core, a, b) => core.set.pack([a, b]), [A, B], [A]],
    ["{a} & {b}", ofSets((core, a, b) => core.set.intersection(a, b)), [A, B], [B]],
    [
      "{a} & {b, 5}",
      ofSets((core, a, b) => {
        const five = core.int.from(5);
        core.set.add(b, five);
        core.refs.decref(five);
        return core.set.intersection(a, b);
      }),
      [B, A],
      [A],
    ],
    ["{a} | {b}", ofSets((core, a, b) => core.set.union(a, b)), [A, B], [A]],
    ["{a} - {b}", ofSets((core, a, b) => core.set.difference(a, b)), [B, A], []],
    ["{a} ^ {b}", ofSets((core, a, b) => core.set.symmetricDifference(a, b)), [B, A], []],
    [
      "{a} -= {b}",
      ofSets((core, a, b) => {
        core.set.differenceUpdate(a, b);
        return core.refs.newRef(a);
      }),
      [A, B],
      [],
    ],
    ["{a} == {b}", ofSets((core, a, b) => void core.protocol.equal(a, b)), [B, A], []],
    ["{a} <= {b}", ofSets((core, a, b) => void core.set.isSubset(a, b)), [B, A], []],
    [
      "{frozenset([a]), frozenset([b])}",
      (core, a, b) =>
        both(
          core,
          (key) => core.set.pack([key], true),
          a,
          b,
          (first, second) => {
            core.refs.decref(core.set.pack([first, second]));
            return undefined;
          },
        ),
      [B, A],
      [],
    ],
  ];

/** The key b of the question under way. */
let theB: Address = 0;

describe.each(everyProfile)("equality in tables in %s %s", (version, abi) => {
  it.each(questions)("is asked by %s as CPython does", (_, act, compared, kept) => {
    const core = testObjects(version, abi);
    const keys = oddKeys(core);
    const [a, b] = [keys.create(A), keys.create(B)];
    theB = b;
    const log: (readonly [number, number])[] = [];
    keys.onEqual = (mine, theirs) => {
      log.push([mine, keys.number(theirs)]);
      return 1;
    };
    const made = act(core, a, b);
    expect(log).toEqual([compared]);
    if (made !== undefined) {
      const held: number[] = [];
      const cursor = { position: 0, key: 0, value: 0 };
      const table = core.dict.check(made) ? core.dict : core.set;
      while (table.next(made, cursor)) held.push(keys.number(cursor.key));
      expect(held).toEqual(kept);
      core.refs.decref(made);
    }
    core.refs.decref(a);
    core.refs.decref(b);
    expect(keys.dead).toEqual([A, B]);
    core.inspect.verify();
  });
});
