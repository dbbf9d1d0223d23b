/** Handles against JavaScript's own containers, with everything verified after each step. */
import {
  type DictHandle,
  type Handle,
  type ListHandle,
  Python,
  type SetHandle,
} from "@pyrena/objects";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

/** Each version once, on one data model or the other. */
const profiles = everyProfile.filter((_, n) => n % 4 === 0 || n % 4 === 3);

const atom = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }).filter((n) => n > 2n ** 60n || n < -(2n ** 60n)),
  fc.double({ noNaN: true }).filter((n) => !Number.isInteger(n)),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.boolean(),
  fc.constant(null),
);
/** Keys that JavaScript and Python agree about: True equals 1 in Python. */
const key = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.string({ maxLength: 3 }),
  fc.constant(null),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.uint8Array({ maxLength: 20 }),
  ),
})).value;

const step = fc.oneof(
  fc.record({ op: fc.constant("append" as const), value }),
  fc.record({ op: fc.constant("insert" as const), at: fc.nat(30), value }),
  fc.record({ op: fc.constant("replace" as const), at: fc.nat(30), value }),
  fc.record({ op: fc.constant("remove" as const), at: fc.nat(30) }),
  fc.record({ op: fc.constant("slice" as const), at: fc.nat(30), stop: fc.nat(30) }),
  fc.record({ op: fc.constant("alias" as const), at: fc.nat(30) }),
  fc.record({ op: fc.constant("put" as const), key, value }),
  fc.record({ op: fc.constant("take" as const), key }),
  fc.record({ op: fc.constant("add" as const), key }),
  fc.record({ op: fc.constant("discard" as const), key }),
);

describe.each(profiles)("handles and a model in %s %s", (version, abi) => {
  it("whatever is converted comes back as it was", () => {
    const py = Python.over(testObjects(version, abi));
    fc.assert(
      fc.property(value, (one) => {
        py.scope(() => expect(py.from(one).toJS()).toEqual(one));
        py.verify();
        expect(py.leaks()).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it("list, dict and set do what Array, Map and Set do", () => {
    const py = Python.over(testObjects(version, abi));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        py.scope(() => {
          const list: ListHandle = py.list();
          const dict: DictHandle = py.dict();
          const set: SetHandle = py.set();
          const array: unknown[] = [];
          const map = new Map<unknown, unknown>();
          const members = new Set<unknown>();
          for (const one of steps) {
            const at = "at" in one && array.length > 0 ? one.at % array.length : 0;
            if (one.op === "append") {
              list.append(one.value);
              array.push(one.value);
            } else if (one.op === "insert") {
              list.insert(one.at, one.value);
              array.splice(one.at, 0, one.value);
            } else if (one.op === "put") {
              dict.set(one.key, one.value);
              map.set(one.key, one.value);
            } else if (one.op === "take") {
              expect(dict.has(one.key)).toBe(map.has(one.key));
              const taken = dict.pop(one.key);
              if (typeof taken === "object" && taken !== null) (taken as Handle).release();
              map.delete(one.key);
            } else if (one.op === "add") {
              set.add(one.key);
              members.add(one.key);
            } else if (one.op === "discard") {
              expect(set.delete(one.key)).toBe(members.delete(one.key));
            } else if (array.length > 0) {
              if (one.op === "replace") {
                list.set(at, one.value);
                array[at] = one.value;
              } else if (one.op === "remove") {
                list.delete(at);
                array.splice(at, 1);
              } else if (one.op === "alias") {
                py.scope(() => dict.set("alias", list.ref(at)));
                map.set("alias", array[at]);
              } else {
                py.scope(() =>
                  expect(list.slice(at, one.stop).toJS()).toEqual(array.slice(at, one.stop)),
                );
              }
            }
            py.verify();
          }
          expect(list.toJS()).toEqual(array);
          expect(dict.toJS()).toEqual(map);
          expect([...dict.keys()]).toEqual([...map.keys()]);
          expect(set.toJS()).toEqual(members);
        });
        expect(py.leaks()).toEqual([]);
        py.verify();
      }),
      { numRuns: 40 },
    );
  });
});
