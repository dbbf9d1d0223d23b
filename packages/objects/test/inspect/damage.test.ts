/** Each invariant, broken on purpose: verify() must name it. */
import { type Address, PyrenaError } from "@pyrena/abi";
import { type Objects, Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

/** Writes some words, looks, and puts them back. */
function damaged(core: Objects, words: readonly [address: Address, value: number][]): string {
  const u32 = core.memory.u32;
  const before = words.map(([address]) => u32[address >>> 2]);
  for (const [address, value] of words) u32[address >>> 2] = value;
  try {
    core.inspect.verify();
    return "nothing";
  } catch (error) {
    if (!(error instanceof PyrenaError) || error.code !== "heap-corrupt") throw error;
    expect(error.message).toContain(`${error.invariant}: `);
    return error.invariant ?? "";
  } finally {
    words.forEach(([address], n) => {
      core.memory.u32[address >>> 2] = before[n];
    });
    core.inspect.verify();
  }
}

describe.each(everyProfile)("verify of a damaged heap in %s %s", (version, abi) => {
  const core = testObjects(version, abi);
  const py = Python.over(core);
  const { memory, word, state, at } = core;
  const u32 = (address: Address): number => memory.u32[address >>> 2];
  const list = py.list([1000, "a text", [1.5]]);
  const text = list.ref(1);
  const dict = py.dict({ alpha: 1, beta: [2] });
  const many = py.set(Array.from({ length: 20 }, (_, n) => n));
  const Node = py.class("Node");
  const node = Node.new();
  const ref = py.weakref(node);
  py.list().release();

  it.each<[what: string, invariants: string, words: () => [Address, number][]]>([
    ["a count that is too high", "O1", () => [[text.id, u32(text.id) + 1]]],
    ["a count that is too low", "O1", () => [[list.id, u32(list.id) + 5]]],
    ["an item that is no object", "O2", () => [[u32(list.id + 3 * word), 12]]],
    ["an item that leads into nowhere", "O2", () => [[u32(list.id + 3 * word), 0xffff_fff0]]],
    ["an object without a type", "O2", () => [[text.id + word, 0]]],
    ["an object that is dead", "O2", () => [[text.id, 0]]],
    ["a list with more items than room", "O3", () => [[list.id + 4 * word, 1]]],
    ["a dict that miscounts its items", "O3", () => [[dict.id + 2 * word, 7]]],
    ["a set that miscounts its slots", "O3", () => [[many.id + 2 * word, 2]]],
    ["an object that is tracked nowhere", "O3 G1", () => [[list.id - 2 * word, 0]]],
    ["a ring of tracked objects that is broken", "G1", () => [[list.id - word, 64]]],
    ["a block with two owners", "O1 O2 O5 O7", () => [[u32(dict.id + (word === 8 ? 32 : 24)), 2]]],
    [
      "a free list that miscounts",
      "O6",
      () => [
        [4 * (core.alloc.freeLists.find(({ name }) => name === "list")?.headWord ?? 0) + 4, 9],
      ],
    ],
    ["a handle table that miscounts", "O8", () => [[state + at.handle_count, 77]]],
    ["a handle table whose free list is cut", "O8", () => [[state + at.handle_free, 0x7fff_ffff]]],
    ["a weak reference that names another object", "O9", () => [[ref.id + 2 * word, list.id]]],
  ])("%s is %s", (_, invariants, words) => {
    expect(invariants.split(" ")).toContain(damaged(core, words()));
  });

  it("a block that belongs to nobody is O7, in each domain", () => {
    for (const domain of [core.raw, core.mem, core.obj]) {
      for (const bytes of [40, 5000]) {
        const block = domain.malloc(bytes);
        expect(() => core.inspect.verify()).toThrow(/O7: the live block/);
        domain.free(block);
      }
    }
    core.inspect.verify();
  });

  it("an object whose block was given back is O7", () => {
    const lost = core.float.from(2.5);
    core.alloc.freeObject(lost);
    memory.u32[lost >>> 2] = 1;
    expect(() => core.inspect.verify({ held: [lost] })).toThrow(/O7|O2/);
  });
});
