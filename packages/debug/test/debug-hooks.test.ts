import {
  type Abi,
  type Domain,
  ilp32,
  LinearMemory,
  lp64,
  MEM,
  NULL,
  OBJ,
  type PyMemAllocatorEx,
  PyrenaError,
  RAW,
} from "@pyrena/abi";
import { failNth, plainAllocator } from "@pyrena/conformance";
import { createDebugHooks, type DebugHooks } from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { caught, hooked } from "./damage.ts";

const abis = [lp64, ilp32];

/** The pattern of the tests: byte `at` of a block. */
const byte = (at: number): number => (at * 7 + 1) & 0xff;

function fill(memory: LinearMemory, address: number, bytes: number): void {
  for (let at = 0; at < bytes; at++) memory.u8[address + at] = byte(at);
}

describe.each(abis)("on $name, memory", (abi) => {
  it("is filled with 0xCD by malloc, and by realloc where it grows", () => {
    const { memory, hooks } = hooked(abi);
    const { ctx, malloc, realloc } = hooks;
    const block = malloc(ctx, 200);
    expect(new Set(memory.u8.slice(block, block + 200))).toEqual(new Set([0xcd]));
    fill(memory, block, 200);
    const grown = realloc(ctx, block, 300);
    expect([...memory.u8.slice(grown, grown + 200)]).toEqual(
      Array.from({ length: 200 }, (_, n) => byte(n)),
    );
    expect(new Set(memory.u8.slice(grown + 200, grown + 300))).toEqual(new Set([0xcd]));
  });

  it("is zero after calloc, whatever stood there", () => {
    const { memory, hooks } = hooked(abi);
    memory.u8.fill(0xff, 2048);
    const block = hooks.calloc(hooks.ctx, 7, 9);
    expect(new Set(memory.u8.slice(block, block + 63))).toEqual(new Set([0]));
  });

  it("is filled with 0xDD by free, fences and all, before the allocator below gets it", () => {
    const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 16 });
    const plain = plainAllocator(memory, abi);
    const freed: number[][] = [];
    const next: PyMemAllocatorEx<null> = {
      ...plain,
      free: (ctx, base) => {
        freed.push([...memory.u8.slice(base, base + 100 + 3 * abi.pointerBytes)]);
        plain.free(ctx, base);
      },
    };
    const { ctx, malloc, free } = createDebugHooks(next as PyMemAllocatorEx, {
      memory,
      abi,
      domain: MEM,
    });
    free(ctx, malloc(ctx, 100));
    expect(freed).toEqual([Array(100 + 3 * abi.pointerBytes).fill(0xdd)]);
  });

  it("is asked for as n bytes and three words, and calloc as one piece", () => {
    const asked: number[][] = [];
    const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 16 });
    const next: PyMemAllocatorEx = {
      ctx: "the context",
      malloc: (ctx, size) => {
        expect(ctx).toBe("the context");
        asked.push([size]);
        return 4096;
      },
      calloc: (_, nelem, elsize) => {
        asked.push([nelem, elsize]);
        return 8192;
      },
      realloc: (_, ptr, size) => {
        asked.push([ptr, size]);
        return ptr;
      },
      free: (_, ptr) => void asked.push([ptr]),
    };
    const { ctx, malloc, calloc, realloc, free } = createDebugHooks(next, {
      memory,
      abi,
      domain: OBJ,
    });
    const word = abi.pointerBytes;
    expect(malloc(ctx, 10)).toBe(4096 + 2 * word);
    expect(calloc(ctx, 3, 5)).toBe(8192 + 2 * word);
    realloc(ctx, 4096 + 2 * word, 4);
    free(ctx, 8192 + 2 * word);
    free(ctx, NULL);
    expect(asked).toEqual([[10 + 3 * word], [1, 15 + 3 * word], [4096, 4 + 3 * word], [8192]]);
  });
});

describe("requests that with their fences exceed PY_SSIZE_T_MAX", () => {
  it.each(abis)("are refused on $name without a call to the allocator below", (abi) => {
    const calls: number[] = [];
    const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 16 });
    const refuse = (_: unknown, size: number): number => {
      calls.push(size);
      return NULL;
    };
    const next: PyMemAllocatorEx = {
      ctx: null,
      malloc: refuse,
      calloc: (_, nelem, elsize) => refuse(null, nelem * elsize),
      realloc: (_, __, size) => refuse(null, size),
      free: () => {},
    };
    const { ctx, malloc, calloc, realloc } = createDebugHooks(next, { memory, abi, domain: RAW });
    // In lp64 the limit is what a linear memory can have at all.
    const most = (abi === ilp32 ? 2 ** 31 - 1 : 2 ** 32 - 1) - 3 * abi.pointerBytes;
    for (const size of [most + 1, most + 2, 2 ** 32 - 1, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(malloc(ctx, size)).toBe(NULL);
      expect(calloc(ctx, 1, size)).toBe(NULL);
      expect(calloc(ctx, size, 1)).toBe(NULL);
      expect(realloc(ctx, NULL, size)).toBe(NULL);
    }
    expect(calloc(ctx, 2 ** 31, 2 ** 31)).toBe(NULL);
    // Nor is a live block touched, which stands here as the hooks would have written it.
    const word = abi.pointerBytes;
    memory.u8.fill(0xfd, 4096, 4096 + 3 * word);
    memory.u8.fill(0, 4096, 4096 + word);
    memory.u8[4096 + word] = 0x72;
    expect(realloc(ctx, 4096 + 2 * word, most + 1)).toBe(NULL);
    expect(calls).toEqual([]);
    expect(realloc(ctx, 4096 + 2 * word, most)).toBe(NULL);
    expect(calls.splice(0)).toEqual([most + 3 * word]);
    malloc(ctx, most);
    calloc(ctx, 1, most);
    realloc(ctx, NULL, most);
    expect(calls).toEqual(Array(3).fill(most + 3 * abi.pointerBytes));
  });

  it("leave the block of a realloc alone", () => {
    const { memory, hooks } = hooked(ilp32);
    const { ctx, malloc, realloc, free } = hooks;
    const block = malloc(ctx, 40);
    fill(memory, block, 40);
    expect(realloc(ctx, block, 2 ** 31 - 1)).toBe(NULL);
    expect([...memory.u8.slice(block, block + 40)]).toEqual(
      Array.from({ length: 40 }, (_, n) => byte(n)),
    );
    free(ctx, block);
  });
});

/** What the allocator below sees of the old block while it reallocates. */
function seenWhileRealloc(abi: Abi, bytes: number, newBytes: number): number[] {
  const memory = LinearMemory.create({ backing: "fixed", bytes: 1 << 16 });
  const plain = plainAllocator(memory, abi);
  let seen: number[] = [];
  const next: PyMemAllocatorEx<null> = {
    ...plain,
    realloc: (ctx, base, size) => {
      seen = [...memory.u8.slice(base, base + bytes + 3 * abi.pointerBytes)];
      return plain.realloc(ctx, base, size);
    },
  };
  const { ctx, malloc, realloc, free } = createDebugHooks(next as PyMemAllocatorEx, {
    memory,
    abi,
    domain: MEM,
  });
  const block = malloc(ctx, bytes);
  fill(memory, block, bytes);
  const moved = realloc(ctx, block, newBytes);
  const kept = Math.min(bytes, newBytes);
  expect([...memory.u8.slice(moved, moved + kept)]).toEqual(
    Array.from({ length: kept }, (_, n) => byte(n)),
  );
  free(ctx, moved);
  return seen;
}

describe.each(abis)("realloc on $name", (abi) => {
  const word = abi.pointerBytes;

  it.each([0, 1, 63, 64, 65, 127, 128])(
    "marks a block of %i bytes dead as a whole while it works",
    (bytes) => {
      for (const newBytes of [0, 1, bytes, bytes + 1, 4 * bytes]) {
        const seen = seenWhileRealloc(abi, bytes, newBytes);
        expect(seen).toEqual(Array(bytes + 3 * word).fill(0xdd));
      }
    },
  );

  it.each([129, 130, 192, 193, 1000])(
    "marks 64 bytes at each end of a block of %i dead",
    (bytes) => {
      for (const newBytes of [
        0,
        1,
        63,
        64,
        65,
        bytes - 65,
        bytes - 64,
        bytes - 1,
        bytes,
        bytes + 1,
        3000,
      ]) {
        const seen = seenWhileRealloc(abi, bytes, newBytes);
        const middle = Array.from({ length: bytes - 128 }, (_, n) => byte(n + 64));
        const dead = (count: number): number[] => Array(count).fill(0xdd);
        expect(seen).toEqual([...dead(2 * word + 64), ...middle, ...dead(64 + word)]);
      }
    },
  );

  it.each([0, 5, 128, 129, 700])(
    "restores a block of %i bytes when the allocator below has no room",
    (bytes) => {
      const { memory, next } = hooked(abi);
      // Request 0 is malloc's.
      const serialNumbers = 512;
      const hooks = createDebugHooks(failNth(next, 1), { memory, abi, domain: MEM, serialNumbers });
      const { ctx, malloc, realloc, free } = hooks;
      const block = malloc(ctx, bytes);
      fill(memory, block, bytes);
      const before = memory.u8.slice();
      expect(realloc(ctx, block, 2 * bytes + 1)).toBe(NULL);
      expect(memory.u8).toEqual(before);
      free(ctx, block);
      expect(next.blocks.size).toBe(0);
    },
  );

  it.each([0, 5, 300])("restores a block of %i bytes when the allocator below throws", (bytes) => {
    const { memory, next } = hooked(abi);
    const thrower: PyMemAllocatorEx<null> = {
      ...next,
      realloc: () => {
        throw new PyrenaError("bad-block", "found by hooks further in");
      },
    };
    const { ctx, malloc, realloc } = createDebugHooks(thrower as PyMemAllocatorEx, {
      memory,
      abi,
      domain: MEM,
    });
    const block = malloc(ctx, bytes);
    fill(memory, block, bytes);
    const before = memory.u8.slice();
    expect(() => realloc(ctx, block, 2 * bytes)).toThrow("further in");
    expect(memory.u8).toEqual(before);
  });

  it("of NULL allocates, to zero bytes keeps a block", () => {
    const { hooks, next } = hooked(abi);
    const { ctx, realloc, free } = hooks;
    const block = realloc(ctx, NULL, 33);
    const minimal = realloc(ctx, block, 0);
    expect([block, minimal]).not.toContain(NULL);
    expect(next.blocks.size).toBe(1);
    free(ctx, minimal);
  });
});

describe("memory that grows", () => {
  it("below the hooks is seen by them, also where that detaches their views", () => {
    const wasm = new WebAssembly.Memory({ initial: 1, maximum: 16 });
    const memory = LinearMemory.over(wasm);
    // The allocator below lives in WebAssembly, as it were: nobody tells the LinearMemory.
    let top = 65_536 - 48;
    const next: PyMemAllocatorEx = {
      ctx: null,
      malloc: (_, size) => {
        const base = top;
        top += (size + 15) & ~15;
        if (top > wasm.buffer.byteLength) wasm.grow(1);
        return base;
      },
      calloc: () => NULL,
      realloc: (_, base, size) => {
        const moved = next.malloc(null, size);
        new Uint8Array(wasm.buffer).copyWithin(moved, base, base + 24);
        return moved;
      },
      free: () => {},
    };
    const { ctx, malloc, realloc, free } = createDebugHooks(next, {
      memory,
      abi: lp64,
      domain: MEM,
    });
    const block = malloc(ctx, 100);
    expect(wasm.buffer.byteLength).toBe(131_072);
    expect(memory.u8[block + 99]).toBe(0xcd);
    top = 131_072 - 32;
    const moved = realloc(ctx, block, 150);
    expect(memory.u8.length).toBe(196_608);
    expect(memory.u8[moved]).toBe(0xcd);
    free(ctx, moved);
  });
});

describe("hooks", () => {
  it("keep nothing outside the heap: others made over the same memory know their blocks", () => {
    const { memory, next, hooks } = hooked(lp64);
    const block = hooks.malloc(hooks.ctx, 10);
    const again = createDebugHooks(next, { memory, abi: lp64, domain: MEM });
    const grown = again.realloc(again.ctx, block, 20);
    hooks.free(hooks.ctx, grown);
    expect(next.blocks.size).toBe(0);
  });

  it("of three domains can share one allocator, and tell blocks of one another", () => {
    const { memory, next } = hooked(lp64);
    const domains = ([RAW, MEM, OBJ] as const).map(
      (domain: Domain): DebugHooks => createDebugHooks(next, { memory, abi: lp64, domain }),
    );
    for (const from of domains) {
      for (const to of domains) {
        const block = from.malloc(from.ctx, 24);
        if (from !== to) {
          const letters = [from, to].map(({ ctx }) => `'${"rmo"[ctx.domain]}'`);
          const { report, text } = caught(() => to.free(to.ctx, block));
          expect(report.kind).toBe("bad-api");
          expect(text).toContain(
            `bad ID: Allocated using API ${letters[0]}, verified using API ${letters[1]}`,
          );
          expect(caught(() => to.realloc(to.ctx, block, 9)).report.call).toBe("realloc");
        }
        from.free(from.ctx, block);
      }
    }
    expect(next.blocks.size).toBe(0);
  });

  it("refuse what is no allocator and no domain", () => {
    const { memory, next } = hooked(lp64);
    const options = { memory, abi: lp64 };
    expect(() => createDebugHooks({} as PyMemAllocatorEx, { ...options, domain: MEM })).toThrow(
      /missing functions malloc, calloc, realloc, free/,
    );
    expect(() =>
      createDebugHooks(next as PyMemAllocatorEx, { ...options, domain: 3 as Domain }),
    ).toThrow(/no domain 3; there are 0 \(raw\), 1 \(mem\), 2 \(obj\)/);
  });

  it("have no walker where the allocator below has none", () => {
    const { memory, next } = hooked(lp64);
    const { walker, ...blind } = next;
    expect(walker.name).toBe("plain");
    const hooks = createDebugHooks(blind as PyMemAllocatorEx, { memory, abi: lp64, domain: MEM });
    expect(hooks.walker).toBeUndefined();
  });
});
