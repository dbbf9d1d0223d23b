import type { Address } from "@pyrena/abi";
import { attachObjects, type ExceptionName } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";
import { failingStory, type Story, tell } from "./stories.ts";

describe.each(everyProfile)("exceptions in %s %s", (version, abi) => {
  const begin = (): Story => tell(testObjects(version, abi));
  const minor = Number(version.slice(2));

  function finish(story: Story): void {
    expect(story.core.errors.occurred()).toBe(0);
    expect(story.core.frames.depth()).toBe(0);
    story.core.inspect.verify({ held: story.held });
    story.end();
    story.core.inspect.verify();
  }

  /** `name(*args)` of ints and strs. */
  function create(
    story: Story,
    name: ExceptionName,
    ...values: (number | string | null)[]
  ): Address {
    const { core } = story;
    const args = values.map((value) =>
      value === null
        ? story.none()
        : typeof value === "number"
          ? core.int.from(value)
          : core.str.from(value),
    );
    const made = core.exceptions.create(core.exceptions.type(name), args);
    for (const argument of args) core.refs.decref(argument);
    return made;
  }

  it("have CPython's sizes: nine words, and those that the type adds", () => {
    const story = begin();
    const { exceptions, types, protocol, refs, word } = story.core;
    const added: [ExceptionName, number][] = [
      ["BaseException", 0],
      ["KeyError", 0],
      ["MemoryError", 0],
      ["StopIteration", 1],
      ["SystemExit", 1],
      ["NameError", 1],
      ["UnboundLocalError", 1],
      ["AttributeError", 2],
      ["ImportError", minor === 11 ? 3 : 4],
      ["ModuleNotFoundError", minor === 11 ? 3 : 4],
      ["OSError", 5],
      ["ConnectionResetError", 5],
      ["SyntaxError", minor >= 14 ? 9 : 8],
      ["TabError", minor >= 14 ? 9 : 8],
      ["UnicodeError", 0],
    ];
    for (const [name, words] of added) {
      const type = exceptions.type(name);
      expect(types.basicsize(type), name).toBe((9 + words) * word);
      const exception = create(story, name);
      expect(protocol.getsizeof(exception), name).toBe((11 + words) * word);
      refs.decref(exception);
    }
    expect(types.basicsize(exceptions.type("UnicodeDecodeError"))).toBe(14 * word);
    expect(exceptions.type("PythonFinalizationError") !== 0).toBe(minor >= 13);
    finish(story);
  });

  it("form CPython's tree", () => {
    const story = begin();
    const { exceptions, types } = story.core;
    const path = (name: ExceptionName): string => {
      const names: string[] = [];
      for (let t = exceptions.type(name); t !== types.object; t = types.base(t)) {
        names.push(types.name(t));
      }
      return names.join(" < ");
    };
    expect(path("UnboundLocalError")).toBe(
      "UnboundLocalError < NameError < Exception < BaseException",
    );
    expect(path("BrokenPipeError")).toBe(
      "BrokenPipeError < ConnectionError < OSError < Exception < BaseException",
    );
    expect(path("RecursionError")).toBe(
      "RecursionError < RuntimeError < Exception < BaseException",
    );
    expect(path("UnicodeDecodeError")).toBe(
      "UnicodeDecodeError < UnicodeError < ValueError < Exception < BaseException",
    );
    expect(path("KeyboardInterrupt")).toBe("KeyboardInterrupt < BaseException");
    finish(story);
  });

  it("show their arguments", () => {
    const story = begin();
    const { exceptions, protocol, refs } = story.core;
    const shown: [Address, repr: string, str: string][] = [
      [create(story, "ValueError"), "ValueError()", ""],
      [create(story, "ValueError", "x"), "ValueError('x')", "x"],
      [create(story, "ValueError", 1), "ValueError(1)", "1"],
      [create(story, "ValueError", "a", 1), "ValueError('a', 1)", "('a', 1)"],
      [create(story, "KeyError", "a"), "KeyError('a')", "'a'"],
    ];
    for (const [exception, repr, str] of shown) {
      expect(protocol.repr(exception)).toBe(repr);
      expect(exceptions.message(exception)).toBe(str);
      refs.decref(exception);
    }
    finish(story);
  });

  it("fill the fields of their type from their arguments", () => {
    const story = begin();
    const { refs, errors, exceptions } = story.core;
    const filled: [Address, Readonly<Record<string, string>>][] = [
      [create(story, "StopIteration"), { value: "None" }],
      [create(story, "StopIteration", 5), { value: "5", args: "(5,)" }],
      [create(story, "SystemExit"), { code: "None" }],
      [create(story, "SystemExit", 3), { code: "3" }],
      [create(story, "SystemExit", 3, 4), { code: "(3, 4)" }],
      [create(story, "ImportError", "m"), { msg: "m", name: "None" }],
      [create(story, "ImportError", "m", "n"), { msg: "None" }],
      [create(story, "SyntaxError", "bad"), { msg: "bad", filename: "None" }],
      [
        create(story, "OSError", 1000, "no", "f", null, "g"),
        { args: "(1000, 'no')", errno: "1000", strerror: "no", filename: "f", filename2: "g" },
      ],
      [
        create(story, "OSError", 1000, "no", null),
        { args: "(1000, 'no', None)", filename: "None" },
      ],
      [create(story, "OSError", "x"), { args: "('x',)", errno: "None" }],
      [
        create(story, "UnicodeDecodeError", "utf8", "abc", 0, 1, "why"),
        { encoding: "utf8", object: "abc", start: "0", end: "1", reason: "why" },
      ],
      [
        create(story, "ValueError"),
        { __traceback__: "None", __context__: "None", __suppress_context__: "False" },
      ],
    ];
    for (const [exception, fields] of filled) {
      expect(exception).not.toBe(0);
      for (const [name, value] of Object.entries(fields)) {
        expect(story.attribute(exception, name), name).toBe(value);
      }
      refs.decref(exception);
    }
    expect(create(story, "UnicodeDecodeError")).toBe(0);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    const exception = create(story, "AttributeError", "x");
    exceptions.setField(exception, "obj", refs.newRef(exceptions.baseType));
    expect(exceptions.field(exception, "obj")).toBe(exceptions.baseType);
    expect(() => exceptions.setField(exception, "nope", 0)).toThrow(/has no field 'nope'/);
    refs.decref(exception);
    finish(story);
  });

  it("let their fields be set as attributes, of the types that they may have", () => {
    const story = begin();
    const { core } = story;
    const { errors, exceptions, refs, protocol, int, constants } = core;
    const stop = create(story, "StopIteration", 1);
    const context = create(story, "ValueError");
    const list = core.list.pack([context]);
    const set = (name: string, value: Address): void =>
      expect(protocol.setAttribute(stop, name, value), name).toBe(0);
    set("value", list);
    expect(story.attribute(stop, "value")).toBe("[ValueError()]");
    expect(story.attribute(stop, "args")).toBe("(1,)");
    expect(protocol.deleteAttribute(stop, "value")).toBe(0);
    expect(story.attribute(stop, "value")).toBe("None");
    set("args", list);
    expect(protocol.repr(stop)).toBe("StopIteration(ValueError())");
    set("__context__", context);
    expect(exceptions.context(stop)).toBe(context);
    set("__cause__", constants.none);
    expect(exceptions.suppressesContext(stop)).toBe(true);
    set("__suppress_context__", int.false);
    expect(exceptions.suppressesContext(stop)).toBe(false);
    set("__context__", constants.none);
    set("__traceback__", constants.none);
    for (const name of ["__context__", "__cause__", "__traceback__", "__suppress_context__"]) {
      expect(protocol.setAttribute(stop, name, list)).toBe(-1);
      expect(errors.matches("TypeError")).toBe(true);
      expect(protocol.deleteAttribute(stop, name)).toBe(-1);
      expect(errors.matches("TypeError")).toBe(true);
    }
    expect(protocol.deleteAttribute(stop, "args")).toBe(-1);
    errors.clear();
    const decoding = create(story, "UnicodeDecodeError", "utf8", "abc", 0, 1, "why");
    const two = int.from(2);
    expect(protocol.setAttribute(decoding, "end", two)).toBe(0);
    expect(story.attribute(decoding, "end")).toBe("2");
    for (const object of [two, decoding, stop, list, context]) refs.decref(object);
    finish(story);
  });

  it("of missing attributes hold the name and the object, as far as CPython tells", () => {
    const story = begin();
    const { core } = story;
    const { errors, exceptions, refs, protocol, classes } = core;
    const X = story.cls("X", {});
    const slotted = classes.create({ name: "S", slots: ["q"] });
    const x = classes.call(X, []);
    const s = classes.call(slotted, []);
    const one = core.int.from(1);
    const cases: [what: () => number, object: Address, name: string, since: number][] = [
      [() => protocol.getAttribute(x, "a") - 1, x, "a", 11],
      [() => protocol.getAttribute(X, "a") - 1, X, "a", 11],
      [() => protocol.getAttribute(s, "q") - 1, s, "q", 11],
      [() => protocol.setAttribute(s, "a", one), s, "a", 13],
      [() => protocol.deleteAttribute(s, "a"), s, "a", 13],
      [() => protocol.deleteAttribute(X, "a"), X, "a", 13],
      [() => protocol.deleteAttribute(x, "a"), x, "a", 15],
      [() => protocol.deleteAttribute(s, "q"), s, "q", 99],
    ];
    for (const [what, object, name, since] of cases) {
      expect(what()).toBe(-1);
      expect(errors.matches("AttributeError")).toBe(true);
      const exception = errors.fetch();
      expect(exceptions.field(exception, "obj")).toBe(minor >= since ? object : 0);
      expect(story.attribute(exception, "name")).toBe(minor >= since ? name : "None");
      refs.decref(exception);
    }
    for (const object of [x, s, slotted, one]) refs.decref(object);
    finish(story);
  });

  it("release what they hold in CPython's order", () => {
    const story = begin();
    const { core } = story;
    const { exceptions, refs, errors, protocol } = core;
    const holding = (name: ExceptionName, mortal: string): Address => {
      const argument = story.mortal(mortal);
      const made = exceptions.create(exceptions.type(name), [argument]);
      refs.decref(argument);
      return made;
    };
    const e1 = holding("ValueError", "e1");
    exceptions.setContext(e1, holding("KeyError", "context"));
    exceptions.setCause(e1, holding("TypeError", "cause"));
    expect(exceptions.suppressesContext(e1)).toBe(true);
    const attribute = story.mortal("attribute");
    protocol.setAttribute(e1, "x", attribute);
    refs.decref(attribute);
    const note = core.str.from("n");
    expect(exceptions.addNote(e1, note)).toBe(0);
    expect(story.attribute(e1, "__notes__")).toBe("['n']");
    refs.decref(note);
    expect(exceptions.addNote(e1, e1)).toBe(-1);
    expect(errors.matches("TypeError")).toBe(true);
    errors.clear();
    refs.decref(e1);
    expect(story.told()).toEqual(["attribute", "e1", "cause", "context"]);

    const stop = holding("StopIteration", "value");
    refs.decref(stop);
    expect(story.told()).toEqual(["value"]);
    finish(story);
  });

  it("take what is being handled as context, but for cycles", () => {
    const story = begin();
    const { core } = story;
    const { frames, exceptions, refs } = core;
    const k = create(story, "KeyError", "x");
    const v = create(story, "ValueError", "y");
    const raise = (exception: Address) => (): number => {
      exceptions.raise(exception);
      return -1;
    };
    const done = frames.tryExcept(raise(k), {
      handle: () =>
        frames.tryExcept(raise(v), {
          handle: () => {
            expect(exceptions.context(v)).toBe(k);
            return frames.tryExcept(raise(k), {
              handle: () => {
                expect(exceptions.context(k)).toBe(v);
                expect(exceptions.context(v)).toBe(0);
                expect(exceptions.handled()).toBe(k);
                return 0;
              },
            });
          },
        }),
    });
    expect(done).toBe(0);
    expect(exceptions.handled()).toBe(0);
    exceptions.setContext(k, 0);
    expect(refs.refcount(k)).toBe(1);
    expect(refs.refcount(v)).toBe(1);
    refs.decref(k);
    refs.decref(v);
    finish(story);
  });

  it("know their cause", () => {
    const story = begin();
    const { exceptions, refs, errors } = story.core;
    const v = create(story, "ValueError");
    const c = create(story, "KeyError", "c");
    expect(exceptions.raise(v, c)).toBe(0);
    expect(errors.occurred()).toBe(v);
    expect(exceptions.cause(v)).toBe(c);
    expect(exceptions.context(v)).toBe(0);
    expect(exceptions.suppressesContext(v)).toBe(true);
    errors.clear();
    refs.decref(c);
    refs.decref(v);
    finish(story);
  });

  it("can be raised again only while one is being handled", () => {
    const story = begin();
    const { frames, errors } = story.core;
    expect(frames.reraise()).toBe(-1);
    expect(errors.matches("RuntimeError")).toBe(true);
    errors.clear();
    finish(story);
  });

  it("may be of classes of the user's", () => {
    const story = begin();
    const { core } = story;
    const { exceptions, refs, frames, protocol, errors } = core;
    const Base = story.cls("Base", {}, [exceptions.type("LookupError")]);
    const Derived = story.cls(
      "Derived",
      {
        __init__: {
          locals: ["self", "x"],
          argCount: 2,
          body: (frame) => {
            protocol.setAttribute(frames.local(frame, 0), "x", frames.local(frame, 1));
            return story.none();
          },
        },
      },
      [Base],
    );
    const argument = story.mortal("argument");
    const exception = core.classes.call(Derived, [argument]);
    refs.decref(argument);
    expect(exceptions.check(exception)).toBe(true);
    expect(protocol.repr(exception)).toMatch(/^Derived\(<.*M object/);
    let caught = 0;
    const raise = (): number => {
      exceptions.raise(exception);
      return -1;
    };
    const clause = {
      handle: () => {
        caught++;
        return 0;
      },
    };
    expect(frames.tryExcept(raise, { ...clause, kinds: [Base] })).toBe(0);
    expect(frames.tryExcept(raise, { ...clause, kinds: ["KeyError", "TypeError"] })).toBe(-1);
    errors.clear();
    expect(caught).toBe(1);
    expect(errors.occurred()).toBe(0);
    refs.decref(exception);
    expect(story.told()).toEqual(["argument"]);
    finish(story);
  });

  it("of MemoryError need no memory, are kept when they die, 16 at most, and never run out", () => {
    const story = begin();
    const { core } = story;
    const { exceptions, refs, errors } = core;
    const kept = (): Address[] => {
      const found: Address[] = [];
      exceptions.reserve((exception) => void found.push(exception));
      return found;
    };
    expect(kept()).toHaveLength(16);
    const held: Address[] = [];
    for (let n = 0; n < 16; n++) held.push(exceptions.reservedMemoryError());
    expect(new Set(held).size).toBe(16);
    expect(kept()).toHaveLength(0);
    const last = exceptions.reservedMemoryError();
    expect(exceptions.reservedMemoryError()).toBe(last);
    expect(held).not.toContain(last);
    // The last one takes nothing along: it belongs to all.
    const other = create(story, "KeyError", 1);
    exceptions.setContext(last, other);
    exceptions.setTraceback(last, 0);
    expect(exceptions.context(last)).toBe(0);
    expect(core.protocol.repr(last)).toBe("MemoryError()");
    refs.decref(last);
    refs.decref(last);
    for (const exception of [...held].reverse()) refs.decref(exception);
    expect(kept()).toEqual(held);
    const type = exceptions.type("MemoryError");
    const many = Array.from({ length: 20 }, () => exceptions.create(type, []));
    expect(many.slice(0, 16)).toEqual(held);
    for (const exception of [...many].reverse()) refs.decref(exception);
    // Those freed first are kept: 19 to 4, and 4 is the first to be used again.
    expect(kept()).toEqual(many.slice(4));
    errors.noMemory();
    expect(errors.occurred()).toBe(many[4]);
    errors.clear();
    finish(story);
  });

  it("and the frames that they hold die deeply nested in CPython's order", () => {
    const story = begin();
    const { core } = story;
    const { frames, errors, refs, exceptions, int } = core;
    const recursive: Address = story.fn("rb", ["n", "m"], 1, (frame) => {
      const n = Number(int.value(frames.local(frame, 0)));
      frames.store(frame, 1, story.mortal(String(n)));
      if (n === 0) return errors.raise("ValueError", "");
      const result = frames.callMoving(recursive, [int.from(n - 1)], 0);
      if (result === 0) return 0;
      refs.decref(result);
      return story.none();
    });
    const top = story.fn("top", [], 0, () => {
      const body = (): number => {
        const result = frames.callMoving(recursive, [int.from(120)], 0);
        refs.xdecref(result);
        return result === 0 ? -1 : 0;
      };
      frames.tryExcept(body, { handle: () => 0 });
      return story.none();
    });
    story.run(top);
    const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    // Up to 3.12 the trashcan puts aside what is nested 50 deep.
    const early = minor <= 12;
    const levels = early ? [...upTo(119).filter((n) => n !== 70), 120, 119, 70] : upTo(121);
    expect(story.told()).toEqual(levels.map(String));
    let chain = 0;
    for (let n = 0; n < 130; n++) {
      const argument = story.mortal(String(n));
      const exception = exceptions.create(exceptions.type("ValueError"), [argument]);
      refs.decref(argument);
      exceptions.setContext(exception, chain);
      chain = exception;
    }
    refs.decref(chain);
    const late = early ? [31, 32, 80, 81] : [];
    const order = upTo(130)
      .reverse()
      .filter((n) => !late.includes(n));
    expect(story.told()).toEqual([...order, ...late].map(String));
    finish(story);
  });

  it("die in long chains without deep recursion", () => {
    const story = begin();
    const { exceptions, refs } = story.core;
    let chain = 0;
    for (let n = 0; n < 100_000; n++) {
      const exception = exceptions.create(exceptions.type("ValueError"), []);
      exceptions.setContext(exception, chain);
      chain = exception;
    }
    refs.decref(chain);
    finish(story);
  });

  it("are known by the same types when the heap is opened again", () => {
    const story = begin();
    const { exceptions, heap, options, refs, frames } = story.core;
    const frame = frames.pushNamed("f", ["x"]);
    frames.store(frame, 0, create(story, "KeyError", "k"));
    const again = attachObjects(heap, options);
    expect(again.exceptions.type("KeyError")).toBe(exceptions.type("KeyError"));
    const exception = again.frames.local(again.frames.current(), 0);
    expect(again.protocol.repr(exception)).toBe("KeyError('k')");
    const reserved = again.exceptions.reservedMemoryError();
    expect(again.protocol.repr(reserved)).toBe("MemoryError()");
    refs.decref(reserved);
    expect(again.frames.depth()).toBe(1);
    again.frames.pop(again.frames.current());
    expect(frames.depth()).toBe(0);
    finish(story);
  });

  it("and frames leak nothing whichever request for memory fails", () => {
    const story = failingStory(version, abi);
    const { core } = story;
    const { frames, exceptions, errors, refs, list } = core;
    const f2 = story.fn("f2", ["a"], 0, (frame) => {
      const made = list.create(3);
      if (made === 0) return 0;
      frames.store(frame, 0, made);
      return errors.raise("ValueError", "no");
    });
    const E = story.cls("C", {
      __enter__: { locals: ["self"], argCount: 1, body: () => story.none() },
      __exit__: { locals: ["self", "t", "v", "tb"], argCount: 4, body: () => story.none() },
    });
    const names = Array.from({ length: 700 }, (_, n) => `v${n}`);
    const wide = story.fn("wide", names, 0, () => story.none());
    const g = story.fn("g", ["x", "e"], 0, (frame) => {
      const manager = core.classes.call(E, []);
      if (manager === 0) return 0;
      const body = (): number => {
        // A frame that needs another chunk.
        for (const fn of [wide, wide, wide, f2]) {
          const result = frames.callMoving(fn, [], 0);
          refs.xdecref(result);
          if (result === 0) return -1;
        }
        return 0;
      };
      const statement = (): number => frames.with(manager, body, { steals: true, discards: true });
      const done = frames.tryExcept(statement, {
        kinds: ["ValueError"],
        local: 1,
        handle: () => {
          expect(frames.local(frame, 1)).not.toBe(0);
          const object = frames.frameObject(frame);
          refs.xdecref(object);
          return object === 0 ? -1 : 0;
        },
      });
      return done < 0 ? 0 : story.none();
    });
    // Once without failure, so that names and the first chunk are there.
    story.run(g);
    let failures = 0;
    for (let n = 0; ; n++) {
      let result = 0;
      const happened = story.withFailure(n, () => {
        result = frames.callFunction(g, []);
      });
      if (result === 0) {
        failures++;
        expect(errors.matches("MemoryError"), String(n)).toBe(true);
        errors.clear();
      } else refs.decref(result);
      expect(frames.depth()).toBe(0);
      expect(exceptions.handled()).toBe(0);
      expect(frames.chunks()).toHaveLength(1);
      core.inspect.verify({ held: story.held });
      if (!happened) break;
    }
    expect(failures).toBeGreaterThan(3);
    finish(story);
  });

  it("leave nothing behind in any nest of try, with and finally", () => {
    type Nest =
      | { readonly kind: "raise" | "ok" | "throw" | "reraise" }
      | {
          readonly kind: "except" | "finally" | "call" | "with";
          readonly body: Nest;
          readonly next: Nest;
        };
    const { nest } = fc.letrec<{ nest: Nest }>((tie) => ({
      nest: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.record({ kind: fc.constantFrom("raise", "ok", "throw", "reraise") }),
        fc.record({
          kind: fc.constantFrom("except", "finally", "call", "with"),
          body: tie("nest"),
          next: tie("nest"),
        }),
      ),
    }));
    const story = begin();
    const { core } = story;
    const { frames, errors, exceptions, refs } = core;
    let swallows = false;
    const C = story.cls("C", {
      __enter__: { locals: ["self"], argCount: 1, body: (frame) => frames.load(frame, 0) },
      __exit__: {
        locals: ["self", "t", "v", "tb"],
        argCount: 4,
        body: () => refs.newRef(core.int.fromBoolean(swallows)),
      },
    });
    /** What JavaScript would do with the same nest: the names of the exceptions, handled ones as context. */
    type Raised = { name: string; context: Raised | undefined };
    const model = (nest: Nest, handled: Raised | undefined): Raised | undefined => {
      const raise = (name: string): Raised => ({ name, context: handled });
      switch (nest.kind) {
        case "ok":
          return undefined;
        case "raise":
          return raise("ValueError");
        case "throw":
          return raise("RuntimeError");
        case "reraise":
          return handled ?? raise("RuntimeError");
        case "call":
          return model(nest.body, handled) ?? model(nest.next, handled);
        case "with": {
          const raised = model(nest.body, handled);
          return swallows ? undefined : raised;
        }
        case "except": {
          const raised = model(nest.body, handled);
          return raised === undefined ? undefined : model(nest.next, raised);
        }
        case "finally": {
          const raised = model(nest.body, handled);
          return model(nest.next, raised ?? handled) ?? raised;
        }
      }
    };
    const show = (raised: Raised | undefined): string =>
      raised === undefined ? "" : `${raised.name} (${show(raised.context)})`;
    const showObject = (exception: Address): string =>
      exception === 0
        ? ""
        : `${story.typeName(exception)} (${showObject(exceptions.context(exception))})`;
    const perform = (nest: Nest): number => {
      switch (nest.kind) {
        case "ok":
          return 0;
        case "raise":
          errors.raise("ValueError", "v");
          return -1;
        case "throw":
          throw new Error("thrown");
        case "reraise":
          return frames.reraise();
        case "call": {
          const fn = story.fn("inner", ["x"], 0, (frame) => {
            frames.store(frame, 0, story.mortal("x"));
            return perform(nest.body) < 0 || perform(nest.next) < 0 ? 0 : story.none();
          });
          const result = frames.callMoving(fn, [], 0);
          refs.xdecref(result);
          return result === 0 ? -1 : 0;
        }
        case "with":
          return frames.with(core.classes.call(C, []), () => perform(nest.body), { steals: true });
        case "except":
          return frames.tryExcept(() => perform(nest.body), { handle: () => perform(nest.next) });
        case "finally":
          return frames.tryFinally(
            () => perform(nest.body),
            () => perform(nest.next),
          );
      }
    };
    fc.assert(
      fc.property(nest, fc.boolean(), (nest, swallowing) => {
        swallows = swallowing;
        const caught = frames.tryCatch(() => perform(nest));
        expect(showObject(caught)).toBe(show(model(nest, undefined)));
        refs.xdecref(caught);
        expect(errors.occurred()).toBe(0);
        expect(exceptions.handled()).toBe(0);
        expect(frames.depth()).toBe(0);
        core.inspect.verify({ held: story.held });
      }),
      { numRuns: 25 },
    );
    finish(story);
  });
});
