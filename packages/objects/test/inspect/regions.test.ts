import { PyrenaError } from "@pyrena/abi";
import { createObjects, Python, type Region } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("regions in %s %s", (version, abi) => {
  it("follow one another without a gap from byte 0 to the end of the memory", () => {
    const core = testObjects(version, abi);
    const py = Python.over(core);
    const check = (): Map<Region["name"], number> => {
      let end = 0;
      const sums = new Map<Region["name"], number>();
      for (const { name, base, bytes, used } of py.regions()) {
        expect(base).toBe(end);
        expect(bytes).toBeGreaterThan(0);
        expect(used).toBeGreaterThanOrEqual(0);
        expect(used).toBeLessThanOrEqual(bytes);
        end += bytes;
        sums.set(name, (sums.get(name) ?? 0) + bytes);
      }
      expect(end).toBe(core.memory.byteLength);
      return sums;
    };
    // The table of handles is part of the static data: it comes with the first handle.
    py.none.repr();
    const before = check();
    expect([...before.keys()]).toEqual(
      expect.arrayContaining(["header", "static data", "object heap", "raw blocks", "free"]),
    );
    const many = py.list(Array.from({ length: 200_000 }, (_, n) => 1000.5 + n));
    const large = py.bytes(new Uint8Array(3_000_000));
    py.frame("main", ["x"], (f) => {
      f.set("x", 1);
      const during = check();
      expect(during.get("data stack")).toBeGreaterThan(0);
      const stack = py.regions().find(({ name }) => name === "data stack") as Region;
      expect(stack.used).toBeGreaterThan(0);
      expect(stack.used).toBeLessThan(stack.bytes);
    });
    const after = check();
    expect(after.get("object heap")).toBeGreaterThan(200_000 * 16);
    expect(after.get("static data")).toBe(before.get("static data"));
    expect(after.get("raw blocks")).toBeGreaterThan((before.get("raw blocks") ?? 0) + 3_000_000);
    many.release();
    large.release();
    check();
  });
});

describe("regions", () => {
  it("need the allocators' walkers", () => {
    const core = testObjects("3.13", "lp64");
    const { walkers: _, ...options } = core.options;
    const other = testObjects("3.13", "lp64");
    expect(() => createObjects(other.heap, options)).toThrow(PyrenaError);
    (core as { options: unknown }).options = options;
    expect(() => core.inspect.regions()).toThrow(/needs the allocators' walkers/);
  });
});

describe("the walker over objects", () => {
  it("shows each living object once, in order of address, inside of its regions", () => {
    const core = testObjects("3.13", "lp64");
    const py = Python.over(core);
    const l = py.list([1000, "text", [2.5], new Uint8Array(2000)]);
    const seen = new Map<number, number>();
    let last = 0;
    let end = 0;
    core.inspect.walker.walk({
      region: (base, bytes) => {
        expect(base).toBeGreaterThanOrEqual(end);
        end = base + bytes;
      },
      block: (address, bytes, live) => {
        expect(live).toBe(true);
        expect(address).toBeGreaterThan(last);
        expect(address + bytes).toBeLessThanOrEqual(end);
        expect(core.inspect.walker.usableSize(address)).toBe(bytes);
        expect(core.inspect.walker.owns(address)).toBe(true);
        last = address;
        seen.set(address, bytes);
      },
    });
    expect(seen.get(l.id)).toBeGreaterThanOrEqual(40);
    expect(seen.get(l.ref(3).id)).toBeGreaterThanOrEqual(2033);
    const all = new Set<number>();
    core.inspect.each((object) => all.add(object));
    for (const object of seen.keys()) expect(all.has(object)).toBe(true);
    expect(core.inspect.walker.owns(core.memory.byteLength + 16)).toBe(false);
    core.inspect.walker.verify();
  });
});

it("a chain of chunks without an end is told, not followed for ever", () => {
  const core = testObjects("3.13", "lp64");
  const { memory, frames, inspect, state, at } = core;
  const py = Python.over(core);
  py.frame("work", ["x"], () => {
    const chunk = memory.u32[(state + at.chunk) >>> 2];
    expect(frames.chunks()).toHaveLength(1);
    for (const previous of [chunk, memory.byteLength + 4096]) {
      memory.u32[chunk >>> 2] = previous;
      expect(() => inspect.regions()).toThrow(
        /the data stack has a chunk at 0x[0-9a-f]+, which is /,
      );
    }
    memory.u32[chunk >>> 2] = 0;
    expect(inspect.regions().some(({ name }) => name === "data stack")).toBe(true);
  });
});
