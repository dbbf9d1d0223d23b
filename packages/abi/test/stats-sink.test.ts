import { eventKinds } from "@pyrena/abi";
import { expect, it } from "vitest";

it("event kinds have numbers of their own, which recordings rely on", () => {
  expect(eventKinds).toEqual({
    arenaAlloc: 1,
    arenaFree: 2,
    arenaFailed: 3,
    grow: 4,
    shrink: 5,
    outOfMemory: 6,
  });
});
