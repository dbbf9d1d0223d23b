import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "./heap.ts";

const interesting: readonly bigint[] = [
  0n,
  1n,
  -1n,
  5n,
  -5n,
  -6n,
  256n,
  257n,
  1024n,
  1025n,
  2n ** 15n,
  2n ** 30n - 1n,
  2n ** 30n,
  -(2n ** 30n),
  2n ** 31n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 60n - 1n,
  2n ** 60n,
  -(2n ** 61n),
  2n ** 61n - 1n,
  2n ** 61n - 2n,
  2n ** 90n,
  10n ** 100n,
  -(10n ** 40n),
];

describe.each(everyProfile)("int in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const { int, refs, protocol } = core;

  it("keeps any value", () => {
    for (const value of interesting) {
      const object = int.from(value);
      expect(BigInt(int.value(object))).toBe(value);
      expect(protocol.repr(object)).toBe(String(value));
      refs.decref(object);
    }
  });
});
