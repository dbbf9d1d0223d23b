import { type Domain, MEM, OBJ, RAW } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LARGEST_SIZE, LiveTable } from "../../src/replay/live-table.ts";

const address = fc.oneof(
  // Close together, and far apart with equal low halves: both make searches meet.
  fc.nat({ max: 400 }).map((n) => 0x7f15_5350_0000 + n * 16),
  fc.nat({ max: 40 }).map((n) => n * 2 ** 32 + 0x1000),
  fc.integer({ min: 1, max: 2 ** 48 - 1 }),
);

describe("LiveTable", () => {
  test("behaves like a map, whatever is added and removed", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            address,
            value: fc.nat({ max: 2 ** 32 - 1 }),
            size: fc.oneof(fc.nat(), fc.integer({ min: 0, max: LARGEST_SIZE })),
            domain: fc.constantFrom(RAW, MEM, OBJ),
          }),
          { maxLength: 3000 },
        ),
        (steps) => {
          const table = new LiveTable();
          const model = new Map<number, { value: number; size: number; domain: Domain }>();
          for (const { address, value, size, domain } of steps) {
            const entry = table.find(address);
            const known = model.get(address);
            if (known === undefined) {
              expect(entry).toBe(-1);
              table.add(address, value, size, domain);
              model.set(address, { value, size, domain });
            } else {
              expect(table.valueAt(entry)).toBe(known.value);
              expect(table.sizeAt(entry)).toBe(known.size);
              expect(table.domainAt(entry)).toBe(known.domain);
              table.remove(entry);
              model.delete(address);
            }
            expect(table.count).toBe(model.size);
          }
          const seen = new Map<number, { value: number; size: number; domain: Domain }>();
          table.forEach((key, value, size, domain) => {
            seen.set(key, { value, size, domain });
          });
          expect(seen).toEqual(model);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("its memory follows the number of live entries, not of all that ever were", () => {
    const table = new LiveTable();
    const smallest = table.bytes;
    for (let n = 0; n < 300_000; n++) {
      table.add(n * 16 + 16, n, 1, OBJ);
      if (n >= 100) table.remove(table.find((n - 100) * 16 + 16));
    }
    expect(table.bytes).toBe(smallest);
    for (let n = 300_000; n < 500_000; n++) table.add(n * 16 + 16, n, 1, OBJ);
    expect(table.bytes).toBeLessThan(200_000 * 64);
    for (let n = 300_000; n < 500_000; n++) table.remove(table.find(n * 16 + 16));
    expect(table.count).toBe(100);
    expect(table.bytes).toBeLessThanOrEqual(smallest * 4);
  });
});
