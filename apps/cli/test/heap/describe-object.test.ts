import { type AbiName, abis, hex } from "@pyrena/abi";
import type { Handle } from "@pyrena/objects";
import type { Runtime } from "pyrena";
import { describe, expect, it } from "vitest";
import { CliError } from "../../src/errors.ts";
import { describeObject } from "../../src/heap/describe-object.ts";
import type { ObjectReport } from "../../src/heap/object-report.ts";
import { renderObject } from "../../src/heap/render-object.ts";
import { colorsFor } from "../../src/terminal.ts";
import { definitions, quietRuntime } from "./programs.ts";

const everyProfile = ["3.11", "3.12", "3.13", "3.14", "3.15"].flatMap((python) =>
  Object.keys(abis).map((abi) => [python, abi as AbiName] as const),
);

const plain = colorsFor({}, {});

function reportOf(runtime: Runtime, object: number): ObjectReport {
  return describeObject("app.image", runtime.objects, object);
}

/** Addresses differ from version to version. */
function withoutAddresses(text: string): string {
  return text.replace(/0x[0-9a-f]+/g, "0x…");
}

/** What the tests look at, and where it lies. */
function someObjects(runtime: Runtime): Readonly<Record<string, number>> {
  const { py, globals } = runtime;
  const found: Record<string, number> = {};
  const nameOf = (node: Handle): number =>
    runtime.objects.inspect.referents(node.id).find(({ how }) => how === ".name")!.referent;
  py.scope(() => {
    const note = (name: string, handle: Handle): void => {
      found[name] = handle.id;
    };
    const Node = py.class("Node", definitions.classes!.Node);
    globals.set("Node", Node);
    note("class", Node);
    const shared = py.list([1.5]);
    note("shared", shared);
    const kept = Node.new("kept");
    kept.setAttr("items", shared);
    globals.set("kept", kept);
    globals.set("tuple", py.tuple([shared, "a", shared]));
    note("kept", kept);
    note("tuple", globals.ref("tuple")!);
    found.name = nameOf(kept);
    const [ann, bob] = ["ann", "bob"].map((name) => Node.new(name));
    ann.setAttr("peer", bob);
    bob.setAttr("peer", ann);
    note("ann", ann);
    note("bob", bob);
    found["bob's name"] = nameOf(bob);
    globals.set("ref", py.weakref(kept));
    note("none", py.none);
    const Closing = py.class("Closing", { __del__: (self: Handle) => globals.set("back", self) });
    globals.set("Closing", Closing);
    note("finalized", Closing.new());
  });
  return found;
}

describe.each(everyProfile)("an object of %s on %s", (python, abi) => {
  const runtime = quietRuntime({ python, abi });
  const at = someObjects(runtime);

  it("is shown with what it refers to and who refers to it", () => {
    const { referents, referrers, ...report } = reportOf(runtime, at.shared);
    expect(report).toMatchObject({
      schema: "pyrena-object",
      address: at.shared,
      type: { name: "list" },
      line: "[1.5]",
      bytes: runtime.objects.protocol.getsizeof(at.shared),
      refcount: 3,
      collectable: true,
      tracked: true,
      generation: 0,
      finalized: false,
      weakrefs: 0,
      isStatic: false,
      block: { live: true },
      region: { name: "object heap" },
    });
    expect(report.block!.address).toBeLessThan(at.shared);
    expect(report.pool!.blockBytes).toBe(report.block!.bytes);
    expect(referents.map(({ how, line }) => [how, line])).toEqual([["[0]", "1.5"]]);
    const holders = referrers.filter(({ address }) => address !== 0);
    expect(holders.map(({ address, how }) => [address, how])).toEqual(
      expect.arrayContaining([
        [at.kept, ".items"],
        [at.tuple, "[0]"],
        [at.tuple, "[2]"],
      ]),
    );
    // In 3.11 a dict of attributes that was asked for would be the holder.
    expect(holders).toHaveLength(3);
  });

  it("lives because a root leads to it", () => {
    const { why } = reportOf(runtime, at.shared);
    expect(why.fate).toBe("reachable");
    expect(why.roots[0]).toBe("static data: module __main__");
    expect(why.path.at(-1)).toMatchObject({ referent: at.shared });
    const kept = reportOf(runtime, at.kept);
    expect(kept.weakrefs).toBe(1);
    expect(kept.referents.find(({ how }) => how === "(its type)")?.address).toBe(at.class);
    const name = reportOf(runtime, at.name);
    expect(name).toMatchObject({ collectable: false, tracked: false, generation: null });
    expect(name.why.path.at(-1)).toMatchObject({ holder: at.kept, how: ".name" });
  });

  it("is garbage because only a cycle keeps it", () => {
    const { why } = reportOf(runtime, at.ann);
    expect(why.fate).toBe("garbage");
    expect(why.cycle.map(({ holder, how }) => [holder, how])).toEqual([
      [at.ann, ".peer"],
      [at.bob, ".peer"],
    ]);
    const name = reportOf(runtime, at["bob's name"]);
    expect(name.why.fate).toBe("garbage");
    expect(name.why.path.at(-1)).toMatchObject({ holder: at.bob, how: ".name" });
  });

  it("that is built in, or was finalized, is told as such", () => {
    const none = reportOf(runtime, at.none);
    expect(none).toMatchObject({ isStatic: true, line: "None", block: null, pool: null });
    expect(none.refcount === null).toBe(python !== "3.11");
    expect(none.region?.name).toBe("static data");
    expect(renderObject(none, plain, { top: 3 })).toContain("It is part of the interpreter.");
    expect(reportOf(runtime, at.finalized)).toMatchObject({ finalized: true, tracked: true });
  });

  it("that is no object is refused with what lies there", () => {
    const { objects, memory, heap } = runtime;
    const told = (address: number): string => {
      try {
        describeObject("app.image", objects, address);
      } catch (error) {
        if (error instanceof CliError) return error.message;
        throw error;
      }
      throw new Error(`${hex(address)} is an object`);
    };
    const items = memory.u32[(at.shared + (abi === "lp64" ? 24 : 12)) >>> 2];
    const cases: readonly (readonly [number, RegExp])[] = [
      [at.shared + 4, new RegExp(`it is inside the list at ${hex(at.shared)} \\(block of `)],
      [at.shared - 4, new RegExp(`it is inside the list at ${hex(at.shared)} \\(block of `)],
      [items, new RegExp(`it is in what the list at ${hex(at.shared)} holds \\(block of `)],
      [at.none + 1, new RegExp(`inside the NoneType at ${hex(at.none)} \\(.*static data at `)],
      [memory.byteLength, /beyond the heap's memory, which ends at 0x[0-9a-f]+$/],
      [2 ** 32 - 1, /beyond the heap's memory, which ends at 0x[0-9a-f]+$/],
      [4, /it is in no block \(header at 0x0\)$/],
      [heap.layer("OBJS", 1).address + 8, /it is in the state of layer OBJS \(block of /],
    ];
    for (const [address, message] of cases) {
      expect(told(address)).toMatch(message);
      expect(told(address)).toMatch(/^--object 0x[0-9a-f]+: no object begins there: it is /);
    }
    // Whatever it is, there is an answer.
    const regions = objects.inspect.regions();
    for (const { base, bytes } of regions) {
      for (const address of [base + 1, base + bytes - 1, base + (bytes >>> 1) + 1]) {
        expect(told(address)).toMatch(/ \(.* at 0x[0-9a-f]+\)$/);
      }
    }
  });

  it("is only looked at", () => {
    runtime.verify();
  });
});

it("lives because a frame holds it, or, where nothing else does, a handle", () => {
  const runtime = quietRuntime();
  const { py } = runtime;
  py.frame("work", ["local"], (frame) => {
    const both = py.list([1.5]);
    frame.set("local", both);
    const handle = py.list([both]);
    const why = (object: Handle): string =>
      withoutAddresses(renderObject(reportOf(runtime, object.id), plain, { top: 3 }))
        .split("\n\n")
        .at(-1)!;
    expect(why(both)).toBe(
      "Why it lives\n  list at 0x… lives: a root leads to it.\n    frame work: local local → list at 0x…\n",
    );
    expect(why(handle)).toMatch(
      /^Why it lives\n {2}list at 0x… lives: a root leads to it\.\n {4}handle #\d+ → list at 0x…\n$/,
    );
    expect(reportOf(runtime, both.id).referrers.map(({ address, how }) => [address, how])).toEqual([
      [0, "frame work: local local"],
      [0, expect.stringMatching(/^handle #\d+$/)],
      [handle.id, "[0]"],
    ]);
  });
});

it("a block that is kept for reuse, and a free one, are no objects", () => {
  const runtime = quietRuntime();
  const { objects, pymalloc } = runtime;
  const { list, refs } = objects;
  const dead = list.pack([]);
  refs.decref(dead);
  expect(() => reportOf(runtime, dead)).toThrow(/it is in a block that is kept for reuse \(block/);
  const block = pymalloc!.malloc(pymalloc!.ctx, 200);
  pymalloc!.free(pymalloc!.ctx, block);
  const other = pymalloc!.malloc(pymalloc!.ctx, 200);
  const free = pymalloc!.malloc(pymalloc!.ctx, 200);
  pymalloc!.free(pymalloc!.ctx, free);
  expect(() => reportOf(runtime, free)).toThrow(/it is in a free block \(block of \d+ bytes/);
  expect(() => reportOf(runtime, other)).toThrow(/it is in a block that is kept for reuse/);
  pymalloc!.free(pymalloc!.ctx, other);
});

it("the text of an object fits the terminal, and leaves out what is too much", () => {
  const runtime = quietRuntime();
  const { list, refs } = runtime.objects;
  // A chain of 50 lists, held by a cycle.
  const ring = list.pack([]);
  list.append(ring, ring);
  let last = ring;
  const chain: number[] = [];
  for (let n = 0; n < 50; n++) {
    const next = list.pack([]);
    list.append(last, next);
    refs.decref(next);
    chain.push(next);
    last = next;
  }
  refs.decref(ring);
  const report = reportOf(runtime, last);
  for (const columns of [60, 100]) {
    const text = renderObject(report, plain, { top: 4, columns });
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(columns);
  }
  expect(withoutAddresses(renderObject(report, plain, { top: 2 }))).toMatchInlineSnapshot(`
    "list at 0x…
      is          []
      type        list at 0x…
      size        56 bytes
      references  1
      collector   tracks it in generation 0
      block       64 bytes at 0x…
      pool        at 0x…: 54 of 255 blocks of 64 bytes in use
      region      object heap at 0x…

    Refers to: nothing

    Referred to by: 1
      list at 0x…  [0]  [[]]

    Why it is garbage
      list at 0x… is garbage: no root leads to it.
      A cycle keeps list at 0x…:
        list at 0x… [0] → list at 0x…
      From there:
        list at 0x… [1] → list at 0x…
        list at 0x… [0] → list at 0x…
        (47 steps left out)
        list at 0x… [0] → list at 0x…
      A collection of generation 0 or an older one frees it.
      Collections do not run by themselves now: call collect.
    "
  `);

  const wide = list.pack([]);
  for (let n = 0; n < 30; n++) list.append(wide, wide);
  const text = withoutAddresses(renderObject(reportOf(runtime, wide), plain, { top: 2 }));
  expect(text).toContain("Refers to: 30\n  list at 0x…  [0]");
  expect(text).toContain("\n  and 28 more\n");
  const colored = renderObject(report, colorsFor({}, { FORCE_COLOR: "1" }), { top: 2 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
  expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(renderObject(report, plain, { top: 2 }));
});
