import {
  ADDRESS_LIMIT,
  alignDown,
  alignUp,
  hex,
  isPowerOfTwo,
  LOG_PAGE_BYTES,
  NULL,
  PAGE_BYTES,
} from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const size = fc.integer({ min: 0, max: 2 ** 52 });
const alignment = fc.integer({ min: 0, max: 31 }).map((log) => 2 ** log);

describe("alignment", () => {
  it("goes to the nearest multiple above and below, also beyond 2^32", () => {
    fc.assert(
      fc.property(size, alignment, (value, to) => {
        const up = alignUp(value, to);
        const down = alignDown(value, to);
        expect(up % to).toBe(0);
        expect(down % to).toBe(0);
        expect(up - value).toBeGreaterThanOrEqual(0);
        expect(up - value).toBeLessThan(to);
        expect(value - down).toBeGreaterThanOrEqual(0);
        expect(value - down).toBeLessThan(to);
      }),
    );
  });

  it("does not wrap at 2^31 or 2^32", () => {
    expect(alignUp(2 ** 31 - 1, 16)).toBe(2 ** 31);
    expect(alignUp(2 ** 32 - 1, 16)).toBe(2 ** 32);
    expect(alignDown(2 ** 32 + 15, 16)).toBe(2 ** 32);
  });
});

describe("powers of two", () => {
  it("are told from everything else", () => {
    for (let log = 0; log <= 52; log++) {
      expect(isPowerOfTwo(2 ** log)).toBe(true);
      if (log > 1) expect(isPowerOfTwo(2 ** log - 1)).toBe(false);
      if (log > 0) expect(isPowerOfTwo(2 ** log + 1)).toBe(false);
    }
    for (const value of [0, -1, -2, 0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(isPowerOfTwo(value)).toBe(false);
  });
});

describe("constants", () => {
  it("fit together", () => {
    expect(2 ** LOG_PAGE_BYTES).toBe(PAGE_BYTES);
    expect(ADDRESS_LIMIT % PAGE_BYTES).toBe(0);
    expect(NULL).toBe(0);
  });
});

describe("hex", () => {
  it("prints addresses as CPython does", () => {
    expect(hex(0x7f3a10)).toBe("0x7f3a10");
    expect(hex(2 ** 32 - 1)).toBe("0xffffffff");
    expect(hex(0)).toBe("0x0");
  });
});
