/** What frames take, and how deep they go, against what CPython answered (test/fixtures). */
import { describe, expect, it } from "vitest";
import { answersOf } from "./answers.ts";
import { everyProfile } from "./heap.ts";
import { Stage } from "./stage.ts";

// The lp64 answers of 3.14 and 3.15 are derived and say nothing of frames.
const asked = everyProfile.filter(([version, abi]) => answersOf(version, abi).frames !== undefined);

describe.each(asked)("frames in %s %s", (version, abi) => {
  const { frames: answers } = answersOf(version, abi);
  const stage = new Stage(version, abi);
  const { core } = stage;
  const { frames, functions, protocol, refs } = core;

  it("have frame objects of CPython's sizes", () => {
    for (const { slots, stack, getsizeof } of answers?.["frame objects"] ?? []) {
      const locals = Array.from({ length: slots }, (_, i) => `x${i}`);
      let size = 0;
      const fn = functions.define(
        {
          name: "f",
          locals,
          argCount: 0,
          stackSize: stack,
          body: (frame) => {
            const object = frames.frameObject(frame);
            size = protocol.getsizeof(object);
            refs.decref(object);
            return refs.newRef(stage.none);
          },
        },
        stage.globals,
      );
      stage.call(fn);
      stage.drop(fn);
      expect(size).toBe(getsizeof);
    }
  });

  it("take CPython's words on the data stack", () => {
    const found: number[] = [];
    const fn: number = functions.define(
      {
        name: "f",
        locals: ["depth"],
        argCount: 1,
        stackSize: 3,
        body: (frame) => {
          found.push(frame);
          const depth = Number(core.int.value(frames.local(frame, 0)));
          if (depth > 0) stage.call(fn, [core.int.from(depth - 1)]);
          return refs.newRef(stage.none);
        },
      },
      stage.globals,
    );
    stage.call(fn, [core.int.from(2)]);
    const [first = 0, second = 0, third = 0] = found;
    const words = (answers?.["header words"] ?? 0) + 1 + 3;
    expect([second - first, third - second]).toEqual([words * core.word, words * core.word]);
    stage.drop(fn);
  });

  it("end in RecursionError as deep as CPython's", () => {
    const { limit = 0 } = answers?.recursion ?? {};
    expect(frames.recursionLimit).toBe(limit);
    const module = frames.pushNamed("<module>", []);
    let deepest = 0;
    const fn: number = stage.define("down", [], 0, () => {
      deepest = frames.depth();
      return frames.callMoving(fn, [], 0);
    });
    expect(frames.callMoving(fn, [], 0)).toBe(0);
    expect(core.errors.matches("RecursionError")).toBe(true);
    core.errors.clear();
    frames.pop(module);
    expect(deepest).toBe(limit);
    stage.drop(fn);
    core.inspect.verify({ held: [stage.markClass] });
  });
});
