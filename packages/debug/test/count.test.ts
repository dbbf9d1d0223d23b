import { ilp32, layoutOf, lp64, NULL, type PyMemAllocatorEx, PyrenaError } from "@pyrena/abi";
import { failNth, nullAllocator, ProgramRun, randomProgram } from "@pyrena/conformance";
import { attachCounter, type Counter, counterState, createCounter } from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { hooked } from "./damage.ts";

/** A counter over a plain allocator. */
function counted(abi = lp64): {
  counter: Counter;
  memory: ReturnType<typeof hooked>["memory"];
  next: ReturnType<typeof hooked>["next"];
} {
  const { memory, next } = hooked(abi);
  return { counter: createCounter(next, { memory, abi }), memory, next };
}

/** The statistics by name. */
function stats({ stats: source }: Counter): Record<string, number> {
  return Object.fromEntries(source.declarations.map(({ name }, n) => [name, source.read(n)]));
}

describe.each([lp64, ilp32])("a counter on $name", (abi) => {
  it("counts live and peak blocks and bytes, as asked for", () => {
    const { counter } = counted(abi);
    const { ctx, malloc, calloc, realloc, free } = counter;
    const one = malloc(ctx, 10);
    const two = calloc(ctx, 3, 7);
    expect(stats(counter)).toEqual({
      liveBlocks: 2,
      peakBlocks: 2,
      liveBytes: 31,
      peakBytes: 31,
      totalBytes: 31,
      calls: 2,
      refused: 0,
    });
    free(ctx, one);
    const three = realloc(ctx, two, 5);
    free(ctx, NULL);
    expect(stats(counter)).toMatchObject({
      liveBlocks: 1,
      liveBytes: 5,
      peakBytes: 31,
      totalBytes: 36,
      calls: 3,
    });
    expect(malloc(ctx, 1 << 20)).toBe(NULL);
    expect(realloc(ctx, three, 2 ** 33)).toBe(NULL);
    expect(stats(counter)).toMatchObject({ liveBlocks: 1, liveBytes: 5, refused: 2 });
    expect(counter).toMatchObject({ liveBlocks: 1, liveBytes: 5 });
  });

  it("lists what has not been freed, oldest first, with the call that made it", () => {
    const { counter } = counted(abi);
    const { ctx, malloc, realloc, free } = counter;
    const blocks = [1, 2, 3, 4, 5].map((bytes) => malloc(ctx, bytes));
    free(ctx, blocks[0]);
    free(ctx, blocks[2]);
    // Resizing makes a block the youngest.
    const moved = realloc(ctx, blocks[1], 22);
    expect(counter.leaks()).toEqual([
      { address: blocks[3], bytes: 4, call: 4 },
      { address: blocks[4], bytes: 5, call: 5 },
      { address: moved, bytes: 22, call: 6 },
    ]);
    for (const { address } of counter.leaks()) free(ctx, address);
    expect(counter.leaks()).toEqual([]);
    expect(stats(counter)).toMatchObject({ liveBlocks: 0, liveBytes: 0 });
  });

  it("knows at every step of a program just the blocks that are live", () => {
    for (const seed of [1, 2, 3]) {
      const { counter, memory } = counted(abi);
      const run = new ProgramRun({ allocator: counter, memory, abi });
      for (const operation of randomProgram(seed, { length: 200, slots: 12 })) {
        run.step(operation);
        const leaks = counter.leaks().map(({ address, bytes }) => [address, bytes]);
        const live = [...run.live].map(({ address, bytes }) => [address, bytes]);
        expect(leaks.sort(([a], [b]) => a - b)).toEqual(live);
        expect(counter.liveBytes).toBe(run.live.bytes);
      }
      run.finish();
    }
  });
});

describe("a counter", () => {
  it("keeps its numbers in the heap: another one attached there goes on with them", () => {
    const { counter, memory, next } = counted();
    const block = counter.malloc(counter.ctx, 10);
    const again = attachCounter(next, { memory, abi: lp64, state: counter.state });
    again.free(again.ctx, block);
    again.malloc(again.ctx, 3);
    expect(stats(counter)).toMatchObject({ liveBlocks: 1, liveBytes: 3, calls: 2 });
    expect(counter.leaks()).toEqual(again.leaks());
  });

  it("has a state without gaps, the same on both data models", () => {
    const layout = layoutOf(counterState, lp64);
    expect(layout.bytes).toBe(56);
    expect(layoutOf(counterState, ilp32).at).toEqual(layout.at);
    expect(layout.fields.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(56);
  });

  it("does not run in circles in a list that something has overwritten", () => {
    const { counter, memory } = counted(ilp32);
    const [one, two] = [8, 8].map((bytes) => counter.malloc(counter.ctx, bytes));
    memory.u32[(two - 16) >>> 2] = one - 16;
    expect(counter.leaks()).toHaveLength(2);
  });

  it("says so when there is no room for its state", () => {
    const { memory, next } = hooked(lp64);
    const options = { memory, abi: lp64 };
    expect(() => createCounter(nullAllocator as PyMemAllocatorEx, options)).toThrow(
      /no room for the counter's state/,
    );
    expect(() => createCounter(failNth(next, 0), options)).toThrow(PyrenaError);
    expect(() => createCounter({ malloc: next.malloc } as never, options)).toThrow(
      /calloc, realloc, free/,
    );
    expect(next.blocks.size).toBe(0);
    const { counter } = counted();
    expect(() => counter.stats.read(7)).toThrow(/no statistic 7/);
  });
});
