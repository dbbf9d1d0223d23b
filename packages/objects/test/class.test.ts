import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("classes in %s %s", (version, abi) => {
  it("makes instances that keep attributes, find methods, and give everything back", () => {
    const core = testObjects(version, abi);
    const { classes, functions, refs, str, int, inspect } = core;
    const globals = core.modules.dict(core.modules.main());
    const method = functions.define(
      {
        name: "double",
        locals: ["self"],
        argCount: 1,
        body: (frame) => {
          const self = core.frames.local(frame, 0);
          const n = core.protocol.getAttribute(self, "n");
          const result = int.from(2 * Number(int.value(n)));
          refs.decref(n);
          return result;
        },
      },
      globals,
    );
    const cls = classes.create({ name: "E", attributes: [["double", method]] });
    expect(cls).not.toBe(0);
    refs.decref(method);
    const before = refs.refcount(cls);
    const object = classes.call(cls, []);
    expect(refs.refcount(cls)).toBe(before + 1);
    const big = int.from(123456789);
    expect(core.protocol.setAttribute(object, "n", big)).toBe(0);
    refs.decref(big);
    const bound = core.protocol.getAttribute(object, "double");
    const result = core.protocol.call(bound, []);
    expect(int.value(result)).toBe(246913578);
    refs.decref(result);
    refs.decref(bound);
    inspect.verify({ held: [cls, object] });
    expect(core.protocol.deleteAttribute(object, "n")).toBe(0);
    refs.decref(object);
    expect(refs.refcount(cls)).toBe(before);
    inspect.verify({ held: [cls] });
    expect(str.value(core.protocol.getAttribute(cls, "__name__"))).toBe("E");
  });
});
