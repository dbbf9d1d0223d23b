import { lp64, NULL } from "@pyrena/abi";
import { failNth } from "@pyrena/conformance";
import { attachFaultInjector, createCounter, createFaultInjector } from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { hooked } from "./damage.ts";

function limited(limitBytes: number) {
  const { memory, next } = hooked(lp64);
  const counter = createCounter(next, { memory, abi: lp64 });
  return { counter, next, limit: createFaultInjector(counter, { limitBytes }) };
}

describe("a limit on live bytes", () => {
  it("lets through what fits exactly, and refuses one byte more", () => {
    const { limit, counter } = limited(100);
    const { ctx, malloc, calloc } = limit;
    const block = malloc(ctx, 60);
    expect(block).not.toBe(NULL);
    expect(calloc(ctx, 1, 41)).toBe(NULL);
    expect(calloc(ctx, 4, 10)).not.toBe(NULL);
    expect(malloc(ctx, 1)).toBe(NULL);
    expect(malloc(ctx, 0)).not.toBe(NULL);
    expect(limit.refused).toBe(2);
    limit.free(ctx, block);
    expect(malloc(ctx, 60)).not.toBe(NULL);
    expect(counter.liveBytes).toBe(100);
  });

  it("counts of a realloc what it grows, and never refuses to shrink", () => {
    const { limit, counter } = limited(100);
    const { ctx, malloc, realloc } = limit;
    const block = realloc(ctx, NULL, 80);
    expect(realloc(ctx, NULL, 21)).toBe(NULL);
    expect(realloc(ctx, block, 101)).toBe(NULL);
    const grown = realloc(ctx, block, 100);
    expect(grown).not.toBe(NULL);
    limit.limitBytes = 10;
    expect(malloc(ctx, 1)).toBe(NULL);
    const shrunk = realloc(ctx, grown, 50);
    expect(shrunk).not.toBe(NULL);
    expect(realloc(ctx, shrunk, 50)).not.toBe(NULL);
    expect(counter.liveBytes).toBe(50);
    expect(limit.refused).toBe(3);
  });

  it("can be lifted, and stands in the heap", () => {
    const { limit, counter } = limited(0);
    expect(limit.malloc(limit.ctx, 1)).toBe(NULL);
    const again = attachFaultInjector(counter, { state: limit.state });
    expect(again).toMatchObject({ limitBytes: 0, refused: 1 });
    again.limitBytes = Number.POSITIVE_INFINITY;
    expect(limit.malloc(limit.ctx, 5000)).not.toBe(NULL);
  });

  it("is not part of what it counts", () => {
    const { counter, next } = limited(5);
    expect(counter.liveBlocks).toBe(0);
    expect(next.blocks.size).toBe(2);
  });

  it("must be a number of bytes", () => {
    const { limit, counter } = limited(5);
    for (const limitBytes of [-1, Number.NaN]) {
      expect(() => createFaultInjector(counter, { limitBytes })).toThrow(/0 bytes or more, not/);
      expect(() => {
        limit.limitBytes = limitBytes;
      }).toThrow(/0 bytes or more, not/);
    }
    const { memory, next } = hooked(lp64);
    const poor = createCounter(failNth(next, 1), { memory, abi: lp64 });
    expect(() => createFaultInjector(poor, { limitBytes: 1 })).toThrow(/no room for a state/);
  });
});
