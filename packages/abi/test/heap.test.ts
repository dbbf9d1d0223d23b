import {
  HEAP_HEADER_BYTES,
  HEAP_VERSION,
  Heap,
  LinearMemory,
  type MemoryHost,
  PAGE_BYTES,
  type Profile,
  PyrenaError,
  profileFor,
} from "@pyrena/abi";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const profile = profileFor("3.13", "lp64");

function fresh(bytes = PAGE_BYTES): LinearMemory {
  return LinearMemory.create({ backing: "resizable", bytes, maxBytes: 1 << 20 });
}

/** The code of the error that a call throws. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof PyrenaError) return error.code;
    throw error;
  }
  return undefined;
}

describe("a heap header", () => {
  it("lies at the drawn offsets", () => {
    const memory = fresh();
    memory.u8.fill(0xaa);
    const heap = Heap.create(memory, profile, 64);
    heap.register("RAWA", 0x2000, 80, 3);
    const text = (from: number, to: number): string =>
      String.fromCharCode(...memory.u8.subarray(64 + from, 64 + to));
    const word = (at: number): number => memory.u32[(64 + at) / 4];
    expect(text(0, 8)).toBe("PYRHEAP\0");
    expect(word(8)).toBe(HEAP_VERSION);
    expect(word(12)).toBe(profile.id);
    expect(word(16)).toBe(64);
    expect(word(20)).toBe(1);
    expect(text(32, 36)).toBe("RAWA");
    expect([word(36), word(40), word(44)]).toEqual([0x2000, 80, 3]);
    expect(memory.u8.subarray(64 + 48, 64 + 512).every((byte) => byte === 0)).toBe(true);
    // Nothing outside it was touched.
    expect(memory.u8[63]).toBe(0xaa);
    expect(memory.u8[64 + HEAP_HEADER_BYTES]).toBe(0xaa);
  });

  it("is found again, in another view of the same bytes and in a copy", () => {
    const memory = fresh();
    const heap = Heap.create(memory, profile);
    heap.register("RAWA", 1024, 16, 1);
    heap.register("PYMA", 2048, 32, 2);
    const again = Heap.attach(memory);
    expect(again).toMatchObject({ base: 0, profile, abi: profile.abi });
    expect(again.layers()).toEqual(heap.layers());
    const saved = memory.u8.slice();
    const restored = Heap.attach(LinearMemory.over(saved.buffer));
    expect(restored.layer("PYMA", 2)).toEqual({
      tag: "PYMA",
      address: 2048,
      bytes: 32,
      version: 2,
    });
  });

  it("can lie anywhere in a foreign memory, on a multiple of 16", () => {
    const memory = fresh();
    for (const base of [0, 16, 512, PAGE_BYTES - 512]) {
      Heap.create(memory, profile, base);
      expect(Heap.attach(memory, base).base).toBe(base);
    }
    for (const base of [8, 1, -16, 16.5, Number.NaN])
      expect(codeOf(() => Heap.create(memory, profile, base))).toBe("bad-argument");
    for (const base of [PAGE_BYTES - 496, PAGE_BYTES, 2 ** 32])
      expect(codeOf(() => Heap.create(memory, profile, base))).toBe("memory-limit");
  });

  it("is not read before the memory's growth has been noticed", () => {
    const memory = fresh();
    const other = LinearMemory.over(memory.buffer as ArrayBuffer);
    other.grow(4 * PAGE_BYTES);
    Heap.create(other, profile, 3 * PAGE_BYTES);
    expect(Heap.attach(memory, 3 * PAGE_BYTES).base).toBe(3 * PAGE_BYTES);
  });

  it("is still written to when somebody else has replaced the buffer", () => {
    let buffer = new ArrayBuffer(PAGE_BYTES);
    const host: MemoryHost = { buffer: () => buffer, maxByteLength: PAGE_BYTES, grow: () => false };
    const heap = Heap.create(LinearMemory.over(host), profile);
    buffer = buffer.transfer();
    heap.register("RAWA", 1024, 16, 1);
    buffer = buffer.transfer();
    expect(heap.layers()).toHaveLength(1);
    buffer = buffer.transfer();
    expect(heap.unregister("RAWA", 1024)).toBe(true);
    expect(Heap.attach(LinearMemory.over(buffer)).layers()).toEqual([]);
  });
});

describe("attach", () => {
  it("refuses what is no header", () => {
    const memory = fresh();
    expect(codeOf(() => Heap.attach(memory))).toBe("not-a-heap");
    for (const base of [8, -16, 0.5, Number.NaN, PAGE_BYTES, PAGE_BYTES - 16, 2 ** 33])
      expect(codeOf(() => Heap.attach(memory, base))).toBe("not-a-heap");
    expect(codeOf(() => Heap.attach(LinearMemory.over(new ArrayBuffer(100))))).toBe("not-a-heap");
  });

  it("refuses a header of another version", () => {
    const memory = fresh();
    Heap.create(memory, profile);
    memory.u32[2] = HEAP_VERSION + 1;
    expect(() => Heap.attach(memory)).toThrow(/heap layout version 2; this Pyrena reads 1/);
    expect(codeOf(() => Heap.attach(memory))).toBe("heap-version");
  });

  it("refuses a header that was moved", () => {
    const memory = fresh();
    Heap.create(memory, profile);
    memory.u8.copyWithin(1024, 0, HEAP_HEADER_BYTES);
    expect(() => Heap.attach(memory, 1024)).toThrow(/at 0x400 was written for 0x0/);
  });

  it("refuses a profile that it does not know, until it is given", () => {
    const memory = fresh();
    const own: Profile = { ...profile, name: "cpython-3.13-own", id: 0x7e00_0001 };
    Heap.create(memory, own);
    expect(codeOf(() => Heap.attach(memory))).toBe("heap-version");
    expect(Heap.attach(memory, 0, [own]).profile).toBe(own);
  });

  it("answers any damage to the header with an error of ours, or with a heap", () => {
    fc.assert(
      fc.property(fc.nat(HEAP_HEADER_BYTES - 1), fc.nat(255), (at, value) => {
        const memory = fresh();
        const heap = Heap.create(memory, profile);
        heap.register("RAWA", 1024, 16, 1);
        const old = memory.u8[at];
        memory.u8[at] = value;
        let attached: Heap;
        try {
          attached = Heap.attach(memory);
        } catch (error) {
          expect(["not-a-heap", "heap-version"]).toContain((error as PyrenaError).code);
          expect(at).toBeLessThan(24);
          expect(value).not.toBe(old);
          return;
        }
        expect(attached.layers().length).toBeLessThanOrEqual(30);
      }),
    );
  });
});

describe("the directory", () => {
  it("takes 30 layers and refuses the 31st", () => {
    const heap = Heap.create(fresh(), profile);
    for (let n = 0; n < 30; n++) heap.register(`L${String(n).padStart(3, "0")}`, 16 * n, n, n);
    expect(heap.layers()).toHaveLength(30);
    expect(heap.layers().at(-1)).toEqual({ tag: "L029", address: 464, bytes: 29, version: 29 });
    expect(() => heap.register("MORE", 0, 0, 0)).toThrow(/30 layers already: no room for 'MORE'/);
    expect(codeOf(() => heap.register("MORE", 0, 0, 0))).toBe("directory-full");
    expect(Heap.attach(heap.memory).layers()).toHaveLength(30);
    // The last entry ends where the header ends.
    expect(heap.memory.u8[HEAP_HEADER_BYTES]).toBe(0);
  });

  it("loses the entry that is taken out, and keeps the order of the others", () => {
    const heap = Heap.create(fresh(), profile);
    for (const [n, tag] of ["AAAA", "BBBB", "CCCC", "BBBB"].entries())
      heap.register(tag, 1024 * n, 1, 1);
    const tags = (): string[] => heap.layers().map(({ tag, address }) => `${tag}${address / 1024}`);
    expect(heap.unregister("BBBB", 3072)).toBe(true);
    expect(tags()).toEqual(["AAAA0", "BBBB1", "CCCC2"]);
    expect(heap.unregister("AAAA", 0)).toBe(true);
    expect(tags()).toEqual(["BBBB1", "CCCC2"]);
    expect(heap.unregister("AAAA", 0)).toBe(false);
    expect(heap.unregister("CCCC", 1024)).toBe(false);
    heap.register("DDDD", 4096, 1, 1);
    expect(tags()).toEqual(["BBBB1", "CCCC2", "DDDD4"]);
    for (const { tag, address } of heap.layers()) heap.unregister(tag, address);
    expect(heap.memory.u8.subarray(20, HEAP_HEADER_BYTES).every((byte) => byte === 0)).toBe(true);
  });

  it("takes and gives entries as a list does, whatever the order", () => {
    const tag = fc.constantFrom("AAAA", "BBBB", "CCCC");
    const step = fc.tuple(
      fc.boolean(),
      tag,
      fc.nat(3).map((n) => n * 64),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const heap = Heap.create(fresh(), profile);
        const model: string[] = [];
        for (const [add, name, address] of steps) {
          const entry = `${name}@${address}`;
          if (add && model.length < 30) {
            heap.register(name, address, 1, 1);
            model.push(entry);
          } else if (!add) {
            const index = model.indexOf(entry);
            expect(heap.unregister(name, address)).toBe(index >= 0);
            if (index >= 0) model.splice(index, 1);
          }
          expect(heap.layers().map((layer) => `${layer.tag}@${layer.address}`)).toEqual(model);
        }
      }),
    );
  });

  it("finds a layer by tag, and says what is wrong if it cannot", () => {
    const heap = Heap.create(fresh(), profile);
    heap.register("RAWA", 2 ** 32 - 16, 2 ** 32 - 1, 2);
    expect(heap.layer("RAWA", 2)).toMatchObject({ address: 2 ** 32 - 16, bytes: 2 ** 32 - 1 });
    expect(() => heap.layer("RAWA", 1)).toThrow(/'RAWA' has layout version 2; this Pyrena reads 1/);
    expect(() => heap.layer("NONE", 1)).toThrow(/no layer 'NONE'/);
  });

  it.each(["", "RAW", "RAWAL", "RÄWA", "😀A"])("refuses the tag '%s'", (tag) => {
    const heap = Heap.create(fresh(), profile);
    expect(codeOf(() => heap.register(tag, 0, 0, 0))).toBe("bad-argument");
    expect(heap.layers()).toEqual([]);
  });
});

describe("two heaps", () => {
  it("lie side by side in one memory", () => {
    const memory = fresh();
    const one = Heap.create(memory, profile);
    const two = Heap.create(memory, profileFor("3.8", "ilp32"), 1024);
    one.register("RAWA", 2048, 1, 1);
    expect(two.layers()).toEqual([]);
    expect(Heap.attach(memory, 1024).abi.name).toBe("ilp32");
  });
});
