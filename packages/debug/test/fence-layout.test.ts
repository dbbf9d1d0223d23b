import { ilp32, lp64, MEM, OBJ, RAW } from "@pyrena/abi";
import { CLEANBYTE, DEADBYTE, FORBIDDENBYTE, fenceLayout } from "@pyrena/debug";
import { describe, expect, it } from "vitest";
import { hooked } from "./damage.ts";

describe("fence bytes", () => {
  it("are CPython's", () => {
    expect([CLEANBYTE, DEADBYTE, FORBIDDENBYTE]).toEqual([0xcd, 0xdd, 0xfd]);
  });

  it("take three words of size_t, four with a serial number", () => {
    expect(fenceLayout(lp64, false)).toMatchObject({ word: 8, before: 16, extra: 24 });
    expect(fenceLayout(lp64, true)).toMatchObject({ word: 8, before: 16, extra: 32 });
    expect(fenceLayout(ilp32, false)).toMatchObject({ word: 4, before: 8, extra: 12 });
    expect(fenceLayout(ilp32, true)).toMatchObject({ word: 4, before: 8, extra: 16 });
  });
});

/** Bytes in hexadecimal. */
function hexBytes(u8: Uint8Array, from: number, to: number): string {
  return Buffer.from(u8.slice(from, to)).toString("hex");
}

describe("a block of 10 bytes", () => {
  it.each([
    [lp64, "000000000000000a 6dfdfdfdfdfdfdfd cdcdcdcdcdcdcdcdcdcd fdfdfdfdfdfdfdfd"],
    [ilp32, "0000000a 6dfdfdfd cdcdcdcdcdcdcdcdcdcd fdfdfdfd"],
  ])("is fenced on $name as the fact sheet draws it", (abi, drawn) => {
    const { memory, next, hooks } = hooked(abi, MEM);
    const address = hooks.malloc(hooks.ctx, 10);
    const [base] = next.blocks.keys();
    const { before, extra } = fenceLayout(abi, false);
    expect(address - base).toBe(before);
    expect(hexBytes(memory.u8, base, base + 10 + extra)).toBe(drawn.replaceAll(" ", ""));
  });

  it.each([
    [RAW, "r"],
    [MEM, "m"],
    [OBJ, "o"],
  ] as const)("of domain %i carries the id %s", (domain, letter) => {
    const { memory, hooks } = hooked(lp64, domain);
    const address = hooks.malloc(hooks.ctx, 10);
    expect(String.fromCharCode(memory.u8[address - 8])).toBe(letter);
  });

  it("has its size big-endian, also beyond one byte", () => {
    for (const [abi, word] of [
      [lp64, 8],
      [ilp32, 4],
    ] as const) {
      const { memory, hooks } = hooked(abi);
      const address = hooks.malloc(hooks.ctx, 0x12345);
      expect(hexBytes(memory.u8, address - 2 * word, address - word)).toBe(
        "12345".padStart(2 * word, "0"),
      );
    }
  });
});
