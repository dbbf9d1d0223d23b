/**
 * Random operations through the interpreter's own function table, as Python makes them, against a model: in a domain of
 * their own (RAW), in which nothing else happens meanwhile.
 */
import { type AllocatorFactory, NULL, type PyMemAllocatorEx, RAW } from "@pyrena/abi";
import type { Installation } from "@pyrena/pyodide";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 512 }) },
  { weight: 2, arbitrary: fc.integer({ min: 513, max: 20_000 }) },
  { weight: 1, arbitrary: fc.constant(0) },
);
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("malloc" as const), size }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("calloc" as const), size }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("realloc" as const), at: fc.nat(), size }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("free" as const), at: fc.nat() }) },
);
const program = fc.array(operation, { minLength: 1, maxLength: 120, size: "max" });
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Blocks that a model believes to be live, with their contents. */
class Model {
  readonly #raw: PyMemAllocatorEx;
  readonly #bytes: () => Uint8Array;
  readonly blocks: { address: number; size: number; fill: number }[] = [];
  #fill = 0;

  constructor(raw: PyMemAllocatorEx, bytes: () => Uint8Array) {
    this.#raw = raw;
    this.#bytes = bytes;
  }

  /** One operation; a refusal must leave everything as it was. */
  step(op: Operation): void {
    const { ctx, malloc, calloc, realloc, free } = this.#raw;
    if (op.kind === "malloc" || op.kind === "calloc") {
      const address = op.kind === "malloc" ? malloc(ctx, op.size) : calloc(ctx, 1, op.size);
      if (address === NULL) return;
      if (op.kind === "calloc") {
        expect(
          this.#bytes()
            .subarray(address, address + op.size)
            .every((b) => b === 0),
        ).toBe(true);
      }
      this.#born(address, op.size);
      return;
    }
    const block = this.blocks[op.at % (this.blocks.length || 1)];
    if (block === undefined) return;
    this.#check(block);
    this.blocks.splice(this.blocks.indexOf(block), 1);
    if (op.kind === "free") {
      free(ctx, block.address);
      return;
    }
    const address = realloc(ctx, block.address, op.size);
    if (address === NULL) {
      this.blocks.push(block);
      this.#check(block);
      return;
    }
    this.#check({ ...block, address, size: Math.min(block.size, op.size) });
    this.#born(address, op.size);
  }

  /** Everything that should be there is. */
  check(): void {
    for (const block of this.blocks) this.#check(block);
    const sorted = this.blocks.toSorted((a, b) => a.address - b.address);
    for (let n = 1; n < sorted.length; n++) {
      expect(sorted[n]!.address).toBeGreaterThanOrEqual(
        sorted[n - 1]!.address + Math.max(sorted[n - 1]!.size, 1),
      );
    }
  }

  freeAll(): void {
    for (const { address } of this.blocks.splice(0)) this.#raw.free(this.#raw.ctx, address);
  }

  #born(address: number, size: number): void {
    expect(address % 8).toBe(0);
    const fill = (this.#fill = (this.#fill % 250) + 1);
    this.#bytes().fill(fill, address, address + size);
    this.blocks.push({ address, size, fill });
  }

  #check({ address, size, fill }: { address: number; size: number; fill: number }): void {
    const bytes = this.#bytes();
    for (let at = address; at < address + size; at++) {
      if (bytes[at] !== fill) expect.fail(`byte ${at - address} of ${size} at ${address} was lost`);
    }
  }
}

const pass: AllocatorFactory = (next) => ({ ...next });

/** Refuses the n-th request, counted over all of its life. */
const refusingEvery =
  (n: number): AllocatorFactory =>
  (next) => {
    let requests = 0;
    const met = (): boolean => ++requests % n !== 0;
    return {
      ...next,
      malloc: (_, size) => (met() ? next.malloc(next.ctx, size) : NULL),
      calloc: (_, nelem, elsize) => (met() ? next.calloc(next.ctx, nelem, elsize) : NULL),
      realloc: (_, ptr, size) => (met() ? next.realloc(next.ctx, ptr, size) : NULL),
    };
  };

const throwing: AllocatorFactory = (next) => {
  let calls = 0;
  const perhaps = (): void => {
    if (++calls % 5 === 0) throw new Error("every fifth time");
  };
  return {
    ...next,
    malloc: (_, size) => {
      perhaps();
      return next.malloc(next.ctx, size);
    },
    realloc: (_, ptr, size) => {
      perhaps();
      return next.realloc(next.ctx, ptr, size);
    },
  };
};

describe("random operations through the function table", () => {
  it.each([
    ["pymalloc", "pymalloc"],
    ["pymalloc in the debug hooks", "pymalloc_debug"],
    ["a factory", pass],
    ["a factory that refuses every third request", refusingEvery(3)],
    ["a factory that throws", throwing],
  ])(
    "%s: blocks of before and of now keep what is in them, to the end of draining",
    (_, allocator) => {
      const { live } = python;
      fc.assert(
        fc.property(program, program, program, (before, during, after) => {
          const model = new Model(live.getAllocator(RAW), () => live.memory.u8);
          for (const op of before) model.step(op);
          const installation = live.install({ allocator, domains: [RAW] });
          const verify = (): void => installation.walker?.verify();
          const next = new Model(live.getAllocator(RAW), () => live.memory.u8);
          next.blocks.push(...model.blocks);
          for (const op of during) {
            next.step(op);
            verify();
          }
          next.check();
          installation.uninstall();
          const last = new Model(live.getAllocator(RAW), () => live.memory.u8);
          last.blocks.push(...next.blocks);
          for (const op of after) {
            last.step(op);
            if (installation.state !== "removed") verify();
          }
          last.check();
          last.freeAll();
          expect(installation.state).toBe("removed");
          expect(live.installations).toEqual([]);
          if (allocator !== throwing) expect(installation.problems).toEqual([]);
        }),
        { numRuns: 25 },
      );
    },
    120_000,
  );

  it("every single request of pymalloc's for an arena or a table made to fail leaves it valid", () => {
    const { live } = python;
    for (let fail = 1; fail <= 8; fail++) {
      // Below pymalloc, in the same domain: refuses the n-th request, and pymalloc's tables come from here.
      let requests = 0;
      const below = live.install({
        domains: [RAW],
        allocator: (next) => ({
          ...next,
          realloc: (_, ptr, size) =>
            ++requests === fail ? NULL : next.realloc(next.ctx, ptr, size),
        }),
      });
      let arenas = 0;
      const installation: Installation = live.install({
        domains: [RAW],
        wrapArenas: (next) => ({
          ...next,
          alloc: (ctx, size) => (++arenas % fail === 0 ? NULL : next.alloc(ctx, size)),
        }),
      });
      const model = new Model(live.getAllocator(RAW), () => live.memory.u8);
      for (let n = 0; n < 3000; n++) model.step({ kind: "malloc", size: 200 + (n % 300) });
      installation.walker!.verify();
      expect(model.blocks.length).toBe(3000);
      model.check();
      model.freeAll();
      installation.walker!.verify();
      expect(installation.liveBlocks).toBe(0);
      expect(installation.large.liveBlocks).toBe(0);
      installation.uninstall();
      below.uninstall();
      expect(live.installations).toEqual([]);
    }
  });
});
