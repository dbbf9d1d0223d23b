import { type AbiName, abis, layoutCodes } from "@pyrena/abi";
import type { DictHandle, ListHandle } from "@pyrena/objects";
import { createRuntime, type Runtime, restore } from "pyrena";
import { afterEach, describe, expect, test } from "vitest";

const versions = ["3.11", "3.12", "3.13", "3.14", "3.15"];
const everything = versions.flatMap((python) =>
  Object.keys(abis).flatMap((abi) =>
    ["generational", "incremental"].map((collector) => ({
      python,
      abi: abi as AbiName,
      collector: collector as "generational" | "incremental",
    })),
  ),
);

let runtime: Runtime;

afterEach(() => {
  runtime.verify();
  runtime.dispose();
});

/** A list that holds itself, and nobody else holds it. */
function dropCycle({ py }: Runtime): void {
  py.scope(() => {
    const list = py.list();
    list.append(list);
  });
}

describe.each(everything)("gc: $collector in $python on $abi", (options) => {
  test("collects cycles, counts them, and tells callbacks", () => {
    runtime = createRuntime(options);
    const { gc } = runtime;
    gc.disable();
    gc.collect();
    const before = gc.getStats()[2].collected;
    const told: unknown[] = [];
    const stop = gc.onCollection((phase, info: DictHandle) => {
      told.push([phase, info.get("generation"), info.get("collected")]);
    });
    dropCycle(runtime);
    expect(gc.collect()).toBe(1);
    expect(told).toEqual([
      ["start", 2, 0],
      ["stop", 2, 1],
    ]);
    expect(gc.getStats()[2].collected).toBe(before + 1);
    stop();
    gc.collect();
    expect(told).toHaveLength(2);
    expect(gc.callbacks.length).toBe(0);
    expect(() => gc.collect(7)).toThrow(/ValueError/);
  });

  test("has the switches", () => {
    runtime = createRuntime(options);
    const { gc } = runtime;
    expect(gc.isEnabled()).toBe(true);
    gc.disable();
    expect(gc.isEnabled()).toBe(false);
    gc.enable();
    gc.setThreshold(50, 5);
    expect(gc.getThreshold().slice(0, 2)).toEqual([50, 5]);
    gc.setDebug(gc.debug.saveAll);
    expect(gc.getDebug()).toBe(gc.debug.saveAll);
    dropCycle(runtime);
    gc.collect();
    gc.setDebug(0);
    runtime.py.scope(() => {
      expect(gc.garbage.length).toBe(1);
      gc.garbage.clear();
    });
    gc.freeze();
    expect(gc.getFreezeCount()).toBeGreaterThan(0);
    gc.unfreeze();
    expect(gc.getFreezeCount()).toBe(0);
    expect(gc.getCount()).toHaveLength(3);
  });

  test("knows who refers to whom", () => {
    runtime = createRuntime(options);
    const { gc, py } = runtime;
    py.scope(() => {
      const inner = py.list([1]);
      const outer = py.list([inner]);
      const referrers = gc.getReferrers(inner);
      expect(referrers.length).toBe(1);
      expect((referrers.get(0) as ListHandle).is(outer)).toBe(true);
      expect((gc.getReferents(outer).get(0) as ListHandle).is(inner)).toBe(true);
      expect([gc.isTracked(outer), gc.isFinalized(outer)]).toEqual([true, false]);
      const all = gc.getObjects();
      expect(all.toJS()).toContainEqual([[1]]);
    });
  });

  test("explains why an object lives, and why it does not", () => {
    runtime = createRuntime(options);
    const { gc, py, globals } = runtime;
    gc.disable();
    py.scope(() => {
      globals.set("people", [{ name: ["ann"] }]);
      const name = globals.ref<ListHandle>("people")!.ref<DictHandle>(0).ref("name")!;
      const explanation = gc.explain(name);
      expect(explanation.fate).toBe("reachable");
      expect(explanation.text).toMatch(/\['name'\]/);
      const cycle = py.list();
      cycle.append(cycle);
      expect(gc.explain(cycle).fate).toBe("garbage");
      expect(gc.explain(cycle).cycle).toHaveLength(1);
      expect(gc.explain(py.list()).text).toMatch(/handle #\d+ → list/);
    });
  });

  test("goes on in a restored heap where it was", () => {
    const first = createRuntime(options);
    first.gc.setThreshold(123, 7);
    const kept = first.py.list();
    kept.append(kept);
    first.globals.set("kept", kept);
    kept.release();
    first.gc.collect();
    dropCycle(first);
    const stats = first.gc.getStats();
    runtime = restore(first.save());
    first.dispose();
    expect(runtime.collector.name).toBe(options.collector);
    expect(runtime.gc.getThreshold().slice(0, 2)).toEqual([123, 7]);
    expect(runtime.gc.getStats()).toEqual(stats);
    expect(runtime.gc.isEnabled()).toBe(true);
    expect(runtime.gc.collect()).toBe(1);
    runtime.globals.delete("kept");
    expect(runtime.gc.collect()).toBe(1);
  });
});

test.each(["generational", "incremental", "none"] as const)(
  "a heap saved with another collector is restored with %s",
  (collector) => {
    for (const saved of ["generational", "incremental", "none"] as const) {
      const first = createRuntime({ collector: saved });
      dropCycle(first);
      const image = first.save();
      first.dispose();
      runtime = restore(image, { collector });
      expect(runtime.collector.name).toBe(collector);
      runtime.verify();
      expect(runtime.gc.collect()).toBe(collector === "none" ? 0 : 1);
      runtime.useCollector("none");
      expect(runtime.collector.name).toBe("none");
    }
  },
);

test("in debug mode a type whose traverse visits a reference twice is named before a collection", () => {
  const told: string[] = [];
  const double = {
    name: "Double",
    basicsize: 24,
    flags: 1 << 14,
    layout: [layoutCodes.words, 16, 1, layoutCodes.words, 16, 1],
    slots: { name: "Double" },
  };
  for (const collector of ["generational", "incremental"] as const) {
    for (const swap of [false, true]) {
      told.length = 0;
      const runtime = createRuntime({
        debug: true,
        collector,
        onUnraisable: ({ error, where }) => void told.push(`${where}: ${error}`),
      });
      if (swap) runtime.useCollector(collector === "incremental" ? "generational" : "incremental");
      const { objects, gc, memory } = runtime;
      const type = objects.types.define(double);
      const held = objects.list.create(0);
      const object = objects.alloc.gcObject(type, 24, 16);
      memory.u32[(object + 16) >>> 2] = objects.refs.newRef(held);
      memory.u32[(object + 20) >>> 2] = 0;
      objects.alloc.track(object);
      objects.refs.decref(held);
      gc.collect();
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/has 1 references?, but 2 are shown: traverse of 'Double'/);
    }
  }
});
