import type { Address } from "@pyrena/abi";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";
import { tell } from "./stories.ts";

const kinds = ["list", "tuple", "dict", "instance", "exception", "StopIteration", "del", "frame"];

describe.each(everyProfile)("the JavaScript stack in %s %s", (version, abi) => {
  // Exceptions with fields of their own have no trashcan in CPython up to 3.12: there such nests are fatal.
  const early = version === "3.11" || version === "3.12";
  const safe = kinds.filter((kind) => !(early && kind === "StopIteration"));

  it.each([...safe, "all"])(
    "is deep enough where RecursionError is raised to drop a nest: %s",
    (kind) => {
      const story = tell(testObjects(version, abi));
      const { core } = story;
      const { refs, frames, errors, exceptions, classes } = core;
      frames.recursionLimit = 1_000_000;
      const plain = story.cls("E", {});
      const withDel = story.cls("D", {
        __del__: { locals: ["self"], argCount: 1, body: () => story.none() },
      });
      /** Another object around one, which it takes over. */
      const around = (what: string, inner: Address): Address => {
        let outer: Address;
        if (what === "list") outer = core.list.pack([inner]);
        else if (what === "tuple") outer = core.tuple.pack([inner]);
        else if (what === "dict") {
          outer = core.dict.create();
          core.dict.setItemString(outer, "k", inner);
        } else if (what === "exception" || what === "StopIteration") {
          const name = what === "exception" ? "ValueError" : what;
          outer = exceptions.create(exceptions.type(name), [inner]);
        } else if (what === "frame") {
          const frame = frames.pushNamed("f", ["x"]);
          frames.store(frame, 0, refs.newRef(inner));
          outer = frames.frameObject(frame);
          frames.pop(frame);
        } else {
          outer = classes.call(what === "del" ? withDel : plain, []);
          core.protocol.setAttribute(outer, "x", inner);
        }
        refs.decref(inner);
        return outer;
      };
      const wanted = kind === "all" ? safe.filter((each) => each !== "frame") : [kind];
      let nest = core.list.create(0);
      for (let n = 0; n < 3000; n++) nest = around(wanted[n % wanted.length] ?? "list", nest);
      let dropped = false;
      const f: Address = story.fn("f", [], 0, () => {
        const result = frames.callFunction(f, []);
        if (result !== 0 || dropped) return result;
        dropped = true;
        const pending = errors.fetch();
        refs.decref(nest);
        errors.restore(pending);
        return 0;
      });
      expect(frames.callFunction(f, [])).toBe(0);
      expect(errors.matches("RecursionError")).toBe(true);
      errors.clear();
      expect(dropped).toBe(true);
      core.inspect.verify({ held: story.held });
      story.end();
      core.inspect.verify();
    },
  );
});
