import { expect, it } from "vitest";
import { changedLines } from "../../src/live/build-code/changed-lines.ts";

it("marks the lines that were not there before, and nothing else", () => {
  const lines = (text: string): string => text.split("").join("\n");
  const ranges = (before: string, after: string): string[] =>
    changedLines(lines(before), lines(after)).map(({ range }) => range);
  expect(ranges("abc", "abc")).toEqual([]);
  expect(ranges("abc", "axbc")).toEqual(["2-2"]);
  expect(ranges("abc", "xyabcz")).toEqual(["1-2", "6-6"]);
  expect(ranges("abcdef", "abef")).toEqual([]);
  expect(ranges("abc", "axc")).toEqual(["2-2"]);
});
