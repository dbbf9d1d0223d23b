import { type Address, alignUp, ilp32, LinearMemory, lp64, NULL } from "@pyrena/abi";
import { allocatorLaws, nullAllocator, plainAllocator } from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { broken, thrown } from "./broken.ts";
import { type Blocks, type Change, plainSubject } from "./plain-subject.ts";

describe.each([lp64, ilp32])("a correct allocator on $name", (abi) => {
  it.each(allocatorLaws)("obeys: $name", (law) => {
    law.check(() => plainSubject(abi));
  });
});

/** Each is one mistake, and the law that must catch it. */
const mistakes: readonly [string, law: string, Change][] = [
  [
    "overlaps: blocks are a little too short",
    "A1",
    (a, _, blocks) => ({
      malloc: (ctx, size) => shortened(blocks, a.malloc(ctx, size), size),
    }),
  ],
  [
    "is aligned to 8 bytes where the ABI says 16",
    "A1",
    (a, _, blocks) => ({
      malloc: (ctx, size) => {
        const address = a.malloc(ctx, size + 8);
        if (address === NULL) return NULL;
        blocks.set(address + 8, (blocks.get(address) as number) - 8);
        blocks.delete(address);
        return address + 8;
      },
    }),
  ],
  [
    "returns a negative address for the upper half of the memory",
    "A1",
    (a) => ({
      malloc: (ctx, size) => (size === 4097 ? -a.malloc(ctx, size) : a.malloc(ctx, size)),
    }),
  ],
  [
    "returns an address beyond the end of the memory",
    "A1",
    (a, memory) => ({
      malloc: (ctx, size) => (size === 4097 ? memory.byteLength - 16 : a.malloc(ctx, size)),
    }),
  ],
  [
    "writes into the neighbour when it frees",
    "A1",
    (a, memory, blocks) => ({
      free: (ctx, ptr) => {
        const length = blocks.get(ptr) ?? 0;
        if (ptr !== NULL) memory.u8[ptr + length] ^= 0xff;
        a.free(ctx, ptr);
      },
    }),
  ],
  [
    "answers malloc(0) with NULL",
    "A2",
    (a) => ({ malloc: (ctx, size) => size && a.malloc(ctx, size) }),
  ],
  [
    "answers calloc(0, n) with NULL",
    "A2",
    (a) => ({ calloc: (ctx, nelem, elsize) => nelem && a.calloc(ctx, nelem, elsize) }),
  ],
  [
    "gives every request of zero bytes the same address",
    "A2",
    (a, memory) => ({
      malloc: (ctx, size) => (size === 0 ? memory.byteLength - 64 : a.malloc(ctx, size)),
    }),
  ],
  [
    "does not clear in calloc",
    "A3",
    (a) => ({ calloc: (ctx, n, size) => a.malloc(ctx, n * size) }),
  ],
  [
    "clears only nelem bytes in calloc",
    "A3",
    (a, memory) => ({
      calloc: (ctx, nelem, elsize) => {
        const address = a.malloc(ctx, nelem * elsize);
        if (address !== NULL) memory.u8.fill(0, address, address + nelem);
        return address;
      },
    }),
  ],
  [
    "refuses realloc of NULL",
    "A4",
    (a) => ({ realloc: (ctx, ptr, size) => (ptr === NULL ? NULL : a.realloc(ctx, ptr, size)) }),
  ],
  [
    "frees in realloc to zero bytes",
    "A4",
    (a) => ({
      realloc: (ctx, ptr, size) => {
        if (size > 0) return a.realloc(ctx, ptr, size);
        a.free(ctx, ptr);
        return NULL;
      },
    }),
  ],
  [
    "frees in realloc to zero bytes, and returns the dead block",
    "A4",
    (a) => ({
      realloc: (ctx, ptr, size) => {
        if (size > 0 || ptr === NULL) return a.realloc(ctx, ptr, size);
        a.free(ctx, ptr);
        return ptr;
      },
    }),
  ],
  [
    "forgets the last byte in realloc",
    "A5",
    (a, memory) => ({
      realloc: (ctx, ptr, size) => {
        const address = a.realloc(ctx, ptr, size);
        if (address !== NULL && ptr !== NULL && size > 1) memory.u8[address + size - 1] ^= 0x55;
        return address;
      },
    }),
  ],
  [
    "copies nothing in realloc",
    "A5",
    (a) => ({
      realloc: (ctx, ptr, size) => {
        const address = a.malloc(ctx, size);
        if (address !== NULL) a.free(ctx, ptr);
        return address;
      },
    }),
  ],
  [
    "frees before it allocates in realloc, and loses the block when that fails",
    "A5",
    (a, memory, blocks) => ({
      realloc: (ctx, ptr, size) => {
        const length = blocks.get(ptr) ?? 0;
        const kept = memory.u8.slice(ptr, ptr + length);
        a.free(ctx, ptr);
        const address = a.malloc(ctx, size);
        if (address !== NULL && ptr !== NULL)
          memory.u8.set(kept.subarray(0, Math.min(length, size)), address);
        return address;
      },
    }),
  ],
  [
    "wipes the block when realloc fails",
    "A5",
    (a, memory, blocks) => ({
      realloc: (ctx, ptr, size) => {
        const address = a.realloc(ctx, ptr, size);
        if (address === NULL && ptr !== NULL)
          memory.u8.fill(0xdd, ptr, ptr + (blocks.get(ptr) ?? 0));
        return address;
      },
    }),
  ],
  [
    "grows in place over the neighbour",
    "A5",
    (a, _, blocks) => ({
      realloc: (ctx, ptr, size) => {
        if (ptr === NULL || size > 64) return a.realloc(ctx, ptr, size);
        blocks.set(ptr, Math.max(blocks.get(ptr) as number, alignUp(size, 16)));
        return ptr;
      },
    }),
  ],
  [
    "throws on free(NULL)",
    "A6",
    (a) => ({
      free: (ctx, ptr) => {
        if (ptr === NULL) throw new TypeError("free of nothing");
        a.free(ctx, ptr);
      },
    }),
  ],
  [
    "frees the last block on free(NULL)",
    "A6",
    (a, _, blocks) => ({
      free: (ctx, ptr) => a.free(ctx, ptr === NULL ? ([...blocks.keys()].at(-1) ?? NULL) : ptr),
    }),
  ],
  [
    "throws when memory is used up",
    "A7",
    (a) => ({
      malloc: (ctx, size) => {
        const address = a.malloc(ctx, size);
        if (address === NULL) throw new RangeError("out of memory");
        return address;
      },
    }),
  ],
  [
    "does not recover when memory has been used up once",
    "A7",
    (a) => {
      let failed = false;
      return {
        malloc: (ctx, size) => {
          if (failed) return NULL;
          const address = a.malloc(ctx, size);
          // Requests that nothing could ever meet are told apart, as a lazy author would.
          failed = address === NULL && size < 1 << 19;
          return address;
        },
      };
    },
  ],
  [
    "leaks everything once a request has failed",
    "A7",
    (a) => {
      let failed = false;
      return {
        malloc: (ctx, size) => {
          const address = a.malloc(ctx, size);
          if (address === NULL && size < 1 << 19) failed = true;
          return address;
        },
        free: (ctx, ptr) => {
          if (!failed) a.free(ctx, ptr);
        },
      };
    },
  ],
  ["keeps its state in a variable of the module", "A8", shared()],
  [
    "keeps in the instance what belongs in the heap",
    "A8",
    // Each instance remembers the freed blocks of one size for itself, and hands out what the other has used since.
    (a) => {
      const spare: Address[] = [];
      return {
        malloc: (ctx, size) => (size === 48 && spare.pop()) || a.malloc(ctx, size),
        free: (ctx, ptr) => {
          if (ptr % 32 === 0 && ptr !== NULL && spare.length < 4) spare.push(ptr);
          a.free(ctx, ptr);
        },
      };
    },
  ],
];

/** Cuts 16 bytes off what the list knows of a block. */
function shortened(blocks: Blocks, address: Address, size: number): Address {
  if (address !== NULL && size > 32) blocks.set(address, (blocks.get(address) as number) - 16);
  return address;
}

/** Remembers the last freed block for all instances together. */
function shared(): Change {
  let last: { readonly blocks: Blocks; readonly at: Address } | undefined;
  return (a, memory, blocks) => ({
    malloc: (ctx, size) => {
      // Reuse, but from whichever heap freed last.
      if (
        last !== undefined &&
        size === 96 &&
        last.blocks !== blocks &&
        last.at + 128 < memory.byteLength
      ) {
        const { at } = last;
        last = undefined;
        return at;
      }
      return a.malloc(ctx, size);
    },
    free: (ctx, ptr) => {
      if (ptr !== NULL && (blocks.get(ptr) ?? 0) >= 96) last = { blocks, at: ptr };
      a.free(ctx, ptr);
    },
  });
}

describe("an allocator that", () => {
  it.each(mistakes)("%s is caught by %s", (_, law, change) => {
    const found = broken(allocatorLaws, () => plainSubject(lp64, change));
    expect(found).toContainEqual({ law, told: law });
  });
});

describe("the laws", () => {
  it("reject the null allocator, of which nothing can be seen", () => {
    for (const law of allocatorLaws) {
      expect(
        () => law.check(() => ({ ...plainSubject(), allocator: nullAllocator })),
        law.name,
      ).toThrow(/returned NULL although/);
    }
  });

  it("refuse to use up a large memory, unless told not to", () => {
    const memory = LinearMemory.create({ backing: "resizable", bytes: 1 << 20, maxBytes: 1 << 27 });
    const subject = { memory, abi: lp64, allocator: plainAllocator(memory, lp64) };
    const law = allocatorLaws.find(({ id }) => id === "A7");
    expect(() => law?.check(() => subject)).toThrow(
      /maxBytes of at most 67108864.*or pass exhaustible: false/,
    );
    law?.check(() => ({ ...subject, exhaustible: false }));
    expect(memory.byteLength).toBe(1 << 20);
  });

  it("ask for a larger memory where nothing is reused", () => {
    const [law] = allocatorLaws.filter(({ id }) => id === "A5");
    const change: Change = (a, memory, blocks) => ({
      free: () => {},
      realloc: (ctx, ptr, size) => {
        const address = a.malloc(ctx, size);
        const kept = Math.min(size, blocks.get(ptr) ?? 0);
        if (address !== NULL) memory.u8.copyWithin(address, ptr, ptr + kept);
        return address;
      },
    });
    const make = () => ({ ...plainSubject(lp64, change), reuses: false });
    expect(() => law.check(make)).toThrow(/reuses nothing a larger memory, 8 MiB or more/);
  });

  it("tell the shortest program that breaks one", () => {
    const [random] = allocatorLaws.filter(({ id }) => id === "A1-A7");
    const change: Change = (a) => ({ calloc: (ctx, n, size) => a.malloc(ctx, n * size) });
    const error = thrown(() => random.check(() => plainSubject(lp64, change)));
    if (error === undefined) throw new Error("no law was broken");
    expect(error.invariant).toBe("A3");
    const [, count] = /cut down to (\d+) operations/.exec(error.message) ?? [];
    expect(Number(count)).toBeLessThanOrEqual(3);
    expect(error.message).toMatch(/calloc\(\d+, \d+\) → s\d+$/);
  });
});
