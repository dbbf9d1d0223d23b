import { type AbiName, abis, type PyrenaError } from "@pyrena/abi";
import { createRuntime, type Definitions, decodeImage, type RuntimeOptions, restore } from "pyrena";
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

/** A heap that holds something of everything that JavaScript has to give again. */
function demanding(): { image: Uint8Array; definitions: Definitions } {
  const database = { name: "people" };
  const log: string[] = [];
  const definitions: Definitions = {
    values: { database },
    types: [
      { name: "Pair", fields: { first: "object" } },
      (objects) =>
        objects.types.define({
          name: "Secret",
          basicsize: 4 * objects.word,
          flags: 0,
          slots: { name: "Secret", dealloc: (object) => objects.alloc.freeObject(object) },
        }),
    ],
    classes: { Node: { hello: () => "hello" } },
    functions: { increment: (n: number) => n + 1 },
    bodies: { low: () => 0 },
    destructors: { resource: () => void log.push("resource") },
  };
  const runtime = createRuntime(definitions);
  const { py, globals, objects } = runtime;
  py.scope(() => {
    globals.set("Node", py.class("Node", definitions.classes!.Node));
    globals.set("increment", py.function("increment", definitions.functions!.increment));
    globals.set("database", py.js(database));
    globals.set("unnamed", py.js(new Date(0)));
    const { functions, capsules, refs } = objects;
    const low = functions.define(
      { name: "low", locals: [], argCount: 0, body: () => 0 },
      globals.live,
    );
    globals.set("low", py.context.handle(low));
    globals.set("capsule", py.context.handle(capsules.create(64, "resource", () => {})));
    globals.set("pair", py.context.handle(runtime.type("Pair").create()));
    expect(refs.refcount(low)).toBeGreaterThan(0);
  });
  const image = runtime.save();
  runtime.dispose();
  return { image, definitions };
}

describe("what a saved heap needs", () => {
  const { image, definitions } = demanding();
  const unnamed = decodeImage(image).description.values.find(({ what }) => what === "Date")!.name;
  const complete: Definitions = {
    ...definitions,
    values: { ...definitions.values, [unnamed]: new Date(1) },
  };

  test("suffices when it is given", () => {
    const runtime = restore(image, complete);
    runtime.py.scope(() => {
      expect(runtime.globals.ref("unnamed")).toMatchObject({ value: new Date(1) });
      expect(runtime.globals.ref("increment")!.call(1)).toBe(2);
    });
    // And again: a value without a name of its own keeps its number as one.
    restore(runtime.save(), complete).dispose();
    runtime.dispose();
  });

  test.each<[keyof Definitions, RegExp]>([
    ["types", /the type 'Pair': types; the type 'Secret': types/],
    ["classes", /the body of 'Node\.hello': classes\.Node, functions/],
    ["functions", /the body of the function 'increment'/],
    ["bodies", /the body of the function 'low'/],
    ["values", /the JavaScript value 'database' \(Object\).*'#\d+' \(Date\)/],
    ["destructors", /the destructor of the capsule 'resource'/],
  ])("is named when it is missing among %s", (name, message) => {
    const { [name]: _, ...others } = complete;
    expect(() => restore(image, others)).toThrow(message);
    try {
      restore(image, others);
    } catch (error) {
      expect((error as PyrenaError).code).toBe("missing-definition");
    }
  });

  test("is not needed to look at it, and nothing of it runs", () => {
    const runtime = restore(image, { inspect: true });
    const { py, globals, gc } = runtime;
    expect(runtime.inspected).toBe(true);
    py.scope(() => {
      expect(globals.ref("pair")!.repr()).toMatch(/^<Pair object at 0x/);
      expect(globals.ref("Node")!.repr()).toBe("<class '__main__.Node'>");
      expect(() => globals.ref("increment")!.call(1)).toThrow(/not known here/);
      expect(gc.explain(globals.ref("pair")!).text).toMatch(/\['pair'\]/);
      expect(py.regions().length).toBeGreaterThan(3);
    });
    expect(gc.isEnabled()).toBe(false);
    expect(() => runtime.save()).toThrow(/looked at/);
    runtime.dispose();
  });
});

test("every object is checked, unless that is left out", () => {
  const runtime = createRuntime();
  runtime.globals.set("x", [1]);
  // A count that nobody accounts for: the layers below objects know nothing of it.
  runtime.py.scope(() => runtime.objects.refs.incref(runtime.globals.ref("x")!.live));
  const image = runtime.save();
  expect(() => restore(image)).toThrow(/O1: list at .* has a count of/);
  const unchecked = restore(image, { verify: false });
  expect(() => unchecked.verify()).toThrow(/O1/);
  unchecked.dispose();
  runtime.dispose();
});

describe("what only JavaScript held", () => {
  function saved(): Uint8Array {
    const runtime = createRuntime();
    const { py, globals } = runtime;
    const kept = py.list([1]);
    return py.frame("main", ["local"], (frame) =>
      py.frame("inner", ["other"], (inner) => {
        frame.set("local", [2]);
        inner.set("other", kept);
        globals.set("kept", kept);
        const image = runtime.save();
        kept.release();
        return image;
      }),
    );
  }

  test("is let go of", () => {
    const runtime = restore(saved());
    expect(runtime.objects.frames.current()).toBe(0);
    expect(runtime.objects.frames.depth()).toBe(0);
    expect(runtime.py.adopt()).toEqual([]);
    runtime.py.scope(() => expect(runtime.globals.ref("kept")!.refcount).toBe(2));
    runtime.py.frame("again", ["x"], (frame) => frame.set("x", 1));
    runtime.verify();
    runtime.dispose();
  });

  test("is kept where that is asked for", () => {
    const runtime = restore(saved(), { held: "keep" });
    expect(runtime.objects.frames.depth()).toBe(2);
    const adopted = runtime.py.adopt();
    expect(adopted.map((handle) => handle.repr())).toContain("[1]");
    runtime.verify();
    for (const handle of adopted) handle.release();
    runtime.objects.frames.abandon();
    runtime.verify();
    runtime.dispose();
  });

  test("is missed where it was held by its address alone, and the error says how to keep it", () => {
    const runtime = createRuntime();
    runtime.objects.list.create(0);
    const image = runtime.save();
    expect(() => restore(image)).toThrow(/list at 0x.* give it to `globals` or to a handle/);
    restore(image, { verify: false }).dispose();
    runtime.dispose();
  });

  test("cannot be saved in the midst of a callback", () => {
    const runtime = createRuntime();
    const { py } = runtime;
    py.scope(() => {
      const fn = py.function("save", () => void runtime.save());
      expect(() => fn.call()).toThrow(/inside of a function/);
      runtime.gc.onCollection(() => void runtime.save());
    });
    runtime.verify();
    runtime.dispose();
  });
});
