/** Types of TypeScript users: by fields, by a layout program, by slots. */
import { type Address, layoutCodes } from "@pyrena/abi";
import { attachObjects, defineType, type Objects, typeFlags, type UserType } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { failingHeap } from "./failing.ts";
import { everyProfile, testObjects } from "./heap.ts";

type PairField = "first" | "second" | "weight" | "tag" | "third";

function definePair(core: Objects, finalize?: (pair: Address) => void): UserType<PairField> {
  return defineType(core, {
    name: "Pair",
    fields: { first: "object", second: "object", weight: "f64", tag: "u16", third: "object" },
    dict: true,
    weakrefs: true,
    ...(finalize === undefined ? {} : { finalize }),
  });
}

describe.each(everyProfile)("types of users in %s %s", (version, abi) => {
  it("keep numbers and own references, as fields and as attributes", () => {
    const core = testObjects(version, abi);
    const { refs, protocol, list, int, inspect, word } = core;
    const pair = definePair(core);
    const items = list.create(0);
    const object = pair.create({ first: items, weight: 1.5, tag: 65535 });
    expect(refs.refcount(items)).toBe(2);
    expect(pair.get(object, "weight")).toBe(1.5);
    expect(pair.get(object, "tag")).toBe(65535);
    expect(pair.get(object, "third")).toBe(0);
    expect(protocol.getsizeof(object)).toBe(2 * word + pair.layout.bytes);
    const weight = protocol.getAttribute(object, "weight");
    expect(core.float.value(weight)).toBe(1.5);
    refs.decref(weight);
    const nothing = protocol.getAttribute(object, "third");
    expect(nothing).toBe(core.constants.none);
    refs.decref(nothing);
    const seven = int.from(7);
    expect(protocol.setAttribute(object, "tag", seven)).toBe(0);
    expect(pair.get(object, "tag")).toBe(7);
    expect(protocol.setAttribute(object, "tag", items)).toBe(-1);
    expect(core.errors.matches("TypeError")).toBe(true);
    core.errors.clear();
    expect(protocol.setAttribute(object, "third", items)).toBe(0);
    expect(protocol.setAttribute(object, "other", items)).toBe(0);
    expect(refs.refcount(items)).toBe(4);
    inspect.verify({ held: [items, object, seven] });
    expect(() => pair.get(object, "fourth" as PairField)).toThrow(
      /no field 'fourth'.*first, second/,
    );
    refs.decref(object);
    refs.decref(seven);
    expect(refs.refcount(items)).toBe(1);
    refs.decref(items);
    inspect.verify();
  });

  it("show the collector their references by traverse and by layout, and let it break cycles", () => {
    const core = testObjects(version, abi);
    const { refs, types, inspect } = core;
    const pair = definePair(core);
    const object = pair.create();
    pair.set(object, "second", object);
    const seen: Address[] = [];
    types.slots(pair.type).traverse?.(object, (referent) => void seen.push(referent));
    expect(seen).toEqual([object]);
    inspect.verify({ held: [object] });
    types.slots(pair.type).clear?.(object);
    expect(refs.refcount(object)).toBe(1);
    refs.decref(object);
    inspect.verify();
  });

  it("are finalized once, may be revived, and lose weak references only when they go", () => {
    const core = testObjects(version, abi);
    const { refs, weakrefs, inspect } = core;
    const told: string[] = [];
    let saved = 0;
    const pair = definePair(core, (object) => {
      told.push(`weight ${pair.get(object, "weight")}`);
      saved = refs.newRef(object);
    });
    const object = pair.create({ weight: 2 });
    const ref = weakrefs.ref(object);
    refs.decref(object);
    expect(saved).toBe(object);
    expect(weakrefs.referent(ref)).toBe(object);
    inspect.verify({ held: [saved, ref] });
    refs.decref(saved);
    expect(told).toEqual(["weight 2"]);
    expect(weakrefs.isDead(ref)).toBe(true);
    refs.decref(ref);
    inspect.verify();
  });

  it("report what their finalizer throws, and keep the exception that was pending", () => {
    const told: string[] = [];
    const core = testObjects(version, abi, {
      onUnraisable: ({ error, where }) => void told.push(`${where}: ${error}`),
    });
    const { refs, errors, inspect } = core;
    const pair = definePair(core, () => {
      throw new Error("no thanks");
    });
    errors.raise("KeyError", "before");
    refs.decref(pair.create());
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^finalizer of Pair at 0x[0-9a-f]+: RuntimeError: Error: no thanks$/);
    expect(errors.matches("KeyError")).toBe(true);
    errors.clear();
    inspect.verify();
  });

  it("can be bases of classes, whose instances have the fields and attributes besides", () => {
    const core = testObjects(version, abi);
    const { refs, classes, protocol, list, types, inspect } = core;
    const told: number[] = [];
    const pair = definePair(core, (object) => void told.push(pair.get(object, "weight")));
    const cls = classes.create({ name: "Child", bases: [pair.type] });
    const items = list.create(0);
    const object = classes.call(cls, [items]);
    expect(types.typeOf(object)).toBe(cls);
    expect(pair.check(object)).toBe(true);
    expect(pair.get(object, "first")).toBe(items);
    pair.set(object, "weight", 3);
    expect(protocol.setAttribute(object, "name", items)).toBe(0);
    expect(refs.refcount(items)).toBe(3);
    inspect.verify({ held: [cls, items, object] });
    refs.decref(object);
    expect(told).toEqual([3]);
    expect(refs.refcount(items)).toBe(1);
    refs.decref(items);
    inspect.verify({ held: [cls] });
  });

  it("need only a layout program: references and buffers are released by it", () => {
    const core = testObjects(version, abi);
    const { memory, types, refs, alloc, mem, list, inspect, word, profile } = core;
    const GC_HEAD = profile.headers.gcHead;
    // count, type, size, pointer to a buffer of references, and as many references as `size` says
    const type = types.define({
      name: "Table",
      basicsize: 4 * word,
      itemsize: word,
      flags: typeFlags.hasGc,
      layout: [
        ...[layoutCodes.buffer, 3 * word, 2 * word],
        ...[layoutCodes.inlineVar, 4 * word, 2 * word],
      ],
      slots: { name: "Table" },
    });
    const items = [list.create(0), list.create(0)];
    const table = alloc.gcObject(type, 6 * word, GC_HEAD);
    memory.u32.fill(0, (table + 2 * word) >>> 2, (table + 6 * word) >>> 2);
    const buffer = mem.calloc(2, word);
    memory.u32[(table + 2 * word) >>> 2] = 2;
    memory.u32[(table + 3 * word) >>> 2] = buffer;
    items.forEach((item, n) => {
      memory.u32[(buffer + n * word) >>> 2] = refs.newRef(item);
      memory.u32[(table + (4 + n) * word) >>> 2] = refs.newRef(item);
    });
    alloc.track(table);
    expect(items.map(refs.refcount)).toEqual([3, 3]);
    inspect.verify({ held: [table, ...items] });
    refs.decref(table);
    expect(items.map(refs.refcount)).toEqual([1, 1]);
    for (const item of items) refs.decref(item);
    inspect.verify();
  });

  it("refuse a layout program that leaves references to nobody", () => {
    const core = testObjects(version, abi);
    expect(() =>
      core.types.define({
        name: "Half",
        basicsize: 3 * core.word,
        flags: typeFlags.hasGc,
        layout: [layoutCodes.custom],
        slots: { name: "Half" },
      }),
    ).toThrow(/layout program/);
  });

  it("report what their dealloc throws; the heap goes on", () => {
    const told: string[] = [];
    const core = testObjects(version, abi, {
      onUnraisable: ({ error, where }) => void told.push(`${where}: ${error}`),
    });
    const { types, alloc, refs, inspect, word } = core;
    const type = types.define({
      name: "Fragile",
      basicsize: 2 * word,
      flags: 0,
      slots: {
        name: "Fragile",
        dealloc: (object) => {
          alloc.freeObject(object);
          throw new TypeError("broken");
        },
      },
    });
    refs.decref(alloc.object(type, 2 * word));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^dealloc of Fragile at 0x[0-9a-f]+: RuntimeError: TypeError: broken$/);
    expect(core.errors.occurred()).toBe(0);
    inspect.verify();
  });

  it("survive the failure of each request", () => {
    const { core, everyFailureOf } = failingHeap(version, abi);
    const pair = definePair(core);
    expect(
      everyFailureOf(
        () => [core.list.create(0)],
        (_, [items]) => ({
          object: pair.create({ first: items as number, third: items as number }),
        }),
      ),
    ).toBe(1);
  });

  it("are stood in for when the heap is opened without them: by their layouts, where they have one", () => {
    const core = testObjects(version, abi);
    const { word } = core;
    definePair(core);
    core.types.define({
      name: "Opaque",
      basicsize: 2 * word,
      flags: typeFlags.hasGc,
      slots: { name: "Opaque", traverse: () => {}, clear: () => {}, dealloc: () => {} },
    });
    expect(core.types.missing()).toEqual([]);
    const again = attachObjects(core.heap, core.options);
    expect(again.types.missing()).toEqual(["Pair", "Opaque"]);
    expect(again.types.stoodIn()).toEqual([]);
    expect(again.types.standIn()).toEqual(["Opaque"]);
    expect(again.types.missing()).toEqual([]);
    expect(again.types.stoodIn()).toEqual([
      { name: "Pair", hasLayout: true },
      { name: "Opaque", hasLayout: false },
    ]);
  });

  it("are found again by name when the heap is opened again", () => {
    const core = testObjects(version, abi);
    const pair = definePair(core);
    const items = core.list.create(0);
    const object = pair.create({ first: items, weight: 4 });
    const again = attachObjects(core.heap, core.options);
    const found = definePair(again);
    expect(found.type).toBe(pair.type);
    expect(found.get(object, "weight")).toBe(4);
    again.refs.decref(object);
    expect(core.refs.refcount(items)).toBe(1);
  });
});
