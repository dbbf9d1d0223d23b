import { readFileSync } from "node:fs";
import { type Address, HEAP_HEADER_BYTES, type Profile, profiles } from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildEngine } from "../engine/build.ts";
import { ENGINE_NUMBERS } from "../src/engine-bytes.ts";
import { engineNumbers } from "../src/engine-numbers.ts";
import {
  createPymalloc,
  engineLayout,
  instantiatePymallocEngine,
  type PymallocEngineFunctions,
  rawAllocatedBlocks,
} from "../src/index.ts";
import { DOMAIN, type EngineHeap, engineHeap, heapBytes, recordFor } from "./support/engine.ts";
import { layers } from "./support/layers.ts";

const ilp32 = profiles.filter(({ abi }) => abi.name === "ilp32");
const newest = ilp32.at(-1)!;

/** The TypeScript engine in the engine's form. */
function typescript({ pymalloc }: EngineHeap): PymallocEngineFunctions {
  const { ctx } = pymalloc;
  return {
    malloc: (_, size) => pymalloc.malloc(ctx, size),
    calloc: (_, nelem, elsize) => pymalloc.calloc(ctx, nelem, elsize),
    realloc: (_, ptr, size) => pymalloc.realloc(ctx, ptr, size),
    free: (_, ptr) => pymalloc.free(ctx, ptr),
  };
}

interface Plan {
  /** Offset of arenas past a multiple of their size. */
  readonly offset: number;
  /** Every n-th request of an arena or of a raw block fails; 0 = none. */
  readonly arenasFail: number;
  readonly rawFails: number;
  /** After so many steps the other engine goes on with the subject. */
  readonly switchEvery: number;
  readonly compareEvery: number;
  readonly steps: readonly (readonly [kind: number, size: number, which: number])[];
}

/** Run the steps on two heaps, one of them by WebAssembly, and compare results and bytes. Returns the subject. */
function compareEngines(profile: Profile, plan: Plan): EngineHeap {
  const reference = engineHeap(profile, { offset: plan.offset });
  const subject = engineHeap(profile, { offset: plan.offset });
  for (const { arenas, raw } of [reference, subject]) {
    const { requests } = raw;
    arenas.fails = (n) => plan.arenasFail > 0 && n % plan.arenasFail === 0;
    raw.fails = (n) => plan.rawFails > 0 && (n - requests) % plan.rawFails === 0;
  }
  const wasm = subject.start().functions;
  const other = typescript(subject);
  const expected = typescript(reference);
  const live: Address[] = [];
  // Contents are compared too, so that a copy that is too short shows.
  const write = (address: Address, size: number): void => {
    for (const { memory } of [reference, subject]) {
      memory.u8.fill((address >>> 3) & 0xff, address, address + size);
    }
  };
  for (const [n, [kind, size, which]] of plan.steps.entries()) {
    const engine =
      plan.switchEvery > 0 && Math.floor(n / plan.switchEvery) % 2 === 1 ? other : wasm;
    const run = (functions: PymallocEngineFunctions): number => {
      const at = which % Math.max(live.length, 1);
      switch (kind) {
        case 0:
          return functions.malloc(DOMAIN, size) >>> 0;
        case 1:
          return functions.calloc(DOMAIN, 1 + (which % 3), size) >>> 0;
        case 2:
          return functions.realloc(DOMAIN, live[at] ?? 0, size) >>> 0;
        default:
          functions.free(DOMAIN, live[at] ?? 0);
          return 0;
      }
    };
    const address = run(engine);
    expect(address, `step ${n}`).toBe(run(expected));
    const at = which % Math.max(live.length, 1);
    if (kind === 3) live.splice(at, 1);
    else if (kind === 2 && address !== 0) live.splice(at, live.length === 0 ? 0 : 1, address);
    else if (kind < 2 && address !== 0) live.push(address);
    if (kind === 0 && address !== 0) write(address, size);
    if (n % plan.compareEvery === 0 || n === plan.steps.length - 1) {
      subject.pymalloc.walker.verify();
      const same = heapBytes(subject).equals(heapBytes(reference));
      expect(same, `the heaps' bytes after step ${n}`).toBe(true);
    }
  }
  return subject;
}

const size = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 512 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 8, 9, 511, 512, 513) },
  { weight: 1, arbitrary: fc.integer({ min: 513, max: 3000 }) },
);
const step = fc.tuple(fc.constantFrom(0, 0, 0, 1, 2, 2, 3, 3), size, fc.nat(1 << 20));

/** A long program of few size classes that fills and empties arenas; the same for the same seed. */
function longProgram(steps: number, seed: number): Plan["steps"] {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: steps }, (_, n) => {
    // Growth and decline by turns, so that arenas come and go.
    const growing = n % 5000 < 2000;
    const kind = next(10) < (growing ? 9 : 0) ? (next(8) === 0 ? 1 : 0) : next(6) === 0 ? 2 : 3;
    return [kind, next(12) === 0 ? next(1200) : 400 + next(112), next(1 << 20)];
  });
}

describe("the WebAssembly engine", () => {
  it("leaves the same bytes as the TypeScript engine after every step", () => {
    fc.assert(
      fc.property(
        fc.record({
          offset: fc.constantFrom(0, 16, 4096, 100_000),
          arenasFail: fc.constantFrom(0, 2, 3),
          rawFails: fc.constantFrom(0, 3, 7),
          switchEvery: fc.constantFrom(0, 1, 5),
          compareEvery: fc.constant(1),
          steps: fc.array(step, { minLength: 1, maxLength: 60 }),
        }),
        (plan) => void compareEngines(newest, plan),
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ["alone", 0, 0, 0, 0],
    ["in turns with TypeScript", 97, 0, 0, 0],
    ["with arenas that are not aligned", 0, 1000, 0, 0],
    ["while arenas and raw blocks are refused", 97, 0, 3, 5],
  ] as const)(
    "leaves the same bytes after 12 000 steps %s",
    (_, switchEvery, offset, arenasFail, rawFails) => {
      const steps = longProgram(12_000, 7);
      const plan = { switchEvery, offset, arenasFail, rawFails, compareEvery: 500, steps };
      const { arenas } = compareEngines(newest, plan);
      expect(arenas.requests).toBeGreaterThan(3);
      expect(arenas.freed.length).toBeGreaterThan(2);
    },
  );

  it("keeps a block in place, or moves it, at exactly the sizes where TypeScript does", () => {
    const { pymalloc, start } = engineHeap(newest);
    const { ctx } = pymalloc;
    const { malloc, realloc } = start().functions;
    for (let blockBytes = 8; blockBytes <= 512; blockBytes += 8) {
      for (let newSize = 1; newSize <= blockBytes + 1; newSize++) {
        const [one, other] = [malloc(DOMAIN, blockBytes), malloc(DOMAIN, blockBytes)];
        const moves = pymalloc.realloc(ctx, one, newSize) !== one;
        expect(realloc(DOMAIN, other, newSize) !== other, `${blockBytes} to ${newSize}`).toBe(
          moves,
        );
      }
    }
  });

  it("follows each version of CPython, 3.8 with its last arena too", () => {
    const steps = longProgram(5000, 3);
    const plan = {
      switchEvery: 0,
      offset: 0,
      arenasFail: 0,
      rawFails: 0,
      compareEvery: 1000,
      steps,
    };
    for (const profile of ilp32) {
      expect(engineNumbers(profile), profile.name).toEqual(ENGINE_NUMBERS);
      const { arenas } = compareEngines(profile, plan);
      expect(arenas.freed.length).toBeGreaterThan(0);
    }
  });

  it("is what its sources compile to", async () => {
    const committed = readFileSync(new URL("../src/engine-bytes.ts", import.meta.url), "utf8");
    expect(await buildEngine()).toBe(committed);
  });

  it("refuses an lp64 heap, another memory and a state that is not aligned", () => {
    const lp64 = profiles.find(({ abi }) => abi.name === "lp64")!;
    const heap = engineHeap(newest);
    const made = layers(lp64);
    const foreign = createPymalloc(made.heap, {
      raw: made.raw.allocator,
      arenas: made.arenas.allocator,
    });
    const options = { memory: heap.wasm, table: heap.table, state: heap.engineAt, previous: [] };
    expect(() => instantiatePymallocEngine(foreign, options)).toThrow(/built for ilp32/);
    const memory = new WebAssembly.Memory({ initial: 1 });
    expect(() => heap.start({ memory })).toThrow(/must be the pymalloc's own/);
    expect(() => heap.start({ state: heap.engineAt + 4 })).toThrow(/multiple of 8/);
  });

  it("has a double free reported by the TypeScript code", () => {
    const heap = engineHeap(newest);
    const { malloc, free } = heap.start().functions;
    const block = malloc(DOMAIN, 24);
    free(DOMAIN, block);
    expect(() => free(DOMAIN, block)).toThrow(/freed already/);
    heap.pymalloc.walker.verify();
  });

  it("answers NULL when an arena source throws, and tells", () => {
    const heap = engineHeap(newest);
    const errors: unknown[] = [];
    const { malloc } = heap.start({ onError: (_, error) => errors.push(error) }).functions;
    heap.arenas.fails = () => {
      throw new Error("no more arenas");
    };
    expect(malloc(DOMAIN, 24)).toBe(0);
    expect(String(errors)).toMatch(/no more arenas/);
    heap.arenas.fails = () => false;
    expect(malloc(DOMAIN, 24)).not.toBe(0);
    heap.pymalloc.walker.verify();
  });

  it("hands over: every later call is the host's", () => {
    const heap = engineHeap(newest);
    const calls: string[] = [];
    const answer = (name: string, args: readonly number[], result: number): number => {
      calls.push(`${name} ${args}`);
      return result;
    };
    const engine = heap.start({
      host: {
        malloc: (...args) => answer("malloc", args, 8),
        calloc: (...args) => answer("calloc", args, 16),
        realloc: (...args) => answer("realloc", args, 24),
        free: (...args) => void answer("free", args, 0),
      },
    });
    const { malloc, calloc, realloc, free } = engine.functions;
    const block = malloc(DOMAIN, 100);
    expect(heap.pymalloc.walker.owns(block)).toBe(true);
    engine.handOver();
    // The memory may have gone to somebody else.
    heap.memory.u8.fill(0, engine.state, engine.state + engineLayout.bytes);
    expect([malloc(1, 2), calloc(1, 2, 3), realloc(1, 8, 5), free(1, block)]).toEqual([
      8,
      16,
      24,
      undefined,
    ]);
    expect(calls).toEqual(["malloc 1,2", "calloc 1,2,3", "realloc 1,8,5", `free 1,${block}`]);
  });
});

describe("the engine's figures", () => {
  const { at } = engineLayout;
  const figures = (heap: EngineHeap, offset: number, count: number): number[] => {
    const from = (heap.engineAt + offset) / 8;
    return [...heap.memory.f64.subarray(from, from + count)];
  };
  const requests = (heap: EngineHeap): number[] => figures(heap, at.requests + DOMAIN * 64, 6);

  it("count calls, refusals, bytes in pools and their peak", () => {
    const heap = engineHeap(newest);
    const { malloc, calloc, realloc, free } = heap.start().functions;
    const a = malloc(DOMAIN, 1); // 8
    const b = calloc(DOMAIN, 3, 33); // 104
    expect(figures(heap, at.pooled, 2)).toEqual([112, 112]);
    const c = realloc(DOMAIN, a, 200); // 200 for 8
    expect(figures(heap, at.pooled, 2)).toEqual([304, 304]);
    expect(realloc(DOMAIN, c, 199)).toBe(c);
    free(DOMAIN, b);
    free(DOMAIN, 0);
    expect(figures(heap, at.pooled, 2)).toEqual([200, 304]);
    const large = realloc(DOMAIN, c, 1000);
    expect(figures(heap, at.pooled, 2)).toEqual([0, 304]);
    heap.raw.fails = () => true;
    expect(malloc(DOMAIN, 513)).toBe(0);
    expect(calloc(DOMAIN, 0xffff_ffff, 0xffff_ffff)).toBe(0);
    expect(realloc(DOMAIN, large, 2000)).toBe(0);
    expect(requests(heap)).toEqual([2, 2, 4, 2, 3, 0]);
  });

  it.each([true, false])("tell blocks passed on from older ones; pages to be had: %s", (pages) => {
    const heap = engineHeap(newest);
    const { raw, pymalloc } = heap;
    const older = [raw.malloc(700), raw.malloc(800)] as const;
    const record = recordFor(heap);
    record.pages = pages;
    const { malloc, realloc, free } = heap.start({ record }).functions;
    const blocks = [600, 5000, 1 << 16].map((bytes) => malloc(DOMAIN, bytes));
    expect(record.size()).toBe(3);
    expect(record.overflow.size).toBe(pages ? 0 : 3);
    const all = 600 + 5000 + (1 << 16);
    expect(figures(heap, at.passed_on, 3)).toEqual([3, all, 1 << 16]);
    expect(rawAllocatedBlocks(pymalloc.ctx)).toBe(3);

    // Older ones: counted as foreign, whatever is done with them.
    free(DOMAIN, older[0]);
    const moved = realloc(DOMAIN, older[1], 900);
    free(DOMAIN, moved);
    expect(requests(heap)).toEqual([3, 0, 1, 2, 0, 3]);
    expect(record.size()).toBe(3);
    expect(rawAllocatedBlocks(pymalloc.ctx)).toBe(3);

    const larger = realloc(DOMAIN, blocks[0]!, 700);
    expect(figures(heap, at.passed_on, 3)).toEqual([5, all + 900 + 700, 1 << 16]);
    raw.fails = () => true;
    expect(realloc(DOMAIN, larger, 1 << 17)).toBe(0);
    raw.fails = () => false;
    expect(record.size()).toBe(3);
    for (const block of [larger, blocks[1]!, blocks[2]!]) free(DOMAIN, block);
    expect(record.size()).toBe(0);
    expect(record.overflow.size).toBe(0);
    expect(rawAllocatedBlocks(pymalloc.ctx)).toBe(0);
  });

  it("lie where the layout is drawn", () => {
    expect(at).toEqual({
      previous: 0,
      record: 60,
      keeps_last_arena: 64,
      requests: 72,
      pooled: 264,
      passed_on: 280,
    });
    expect(engineLayout.bytes).toBe(304);
    expect(HEAP_HEADER_BYTES % engineLayout.alignment).toBe(0);
  });
});
