import { readdirSync, readFileSync } from "node:fs";
import { type AbiName, type CollectorHost, gcDebug, NULL, PyrenaError } from "@pyrena/abi";
import { plainGraph } from "@pyrena/conformance";
import type { Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGenerational, generational, incremental } from "../src/index.ts";
import { collectedObjects, freezeRest } from "./heap.ts";
import { checkedCollection, trackedBy } from "./second-opinion.ts";

interface Run {
  readonly size: number;
  readonly cyclic: number;
  readonly generations: string;
  readonly collected: readonly number[];
  readonly counts: readonly number[];
}

const folder = new URL("fixtures/generational/", import.meta.url);
const recordings = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .map((name) => {
    const [version, abi] = name.replace(".json", "").split("-");
    const { python, runs } = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
    return { version, abi: abi as AbiName, python: python as string, runs: runs as Run[] };
  });

const profiles = recordings.map(({ version, abi }) => [version, abi] as const);

function control(objects: Objects) {
  const { control: found, ctx } = objects.gc.collector();
  if (found === undefined) throw new Error("no control");
  return { ...found, ctx };
}

/** The recorded program, on Pyrena's objects. */
function replay(objects: Objects, { size, cyclic }: Run) {
  const { list, refs, gc, constants } = objects;
  const generations: number[] = [];
  const collected: number[] = [];
  const one = list.pack([constants.none]);
  const kept = list.repeat(one, size);
  refs.decref(one);
  freezeRest(objects);
  gc.host.event = (phase, info) => {
    if (phase !== "stop") return;
    generations.push(info.generation);
    collected.push(info.collected);
  };
  gc.enable();
  let made: number = NULL;
  for (let i = 0; i < size; i++) {
    const next = list.create(0);
    refs.xdecref(made);
    made = next;
    if (cyclic > 0 && i % cyclic === 0) list.append(made, made);
    else list.setItem(kept, i, made);
    gc.poll();
  }
  gc.disable();
  gc.host.event = undefined;
  refs.xdecref(made);
  const counts = gc.counts();
  refs.decref(kept);
  return { generations: generations.join(""), collected, counts };
}

describe.each(recordings)(
  "automatic collections of $version $abi",
  ({ version, abi, runs, python }) => {
    it.each(runs)(`of $size lists run when CPython ${python}'s do, cyclic: $cyclic`, (run) => {
      const objects = collectedObjects(version, abi, generational());
      const { generations, collected, counts } = replay(objects, run);
      expect(generations).toBe(run.generations);
      expect(collected).toEqual(run.collected);
      // A full collection empties the free lists. CPython's callback is then given a dict of new memory, which is counted,
      // and kept for reuse afterwards, which is not. The test is told without a dict.
      const [first, ...others] = run.counts;
      const full = run.generations.split("2").length - 1;
      expect(counts).toEqual([first - full, ...others]);
      objects.gc.collector().verify(objects.gc.collector().ctx);
    });
  },
);

/** A list that holds itself, and whatever else; the test holds nothing of it. */
function ring(objects: Objects, others: readonly number[] = []): number {
  const { list, refs } = objects;
  const made = list.pack(others);
  list.append(made, made);
  refs.decref(made);
  return made;
}

describe.each(profiles)("the generational collector of %s %s", (version, abi) => {
  const make = (options = {}) =>
    collectedObjects(version, abi, generational({ enabled: false }), options);

  it("takes from a random graph what a plain search does not reach", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            kind: fc.constantFrom("list", "tuple", "dict", "set"),
            links: fc.array(fc.nat(40), { maxLength: 4 }),
            held: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        fc.array(fc.constantFrom(0, 1, 2), { maxLength: 3 }),
        (specs, generations) => {
          const objects = make();
          const { list, tuple, dict, set, refs, gc, constants, int } = objects;
          freezeRest(objects);
          const held: number[] = [];
          // Lists that carry the links, so that cycles go through tuples, dicts and sets, too.
          const carriers = specs.map(() => list.create(0));
          specs.forEach(({ kind, links }, n) => {
            const targets = links.map((link) => carriers[link % carriers.length]);
            let made: number;
            if (kind === "list") made = list.pack(targets);
            else if (kind === "tuple") made = tuple.pack(targets);
            else if (kind === "dict") {
              made = dict.create();
              targets.forEach((target, key) => {
                const name = int.from(key);
                dict.setItem(made, name, target);
                refs.decref(name);
              });
            } else {
              made = set.create();
              const inside = tuple.pack([constants.none]);
              set.add(made, inside);
              refs.decref(inside);
            }
            list.append(carriers[n], made);
            refs.decref(made);
          });
          for (const generation of generations) gc.collect(generation);
          specs.forEach(({ held: keep }, n) => {
            if (keep) held.push(carriers[n]);
            else refs.decref(carriers[n]);
          });
          checkedCollection(gc.graph, gc.collector(), held);
          objects.inspect.verify({ held });
          for (const object of held) refs.decref(object);
          checkedCollection(gc.graph, gc.collector());
          expect(checkedCollection(gc.graph, gc.collector())).toBe(0);
          objects.inspect.verify();
        },
      ),
      { numRuns: 40 },
    );
  });

  it("moves survivors on, and shows them in their generation", () => {
    const objects = make();
    freezeRest(objects);
    const { gc, list, refs } = objects;
    const made = list.create(0);
    const generationOf = (object: number): number => {
      let found = -1;
      gc.collector().each(gc.collector().ctx, (other, generation) => {
        if (other === object) found = generation;
      });
      return found;
    };
    expect(generationOf(made)).toBe(0);
    gc.collect(0);
    expect(generationOf(made)).toBe(1);
    gc.collect(0);
    expect(generationOf(made)).toBe(1);
    gc.collect(1);
    expect(generationOf(made)).toBe(2);
    gc.freeze();
    expect(generationOf(made)).toBe(3);
    gc.unfreeze();
    expect(generationOf(made)).toBe(2);
    refs.decref(made);
    expect(generationOf(made)).toBe(-1);
  });

  it("does not find garbage whose cycle goes through an older generation", () => {
    const objects = make();
    freezeRest(objects);
    const { gc, list, refs } = objects;
    const old = list.create(0);
    gc.collect(1);
    const young = list.pack([old]);
    list.append(old, young);
    refs.decref(old);
    refs.decref(young);
    expect(gc.collect(0)).toBe(0);
    expect(gc.collect(1)).toBe(0);
    expect(gc.collect(2)).toBe(2);
  });

  it("says what it does when asked to", () => {
    let text = "";
    const objects = make({
      stderr: (line: string) => {
        text += line;
      },
    });
    freezeRest(objects);
    const { gc } = objects;
    const frozen = control(objects).freezeCount(control(objects).ctx);
    const garbage = ring(objects);
    gc.setDebug(gcDebug.stats | gcDebug.collectable);
    gc.collect(2);
    gc.setDebug(0);
    const lines = text.split("\n");
    expect(lines[0]).toBe("gc: collecting generation 2...");
    expect(lines[1]).toMatch(/^gc: objects in each generation: \d+ 0 \d+$/);
    expect(lines[2]).toBe(`gc: objects in permanent generation: ${frozen}`);
    expect(lines[3]).toBe(`gc: collectable <list 0x${garbage.toString(16)}>`);
    expect(lines[4]).toMatch(/^gc: done, 1 unreachable, 0 uncollectable, 0\.\d{4}s elapsed$/);
    expect(lines[5]).toBe("");
  });

  it("keeps all that it finds with DEBUG_SAVEALL, and finds it again when that is let go", () => {
    const objects = make();
    freezeRest(objects);
    const { gc, list } = objects;
    const garbage = ring(objects);
    gc.setDebug(gcDebug.saveAll);
    expect(gc.collect(2)).toBe(1);
    gc.setDebug(0);
    const kept = gc.garbage();
    expect(list.length(kept)).toBe(1);
    expect(list.getItem(kept, 0)).toBe(garbage);
    expect(gc.collect(2)).toBe(0);
    list.clear(kept);
    expect(gc.collect(2)).toBe(1);
    objects.inspect.verify();
  });

  it("refuses a generation that there is none of", () => {
    const { gc } = make();
    const { ctx, collect } = gc.collector();
    for (const generation of [-1, 3, 0.5, Number.NaN])
      expect(() => collect(ctx, generation)).toThrow(/generations 0, 1 and 2/);
  });

  it("hands its objects over and takes them back, generation by generation", () => {
    const objects = make();
    const { gc, list, refs } = objects;
    const made = [list.create(0), list.create(0), list.create(0)];
    gc.setThreshold(123, 4, 5);
    const view = () => {
      const seen = new Map<number, number>();
      gc.collector().each(gc.collector().ctx, (object, generation) => seen.set(object, generation));
      return seen;
    };
    gc.collect(1);
    const garbage = ring(objects);
    const before = view();
    gc.use(generational());
    expect([...view()]).toEqual([...before]);
    expect(control(objects).thresholds(control(objects).ctx)).toEqual([123, 4, 5]);
    expect(gc.isEnabled()).toBe(false);
    gc.use(incremental());
    expect(new Set(view().keys())).toEqual(new Set(before.keys()));
    gc.use(generational());
    expect(new Set(view().keys())).toEqual(new Set(before.keys()));
    expect(trackedBy(gc.collector()).has(garbage)).toBe(true);
    expect(gc.collect(2)).toBe(1);
    for (const object of made) refs.decref(object);
    objects.inspect.verify();
    expect(objects.heap.layers().filter(({ tag }) => tag.startsWith("GC")).length).toBe(1);
  });
});

describe("a generational collector's own memory", () => {
  it("is asked for once, and where there is none nothing is left behind", () => {
    expect(() =>
      plainGraph(generational(), { raw: { calloc: () => NULL, free: () => {} } }),
    ).toThrow(PyrenaError);
    expect(() =>
      plainGraph(generational(), { raw: { calloc: () => NULL, free: () => {} } }),
    ).toThrow(/no room for the collector's state \(\d+ bytes\)/);
  });

  it("is given back when the directory is full", () => {
    const given: number[] = [];
    const factory = (graph: Parameters<typeof createGenerational>[0], host: CollectorHost) => {
      for (let n = host.heap.layers().length; n < 30; n++)
        host.heap.register(`T${100 + n}`, 4096, 4, 1);
      return createGenerational(graph, {
        ...host,
        raw: { ...host.raw, free: (block) => void given.push(block) },
      });
    };
    expect(() => plainGraph(factory)).toThrow(/no room for 'GCGN'/);
    expect(given.length).toBe(1);
  });
});

describe("verify", () => {
  it.each([
    [
      "C1",
      "a link that leads nowhere",
      (u32: Uint32Array, head: number) => {
        u32[head] = 0;
      },
    ],
    [
      "C1",
      "a link back to another",
      (u32: Uint32Array, head: number) => {
        u32[head + 1] = head << 2;
      },
    ],
    [
      "C3",
      "a mark of a collection",
      (u32: Uint32Array, head: number) => {
        u32[head + 1] |= 2;
      },
    ],
  ] as const)("finds %s broken by %s", (invariant, _, damage) => {
    const plain = plainGraph(generational());
    plain.node(1);
    const object = plain.node(1);
    plain.node(1);
    const { collector, graph } = plain;
    collector.verify(collector.ctx);
    damage(graph.memory.u32, (object - graph.gcHeadBytes) >>> 2);
    expect(() => collector.verify(collector.ctx)).toThrow(new RegExp(`^${invariant}`));
  });
});

describe("untracking", () => {
  // Asked CPython 3.12 and 3.13: b = C(); b.v = b; a = b.__dict__; gc.collect(); gc.is_tracked(a)
  it.each([
    ["3.12", "lp64"],
    ["3.13", "lp64"],
    ["3.13", "ilp32"],
  ] as const)(
    "keeps the dict of an instance that holds itself tracked, in %s %s",
    (version, abi) => {
      const objects = collectedObjects(version, abi, generational({ enabled: false }));
      const { gc, classes, dict, int, protocol, refs } = objects;
      const cls = classes.create({ name: "C" });
      const instance = classes.call(cls, []);
      protocol.setAttribute(instance, "v", instance);
      const attributes = classes.dict(instance);
      gc.collect(2);
      expect(objects.alloc.isTracked(attributes)).toBe(true);
      const one = int.from(1);
      protocol.setAttribute(instance, "v", one);
      refs.decref(one);
      gc.collect(2);
      expect(objects.alloc.isTracked(attributes)).toBe(false);
      expect(dict.length(attributes)).toBe(1);
      for (const object of [attributes, instance, cls]) refs.decref(object);
      gc.collect(2);
      objects.inspect.verify();
    },
  );
});
