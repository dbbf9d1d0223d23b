/** JavaScript values behind objects: their slots, and how they are given again. */
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("JavaScript values in %s %s", (version, abi) => {
  it("are visited by their slots as long as their objects live", () => {
    const { jsValues, refs, inspect } = testObjects(version, abi);
    const seen = (): unknown[] => {
      const found: unknown[] = [];
      jsValues.each((_, value) => void found.push(value));
      return found;
    };
    const date = new Date(0);
    const [first, second] = [jsValues.create(date), jsValues.create("text")];
    const own = jsValues.hold("of a type that holds it itself");
    expect(seen()).toEqual([date, "text"]);
    refs.decref(first);
    expect(seen()).toEqual(["text"]);
    jsValues.give(own + 1, "from before the heap was opened");
    expect(seen()).toEqual(["text", "from before the heap was opened"]);
    expect(jsValues.held(own + 1)).toBe("from before the heap was opened");
    refs.decref(second);
    inspect.verify();
  });

  it("are bodies of functions and destructors of capsules, which can be given again", () => {
    const { functions, modules, capsules, constants, refs, jsValues, inspect } = testObjects(
      version,
      abi,
    );
    const fn = functions.define(
      { name: "f", locals: [], argCount: 0, body: () => 0 },
      modules.dict(modules.main()),
    );
    const code = functions.code(fn);
    expect(functions.isBound(code)).toBe(true);
    functions.bind(code, () => constants.ellipsis);
    expect(functions.body(code)(0)).toBe(constants.ellipsis);
    const gone: number[] = [];
    const plain = capsules.create(64, "plain");
    const capsule = capsules.create(64, "resource", () => {});
    expect([capsules.isBound(plain), capsules.isBound(capsule)]).toEqual([true, true]);
    capsules.bind(capsule, (address) => void gone.push(address));
    refs.decref(capsule);
    refs.decref(plain);
    expect(gone).toEqual([capsule]);
    refs.decref(fn);
    jsValues.each(() => expect.unreachable());
    inspect.verify();
  });
});
