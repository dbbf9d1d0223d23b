import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";
import { failingStory, type Story, tell } from "./stories.ts";

/** Makes new references from plain descriptions: numbers, strings, arrays (lists), and functions. */
type Make = number | string | null | readonly Make[] | ((core: Objects) => Address);

function make(core: Objects, value: Make): Address {
  if (value === null) return core.refs.newRef(core.constants.none);
  if (typeof value === "number") return core.int.from(value);
  if (typeof value === "string") return core.str.from(value);
  if (typeof value === "function") return value(core);
  return withItems(core, value, core.list.pack);
}

function withItems(
  core: Objects,
  values: readonly Make[],
  pack: (items: readonly Address[]) => Address,
): Address {
  const items = values.map((value) => make(core, value));
  const made = pack(items);
  for (const item of items) core.refs.decref(item);
  return made;
}

const tuple =
  (...values: Make[]): Make =>
  (core) =>
    withItems(core, values, core.tuple.pack);
const frozenset =
  (...values: Make[]): Make =>
  (core) =>
    withItems(core, values, (items) => core.set.pack(items, true));
const dict =
  (pairs: Readonly<Record<string, Make>>): Make =>
  (core) => {
    const made = core.dict.create();
    for (const [key, value] of Object.entries(pairs)) {
      const object = make(core, value);
      core.dict.setItemString(made, key, object);
      core.refs.decref(object);
    }
    return made;
  };

describe.each(everyProfile)("copies in %s %s", (version, abi) => {
  const begin = (): Story => tell(testObjects(version, abi));

  function finish(story: Story): void {
    expect(story.core.errors.occurred()).toBe(0);
    expect(story.core.frames.depth()).toBe(0);
    story.core.inspect.verify({ held: story.held });
    story.end();
    story.core.inspect.verify();
  }

  /** An instance with attributes. */
  function instance(
    story: Story,
    cls: Address,
    attributes: Readonly<Record<string, Make>>,
  ): Address {
    const { core } = story;
    const object = core.classes.call(cls, []);
    for (const [name, value] of Object.entries(attributes)) {
      const made = make(core, value);
      expect(core.protocol.setAttribute(object, name, made)).toBe(0);
      core.refs.decref(made);
    }
    return object;
  }

  it("are the objects themselves where they cannot change", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying } = core;
    const fn = story.fn("f", [], 0, () => story.none());
    const atoms: Make[] = [
      null,
      5,
      70000,
      "text",
      (c) => c.float.from(1.5),
      (c) => c.complex.from(1, 2),
      (c) => c.bytes.from(new Uint8Array([1, 2])),
      (c) => c.range.create(0, 3, 1),
      () => refs.newRef(fn),
      (c) => refs.newRef(c.list.type),
      () => story.cls("Plain", {}) && refs.newRef(story.held.at(-1) ?? 0),
      tuple(1, "a"),
      tuple(),
    ];
    for (const atom of atoms) {
      const object = make(core, atom);
      for (const copy of [copying.copy, copying.deepcopy]) {
        const made = copy(object);
        expect(made).toBe(object);
        refs.decref(made);
      }
      refs.decref(object);
    }
    finish(story);
  });

  it("are new containers with the same items, or with copies of them", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, protocol } = core;
    const containers: [Make, (object: Address) => Address][] = [
      [[1, [2]], (o) => core.list.getItem(o, 1)],
      [dict({ a: [1] }), (o) => core.dict.getItemString(o, "a")],
      [tuple(1, [2]), (o) => core.tuple.getItem(o, 1)],
    ];
    for (const [container, inner] of containers) {
      const object = make(core, container);
      const text = protocol.repr(object);
      const shallow = copying.copy(object);
      const isTuple = core.tuple.check(object);
      expect(shallow === object).toBe(isTuple);
      expect(inner(shallow)).toBe(inner(object));
      const deep = copying.deepcopy(object);
      expect(deep).not.toBe(object);
      expect(inner(deep)).not.toBe(inner(object));
      expect(protocol.repr(shallow)).toBe(text);
      expect(protocol.repr(deep)).toBe(text);
      for (const made of [object, shallow, deep]) refs.decref(made);
    }
    finish(story);
  });

  it("of sets, frozensets, bytearrays, slices and objects are made by their recipes", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, protocol } = core;
    const bytes =
      (...values: number[]): Make =>
      (c) =>
        c.bytearray.from(new Uint8Array(values));
    const slice: Make = (c) => {
      const parts = [make(c, 1), make(c, [2]), make(c, 3)];
      const made = c.slice.create(parts[0], parts[1], parts[2]);
      for (const part of parts) refs.decref(part);
      return made;
    };
    const cases: [what: Make, sameShallow: boolean][] = [
      [(c) => withItems(c, [1, 2], (items) => c.set.pack(items)), false],
      [frozenset(1), true],
      [frozenset(frozenset()), true],
      [bytes(1, 2), false],
      [bytes(), false],
      [slice, true],
    ];
    for (const [what, sameShallow] of cases) {
      const object = make(core, what);
      const shallow = copying.copy(object);
      const deep = copying.deepcopy(object);
      expect(shallow === object).toBe(sameShallow);
      expect(deep).not.toBe(object);
      expect(protocol.repr(shallow)).toBe(protocol.repr(object));
      expect(protocol.repr(deep)).toBe(protocol.repr(object));
      for (const made of [object, shallow, deep]) refs.decref(made);
    }
    const plain = core.classes.call(core.types.object, []);
    const other = copying.deepcopy(plain);
    expect(other).not.toBe(plain);
    expect(core.types.typeOf(other)).toBe(core.types.object);
    refs.decref(plain);
    refs.decref(other);
    finish(story);
  });

  it("of instances have the state: attributes and slots", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, protocol, classes } = core;
    const E = story.cls("E", {});
    const slotted = classes.create({ name: "Sl", slots: ["a", "b"] });
    const both = classes.create({ name: "Sd", slots: ["a", "__dict__"] });
    const hidden = classes.create({ name: "Prv", slots: ["__p", "q"] });
    const cases: [Address, Readonly<Record<string, Make>>][] = [
      [E, {}],
      [E, { x: 1, y: [2] }],
      [slotted, {}],
      [slotted, { a: [1] }],
      [both, { a: [1], z: [2] }],
      [hidden, { _Prv__p: [2], q: 1 }],
    ];
    for (const [cls, attributes] of cases) {
      const object = instance(story, cls, attributes);
      const shallow = copying.copy(object);
      const deep = copying.deepcopy(object);
      for (const made of [shallow, deep]) {
        expect(made).not.toBe(object);
        expect(core.types.typeOf(made)).toBe(cls);
      }
      for (const name of Object.keys(attributes)) {
        const [of, ofShallow, ofDeep] = [object, shallow, deep].map((o) =>
          protocol.getAttribute(o, name),
        );
        expect(ofShallow).toBe(of);
        expect(ofDeep === of).toBe(typeof attributes[name] === "number");
        expect(protocol.repr(ofDeep)).toBe(protocol.repr(of));
        for (const value of [of, ofShallow, ofDeep]) refs.decref(value);
      }
      for (const made of [object, shallow, deep]) refs.decref(made);
    }
    expect(story.attribute(hidden, "__slotnames__")).toBe("['_Prv__p', 'q']");
    expect(story.attribute(slotted, "__slotnames__")).toBe("['a', 'b']");
    expect(story.attribute(both, "__slotnames__")).toBe("['a']");
    expect(story.attribute(E, "__slotnames__")).toBe("[]");
    for (const cls of [slotted, both, hidden]) refs.decref(cls);
    finish(story);
  });

  it("of instances of subclasses of built-in types have their values", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, protocol, classes } = core;
    const cases: [name: string, base: Address, value: Make][] = [
      ["L", core.list.type, [1, [2]]],
      ["D", core.dict.type, dict({ a: [1] })],
      ["T", core.tuple.type, tuple(1, [2])],
      ["I", core.int.type, 70000],
      ["F", core.float.type, (c) => c.float.from(2.5)],
      ["Se", core.set.type, [1, 2]],
      ["Fs", core.set.frozenType, [1, 2]],
      ["Ex", core.exceptions.type("ValueError"), [1]],
    ];
    for (const [name, base, value] of cases) {
      const cls = story.cls(name, {}, [base]);
      const argument = make(core, value);
      const object = classes.call(cls, [argument]);
      const k = make(core, [3]);
      protocol.setAttribute(object, "k", k);
      for (const [copy, same] of [
        [copying.copy, true],
        [copying.deepcopy, false],
      ] as const) {
        const made = copy(object);
        expect(made, name).not.toBe(0);
        expect(made).not.toBe(object);
        expect(core.types.typeOf(made)).toBe(cls);
        expect(protocol.repr(made)).toBe(protocol.repr(object));
        const kept = protocol.getAttribute(made, "k");
        expect(kept === k).toBe(same);
        refs.decref(kept);
        refs.decref(made);
      }
      for (const object_ of [k, object, argument]) refs.decref(object_);
    }
    finish(story);
  });

  it("of exceptions have args and attributes", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, protocol, exceptions } = core;
    const list = make(core, [1]);
    const exception = exceptions.create(exceptions.type("ValueError"), [list]);
    protocol.setAttribute(exception, "n", list);
    const deep = copying.deepcopy(exception);
    expect(protocol.repr(deep)).toBe("ValueError([1])");
    expect(core.tuple.getItem(exceptions.args(deep), 0)).not.toBe(list);
    expect(story.attribute(deep, "n")).toBe("[1]");
    for (const object of [deep, exception, list]) refs.decref(object);
    finish(story);
  });

  it("keep what is shared shared, and cycles cycles", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, list } = core;
    const shared = make(core, [1]);
    const pair = core.tuple.pack([shared, shared]);
    const copied = copying.deepcopy(pair);
    expect(core.tuple.getItem(copied, 0)).toBe(core.tuple.getItem(copied, 1));
    for (const object of [copied, pair, shared]) refs.decref(object);

    const ring = list.create(0);
    const outer = core.tuple.pack([ring]);
    list.append(ring, outer);
    const other = copying.deepcopy(outer);
    const otherRing = core.tuple.getItem(other, 0);
    expect(other).not.toBe(outer);
    expect(list.getItem(otherRing, 0)).toBe(other);
    for (const object of [ring, otherRing]) list.clear(object);
    for (const object of [other, outer, ring]) refs.decref(object);

    const E = story.cls("E", {});
    const me = instance(story, E, {});
    core.protocol.setAttribute(me, "me", me);
    const twin = copying.deepcopy(me);
    const own = core.protocol.getAttribute(twin, "me");
    expect(own).toBe(twin);
    refs.decref(own);
    for (const object of [me, twin]) {
      core.protocol.deleteAttribute(object, "me");
      refs.decref(object);
    }
    finish(story);
  });

  it("enter in the memo what they made, and what must live as long", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying } = core;
    const object = make(core, [[1], tuple(1, 2), tuple([])]);
    const memo = core.dict.create();
    const made = copying.deepcopy(object, memo);
    const cursor = { position: 0, key: 0, value: 0 };
    const kinds: string[] = [];
    while (core.dict.next(memo, cursor)) {
      const kind = story.typeName(cursor.value);
      kinds.push(kind === "list" ? `list ${core.list.length(cursor.value)}` : kind);
    }
    expect(kinds).toEqual(["list 3", "list 1", "list 4", "list 0", "tuple"]);
    const again = copying.deepcopy(object, memo);
    expect(again).toBe(made);
    for (const each of [again, made, memo, object]) refs.decref(each);
    finish(story);
  });

  it("are what the user's hooks make", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, protocol, str, int, dict: dicts, frames, constants } = core;
    const self = { locals: ["self", "a"], argCount: 1 };
    const G = story.cls("G", {
      __copy__: { ...self, body: () => str.from("copied") },
      __deepcopy__: {
        ...self,
        argCount: 2,
        body: (frame) => int.from(dicts.length(frames.local(frame, 1))),
      },
    });
    const object = core.classes.call(G, []);
    const copied = copying.copy(object);
    expect(protocol.repr(copied)).toBe("'copied'");
    const items = core.list.pack([object, object]);
    const other = core.classes.call(G, []);
    core.list.append(items, other);
    const deep = copying.deepcopy(items);
    expect(protocol.repr(deep)).toBe("[1, 1, 3]");
    for (const each of [deep, items, copied, object, other]) refs.decref(each);

    const H = story.cls("H", {
      __getstate__: { ...self, body: () => make(core, dict({ x: 7 })) },
      __setstate__: {
        ...self,
        argCount: 2,
        body: (frame) => {
          protocol.setAttribute(frames.local(frame, 0), "got", frames.local(frame, 1));
          return refs.newRef(constants.none);
        },
      },
    });
    const h = core.classes.call(H, []);
    for (const copy of [copying.copy, copying.deepcopy]) {
      const made = copy(h);
      expect(story.attribute(made, "got")).toBe("{'x': 7}");
      refs.decref(made);
    }
    refs.decref(h);

    const Re = story.cls("Re", {
      __reduce__: {
        ...self,
        body: () =>
          make(
            core,
            tuple(() => refs.newRef(core.list.type), tuple(tuple(1, 2))),
          ),
      },
    });
    const Itself = story.cls("Re2", {
      __reduce_ex__: { ...self, argCount: 2, body: () => str.from("itself") },
    });
    const re = core.classes.call(Re, []);
    const itself = core.classes.call(Itself, []);
    for (const copy of [copying.copy, copying.deepcopy]) {
      const made = copy(re);
      expect(protocol.repr(made)).toBe("[1, 2]");
      refs.decref(made);
      const same = copy(itself);
      expect(same).toBe(itself);
      refs.decref(same);
    }
    refs.decref(re);
    refs.decref(itself);
    finish(story);
  });

  it("of bound methods are bound to the same object, or to its copy", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, functions, protocol } = core;
    const Me = story.cls("Me", { m: { locals: ["self"], argCount: 1, body: () => story.none() } });
    const me = core.classes.call(Me, []);
    const method = protocol.getAttribute(me, "m");
    const shallow = copying.copy(method);
    const deep = copying.deepcopy(method);
    expect(shallow).not.toBe(method);
    expect(functions.methodSelf(shallow)).toBe(me);
    expect(functions.methodSelf(deep)).not.toBe(me);
    expect(functions.methodFunction(deep)).toBe(functions.methodFunction(method));
    for (const object of [deep, shallow, method, me]) refs.decref(object);
    finish(story);
  });

  it("of a proxy are of what it stands for; a weak reference is its own", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, weakrefs } = core;
    const W = story.cls("W", {});
    const object = instance(story, W, { v: [1] });
    const proxy = weakrefs.proxy(object);
    const ref = weakrefs.ref(object);
    for (const copy of [copying.copy, copying.deepcopy]) {
      const made = copy(proxy);
      expect(core.types.typeOf(made)).toBe(W);
      expect(story.attribute(made, "v")).toBe("[1]");
      refs.decref(made);
      const same = copy(ref);
      expect(same).toBe(ref);
      refs.decref(same);
    }
    refs.decref(object);
    expect(copying.copy(proxy)).toBe(0);
    expect(core.errors.matches("ReferenceError")).toBe(true);
    core.errors.clear();
    for (const weak of [proxy, ref]) refs.decref(weak);
    finish(story);
  });

  it("are refused of modules, cells and frames", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, errors } = core;
    const frame = core.frames.pushNamed("f", []);
    const objects = [
      core.modules.create("m"),
      core.cells.create(0),
      core.frames.frameObject(frame),
    ];
    core.frames.pop(frame);
    for (const object of objects) {
      for (const copy of [copying.copy, copying.deepcopy]) {
        expect(copy(object)).toBe(0);
        expect(errors.matches("TypeError")).toBe(true);
        errors.clear();
      }
      refs.decref(object);
    }
    finish(story);
  });

  it("reach CPython's depth of recursion, and leak nothing beyond", () => {
    const story = begin();
    const { core } = story;
    const { refs, copying, errors } = core;
    const E = story.cls("E", {});
    const wrap: Record<string, [innermost: () => Address, (inner: Address) => Address]> = {
      list: [() => core.list.create(0), (inner) => core.list.pack([inner])],
      tuple: [() => core.list.create(0), (inner) => core.tuple.pack([inner])],
      dict: [
        () => core.dict.create(),
        (inner) => {
          const made = core.dict.create();
          core.dict.setItemString(made, "k", inner);
          return made;
        },
      ],
      instance: [
        () => core.classes.call(E, []),
        (inner) => {
          const made = core.classes.call(E, []);
          core.protocol.setAttribute(made, "x", inner);
          return made;
        },
      ],
      frozenset: [() => core.set.pack([], true), (inner) => core.set.pack([inner], true)],
    };
    const deepest =
      version === "3.11"
        ? { list: 497, tuple: 331, dict: 497, instance: 248, frozenset: 198 }
        : version === "3.15"
          ? { list: 498, tuple: 498, dict: 498, instance: 248, frozenset: 248 }
          : { list: 498, tuple: 498, dict: 498, instance: 248, frozenset: 198 };
    // As in a function called from a module.
    const frames = ["<module>", "maxdepth"].map((name) => core.frames.pushNamed(name, []));
    for (const [name, depth] of Object.entries(deepest)) {
      const [innermost, around] = wrap[name];
      let object = innermost();
      for (let n = 0; n <= depth; n++) {
        if (n === depth) {
          const made = copying.deepcopy(object);
          expect(made, `${name} ${n}`).not.toBe(0);
          refs.decref(made);
        }
        const outer = around(object);
        refs.decref(object);
        object = outer;
      }
      expect(copying.deepcopy(object), `${name} ${depth + 1}`).toBe(0);
      expect(errors.matches("RecursionError")).toBe(true);
      errors.clear();
      refs.decref(object);
    }
    for (const frame of frames.reverse()) core.frames.pop(frame);
    finish(story);
  });

  it("leak nothing whichever request for memory fails", () => {
    const scenes: Record<string, (story: Story) => Address> = {
      containers: ({ core }) =>
        make(core, [dict({ a: [1], b: tuple([2]) }), frozenset(70000), tuple(1, 2)]),
      instance: (story) => {
        const E = story.cls("E", {});
        return instance(story, E, { x: [70000], y: dict({ z: 1 }) });
      },
      slots: (story) => {
        const { core } = story;
        const cls = core.classes.create({ name: "Sd", slots: ["a", "__dict__"] });
        const object = instance(story, cls, { a: [1], z: [2] });
        core.refs.decref(cls);
        return object;
      },
      subclass: (story) => {
        const { core } = story;
        const cls = story.cls("L", {}, [core.list.type]);
        const argument = make(core, [1, [2]]);
        const object = core.classes.call(cls, [argument]);
        core.refs.decref(argument);
        return object;
      },
    };
    const story = failingStory(version, abi);
    const { core } = story;
    for (const [name, scene] of Object.entries(scenes)) {
      for (const how of ["copy", "deepcopy"] as const) {
        let failures = 0;
        for (let n = 0; ; n++) {
          const object = scene(story);
          // The first miss makes the name `__getattr__`.
          core.classes.findAttribute(object, core.str.name("__deepcopy__"));
          let made = 0;
          const happened = story.withFailure(n, () => {
            made = core.copying[how](object);
          });
          if (made === 0) {
            failures++;
            expect(core.errors.matches("MemoryError"), `${name} ${how} ${n}`).toBe(true);
            core.errors.clear();
          } else core.refs.decref(made);
          core.refs.decref(object);
          if (!happened) break;
        }
        story.core.inspect.verify({ held: story.held });
        expect(failures, `${name} ${how}`).toBeGreaterThan(0);
      }
    }
    finish(story);
  });
});
