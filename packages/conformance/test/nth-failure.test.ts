import { LinearMemory, lp64, type MemoryHost, NULL, PyrenaError } from "@pyrena/abi";
import {
  everyFailure,
  failNth,
  failNthArena,
  NthFailure,
  plainAllocator,
  plainArenaSource,
  randomProgram,
  runProgram,
} from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { thrown } from "./broken.ts";
import { plainSubject, smallMemory } from "./plain-subject.ts";

describe("failNth", () => {
  it("fails the n-th request, counting malloc, calloc and realloc, and no other", () => {
    const { allocator } = plainSubject();
    const failing = failNth(allocator, 2);
    const one = failing.malloc(failing.ctx, 10);
    const two = failing.calloc(failing.ctx, 2, 5);
    failing.free(failing.ctx, NULL);
    expect([one, two]).not.toContain(NULL);
    expect(failing.realloc(failing.ctx, one, 100)).toBe(NULL);
    expect(allocator.blocks.has(one)).toBe(true);
    const moved = failing.realloc(failing.ctx, one, 100);
    expect(moved).not.toBe(NULL);
    failing.free(failing.ctx, moved);
    failing.free(failing.ctx, two);
    expect(allocator.blocks.size).toBe(0);
    expect(failing.walker).toBe(allocator.walker);
  });

  it("fails the n-th arena", () => {
    const source = failNthArena(plainArenaSource(plainAllocator(smallMemory(), lp64)), 1);
    const base = source.alloc(source.ctx, 4096);
    expect(base).not.toBe(NULL);
    expect(source.alloc(source.ctx, 4096)).toBe(NULL);
    expect(source.alloc(source.ctx, 4096)).not.toBe(NULL);
    source.free(source.ctx, base, 4096);
  });

  it("fails the n-th growth of a memory", () => {
    let buffer = new ArrayBuffer(65_536);
    const host: MemoryHost = {
      buffer: () => buffer,
      maxByteLength: 1 << 20,
      grow: (byteLength) => {
        buffer = buffer.transfer(byteLength);
        return true;
      },
    };
    const memory = LinearMemory.over(new NthFailure(1).host(host));
    expect(memory.grow(100_000)).toBe(true);
    expect(memory.grow(200_000)).toBe(false);
    expect(memory.byteLength).toBe(131_072);
    expect(memory.grow(200_000)).toBe(true);
  });

  it("counts everything it wraps together", () => {
    const failure = new NthFailure(1);
    const allocator = failure.allocator(plainSubject().allocator);
    const source = failure.arenas(plainArenaSource(allocator));
    expect(failure.happened).toBe(false);
    // The source's request is number 0; the allocator below it refuses number 1.
    expect(source.alloc(source.ctx, 100)).toBe(NULL);
    expect(failure).toMatchObject({ requests: 2, happened: true, n: 1 });
  });

  it("wants a number from 0", () => {
    expect(() => new NthFailure(-1)).toThrow(/0 or more, not -1/);
    expect(() => failNth(plainSubject().allocator, Number.NaN)).toThrow(PyrenaError);
  });
});

describe("everyFailure", () => {
  it("makes each request fail once, then lets all succeed", () => {
    const failed: number[] = [];
    const count = everyFailure((failure) => {
      const subject = plainSubject();
      const allocator = failure.allocator(subject.allocator);
      const program = randomProgram(4, { length: 60 });
      const run = runProgram({ ...subject, allocator }, program, { checkEvery: 1 });
      expect(subject.allocator.blocks.size).toBe(0);
      if (failure.happened) failed.push(failure.n);
      expect(run.refused).toBe(failure.happened ? 1 : 0);
    });
    expect(count).toBeGreaterThan(20);
    expect(failed).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  it("names the request whose failure was handled wrongly", () => {
    const scenario = (failure: NthFailure): void => {
      const { allocator, ctx } = { ctx: null, allocator: plainSubject().allocator };
      const { malloc } = failure.allocator(allocator);
      const blocks = [1, 2, 3].map((size) => malloc(ctx, size));
      if (blocks[1] === NULL) throw new Error("used NULL");
    };
    expect(() => everyFailure(scenario)).toThrow("with request 1 made to fail: used NULL");
  });

  it("keeps the code and the law of an error", () => {
    const error = thrown(() =>
      everyFailure((failure) => {
        if (failure.strikes()) throw new PyrenaError("law-broken", "lost", { invariant: "A5" });
      }),
    );
    expect(error).toMatchObject({ code: "law-broken", invariant: "A5" });
    expect(error?.message).toBe("with request 0 made to fail: lost");
  });

  it("refuses scenarios that request nothing, or that never end", () => {
    expect(() => everyFailure(() => {})).toThrow(/made no request/);
    expect(() =>
      everyFailure((failure) => {
        for (let n = 0; n < 50; n++) failure.strikes();
      }, 20),
    ).toThrow(/after 20 failures/);
  });
});
