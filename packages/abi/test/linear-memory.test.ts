import { Worker } from "node:worker_threads";
import {
  ADDRESS_LIMIT,
  type Backing,
  LinearMemory,
  type MemoryHost,
  type MemorySource,
  PAGE_BYTES,
  PyrenaError,
} from "@pyrena/abi";
import { describe, expect, it } from "vitest";

type OwnBacking = Exclude<Backing, "host">;

const backings: readonly OwnBacking[] = [
  "wasm",
  "wasm-shared",
  "fixed",
  "resizable",
  "shared",
  "shared-growable",
];
const growing: readonly Backing[] = ["wasm", "wasm-shared", "resizable", "shared-growable"];
const sharing: readonly Backing[] = ["wasm-shared", "shared", "shared-growable"];

const start = { bytes: 2 * PAGE_BYTES, maxBytes: 5 * PAGE_BYTES };

/** All views must show the same bytes, up to the end. */
function expectViews(memory: LinearMemory): void {
  const { byteLength, buffer } = memory;
  expect(buffer.byteLength).toBe(byteLength);
  const views = [memory.u8, memory.u16, memory.u32, memory.i32, memory.f64];
  for (const view of views) {
    expect(view.buffer).toBe(buffer);
    expect(view.byteOffset).toBe(0);
    expect(view.byteLength).toBe(byteLength - (byteLength % view.BYTES_PER_ELEMENT));
  }
  if (byteLength < 8) return;
  memory.u32[0] = 0xfedc_ba98;
  expect([...memory.u8.subarray(0, 4)]).toEqual([0x98, 0xba, 0xdc, 0xfe]);
  expect(memory.i32[0]).toBe(0xfedc_ba98 | 0);
  expect(memory.u16[1]).toBe(0xfedc);
  memory.f64[0] = 1;
  expect([...memory.u8.subarray(0, 8)]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
}

describe.each(backings)("a %s memory", (backing) => {
  it("has its size, all bytes 0, and five views of them", () => {
    const memory = LinearMemory.create({ backing, ...start });
    expect(memory.backing).toBe(backing);
    expect(memory.byteLength).toBe(2 * PAGE_BYTES);
    expect(memory.u8.every((byte) => byte === 0)).toBe(true);
    expectViews(memory);
  });

  it("says whether it is shared, and what to hand to a worker", () => {
    const memory = LinearMemory.create({ backing, ...start });
    const shared = sharing.includes(backing);
    expect(memory.shared).toBe(shared);
    expect(memory.buffer instanceof SharedArrayBuffer).toBe(shared);
    expect(memory.transferable !== undefined).toBe(shared);
    expect(memory.wasm?.buffer).toBe(backing.startsWith("wasm") ? memory.buffer : undefined);
  });

  it("rounds sizes up to whole pages", () => {
    const memory = LinearMemory.create({ backing, bytes: 1, maxBytes: 2 * PAGE_BYTES + 1 });
    expect(memory.byteLength).toBe(PAGE_BYTES);
    expect(memory.maxByteLength).toBe((growing.includes(backing) ? 3 : 1) * PAGE_BYTES);
    expect(
      LinearMemory.create({ backing, bytes: PAGE_BYTES + 0.5, maxBytes: 1 << 20 }).byteLength,
    ).toBe(2 * PAGE_BYTES);
  });

  it("grows up to its maximum and no further, keeping its bytes", () => {
    const memory = LinearMemory.create({ backing, ...start });
    memory.u8[PAGE_BYTES] = 77;
    const before = { u8: memory.u8, byteLength: memory.byteLength };
    expect(memory.grow(2 * PAGE_BYTES)).toBe(true);
    expect(memory.grow(-1)).toBe(true);
    expect(memory.byteLength).toBe(before.byteLength);
    if (!growing.includes(backing)) {
      expect(memory.maxByteLength).toBe(2 * PAGE_BYTES);
      expect(memory.grow(2 * PAGE_BYTES + 1)).toBe(false);
      expect(memory.u8).toBe(before.u8);
      return;
    }
    expect(memory.grow(2 * PAGE_BYTES + 1)).toBe(true);
    expect(memory.byteLength).toBe(3 * PAGE_BYTES);
    expect(memory.u8[PAGE_BYTES]).toBe(77);
    expect(memory.u8.subarray(2 * PAGE_BYTES).every((byte) => byte === 0)).toBe(true);
    expectViews(memory);
    for (const tooMuch of [
      5 * PAGE_BYTES + 1,
      ADDRESS_LIMIT,
      ADDRESS_LIMIT + 1,
      2 ** 53,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]) {
      expect(memory.grow(tooMuch)).toBe(false);
      expect(memory.byteLength).toBe(3 * PAGE_BYTES);
    }
    expect(memory.grow(5 * PAGE_BYTES)).toBe(true);
    expect(memory.byteLength).toBe(memory.maxByteLength);
    expect(memory.grow(5 * PAGE_BYTES + 1)).toBe(false);
    expectViews(memory);
  });

  it("gives its tail back where the buffer can", () => {
    const memory = LinearMemory.create({ backing, ...start });
    memory.u8.fill(9);
    for (const nonsense of [
      Number.NaN,
      -1,
      Number.POSITIVE_INFINITY,
      2 * PAGE_BYTES,
      PAGE_BYTES + 1,
    ])
      expect(memory.shrink(nonsense)).toBe(false);
    expect(memory.byteLength).toBe(2 * PAGE_BYTES);
    expect(memory.shrink(PAGE_BYTES - 10)).toBe(backing === "resizable");
    if (backing !== "resizable") return;
    expect(memory.byteLength).toBe(PAGE_BYTES);
    expectViews(memory);
    expect(memory.grow(2 * PAGE_BYTES)).toBe(true);
    expect(memory.u8[PAGE_BYTES]).toBe(0);
  });

  it("notices when another view of the buffer has grown it", () => {
    const one = LinearMemory.create({ backing, ...start });
    const source = (one.transferable ?? (backing === "wasm" ? undefined : one.buffer)) as
      | MemorySource
      | undefined;
    if (source === undefined || !growing.includes(backing)) return;
    const two = LinearMemory.over(source, start.maxBytes);
    expect(two.backing).toBe(backing);
    expect(two.grow(4 * PAGE_BYTES)).toBe(true);
    two.u32[(3 * PAGE_BYTES) >>> 2] = 5;
    expect(one.refresh()).toBe(true);
    expect(one.refresh()).toBe(false);
    expect(one.byteLength).toBe(4 * PAGE_BYTES);
    expect(one.u32[(3 * PAGE_BYTES) >>> 2]).toBe(5);
    // Growing takes notice by itself.
    two.grow(5 * PAGE_BYTES);
    expect(one.grow(4 * PAGE_BYTES + 1)).toBe(true);
    expect(one.byteLength).toBe(5 * PAGE_BYTES);
  });
});

describe.each(["wasm-shared", "shared-growable"] as const)("a %s memory", (backing) => {
  it("that a worker grows is seen to have grown, with what the worker wrote", async () => {
    const memory = LinearMemory.create({ backing, ...start });
    const flag = memory.i32;
    const worker = new Worker(
      `const { workerData: source } = require("node:worker_threads");
       const wasm = source instanceof WebAssembly.Memory;
       if (wasm) source.grow(1); else source.grow(${3 * PAGE_BYTES});
       const i32 = new Int32Array(wasm ? source.buffer : source);
       i32[${(3 * PAGE_BYTES) / 4 - 1}] = 4711;
       Atomics.store(i32, 0, 1);
       Atomics.notify(i32, 0);`,
      { eval: true, workerData: memory.transferable },
    );
    const done = new Promise((resolve, reject) => {
      worker.once("exit", resolve);
      worker.once("error", reject);
    });
    expect(Atomics.wait(flag, 0, 0, 20_000)).not.toBe("timed-out");
    expect(memory.byteLength).toBe(2 * PAGE_BYTES);
    expect(memory.refresh()).toBe(true);
    expect(memory.byteLength).toBe(3 * PAGE_BYTES);
    expect(memory.i32.at(-1)).toBe(4711);
    await done;
  });
});

describe("a host's memory", () => {
  function host(): MemoryHost & {
    buffer: () => ArrayBuffer;
    refuse: boolean;
    replace(bytes: number): void;
  } {
    let buffer = new ArrayBuffer(PAGE_BYTES);
    return {
      refuse: false,
      buffer: () => buffer,
      maxByteLength: 4 * PAGE_BYTES,
      grow(byteLength) {
        if (this.refuse) return false;
        buffer = buffer.transfer(byteLength);
        return true;
      },
      replace(bytes) {
        buffer = buffer.transfer(bytes);
      },
    };
  }

  it("is grown by the host, whose buffer replaces the one before", () => {
    const owner = host();
    const memory = LinearMemory.over(owner);
    expect(memory).toMatchObject({ backing: "host", shared: false, maxByteLength: 4 * PAGE_BYTES });
    const old = memory.buffer;
    memory.u8[9] = 9;
    expect(memory.grow(PAGE_BYTES + 1)).toBe(true);
    expect(memory.buffer).not.toBe(old);
    expect(old.byteLength).toBe(0);
    expect(memory.u8[9]).toBe(9);
    expectViews(memory);
    owner.refuse = true;
    expect(memory.grow(3 * PAGE_BYTES)).toBe(false);
    expect(memory.shrink(0)).toBe(false);
    expect(memory.byteLength).toBe(2 * PAGE_BYTES);
  });

  it("is found again after the host has replaced it", () => {
    const owner = host();
    const memory = LinearMemory.over(owner);
    owner.replace(3 * PAGE_BYTES);
    expect(memory.u8.length).toBe(0);
    expect(memory.refresh()).toBe(true);
    expectViews(memory);
    owner.replace(3 * PAGE_BYTES);
    expect(memory.refresh()).toBe(true);
    expectViews(memory);
  });

  it("that throws when it cannot grow is one that has not grown", () => {
    const owner = host();
    owner.grow = () => {
      throw new RangeError("no address space");
    };
    const memory = LinearMemory.over(owner);
    expect(memory.grow(2 * PAGE_BYTES)).toBe(false);
    expect(memory.byteLength).toBe(PAGE_BYTES);
  });
});

describe("a memory over an existing buffer", () => {
  it("leaves its bytes as they are, whatever its size", () => {
    const buffer = new ArrayBuffer(21);
    new Uint8Array(buffer).fill(3);
    const memory = LinearMemory.over(buffer);
    expect(memory).toMatchObject({ backing: "fixed", byteLength: 21, maxByteLength: 21 });
    expect(memory.u8.every((byte) => byte === 3)).toBe(true);
    expectViews(memory);
  });

  it("takes a WebAssembly.Memory with its size and the maximum it is told", () => {
    const wasm = new WebAssembly.Memory({ initial: 2, maximum: 3 });
    const memory = LinearMemory.over(wasm, 100_000);
    // The memory is larger than what it was said to grow to.
    expect(memory).toMatchObject({ byteLength: 2 * PAGE_BYTES, maxByteLength: 2 * PAGE_BYTES });
    const free = LinearMemory.over(wasm);
    expect(free.maxByteLength).toBe(ADDRESS_LIMIT);
    expect(free.grow(3 * PAGE_BYTES)).toBe(true);
    // Its own maximum, which it does not tell, holds all the same.
    expect(free.grow(4 * PAGE_BYTES)).toBe(false);
    expect(free.byteLength).toBe(3 * PAGE_BYTES);
  });

  it("grows a WebAssembly.Memory to whole pages within the maximum it is told", () => {
    const wasm = new WebAssembly.Memory({ initial: 1, maximum: 10 });
    const memory = LinearMemory.over(wasm, 3 * PAGE_BYTES - 1);
    expect(memory.grow(PAGE_BYTES + 1)).toBe(true);
    expect(memory.grow(2 * PAGE_BYTES + 1)).toBe(false);
    expect(memory.byteLength).toBe(memory.maxByteLength);
  });

  it("grows a resizable buffer to a maximum that is no whole page", () => {
    const memory = LinearMemory.over(new ArrayBuffer(10, { maxByteLength: PAGE_BYTES + 10 }));
    expect(memory.grow(PAGE_BYTES + 5)).toBe(true);
    expect(memory.byteLength).toBe(PAGE_BYTES + 10);
    expectViews(memory);
  });

  it("shrinks from what the buffer is now, not from what it was", () => {
    const buffer = new ArrayBuffer(PAGE_BYTES, { maxByteLength: 4 * PAGE_BYTES });
    const memory = LinearMemory.over(buffer);
    buffer.resize(4 * PAGE_BYTES);
    expect(memory.shrink(2 * PAGE_BYTES)).toBe(true);
    expect(memory.byteLength).toBe(2 * PAGE_BYTES);
  });

  it("must be of a kind that is known", () => {
    for (const source of [
      undefined,
      null,
      7,
      "memory",
      {},
      new Uint8Array(8),
      { buffer: new ArrayBuffer(8) },
    ])
      expect(() => LinearMemory.over(source as never)).toThrow(
        /takes a WebAssembly.Memory, an ArrayBuffer/,
      );
  });
});

describe("a new memory", () => {
  it("is a WebAssembly.Memory of 1 MiB that may grow to 1 GiB, unless told otherwise", () => {
    expect(LinearMemory.create()).toMatchObject({
      backing: "wasm",
      byteLength: 1 << 20,
      maxByteLength: 1 << 30,
    });
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 + 1])(
    "cannot have %d bytes",
    (bytes) => {
      expect(() => LinearMemory.create({ bytes })).toThrow(
        /bytes must be 1 … 4294967296 bytes \(4 GiB\)/,
      );
      expect(() => LinearMemory.create({ bytes: 1, maxBytes: bytes })).toThrow(/maxBytes must be/);
    },
  );

  it("cannot be larger than its maximum, where it has one", () => {
    const sizes = { bytes: 2 * PAGE_BYTES, maxBytes: PAGE_BYTES };
    expect(() => LinearMemory.create(sizes)).toThrow(
      /maxBytes \(65536\) is below bytes \(131072\)/,
    );
    expect(LinearMemory.create({ backing: "fixed", ...sizes }).maxByteLength).toBe(2 * PAGE_BYTES);
  });

  it("is of a backing that is known", () => {
    expect(() => LinearMemory.create({ backing: "paper" as OwnBacking })).toThrow(
      /unknown backing 'paper'/,
    );
  });

  it("of a size that the engine does not have is refused with a code", () => {
    // V8 grants no shared wasm memory and no ArrayBuffer beyond its limits; where one is granted there is nothing to see.
    const refusals = backings.flatMap((backing) => {
      try {
        LinearMemory.create({ backing, bytes: 2 ** 32, maxBytes: 2 ** 32 });
        return [];
      } catch (error) {
        return [error];
      }
    });
    for (const error of refusals) {
      expect(error).toBeInstanceOf(PyrenaError);
      expect(error).toMatchObject({ code: "memory-limit", size: 2 ** 32 });
    }
  });

  it("of 4 GiB can be read and written to its last byte", (context) => {
    let memory: LinearMemory;
    try {
      memory = LinearMemory.create({ backing: "wasm", bytes: 2 ** 32, maxBytes: 2 ** 32 });
    } catch {
      return context.skip("the engine has no 4 GiB of address space here");
    }
    expect(memory.u32.length).toBe(2 ** 30);
    memory.u32[(2 ** 32 - 4) >>> 2] = 0x01020304;
    expect(memory.u8[2 ** 32 - 1]).toBe(1);
    expect(memory.f64.length).toBe(2 ** 29);
    expect(memory.u16.at(-1)).toBe(0x0102);
    expect(memory.grow(2 ** 32)).toBe(true);
    expect(memory.grow(2 ** 32 + 1)).toBe(false);
  });
});
