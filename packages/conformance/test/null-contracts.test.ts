import { eventKinds, NULL, requireAllocator } from "@pyrena/abi";
import {
  nullAllocator,
  nullArenaSource,
  nullSink,
  nullStatSource,
  nullWalker,
  plainArenaSource,
  recordingSink,
} from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { thrown } from "./broken.ts";
import { plainSubject } from "./plain-subject.ts";

describe("the null allocator", () => {
  it("is a complete allocator that has nothing", () => {
    requireAllocator(nullAllocator, "nullAllocator");
    expect(nullAllocator.malloc(null, 1)).toBe(NULL);
    expect(nullAllocator.calloc(null, 1, 1)).toBe(NULL);
    expect(nullAllocator.realloc(null, NULL, 1)).toBe(NULL);
    nullAllocator.free(null, NULL);
    expect(nullAllocator.walker).toBe(nullWalker);
  });

  it("names the address of a block that cannot be its own", () => {
    for (const call of [
      () => nullAllocator.free(null, 0x1230),
      () => nullAllocator.realloc(null, 0x1230, 8),
      () => nullArenaSource.free(null, 0x1230, 4096),
      () => nullWalker.usableSize(0x1230),
    ]) {
      const error = thrown(call);
      expect(error).toMatchObject({ code: "foreign-pointer", address: 0x1230 });
      expect(error?.message).toContain("0x1230");
    }
  });
});

describe("the other null versions", () => {
  it("have, own and find nothing", () => {
    expect(nullArenaSource.alloc(null, 4096)).toBe(NULL);
    expect(nullWalker.owns(4096)).toBe(false);
    nullWalker.walk({ region: () => expect.unreachable(), block: () => expect.unreachable() });
    nullWalker.verify();
    expect(nullStatSource.declarations).toEqual([]);
    expect(() => nullStatSource.read(0)).toThrow(/no statistic 0/);
  });

  it("drop events", () => {
    expect(nullSink.event(nullSink.ctx, eventKinds.grow, 1, 2, 3)).toBeUndefined();
  });
});

describe("the stand-ins", () => {
  it("keep events as they came", () => {
    const sink = recordingSink();
    sink.event(sink.ctx, eventKinds.arenaAlloc, 4096, 262_144, 0);
    sink.event(sink.ctx, eventKinds.arenaFree, 4096, 262_144, 0);
    expect(sink.ctx).toEqual([
      { kind: eventKinds.arenaAlloc, a: 4096, b: 262_144, c: 0 },
      { kind: eventKinds.arenaFree, a: 4096, b: 262_144, c: 0 },
    ]);
    expect(recordingSink().ctx).toEqual([]);
  });

  it("notice pointers that are not theirs", () => {
    const { allocator } = plainSubject();
    const block = allocator.malloc(null, 10);
    allocator.free(null, block);
    expect(() => allocator.free(null, block)).toThrow(/no block is live/);
    expect(() => allocator.realloc(null, block + 4, 1)).toThrow(/no block is live/);
    expect(() => allocator.walker.usableSize(block)).toThrow(/no block is live/);
    const source = plainArenaSource(allocator);
    const base = source.alloc(null, 4096);
    expect(() => source.free(null, base, 4095)).toThrow(/4095 bytes.*has 4096/);
    expect(() => source.free(null, base + 16, 4096)).toThrow(/has none/);
    source.free(null, base, 4096);
    expect(allocator.blocks.size + source.regions.size).toBe(0);
  });
});
