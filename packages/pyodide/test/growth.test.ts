import { MEM, OBJ } from "@pyrena/abi";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import bump from "../../../examples/allocators/bump.js";
import { churn, startPython, type TestPython } from "./python.ts";

let python: TestPython;
beforeAll(async () => {
  python = await startPython();
}, 60_000);

afterEach(() => {
  for (const installation of [...python.live.installations].reverse()) installation.uninstall();
});

/** Fills memory with objects and large blocks until it has grown several times, checking contents all along. */
const grow = `
def grow(megabytes):
    kept = []
    for n in range(megabytes):
        kept.append((bytes([n % 251]) * 500_000, [str(n + i) for i in range(4000)], {i: n for i in range(2000)}))
    for n, (data, texts, table) in enumerate(kept):
        assert data.count(bytes([n % 251])) == 500_000
        assert texts[17] == str(n + 17) and texts[3999] == str(n + 3999)
        assert table[1999] == n and len(table) == 2000
    return len(kept)
`;

describe("growth of the WebAssembly memory", () => {
  it.each(["pymalloc", "malloc", "a factory", "bump"])("is survived by %s", (name) => {
    const { live, run } = python;
    const installation = live.install({
      allocator: name === "a factory" ? (next) => ({ ...next }) : name === "bump" ? bump : name,
    });
    const buffer = live.memory.u8.buffer;
    const before = live.memory.byteLength;
    run(grow);
    run(`things = grow(${Math.ceil(before / 2 ** 20)})`);
    expect(installation.problems).toEqual([]);
    expect(live.memory.byteLength).toBeGreaterThan(before);
    expect(live.memory.u8.buffer).not.toBe(buffer);
    expect(buffer.byteLength).toBe(0);
    if (name === "pymalloc") installation.walker!.verify();
    expect(run(churn)).toBe("ok");
  });

  it("is noticed by allocators in the very call in which it happens", () => {
    const { live, run } = python;
    const seen: number[] = [];
    live.install({
      allocator: (next, { memory }) => ({
        ...next,
        malloc: (_, size) => {
          const stale = memory.u8.length === 0;
          const address = next.malloc(next.ctx, size);
          // A view that the call has detached would have length 0, and writes to it would vanish.
          if (stale || memory.u8.length === 0) seen.push(size);
          if (address !== 0) {
            memory.u8[address] = 0x5a;
            if (memory.u8[address] !== 0x5a) seen.push(size);
          }
          return address;
        },
      }),
      domains: [MEM, OBJ],
    });
    const before = live.memory.byteLength;
    run("large = [b'x' * 9_000_000 for _ in range(30)]; del large");
    expect(live.memory.byteLength).toBeGreaterThan(before);
    expect(seen).toEqual([]);
  });

  it("can be asked for from JavaScript", () => {
    const { live, run } = python;
    live.memory.refresh();
    const wanted = live.memory.byteLength + 5_000_000;
    expect(live.memory.grow(wanted)).toBe(true);
    expect(live.memory.byteLength).toBeGreaterThanOrEqual(wanted);
    expect(run("len(bytes(2_000_000))")).toBe(2_000_000);
  });
});
