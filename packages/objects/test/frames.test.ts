import type { Address } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";
import { type Story, tell } from "./stories.ts";

/** The same stories told by CPython 3.11 to 3.15 gave these orders; `a b` is the order in which two locals die. */
describe.each(everyProfile)("frames in %s %s", (version, abi) => {
  const last = version === "3.14" || version === "3.15";
  /** Locals in the order in which this version releases them. */
  const inOrder = (...names: string[]): string[] => (last ? names.reverse() : names);

  function begin(): Story {
    return tell(testObjects(version, abi));
  }

  function finish(story: Story): void {
    expect(story.core.frames.depth()).toBe(0);
    expect(story.core.errors.occurred()).toBe(0);
    story.core.inspect.verify({ held: story.held });
    story.end();
    story.core.inspect.verify();
  }

  /** `def f2(): a = M('a'); b = M('b'); raise ValueError` */
  const raising = (story: Story): Address =>
    story.fn("f2", ["a", "b"], 0, (frame) => {
      story.core.frames.store(frame, 0, story.mortal("a"));
      story.core.frames.store(frame, 1, story.mortal("b"));
      return story.core.errors.raise("ValueError", "no");
    });

  const call = (story: Story, fn: Address): number => {
    const result = story.core.frames.callMoving(fn, [], 0);
    story.core.refs.xdecref(result);
    return result === 0 ? -1 : 0;
  };

  it("releases locals in the version's order when a frame is left", () => {
    const story = begin();
    const { frames } = story.core;
    const f = story.fn("f", ["a", "b", "c"], 0, (frame) => {
      for (const [n, name] of ["a", "b", "c"].entries()) frames.store(frame, n, story.mortal(name));
      return story.none();
    });
    story.run(f);
    expect(story.told()).toEqual(inOrder("a", "b", "c"));
    finish(story);
  });

  it("releases arguments that were handed over like any local", () => {
    const story = begin();
    const { frames, refs } = story.core;
    const f = story.fn("f", ["a", "b", "c"], 3, () => story.none());
    const result = frames.callMoving(f, ["1", "2", "3"].map(story.mortal), 0);
    expect(story.told()).toEqual(inOrder("1", "2", "3"));
    refs.decref(result);
    finish(story);
  });

  it("lets a rebound or deleted local die at once", () => {
    const story = begin();
    const { frames } = story.core;
    const f = story.fn("f", ["a", "b"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("a"));
      frames.store(frame, 1, story.mortal("b"));
      expect(frames.delete(frame, 0)).toBe(0);
      story.log.push("del");
      frames.store(frame, 0, story.mortal("a2"));
      frames.store(frame, 1, story.mortal("b2"));
      return story.none();
    });
    story.run(f);
    expect(story.told()).toEqual(["a", "del", "b", ...inOrder("a2", "b2")]);
    finish(story);
  });

  it("keeps a raising frame's locals until its caught exception is done with", () => {
    const story = begin();
    const { frames } = story.core;
    const f2 = raising(story);
    for (const local of [undefined, 1]) {
      const g = story.fn("g", ["x", "e"], 0, (frame) => {
        frames.store(frame, 0, story.mortal("x"));
        const done = frames.tryExcept(() => call(story, f2), {
          kinds: ["ValueError"],
          ...(local === undefined ? {} : { local }),
          handle: () => {
            story.log.push("in");
            return 0;
          },
        });
        expect(done).toBe(0);
        story.log.push("after");
        expect(frames.local(frame, 1)).toBe(0);
        return story.none();
      });
      story.run(g);
      expect(story.told()).toEqual(["in", ...inOrder("a", "b"), "after", "x"]);
    }
    finish(story);
  });

  it("keeps the locals of all frames of a kept exception's traceback, callers included", () => {
    const story = begin();
    const { frames, refs } = story.core;
    const f2 = raising(story);
    let kept = 0;
    const g5 = story.fn("g5", ["x"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("x"));
      frames.tryExcept(() => call(story, f2), {
        handle: (exception) => {
          kept = refs.newRef(exception);
          story.log.push("in");
          return 0;
        },
      });
      story.log.push("after");
      return story.none();
    });
    const g6 = story.fn("g6", ["y"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("y"));
      call(story, g5);
      story.log.push("g6 end");
      return story.none();
    });
    story.run(g6);
    expect(story.told()).toEqual(["in", "after", "g6 end"]);
    expect(story.trace(kept)).toEqual(["g5", "f2"]);
    refs.decref(kept);
    expect(story.told()).toEqual([...inOrder("a", "b"), "x", "y"]);
    finish(story);
  });

  it("lets the frames of a traceback die from the innermost out", () => {
    const story = begin();
    const { frames } = story.core;
    const f2 = raising(story);
    const h = story.fn("h", ["x"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("hx"));
      return call(story, f2) < 0 ? 0 : story.none();
    });
    const g = story.fn("g", [], 0, () => {
      frames.tryExcept(() => call(story, h), {
        handle: (exception) => {
          expect(story.trace(exception)).toEqual(["g", "h", "f2"]);
          return 0;
        },
      });
      story.log.push("after");
      return story.none();
    });
    story.run(g);
    expect(story.told()).toEqual([...inOrder("a", "b"), "hx", "after"]);
    finish(story);
  });

  it("chains what is raised in a handler to what is being handled", () => {
    const story = begin();
    const { frames, exceptions, errors, refs } = story.core;
    const f2 = raising(story);
    const g8 = story.fn("g8", [], 0, () => {
      const inner = (): number =>
        frames.tryExcept(() => call(story, f2), {
          handle: () => {
            const k = story.mortal("k");
            errors.raiseObject("KeyError", k);
            refs.decref(k);
            return -1;
          },
        });
      frames.tryExcept(inner, {
        handle: (exception) => {
          story.log.push(story.typeName(exceptions.context(exception)));
          expect(exceptions.suppressesContext(exception)).toBe(false);
          return 0;
        },
      });
      story.log.push("after");
      expect(exceptions.handled()).toBe(0);
      return story.none();
    });
    story.run(g8);
    expect(story.told()).toEqual(["ValueError", "k", ...inOrder("a", "b"), "after"]);
    finish(story);
  });

  it("adds a frame to the traceback once, however the exception goes on", () => {
    const story = begin();
    const { frames, exceptions } = story.core;
    const f2 = raising(story);
    const goOn: Record<string, (body: () => number) => number> = {
      finally: (body) => frames.tryFinally(body, () => 0),
      unmatched: (body) => frames.tryExcept(body, { kinds: ["KeyError"], handle: () => 0 }),
      "bare raise": (body) => frames.tryExcept(body, { handle: () => frames.reraise() }),
    };
    const caught = (inner: (body: () => number) => number): string[] => {
      let names: string[] = [];
      const f = story.fn("f", [], 0, () => {
        frames.tryExcept(() => inner(() => call(story, f2)), {
          handle: (exception) => {
            names = story.trace(exception);
            expect(exceptions.context(exception)).toBe(0);
            return 0;
          },
        });
        return story.none();
      });
      story.run(f);
      return names;
    };
    for (const inner of Object.values(goOn)) expect(caught(inner)).toEqual(["f", "f2"]);
    // `raise e` is a new raise of the same exception: once more.
    const raiseAgain = (body: () => number): number =>
      frames.tryExcept(body, {
        handle: (exception) => {
          exceptions.raise(exception);
          return -1;
        },
      });
    expect(caught(raiseAgain)).toEqual(["f", "f", "f2"]);
    // Out of the frame as well.
    const g13 = story.fn("g13", [], 0, () =>
      goOn.unmatched(() => call(story, f2)) < 0 ? 0 : story.none(),
    );
    let names: string[] = [];
    const outer = story.fn("outer", [], 0, () => {
      frames.tryExcept(() => call(story, g13), {
        handle: (exception) => {
          names = story.trace(exception);
          return 0;
        },
      });
      return story.none();
    });
    story.run(outer);
    expect(names).toEqual(["outer", "g13", "f2"]);
    story.told();
    finish(story);
  });

  it("gives a frame object the locals that outlive their frame", () => {
    const story = begin();
    const { frames, refs, protocol } = story.core;
    let kept = 0;
    const f = story.fn("fr", ["a", "b"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("a"));
      frames.store(frame, 1, story.mortal("b"));
      kept = frames.frameObject(frame);
      expect(frames.frameOfObject(kept)).toBe(frame);
      return story.none();
    });
    const before = refs.refcount(f);
    story.run(f);
    expect(story.told()).toEqual([]);
    expect(refs.refcount(f)).toBe(before + 1);
    const moved = frames.frameOfObject(kept);
    expect(frames.localName(moved, 1)).toBe("b");
    expect(story.attribute(frames.local(moved, 1), "n")).toBe("b");
    expect(protocol.repr(kept)).toContain("code fr");
    refs.decref(kept);
    expect(story.told()).toEqual(inOrder("a", "b"));
    expect(refs.refcount(f)).toBe(before);
    finish(story);
  });

  it("raises RecursionError at CPython's depth, which JavaScript's stack survives", () => {
    const story = begin();
    const { frames, errors } = story.core;
    const module = frames.pushNamed("<module>", ["f"]);
    let deepest = 0;
    const f: Address = story.fn("f", [], 0, () => {
      deepest++;
      return frames.callFunction(f, []);
    });
    const caught = frames.tryCatch(() => call(story, f));
    expect(story.typeName(caught)).toBe("RecursionError");
    expect(deepest).toBe(999);
    expect(story.trace(caught)).toHaveLength(1000);
    expect(frames.depth()).toBe(1);
    story.core.refs.decref(caught);
    frames.recursionLimit = 50;
    deepest = 0;
    expect(call(story, f)).toBe(-1);
    expect(deepest).toBe(49);
    expect(errors.matches("RecursionError")).toBe(true);
    errors.clear();
    frames.pop(module);
    finish(story);
  });

  it("raises RecursionError before JavaScript's stack is used up, too", () => {
    const story = begin();
    const { frames, errors, exceptions } = story.core;
    frames.recursionLimit = 1_000_000;
    let deepest = 0;
    const f: Address = story.fn("f", ["x"], 0, (frame) => {
      deepest++;
      frames.store(frame, 0, story.mortal("x"));
      const done = frames.tryFinally(
        () => call(story, f),
        () => 0,
      );
      return done < 0 ? 0 : story.none();
    });
    expect(call(story, f)).toBe(-1);
    expect(errors.matches("RecursionError")).toBe(true);
    expect(exceptions.message(errors.occurred())).toContain("JavaScript");
    expect(deepest).toBeGreaterThan(200);
    errors.clear();
    expect(story.told()).toHaveLength(deepest);
    frames.recursionLimit = 1000;
    finish(story);
  });

  it("raises for locals that are not bound", () => {
    const story = begin();
    const { frames, errors } = story.core;
    const f = story.fn("f", ["x"], 0, (frame) => {
      expect(frames.load(frame, 0)).toBe(0);
      expect(errors.matches("UnboundLocalError")).toBe(true);
      expect(frames.delete(frame, 0)).toBe(-1);
      expect(errors.matches("UnboundLocalError")).toBe(true);
      errors.clear();
      return story.none();
    });
    story.run(f);
    finish(story);
  });

  it("checks the number of arguments and fills in defaults", () => {
    const story = begin();
    const { frames, functions, errors, refs, tuple, int, modules } = story.core;
    const seven = int.from(7);
    const defaults = tuple.pack([seven]);
    const f = functions.define(
      { name: "f", locals: ["a", "b"], argCount: 2, body: (frame) => frames.load(frame, 1) },
      modules.dict(modules.main()),
      0,
      defaults,
    );
    const given = frames.callFunction(f, [seven]);
    expect(given).toBe(seven);
    refs.decref(given);
    for (const count of [0, 3]) {
      expect(
        frames.callFunction(
          f,
          Array.from({ length: count }, () => seven),
        ),
      ).toBe(0);
      expect(errors.matches("TypeError")).toBe(true);
      errors.clear();
    }
    for (const object of [f, defaults, seven]) refs.decref(object);
    finish(story);
  });

  it("shows the counts that sys.getrefcount shows", () => {
    const story = begin();
    const { frames, list, refs } = story.core;
    const temporary = last ? 0 : 1;
    const lent: boolean[] = [];
    const g2 = story.fn("g2", ["q", "z"], 1, (frame) => {
      frames.assign(frame, 1, 0);
      lent.push(frames.isLent(frame, 0), frames.isLent(frame, 1));
      story.log.push(`g2 ${frames.getrefcount(frame, 0) - temporary}`);
      return story.none();
    });
    const f = story.fn("f", ["x", "y"], 0, (frame) => {
      frames.store(frame, 0, list.create(0));
      expect(frames.getrefcount(frame, 0)).toBe(1 + temporary);
      frames.assign(frame, 1, 0);
      expect(frames.getrefcount(frame, 0)).toBe(2 + temporary);
      frames.delete(frame, 1);
      // g2(local), g2(temporary)
      refs.decref(frames.callMoving(g2, [frames.local(frame, 0)], 1));
      refs.decref(frames.callMoving(g2, [list.create(0)], 0));
      expect(frames.getrefcount(frame, 0)).toBe(1 + temporary);
      return story.none();
    });
    story.run(f);
    expect(story.told()).toEqual(last ? ["g2 1", "g2 2"] : ["g2 3", "g2 2"]);
    expect(lent).toEqual([last, last, false, false]);
    finish(story);
  });

  it("owns what the caller lent as soon as a frame object takes the frame over", () => {
    const story = begin();
    const { frames, refs } = story.core;
    let kept = 0;
    const g = story.fn("g", ["q"], 1, (frame) => {
      kept = frames.frameObject(frame);
      return story.none();
    });
    const f = story.fn("f", ["x"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("x"));
      refs.decref(frames.callMoving(g, [frames.local(frame, 0)], 1));
      expect(refs.refcount(frames.local(frame, 0))).toBe(2);
      return story.none();
    });
    story.run(f);
    expect(story.told()).toEqual([]);
    refs.decref(kept);
    expect(story.told()).toEqual(["x"]);
    finish(story);
  });

  it("keeps variables of inner functions in cells", () => {
    const story = begin();
    const { frames, functions, refs, tuple, modules, errors } = story.core;
    let inner = 0;
    const f = story.fn("fr3", ["a", "b"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("a"));
      frames.makeCell(frame, 0);
      const closure = tuple.pack([frames.local(frame, 0)]);
      inner = functions.define(
        {
          name: "inner",
          locals: [],
          freeNames: ["a"],
          argCount: 0,
          body: (own) => frames.loadCell(own, 0),
        },
        modules.dict(modules.main()),
        closure,
      );
      refs.decref(closure);
      frames.store(frame, 1, story.mortal("b"));
      return story.none();
    });
    story.run(f);
    expect(story.told()).toEqual(["b"]);
    const a = frames.callFunction(inner, []);
    expect(story.attribute(a, "n")).toBe("a");
    refs.decref(a);
    const emptied = story.fn("g", ["c"], 0, (frame) => {
      frames.makeCell(frame, 0);
      expect(frames.loadCell(frame, 0)).toBe(0);
      expect(errors.matches("NameError")).toBe(true);
      errors.clear();
      frames.storeCell(frame, 0, story.mortal("c"));
      expect(frames.deleteCell(frame, 0)).toBe(0);
      expect(frames.deleteCell(frame, 0)).toBe(-1);
      errors.clear();
      return story.none();
    });
    story.run(emptied);
    refs.decref(inner);
    expect(story.told()).toEqual(["c", "a"]);
    finish(story);
  });

  it("turns what a body throws into an exception and takes frames back that it left", () => {
    const story = begin();
    const { frames, errors } = story.core;
    const f = story.fn("f", ["x"], 0, () => {
      const inner = frames.pushNamed("inner", ["y"]);
      frames.store(inner, 0, story.mortal("y"));
      throw new RangeError("oops");
    });
    expect(call(story, f)).toBe(-1);
    expect(errors.matches("RuntimeError")).toBe(true);
    errors.clear();
    expect(story.told()).toEqual(["y"]);
    finish(story);
  });

  it("grows and shrinks the data stack by chunks", () => {
    const story = begin();
    const { frames } = story.core;
    const names = Array.from({ length: 300 }, (_, n) => `v${n}`);
    const pushed: Address[] = [];
    for (let n = 0; n < 40; n++) pushed.push(frames.pushNamed(`f${n}`, names));
    const chunks = frames.chunks();
    expect(chunks.length).toBeGreaterThan(1);
    for (const { bytes, used } of chunks) {
      expect(bytes).toBe(16384);
      expect(used).toBeLessThanOrEqual(bytes);
    }
    frames.store(pushed[39], 299, story.mortal("last"));
    while (pushed.length > 0) frames.pop(pushed.pop() ?? 0);
    expect(frames.chunks()).toHaveLength(1);
    const huge = frames.pushNamed(
      "huge",
      Array.from({ length: 5000 }, (_, n) => `v${n}`),
    );
    expect(frames.chunks()[0].bytes).toBe(story.core.word === 8 ? 65536 : 32768);
    frames.pop(huge);
    expect(story.told()).toEqual(["last"]);
    finish(story);
  });

  it("gives locals as a dict: the same one up to 3.12, whose contents die after the locals", () => {
    const story = begin();
    const { frames, dict, refs, functions, tuple, modules, types } = story.core;
    const isKept = version === "3.11" || version === "3.12";
    const names = (object: Address): string[] => {
      const cursor = { position: 0, key: 0, value: 0 };
      const found: string[] = [];
      while (dict.next(object, cursor)) found.push(story.core.str.value(cursor.key));
      return found;
    };
    const f = story.fn("f", ["a", "b", "c"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("a"));
      frames.store(frame, 1, story.mortal("b"));
      frames.makeCell(frame, 0);
      const first = frames.locals(frame);
      const second = frames.locals(frame);
      expect(first === second).toBe(isKept);
      expect(names(first)).toEqual(["a", "b"]);
      expect(types.typeOf(dict.getItemString(first, "a"))).not.toBe(story.core.cells.type);
      frames.delete(frame, 1);
      expect(story.told()).toEqual([]);
      const third = frames.locals(frame);
      expect(names(third)).toEqual(["a"]);
      expect(names(first)).toEqual(isKept ? ["a"] : ["a", "b"]);
      for (const object of [first, second, third]) refs.decref(object);
      expect(story.told()).toEqual(["b"]);
      return story.none();
    });
    story.run(f);
    expect(story.told()).toEqual(["a"]);
    const h = story.fn("h", ["a", "b"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("a"));
      refs.decref(frames.locals(frame));
      frames.store(frame, 1, story.mortal("b"));
      return story.none();
    });
    story.run(h);
    expect(story.told()).toEqual(isKept ? ["b", "a"] : inOrder("a", "b"));
    const closure = story.mortal("free");
    const cell = story.core.cells.create(closure);
    const cells = tuple.pack([cell]);
    const inner = functions.define(
      {
        name: "i",
        locals: [],
        freeNames: ["x"],
        argCount: 0,
        body: (frame) => frames.locals(frame),
      },
      modules.dict(modules.main()),
      cells,
    );
    const seen = frames.callFunction(inner, []);
    expect(dict.getItemString(seen, "x")).toBe(closure);
    for (const object of [seen, inner, cells, cell, closure]) refs.decref(object);
    expect(story.told()).toEqual(["free"]);
    finish(story);
  });

  it("refuses to leave a frame that is not running, and leaves all when it is disposed of", () => {
    const story = begin();
    const { frames } = story.core;
    const outer = frames.pushNamed("outer", ["x"]);
    frames.store(outer, 0, story.mortal("x"));
    const inner = frames.pushNamed("inner", ["y"]);
    frames.store(inner, 0, story.mortal("y"));
    expect(() => frames.pop(outer)).toThrow(/cannot be left.*inner at/);
    expect(frames.current()).toBe(inner);
    expect(frames.previous(inner)).toBe(outer);
    frames.dispose();
    expect(story.told()).toEqual(["y", "x"]);
    expect(frames.chunks()).toEqual([]);
    expect(() => frames.pop(outer)).toThrow(/no frame is/);
    frames.pop(frames.pushNamed("again", []));
    expect(frames.chunks()).toHaveLength(1);
    finish(story);
  });

  it("let locals live and die as a model says, whatever is pushed, kept and left", () => {
    const step = fc.record({
      what: fc.constantFrom(
        "push",
        "push",
        "pop",
        "store",
        "store",
        "assign",
        "delete",
        "keep",
        "drop",
      ),
      a: fc.nat(40),
      b: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const story = begin();
        const { frames, refs, inspect } = story.core;
        /** A mortal dies with its last holder. */
        interface Mortal {
          readonly name: string;
          holders: number;
        }
        interface Model {
          readonly address: Address;
          readonly locals: (Mortal | undefined)[];
          /** References to its frame object, the frame's own not counted; and the caller's, once it is left. */
          kept: number;
          back: Model | undefined;
          isLeft: boolean;
        }
        const stack: Model[] = [];
        const kept: { object: Address; of: Model }[] = [];
        const deaths: string[] = [];
        let names = 0;
        const release = (mortal: Mortal | undefined): void => {
          if (mortal !== undefined && --mortal.holders === 0) deaths.push(mortal.name);
        };
        const releaseAll = (model: Model): void => {
          const order = last ? [...model.locals].reverse() : [...model.locals];
          model.locals.fill(undefined);
          for (const mortal of order) release(mortal);
        };
        const unkeep = (model: Model): void => {
          if (--model.kept > 0 || !model.isLeft) return;
          releaseAll(model);
          if (model.back !== undefined) unkeep(model.back);
        };
        const leave = (): void => {
          const model = stack.pop();
          if (model === undefined) return;
          if (model.kept > 0) {
            model.isLeft = true;
            model.back = stack.at(-1);
            if (model.back !== undefined) model.back.kept++;
          } else releaseAll(model);
          frames.pop(model.address);
        };
        for (const { what, a, b } of steps) {
          const model = stack.at(-1);
          const count = model?.locals.length ?? 0;
          if (what === "push") {
            // Now and then one that needs another chunk.
            const size = 1 + (a % 7) + (b === 40 ? 1200 : 0);
            const locals = Array.from({ length: size }, (_, n) => `v${n}`);
            stack.push({
              address: frames.pushNamed("f", locals),
              locals: new Array<Mortal | undefined>(size).fill(undefined),
              kept: 0,
              back: undefined,
              isLeft: false,
            });
          } else if (what === "drop" && kept.length > 0) {
            const [{ object, of }] = kept.splice(a % kept.length, 1);
            unkeep(of);
            refs.decref(object);
          } else if (model === undefined) continue;
          else if (what === "pop") leave();
          else if (what === "store") {
            const mortal = { name: `m${names++}`, holders: 1 };
            const before = model.locals[a % count];
            model.locals[a % count] = mortal;
            release(before);
            frames.store(model.address, a % count, story.mortal(mortal.name));
          } else if (what === "assign" && model.locals[b % count] !== undefined) {
            const mortal = model.locals[b % count] as Mortal;
            const before = model.locals[a % count];
            mortal.holders++;
            model.locals[a % count] = mortal;
            release(before);
            expect(frames.assign(model.address, a % count, b % count)).toBe(0);
          } else if (what === "delete" && model.locals[a % count] !== undefined) {
            const before = model.locals[a % count];
            model.locals[a % count] = undefined;
            release(before);
            expect(frames.delete(model.address, a % count)).toBe(0);
          } else if (what === "keep") {
            model.kept++;
            kept.push({ object: frames.frameObject(model.address), of: model });
          }
          expect(story.told()).toEqual(deaths.splice(0));
        }
        inspect.verify({ held: [...story.held, ...kept.map(({ object }) => object)] });
        while (stack.length > 0) leave();
        for (const { object, of } of kept.splice(0)) {
          unkeep(of);
          refs.decref(object);
        }
        expect(story.told()).toEqual(deaths.splice(0));
        finish(story);
      }),
      { numRuns: 6 },
    );
  });

  it("checks frames and indices of locals in debug mode", () => {
    const story = tell(testObjects(version, abi, { debug: true }));
    const { frames, refs, weakrefs, exceptions, constants } = story.core;
    const frame = frames.pushNamed("f", ["x", "y"]);
    frames.store(frame, 1, story.mortal("y"));
    expect(() => frames.local(frame, 2)).toThrow(/local of local 2 of the frame at .* has 2/);
    expect(() => frames.assign(frame, 0, -1)).toThrow(/assign of local -1/);
    expect(() => frames.load(frame + 64, 0)).toThrow(/load of .* is no frame/);
    const object = frames.frameObject(frame);
    frames.pop(frame);
    expect(() => frames.store(frame, 0, 0)).toThrow(/store of .* is no frame/);
    expect(frames.localName(frames.frameOfObject(object), 1)).toBe("y");
    frames.recursionLimit = 10;
    expect(frames.recursionLimit).toBe(10);
    expect(() => weakrefs.get(object)).toThrow(/get of a frame .* ReferenceType is wanted/);
    expect(() => exceptions.args(constants.none)).toThrow(/BaseException is wanted/);
    refs.decref(object);
    expect(story.told()).toEqual(["y"]);
    finish(story);
  });

  it("holds values on the evaluation stack, and drops them from the top when an exception leaves", () => {
    const story = begin();
    const { frames, errors } = story.core;
    const f = story.fn("f", ["x"], 0, (frame) => {
      frames.store(frame, 0, story.mortal("x"));
      for (const name of ["1", "2", "3", "4"]) {
        expect(frames.pushValue(frame, story.mortal(name))).toBe(0);
      }
      expect(frames.pushValue(frame, story.mortal("5"))).toBe(-1);
      expect(errors.matches("SystemError")).toBe(true);
      const top = frames.popValue(frame);
      expect(story.attribute(top, "n")).toBe("4");
      story.core.refs.decref(top);
      return errors.raise("ValueError", "no");
    });
    expect(call(story, f)).toBe(-1);
    errors.clear();
    expect(story.told()).toEqual(["5", "4", "3", "2", "1", "x"]);
    finish(story);
  });
});
