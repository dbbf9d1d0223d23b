import { type AbiName, type Address, type CollectorHost, PyrenaError } from "@pyrena/abi";
import { type PlainGraph, plainGraph } from "@pyrena/conformance";
import type { Objects } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createIncremental,
  generational,
  type IncrementalCollector,
  type IncrementalOptions,
  incremental,
  isIncremental,
} from "../src/index.ts";
import { randomProgram } from "./fixtures/incremental-programs.ts";
import { collectedObjects, freezeRest } from "./heap.ts";
import { collectorOf, perform } from "./incremental-twin.ts";
import { checkedCollection, reachable, trackedBy } from "./second-opinion.ts";

/** A plain graph with an incremental collector, and what it was made with. */
function plain(options: IncrementalOptions = {}) {
  let host: CollectorHost | undefined;
  const graph = plainGraph((given, around) => {
    host = around;
    return createIncremental(given, around, options);
  });
  const collector = graph.collector as IncrementalCollector;
  const { control } = collector;
  if (control === undefined || host === undefined) throw new Error("no control");
  const collect = (generation: number): number => collector.collect(undefined, generation);
  return { ...graph, collector, control, host, collect };
}

/** Nodes that refer to one another in a ring, given up but for the first. */
function ring(graph: PlainGraph, size: number): Address[] {
  const nodes = Array.from({ length: size }, () => graph.node(1));
  for (let n = 0; n < size; n++) graph.set(nodes[n], 0, nodes[(n + 1) % size]);
  for (const node of nodes.slice(1)) graph.release(node);
  return nodes;
}

function generationsOf({ collector }: { readonly collector: IncrementalCollector }): number[] {
  const sizes = [0, 0, 0, 0];
  collector.each(undefined, (_, generation) => {
    sizes[generation]++;
  });
  return sizes;
}

/** What a random walk over a plain graph does. */
type Move =
  | { readonly kind: "make" | "collect"; readonly n: number }
  | { readonly kind: "release"; readonly at: number }
  | { readonly kind: "freeze" | "unfreeze" }
  | { readonly kind: "set" | "weakref"; readonly at: number; readonly to: number }
  | { readonly kind: "finalizer"; readonly at: number; readonly does: number };

const index = fc.nat(30);
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("make" as const),
        n: fc.integer({ min: 1, max: 9 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("release" as const), at: index }) },
    {
      weight: 9,
      arbitrary: fc.record({ kind: fc.constant("set" as const), at: index, to: index }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("finalizer" as const),
        at: index,
        does: fc.nat(4),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("weakref" as const), at: index, to: index }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("collect" as const),
        n: fc.constantFrom(0, 1, 1, 1, 2),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("freeze" as const, "unfreeze" as const),
      }),
    },
  ),
  { maxLength: 80 },
);

/** Walk, and check after each step that what the test holds is alive and that the collector's state is sound. */
function walk(path: readonly Move[]): void {
  const graph = plain({ heapSize: 40 });
  const { alive, held, collector, control } = graph;
  const pick = (n: number): Address | undefined => [...held.keys()][n % Math.max(1, held.size)];
  const behaviours: ((object: Address) => void)[] = [
    () => {},
    (object) => graph.hold(object),
    () => void graph.collect(1),
    () => graph.release(ring(graph, 3)[0]),
    () => control.freeze(undefined),
  ];
  for (const move of path) {
    switch (move.kind) {
      case "make":
        ring(graph, move.n);
        break;
      case "collect": {
        const kept = [...reachable(graph.graph)];
        graph.collect(move.n);
        for (const object of kept) expect(alive.has(object)).toBe(true);
        break;
      }
      case "freeze":
      case "unfreeze":
        control[move.kind](undefined);
        break;
      default: {
        const at = pick(move.at);
        if (at === undefined) break;
        if (move.kind === "release") graph.release(at);
        else if (move.kind === "finalizer") graph.onFinalize(at, behaviours[move.does]);
        else {
          const holder = pick(move.to) ?? at;
          if (move.kind === "set") graph.set(at, 0, holder);
          else {
            const ref = graph.weakref(at, (called) => expect(graph.target(called)).toBe(0));
            graph.set(holder, 0, ref);
            graph.release(ref);
          }
        }
      }
    }
    collector.verify(undefined);
    expect(graph.unraisable).toEqual([]);
  }
  control.unfreeze(undefined);
  // What finalizers make or save while one collection runs is left to the next.
  for (let n = 0; n < 4; n++) graph.collect(2);
  const reached = reachable(graph.graph);
  for (const object of alive)
    if (!reached.has(object)) throw new Error("unreachable after full collections");
  collector.verify(undefined);
}

describe("on random graphs", () => {
  it("what is held stays alive, the state is sound, and in the end all garbage is gone", () => {
    fc.assert(fc.property(moves, walk), { numRuns: 150 });
  });

  it("increments alone find all garbage in the end", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }), (sizes) => {
        const graph = plain();
        for (const size of sizes) {
          graph.release(ring(graph, size)[0]);
          graph.collect(1);
        }
        // Each increment pays for what a new ring of ten adds; those before it follow.
        for (let n = 0; n < 400 && graph.alive.size > 30; n++) {
          graph.release(ring(graph, 10)[0]);
          graph.collect(1);
          graph.collector.verify(undefined);
        }
        expect(graph.alive.size).toBeLessThanOrEqual(30);
      }),
      { numRuns: 30 },
    );
  });
});

const profiles: readonly (readonly [string, AbiName])[] = [
  ["3.11", "lp64"],
  ["3.12", "ilp32"],
  ["3.13", "lp64"],
  ["3.14", "lp64"],
  ["3.14", "ilp32"],
  ["3.15", "lp64"],
];

/** Full collections until nothing more comes of it, each checked against a search. */
function collectAll(py: Objects, held: readonly Address[]): void {
  const collector = collectorOf(py);
  for (let n = 0; n < 5; n++) py.gc.collect();
  expect(checkedCollection(py.gc.graph, collector, held)).toBe(0);
}

describe.each(profiles)("on the objects of %s %s", (python, abi) => {
  it("random programs leave a sound state after each step", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), (seed) => {
        const py = collectedObjects(python, abi, incremental({ enabled: false }));
        const collector = collectorOf(py);
        const { steps, hidden } = randomProgram(seed);
        const program = { steps, hidden, heapSize: 20_000, visitedSpace: 0 };
        perform(py, program, () => collector.verify(undefined));
      }),
      { numRuns: 8 },
    );
  });

  it("a full collection takes what a plain search does not reach, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(19), fc.nat(19)), { maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
        fc.array(fc.constantFrom(0, 1), { maxLength: 6 }),
        (links, dropped, before) => {
          const py = collectedObjects(python, abi, incremental({ enabled: false }));
          const { list, refs } = py;
          const lists = Array.from({ length: 20 }, () => list.create(0));
          for (const [from, to] of links) list.append(lists[from], lists[to]);
          before.forEach((generation, n) => {
            py.gc.collect(generation);
            list.append(lists[n], lists[n + 1]);
          });
          const held = lists.filter((one, n) => {
            if (dropped[n]) refs.decref(one);
            return !dropped[n];
          });
          checkedCollection(py.gc.graph, collectorOf(py), held);
          collectorOf(py).verify(undefined);
          collectAll(py, held);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("chains of 100 000 objects are marked, grown and collected without recursion", () => {
    const py = collectedObjects(python, abi, incremental({ enabled: false }));
    const { list, refs, frames } = py;
    freezeRest(py);
    const chain = (): Address => {
      let last = list.create(0);
      for (let n = 1; n < 100_000; n++) {
        const next = list.pack([last]);
        refs.decref(last);
        last = next;
      }
      return last;
    };
    const marked = chain();
    const frame = frames.pushNamed("f", ["x"]);
    frames.store(frame, 0, marked);
    py.gc.collect(1);
    expect(collectorOf(py).progress()).toMatchObject({
      phase: "collect",
      heapSize: 100_000 + rest(py),
    });
    expect(collectorOf(py).progress().workToDo).toBeLessThan(-90_000);
    py.gc.collect(2);
    frames.delete(frame, 0);
    const grown = chain();
    list.append(grown, grown);
    refs.decref(grown);
    py.gc.collect(2);
    expect(trackedBy(collectorOf(py)).size).toBeLessThan(10);
    frames.pop(frame);
    collectorOf(py).verify(undefined);
  });
});

/** Objects that were frozen before a test's own. */
function rest(py: Objects): number {
  return py.gc.getFreezeCount();
}

describe("the state in the heap", () => {
  it("is gone on with by a collector that opens the heap again", () => {
    const graph = plain({ heapSize: 1000, thresholds: [50, 7, 0] });
    ring(graph, 10);
    graph.release(ring(graph, 20)[0]);
    graph.collect(1);
    const opened = createIncremental(graph.graph, { ...graph.host, fresh: false });
    expect(opened.progress()).toEqual(graph.collector.progress());
    expect(opened.progress().phase).toBe("collect");
    expect(opened.control?.thresholds(undefined)).toEqual([50, 7, 0]);
    expect(opened.collect(undefined, 2)).toBe(20);
    opened.verify(undefined);
    graph.collector.verify(undefined);
    expect(graph.alive.size).toBe(10);
  });

  it("is given back by close, and another collector may follow", () => {
    const graph = plain();
    const freed: Address[] = [];
    const host = {
      ...graph.host,
      raw: { ...graph.host.raw, free: (_: unknown, block: Address) => void freed.push(block) },
    };
    graph.collector.close?.(undefined);
    expect(graph.host.heap.layers().map(({ tag }) => tag)).not.toContain("GCIN");
    const next = createIncremental(graph.graph, host as CollectorHost);
    expect(graph.host.heap.layers().map(({ tag }) => tag)).toContain("GCIN");
    next.close?.(undefined);
    expect(graph.host.heap.layers().map(({ tag }) => tag)).not.toContain("GCIN");
  });

  it("that there is no room for makes no collector and leaves no trace", () => {
    const graph = plain();
    graph.collector.close?.(undefined);
    const layers = graph.host.heap.layers();
    const host: CollectorHost = { ...graph.host, raw: { ...graph.host.raw, calloc: () => 0 } };
    expect(() => createIncremental(graph.graph, host)).toThrow(
      expect.objectContaining({ code: "memory-limit" }),
    );
    expect(graph.host.heap.layers()).toEqual(layers);
  });

  it("that cannot be entered in the directory is given back", () => {
    const graph = plain();
    graph.collector.close?.(undefined);
    const { heap } = graph.host;
    for (let n = 0; ; n++) {
      try {
        heap.register(`X${String(n).padStart(3, "0")}`, 2048, 16, 1);
      } catch {
        break;
      }
    }
    const taken: Address[] = [];
    const raw = {
      ...graph.host.raw,
      calloc: (count: number, size: number): Address => {
        const block = (graph.host.raw.calloc as (count: number, size: number) => Address)(
          count,
          size,
        );
        taken.push(block);
        return block;
      },
      free: (block: Address): void => {
        taken.splice(taken.indexOf(block), 1);
      },
    };
    expect(() => createIncremental(graph.graph, { ...graph.host, raw } as CollectorHost)).toThrow(
      expect.objectContaining({ code: "directory-full" }),
    );
    expect(taken).toEqual([]);
  });

  it.each<[string, number, number]>([
    ["I1", 0, 1],
    ["C3", 1, 2],
  ])("that is damaged breaks %s: word %i, bit %i", (invariant, word, bit) => {
    const graph = plain();
    const [node] = ring(graph, 3);
    graph.graph.memory.u32[(node - 8 + 4 * word) >>> 2] ^= bit;
    expect(() => graph.collector.verify(undefined)).toThrow(
      expect.objectContaining({ code: "heap-corrupt", invariant }),
    );
  });

  it("whose lists are broken breaks C1", () => {
    const graph = plain();
    const [, node] = ring(graph, 3);
    graph.graph.memory.u32[(node - 8) >>> 2] = 0;
    expect(() => graph.collector.verify(undefined)).toThrow(
      expect.objectContaining({ code: "heap-corrupt", invariant: "C1" }),
    );
  });

  it("whose heap size is wrong breaks I3", () => {
    const graph = plain();
    ring(graph, 3);
    const { address, bytes } = graph.host.heap.layer("GCIN", 1);
    const { u32 } = graph.graph.memory;
    const at = u32.subarray(address >>> 2, (address + bytes) >>> 2).lastIndexOf(3);
    u32[(address >>> 2) + at]++;
    expect(() => graph.collector.verify(undefined)).toThrow(/^I3: heap_size is 4, but 3 objects/);
  });
});

describe("where a user's traverse throws", () => {
  it.each(["mark", "grow", "collect"] as const)("in what %s does, nothing is lost", (where) => {
    let bad: Address = 0;
    const thrown: unknown[] = [];
    const graph = plainGraph(
      (given, host) =>
        createIncremental(
          {
            ...given,
            words: { ...given.words, layout: -1 },
            traverse: (ctx, object, visit) => {
              if (object === bad) throw new Error("thrown by traverse");
              given.traverse(ctx, object, visit);
            },
          },
          host,
        ),
      { unraisable: (what) => void thrown.push(what) },
    );
    const { collector } = graph;
    const collect = (generation: number): number => collector.collect(collector.ctx, generation);
    const nodes = ring(graph, 12);
    if (where === "mark") {
      bad = nodes[5];
      collect(1);
    } else {
      collect(2);
      collect(1);
      graph.release(ring(graph, 30)[0]);
      bad = nodes[where === "grow" ? 0 : 7];
      collect(1);
      collect(1);
    }
    expect(thrown.length).toBeGreaterThan(0);
    collector.verify(collector.ctx);
    for (const node of nodes) expect(graph.alive.has(node)).toBe(true);
    bad = 0;
    graph.release(nodes[0]);
    collect(2);
    expect(graph.alive.size).toBe(0);
    collector.verify(collector.ctx);
  });
});

describe("automatic collection", () => {
  /** Makes nodes that are garbage at once. */
  const litter = (graph: PlainGraph, count: number): void => {
    for (let n = 0; n < count; n++) graph.release(ring(graph, 1)[0]);
  };
  const collections = ({ control }: ReturnType<typeof plain>): number[] =>
    control.generationStats(undefined).map((row) => row.collections);

  it("waits for a poll, and is an increment", () => {
    const graph = plain({ thresholds: [10, 10, 0] });
    litter(graph, 10);
    graph.collector.poll?.(undefined);
    expect(graph.collector.progress().phase).toBe("mark");
    litter(graph, 1);
    expect(graph.collector.progress().phase).toBe("mark");
    graph.collector.poll?.(undefined);
    expect(graph.collector.progress().phase).toBe("collect");
    litter(graph, 11);
    graph.collector.poll?.(undefined);
    expect(collections(graph)).toEqual([0, 1, 0]);
    expect(graph.alive.size).toBe(0);
  });

  it("is forgotten if the poll finds it switched off, or inside of a collection", () => {
    const graph = plain({ thresholds: [3, 10, 0] });
    const { control, collector } = graph;
    litter(graph, 4);
    control.setEnabled(undefined, false);
    collector.poll?.(undefined);
    control.setEnabled(undefined, true);
    collector.poll?.(undefined);
    expect(collector.progress().phase).toBe("mark");
    litter(graph, 1);
    const [node] = ring(graph, 1);
    graph.onFinalize(node, () => collector.poll?.(undefined));
    graph.release(node);
    graph.collect(0);
    collector.poll?.(undefined);
    expect(collector.progress().phase).toBe("mark");
    expect(collections(graph)).toEqual([1, 0, 0]);
  });

  it("does not begin while an exception is pending", () => {
    let pending = true;
    const graph = plainGraph(incremental({ thresholds: [3, 10, 0] }), {
      exceptionPending: () => pending,
    });
    const collector = graph.collector as IncrementalCollector;
    litter(graph, 9);
    collector.poll?.(undefined);
    expect(collector.progress().phase).toBe("mark");
    pending = false;
    litter(graph, 1);
    collector.poll?.(undefined);
    expect(collector.progress().phase).toBe("collect");
  });
});

describe("immortal objects", () => {
  const IMMORTAL = 5 << 28;

  it.each([
    ["3.12", true],
    ["3.14", false],
  ] as const)(
    "in %s leave the lists that collections look at; tracked: %s",
    (python, stayTracked) => {
      const py = collectedObjects(python, "ilp32", incremental({ enabled: false }));
      freezeRest(py);
      const frozen = rest(py);
      const list = py.list.create(0);
      py.memory.u32[list >>> 2] = python === "3.12" ? 0x3fffffff : IMMORTAL;
      expect(py.refs.isImmortal(list)).toBe(true);
      py.gc.collect(0);
      expect(py.gc.isTracked(list)).toBe(stayTracked);
      expect(py.gc.getFreezeCount()).toBe(frozen + (stayTracked ? 1 : 0));
      collectorOf(py).verify(undefined);
    },
  );

  it("that an increment begins with are set aside, as in 3.14.2", () => {
    const py = collectedObjects("3.14", "ilp32", incremental({ enabled: false }));
    freezeRest(py);
    const frozen = rest(py);
    const list = py.list.create(0);
    py.gc.collect();
    py.memory.u32[list >>> 2] = IMMORTAL;
    const others = Array.from({ length: 50 }, () => py.list.create(0));
    py.gc.collect(1);
    others.push(...Array.from({ length: 50 }, () => py.list.create(0)));
    py.gc.collect(1);
    expect(py.gc.isTracked(list)).toBe(true);
    expect(py.gc.getFreezeCount()).toBe(frozen + 1);
    collectorOf(py).verify(undefined);
  });
});

describe("what it is told, and tells", () => {
  it("of generations that there are none of is refused", () => {
    const graph = plain();
    for (const generation of [-1, 3, 0.5, Number.NaN])
      expect(() => graph.collect(generation)).toThrow(PyrenaError);
  });

  it("of the heap's size sets the pace", () => {
    const paces = [0, 2000, 100_000].map((heapSize) => {
      const graph = plain({ heapSize });
      for (let n = 0; n < 30; n++) graph.release(graph.node(1));
      const kept = Array.from({ length: 30 }, () => graph.node(1));
      graph.collect(2);
      for (let n = 0; n < 30; n++) kept.push(graph.node(1));
      graph.collect(1);
      return graph.collector.progress().workToDo;
    });
    // 30 new objects, and up to twice as many as the heap's size allows, less twice the 60 that roots hold.
    expect(paces).toEqual([30 - 120, 30 + 20 - 120, 30 + 60 - 120]);
  });

  it("of the heap's size later on holds from then", () => {
    const graph = plain();
    ring(graph, 5);
    graph.collector.setHeapSize(900);
    expect(graph.collector.progress().heapSize).toBe(900);
    ring(graph, 5);
    expect(graph.collector.progress().heapSize).toBe(905);
    graph.collector.verify(undefined);
  });

  it("tells its kind", () => {
    expect(isIncremental(plain().collector)).toBe(true);
    expect(isIncremental(plainGraph(generational()).collector)).toBe(false);
  });

  it("shows young objects as of generation 0 and old ones as of 2", () => {
    const graph = plain();
    ring(graph, 4);
    expect(generationsOf(graph)).toEqual([4, 0, 0, 0]);
    graph.collect(0);
    ring(graph, 3);
    expect(generationsOf(graph)).toEqual([3, 0, 4, 0]);
    graph.control.freeze(undefined);
    expect(generationsOf(graph)).toEqual([0, 0, 0, 7]);
    graph.control.unfreeze(undefined);
    expect(generationsOf(graph)).toEqual([0, 0, 7, 0]);
  });
});
