/** What is checked in the guides has names in both languages. */
import { expect, it } from "vitest";
import { allocatorChecks } from "../../src/live/build-allocator/checks.ts";
import { exerciseChecks } from "../../src/live/build-allocator/exercise-checks.ts";
import { checkNames } from "../../src/live/build-allocator/texts.ts";

it("names each check of an allocator in Chinese, and none that there is not", () => {
  const checks = [...allocatorChecks, ...Object.values(exerciseChecks).flat()];
  const ids = new Set(checks.map(({ id }) => id));
  expect(Object.keys(checkNames["zh-CN"]).sort()).toEqual([...ids].sort());
});
