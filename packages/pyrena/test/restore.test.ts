import { type AbiName, abis } from "@pyrena/abi";
import { createRuntime, type Definitions, type RuntimeOptions, restore } from "pyrena";
import { describe, expect, test } from "vitest";

const versions = ["3.11", "3.12", "3.13", "3.14", "3.15"];
const allocators = ["pymalloc", "malloc", "pymalloc_debug", "malloc_debug"];
const everything = versions.flatMap((python) =>
  Object.keys(abis).flatMap((abi) =>
    allocators.map((allocator) => ({ python, abi: abi as AbiName, allocator })),
  ),
);

/** JavaScript that the test's heap refers to. */
function program(): Definitions & { readonly database: object } {
  const database = { name: "people" };
  return {
    database,
    values: { database },
    types: [{ name: "Pair", fields: { first: "object", weight: "f64" } }],
    classes: {
      Node: {
        __init__(self: { setAttr(name: string, value: unknown): void }, name: string) {
          self.setAttr("name", name);
        },
        hello: (self: { attr(name: string): unknown }) => `I am ${self.attr("name")}`,
      },
    },
    functions: { increment: (n: number) => n + 1 },
  };
}

/** The image of a heap with one of everything. */
function saved(options: RuntimeOptions): Uint8Array {
  const definitions = program();
  const runtime = createRuntime({ ...options, ...definitions });
  const { py, globals } = runtime;
  py.scope(() => {
    globals.set("shared", ["a", { b: [3.5, 2n ** 70n] }]);
    globals.set("again", globals.get("shared"));
    const Node = py.class("Node", definitions.classes!.Node);
    globals.set("Node", Node).set("ann", Node.new("ann"));
    globals.set("increment", py.function("increment", definitions.functions!.increment));
    globals.set("database", py.js(definitions.database));
    const Pair = runtime.type<"first" | "weight">("Pair");
    const pair = py.context.handle(Pair.create({ weight: 2.5 }));
    globals.set("pair", pair);
  });
  runtime.verify();
  const image = runtime.save();
  runtime.verify();
  runtime.dispose();
  return image;
}

describe.each(everything)("$python on $abi, $allocator", (options) => {
  test("goes on from the bytes of a saved heap", () => {
    const definitions = program();
    const runtime = restore(saved(options), definitions);
    const { py, globals, profile } = runtime;
    expect([profile.python, profile.abi.name]).toEqual([options.python, options.abi]);
    py.scope(() => {
      expect(py.is(globals.ref("shared")!, globals.ref("again")!)).toBe(true);
      expect(py.repr(globals.get("shared"))).toBe(`['a', {'b': [3.5, ${2n ** 70n}]}]`);
      expect(globals.ref("ann")!.callMethod("hello")).toBe("I am ann");
      expect(globals.ref("increment")!.call(41)).toBe(42);
      expect((globals.ref("database") as unknown as { value: unknown }).value).toBe(
        definitions.database,
      );
      expect(globals.ref("pair")!.attr("weight")).toBe(2.5);
      globals.set(
        "more",
        Array.from({ length: 1000 }, (_, n) => `item ${n}`),
      );
    });
    runtime.verify();
    const again = restore(runtime.save(), definitions);
    again.verify();
    expect(again.py.len(again.globals.get("more"))).toBe(1000);
    again.dispose();
    runtime.dispose();
  });
});
