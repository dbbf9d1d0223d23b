import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("float in %s %s", (version, abi) => {
  it("keeps its value, and its memory is used again by the next float", () => {
    const core = testObjects(version, abi);
    const pi = core.float.from(3.25);
    expect(core.float.value(pi)).toBe(3.25);
    core.refs.decref(pi);
    const next = core.float.from(-0);
    expect(next).toBe(pi);
    expect(core.float.value(next)).toBe(-0);
    expect(core.protocol.repr(next)).toBe("-0.0");
    core.refs.decref(next);
  });
});
