/** Classes: what they hold, how attributes are found, which bases go together. */
import type { Address } from "@pyrena/abi";
import { attachObjects, type Body, type ClassSpec, type Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

const globals = (core: Objects): Address => core.modules.dict(core.modules.main());

function define(core: Objects, name: string, locals: readonly string[], body: Body): Address {
  return core.functions.define({ name, locals, argCount: locals.length, body }, globals(core));
}

/** A class with one method; a new reference, the method is the class's. */
function classWith(
  core: Objects,
  name: string,
  method: string,
  locals: readonly string[],
  body: Body,
  bases: readonly Address[] = [],
): Address {
  const fn = define(core, method, locals, body);
  const cls = core.classes.create({ name, bases, attributes: [[method, fn]] });
  core.refs.decref(fn);
  return cls;
}

/** Make a class unreachable, as a collection would: it is part of cycles. */
function dispose(core: Objects, cls: Address): void {
  core.types.slots(core.types.type).clear?.(cls);
  core.refs.decref(cls);
}

function raised(core: Objects): string {
  const { errors, types, exceptions, refs } = core;
  const exception = errors.fetch();
  const text = `${types.name(types.typeOf(exception))}: ${exceptions.message(exception)}`;
  refs.decref(exception);
  return text;
}

describe.each(everyProfile)("classes in %s %s", (version, abi) => {
  it("make instances that keep attributes, find methods, and give everything back", () => {
    const core = testObjects(version, abi);
    const { classes, refs, int, inspect } = core;
    const cls = classWith(core, "E", "double", ["self"], (frame) => {
      const n = core.protocol.getAttribute(core.frames.local(frame, 0), "n");
      const result = int.from(2 * Number(int.value(n)));
      refs.decref(n);
      return result;
    });
    const before = refs.refcount(cls);
    const object = classes.call(cls, []);
    expect(refs.refcount(cls)).toBe(before + 1);
    const big = int.from(123456789);
    expect(core.protocol.setAttribute(object, "n", big)).toBe(0);
    refs.decref(big);
    const bound = core.protocol.getAttribute(object, "double");
    const result = core.protocol.call(bound, []);
    expect(int.value(result)).toBe(246913578);
    refs.decref(result);
    refs.decref(bound);
    inspect.verify({ held: [cls, object] });
    expect(core.protocol.deleteAttribute(object, "n")).toBe(0);
    refs.decref(object);
    expect(refs.refcount(cls)).toBe(before);
    dispose(core, cls);
    inspect.verify();
  });

  it("are called with the arguments of __init__", () => {
    const core = testObjects(version, abi);
    const { classes, refs, errors, constants, inspect, int } = core;
    const cls = classWith(core, "E", "__init__", ["self", "x"], (frame) => {
      const { protocol, frames } = core;
      const failed = protocol.setAttribute(frames.local(frame, 0), "x", frames.local(frame, 1)) < 0;
      return failed ? 0 : refs.newRef(constants.none);
    });
    const value = int.from(5000);
    const object = classes.call(cls, [value]);
    expect(refs.refcount(value)).toBe(2);
    refs.decref(object);
    expect(refs.refcount(value)).toBe(1);
    const wrong = classWith(core, "Wrong", "__init__", ["self"], () => int.from(1));
    expect(classes.call(wrong, [])).toBe(0);
    expect(raised(core)).toMatch(/^TypeError: .*None/);
    const failing = classWith(core, "Failing", "__init__", ["self"], () =>
      errors.raise("ValueError", "no"),
    );
    expect(classes.call(failing, [])).toBe(0);
    expect(raised(core)).toBe("ValueError: no");
    const plain = classes.create({ name: "Plain" });
    expect(classes.call(plain, [value])).toBe(0);
    expect(raised(core)).toMatch(/^TypeError: Plain\(\) takes no arguments/);
    inspect.verify({ held: [cls, value, wrong, failing, plain] });
  });

  it("find attributes along the order of bases", () => {
    const core = testObjects(version, abi);
    const { classes, str, refs, protocol, inspect } = core;
    const made: Address[] = [];
    const create = (name: string, bases: Address[], own: string[]): Address => {
      const text = str.from(name);
      const attributes = own.map((attribute) => [attribute, text] as const);
      const cls = classes.create({ name, bases, attributes });
      refs.decref(text);
      made.push(cls);
      return cls;
    };
    const base = create("Base", [], ["a", "b", "c"]);
    const left = create("Left", [base], ["a"]);
    const right = create("Right", [base], ["a", "b"]);
    const both = create("Both", [left, right], []);
    const object = classes.call(both, []);
    const where = (name: string): string => {
      const found = protocol.getAttribute(object, name);
      const text = str.value(found);
      refs.decref(found);
      return text;
    };
    expect(["a", "b", "c"].map(where)).toEqual(["Left", "Right", "Base"]);
    const order = classes.order(both).map(core.types.name);
    expect(order).toEqual(["Both", "Left", "Right", "Base", "object"]);
    expect(core.types.isInstance(object, base)).toBe(true);
    expect(core.types.isSubtype(left, right)).toBe(false);
    expect(classes.subclasses(base)).toEqual([left, right]);
    const text = str.from("changed");
    expect(protocol.setAttribute(right, "b", text)).toBe(0);
    expect(where("b")).toBe("changed");
    expect(protocol.deleteAttribute(right, "b")).toBe(0);
    expect(where("b")).toBe("Base");
    expect(protocol.deleteAttribute(right, "b")).toBe(-1);
    expect(raised(core)).toMatch(/^AttributeError/);
    refs.decref(text);
    refs.decref(object);
    inspect.verify({ held: made });
  });

  it("call special methods that are set or deleted later, also by subclasses", () => {
    const core = testObjects(version, abi);
    const { classes, refs, protocol, int, inspect } = core;
    const base = classes.create({ name: "Base" });
    const cls = classes.create({ name: "Child", bases: [base] });
    const object = classes.call(cls, []);
    expect(protocol.length(object)).toBe(-1);
    expect(raised(core)).toMatch(/^TypeError/);
    const length = define(core, "__len__", ["self"], () => int.from(3));
    expect(protocol.setAttribute(base, "__len__", length)).toBe(0);
    refs.decref(length);
    expect(protocol.length(object)).toBe(3);
    expect(protocol.deleteAttribute(base, "__len__")).toBe(0);
    expect(protocol.length(object)).toBe(-1);
    core.errors.clear();
    inspect.verify({ held: [base, cls, object] });
  });

  it("hash and compare by their methods, or by identity, or not at all", () => {
    const core = testObjects(version, abi);
    const { classes, protocol, int, refs, inspect, constants } = core;
    const plain = classes.create({ name: "Plain" });
    const [a, b] = [classes.call(plain, []), classes.call(plain, [])];
    expect([protocol.equal(a, a), protocol.equal(a, b)]).toEqual([1, 0]);
    expect(protocol.hash(a)).not.toBe(protocol.hash(b));
    const same = classWith(core, "Same", "__eq__", ["self", "other"], () =>
      refs.newRef(int.fromBoolean(true)),
    );
    const hashName = core.str.name("__hash__");
    expect(core.dict.getItem(classes.classDict(same), hashName)).toBe(constants.none);
    const c = classes.call(same, []);
    expect(protocol.equal(c, a)).toBe(1);
    expect(protocol.hash(c)).toBe(-1);
    expect(raised(core)).toMatch(/^TypeError: .*Same/);
    const hash = define(core, "__hash__", ["self"], () => int.from(-1));
    expect(protocol.setAttribute(same, "__hash__", hash)).toBe(0);
    refs.decref(hash);
    expect(protocol.hash(c)).toBe(-2);
    const large = classWith(core, "Large", "__hash__", ["self"], () => int.from(2n ** 70n + 5n));
    const d = classes.call(large, []);
    const value = int.from(2n ** 70n + 5n);
    expect(protocol.hash(d)).toBe(protocol.hash(value));
    inspect.verify({ held: [plain, a, b, same, c, large, d, value] });
  });

  it("have the sizes that getsizeof shows, built-in ones included", () => {
    const core = testObjects(version, abi);
    // sys.getsizeof(int) of 3.11 to 3.15; lp64 of 3.14 and 3.15 is derived.
    const sizes = {
      lp64: { "3.11": 424, "3.12": 432, "3.13": 416, "3.14": 416, "3.15": 424 },
      ilp32: { "3.11": 212, "3.12": 216, "3.13": 208, "3.14": 208, "3.15": 212 },
    };
    for (const type of [core.int.type, core.types.type, core.types.object]) {
      expect(core.protocol.getsizeof(type)).toBe(sizes[abi][version]);
    }
  });

  it("refuse bases that cannot go together, and say why", () => {
    const core = testObjects(version, abi);
    const { classes, list, dict, int, inspect } = core;
    const refused = (spec: Omit<ClassSpec, "name">): string => {
      expect(classes.create({ name: "No", ...spec })).toBe(0);
      return raised(core);
    };
    const x = classes.create({ name: "X" });
    const y = classes.create({ name: "Y" });
    const xy = classes.create({ name: "XY", bases: [x, y] });
    const yx = classes.create({ name: "YX", bases: [y, x] });
    const slots = classes.create({ name: "S", slots: ["s"] });
    const others = classes.create({ name: "T", slots: ["t"] });
    expect(refused({ bases: [xy, yx] })).toMatch(/^TypeError: the bases XY, YX/);
    expect(refused({ bases: [x, x] })).toMatch(/^TypeError/);
    expect(refused({ bases: [list.type, dict.type] })).toMatch(/^TypeError: .*list, dict/);
    expect(refused({ bases: [slots, others] })).toMatch(/^TypeError: .*layouts/);
    expect(refused({ bases: [int.boolType] })).toMatch(/^TypeError: 'bool'/);
    expect(refused({ bases: [core.types.type] })).toMatch(/^TypeError: .*metaclass/);
    expect(refused({ bases: [core.tuple.type], slots: ["a"] })).toMatch(/^TypeError: .*slots/);
    expect(refused({ slots: ["not a name"] })).toMatch(/^TypeError: .*not a name/);
    expect(refused({ bases: [x], slots: ["__dict__"] })).toMatch(/^TypeError: .*__dict__/);
    const none = core.constants.none;
    expect(refused({ slots: ["a"], attributes: [["a", none]] })).toMatch(/^ValueError: .*'a'/);
    inspect.verify({ held: [x, y, xy, yx, slots, others] });
  });

  it("take over layouts: slots of one base, dict of another, a built-in's fields", () => {
    const core = testObjects(version, abi);
    const { classes, refs, protocol, list, types, inspect } = core;
    const slots = classes.create({ name: "S", slots: ["s"] });
    const plain = classes.create({ name: "P" });
    const both = classes.create({ name: "Both", bases: [plain, slots] });
    const items = classes.create({ name: "Items", bases: [list.type, plain] });
    const object = classes.call(both, []);
    const many = classes.call(items, []);
    for (const name of ["s", "t"]) {
      expect(protocol.setAttribute(object, name, many)).toBe(0);
    }
    expect(refs.refcount(many)).toBe(3);
    expect(list.append(many, object)).toBe(0);
    expect(protocol.length(many)).toBe(1);
    expect(protocol.setAttribute(many, "s", object)).toBe(0);
    expect(types.isInstance(many, plain)).toBe(true);
    inspect.verify({ held: [slots, plain, both, items, object, many] });
    types.slotsOf(many).clear?.(many);
    expect(refs.refcount(object)).toBe(1);
    refs.decref(object);
    refs.decref(many);
    inspect.verify({ held: [slots, plain, both, items] });
  });

  it("are forgotten by their bases when they die, and leave nothing behind", () => {
    const core = testObjects(version, abi);
    const { classes, refs, inspect, weakrefs } = core;
    const base = classes.create({ name: "Base" });
    const count = refs.refcount(base);
    const child = classes.create({ name: "Child", bases: [base], slots: ["a", "b"] });
    const ref = weakrefs.ref(child);
    expect(refs.refcount(base)).toBe(count + 3);
    dispose(core, child);
    expect(weakrefs.isDead(ref)).toBe(true);
    refs.decref(ref);
    expect(classes.subclasses(base)).toEqual([]);
    expect(refs.refcount(base)).toBe(count);
    dispose(core, base);
    inspect.verify();
  });

  it("call finalizers once, in spite of exceptions and revivals", () => {
    const told: string[] = [];
    const core = testObjects(version, abi, {
      onUnraisable: ({ error, where }) => void told.push(`${where.split(" at ")[0]}: ${error}`),
    });
    const { classes, refs, errors, frames, inspect, list, constants } = core;
    const saved = list.create(0);
    const keeper = classWith(core, "Keeper", "__del__", ["self"], (frame) => {
      list.append(saved, frames.local(frame, 0));
      return refs.newRef(constants.none);
    });
    const object = classes.call(keeper, []);
    refs.decref(object);
    expect(list.length(saved)).toBe(1);
    expect(refs.refcount(object)).toBe(1);
    inspect.verify({ held: [keeper, saved] });
    list.clear(saved);
    expect(list.length(saved)).toBe(0);
    const thrower = classWith(core, "Thrower", "__del__", ["self"], () => {
      throw new Error("in JavaScript");
    });
    const raiser = classWith(core, "Raiser", "__del__", ["self"], () =>
      errors.raise("KeyError", "in Python"),
    );
    errors.raise("ValueError", "before");
    for (const cls of [thrower, raiser]) refs.decref(classes.instantiate(cls));
    expect(told).toHaveLength(2);
    expect(told[0]).toMatch(/^finalizer of Thrower: RuntimeError: Error: in JavaScript/);
    expect(told[1]).toMatch(/^finalizer of Raiser: KeyError: 'in Python'/);
    expect(raised(core)).toBe("ValueError: before");
    inspect.verify({ held: [keeper, thrower, raiser, saved] });
  });

  it("tell AttributeErrors what they are about, as far as the version does", () => {
    const core = testObjects(version, abi);
    const { classes, refs, protocol, errors, exceptions, inspect, constants } = core;
    const plain = classes.create({ name: "Plain" });
    const slotted = classes.create({ name: "Slotted", slots: ["a"] });
    const [e, s] = [classes.call(plain, []), classes.call(slotted, [])];
    const about = (result: number): string => {
      expect(result === 0 || result === -1).toBe(true);
      const exception = errors.fetch();
      const field = (name: string): Address => exceptions.field(exception, name);
      const name = field("name") === 0 ? "nothing" : core.str.value(field("name"));
      const owner =
        field("obj") === 0 ? "nobody" : core.types.name(core.types.typeOf(field("obj")));
      refs.decref(exception);
      return `${name} of ${owner}`;
    };
    const { getAttribute: get, setAttribute: set, deleteAttribute: del } = protocol;
    expect([get(e, "x"), get(s, "a"), get(plain, "x")].length).toBe(3);
    errors.clear();
    expect(about(get(e, "x"))).toBe("x of Plain");
    expect(about(get(s, "a"))).toBe("a of Slotted");
    expect(about(get(plain, "x"))).toBe("x of type");
    const { storeErrors } = core.facts;
    const stored = (text: string): string => (storeErrors === "none" ? "nothing of nobody" : text);
    expect(about(set(s, "z", constants.none))).toBe(stored("z of Slotted"));
    expect(about(del(s, "z"))).toBe(stored("z of Slotted"));
    expect(about(del(plain, "x"))).toBe(stored("x of type"));
    expect(about(del(s, "a"))).toBe("nothing of nobody");
    expect(about(del(e, "x"))).toBe(storeErrors === "all" ? "x of Plain" : "nothing of nobody");
    for (let n = 0; n < 30; n++) refs.decref(classes.call(plain, []));
    const full = classes.call(plain, []);
    expect(set(full, "y", constants.none)).toBe(0);
    expect(about(del(full, "z"))).toBe(stored("z of Plain"));
    inspect.verify({ held: [plain, slotted, e, s, full] });
  });

  it("survive the failure of each request while they are made", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const { classes, constants, list, refs } = core;
    const base = classes.create({ name: "KnownBase" });
    core.dict.setItemString(globals(core), "KnownBase", base);
    refs.decref(base);
    const specs: ClassSpec[] = [
      { name: "Plain" },
      { name: "Slotted", slots: ["x", "y"], attributes: [["__eq__", constants.none]] },
      { name: "Derived", bases: [base], attributes: [["a", constants.none]] },
      { name: "Items", bases: [list.type] },
    ];
    for (const spec of specs) {
      const requests = everyFailureOf(
        () => [],
        () => {
          const cls = classes.create(spec);
          // What `everyFailureOf` drops must be able to go.
          if (cls !== 0) core.types.slots(core.types.type).clear?.(cls);
          return { object: cls };
        },
      );
      expect(requests).toBeGreaterThan(8);
      expect(classes.subclasses(base)).toEqual([]);
    }
  });

  it("are found again when the heap is opened again, with all their methods' names", () => {
    const core = testObjects(version, abi);
    const cls = classWith(core, "E", "__len__", ["self"], () => core.int.from(4));
    const object = core.classes.call(cls, []);
    const again = attachObjects(core.heap, core.options);
    expect(again.types.all()).toContain(again.types.type);
    expect(again.protocol.length(object)).toBe(-1);
    expect(raised(again)).toMatch(/^RuntimeError: the body of __len__ is not known here/);
    const method = again.classes.lookup(cls, again.str.name("__len__"));
    again.functions.bind(again.functions.code(method), () => again.int.from(5));
    expect(again.protocol.length(object)).toBe(5);
    expect(core.protocol.length(object)).toBe(-1);
    core.errors.clear();
    again.inspect.verify({ held: [cls, object] });
  });
});
