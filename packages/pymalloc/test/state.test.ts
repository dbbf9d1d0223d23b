import { profileFor, profiles } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { stateLayout } from "../src/index.ts";
import { drawnRows } from "./support/layouts.ts";

describe.each(["lp64", "ilp32"] as const)("the state in %s", (abi) => {
  test("has the offsets of its drawing", () => {
    const layout = stateLayout(profileFor("3.13", abi), 16);
    const rows = drawnRows(new URL("../src/state.ts", import.meta.url));
    const fixed = layout.fields.filter(
      ({ name }) => name !== "nfp2lasta" && name !== "address_map",
    );
    expect(rows.map((row) => [row.field, row[abi]])).toEqual(
      fixed.map((field) => [field.name, field.offset]),
    );
  });
});

test("usedpools has two pointers for each class, classes rounded up to eight", () => {
  const entries = (python: string, abi: "lp64" | "ilp32"): number =>
    stateLayout(profileFor(python, abi), 1).fields.find(({ name }) => name === "usedpools")!.count;
  expect(entries("3.13", "lp64")).toBe(64);
  expect(entries("3.13", "ilp32")).toBe(128);
});

test("a dummy lies inside the state, so that it never points before it", () => {
  for (const profile of profiles) {
    const { at } = stateLayout(profile, 1);
    expect(at.usedpools).toBeGreaterThanOrEqual(2 * profile.abi.pointerBytes);
  }
});

test("the number of address map slots changes nothing but the end", () => {
  for (const profile of profiles) {
    const none = stateLayout(profile, 0);
    const many = stateLayout(profile, 4096);
    expect(many.at).toEqual(none.at);
    expect(many.bytes - none.bytes).toBe(4096 * 8);
  }
});
