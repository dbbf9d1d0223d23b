import { type Collector, type CollectorFactory, gcDebug, PyrenaError } from "@pyrena/abi";
import { nullCollector, type PlainGraph, plainGraph } from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { type GcModule, generational, incremental, makeGcModule } from "../src/index.ts";

/** A plain graph with a gc module. */
function setUp(factory: CollectorFactory): { plain: PlainGraph; gc: GcModule } {
  let gc: GcModule | undefined;
  const plain = plainGraph((graph, host) => {
    const collector = factory(graph, host);
    gc = makeGcModule(graph, collector as Collector, host);
    return collector;
  });
  return { plain, gc: gc as GcModule };
}

function dropCycle(plain: PlainGraph): number {
  const node = plain.node(1);
  plain.set(node, 0, node);
  plain.release(node);
  return node;
}

describe.each([
  ["generational", generational({ enabled: false })],
  ["incremental", incremental({ enabled: false })],
])("the gc module over any graph, %s", (name, factory) => {
  it("collects", () => {
    const { plain, gc } = setUp(factory);
    dropCycle(plain);
    expect(gc.collect()).toBe(1);
    expect(gc.collect(0)).toBe(0);
    expect(gc.getStats()[2].collected).toBe(1);
  });

  it("refuses numbers that are out of range", () => {
    const { gc } = setUp(factory);
    for (const wrong of [-1, 3, 0.5]) {
      expect(() => gc.collect(wrong)).toThrow(/there are the generations 0 to 2, not/);
      expect(() => gc.getObjects(wrong)).toThrow(PyrenaError);
    }
    expect(() => gc.setThreshold(2 ** 31)).toThrow(/a threshold must be a whole number/);
    expect(() => gc.setThreshold(7, 0.5)).toThrow(PyrenaError);
    expect(() => gc.setDebug(Number.NaN)).toThrow(PyrenaError);
  });

  it("switches, counts and sets", () => {
    const { plain, gc } = setUp(factory);
    gc.enable();
    expect(gc.isEnabled()).toBe(true);
    gc.disable();
    expect(gc.isEnabled()).toBe(false);
    gc.setThreshold(7, 8);
    expect(gc.getThreshold().slice(0, 2)).toEqual([7, 8]);
    gc.setDebug(-1);
    expect(gc.getDebug()).toBe(-1);
    gc.setDebug(0);
    gc.collect();
    plain.node(0);
    expect(gc.getCount()[0]).toBe(1);
  });

  it("lists objects by generation, without frozen ones", () => {
    const { plain, gc } = setUp(factory);
    const old = plain.node(0);
    gc.collect();
    const young = plain.node(0);
    expect(gc.getObjects()).toEqual([young, old]);
    expect(gc.getObjects(0)).toEqual([young]);
    expect(gc.getObjects(2)).toEqual([old]);
    gc.freeze();
    expect(gc.getFreezeCount()).toBe(2);
    expect(gc.getObjects()).toEqual([]);
    gc.unfreeze();
    expect(gc.getObjects(2)).toHaveLength(2);
  });

  it("finds referrers and referents", () => {
    const { plain, gc } = setUp(factory);
    const [a, b, leaf] = [plain.node(2), plain.node(2), plain.leaf()];
    plain.set(a, 0, b);
    plain.set(a, 1, leaf);
    plain.set(b, 0, leaf);
    expect(gc.getReferrers(leaf)).toEqual([a, b]);
    expect(gc.getReferrers(b, leaf)).toEqual([a, b]);
    expect(gc.getReferrers()).toEqual([]);
    expect([...gc.getReferents(a, leaf)].sort()).toEqual([b, leaf].sort());
    gc.freeze();
    expect(gc.getReferrers(leaf)).toEqual([]);
  });

  it("tells tracked and finalized objects", () => {
    const { plain, gc } = setUp(factory);
    const [node, leaf, untracked] = [plain.node(1), plain.leaf(), plain.untracked(0)];
    expect([node, leaf, untracked].map(gc.isTracked)).toEqual([true, false, false]);
    plain.onFinalize(node, (object) => plain.hold(object));
    plain.set(node, 0, node);
    plain.release(node);
    expect(gc.isFinalized(node)).toBe(false);
    gc.collect();
    expect([node, leaf].map(gc.isFinalized)).toEqual([true, false]);
  });

  it("holds a reference to each object in garbage, until it is released", () => {
    const { plain, gc } = setUp(factory);
    gc.setDebug(gcDebug.saveAll);
    const node = dropCycle(plain);
    gc.collect();
    expect(gc.garbage).toEqual([node]);
    expect(plain.graph.refcount(undefined, node)).toBe(2);
    expect(gc.collect()).toBe(0);
    expect(gc.explain(node)).toMatchObject({ fate: "reachable", roots: ["gc.garbage"] });
    expect(gc.diagnose()).toEqual({ excess: [], broken: [], unaccounted: [] });
    gc.setDebug(0);
    gc.releaseGarbage();
    expect(gc.garbage).toEqual([]);
    expect(gc.collect()).toBe(1);
    expect(plain.alive.size).toBe(0);
  });

  it("calls callbacks; one that throws keeps no other from being called", () => {
    const { plain, gc } = setUp(factory);
    const log: unknown[] = [];
    gc.callbacks.push(
      () => {
        throw new Error("mine");
      },
      (phase, { generation, collected }) => {
        log.push([phase, generation, collected]);
        expect(gc.collect()).toBe(0);
      },
    );
    dropCycle(plain);
    gc.collect();
    expect(log).toEqual([
      ["start", 2, 0],
      ["stop", 2, 1],
    ]);
    expect(plain.unraisable.map(String)).toEqual(["Error: mine", "Error: mine"]);
  });

  it("leaves the host as it was when it is closed", () => {
    const events: string[] = [];
    const kept: number[] = [];
    let gc: GcModule | undefined;
    const plain = plainGraph(
      (graph, host) => {
        const collector = factory(graph, host);
        gc = makeGcModule(graph, collector as Collector, host);
        return collector;
      },
      { event: (phase) => void events.push(phase), keep: (object) => void kept.push(object) },
    );
    const module = gc as GcModule;
    const mine: string[] = [];
    module.callbacks.push((phase) => void mine.push(phase));
    module.setDebug(gcDebug.saveAll);
    const node = dropCycle(plain);
    module.collect();
    // What the host did before is still done.
    expect(events).toEqual(["start", "stop"]);
    expect(kept).toEqual([node]);
    module.close();
    expect(plain.graph.refcount(undefined, node)).toBe(1);
    plain.collector.collect(plain.collector.ctx, 0);
    expect(events).toHaveLength(4);
    expect(mine).toHaveLength(2);
  });

  it(`names the collector in statistics of its own (${name})`, () => {
    const { gc } = setUp(factory);
    gc.collect(0);
    gc.collect(0);
    expect(gc.getStats()[0].collections).toBe(2);
  });
});

describe("the gc module over a collector without switches", () => {
  it("says so, and does what needs none", () => {
    const { plain, gc } = setUp(nullCollector());
    const node = plain.node(1);
    plain.set(node, 0, node);
    expect(gc.getObjects()).toEqual([node]);
    expect(gc.getReferrers(node)).toEqual([node]);
    expect(gc.collect()).toBe(0);
    expect(gc.explain(node).fate).toBe("reachable");
    for (const call of [gc.enable, gc.getCount, gc.getStats, gc.getDebug, gc.freeze])
      expect(() => call()).toThrow(
        new PyrenaError(
          "bad-argument",
          "the collector 'none' has no switches and counters: use one that has control",
        ),
      );
  });
});
