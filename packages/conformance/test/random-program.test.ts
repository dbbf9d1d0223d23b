import { lp64, NULL } from "@pyrena/abi";
import {
  between,
  checkProgram,
  formatProgram,
  mixedSizes,
  type Operation,
  ProgramRun,
  randomProgram,
  runProgram,
  seededRandom,
  shrinkProgram,
} from "@pyrena/conformance";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { thrown } from "./broken.ts";
import { type Change, plainSubject } from "./plain-subject.ts";

describe("random numbers", () => {
  it("are the same for the same seed, on every machine", () => {
    const random = seededRandom(42);
    const drawn = Array.from({ length: 4 }, () => Math.floor(random() * 1e6));
    expect(drawn).toEqual([601103, 448290, 852465, 669734]);
    expect(seededRandom(42 + 2 ** 32)()).toBe(seededRandom(42)());
  });

  it("reach both ends of a range and nothing beyond", () => {
    const random = seededRandom(1);
    const drawn = new Set(Array.from({ length: 500 }, () => between(random, 3, 6)));
    expect([...drawn].sort()).toEqual([3, 4, 5, 6]);
  });
});

describe("a random program", () => {
  it("is plain data, and the same for the same seed", () => {
    const program = randomProgram(7);
    expect(program).toHaveLength(500);
    expect(JSON.parse(JSON.stringify(program))).toEqual(randomProgram(7));
    expect(randomProgram(8)).not.toEqual(program);
  });

  it("has every kind of call, and the sizes that find mistakes", () => {
    const program = randomProgram(3, { length: 2000 });
    const kinds = new Set(program.map(({ op }) => op));
    expect([...kinds].sort()).toEqual(["calloc", "free", "malloc", "realloc"]);
    const sizes = program.flatMap((step) => (step.op === "malloc" ? [step.bytes] : []));
    expect(sizes).toContain(0);
    expect(sizes.some((bytes) => bytes > 8192)).toBe(true);
    expect(sizes.filter((bytes) => bytes <= 512).length).toBeGreaterThan(sizes.length / 2);
  });

  it("keeps within its slots and sizes", () => {
    const program = randomProgram(1, { length: 300, slots: 3, size: () => 40 });
    expect(program.every(({ slot }) => slot >= 0 && slot < 3)).toBe(true);
    expect(program.filter((step) => "bytes" in step && step.bytes !== 40)).toEqual([]);
    const random = seededRandom(5);
    for (let n = 0; n < 1000; n++) expect(mixedSizes(random)).toBeGreaterThanOrEqual(0);
  });

  it("reads like code", () => {
    const program: Operation[] = [
      { op: "malloc", slot: 1, bytes: 24 },
      { op: "calloc", slot: 2, nelem: 3, elsize: 8 },
      { op: "realloc", slot: 1, bytes: 30 },
      { op: "free", slot: 2 },
    ];
    expect(formatProgram(program)).toBe(
      "malloc(24) → s1; calloc(3, 8) → s2; realloc(s1, 30) → s1; free(s2)",
    );
  });
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    op: fc.constant("malloc" as const),
    slot: fc.nat(9),
    bytes: fc.nat(3000),
  }),
  fc.record({
    op: fc.constant("calloc" as const),
    slot: fc.nat(9),
    nelem: fc.nat(40),
    elsize: fc.nat(40),
  }),
  fc.record({
    op: fc.constant("realloc" as const),
    slot: fc.nat(9),
    bytes: fc.nat(3000),
  }),
  fc.record({ op: fc.constant("free" as const), slot: fc.nat(9) }),
);

describe("running a program", () => {
  it("accepts any list of operations, so that any part of a program can be run", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (program) => {
        const subject = plainSubject();
        const run = runProgram(subject, program, { checkEvery: 1 });
        expect(run.steps).toBe(program.length);
        expect(run.live.count).toBe(0);
        expect(subject.allocator.blocks.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("counts what was granted and what was refused", () => {
    const program: Operation[] = [
      { op: "malloc", slot: 0, bytes: 100 },
      { op: "malloc", slot: 1, bytes: 1 << 20 },
      { op: "realloc", slot: 0, bytes: 1 << 20 },
      { op: "realloc", slot: 2, bytes: 0 },
    ];
    const run = runProgram(plainSubject(), program, { freeAtEnd: false });
    expect(run).toMatchObject({ steps: 4, granted: 2, refused: 2 });
    expect([...run.live].map(({ bytes }) => bytes)).toEqual([100, 0]);
    expect(run.live.bytes).toBe(100);
    run.finish();
    expect(run.live.count).toBe(0);
  });

  it("shows the block in each slot between steps", () => {
    const subject = plainSubject();
    const run = new ProgramRun(subject);
    run.step({ op: "malloc", slot: 4, bytes: 33 });
    const block = run.block(4);
    expect(subject.allocator.blocks.has(block?.address ?? 0)).toBe(true);
    expect(run.block(5)).toBeUndefined();
    run.step({ op: "free", slot: 4 });
    expect(run.block(4)).toBeUndefined();
  });

  it("notices a byte that changes between two steps, wherever it lies", () => {
    for (const bytes of [1, 17, 4096, 16_384, 60_000]) {
      for (const at of [0, bytes >> 1, bytes - 1]) {
        const subject = plainSubject();
        const run = new ProgramRun(subject);
        run.step({ op: "malloc", slot: 0, bytes });
        const { address } = run.block(0) as { address: number };
        // Of long blocks only every 61st byte between the ends is watched.
        for (let near = at; near < Math.min(bytes, at + 61); near++)
          subject.memory.u8[address + near] ^= 0x40;
        expect(thrown(() => run.check())?.message).toContain(`live block of ${bytes} bytes`);
      }
    }
  });
});

describe("running a program in which realloc fails", () => {
  it("checks that the block was left alone, and says A5 if not", () => {
    const change: Change = (a, memory) => ({
      realloc: (ctx, ptr, size) => {
        const address = a.realloc(ctx, ptr, size);
        if (address === NULL) memory.u8[ptr + 5] ^= 1;
        return address;
      },
    });
    const run = new ProgramRun(plainSubject(lp64, change));
    run.step({ op: "malloc", slot: 0, bytes: 10 });
    const error = thrown(() => run.step({ op: "realloc", slot: 0, bytes: 1 << 20 }));
    expect(error?.message).toMatch(
      /byte 5 of the live block of 10 bytes .* realloc\(s0, 1048576\)/,
    );
    expect(error?.invariant).toBe("A5");
  });
});

describe("shrinking a program", () => {
  it("keeps only what the failure needs", () => {
    const needs = (program: readonly Operation[]): boolean =>
      program.some((step) => step.op === "malloc" && step.bytes >= 100) &&
      program.some((step) => step.op === "free" && step.slot === 7);
    const program = [
      ...randomProgram(5, { length: 300 }),
      { op: "malloc", slot: 0, bytes: 777 } as const,
      { op: "free", slot: 7 } as const,
    ];
    const short = shrinkProgram(program, needs);
    expect(short).toHaveLength(2);
    expect(short.find(({ op }) => op === "free")).toEqual({ op: "free", slot: 7 });
    const [{ bytes }] = short.filter((step) => step.op === "malloc");
    expect(bytes).toBeGreaterThanOrEqual(100);
    expect(bytes).toBeLessThan(200);
  });

  it("is done for every program that breaks a law", () => {
    const change: Change = (a, memory) => ({
      realloc: (ctx, ptr, size) => {
        const address = a.realloc(ctx, ptr, size);
        if (ptr !== 0 && size > 600) memory.u8[address] ^= 1;
        return address;
      },
    });
    const program = randomProgram(9, { length: 400 });
    const error = thrown(() => checkProgram(() => plainSubject(lp64, change), program, "seed 9"));
    expect(error?.invariant).toBe("A5");
    expect(error?.message).toMatch(
      /in seed 9, cut down to 2 operations: (malloc|calloc|realloc)\([^;]*; realloc\(s\d+, \d+\) → s\d+$/,
    );
  });

  it("leaves errors alone that are no broken law", () => {
    const make = (): never => {
      throw new TypeError("no subject");
    };
    expect(() => checkProgram(make, randomProgram(1))).toThrow(TypeError);
  });
});
