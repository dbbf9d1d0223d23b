import type { Address } from "@pyrena/abi";
import { NthFailure } from "@pyrena/conformance";
import { attachObjects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failingObjects } from "./failing-objects.ts";
import { everyProfile, testObjects } from "./heap.ts";
import { type Story, tell } from "./stories.ts";

/** A story with a weakly referenceable class and callbacks that log their number and the kind of reference. */
interface WeakStory extends Story {
  object(): Address;
  callback(name: string): Address;
}

function weakStory(story: Story): WeakStory {
  const { core } = story;
  const plain = story.cls("N", {});
  return {
    ...story,
    object: () => core.classes.call(plain, []),
    callback: (name) =>
      story.fn(name, ["ref"], 1, (frame) => {
        const ref = core.frames.local(frame, 0);
        story.log.push(`${name} ${story.typeName(ref)} ${core.weakrefs.isDead(ref)}`);
        return story.none();
      }),
  };
}

describe.each(everyProfile)("weak references in %s %s", (version, abi) => {
  const begin = (): WeakStory => weakStory(tell(testObjects(version, abi)));

  function finish(story: Story): void {
    expect(story.core.errors.occurred()).toBe(0);
    story.core.inspect.verify({ held: story.held });
    story.end();
    story.core.inspect.verify();
  }

  it("share the ref and the proxy without callback, and no others", () => {
    const story = begin();
    const { weakrefs, refs, constants } = story.core;
    const object = story.object();
    const cb = story.callback("cb");
    const made = [
      weakrefs.ref(object),
      weakrefs.ref(object, constants.none),
      weakrefs.proxy(object),
      weakrefs.proxy(object),
      weakrefs.ref(object, cb),
      weakrefs.ref(object, cb),
    ];
    expect(made[0]).toBe(made[1]);
    expect(made[2]).toBe(made[3]);
    expect(made[4]).not.toBe(made[5]);
    expect(refs.refcount(made[0])).toBe(2);
    expect(weakrefs.count(object)).toBe(4);
    for (const ref of made) refs.decref(ref);
    expect(weakrefs.count(object)).toBe(0);
    refs.decref(object);
    finish(story);
  });

  it("stand in CPython's order and are called back in it when their object dies", () => {
    const story = begin();
    const { weakrefs, refs, classes } = story.core;
    const R = story.cls("R", {}, [weakrefs.refType]);
    const object = story.object();
    const named = new Map<Address, string>();
    const add = (name: string, ref: Address): void => void named.set(ref, name);
    add("r", weakrefs.ref(object));
    add("p", weakrefs.proxy(object));
    add("1", weakrefs.ref(object, story.callback("1")));
    add("2", weakrefs.ref(object, story.callback("2")));
    add("p1", weakrefs.proxy(object, story.callback("p1")));
    add("3", weakrefs.ref(object, story.callback("3")));
    add("s1", classes.call(R, [object]));
    add("s2", classes.call(R, [object]));
    const order: string[] = [];
    weakrefs.each(object, (ref) => void order.push(named.get(ref) ?? "?"));
    expect(order).toEqual(["r", "p", "s2", "s1", "3", "p1", "2", "1"]);
    refs.decref(object);
    expect(story.told()).toEqual([
      "3 ReferenceType true",
      "p1 ProxyType true",
      "2 ReferenceType true",
      "1 ReferenceType true",
    ]);
    for (const ref of named.keys()) {
      expect(weakrefs.isDead(ref)).toBe(true);
      expect(weakrefs.callback(ref)).toBe(0);
      refs.decref(ref);
    }
    finish(story);
  });

  it("that die before their object are never called back", () => {
    const story = begin();
    const { weakrefs, refs } = story.core;
    const object = story.object();
    refs.decref(weakrefs.ref(object, story.callback("never")));
    refs.decref(weakrefs.proxy(object, story.callback("never")));
    refs.decref(object);
    expect(story.told()).toEqual([]);
    finish(story);
  });

  it("have CPython's sizes", () => {
    const story = begin();
    const { weakrefs, refs, protocol, word } = story.core;
    const object = story.object();
    for (const ref of [weakrefs.ref(object), weakrefs.proxy(object)]) {
      expect(protocol.getsizeof(ref)).toBe(10 * word);
      refs.decref(ref);
    }
    refs.decref(object);
    finish(story);
  });

  it("give the object while it lives, then None", () => {
    const story = begin();
    const { weakrefs, refs, protocol, constants } = story.core;
    const object = story.object();
    const ref = weakrefs.ref(object);
    const got = protocol.call(ref, []);
    expect(got).toBe(object);
    expect(refs.refcount(object)).toBe(2);
    refs.decref(got);
    expect(protocol.repr(ref)).toMatch(/^<weakref at 0x\w+; to 'N' at 0x\w+>$/);
    refs.decref(object);
    const none = weakrefs.get(ref);
    expect(none).toBe(constants.none);
    refs.decref(none);
    expect(protocol.repr(ref)).toMatch(/^<weakref at 0x\w+; dead>$/);
    refs.decref(ref);
    finish(story);
  });

  it("are hashed and compared as their objects, dead ones by what was known before", () => {
    const story = begin();
    const { core } = story;
    const { weakrefs, refs, protocol, errors, int } = core;
    const E = story.cls("E", {
      __eq__: { locals: ["self", "other"], argCount: 2, body: () => refs.newRef(int.true) },
      __hash__: { locals: ["self"], argCount: 1, body: () => int.from(-7) },
    });
    const objects = [0, 1].map(() => story.core.classes.call(E, []));
    const refsTo = objects.map((object) => weakrefs.ref(object));
    expect(protocol.equal(refsTo[0], refsTo[1])).toBe(1);
    expect(protocol.hash(refsTo[0])).toBe(-7);
    if (core.wide) expect(core.hashHigh).toBe(-1);
    for (const object of objects) refs.decref(object);
    expect(protocol.equal(refsTo[0], refsTo[1])).toBe(0);
    expect(protocol.equal(refsTo[0], refsTo[0])).toBe(1);
    expect(protocol.hash(refsTo[0])).toBe(-7);
    expect(errors.occurred()).toBe(0);
    expect(protocol.hash(refsTo[1])).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    for (const ref of refsTo) refs.decref(ref);
    finish(story);
  });

  it("cannot be made to ints, strs, lists and the like", () => {
    const story = begin();
    const { weakrefs, refs, errors, int, str, list, constants } = story.core;
    for (const object of [
      int.from(5000),
      str.from("x"),
      list.create(0),
      refs.newRef(constants.none),
    ]) {
      expect(weakrefs.ref(object)).toBe(0);
      expect(errors.matches("TypeError")).toBe(true);
      expect(weakrefs.proxy(object)).toBe(0);
      expect(errors.matches("TypeError")).toBe(true);
      errors.clear();
      refs.decref(object);
    }
    finish(story);
  });

  it("of the proxy kind act as their object until it dies", () => {
    const story = begin();
    const { weakrefs, refs, protocol, errors, int, types } = story.core;
    const K = story.cls("K", {
      __call__: { locals: ["self"], argCount: 1, body: () => int.from(11) },
      __len__: { locals: ["self"], argCount: 1, body: () => int.from(3) },
    });
    const object = story.core.classes.call(K, []);
    const seven = int.from(7);
    protocol.setAttribute(object, "v", seven);
    const proxy = weakrefs.proxy(object);
    expect(types.typeOf(proxy)).toBe(weakrefs.callableProxyType);
    expect(protocol.getAttribute(proxy, "v")).toBe(seven);
    expect(protocol.length(proxy)).toBe(3);
    expect(protocol.isTrue(proxy)).toBe(true);
    const plain = story.object();
    const plainProxy = weakrefs.proxy(plain);
    expect(protocol.isTrue(plainProxy)).toBe(true);
    expect(errors.occurred()).toBe(0);
    expect(protocol.setAttribute(plainProxy, "w", seven)).toBe(0);
    expect(story.attribute(plain, "w")).toBe("7");
    expect(protocol.deleteAttribute(plainProxy, "w")).toBe(0);
    expect(protocol.getAttribute(plain, "w")).toBe(0);
    errors.clear();
    refs.decref(plainProxy);
    refs.decref(plain);
    expect(int.value(protocol.call(proxy, []))).toBe(11);
    expect(protocol.equal(proxy, object)).toBe(1);
    expect(protocol.hash(proxy)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    expect(refs.refcount(object)).toBe(1);
    refs.decref(object);
    for (const attempt of [
      () => protocol.getAttribute(proxy, "v"),
      () => protocol.call(proxy, []),
      () => protocol.length(proxy) + 1,
    ]) {
      expect(attempt()).toBe(0);
      expect(errors.matches("ReferenceError")).toBe(true);
      errors.clear();
    }
    refs.decref(proxy);
    finish(story);
  });

  it("are all dead before the first callback runs, and one may drop another", () => {
    const story = begin();
    const { weakrefs, refs, frames } = story.core;
    const object = story.object();
    let other = 0;
    const first = weakrefs.ref(
      object,
      story.fn("a", ["ref"], 1, () => {
        story.log.push("a");
        return story.none();
      }),
    );
    other = first;
    const second = weakrefs.ref(
      object,
      story.fn("b", ["ref"], 1, (frame) => {
        story.log.push(`b ${weakrefs.isDead(other)} ${frames.getrefcount(frame, 0)}`);
        refs.decref(other);
        return story.none();
      }),
    );
    refs.decref(object);
    // `second`, the tuple, the callback's local, and up to 3.13 the temporary of getrefcount.
    const lends = version === "3.14" || version === "3.15";
    expect(story.told()).toEqual([`b true ${lends ? 3 : 4}`, "a"]);
    refs.decref(second);
    finish(story);
  });

  it("pass a single callback the reference that CPython counts", () => {
    const story = begin();
    const { weakrefs, refs, frames } = story.core;
    const object = story.object();
    const ref = weakrefs.ref(
      object,
      story.fn("cb", ["ref"], 1, (frame) => {
        story.log.push(String(frames.getrefcount(frame, 0)));
        return story.none();
      }),
    );
    refs.decref(object);
    const counts = { "3.11": 3, "3.12": 3, "3.13": 4, "3.14": 3, "3.15": 3 };
    expect(story.told()).toEqual([String(counts[version])]);
    refs.decref(ref);
    finish(story);
  });

  it("report what a callback raises, call the others, and keep the pending exception", () => {
    const reports: string[] = [];
    const core = testObjects(version, abi, {
      onUnraisable: ({ error }) => void reports.push(error),
    });
    const story = weakStory(tell(core));
    const { weakrefs, refs, errors } = core;
    const object = story.object();
    const raises = story.fn("r", ["ref"], 1, () => errors.raise("ValueError", "boom"));
    const throws = story.fn("t", ["ref"], 1, () => {
      throw new Error("thrown");
    });
    const made = [raises, throws, story.callback("last")].map((cb) => weakrefs.ref(object, cb));
    errors.raise("KeyError", "pending");
    refs.decref(object);
    expect(story.told()).toEqual(["last ReferenceType true"]);
    expect(reports).toEqual(["RuntimeError: Error: thrown", "ValueError: boom"]);
    expect(errors.matches("KeyError")).toBe(true);
    errors.clear();
    for (const ref of made) refs.decref(ref);
    finish(story);
  });

  it("take part in cycles through their callback", () => {
    const story = begin();
    const { weakrefs, refs, protocol, types } = story.core;
    const object = story.object();
    const cb = story.callback("cb");
    const ref = weakrefs.ref(object, cb);
    const seen: Address[] = [];
    protocol.traverse(ref, (referent) => void seen.push(referent));
    expect(seen).toEqual([cb]);
    types.slotsOf(ref).clear?.(ref);
    expect(weakrefs.isDead(ref)).toBe(true);
    expect(weakrefs.count(object)).toBe(0);
    refs.decref(object);
    expect(story.told()).toEqual([]);
    refs.decref(ref);
    finish(story);
  });

  it("are there again when the heap is opened again", () => {
    const story = begin();
    const { weakrefs, refs, heap, options } = story.core;
    const object = story.object();
    const ref = weakrefs.ref(object);
    const again = attachObjects(heap, options);
    expect(again.weakrefs.refType).toBe(weakrefs.refType);
    expect(again.weakrefs.referent(ref)).toBe(object);
    const shared = again.weakrefs.ref(object);
    expect(shared).toBe(ref);
    expect(story.attribute(shared, "__callback__")).toBe("None");
    again.refs.decref(object);
    expect(again.weakrefs.isDead(ref)).toBe(true);
    refs.decref(shared);
    refs.decref(ref);
    finish(story);
  });

  it("leak nothing whichever request for memory fails", () => {
    let requests = 0;
    for (let n = 0; ; n++) {
      const failure = new NthFailure(n);
      const { core, arm } = failingObjects(version, abi, failure);
      const story = weakStory(tell(core));
      const { weakrefs, refs, errors } = core;
      const object = story.object();
      const cb = story.callback("cb");
      arm(true);
      const made = [
        weakrefs.ref(object),
        weakrefs.ref(object, cb),
        weakrefs.proxy(object),
        weakrefs.proxy(object, cb),
      ];
      arm(false);
      expect(made.filter((ref) => ref === 0)).toHaveLength(failure.happened ? 1 : 0);
      if (failure.happened) {
        expect(errors.matches("MemoryError")).toBe(true);
        errors.clear();
      }
      expect(weakrefs.count(object)).toBe(failure.happened ? 3 : 4);
      for (const ref of made) refs.xdecref(ref);
      refs.decref(object);
      finish(story);
      requests++;
      if (!failure.happened) break;
    }
    expect(requests).toBe(5);
  });

  it("die without calling back where there is no room to hold them meanwhile", () => {
    let silent = 0;
    for (let n = 0; ; n++) {
      const failure = new NthFailure(n);
      const reports: string[] = [];
      const { core, arm } = failingObjects(version, abi, failure);
      core.onUnraisable = ({ error }) => void reports.push(error.replace(/:.*/, ""));
      const story = weakStory(tell(core));
      const { weakrefs, refs } = core;
      const object = story.object();
      const made = ["1", "2"].map((name) => weakrefs.ref(object, story.callback(name)));
      arm(true);
      refs.decref(object);
      arm(false);
      for (const ref of made) expect(weakrefs.isDead(ref)).toBe(true);
      if (story.told().length < 2) {
        silent++;
        expect(reports).toContain("MemoryError");
      }
      for (const ref of made) refs.decref(ref);
      finish(story);
      if (!failure.happened) break;
    }
    expect(silent).toBeGreaterThan(0);
  });

  it("keep their lists in order through any sequence of births and deaths", () => {
    const step = fc.record({
      what: fc.constantFrom("object", "ref", "proxy", "ref+", "proxy+", "drop ref", "drop object"),
      at: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const story = begin();
        const { weakrefs, refs } = story.core;
        /** Each object's weak references as the model orders them. */
        const objects: {
          address: Address;
          list: { ref: Address; name: string; kind: string }[];
        }[] = [];
        /** Our own references, one each. */
        const made: { ref: Address; of: (typeof objects)[number] }[] = [];
        let names = 0;
        for (const { what, at } of steps) {
          const object = objects[at % Math.max(1, objects.length)];
          if (what === "object") objects.push({ address: story.object(), list: [] });
          else if (what === "drop ref" && made.length > 0) {
            const [{ ref, of }] = made.splice(at % made.length, 1);
            refs.decref(ref);
            if (!made.some((other) => other.ref === ref))
              of.list = of.list.filter((e) => e.ref !== ref);
          } else if (what === "drop object" && object !== undefined) {
            objects.splice(objects.indexOf(object), 1);
            const expected = object.list.filter((e) => e.name !== "");
            object.list = [];
            refs.decref(object.address);
            expect(story.told()).toEqual(expected.map(({ name, kind }) => `${name} ${kind} true`));
          } else if (object !== undefined && /^(ref|proxy)/.test(what)) {
            const isRef = what.startsWith("ref");
            const kind = isRef ? "ReferenceType" : "ProxyType";
            const name = what.endsWith("+") ? `cb${names++}` : "";
            const make = isRef ? weakrefs.ref : weakrefs.proxy;
            const ref = make(object.address, name === "" ? 0 : story.callback(name));
            made.push({ ref, of: object });
            const { list } = object;
            if (name === "" && list.some((e) => e.ref === ref)) continue;
            const basics = list.filter((e) => e.name === "");
            const at =
              name !== ""
                ? basics.length
                : isRef
                  ? 0
                  : basics.filter((e) => e.kind === "ReferenceType").length;
            list.splice(at, 0, { ref, name, kind });
          }
          for (const { address, list } of objects) {
            const found: Address[] = [];
            weakrefs.each(address, (ref) => void found.push(ref));
            expect(found).toEqual(list.map((e) => e.ref));
          }
        }
        story.core.inspect.verify({
          held: [...story.held, ...objects.map((o) => o.address), ...made.map((m) => m.ref)],
        });
        for (const { address } of objects) refs.decref(address);
        for (const { ref } of made) refs.decref(ref);
        story.told();
        finish(story);
      }),
      { numRuns: 5 },
    );
  });
});
