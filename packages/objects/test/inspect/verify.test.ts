import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("verify in %s %s", (version, abi) => {
  it("passes on a fresh heap", () => {
    const core = testObjects(version, abi);
    core.inspect.verify();
  });

  it("finds a reference that was never released, and passes when the caller says that it holds it", () => {
    const core = testObjects(version, abi);
    const pi = core.float.from(3.25);
    expect(() => core.inspect.verify()).toThrow(/O7: the live block/);
    core.inspect.verify({ held: [pi] });
    expect(() => core.inspect.verify({ held: [pi, pi] })).toThrow(
      /O1: float at 0x[0-9a-f]+ has a count of 1, but 2 references were found/,
    );
    core.refs.decref(pi);
    core.inspect.verify();
  });
});
