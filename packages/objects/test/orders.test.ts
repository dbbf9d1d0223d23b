/** In which order things die, against what CPython answered (test/fixtures). */
import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { answersOf } from "./answers.ts";
import { everyProfile } from "./heap.ts";
import { type Name, Stage } from "./stage.ts";

/** The bodies of record.py's `record_orders`, by the same names. */
const bodies: Readonly<Record<string, (stage: Stage) => void>> = {
  list: (s) => s.drop(s.list(s.marks(0, 1, 2, 3))),
  "list clear": (s) => {
    const x = s.list(s.marks(0, 1, 2, 3));
    s.core.list.clear(x);
    s.end();
    s.drop(x);
  },
  "list delete slice 1:4": (s) => {
    const x = s.list(s.marks(0, 1, 2, 3, 4, 5));
    s.core.list.assignSlice(x, 1, 4, 0);
    s.end();
    s.drop(x);
  },
  "list assign slice 1:4": (s) => {
    const x = s.list(s.marks(0, 1, 2, 3, 4, 5));
    const items = s.list(s.marks(10, 11));
    s.core.list.assignSlice(x, 1, 4, items);
    s.drop(items);
    s.end();
    s.drop(x);
  },
  "list delete every second": (s) => {
    const x = s.list(s.marks(0, 1, 2, 3, 4, 5));
    s.core.list.assignExtendedSlice(x, 0, 2, 3, 0);
    s.end();
    s.drop(x);
  },
  "list assign every second": (s) => {
    const x = s.list(s.marks(0, 1, 2, 3, 4, 5));
    const items = s.list(s.marks(10, 11, 12));
    s.core.list.assignExtendedSlice(x, 0, 2, 3, items);
    s.drop(items);
    s.end();
    s.drop(x);
  },
  "list pop, set, delete": (s) => {
    const x = s.list(s.marks(0, 1, 2, 3));
    s.drop(s.core.list.pop(x));
    const nine = s.mark(9);
    s.core.list.setItem(x, 0, nine);
    s.drop(nine);
    s.core.list.deleteItem(x, 1);
    s.end();
    s.drop(x);
  },
  tuple: (s) => s.drop(s.tuple(s.marks(0, 1, 2, 3))),
  dict: (s) => s.drop(numbered(s)),
  "dict clear": (s) => {
    const x = numbered(s);
    s.core.dict.clear(x);
    s.end();
    s.drop(x);
  },
  "dict deleted and set again": (s) => {
    const x = numbered(s);
    s.deleteItem(x, 1);
    s.end();
    s.setItem(x, 1, s.mark(11));
    s.setItem(x, 2, s.mark(12));
    s.end();
    s.drop(x);
  },
  "instance, attributes set as c, a, b by a class that set a, b, c first": (s) => {
    const cls = s.cls("Some");
    const first = s.core.classes.call(cls, []);
    for (const name of "abc") s.set(first, name, s.core.refs.newRef(s.none));
    const x = s.core.classes.call(cls, []);
    for (const name of "cab") s.set(x, name, s.mark(name));
    s.drop(x);
    s.dropAll([first, cls]);
  },
  "instance with __dict__ taken": (s) => {
    const cls = s.cls("Some");
    const x = s.core.classes.call(cls, []);
    for (const name of "ab") s.set(x, name, s.mark(name));
    const table = s.core.classes.dict(x);
    s.drop(x);
    s.end();
    s.dropAll([table, cls]);
  },
  "slots b, a, c": (s) => {
    const cls = s.cls("Some", {}, { slots: ["b", "a", "c"] });
    const x = s.core.classes.call(cls, []);
    for (const name of "abc") s.set(x, name, s.mark(name));
    s.dropAll([x, cls]);
  },
  "slots of a class and its base": (s) => {
    const base = s.cls("Base", {}, { slots: ["b", "a"] });
    const cls = s.cls("Some", {}, { bases: [base], slots: ["d", "c"] });
    const x = s.core.classes.call(cls, []);
    for (const name of "abcd") s.set(x, name, s.mark(name));
    s.dropAll([x, cls, base]);
  },
  "list child with items and attribute": (s) => {
    const cls = s.cls("ListChild", {}, { bases: [s.core.list.type] });
    const x = s.core.classes.call(cls, []);
    const items = s.list(s.marks(0, 1));
    s.core.list.extend(x, items);
    s.drop(items);
    s.set(x, "a", s.mark("a"));
    s.dropAll([x, cls]);
  },
  "dict child with items and attribute": (s) => {
    const cls = s.cls("DictChild", {}, { bases: [s.core.dict.type] });
    const x = s.core.classes.call(cls, []);
    s.setItem(x, "a", s.mark(0));
    s.setItem(x, "b", s.mark(1));
    s.set(x, "a", s.mark("a"));
    s.dropAll([x, cls]);
  },
  "instance with finalizer, weakref and attribute": (s) => {
    const x = s.mark("self");
    s.set(x, "a", s.mark("a"));
    const callback = s.logger("callback");
    const ref = s.core.weakrefs.ref(x, callback);
    s.drop(callback);
    s.drop(x);
    s.end();
    s.drop(ref);
  },
  "weakref callbacks": (s) => {
    const { weakrefs } = s.core;
    const x = s.mark("self");
    const refs = [weakrefs.ref(x)];
    for (const name of ["first", "proxy", "last"]) {
      const callback = s.logger(name);
      refs.push(name === "proxy" ? weakrefs.proxy(x, callback) : weakrefs.ref(x, callback));
      s.drop(callback);
    }
    s.drop(x);
    s.end();
    s.dropAll(refs);
  },
  "older callback's weakref dropped by a newer one": (s) => {
    const { weakrefs } = s.core;
    const x = s.mark("self");
    const refs: Address[] = [];
    const older = s.logger("older");
    const newer = s.logger("newer", () => {
      s.dropAll(refs.splice(0));
    });
    refs.push(weakrefs.ref(x, older), weakrefs.ref(x, newer));
    s.dropAll([older, newer]);
    s.drop(x);
    s.end();
  },
  "resurrected, then dropped": (s) => {
    const kept = s.list([]);
    const cls = s.cls("Back", {
      __del__: (self) => {
        s.log.push("del");
        s.core.list.append(kept, self);
        return undefined;
      },
    });
    const x = s.core.classes.call(cls, []);
    const callback = s.logger("callback");
    const ref = s.core.weakrefs.ref(x, callback);
    s.drop(callback);
    s.drop(x);
    s.end();
    s.core.list.clear(kept);
    s.end();
    s.dropAll([ref, kept, cls]);
  },
  function: (s) => {
    const { cells } = s.core;
    const content = s.marks("cell one", "cell two");
    const closure = s.tuple(content.map((mark) => cells.create(mark)));
    s.dropAll(content);
    const f = s.define("f", ["a", "b", "k"], 3, () => undefined, {
      names: ["one", "two"],
      cells: closure,
    });
    s.drop(closure);
    s.set(f, "__defaults__", s.tuple(s.marks("default one", "default two")));
    s.set(f, "__kwdefaults__", s.dict([["k", s.mark("keyword")]]));
    s.set(f, "attribute", s.mark("attribute"));
    s.set(f, "__doc__", s.mark("doc"));
    s.set(f, "__module__", s.mark("module"));
    s.set(f, "__annotations__", s.dict([["x", s.mark("annotation")]]));
    s.drop(f);
  },
  method: (s) => {
    const { functions } = s.core;
    const cls = s.marking("Callable", { __call__: () => undefined });
    const fn = s.mark("function", cls);
    const self = s.mark("self");
    const x = functions.createMethod(fn, self);
    s.dropAll([fn, self]);
    s.dropAll([x, cls]);
  },
  exception: (s) => {
    const { exceptions, classes } = s.core;
    const base = exceptions.type("Exception");
    const [cause, context] = ["cause", "context"].map((name) => {
      const cls = s.cls(
        name,
        {
          __del__: () => {
            s.log.push(name);
            return undefined;
          },
        },
        { bases: [base] },
      );
      const made = classes.call(cls, []);
      s.drop(cls);
      return made;
    });
    const args = s.marks(0, 1);
    const x = exceptions.create(base, args);
    s.dropAll(args);
    exceptions.setCause(x, cause ?? 0);
    exceptions.setContext(x, context ?? 0);
    s.set(x, "attribute", s.mark("attribute"));
    s.drop(x);
  },
  OSError: (s) => {
    const { exceptions } = s.core;
    const args = s.marks("errno", "strerror", "filename");
    const x = exceptions.create(exceptions.type("OSError"), args);
    s.dropAll(args);
    s.set(x, "attribute", s.mark("attribute"));
    s.drop(x);
  },
  ImportError: (s) => {
    const { exceptions } = s.core;
    const args = s.marks("message");
    const x = exceptions.create(exceptions.type("ImportError"), args);
    s.dropAll(args);
    exceptions.setField(x, "name", s.mark("name"));
    exceptions.setField(x, "path", s.mark("path"));
    s.drop(x);
  },
  slice: (s) => {
    const [start = 0, stop = 0, step = 0] = s.marks("start", "stop", "step");
    const x = s.core.slice.create(start, stop, step);
    s.dropAll([start, stop, step]);
    s.drop(x);
  },
  module: (s) => {
    const x = s.core.modules.create("m");
    for (const name of ["_a", "b", "_c"]) s.set(x, name, s.mark(name));
    s.drop(x);
  },
  nested: (s) => {
    const inner = s.tuple(s.marks(3));
    const list = s.list([s.mark(2), inner]);
    s.drop(s.tuple([s.mark(1), list, s.dict([["k", s.mark(4)]])]));
  },
  return: (s) => {
    s.run(["x", "y", "z"], (frame) => {
      s.marks("x", "y", "z").forEach((mark, i) => {
        s.core.frames.store(frame, i, mark);
      });
      s.end();
      return undefined;
    });
  },
  "parameters z, x, y": (s) => {
    const f = s.define("f", ["z", "x", "y"], 3, () => {
      s.end();
      return undefined;
    });
    s.call(f, s.marks("z", "x", "y"));
    s.drop(f);
  },
  "locals x, cell y, z": (s) => {
    const { frames, tuple } = s.core;
    // Cells that are no arguments come after the other locals.
    s.run(["x", "z", "inner", "y"], (frame) => {
      frames.makeCell(frame, 3);
      frames.store(frame, 0, s.mark("x"));
      frames.storeCell(frame, 3, s.mark("y"));
      frames.store(frame, 1, s.mark("z"));
      const closure = tuple.pack([frames.local(frame, 3)]);
      frames.store(
        frame,
        2,
        s.define("inner", [], 0, () => undefined, { names: ["y"], cells: closure }),
      );
      s.drop(closure);
      s.end();
      return undefined;
    });
  },
  rebinding: (s) => {
    const { frames } = s.core;
    s.run(["x", "y"], (frame) => {
      frames.store(frame, 0, s.mark(1));
      frames.store(frame, 0, s.mark(2));
      s.end();
      frames.assign(frame, 1, 0);
      frames.delete(frame, 0);
      s.end();
      frames.delete(frame, 1);
      return undefined;
    });
  },
  "exception from a call, caught": (s) => {
    const { frames } = s.core;
    const f = raiser(s);
    s.run(["x", "e"], (frame) => {
      frames.store(frame, 0, s.mark("x"));
      frames.tryExcept(() => attempt(s, f), {
        local: 1,
        handle: () => {
          s.log.push("caught");
          return 0;
        },
      });
      s.end();
      frames.delete(frame, 0);
      return undefined;
    });
    s.drop(f);
  },
  "exception from a call, kept": (s) => {
    const { frames, refs } = s.core;
    const f = raiser(s);
    s.run(["e", "keep"], (frame) => {
      frames.tryExcept(() => attempt(s, f), {
        local: 0,
        handle: (exception) => {
          frames.store(frame, 1, refs.newRef(exception));
          return 0;
        },
      });
      s.end();
      frames.store(frame, 1, refs.newRef(s.none));
      s.end();
      return undefined;
    });
    s.drop(f);
  },
  "traceback dropped first": (s) => {
    const { frames, exceptions } = s.core;
    const f = raiser(s);
    s.run(["e"], () => {
      frames.tryExcept(() => attempt(s, f), {
        local: 0,
        handle: (exception) => {
          exceptions.setTraceback(exception, 0);
          s.end();
          return 0;
        },
      });
      return undefined;
    });
    s.drop(f);
  },
  "recursion 2, 1, 0 that raises": (s) => {
    const { frames, int } = s.core;
    const f: Address = s.define("f", ["n", "x"], 1, (frame) => {
      const n = Number(int.value(frames.local(frame, 0)));
      frames.store(frame, 1, s.mark(n));
      if (n === 0) return s.raise("ValueError");
      return frames.callMoving(f, [int.from(n - 1)], 0);
    });
    s.run([], () => {
      frames.tryExcept(() => attempt(s, f, [int.from(2)]), {
        handle: () => {
          s.log.push("caught");
          return 0;
        },
      });
      s.end();
      return undefined;
    });
    s.drop(f);
  },
  "exception while another is handled": (s) => {
    const { frames } = s.core;
    const f = s.define("f", ["u"], 0, (frame) => {
      frames.store(frame, 0, s.mark("u"));
      return s.raise("ValueError");
    });
    const g = s.define("g", ["x", "y"], 0, (frame) => {
      frames.store(frame, 0, s.mark("x"));
      const done = frames.tryExcept(() => attempt(s, f), {
        handle: () => {
          frames.store(frame, 1, s.mark("y"));
          s.raise("KeyError");
          return -1;
        },
      });
      return done < 0 ? 0 : undefined;
    });
    s.run([], () => {
      frames.tryExcept(() => attempt(s, g), {
        handle: () => {
          s.log.push("caught");
          return 0;
        },
      });
      s.end();
      return undefined;
    });
    s.dropAll([f, g]);
  },
  with: (s) => {
    const { frames } = s.core;
    const manager = managers(s);
    s.run(["one"], (frame) => {
      frames.with(
        s.mark(1, manager),
        () =>
          frames.with(
            s.mark(2, manager),
            () => {
              s.log.push("body");
              return 0;
            },
            { steals: true, discards: true },
          ),
        { steals: true, local: 0 },
      );
      s.end();
      frames.delete(frame, 0);
      return undefined;
    });
    s.drop(manager);
  },
  "with, raising": (s) => {
    const { frames } = s.core;
    const manager = managers(s);
    const f = s.define("f", ["one", "two"], 0, () => {
      const done = frames.with(
        s.mark(1, manager),
        () =>
          frames.with(
            s.mark(2, manager),
            () => {
              s.raise("ValueError");
              return -1;
            },
            { steals: true, local: 1 },
          ),
        { steals: true, local: 0 },
      );
      return done < 0 ? 0 : undefined;
    });
    s.run([], () => {
      frames.tryExcept(() => attempt(s, f), {
        handle: () => {
          s.log.push("caught");
          return 0;
        },
      });
      s.end();
      return undefined;
    });
    s.dropAll([f, manager]);
  },
  "with, swallowing": (s) => {
    const { frames } = s.core;
    const manager = managers(s);
    s.run(["one"], (frame) => {
      frames.with(
        s.mark("swallow", manager),
        () => {
          s.raise("ValueError", s.marks("argument"));
          return -1;
        },
        { steals: true, local: 0 },
      );
      s.end();
      frames.delete(frame, 0);
      return undefined;
    });
    s.drop(manager);
  },
};

/** Asked of CPython, but not part of Pyrena: properties; cycles die by the collector, which is another package. */
const elsewhere = new Set(["property", "cycle"]);

function numbered(s: Stage): Address {
  return s.dict([0, 1, 2, 3].map((n) => [n, s.mark(n)] as const));
}

/** `def f(): u = Mark("u"); v = Mark("v"); raise ValueError(Mark("argument"))`. */
function raiser(s: Stage): Address {
  return s.define("f", ["u", "v"], 0, (frame) => {
    s.marks("u", "v").forEach((mark, i) => {
      s.core.frames.store(frame, i, mark);
    });
    return s.raise("ValueError", s.marks("argument"));
  });
}

/** Call a function: -1 if an exception came out of it. */
function attempt(s: Stage, fn: Address, args: readonly Address[] = []): number {
  const result = s.core.frames.callMoving(fn, args, 0);
  if (result === 0) return -1;
  s.drop(result);
  return 0;
}

function managers(s: Stage): Address {
  const { frames, int, types, refs } = s.core;
  return s.marking("Manager", {
    __enter__: (self) => {
      s.log.push(`enter ${s.nameOf(self)}`);
      return refs.newRef(self);
    },
    __exit__: (self, frame) => {
      const kind = frames.local(frame, 1);
      const name: Name = s.nameOf(self);
      s.log.push(`exit ${name} ${kind === s.none ? "None" : types.name(kind)}`);
      return refs.newRef(int.fromBoolean(name === "swallow"));
    },
  });
}

describe.each(everyProfile)("orders in %s %s", (version, abi) => {
  const { orders } = answersOf(version, abi);
  const stage = new Stage(version, abi);

  it.each(Object.keys(bodies))("of deaths are CPython's: %s", (name) => {
    stage.log.length = 0;
    bodies[name]?.(stage);
    expect([...stage.log, "end"]).toEqual(orders[name]);
    expect(stage.core.errors.occurred()).toBe(0);
    stage.core.inspect.verify({ held: [stage.markClass] });
  });

  it("are asked about wherever CPython was asked", () => {
    const asked = Object.keys(orders).filter((name) => !elsewhere.has(name));
    expect(Object.keys(bodies).sort()).toEqual(asked.sort());
  });
});
