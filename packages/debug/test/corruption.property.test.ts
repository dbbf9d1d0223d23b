/** Random programs in which something writes where it must not: just that is reported, and nothing else. */
import { ilp32, lp64, MEM, NULL } from "@pyrena/abi";
import type { DamageKind } from "@pyrena/debug";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { caught } from "./damage.ts";
import { type StackName, stack, stackNames } from "./stacks.ts";

/** A wild write, relative to a block of n bytes: into the pads, the id, or the caller's own bytes. */
type Where = "leading" | "trailing" | "id" | "inside";

type Step =
  | { readonly op: "malloc" | "calloc" | "realloc"; readonly slot: number; readonly bytes: number }
  | { readonly op: "free"; readonly slot: number }
  | {
      readonly op: "write";
      readonly slot: number;
      readonly where: Where;
      readonly at: number;
      readonly value: number;
    };

const slot = fc.nat(4);
const bytes = fc.oneof(fc.nat(40), fc.nat(600), fc.constantFrom(0, 64, 127, 128, 129, 512));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constantFrom("malloc", "calloc", "realloc"), slot, bytes }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant("free" as const), slot }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("write" as const),
      slot,
      where: fc.constantFrom("leading", "trailing", "id", "inside"),
      at: fc.nat(1000),
      value: fc.nat(255),
    }),
  },
);

/** A live block: what was written to it, and which of its fence bytes are wrong. */
interface Block {
  readonly address: number;
  readonly size: number;
  readonly contents: Uint8Array;
  /** Address of each damaged byte and what stood there. */
  readonly wrong: Map<number, number>;
}

function expectedKind(block: Block, word: number, id: number): DamageKind {
  const idByte = block.address - word;
  const leading = [...block.wrong.keys()].some((at) => at > idByte && at < block.address);
  if (block.wrong.has(idByte))
    return "rmo".includes(String.fromCharCode(id)) && !leading ? "bad-api" : "underflow";
  return leading ? "underflow" : "overflow";
}

describe.each(
  stackNames.flatMap((name) => [lp64, ilp32].map((abi) => [name, abi.name, abi] as const)),
)("over %s on %s", (name: StackName, abiName, abi) => {
  it("exactly the damaged blocks are reported, with the bytes that are wrong", () => {
    let reports = 0;
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.boolean(),
        (steps, serial) => {
          const { hooks, heap } = stack(name, abiName, serial);
          const { ctx, malloc, calloc, realloc, free } = hooks;
          const { memory } = heap;
          const word = abi.pointerBytes;
          const slots = new Map<number, Block>();

          const enter = (at: number, address: number, size: number, kept: Uint8Array): void => {
            expect(address).not.toBe(NULL);
            const contents = new Uint8Array(size).map((_, n) => kept[n] ?? (n * 31 + at) & 0xff);
            memory.u8.set(contents, address);
            slots.set(at, { address, size, contents, wrong: new Map() });
          };
          /** The hooks must find the damage, and say where; then it is undone. */
          const mustReport = (block: Block, call: () => unknown): void => {
            const before = memory.u8.slice();
            const { report, text } = caught(call);
            reports += 1;
            expect(Buffer.compare(memory.u8, before)).toBe(0);
            const id = memory.u8[block.address - word];
            expect(report.kind).toBe(expectedKind(block, word, id));
            expect(report.address).toBe(block.address);
            expect(report.size).toBe(block.size);
            const named = [report.leading, report.trailing].flatMap((pad) =>
              pad === undefined ? [] : pad.wrong.map((n) => pad.address + n),
            );
            const pads = [...block.wrong.keys()].filter((at) => at !== block.address - word);
            expect(named).toEqual(pads.sort((a, b) => a - b));
            expect(text.split("*** OUCH")).toHaveLength(pads.length + 1);
            for (const [at, old] of block.wrong) memory.u8[at] = old;
            block.wrong.clear();
          };
          const intact = (block: Block): void => {
            expect(memory.u8.slice(block.address, block.address + block.size)).toEqual(
              block.contents,
            );
          };
          const release = (at: number): void => {
            const block = slots.get(at);
            if (block === undefined) {
              free(ctx, NULL);
              return;
            }
            intact(block);
            if (block.wrong.size > 0) mustReport(block, () => free(ctx, block.address));
            free(ctx, block.address);
            slots.delete(at);
          };

          for (const one of steps) {
            const block = slots.get(one.slot);
            switch (one.op) {
              case "malloc":
                release(one.slot);
                enter(one.slot, malloc(ctx, one.bytes), one.bytes, new Uint8Array());
                break;
              case "calloc":
                release(one.slot);
                enter(one.slot, calloc(ctx, one.bytes, 1), one.bytes, new Uint8Array());
                break;
              case "realloc": {
                if (block === undefined) {
                  enter(one.slot, realloc(ctx, NULL, one.bytes), one.bytes, new Uint8Array());
                  break;
                }
                if (block.wrong.size > 0)
                  mustReport(block, () => realloc(ctx, block.address, one.bytes));
                const address = realloc(ctx, block.address, one.bytes);
                const kept = block.contents.slice(0, Math.min(block.size, one.bytes));
                expect(memory.u8.slice(address, address + kept.length)).toEqual(kept);
                enter(one.slot, address, one.bytes, kept);
                break;
              }
              case "free":
                release(one.slot);
                break;
              case "write": {
                if (block === undefined) break;
                if (one.where === "inside") {
                  if (block.size === 0) break;
                  const at = one.at % block.size;
                  memory.u8[block.address + at] = one.value;
                  block.contents[at] = one.value;
                  break;
                }
                const target = {
                  leading: block.address - 1 - (one.at % (word - 1)),
                  trailing: block.address + block.size + (one.at % word),
                  id: block.address - word,
                }[one.where];
                if (!block.wrong.has(target)) block.wrong.set(target, memory.u8[target]);
                memory.u8[target] = one.value;
                if (block.wrong.get(target) === one.value) block.wrong.delete(target);
              }
            }
            if ([...slots.values()].every(({ wrong }) => wrong.size === 0)) hooks.walker?.verify();
          }
          for (const at of [...slots.keys()]) release(at);
          hooks.walker?.verify();
        },
      ),
      { numRuns: 60 },
    );
    expect(reports).toBeGreaterThan(50);
  });

  it("a wild write anywhere in the heap is never answered with anything but an error of ours", () => {
    fc.assert(
      fc.property(fc.nat(4000), fc.nat(255), fc.nat(400), (at, value, size) => {
        const { hooks, heap } = stack(name, abiName);
        const { ctx, malloc, realloc, free } = hooks;
        const blocks = [size, 20, size, 100].map((n) => malloc(ctx, n));
        const low = Math.min(...blocks) - 2 * abi.pointerBytes;
        const high = Math.max(...blocks) + size + abi.pointerBytes;
        heap.memory.u8[low + (at % (high - low))] = value;
        for (const block of blocks) {
          for (const call of [() => realloc(ctx, block, 300), () => free(ctx, block)]) {
            try {
              call();
              break;
            } catch (error) {
              expect(error).toMatchObject({
                code: expect.stringMatching(
                  /^(bad-block|foreign-pointer|heap-corrupt|double-free)$/,
                ),
              });
            }
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

it("the domain of these tests is that of their stacks", () => {
  expect(stack("pymalloc", "lp64").hooks.ctx.domain).toBe(MEM);
});
