/** Instances of classes: attributes in values, dicts and slots, and how they die. */
import type { Address } from "@pyrena/abi";
import { attachObjects, type Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

function setNumber(core: Objects, object: Address, name: string, value: number): number {
  const boxed = core.float.from(value);
  const result = core.protocol.setAttribute(object, name, boxed);
  core.refs.decref(boxed);
  return result;
}

/** The attribute's number, or undefined where AttributeError is raised. */
function getNumber(core: Objects, object: Address, name: string): number | undefined {
  const found = core.protocol.getAttribute(object, name);
  if (found === 0) {
    expect(core.errors.matches("AttributeError")).toBe(true);
    core.errors.clear();
    return undefined;
  }
  const value = core.float.value(found);
  core.refs.decref(found);
  return value;
}

/** Names and numbers in order. */
function numbersOf(core: Objects, pairs: readonly (readonly [Address, Address])[]) {
  return pairs.map(([key, value]) => [core.str.value(key), core.float.value(value)] as const);
}

function itemsOf(core: Objects, dict: Address): [Address, Address][] {
  const items: [Address, Address][] = [];
  const cursor = { position: 0, key: 0, value: 0 };
  while (core.dict.next(dict, cursor)) items.push([cursor.key, cursor.value]);
  return items;
}

const NAMES = Array.from({ length: 6 }, (_, n) => `n${n}`);

/** One instance of the model. */
interface Model {
  object: Address;
  attributes: Map<string, number>;
  /** Its dict, held by the test: the map is shared with the instance's. */
  dict: Address;
}

const step = fc.record({
  what: fc.constantFrom(
    ...["make", "set", "set", "set", "delete", "get", "dict", "setItem", "dropDict", "drop"],
    ...["replace", "clear"],
  ),
  which: fc.nat(5),
  name: fc.constantFrom(...NAMES),
  value: fc.nat(1000),
});

describe.each(everyProfile)("instances in %s %s", (version, abi) => {
  it("keep any attributes as a Map does, in values or in a dict, whatever outlives what", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, ofList) => {
        const core = testObjects(version, abi, { debug: true });
        const { classes, refs, dict, str, inspect } = core;
        const cls = classes.create({ name: "C", bases: ofList ? [core.list.type] : [] });
        const models: Model[] = [];
        /** Dicts that have outlived their instances, with what they must hold. */
        const left: [Address, Map<string, number>][] = [];
        const held = (): Address[] => [
          cls,
          ...models.map(({ object }) => object),
          ...models.flatMap((model) => (model.dict === 0 ? [] : [model.dict])),
          ...left.map(([each]) => each),
        ];
        const make = (): void => {
          models.push({ object: classes.call(cls, []), attributes: new Map(), dict: 0 });
        };
        make();
        for (const { what, which, name, value } of steps) {
          const index = which % models.length;
          const model = models[index] as Model;
          const { object, attributes } = model;
          switch (what) {
            case "make":
              if (models.length < 5) make();
              break;
            case "set":
              expect(setNumber(core, object, name, value)).toBe(0);
              attributes.set(name, value);
              break;
            case "delete": {
              const result = core.protocol.deleteAttribute(object, name);
              expect(result).toBe(attributes.delete(name) ? 0 : -1);
              core.errors.clear();
              break;
            }
            case "get":
              expect(getNumber(core, object, name)).toBe(attributes.get(name));
              break;
            case "dict":
              if (model.dict === 0) model.dict = classes.dict(object);
              break;
            case "setItem":
              if (model.dict !== 0) {
                const boxed = core.float.from(value);
                expect(dict.setItemString(model.dict, name, boxed)).toBe(0);
                refs.decref(boxed);
                attributes.set(name, value);
              }
              break;
            case "dropDict":
              if (model.dict !== 0) refs.decref(model.dict);
              model.dict = 0;
              break;
            case "replace": {
              const other = dict.create();
              const boxed = core.float.from(value);
              dict.setItemString(other, name, boxed);
              refs.decref(boxed);
              expect(classes.setDict(object, other)).toBe(0);
              refs.decref(other);
              if (model.dict !== 0) left.push([model.dict, new Map(attributes)]);
              model.dict = 0;
              model.attributes = new Map([[name, value]]);
              break;
            }
            case "clear":
              if (model.dict !== 0) {
                dict.clear(model.dict);
                attributes.clear();
              }
              break;
            case "drop":
              if (models.length === 1) break;
              models.splice(index, 1);
              refs.decref(object);
              if (model.dict !== 0) left.push([model.dict, attributes]);
              break;
          }
          for (const each of models) {
            expect(numbersOf(core, classes.attributes(each.object))).toEqual([...each.attributes]);
            if (each.dict !== 0) expect(dict.length(each.dict)).toBe(each.attributes.size);
          }
          for (const [each, expected] of left) {
            expect(numbersOf(core, itemsOf(core, each))).toEqual([...expected]);
          }
          inspect.verify({ held: held() });
        }
        expect(str.value(str.name("n0"))).toBe("n0");
        for (const object of held().slice(1)) refs.decref(object);
        inspect.verify({ held: [cls] });
      }),
      { numRuns: 8 },
    );
  });

  it("go on with a table of their own when the class has no room for another name", () => {
    const core = testObjects(version, abi);
    const { classes, refs, inspect } = core;
    const cls = classes.create({ name: "C" });
    // Thirty instances leave room for one name.
    for (let n = 0; n < 30; n++) refs.decref(classes.call(cls, []));
    const object = classes.call(cls, []);
    for (const name of NAMES) expect(setNumber(core, object, name, NAMES.indexOf(name))).toBe(0);
    const dict = classes.dict(object);
    expect(core.dict.valuesOf(dict)).toBe(0);
    expect(numbersOf(core, itemsOf(core, dict)).map(([name]) => name)).toEqual(NAMES);
    inspect.verify({ held: [cls, object, dict] });
    refs.decref(dict);
    refs.decref(object);
    inspect.verify({ held: [cls] });
  });

  it("hold what their slots hold, and raise AttributeError for empty ones", () => {
    const core = testObjects(version, abi);
    const { classes, refs, protocol, inspect, list } = core;
    const base = classes.create({ name: "Base", slots: ["b", "a", "__private"] });
    const cls = classes.create({ name: "Some", bases: [base], slots: ["c"] });
    const object = classes.call(cls, []);
    for (const name of ["a", "b", "c", "_Base__private"]) {
      expect(getNumber(core, object, name)).toBeUndefined();
      expect(setNumber(core, object, name, name.length)).toBe(0);
      expect(getNumber(core, object, name)).toBe(name.length);
    }
    expect(protocol.setAttribute(object, "d", list.type)).toBe(-1);
    expect(core.errors.matches("AttributeError")).toBe(true);
    core.errors.clear();
    expect(classes.dict(object)).toBe(0);
    expect(core.errors.matches("AttributeError")).toBe(true);
    core.errors.clear();
    expect(protocol.deleteAttribute(object, "a")).toBe(0);
    expect(protocol.deleteAttribute(object, "a")).toBe(-1);
    core.errors.clear();
    inspect.verify({ held: [base, cls, object] });
    refs.decref(object);
    inspect.verify({ held: [base, cls] });
  });

  it("show a collector what gc.get_referents shows, with and without their dict", () => {
    const core = testObjects(version, abi);
    const { classes, refs, types, list, dict, protocol, inspect } = core;
    const base = classes.create({ name: "B", slots: ["b", "a"] });
    const both = classes.create({
      name: "C",
      bases: [base],
      slots: ["c", "__dict__", "__weakref__"],
    });
    const plain = classes.create({ name: "P" });
    const items = classes.create({ name: "L", bases: [list.type] });
    const marks = new Map([..."abcxy"].map((name) => [name, list.create(0)]));
    const shown = (object: Address): string[] => {
      const found: string[] = [];
      types.slotsOf(object).traverse?.(object, (referent) => {
        const mark = [...marks].find(([, each]) => each === referent)?.[0];
        found.push(mark ?? types.name(types.typeOf(referent)));
      });
      return found;
    };
    const make = (cls: Address, names: string, args: readonly Address[] = []): Address => {
      const object = classes.call(cls, args);
      for (const name of names) protocol.setAttribute(object, name, marks.get(name) as Address);
      return object;
    };
    const first = list.pack([marks.get("a") as Address, marks.get("b") as Address]);
    const objects = [make(both, "abcyx"), make(plain, "xy"), make(items, "x", [first])] as const;
    refs.decref(first);
    // Asked of CPython 3.11.7, 3.12.1, 3.13.0, 3.13.2, 3.14.2 and 3.15 alpha.
    const slotsKeepValues = version !== "3.13";
    const listsKeepValues = Number(version.slice(2)) >= 14;
    expect(objects.map(shown)).toEqual([
      ["c", "a", "b", ...(slotsKeepValues ? ["y", "x"] : ["dict"]), "type"],
      ["x", "y", "type"],
      [listsKeepValues ? "x" : "dict", "type", "b", "a"],
    ]);
    const dicts = objects.map((object) => classes.dict(object));
    const values = version === "3.13" || version === "3.14";
    expect(objects.map(shown)).toEqual([
      ["c", "a", "b", ...(version === "3.14" ? ["y", "x"] : ["dict"]), "type"],
      [...(values ? ["x", "y"] : ["dict"]), "type"],
      [version === "3.14" ? "x" : "dict", "type", "b", "a"],
    ]);
    expect(shown(dicts[1] as Address)).toEqual(values ? [] : ["x", "y"]);
    inspect.verify({ held: [base, both, plain, items, ...marks.values(), ...objects, ...dicts] });
    for (const object of [...objects, ...dicts]) refs.decref(object);
    expect(dict.check(plain)).toBe(false);
    inspect.verify({ held: [base, both, plain, items, ...marks.values()] });
  });

  it("leave a dict behind that others hold, with all its values", () => {
    const core = testObjects(version, abi);
    const { classes, refs, inspect } = core;
    const cls = classes.create({ name: "C" });
    const object = classes.call(cls, []);
    setNumber(core, object, "x", 1);
    const dict = classes.dict(object);
    // While the instance lives, both are one.
    setNumber(core, object, "y", 2);
    expect(core.dict.length(dict)).toBe(2);
    refs.decref(object);
    expect(numbersOf(core, itemsOf(core, dict))).toEqual([
      ["x", 1],
      ["y", 2],
    ]);
    inspect.verify({ held: [cls, dict] });
    refs.decref(dict);
    inspect.verify({ held: [cls] });
  });

  it("can change their class, if they are laid out alike, and keep their attributes", () => {
    const core = testObjects(version, abi);
    const { classes, refs, protocol, inspect, errors } = core;
    const create = (name: string, slots?: string[]): Address =>
      classes.create({ name, ...(slots === undefined ? {} : { slots }) });
    const [one, other, slots] = [create("One"), create("Other"), create("Slots", ["a"])] as const;
    const same = create("Same", ["a"]);
    const object = classes.call(one, []);
    setNumber(core, object, "x", 1);
    const counts = [refs.refcount(one), refs.refcount(other)];
    expect(protocol.setAttribute(object, "__class__", other)).toBe(0);
    expect([refs.refcount(one) + 1, refs.refcount(other) - 1]).toEqual(counts);
    expect(core.types.typeOf(object)).toBe(other);
    expect(getNumber(core, object, "x")).toBe(1);
    expect(setNumber(core, object, "y", 2)).toBe(0);
    const slotted = classes.call(slots, []);
    setNumber(core, slotted, "a", 3);
    expect(protocol.setAttribute(slotted, "__class__", same)).toBe(0);
    expect(getNumber(core, slotted, "a")).toBe(3);
    for (const wrong of [slots, core.types.object, core.list.type, object]) {
      expect(protocol.setAttribute(object, "__class__", wrong)).toBe(-1);
      expect(errors.matches("TypeError")).toBe(true);
      errors.clear();
    }
    inspect.verify({ held: [one, other, slots, same, object, slotted] });
    refs.decref(object);
    refs.decref(slotted);
    inspect.verify({ held: [one, other, slots, same] });
  });

  it("survive the failure of each request", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const { classes, refs, list, tuple, dict, int, str, set, bytes } = core;
    let names = 0;
    /** Named in `__main__`, the heap's own root. */
    const keep = (object: Address): Address => {
      core.dict.setItemString(core.modules.dict(core.modules.main()), `kept${names++}`, object);
      refs.decref(object);
      return object;
    };
    const plain = keep(classes.create({ name: "Plain" }));
    const slotted = keep(classes.create({ name: "Slotted", slots: ["a"] }));
    const withoutRoom = keep(classes.create({ name: "WithoutRoom" }));
    const children = [list, tuple, dict, int, str, set, bytes].map((part) =>
      keep(classes.create({ name: "Child", bases: [part.type] })),
    );
    const exception = core.exceptions.type("Exception");
    const error = keep(classes.create({ name: "Error", bases: [exception] }));
    for (const cls of [plain, slotted, ...children, error]) {
      everyFailureOf(
        () => [],
        () => ({ object: classes.call(cls, []) }),
      );
    }
    const value = keep(core.float.from(1));
    for (const cls of [withoutRoom, ...children, error]) {
      for (let n = 0; n < 31; n++) refs.decref(classes.call(cls, []));
      everyFailureOf(
        () => [classes.call(cls, []), str.interned("first"), str.interned("second")],
        (_, [object, first, second]) => ({
          status: Math.min(
            classes.setAttribute(object as Address, first as Address, value),
            core.errors.occurred() !== 0
              ? -1
              : classes.setAttribute(object as Address, second as Address, value),
          ),
        }),
      );
      everyFailureOf(
        () => [classes.call(cls, [])],
        (_, [object]) => ({ object: classes.dict(object as Address) }),
      );
    }
    const method = core.functions.define(
      { name: "method", locals: ["self"], argCount: 1, body: () => refs.newRef(value) },
      core.modules.dict(core.modules.main()),
    );
    expect(core.protocol.setAttribute(plain, "method", method)).toBe(0);
    refs.decref(method);
    everyFailureOf(
      () => [classes.call(plain, []), str.interned("method")],
      (_, [object, name]) => ({
        object: classes.getAttribute(object as Address, name as Address),
      }),
    );
    everyFailureOf(
      () => [classes.call(plain, []), str.interned("missing")],
      (_, [object, name]) => {
        const found = classes.getAttribute(object as Address, name as Address);
        if (!core.errors.matches("AttributeError")) return { object: found };
        core.errors.clear();
        return { object: refs.newRef(value) };
      },
    );
    everyFailureOf(
      () => {
        const object = classes.call(plain, []);
        core.protocol.setAttribute(object, "x", value);
        return [object, dict.create()];
      },
      (_, [object, other]) => {
        refs.decref(classes.dict(object as Address) || refs.newRef(value));
        if (core.errors.occurred() !== 0) return { status: -1 };
        return { status: classes.setDict(object as Address, other as Address) };
      },
    );
    everyFailureOf(
      () => {
        const object = classes.call(plain, []);
        core.protocol.setAttribute(object, "x", value);
        return [object];
      },
      (_, [object]) => {
        const name = core.str.name("__class__");
        const before = core.types.typeOf(object as Address);
        const status = classes.setAttribute(object as Address, name, withoutRoom);
        expect(core.types.typeOf(object as Address)).toBe(status === 0 ? withoutRoom : before);
        return { status };
      },
    );
    everyFailureOf(
      () => [classes.call(children[0] as Address, []), list.pack([value, value])],
      (_, [, items]) => ({ object: classes.call(children[0] as Address, [items as Address]) }),
    );
  });

  it("die whole even when there is no room for the values of a dict that lives on", () => {
    const told: string[] = [];
    let failing = false;
    const core = testObjects(version, abi, {
      onUnraisable: ({ where }) => void told.push(where),
      wrapAllocator: (next) => ({
        ...next,
        ctx: undefined,
        malloc: (_, size) => (failing ? 0 : next.malloc(next.ctx, size)),
        calloc: (_, nelem, elsize) => (failing ? 0 : next.calloc(next.ctx, nelem, elsize)),
        realloc: (_, ptr, size) => (failing ? 0 : next.realloc(next.ctx, ptr, size)),
        free: (_, ptr) => next.free(next.ctx, ptr),
      }),
    });
    const { classes, refs, dict, inspect } = core;
    const cls = classes.create({ name: "C" });
    const object = classes.call(cls, []);
    setNumber(core, object, "x", 1);
    const kept = classes.dict(object);
    failing = true;
    refs.decref(object);
    failing = false;
    if (core.facts.attributes === "inline") {
      expect(told).toEqual(["deallocation of an instance of C"]);
      expect(dict.length(kept)).toBe(0);
    } else {
      expect(told).toEqual([]);
      expect(dict.length(kept)).toBe(1);
    }
    inspect.verify({ held: [cls, kept] });
    refs.decref(kept);
    inspect.verify({ held: [cls] });
  });

  it("that the collector has emptied get a dict by a look for an attribute where values lay inline", () => {
    const core = testObjects(version, abi);
    const { classes, protocol, refs, inspect, types } = core;
    const cls = classes.create({ name: "C" });
    const object = classes.call(cls, []);
    setNumber(core, object, "x", 1);
    types.slotsOf(object).clear!(object);
    const dicts = (): number[] => {
      const lengths: number[] = [];
      protocol.traverse(object, (seen) => {
        if (core.dict.check(seen)) lengths.push(core.dict.length(seen));
      });
      return lengths;
    };
    // CPython finds the class without a look into the dict.
    refs.decref(protocol.getAttribute(object, "__class__"));
    expect(dicts()).toEqual([]);
    expect(getNumber(core, object, "x")).toBe(undefined);
    // Asked of 3.12.1 (none), 3.13.0, 3.14.2 and 3.15.0a2 (an empty one, smaller than one over the class's keys).
    expect(dicts()).toEqual(core.facts.attributes === "inline" ? [0] : []);
    setNumber(core, object, "x", 2);
    expect(getNumber(core, object, "x")).toBe(2);
    expect(dicts()).toEqual([1]);
    inspect.verify({ held: [cls, object] });
    refs.decref(object);
    inspect.verify({ held: [cls] });
  });

  it("are found again when the heap is opened again, with their classes", () => {
    const core = testObjects(version, abi);
    const cls = core.classes.create({ name: "C" });
    const object = core.classes.call(cls, []);
    setNumber(core, object, "x", 1);
    const again = attachObjects(core.heap, core.options);
    expect(again.types.name(again.types.typeOf(object))).toBe("C");
    expect(getNumber(again, object, "x")).toBe(1);
    expect(setNumber(again, object, "y", 2)).toBe(0);
    const child = again.classes.create({ name: "Child", bases: [cls] });
    expect(again.classes.subclasses(cls)).toEqual([child]);
    again.refs.decref(object);
    again.inspect.verify({ held: [cls, child] });
  });
});
