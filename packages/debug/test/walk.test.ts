import { lp64, MEM, OBJ, PyrenaError } from "@pyrena/abi";
import { plainAllocator } from "@pyrena/conformance";
import { createDebugHooks } from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { hooked } from "./damage.ts";
import { stack } from "./stacks.ts";

describe("the walker of hooks", () => {
  it("is named as CPython names hooked allocators", () => {
    expect(stack("pymalloc", "lp64").hooks.walker?.name).toBe("pymalloc_debug");
  });

  it("shows blocks as the caller sees them, of all domains that share the allocator", () => {
    const { memory, next, hooks } = hooked(lp64, MEM);
    const other = createDebugHooks(next, { memory, abi: lp64, domain: OBJ });
    const one = hooks.malloc(hooks.ctx, 10);
    const two = other.malloc(other.ctx, 33);
    const shown: [number, number][] = [];
    hooks.walker?.walk({ block: (address, bytes) => void shown.push([address, bytes]) });
    expect(shown).toEqual([
      [one, 10],
      [two, 33],
    ]);
    expect(hooks.walker?.usableSize(one)).toBe(10);
    expect(hooks.walker?.usableSize(two)).toBe(33);
  });

  it("shows blocks that went past the hooks as they are", () => {
    const { next, hooks } = hooked(lp64);
    const plain = next.malloc(null, 100);
    const shown: [number, number][] = [];
    hooks.walker?.walk({ block: (address, bytes) => void shown.push([address, bytes]) });
    expect(shown).toEqual([[plain, 112]]);
    expect(hooks.walker?.usableSize(plain)).toBe(112);
  });

  it("is not misled by a block that happens to start like a hooked one", () => {
    const { memory, next, hooks } = hooked(lp64);
    const hookedBlock = hooks.malloc(hooks.ctx, 40);
    const plain = next.malloc(null, 100);
    // Header of a hooked block of 40 bytes, then the same with a size that the block has no room for.
    for (const [size, shown] of [
      [40, [plain + 16, 40]],
      [90, [plain, 112]],
    ] as const) {
      memory.u8.copyWithin(plain, hookedBlock - 16, hookedBlock);
      memory.u8[plain + 7] = size;
      const blocks: [number, number][] = [];
      hooks.walker?.walk({ block: (address, bytes) => void blocks.push([address, bytes]) });
      expect(blocks[1]).toEqual(shown);
    }
  });

  it("verifies the trailing pad of every live block", () => {
    const { memory, hooks } = hooked(lp64);
    const blocks = [5, 6, 7].map((bytes) => hooks.malloc(hooks.ctx, bytes));
    hooks.walker?.verify();
    memory.u8[blocks[1] + 6] = 0;
    try {
      hooks.walker?.verify();
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(PyrenaError);
      expect(error).toMatchObject({
        code: "heap-corrupt",
        invariant: "D1",
        address: blocks[1],
        size: 6,
      });
    }
  });

  it("verifies the allocator below too", () => {
    const { memory } = hooked(lp64);
    const plain = plainAllocator(memory, lp64);
    const verify = (): never => {
      throw new PyrenaError("heap-corrupt", "P3 is broken below");
    };
    const broken = { ...plain, walker: { ...plain.walker, verify } };
    const hooks = createDebugHooks(broken, { memory, abi: lp64, domain: MEM });
    expect(() => hooks.walker?.verify()).toThrow("P3 is broken below");
  });
});
