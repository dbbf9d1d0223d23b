/** Which objects the collector is told of, against what CPython answered (test/fixtures). */
import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { answersOf, build, type Described } from "./answers.ts";
import { everyProfile } from "./heap.ts";
import { Stage } from "./stage.ts";

describe.each(everyProfile)("tracking in %s %s", (version, abi) => {
  it("is CPython's", () => {
    const stage = new Stage(version, abi);
    const { alloc } = stage.core;
    const objects = made(stage);
    const found = Object.fromEntries(
      Object.entries(objects).map(([name, object]) => [name, alloc.isTracked(object)]),
    );
    expect(found).toEqual(answersOf(version, abi).tracked);
    stage.core.inspect.verify({ held: [stage.markClass, ...Object.values(objects)] });
  });
});

/** What `record_tracked` of record.py makes, by the same names. New references. */
function made(stage: Stage): Readonly<Record<string, Address>> {
  const { core } = stage;
  const { tuple, dict, set, classes, refs } = core;
  const N = 1000;
  const dropping = (parts: readonly Address[], result: Address): Address => {
    stage.dropAll(parts);
    return result;
  };
  const items = (): Address => core.list.create(0);
  const number = core.int.from(N);
  const numbers = (): Address => tuple.pack2(number, number);
  const of = (value: Described): Address => build(core, value);
  const pairs = (key: Address, value: Address): Address => {
    const table = dict.create();
    dict.setItem(table, key, value);
    return dropping([key, value], table);
  };
  const n = (): Address => refs.newRef(number);
  const updated = (other: Address): Address => {
    const table = dict.create();
    dict.update(table, other);
    return dropping([other], table);
  };
  const copied = (table: Address): Address => dropping([table], dict.copy(table));
  const emptied = pairs(n(), items());
  dict.deleteItem(emptied, number);
  const instance = (cls: Address, value?: Address): Address => {
    const one = classes.call(cls, []);
    if (value !== undefined) stage.set(one, "a", value);
    return one;
  };
  const plain = stage.cls("Plain");
  const bare = stage.cls("NoSlots", {}, { slots: [] });
  const slotted = stage.cls("Slots", {}, { slots: ["a", "b"] });
  const tupleChild = stage.cls("TupleChild", {}, { bases: [tuple.type] });
  const intChild = stage.cls("IntChild", {}, { bases: [core.int.type] });
  const one = instance(plain, n());
  const holder = instance(plain, items());
  const fn = stage.define("nothing", [], 0, () => undefined);
  const whole = numbers();
  const argument = tuple.pack([number]);
  const objects = {
    "()": refs.newRef(tuple.empty),
    "(n, n)": numbers(),
    "(n, [])": stage.tuple([n(), items()]),
    "tuple([n, n])": (() => {
      const list = of(["list", [N, N]]);
      return dropping([list], tuple.from(list));
    })(),
    "numbers + numbers": tuple.concat(whole, whole),
    "numbers[0:1]": tuple.slice(whole, 0, 1, 1),
    "numbers * 2": tuple.repeat(whole, 2),
    "((n, n), n)": stage.tuple([numbers(), n()]),
    "[]": items(),
    "{}": dict.create(),
    "{n: n}": pairs(n(), n()),
    "{'a': n}": pairs(core.str.from("a"), n()),
    "{n: []}": pairs(n(), items()),
    "{(n, n): n}": pairs(numbers(), n()),
    "{n: (n, n)}": pairs(n(), numbers()),
    "{n: [] } without it": emptied,
    "{n: n}.copy()": copied(pairs(n(), n())),
    "{n: []}.copy()": copied(pairs(n(), items())),
    "{} updated by {n: []}": updated(pairs(n(), items())),
    "{} updated by {n: n}": updated(pairs(n(), n())),
    "set()": set.create(),
    "frozenset()": set.pack([], true),
    slice: core.slice.create(0, number, 0),
    instance: one,
    "its dict of a number": classes.dict(one),
    "dict of an instance that holds a list": classes.dict(holder),
    "instance without slots": instance(bare),
    "instance with slots": instance(slotted),
    "tuple child": classes.call(tupleChild, [argument]),
    "int child": classes.call(intChild, [number]),
    class: refs.newRef(plain),
    function: refs.newRef(fn),
    cell: core.cells.create(number),
    method: core.functions.createMethod(fn, number),
    module: core.modules.create("m"),
    weakref: core.weakrefs.ref(one),
    exception: core.exceptions.create(core.exceptions.type("Exception"), [number]),
  };
  const rest = [plain, bare, slotted, tupleChild, intChild, holder, fn, whole, argument, number];
  stage.dropAll(rest);
  return objects;
}
