import { errorTable, PyrenaError } from "@pyrena/abi";
import { describe, expect, it } from "vitest";

describe("the table of errors", () => {
  it("says for every code which layer throws it, what it means and what to do", () => {
    for (const [code, { layer, meaning, remedy }] of Object.entries(errorTable)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      for (const text of [layer, meaning, remedy]) expect(text, code).toMatch(/\S/);
      // Sentences without a full stop, which the printer adds.
      for (const text of [meaning, remedy]) expect(text, code).toMatch(/^[a-zA-Z].{15,}[^.]$/);
    }
  });
});

describe("an error", () => {
  it("carries its code and the numbers that belong to it", () => {
    const cause = new RangeError("below");
    const error = new PyrenaError("heap-corrupt", "P3 is broken", {
      address: 4096,
      size: 32,
      invariant: "P3",
      offset: 7,
      record: 8,
      cause,
    });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "PyrenaError",
      code: "heap-corrupt",
      message: "P3 is broken",
      address: 4096,
      size: 32,
      invariant: "P3",
      offset: 7,
      record: 8,
    });
    expect(error.cause).toBe(cause);
    expect(String(error)).toBe("PyrenaError: P3 is broken");
  });

  it("has no cause unless there is one", () => {
    expect("cause" in new PyrenaError("bad-argument", "no")).toBe(false);
  });
});
