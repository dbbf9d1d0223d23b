/**
 * Which memory exceptions, tracebacks, frame objects, with statements and dying weak references request and give back,
 * in which order: as CPython 3.11.7, 3.12.1 and 3.13.0 answered (lp64, with allocator hooks as in fixtures/requests.c).
 * `+88` is a request, `-0` gives the first one back.
 */
import type { Address, PyMemAllocatorEx } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { testObjects } from "./heap.ts";

/** Requests since `begin`; the heap's own allocators below are not seen. */
class Recorder {
  events: string[] = [];
  #blocks: Address[] = [];
  #depth = 0;

  begin(): void {
    this.events = [];
    this.#blocks = [];
  }

  wrap(inner: PyMemAllocatorEx): PyMemAllocatorEx {
    const made = (size: number, allocate: () => Address): Address => {
      this.#depth++;
      const block = allocate();
      this.#depth--;
      if (this.#depth === 0) {
        this.#blocks.push(block);
        this.events.push(`+${size}`);
      }
      return block;
    };
    return {
      ctx: undefined,
      malloc: (_, size) => made(size, () => inner.malloc(inner.ctx, size)),
      calloc: (_, count, size) => made(count * size, () => inner.calloc(inner.ctx, count, size)),
      realloc: (_, old, size) => made(size, () => inner.realloc(inner.ctx, old, size)),
      free: (_, block) => {
        if (this.#depth === 0) this.events.push(`-${this.#blocks.lastIndexOf(block)}`);
        inner.free(inner.ctx, block);
      },
    };
  }
}

describe.each(["3.11", "3.12", "3.13"] as const)("requests of frames in %s lp64", (version) => {
  const recorder = new Recorder();
  const core: Objects = testObjects(version, "lp64", {
    wrapAllocator: (inner) => recorder.wrap(inner),
  });
  const { frames, exceptions, functions, refs, weakrefs, classes, tuple, constants } = core;
  const globals = core.modules.dict(core.modules.main());
  const none = (): Address => refs.newRef(constants.none);
  const frameObject = version === "3.13" ? 168 : 152;

  /** A function with so much evaluation stack as CPython's compiler gives it. */
  const fn = (
    name: string,
    locals: readonly string[],
    stackSize: number,
    body: (frame: Address) => Address,
    argCount = 0,
  ): Address => functions.define({ name, locals, argCount, stackSize, body }, globals);
  const call = (callee: Address): number => {
    const result = frames.callMoving(callee, [], 0);
    refs.xdecref(result);
    return result === 0 ? -1 : 0;
  };
  const raise = (name: "ValueError" | "KeyError", ...args: Address[]): 0 => {
    const exception = exceptions.create(exceptions.type(name), args);
    exceptions.raise(exception);
    refs.decref(exception);
    return 0;
  };

  const f2 = fn("f2", ["a", "b"], 1, () => raise("ValueError"));
  const text = core.str.from("x");
  const f3 = fn("f3", ["a", "b"], 3, () => raise("ValueError", text));
  const h = fn("h", ["x"], 2, () => (call(f2) < 0 ? 0 : none()));
  const catching = (name: string, callee: Address, locals: string[]): Address =>
    fn(name, locals, 4, () => {
      frames.tryExcept(() => call(callee), {
        kinds: ["ValueError"],
        ...(locals.length > 0 ? { local: 0 } : {}),
        handle: () => 0,
      });
      return none();
    });
  const C = classes.create({
    name: "C",
    slots: [],
    attributes: [
      ["__enter__", fn("__enter__", ["s"], 1, none, 1)],
      [
        "__exit__",
        fn(
          "__exit__",
          ["s", "t", "v", "tb"],
          1,
          (frame) => {
            // `*a`: a tuple.
            const rest = tuple.pack([1, 2, 3].map((n) => frames.local(frame, n)));
            refs.decref(rest);
            return refs.newRef(core.int.true);
          },
          4,
        ),
      ],
    ],
  });
  const using = (body: () => number): Address =>
    fn("w", [], 6, () => {
      const done = frames.with(classes.call(C, []), body, { steals: true, discards: true });
      return done < 0 ? 0 : none();
    });
  const N = classes.create({ name: "N", slots: ["__weakref__"] });
  const cb = fn("cb", ["r"], 1, none, 1);
  const dying = (count: number): Address =>
    fn("dying", ["o", "r", "q"], 4, (frame) => {
      frames.store(frame, 0, classes.call(N, []));
      for (let n = 0; n < count; n++) {
        frames.store(frame, 1 + n, weakrefs.ref(frames.local(frame, 0), cb));
      }
      frames.delete(frame, 0);
      return none();
    });

  const inContext = fn("ctx", [], 4, () => {
    const inner = (): number =>
      frames.tryExcept(() => call(f2), {
        handle: () => {
          raise("KeyError");
          return -1;
        },
      });
    frames.tryExcept(inner, { kinds: ["KeyError"], handle: () => 0 });
    return none();
  });

  const small = frameObject + 8;
  const raised = ["+88", `+${small}`, "+56"];
  const weak = version === "3.11" ? 40 : 48;
  const cases: Record<string, [callee: Address, events: string[]]> = {
    "an exception that is caught": [
      catching("g", f2, []),
      [...raised, `+${small + 8}`, "+56", "-1", "-2", "-4", "-0", "-3"],
    ],
    "one with an argument, bound to a name": [
      catching("ge", f3, ["e"]),
      ["+48", "+88", `+${small + 16}`, "+56", `+${small + 16}`, "+56"].concat([
        "-2",
        "-3",
        "-5",
        "-1",
        "-4",
      ]),
    ],
    "one that came through two frames": [
      catching("g2", h, []),
      [...raised, `+${small}`, "+56", `+${small + 8}`, "+56"].concat([
        "-1",
        "-2",
        "-3",
        "-4",
        "-6",
        "-0",
        "-5",
      ]),
    ],
    "with, left normally": [using(() => 0), ["+32", "+64", "+64", "-1", "+64", "-0", "-2"]],
    "with, swallowing": [
      using(() => call(f2)),
      ["+32", "+64", "+64", "-1", ...raised, `+${small + 24}`, "+56", "+64"].concat([
        "-4",
        "-5",
        "-7",
        "-3",
        "-0",
        "-2",
        "-6",
      ]),
    ],
    "one raised while another is being handled": [
      inContext,
      [...raised, `+${small + 8}`, "+56", "+88", "+56"].concat([
        "-6",
        "-1",
        "-2",
        "-4",
        "-0",
        "-5",
        "-3",
      ]),
    ],
    "two weak references with callbacks": [
      dying(2),
      [`+${weak}`, "+80", "+80", "+72", "-0", "-1", "-2"],
    ],
    "nothing at all": [fn("simple", [], 1, none), []],
  };

  it.each(Object.keys(cases))("%s", (name) => {
    const [callee, events] = cases[name] as [Address, string[]];
    // Once before, for the data stack and the names.
    call(callee);
    for (const list of core.alloc.freeLists) list.clear();
    recorder.begin();
    expect(call(callee)).toBe(0);
    expect(recorder.events).toEqual(events);
    expect(core.errors.occurred()).toBe(0);
  });
});
