import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

describe.each(everyProfile)("list in %s %s", (version, abi) => {
  it("grows as CPython's does when it is appended to", () => {
    const { list, float, refs } = testObjects(version, abi);
    const item = float.from(1);
    const grown = list.create(0);
    const rooms: number[] = [];
    for (let n = 0; n < 310; n++) {
      expect(list.append(grown, item)).toBe(0);
      const room = list.allocated(grown);
      if (room !== rooms.at(-1)) rooms.push(room);
    }
    expect(rooms).toEqual([
      4, 8, 16, 24, 32, 40, 52, 64, 76, 92, 108, 128, 148, 172, 200, 232, 268, 308, 352,
    ]);
    expect(refs.refcount(item)).toBe(311);
    refs.decref(grown);
    expect(refs.refcount(item)).toBe(1);
  });
});
