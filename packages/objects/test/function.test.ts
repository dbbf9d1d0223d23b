/** Functions, code objects, cells, bound methods, modules, capsules, and what holds JavaScript values. */
import type { Address } from "@pyrena/abi";
import { attachObjects, type Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

const globals = (core: Objects): Address => core.modules.dict(core.modules.main());

/** A function of one argument that returns it. */
function identity(core: Objects, closure = 0, defaults = 0): Address {
  return core.functions.define(
    {
      name: "identity",
      locals: ["x", "unused"],
      argCount: 1,
      ...(closure === 0 ? {} : { freeNames: ["y"] }),
      qualname: "outer.<locals>.identity",
      body: (frame) => core.refs.newRef(core.frames.local(frame, 0)),
    },
    globals(core),
    closure,
    defaults,
  );
}

describe.each(everyProfile)("functions in %s %s", (version, abi) => {
  it("own what they are made of, and give all of it back", () => {
    const core = testObjects(version, abi);
    const { functions, cells, tuple, refs, str, inspect, list } = core;
    const content = list.create(0);
    const cell = cells.create(content);
    const closure = tuple.pack([cell]);
    const defaults = tuple.pack([content]);
    const before = refs.refcount(globals(core));
    const fn = identity(core, closure, defaults);
    expect(refs.refcount(globals(core))).toBe(before + 1);
    expect([closure, defaults, cell].map(refs.refcount)).toEqual([2, 2, 2]);
    expect(functions.closure(fn)).toBe(closure);
    expect(functions.defaults(fn)).toBe(defaults);
    expect(str.value(functions.name(fn))).toBe("identity");
    const code = functions.code(fn);
    expect(functions.argCount(code)).toBe(1);
    expect(functions.localCount(code)).toBe(2);
    expect(functions.freeCount(code)).toBe(1);
    const { body: _, ...spec } = functions.spec(code);
    expect(spec).toEqual({
      name: "identity",
      qualname: "outer.<locals>.identity",
      locals: ["x", "unused"],
      argCount: 1,
      freeNames: ["y"],
      stackSize: 4,
    });
    expect(core.protocol.setAttribute(fn, "tag", content)).toBe(0);
    expect(core.dict.length(functions.dict(fn))).toBe(1);
    inspect.verify({ held: [content, cell, closure, defaults, fn] });
    refs.decref(fn);
    expect(refs.refcount(content)).toBe(3);
    for (const object of [cell, closure, defaults, content]) refs.decref(object);
    inspect.verify();
  });

  it("are called with arguments; bound methods put their object first", () => {
    const core = testObjects(version, abi);
    const { functions, protocol, refs, list, inspect } = core;
    const fn = identity(core);
    const argument = list.create(0);
    const result = protocol.call(fn, [argument]);
    expect(result).toBe(argument);
    refs.decref(result);
    const method = functions.createMethod(fn, argument);
    expect(refs.refcount(argument)).toBe(2);
    const again = protocol.call(method, []);
    expect(again).toBe(argument);
    refs.decref(again);
    const other = functions.createMethod(fn, argument);
    expect(protocol.equal(method, other)).toBe(1);
    expect(protocol.hash(method)).toBe(protocol.hash(other));
    inspect.verify({ held: [fn, argument, method, other] });
    for (const object of [method, other, fn, argument]) refs.decref(object);
    inspect.verify();
  });

  it("keep dead bound methods where the version does, the last one first", () => {
    const core = testObjects(version, abi);
    const { functions, refs, list } = core;
    const fn = identity(core);
    const items = list.create(0);
    const methods = Array.from({ length: 3 }, () => functions.createMethod(fn, items));
    for (const method of methods) refs.decref(method);
    const kept = core.alloc.freeLists.find(({ name }) => name === "method");
    expect(kept?.count()).toBe(core.profile.freeLists.method === 0 ? 0 : 3);
    const next = functions.createMethod(fn, items);
    if (core.profile.freeLists.method > 0) expect(next).toBe(methods[2]);
    for (const object of [next, fn, items]) refs.decref(object);
    core.inspect.verify();
  });

  it("share variables by cells, which are part of cycles", () => {
    const core = testObjects(version, abi);
    const { cells, tuple, refs, types, inspect } = core;
    const cell = cells.create(0);
    expect(cells.get(cell)).toBe(0);
    const closure = tuple.pack([cell]);
    const fn = identity(core, closure);
    refs.decref(closure);
    cells.set(cell, fn);
    expect(refs.refcount(fn)).toBe(2);
    const seen: Address[] = [];
    types.slotsOf(cell).traverse?.(cell, (referent) => void seen.push(referent));
    expect(seen).toEqual([fn]);
    inspect.verify({ held: [cell, fn] });
    const content = cells.get(cell);
    refs.decref(content);
    types.slotsOf(cell).clear?.(cell);
    expect(refs.refcount(fn)).toBe(1);
    refs.decref(fn);
    expect(refs.refcount(cell)).toBe(1);
    refs.decref(cell);
    inspect.verify();
  });

  it("take no more arguments than they have locals", () => {
    const core = testObjects(version, abi);
    const code = core.functions.createCode({
      name: "f",
      locals: ["x"],
      argCount: 2,
      body: () => 0,
    });
    expect(code).toBe(0);
    expect(core.errors.matches("ValueError")).toBe(true);
    core.errors.clear();
    core.inspect.verify();
  });

  it("lose their bodies when the heap is opened again, until they are given them back", () => {
    const core = testObjects(version, abi);
    const fn = identity(core);
    const again = attachObjects(core.heap, core.options);
    expect(again.protocol.call(fn, [fn])).toBe(0);
    expect(again.errors.matches("RuntimeError")).toBe(true);
    again.errors.clear();
    again.functions.bind(again.functions.code(fn), () => again.int.from(7));
    const result = again.protocol.call(fn, [fn]);
    expect(again.int.value(result)).toBe(7);
    again.refs.decref(result);
    again.refs.decref(fn);
    again.inspect.verify();
  });

  it("survive the failure of each request", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const { cells, modules, capsules, jsValues, functions, list } = core;
    core.modules.main();
    expect(
      everyFailureOf(
        () => [],
        () => ({ object: identity(core) }),
      ),
    ).toBeGreaterThan(2);
    const makers: (() => Address)[] = [
      () => cells.create(core.constants.none),
      () => modules.create("m"),
      () => capsules.create(16, "name", () => {}),
      () => jsValues.create({}),
    ];
    for (const make of makers) {
      everyFailureOf(
        () => [],
        () => ({ object: make() }),
      );
    }
    everyFailureOf(
      () => [identity(core), list.create(0)],
      (_, [fn, self]) => ({ object: functions.createMethod(fn as Address, self as Address) }),
    );
    everyFailureOf(
      () => [identity(core)],
      (_, [fn]) => ({ status: functions.dict(fn as Address) === 0 ? -1 : 0 }),
    );
  });
});

describe.each(everyProfile)("modules and capsules in %s %s", (version, abi) => {
  it("modules have CPython's names, a dict of their own and attributes in it", () => {
    const core = testObjects(version, abi);
    const { modules, refs, str, dict, protocol, inspect } = core;
    const module = modules.create("things");
    expect(str.value(modules.name(module))).toBe("things");
    const names: string[] = [];
    const cursor = { position: 0, key: 0, value: 0 };
    while (dict.next(modules.dict(module), cursor)) names.push(str.value(cursor.key));
    expect(names).toEqual(["__name__", "__doc__", "__package__", "__loader__", "__spec__"]);
    expect(protocol.setAttribute(module, "x", module)).toBe(0);
    const found = protocol.getAttribute(module, "x");
    expect(found).toBe(module);
    refs.decref(found);
    expect(protocol.deleteAttribute(module, "x")).toBe(0);
    expect(modules.main()).toBe(modules.main());
    inspect.verify({ held: [module] });
    refs.decref(module);
    inspect.verify();
  });

  it("capsules hold an address and a name, and call their destructor once", () => {
    const told: string[] = [];
    const core = testObjects(version, abi, {
      onUnraisable: ({ error, where }) => void told.push(`${where.split(" at ")[0]}: ${error}`),
    });
    const { capsules, refs, errors, inspect } = core;
    const seen: number[] = [];
    const capsule = capsules.create(4096, "naïve", (dying) => {
      seen.push(capsules.pointer(dying));
    });
    expect(capsules.name(capsule)).toBe("naïve");
    inspect.verify({ held: [capsule] });
    refs.decref(capsule);
    expect(seen).toEqual([4096]);
    const thrower = capsules.create(8, undefined, () => {
      throw new Error("no");
    });
    expect(capsules.name(thrower)).toBeUndefined();
    refs.decref(thrower);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^destructor of <capsule object NULL: RuntimeError: Error: no/);
    expect(capsules.create(0, "nothing")).toBe(0);
    expect(errors.matches("ValueError")).toBe(true);
    errors.clear();
    inspect.verify();
  });

  it("JavaScript values are held until the object goes, under numbers that never come again", () => {
    const core = testObjects(version, abi);
    const { jsValues, refs, protocol, inspect } = core;
    const value = { a: 1 };
    const object = jsValues.create(value);
    expect(jsValues.value(object)).toBe(value);
    expect(protocol.repr(object)).toBe("<JsValue Object>");
    const slot = jsValues.hold("kept");
    refs.decref(object);
    const another = jsValues.hold(undefined);
    expect(another).toBe(slot + 1);
    expect(jsValues.held(slot)).toBe("kept");
    jsValues.drop(slot);
    expect(jsValues.held(slot)).toBeUndefined();
    inspect.verify();
  });
});
