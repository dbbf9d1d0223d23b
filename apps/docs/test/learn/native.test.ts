/** What the course says of CPython, asked of the CPythons of this machine; without one, these tests are skipped and say so. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ArenaLab } from "../../src/live/arenas/model.ts";
import { CollectorLab, scenes } from "../../src/live/collector/model.ts";
import { play, scenarios } from "../../src/live/finalizers/model.ts";
import { GenerationsLab } from "../../src/live/generations/model.ts";
import { type Kind, kinds, ObjectLab } from "../../src/live/objects/model.ts";
import { FreeListLab, sameInts } from "../../src/live/reuse/model.ts";
import { type NativePython, nativePythons } from "./native-pythons.ts";

const pythons = nativePythons();
/** Those whose objects are here. */
const withObjects = pythons.filter(({ version }) => ["3.11", "3.12", "3.13"].includes(version));
if (pythons.length === 0)
  console.warn("Skipped: the course against CPython, since there is none here");

/** A graph as `CollectorLab` takes it. */
interface Graph {
  readonly names: readonly string[];
  readonly references: readonly string[];
  readonly held: readonly string[];
}

const anyGraph: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 8 }).chain((size) => {
  const names = [..."ABCDEFGH"].slice(0, size);
  const name = fc.constantFrom(...names);
  return fc.record({
    names: fc.constant(names),
    references: fc.array(
      fc.tuple(name, name).map((pair) => pair.join("")),
      { maxLength: 20 },
    ),
    held: fc.subarray(names),
  });
});

/** A program that makes the graph of lists, collects, and prints what was returned and who is left, in order. */
function inPython({ names, references, held }: Graph): string {
  const gone = names.filter((name) => !held.includes(name));
  return `
${names.map((name) => `${name} = []`).join("\n")}
${references.map(([from, to]) => `${from}.append(${to})`).join("\n")}
ids = {${names.map((name) => `id(${name}): "${name}"`).join(", ")}}
${gone.map((name) => `del ${name}`).join("\n")}
print(gc.collect(), *[ids[id(o)] for o in gc.get_objects(generation=2) if id(o) in ids])
${held.map((name) => `del ${name}`).join("\n")}
gc.collect()
`;
}

/** What a program prints, on stdout and stderr. */
function ask({ path }: NativePython, code: string): string {
  const { stdout, stderr, status } = spawnSync(path, ["-c", code], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${path}: ${stderr}`);
  return stdout + stderr;
}

describe.each(withObjects)("CPython $version", (python) => {
  const { version } = python;

  it.each(scenarios)("does in '$name' what the live part does", (scenario) => {
    const told = ask(python, `import gc, weakref\ngc.disable()\ngc.collect()\n${scenario.code}`);
    expect(play(scenario, version)).toEqual(told.trim().split("\n"));
  });

  it("has objects of the sizes that the live part shows", () => {
    const sizes = ask(
      python,
      `import sys\nfor x in (${kinds.join(", ")}): print(sys.getsizeof(x))`,
    );
    expect(kinds.map((kind) => new ObjectLab(version, kind).sizeof)).toEqual(
      sizes.trim().split("\n").map(Number),
    );
  });

  it("stores a list's, a float's and an int's fields as the live part does", () => {
    const words = (kind: Kind): string[] => {
      const { bytes, origin } = new ObjectLab(version, kind).bytes();
      const length = bytes.length - origin - 16;
      const told = ask(
        python,
        `import ctypes\nx = ${kind}\nprint(ctypes.string_at(id(x) + 16, ${length}).hex())`,
      ).trim();
      const shown = [...bytes.subarray(origin + 16)]
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join("");
      // A list's second word is an address: it differs.
      return kind === "[1, 2]"
        ? [told.slice(0, 16) + told.slice(32), shown.slice(0, 16) + shown.slice(32)]
        : [told, shown];
    };
    for (const kind of ["[1, 2]", "1.5", "1000"] as const) {
      const [told, shown] = words(kind);
      expect([kind, shown]).toEqual([kind, told]);
    }
  });

  it("collects as often, and in the same order, as the live part", () => {
    const runs = ask(
      python,
      `import gc
gc.collect(); gc.freeze(); seen = []
gc.callbacks.append(lambda phase, info: phase == "start" and seen.append(info["generation"]))
keep = []
for _ in range(60_000): keep.append([])
print(*seen)`,
    );
    const lab = new GenerationsLab(version);
    lab.make(60_000);
    expect(lab.collections.map(({ generation }) => generation).join(" ")).toBe(runs.trim());
  });

  it("ends with the survivors that the collector page foretells, in the same order, on any graph", () => {
    const graphs = [
      ...scenes.map(({ nodes, variables, references }) => ({
        names: [...nodes],
        references,
        held: [...variables],
      })),
      ...fc.sample(anyGraph, { numRuns: 40, seed: 20 }),
    ];
    const told = ask(
      python,
      `import gc; gc.disable(); gc.collect(); gc.freeze()\n${graphs.map(inPython).join("")}`,
    );
    const foretold = graphs.map(({ names, references, held }) => {
      const lab = new CollectorLab(undefined, version);
      for (const _ of names) lab.add();
      for (const [from, to] of references) lab.link(from!, to!);
      for (const name of names) if (!held.includes(name)) lab.setVariable(name, false);
      const { unreachable, young } = lab.steps().at(-1)!;
      return [unreachable.length, ...young].join(" ");
    });
    expect(told.trim().split("\n")).toEqual(foretold);
  });

  it("shares the same ints, and keeps as many lists and floats", () => {
    const shared = ask(
      python,
      "print([n for n in range(-10, 300) if int(str(n)) is int(str(n))][::261])",
    );
    expect(shared.trim()).toBe("[-5, 256]");
    expect([-6, -5, 256, 257].map((n) => sameInts(n, version).same)).toEqual([
      false,
      true,
      true,
      false,
    ]);
    const lab = new FreeListLab(version);
    lab.make("list", 200);
    lab.drop();
    const told = ask(
      python,
      "import sys\nl = [[] for _ in range(200)]; del l\nsys._debugmallocstats()",
    );
    const [, lists] = /(\d+) free PyListObjects/.exec(told)!;
    expect(lab.kept().find(({ name }) => name === "PyListObject")!.free).toBe(Number(lists));
  });
});

describe.each(pythons)("pymalloc of CPython $version", (python) => {
  it("has the threshold, classes, pools and arenas that the course gives", () => {
    const told = ask(python, "import sys; sys._debugmallocstats()");
    expect(told).toContain("Small block threshold = 512, in 32 size classes.");
    const [, arenaBytes] = /arenas \* (\d+) bytes\/arena/.exec(told)!;
    const [, poolBytes] = /unused pools \* (\d+) bytes/.exec(told)!;
    const lab = new ArenaLab(python.version);
    lab.allocate(1, 48);
    expect(lab.arenas()[0]).toMatchObject({
      bytes: Number(arenaBytes),
      poolBytes: Number(poolBytes),
    });
    // Blocks in use and available of class 2, over its pools: those that fit in one.
    const [, pools, used, free] = /^ +2 +48 +(\d+) +(\d+) +(\d+)$/m.exec(told)!;
    lab.allocate(1000, 48);
    expect(lab.arenas()[0]!.used[0]!.capacity).toBe((Number(used) + Number(free)) / Number(pools));
  });
});
