import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  decodeProgram,
  encodeProgram,
  eventOps,
  GETS_WORD,
  HOLDS_WORD,
  type Program,
  peakRequested,
  SLOT_SHIFT,
} from "../src/program.ts";
import { traceProgram } from "../src/trace-program.ts";
import { syntheticWorkloads } from "../src/workloads.ts";

const RECORDING = join(
  import.meta.dirname,
  "../../packages/trace/test/fixtures/fragments-3.13.pyrt.gz",
);

/** The first operation that a program could not mean: frees nothing, or allocates over a live block. */
function firstMistake(program: Program): string | undefined {
  const live = new Map<number, number>();
  for (let n = 0; n < program.operations.length; n += 2) {
    const word = program.operations[n]!;
    const size = program.operations[n + 1]!;
    const slot = word >>> SLOT_SHIFT;
    const op = word & 3;
    if (slot >= program.slots) return `${n / 2}: slot ${slot} of ${program.slots}`;
    const before = live.get(slot);
    if (((word & HOLDS_WORD) !== 0) !== (before ?? 0) >= 4) return `${n / 2}: holds`;
    if (op === eventOps.free) {
      if (!live.delete(slot)) return `${n / 2}: frees nothing`;
      continue;
    }
    if (op !== eventOps.realloc && before !== undefined) return `${n / 2}: over a live block`;
    if (((word & GETS_WORD) !== 0) !== size >= 4) return `${n / 2}: gets`;
    live.set(slot, size);
  }
  return live.size === 0 ? undefined : `${live.size} blocks are left`;
}

describe("programs", () => {
  test("come back from their bytes unchanged", async () => {
    for (const workload of syntheticWorkloads(0.01)) {
      const program = await workload.program();
      expect(decodeProgram(encodeProgram(program))).toEqual(program);
    }
  });

  test("are the same every time they are made", async () => {
    const [once, again] = [syntheticWorkloads(0.01), syntheticWorkloads(0.01)];
    for (const [index, workload] of once.entries()) {
      expect(encodeProgram(await workload.program())).toEqual(
        encodeProgram(await again[index]!.program()),
      );
    }
  });

  test("ask for the sizes that their descriptions name, in slots that they have", async () => {
    for (const workload of syntheticWorkloads(0.05)) {
      const { kernel, operations, prefill, slots } = await workload.program();
      const [least, most] =
        kernel === "resize" ? [0, 75_000] : workload.id === "large" ? [1024, 2 ** 18] : [8, 248];
      for (const pairs of [prefill, operations]) {
        for (let n = 0; n < pairs.length; n += 2) {
          if (pairs[n]! >= slots || pairs[n + 1]! < least || pairs[n + 1]! > most) {
            expect.fail(`${workload.id}: ${pairs[n]}, ${pairs[n + 1]}`);
          }
        }
      }
    }
  });

  test("made of a recording free each block once, and leave none", async () => {
    const program = await traceProgram(readFileSync(RECORDING));
    expect(program.operations.length / 2).toBeGreaterThan(50_000);
    expect(firstMistake(program)).toBeUndefined();
  });

  test("know the most bytes that are asked for at once", () => {
    const operations = Uint32Array.from([0, 100, 1, 50, 0, 20, 1, 200]);
    const base = { slots: 2, prefill: new Uint32Array(), ageing: 0, sweep: 1, reads: false };
    expect(peakRequested({ ...base, kernel: "replace", operations })).toBe(220);
    expect(peakRequested({ ...base, kernel: "stack", sweep: 2, operations })).toBe(220);
  });

  test("of another kind are refused", () => {
    expect(() => decodeProgram(new Uint8Array(64))).toThrow("not a benchmark program");
    const [workload] = syntheticWorkloads(0.01);
    const bytes = encodeProgram(workload!.program() as Program);
    expect(() => decodeProgram(bytes.subarray(0, bytes.length - 4))).toThrow("cut off");
  });
});
