import { type Abi, ilp32, lp64, MEM, OBJ, PyrenaError } from "@pyrena/abi";
import { createDebugHooks, createSerialCounter } from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { caught, hooked, reportOf } from "./damage.ts";
import { stack, stackNames } from "./stacks.ts";

const abis = [lp64, ilp32];

describe.each(abis)("on $name, the report", (abi: Abi) => {
  const word = abi.pointerBytes;

  it("of a write behind the block names the first wrong byte", () => {
    const heap = hooked(abi);
    const { ctx, malloc } = heap.hooks;
    const block = malloc(ctx, 10);
    heap.memory.u8[block + 12] = 0x41;
    const report = reportOf(heap, block);
    expect(report).toMatchObject({
      kind: "overflow",
      address: block,
      size: 10,
      sizePlausible: true,
      call: "free",
      reason: "bad trailing pad byte",
      api: { found: 0x6d, expected: 0x6d },
      firstWrong: block + 12,
      leading: { address: block - word + 1, wrong: [] },
      trailing: { address: block + 10, wrong: [2] },
      data: { first: Array(10).fill(0xcd), last: [] },
      serial: undefined,
    });
    expect(report.trailing?.bytes).toEqual(
      Array.from({ length: word }, (_, n) => (n === 2 ? 0x41 : 0xfd)),
    );
  });

  it("of a block of 16 bytes shows them all, and of 17 bytes eight at each end", () => {
    for (const [bytes, first, last] of [
      [16, 16, 0],
      [17, 8, 8],
    ]) {
      const heap = hooked(abi);
      const block = heap.hooks.malloc(heap.hooks.ctx, bytes);
      heap.memory.u8[block + bytes] = 0;
      const { data } = reportOf(heap, block);
      expect([data.first.length, data.last.length]).toEqual([first, last]);
    }
  });

  it("of a write before the block names the first wrong byte", () => {
    const heap = hooked(abi);
    const { ctx, malloc, realloc } = heap.hooks;
    const block = malloc(ctx, 100);
    heap.memory.u8[block - 1] = 0;
    const { report } = caught(() => realloc(ctx, block, 200));
    expect(report).toMatchObject({
      kind: "underflow",
      call: "realloc",
      reason: "bad leading pad byte",
      firstWrong: block - 1,
      leading: { wrong: [word - 2] },
      trailing: { wrong: [] },
      data: { first: Array(8).fill(0xcd), last: Array(8).fill(0xcd) },
    });
  });

  it("of an id that no domain has calls it underflow, though CPython's words are bad ID", () => {
    const heap = hooked(abi);
    const block = heap.hooks.malloc(heap.hooks.ctx, 8);
    heap.memory.u8[block - word] = 0x01;
    const error = caught(() => heap.hooks.free(heap.hooks.ctx, block));
    expect(error.report).toMatchObject({ kind: "underflow", api: { found: 1 } });
    expect(error.text).toContain("bad ID: Allocated using API '\\x01', verified using API 'm'");
  });

  it("of a size that was overwritten says that it is not plausible, and reads nothing outside", () => {
    for (const at of Array.from({ length: word }, (_, n) => n)) {
      // Of the lowest byte, only what makes the size larger: a smaller one could be true.
      for (const value of at === word - 1 ? [0x7f, 0xff] : [0x01, 0x7f, 0xff]) {
        const heap = hooked(abi);
        const { hooks, memory } = heap;
        const block = hooks.malloc(hooks.ctx, 10);
        memory.u8[block - 2 * word + at] = value;
        const error = caught(() => hooks.free(hooks.ctx, block));
        expect(error.report.kind).toBe("underflow");
        expect(error.report.sizePlausible).toBe(false);
        expect(error.text.length).toBeLessThan(2000);
        expect(error.report.data.first.length).toBeLessThanOrEqual(16);
        if (error.report.trailing === undefined)
          expect(error.text).toMatch(/pad bytes at p\+\d+ would lie outside the memory/);
      }
    }
  });

  it("is an error with code, address and size, and leaves the block live and unchanged", () => {
    const heap = hooked(abi);
    const { hooks, memory, next } = heap;
    const block = hooks.malloc(hooks.ctx, 10);
    memory.u8[block + 10] = 0;
    const before = memory.u8.slice();
    for (let round = 0; round < 2; round++) {
      const error = caught(() => hooks.free(hooks.ctx, block));
      expect(error).toBeInstanceOf(PyrenaError);
      expect(error).toMatchObject({
        name: "DebugHookError",
        code: "bad-block",
        address: block,
        size: 10,
      });
      expect(error.message).toContain("something wrote behind the block of 10 bytes");
      expect(error.message).toContain("first wrong byte at offset 10");
      expect(error.message.endsWith(error.text)).toBe(true);
    }
    expect(memory.u8).toEqual(before);
    memory.u8[block + 10] = 0xfd;
    hooks.free(hooks.ctx, block);
    expect(next.blocks.size).toBe(0);
  });
});

describe.each(stackNames)("over %s, a block that is freed twice", (name) => {
  it.each(["lp64", "ilp32"] as const)("is told from a damaged one on %s", (abi) => {
    for (const bytes of [0, 1, 8, 24, 40, 100, 600, 5000]) {
      for (const call of ["free", "realloc"] as const) {
        const { hooks, heap } = stack(name, abi);
        const { ctx, malloc, realloc, free } = hooks;
        // Neighbours, so that the allocator below does not simply give everything back.
        const around = [malloc(ctx, bytes), malloc(ctx, bytes), malloc(ctx, bytes)];
        free(ctx, around[1]);
        const before = heap.memory.u8.slice();
        const error = caught(() => {
          if (call === "free") free(ctx, around[1]);
          else realloc(ctx, around[1], 50);
        });
        expect(error.report, `${bytes} bytes`).toMatchObject({
          kind: "freed",
          call,
          address: around[1],
        });
        expect(error.text).toContain("The block has been freed already");
        expect(error.text).toMatch(
          /Fatal Python error: _PyMem_DebugRaw(Free|Realloc): block freed already$/,
        );
        expect(error.message).toContain("which has been freed already");
        expect(error.text.split("\n").length).toBeLessThan(20);
        expect(heap.memory.u8).toEqual(before);
        hooks.walker?.verify();
        free(ctx, around[0]);
        free(ctx, around[2]);
        hooks.walker?.verify();
      }
    }
  });

  it.each(["lp64", "ilp32"] as const)(
    "is found after its neighbours were freed too, on %s",
    (abi) => {
      const { hooks } = stack(name, abi);
      const { ctx, malloc, free } = hooks;
      const blocks = Array.from({ length: 60 }, (_, n) => malloc(ctx, 20 + n));
      const keep = malloc(ctx, 20);
      for (const block of blocks) free(ctx, block);
      for (const block of blocks) {
        // Where the memory below has shrunk there is nothing left to look at; everywhere else it is known.
        const error = (() => {
          try {
            free(ctx, block);
          } catch (thrown) {
            return thrown as PyrenaError;
          }
          return undefined;
        })();
        expect(["bad-block", "foreign-pointer"]).toContain(error?.code);
      }
      free(ctx, keep);
      hooks.walker?.verify();
    },
  );
});

describe("addresses where no block can lie", () => {
  it.each(abis)("are refused on $name without reading there", (abi) => {
    const { hooks, memory } = hooked(abi);
    const end = memory.byteLength;
    const wrong = [
      1,
      4,
      2 * abi.pointerBytes,
      end,
      end + 16,
      end - 2,
      2 ** 31,
      2 ** 32,
      -16,
      1000.5,
      Number.NaN,
    ];
    for (const address of wrong) {
      for (const call of [
        () => hooks.free(hooks.ctx, address),
        () => hooks.realloc(hooks.ctx, address, 10),
      ]) {
        expect(call, String(address)).toThrow(PyrenaError);
        expect(call, String(address)).toThrow(/no block can lie there/);
      }
    }
  });
});

describe("serial numbers", () => {
  it("count malloc, calloc and realloc that succeeds, over all domains together", () => {
    const plain = stack("plain", "lp64");
    const counter = createSerialCounter(plain.heap, plain.next);
    const options = { memory: plain.heap.memory, abi: lp64, serialNumbers: counter };
    const mem = createDebugHooks(plain.next, { ...options, domain: MEM });
    const obj = createDebugHooks(plain.next, { ...options, domain: OBJ });
    const one = mem.malloc(mem.ctx, 10);
    const two = obj.calloc(obj.ctx, 2, 5);
    mem.free(mem.ctx, mem.malloc(mem.ctx, 3));
    expect(mem.realloc(mem.ctx, one, 2 ** 31)).toBe(0);
    const four = mem.realloc(mem.ctx, one, 12);
    const serialOf = (hooks: typeof mem, block: number, size: number): number | undefined => {
      options.memory.u8[block + size] ^= 0xff;
      const error = caught(() => hooks.free(hooks.ctx, block));
      options.memory.u8[block + size] ^= 0xff;
      expect(error.text).toContain(
        `    The block was made by call #${error.report.serial} to debug malloc/realloc.\n`,
      );
      return error.report.serial;
    };
    expect(serialOf(obj, two, 10)).toBe(2);
    expect(serialOf(mem, four, 12)).toBe(4);
  });
});
