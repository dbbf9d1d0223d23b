/** Images that somebody has changed with a right digest: each is refused, or restored to a heap that verifies. */
import { sha256 } from "@noble/hashes/sha2.js";
import { type AbiName, PyrenaError } from "@pyrena/abi";
import type { Handle } from "@pyrena/objects";
import fc from "fast-check";
import { createRuntime, type Definitions, decodeImage, type RuntimeOptions, restore } from "pyrena";
import { describe, expect, test } from "vitest";

const definitions: Definitions = {
  types: [{ name: "Pair", fields: { first: "object", second: "object" } }],
  classes: { Node: { __init__: (self: Handle, name: string) => self.setAttr("name", name) } },
  functions: { increment: (n: number) => n + 1 },
};

/** A heap with some of everything, in the middle of a frame. */
function savedHeap(options: RuntimeOptions): Uint8Array {
  const runtime = createRuntime({
    ...options,
    ...definitions,
    memory: { bytes: 1 << 18, maxBytes: 1 << 22 },
  });
  const { py, globals, objects } = runtime;
  return py.frame("main", ["local"], (frame) => {
    frame.set("local", [1, 2.5, { a: [3], 7: "seven", é: "hé€😀" }, 2n ** 90n]);
    const Node = py.class("Node", definitions.classes!.Node);
    const node = Node.new("ann");
    globals
      .set("Node", Node)
      .set("node", node)
      .set("ref", py.weakref(node))
      .set(
        "increment",
        py.function("increment", (n: number) => n + 1, { defaults: [3] }),
      )
      .set("set", py.set([1, "a", 3]))
      .set("tuple", py.tuple([1, py.bytes(new Uint8Array(40)), py.bytearray(new Uint8Array(9))]))
      .set(
        "many",
        Array.from({ length: 100 }, (_, n) => [n]),
      )
      .set("range", py.range(3))
      .set("slice", py.slice(1, 2, 3))
      .set("cell", py.cell([1]))
      .set("error", py.exception("ValueError", "x"))
      .set("pair", py.context.handle(runtime.type("Pair").create({ first: globals.live })));
    expect(objects.frames.current()).not.toBe(0);
    return runtime.save();
  });
}

/** What is done to a word of an image. */
interface Change {
  /** 0 … 1: where. */
  readonly place: number;
  /** Within the layers' own states, where everything hangs. */
  readonly inState: boolean;
  readonly how: { readonly flip: number } | { readonly value: number };
}

const change: fc.Arbitrary<Change> = fc.record({
  // Not mostly near 0, as fast-check likes it.
  place: fc.noBias(fc.nat(2 ** 30 - 1)).map((n) => n / 2 ** 30),
  inState: fc.boolean(),
  how: fc.oneof(
    fc.record({ flip: fc.nat(31) }),
    fc.record({
      value: fc.oneof(
        fc.constantFrom(0, 1, 4, 16, 0x7fffffff, 0x80000000, 0xffffffff),
        fc.nat(1 << 18).map((n) => n & ~7),
      ),
    }),
  ),
});

/** Offsets of what may be changed: everything from the description on, and the states of the layers in the memory. */
function targets(image: Uint8Array): { first: number; last: number; states: number[] } {
  const { stored, pieces } = decodeImage(image);
  const atMemory = stored.byteOffset - image.byteOffset;
  const offsetOf = (address: number): number | undefined => {
    let at = atMemory;
    for (const [base, bytes] of pieces) {
      if (address >= base && address < base + bytes) return at + address - base;
      at += bytes;
    }
    return undefined;
  };
  const runtime = restore(image, { inspect: true });
  const states = [
    { address: 0, bytes: 512 },
    ...runtime.heap
      .layers()
      .map(({ address, bytes }) => ({ address, bytes: Math.min(bytes, 1024) })),
  ].flatMap(({ address, bytes }) =>
    Array.from({ length: bytes >>> 2 }, (_, n) => offsetOf(address + 4 * n)).filter(
      (offset) => offset !== undefined,
    ),
  );
  runtime.dispose();
  return { first: 32, last: image.length - 32, states };
}

const runs = Number(process.env["FORGED_RUNS"] ?? 40);
const versions = ["3.11", "3.12", "3.13", "3.14", "3.15"];
const rows = versions.map((python, n) => ({
  python,
  abi: (n % 2 === 0 ? "lp64" : "ilp32") as AbiName,
  allocator: ["pymalloc", "malloc_debug", "pymalloc", "pymalloc_debug", "malloc"][n],
}));

describe.each(rows)("forged images of $python on $abi, $allocator", (options) => {
  test("are refused, or restored to a heap that verifies", () => {
    const image = savedHeap(options);
    const { first, last, states } = targets(image);
    const seen = { refused: 0, restored: 0 };
    const quiet = { onUnraisable: () => {}, onLost: () => {} };
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(false, false, false, true),
        (changes, inspect) => {
          const forged = image.slice();
          const view = new DataView(forged.buffer);
          for (const { place, inState, how } of changes) {
            const at = inState
              ? states[Math.floor(place * states.length)]
              : first + 4 * Math.floor((place * (last - first)) / 4);
            const word = view.getUint32(at, true);
            view.setUint32(at, "flip" in how ? word ^ (1 << how.flip) : how.value, true);
          }
          forged.set(sha256(forged.subarray(0, last)), last);
          try {
            const runtime = restore(
              forged,
              inspect ? { inspect, ...quiet } : { ...definitions, ...quiet },
            );
            seen.restored++;
            if (!inspect) runtime.verify();
            runtime.dispose();
          } catch (error) {
            if (!(error instanceof PyrenaError)) throw error;
            seen.refused++;
          }
        },
      ),
      // Always the same ones: a search without an end would stop everything. Set FORGED_SEED to look further.
      { numRuns: runs, seed: Number(process.env["FORGED_SEED"] ?? 1) },
    );
    expect(seen.refused).toBeGreaterThan(runs / 20);
    expect(seen.restored).toBeGreaterThan(runs / 20);
  });
});
