/** `sys.getrefcount` as Python code sees it, against what CPython answered (test/fixtures). */
import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { answersOf } from "./answers.ts";
import { everyProfile } from "./heap.ts";
import { Stage } from "./stage.ts";

/**
 * The functions of record.py's `record_counts`, by the same names. `count(frame, i)` is `sys.getrefcount(local)`;
 * of an expression it is the count with the reference that the expression is: `counted`.
 */
const bodies: Readonly<Record<string, (s: Stage) => unknown>> = {
  "local, alias, container, alias deleted, container cleared": (s) => {
    const { frames, list } = s.core;
    return inFrame(s, ["x", "y", "z"], (frame) => {
      frames.store(frame, 0, s.list([]));
      const a = count(s, frame, 0);
      frames.assign(frame, 1, 0);
      const b = count(s, frame, 0);
      frames.store(frame, 2, list.pack([frames.local(frame, 0)]));
      const c = count(s, frame, 0);
      frames.delete(frame, 1);
      const d = count(s, frame, 0);
      list.clear(frames.local(frame, 2));
      return [a, b, c, d, count(s, frame, 0)];
    });
  },
  temporary: (s) => counted(s, s.list([])),
  "module level": (s) => {
    const items = s.list([]);
    const answer = s.core.refs.refcount(items) + 1; // a global is loaded as a new reference
    s.drop(items);
    return answer;
  },
  "local passed, temporary passed, local kept, temporary kept": (s) => {
    const { frames } = s.core;
    const callee = s.define("callee", ["p"], 1, (frame) => result(s, count(s, frame, 0)));
    const keeper = s.define("keeper", ["p", "q"], 1, (frame) => {
      frames.assign(frame, 1, 0);
      return result(s, [count(s, frame, 0), count(s, frame, 1)]);
    });
    const answer = inFrame(s, ["x"], (frame) => {
      frames.store(frame, 0, s.list([]));
      const x = frames.local(frame, 0);
      return [
        asked(s, callee, [x], 1),
        asked(s, callee, [s.list([])], 0),
        asked(s, keeper, [x], 1),
        asked(s, keeper, [s.list([])], 0),
      ];
    });
    s.dropAll([callee, keeper]);
    return answer;
  },
  "attribute, local from attribute, instance": (s) => {
    const { frames, classes, protocol } = s.core;
    const cls = s.cls("Plain");
    const answer = inFrame(s, ["o", "v"], (frame) => {
      frames.store(frame, 0, classes.call(cls, []));
      const o = frames.local(frame, 0);
      s.set(o, "a", s.list([]));
      frames.store(frame, 1, protocol.getAttribute(o, "a"));
      return [counted(s, protocol.getAttribute(o, "a")), count(s, frame, 1), count(s, frame, 0)];
    });
    s.drop(cls);
    return answer;
  },
  "element, list": (s) => {
    const { frames, list } = s.core;
    return inFrame(s, ["items"], (frame) => {
      frames.store(frame, 0, s.list([s.list([])]));
      return [counted(s, list.getItemRef(frames.local(frame, 0), 0)), count(s, frame, 0)];
    });
  },
  "default argument, temporary instead": (s) => {
    const fn = s.define("default", ["a"], 1, (frame) => result(s, count(s, frame, 0)));
    s.set(fn, "__defaults__", s.tuple([s.list([])]));
    const answer = [asked(s, fn, [], 0), asked(s, fn, [s.list([])], 0)];
    s.drop(fn);
    return answer;
  },
  unpacked: (s) => {
    const { frames } = s.core;
    return inFrame(s, ["a", "b"], (frame) => {
      frames.store(frame, 0, s.list([]));
      frames.store(frame, 1, s.list([]));
      return [count(s, frame, 0), count(s, frame, 1)];
    });
  },
  "referent, weakref, call, local from call, weakrefs": (s) => {
    const { frames, classes, weakrefs } = s.core;
    const cls = s.cls("Plain");
    const answer = inFrame(s, ["o", "r", "s"], (frame) => {
      frames.store(frame, 0, classes.call(cls, []));
      const o = frames.local(frame, 0);
      frames.store(frame, 1, weakrefs.ref(o));
      const found = [
        count(s, frame, 0),
        count(s, frame, 1),
        counted(s, weakrefs.get(frames.local(frame, 1))),
      ];
      frames.store(frame, 2, weakrefs.get(frames.local(frame, 1)));
      return [...found, count(s, frame, 2), weakrefs.count(o)];
    });
    s.drop(cls);
    return answer;
  },
  "weakref in its callback, afterwards": (s) => {
    const { frames, classes, weakrefs } = s.core;
    const cls = s.cls("Plain");
    const seen: number[] = [];
    const callback = s.define("callback", ["w"], 1, (frame) => {
      seen.push(count(s, frame, 0));
      return undefined;
    });
    inFrame(s, ["o", "r"], (frame) => {
      frames.store(frame, 0, classes.call(cls, []));
      frames.store(frame, 1, weakrefs.ref(frames.local(frame, 0), callback));
      frames.delete(frame, 0);
      seen.push(count(s, frame, 1));
    });
    s.dropAll([callback, cls]);
    return seen;
  },
  // The third answer is of a cycle, which only a collector finds.
  "self in __del__ of a local, of a temporary, of a cycle": (s) => {
    const { frames, classes } = s.core;
    const seen: number[] = [];
    const cls = s.cls("Caller", {
      __del__: (_, frame) => {
        seen.push(count(s, frame, 0));
        return undefined;
      },
    });
    inFrame(s, ["x"], (frame) => {
      frames.store(frame, 0, classes.call(cls, []));
      frames.delete(frame, 0);
      s.drop(classes.call(cls, []));
    });
    s.drop(cls);
    return seen;
  },
  "two instances in a cycle": (s) => {
    const { frames, classes, protocol, refs } = s.core;
    const cls = s.cls("Plain");
    const answer = inFrame(s, ["x", "y"], (frame) => {
      frames.store(frame, 0, classes.call(cls, []));
      frames.store(frame, 1, classes.call(cls, []));
      const [x, y] = [frames.local(frame, 0), frames.local(frame, 1)];
      s.set(x, "other", refs.newRef(y));
      s.set(y, "other", refs.newRef(x));
      const found = [count(s, frame, 0), count(s, frame, 1)];
      protocol.deleteAttribute(x, "other");
      return found;
    });
    s.drop(cls);
    return answer;
  },
};

/**
 * Asked of CPython, not here: what depends on the code around a call and not on objects (whether 3.14's compiler lends
 * a local in a closure, a loop, an except clause) or on how a method call loads its method.
 */
const elsewhere = new Set([
  "cell variable in its function, in the closure",
  "method called, bound method called, local, method of a temporary",
  "for target",
  "[exception, traceback, local] in except, local afterwards",
]);

function count(s: Stage, frame: Address, local: number): number {
  return s.core.frames.getrefcount(frame, local);
}

/** `getrefcount(expression)`: takes the reference over. */
function counted(s: Stage, object: Address): number {
  const answer = s.core.refs.refcount(object);
  s.drop(object);
  return answer;
}

/** Run a body in a frame of its own, and return what it returns. */
function inFrame<Result>(
  s: Stage,
  locals: readonly string[],
  body: (frame: Address) => Result,
): Result {
  let answer: Result | undefined;
  s.run(locals, (frame) => {
    answer = body(frame);
    return undefined;
  });
  return answer as Result;
}

let returned: unknown;

/** What a function called by `asked` answers. */
function result(_: Stage, answer: unknown): undefined {
  returned = answer;
  return undefined;
}

function asked(s: Stage, fn: Address, args: readonly Address[], lent: number): unknown {
  const value = s.core.frames.callMoving(fn, args, lent);
  expect(value).not.toBe(0);
  s.drop(value);
  return returned;
}

describe.each(everyProfile)("counts in %s %s", (version, abi) => {
  const { counts } = answersOf(version, abi);
  const stage = new Stage(version, abi);

  it.each(Object.keys(bodies))("are CPython's: %s", (name) => {
    const expected = counts[name];
    const answer = bodies[name]?.(stage);
    expect(answer).toEqual(
      name.startsWith("self in __del__") ? (expected as number[]).slice(0, 2) : expected,
    );
    stage.core.inspect.verify({ held: [stage.markClass] });
  });

  it("are asked about wherever CPython was asked", () => {
    const known = Object.keys(counts).filter((name) => !elsewhere.has(name));
    expect(Object.keys(bodies).sort()).toEqual(known.sort());
  });
});
