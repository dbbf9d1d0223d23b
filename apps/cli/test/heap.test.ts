import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PyMemAllocatorEx } from "@pyrena/abi";
import { typeFlags } from "@pyrena/objects";
import { createRuntime } from "pyrena";
import { describe, expect, it } from "vitest";
import { CliError } from "../src/errors.ts";
import { describeHeap } from "../src/heap/describe-heap.ts";
import { describeObject } from "../src/heap/describe-object.ts";
import { lookInto } from "../src/heap/open-image.ts";
import { renderHeap } from "../src/heap/render-heap.ts";
import { colorsFor } from "../src/terminal.ts";
import { library, runAtRandom, runLibrary } from "./heap/programs.ts";
import { pyrena, sh } from "./pyrena.ts";
import { jsonTool, temporaryFolder } from "./recordings.ts";

const folder = temporaryFolder();

/** Write an image to a file that is gone after the tests. */
function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const runtime = runLibrary();
const bytes = runtime.save();
const image = file("library.image", bytes);

/** Address of the only node that is kept, and of one that is garbage. */
const { kept, lost } = (() => {
  const { inspect, types } = runtime.objects;
  let kept = 0;
  let lost = 0;
  inspect.each((object) => {
    if (types.name(types.typeOf(object)) !== "Node") return;
    if (inspect.referents(object).some(({ how }) => how === ".shelf")) kept = object;
    else lost = object;
  });
  return { kept, lost };
})();

/** An image whose digest is right, whatever is in it. */
function signed(changed: Uint8Array): Uint8Array {
  const body = changed.subarray(0, -32);
  return Buffer.concat([body, createHash("sha256").update(body).digest()]);
}

describe("pyrena heap", () => {
  it("says what an image holds", async () => {
    const { code, stdout, stderr } = await pyrena(["heap", image]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^pyrena: .*library\.image is a heap of Python 3\.13 on lp64, saved in \d+ KiB\nallocators malloc, pymalloc, pymalloc \(RAW, MEM, OBJ\) · collector generational\n\nMemory: /,
    );
    const { rings, ringLength, shelves, floats } = library;
    expect(stdout).toMatch(new RegExp(`^ {2}Node +${1 + rings * ringLength} .* 90$`, "m"));
    expect(stdout).toMatch(new RegExp(`^ {2}float +${shelves * floats} `, "m"));
    expect(stdout).toContain(`\n  ${rings} cycles of ${rings * ringLength} objects, `);
    expect(stdout).toMatch(/^ {4}Node at 0x\w+ \.next → Node at 0x\w+ \.next → Node /m);
    // The regions add up.
    const rows = [...stdout.matchAll(/^ {2}([a-z ]+?) +([\d,]+) +([\d,]+)(?: +[\d,]+)?$/gm)];
    const figures = new Map(
      rows.map(([, name, , size]) => [name, Number(size.replaceAll(",", ""))]),
    );
    const names = ["header", "static data", "raw blocks", "data stack", "object heap", "free"];
    const sum = names.reduce((all, name) => all + (figures.get(name) ?? 0), 0);
    expect(sum).toBe(figures.get("whole"));
    expect(sum).toBe(runtime.memory.byteLength);
  });

  it("--top and --sort choose rows and their order", async () => {
    const [two, none, byCount] = await Promise.all([
      pyrena(["heap", image, "--top", "2"]),
      pyrena(["heap", image, "--top", "0"]),
      pyrena(["heap", image, "--sort", "count", "--json"]),
    ]);
    const section = (text: string, name: string): string[] =>
      text
        .split("\n\n")
        .find((one) => one.startsWith(name))!
        .trimEnd()
        .split("\n");
    expect(section(two.stdout, "Objects")[4]).toMatch(/^ {2}and \d+ types more: \d+ objects, /);
    expect(section(two.stdout, "Largest objects")).toHaveLength(4);
    expect(section(none.stdout, "Objects")[1]).toMatch(/^ {2}and \d+ types more: /);
    expect(none.stdout).not.toContain("Largest objects");
    const counts = JSON.parse(byCount.stdout).objects.types.map(
      (row: { count: number }) => row.count,
    );
    expect(counts).toEqual(counts.toSorted((a: number, b: number) => b - a));
    expect([two.code, none.code, byCount.code]).toEqual([0, 0, 0]);
  });

  it("--json prints one object with every figure", async () => {
    const { code, stdout, stderr } = await pyrena(["heap", image, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schema: "pyrena-heap",
      version: 1,
      image: {
        path: image,
        bytes: bytes.length,
        python: "3.13",
        abi: "lp64",
        profile: "cpython-3.13-lp64",
        allocators: { raw: "malloc", mem: "pymalloc", obj: "pymalloc" },
        debugHooks: false,
        memoryBytes: runtime.memory.byteLength,
      },
      collector: { name: "generational", frozen: 0, enabled: false },
      garbage: {
        finalizers: library.closing,
        cycles: [
          { knots: library.rings },
          { knots: library.selfLists },
          { knots: library.closing },
        ],
      },
      heap: { format: "pyrena-heap-snapshot" },
    });
    // What lives on in this process says the same of itself, but that it knows the program's types.
    const live = describeHeap(report.image, runtime.objects, { largest: 10, sort: "bytes" });
    expect(live.objects.unknownTypes).toEqual([]);
    const unknownTypes = [{ name: "Pair", hasLayout: true }];
    expect(report).toEqual(
      JSON.parse(JSON.stringify({ ...live, objects: { ...live.objects, unknownTypes } })),
    );
  });

  it("reads images from standard input and pipes", async () => {
    const [direct, input, pipe] = await Promise.all([
      pyrena(["heap", image]),
      pyrena(["heap", "-"], { input: bytes }),
      sh(`cat '${image}' | $PYRENA heap /dev/stdin`),
    ]);
    const withoutPath = (text: string): string => text.replace(/^pyrena: \S+ /, "");
    expect(withoutPath(input.stdout)).toBe(withoutPath(direct.stdout));
    expect(withoutPath(pipe.stdout)).toBe(withoutPath(direct.stdout));
  });

  it("needs neither the program's types nor its functions nor its values", async () => {
    const other = createRuntime({
      types: [
        { name: "Pair", fields: { first: "object", weight: "f64" } },
        ({ types, memory }) =>
          types.define({
            name: "Opaque",
            basicsize: 24,
            flags: typeFlags.hasGc,
            slots: {
              name: "Opaque",
              traverse: (object, visit) => {
                const held = memory.u32[(object + 16) >>> 2];
                if (held !== 0) visit(held);
              },
              clear: () => {},
              dealloc: () => {},
            },
          }),
      ],
    });
    const { py, globals, objects } = other;
    const { types, alloc, list, refs, memory } = objects;
    py.scope(() => {
      const Pair = other.type<"first" | "weight">("Pair");
      globals.set("pair", py.context.handle(Pair.create({ weight: 2.5 })));
      globals.set(
        "greet",
        py.function("greet", () => "hello"),
      );
      globals.set("value", py.js({ some: "object" }));
    });
    // A cycle that only the type's own traverse shows: without it, the list counts as held.
    const opaque = types.all().find((type) => types.name(type) === "Opaque")!;
    const object = alloc.gcObject(opaque, 24, 16);
    const cyclic = list.pack([object]);
    memory.u32[(object + 16) >>> 2] = cyclic;
    alloc.track(object);
    refs.decref(object);
    expect(objects.gc.graph.refcount(undefined, object)).toBe(1);
    const path = file("other.image", other.save());
    const { code, stdout } = await pyrena(["heap", path]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}Pair +1 /m);
    expect(stdout).toMatch(/^ {2}Opaque +1 /m);
    expect(stdout).toMatch(/^ {2}function +1 /m);
    expect(stdout).toContain("\nGarbage: none\n");
    expect(stdout.replace(/\s+/g, " ")).toContain(
      "Defined in JavaScript, which the image does not have: Pair, Opaque; whether objects of these have finalizers is not known. Nor is what Opaque refers to: that counts as alive. ",
    );
  });

  it.each([
    ["3.11", "ilp32", "debug", "none"],
    ["3.14", "lp64", "malloc", "incremental"],
    ["3.15", "ilp32", "malloc_debug", "generational"],
  ] as const)("reads images of %s on %s with %s and collector %s", async (...how) => {
    const [python, abi, allocator, collector] = how;
    const other = runLibrary({ python, abi, allocator, collector });
    const path = file(`${how.join("-")}.image`, other.save());
    const { code, stdout } = await pyrena(["heap", path]);
    expect(code).toBe(0);
    expect(stdout).toContain(`is a heap of Python ${python} on ${abi}`);
    expect(stdout).toContain(`Collector: ${collector}\n`);
    expect(stdout.includes(" in debug hooks")).toBe(allocator.endsWith("debug"));
    expect(stdout.includes("Memory for small objects")).toBe(!allocator.startsWith("malloc"));
    expect(stdout).toContain(`\n  ${library.rings} cycles of `);
  });
});

describe("pyrena heap --object", () => {
  it("says what an object is, what it refers to, who refers to it, and why it lives", async () => {
    const address = `0x${kept.toString(16)}`;
    const { code, stdout, stderr } = await pyrena(["heap", image, "--object", address]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.replace(/0x[0-9a-f]+/g, "0x…")).toMatchInlineSnapshot(`
      "Node at 0x…
        is          <Node object at 0x…>
        type        Node at 0x…
        size        48 bytes
        references  1
        collector   tracks it in generation 0
        block       336 bytes at 0x…
        pool        at 0x…: 2 of 48 blocks of 336 bytes in use
        region      object heap at 0x…

      Refers to: 3
        str at 0x…   .name       'kept'
        list at 0x…  .shelf      [7.125, 7.375, 7.625]
        type at 0x…   (its type)  <class '__main__.Node'>

      Referred to by: 1
        dict at 0x…  ['node']  {'__name__': '__main__', '__doc__': None, '__package__': No…

      Why it lives
        Node at 0x… lives: a root leads to it.
          static data: module __main__ → module __main__ at 0x…
          module __main__ at 0x… → dict at 0x…
          dict at 0x… ['node'] → Node at 0x…
      "
    `);
    const decimal = await pyrena(["heap", image, "--object", String(kept)]);
    expect(decimal.stdout).toBe(stdout);
  });

  it("says why an object is garbage", async () => {
    const { code, stdout } = await pyrena(["heap", image, "--object", `0x${lost.toString(16)}`]);
    expect(code).toBe(0);
    const [, , , why] = stdout.split("\n\n");
    expect(why.replace(/0x[0-9a-f]+/g, "0x…")).toMatchInlineSnapshot(`
      "Why it is garbage
        Node at 0x… is garbage: no root leads to it.
        A cycle keeps it:
          Node at 0x… .next → Node at 0x…
          Node at 0x… .next → Node at 0x…
          Node at 0x… .next → Node at 0x…
        A collection of generation 0 or an older one frees it.
        Collections do not run by themselves now: call collect.
      "
    `);
  });

  it("--json prints one object with every figure", async () => {
    const { code, stdout } = await pyrena(["heap", image, "--json", "--object", String(kept)]);
    expect(code).toBe(0);
    const live = describeObject(image, runtime.objects, kept);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(live)));
    expect(live).toMatchObject({ schema: "pyrena-object", version: 1, why: { fate: "reachable" } });
  });
});

describe("an image that can't be read is told in one line, with exit code 2", () => {
  const cut = (length: number): Uint8Array => bytes.subarray(0, length);
  const changed = (change: (copy: Uint8Array) => void): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    change(copy);
    return copy;
  };
  const counting = (next: PyMemAllocatorEx): PyMemAllocatorEx => next;
  const cases: readonly [string, () => string, RegExp][] = [
    ["a file that is not there", () => "nothing.image", /^nothing\.image: no such file$/],
    ["a path through a file", () => `${image}/x`, /: a part of the path is not a directory$/],
    ["a directory", () => folder, /: is a directory, not an image$/],
    ["an empty file", () => file("empty", ""), /: it is empty$/],
    ["a file of another kind", () => jsonTool, /: it does not begin as images do$/],
    ["the beginning of an image", () => file("cut-20", cut(20)), /: it is cut off$/],
    [
      "an image without its end",
      () => file("cut", cut(bytes.length - 100)),
      /: it has \d+ bytes, and says that it has \d+$/,
    ],
    [
      "an image with a changed byte",
      () =>
        file(
          "changed",
          changed((copy) => copy.set([copy[50_000] ^ 1], 50_000)),
        ),
      /: its digest does not match: some byte of it is not as it was written$/,
    ],
    [
      "another version of the layout",
      () =>
        file(
          "version",
          changed((copy) => copy.fill(9, 8, 9)),
        ),
      /: it has version 9 of the layout; this Pyrena reads 1$/,
    ],
    [
      "a damaged heap behind a digest that is right",
      () =>
        file(
          "damaged",
          signed(changed((copy) => copy.fill(0x55, bytes.length - 40_000, bytes.length - 39_000))),
        ),
      /: the heap in the image is damaged: /,
    ],
    [
      "an allocator that is not built in",
      () => file("own", createRuntime({ allocator: counting }).save()),
      /: the image was made with allocator that is not built in, 'counting'/,
    ],
  ];

  it.each(cases)("%s", async (_, make, message) => {
    const { code, stdout, stderr } = await pyrena(["heap", make()]);
    expect(stderr).toMatch(/^pyrena: [^\n]+\n$/);
    expect(stderr.slice("pyrena: ".length, -1)).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  it("an address at which there is no object", async () => {
    const { code, stdout, stderr } = await pyrena(["heap", image, "--object", String(kept + 8)]);
    const at = `0x${(kept + 8).toString(16)}`;
    expect(stderr).toMatch(
      new RegExp(`^pyrena: --object ${at}: no object begins there: it is inside the Node at 0x`),
    );
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("a damaged image", () => {
  /** What the command does with an image, in this process; throws what it would not tell in one line. */
  function tryToRead(damaged: Uint8Array): "read" | "refused" {
    try {
      lookInto("app.image", damaged, (image, objects) => {
        const heap = describeHeap(image, objects, { largest: 3, sort: "bytes" });
        renderHeap(heap, colorsFor({}, {}), { top: 3 });
        for (const { address } of heap.largest) describeObject("app.image", objects, address);
      });
      return "read";
    } catch (error) {
      if (error instanceof CliError) return "refused";
      throw error;
    }
  }

  /** Numbers from 0 to `limit`, always the same ones. */
  function numbers(seed: number): (limit: number) => number {
    let state = seed;
    return (limit) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
  }

  const small = runAtRandom(3, { abi: "ilp32" }).save();

  it("is refused, whichever byte it is", () => {
    const below = numbers(1);
    for (let n = 0; n < 200; n++) {
      const copy = Uint8Array.from(small);
      copy[below(copy.length)] ^= 1 << below(8);
      expect(tryToRead(copy)).toBe("refused");
    }
  });

  it("is refused or read, but never worse, even if its digest is right", () => {
    const below = numbers(2);
    const seen = { read: 0, refused: 0 };
    for (let n = 0; n < 120; n++) {
      const copy = Buffer.from(small);
      for (let change = below(3); change >= 0; change--) {
        const at = 32 + below(copy.length - 64);
        if (below(2) === 0) copy[at] ^= 1 << below(8);
        else copy.writeUInt32LE(below(2 ** 20), at & ~3);
      }
      seen[tryToRead(signed(copy))]++;
    }
    expect(seen.refused).toBeGreaterThan(30);
    expect(seen.read).toBeGreaterThan(10);
  });

  it("is refused by the command, too", async () => {
    const below = numbers(4);
    const runs = Array.from({ length: 4 }, (_, n) => {
      const copy = Buffer.from(readFileSync(image));
      for (let change = 0; change < 5; change++) copy[below(copy.length)] ^= 1 << below(8);
      return pyrena(["heap", file(`fuzz-${n}`, copy), ...(n % 2 === 0 ? [] : ["--json"])]);
    });
    for (const { code, stdout, stderr } of await Promise.all(runs)) {
      expect(stderr).toMatch(/^pyrena: [^\n]+\n$/);
      expect([code, stdout]).toEqual([2, ""]);
    }
  });
});
