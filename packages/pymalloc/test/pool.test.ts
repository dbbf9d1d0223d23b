import { ilp32, layoutOf, lp64, poolHeaderBytes, profileFor } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { poolHeader } from "../src/index.ts";
import { drawnRows } from "./support/layouts.ts";

const drawing = drawnRows(new URL("../src/pool.ts", import.meta.url));

describe.each([lp64, ilp32])("the pool header in $name", (abi) => {
  const layout = layoutOf(poolHeader, abi);

  test("has the offsets of its drawing", () => {
    const rows = drawing.filter((row) => row.field !== "" && row.field !== "blocks,");
    expect(rows.map((row) => [row.field, row[abi.name]])).toEqual(
      layout.fields.map((field) => [field.name, field.offset]),
    );
  });

  test("is as long as the profile says, rounded up to the alignment as CPython does", () => {
    const blocksStart = drawing.find((row) => row.field === "blocks,")!;
    expect(layout.bytes).toBe(blocksStart[abi.name]);
    expect(layout.bytes).toBe(poolHeaderBytes(profileFor("3.13", abi.name)));
    expect(layout.bytes % abi.alignment).toBe(0);
  });
});

test("the offsets are those read from a live CPython 3.13 pool (lp64) and compiled for ilp32", () => {
  expect(layoutOf(poolHeader, lp64).at).toEqual({
    count: 0,
    freeblock: 8,
    nextpool: 16,
    prevpool: 24,
    arenaindex: 32,
    szidx: 36,
    nextoffset: 40,
    maxnextoffset: 44,
  });
  expect(layoutOf(poolHeader, ilp32).at).toEqual({
    count: 0,
    freeblock: 4,
    nextpool: 8,
    prevpool: 12,
    arenaindex: 16,
    szidx: 20,
    nextoffset: 24,
    maxnextoffset: 28,
  });
});
