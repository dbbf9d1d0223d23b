import { expect, it } from "vitest";
import { formatTable } from "../src/table.ts";

it("sets words to the left, figures to the right, and leaves no blanks at the end of a line", () => {
  expect(
    formatTable(
      [
        ["", "blocks", "note"],
        ["at the peak", "1,422", ""],
        ["end", "7", "x"],
      ],
      ["left", "right", "left"],
    ),
  ).toEqual(["             blocks  note", "at the peak   1,422", "end               7  x"]);
});

it("makes nothing of nothing", () => {
  expect(formatTable([], ["left"])).toEqual([]);
});
