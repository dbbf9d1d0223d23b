import { ilp32, layoutOf, lp64 } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { arenaObject } from "../src/index.ts";
import { drawnRows } from "./support/layouts.ts";

describe.each([lp64, ilp32])("the arena record in $name", (abi) => {
  test("has the offsets and the size of its drawing", () => {
    const layout = layoutOf(arenaObject, abi);
    const rows = drawnRows(new URL("../src/arena.ts", import.meta.url));
    expect(rows.map((row) => [row.field, row[abi.name]])).toEqual([
      ...layout.fields.map((field) => [field.name, field.offset]),
      ["", layout.bytes],
    ]);
  });
});

test("its sizes are CPython's: 48 bytes in lp64, 28 in ilp32", () => {
  expect(layoutOf(arenaObject, lp64).bytes).toBe(48);
  expect(layoutOf(arenaObject, ilp32).bytes).toBe(28);
});
