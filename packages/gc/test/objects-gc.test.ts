/** The gc module of @pyrena/objects over the collectors of this package. Facts: CPython 3.11.7 to 3.15.0rc1, asked. */
import { type Address, gcDebug, PyrenaError } from "@pyrena/abi";
import type { Handle, ListHandle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, reopened, type World, world } from "./world.ts";

/** A handle for a new reference. */
function handle({ py }: World, ref: Address): Handle {
  return py.context.handle(ref);
}

/** A new reference as a JavaScript value. */
function taken(w: World, ref: Address): unknown {
  const made = handle(w, ref);
  const value = made.toJS();
  made.release();
  return value;
}

/** A list that refers to itself, and to nothing else. */
function dropCycle({ py }: World): Address {
  const list = py.list();
  list.append(list);
  const address = list.live;
  list.release();
  return address;
}

/** Names of the exception that is pending, which is cleared. */
function pending({ core }: World): string {
  const exception = core.errors.occurred();
  const name = exception === 0 ? "none" : core.types.name(core.types.typeOf(exception));
  core.errors.clear();
  return name;
}

describe.each(everyProfile)("gc of objects in %s %s", (python, abi) => {
  const minor = Number(python.split(".")[1]);

  it("collects cycles, and says how many objects were unreachable", () => {
    const w = world(python, abi);
    dropCycle(w);
    expect(w.core.gc.collect()).toBe(1);
    expect(w.core.gc.collect()).toBe(0);
    w.py.verify();
  });

  it.each([-1, 3])("refuses to collect generation %d: ValueError", (generation) => {
    const w = world(python, abi);
    expect(w.core.gc.collect(generation)).toBe(-1);
    expect(pending(w)).toBe("ValueError");
    expect(w.core.gc.collect(1.5)).toBe(-1);
    expect(pending(w)).toBe("TypeError");
    expect(w.core.gc.collect(1e20)).toBe(-1);
    expect(pending(w)).toBe("OverflowError");
  });

  it("leaves an exception pending that was so before", () => {
    const w = world(python, abi);
    const { core } = w;
    dropCycle(w);
    core.errors.raise("KeyError", "k");
    expect(core.gc.collect()).toBe(1);
    expect(pending(w)).toBe("KeyError");
  });

  it("switches collections on and off", () => {
    const { core } = world(python, abi);
    expect(core.gc.isEnabled()).toBe(false);
    core.gc.enable();
    expect(core.gc.isEnabled()).toBe(true);
    core.gc.disable();
    expect(core.gc.isEnabled()).toBe(false);
  });

  it("sets thresholds: what is left out stays as it is", () => {
    const w = world(python, abi);
    const { gc } = w.core;
    gc.setThreshold(100, 20, 30);
    const third = minor === 14 ? 0 : 30;
    expect(gc.thresholds()).toEqual([100, 20, third]);
    expect(gc.setThreshold(5)).toBe(0);
    expect(gc.thresholds()).toEqual([5, 20, third]);
    expect(gc.setThreshold(-5, 6)).toBe(0);
    expect(taken(w, gc.getThreshold())).toEqual([-5, 6, third]);
  });

  it("refuses thresholds that are no C ints; up to 3.12 those before are set by then", () => {
    const w = world(python, abi);
    const { gc } = w.core;
    gc.setThreshold(100, 20);
    expect(gc.setThreshold(9, 2 ** 31)).toBe(-1);
    expect(pending(w)).toBe("OverflowError");
    expect(gc.thresholds().slice(0, 2)).toEqual([minor <= 12 ? 9 : 100, 20]);
    expect(gc.setThreshold(1.5)).toBe(-1);
    expect(pending(w)).toBe("TypeError");
    expect(gc.setThreshold(2 ** 31 - 1)).toBe(0);
  });

  it("keeps debug flags, any C int", () => {
    const w = world(python, abi);
    const { gc } = w.core;
    for (const flags of [255, -1, 64, 0]) {
      expect(gc.setDebug(flags)).toBe(0);
      expect(gc.getDebug()).toBe(flags);
    }
    expect(gc.setDebug(2 ** 40)).toBe(-1);
    expect(pending(w)).toBe("OverflowError");
    expect(gc.getDebug()).toBe(0);
  });

  it("gives counts as a tuple of three ints", () => {
    const w = world(python, abi);
    const { gc } = w.core;
    gc.collect();
    gc.collect(0);
    expect(gc.counts()).toEqual([0, 1, 0]);
    const tuple = handle(w, gc.getCount());
    expect(tuple.type).toBe("tuple");
    expect(tuple.toJS()).toEqual([0, 1, 0]);
    w.py.verify();
  });

  it("gives statistics as three dicts", () => {
    const w = world(python, abi);
    const { gc } = w.core;
    dropCycle(w);
    gc.collect();
    const rows = taken(w, gc.getStats()) as Map<string, number>[];
    expect(rows).toHaveLength(3);
    const keys = ["collections", "collected", "uncollectable"];
    for (const row of rows)
      expect([...row.keys()]).toEqual(minor === 15 ? [...keys, "candidates", "duration"] : keys);
    expect(rows[2].get("collections")).toBe(1);
    expect(rows[2].get("collected")).toBe(1);
    w.py.verify();
  });

  it("lists tracked objects youngest first, without the list itself and what is frozen", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const [frozen, old, young] = [py.list(), py.list(), py.list()];
    const listed = (generation?: number): string[] => {
      const found = handle(w, core.gc.getObjects(generation)) as ListHandle;
      const addresses = Array.from(found, (object) => (object as Handle).live);
      expect(addresses).not.toContain(found.live);
      const named = new Map([
        [frozen.live, "frozen"],
        [old.live, "old"],
        [young.live, "young"],
      ]);
      return addresses.flatMap((address) => named.get(address) ?? []);
    };
    expect(listed()).toEqual(["frozen", "old", "young"]);
    core.gc.collect();
    expect(listed(0)).toEqual([]);
    expect(listed(2)).toContain("old");
    const younger = py.list();
    younger.append(1);
    expect(listed(-1)).toHaveLength(3);
    core.gc.freeze();
    expect(core.gc.getFreezeCount()).toBeGreaterThan(3);
    expect(listed()).toEqual([]);
    core.gc.unfreeze();
    expect(core.gc.getFreezeCount()).toBe(0);
    expect(listed(2)).toHaveLength(3);
    py.verify();
  });

  it("refuses to list generations that there are none of", () => {
    const w = world(python, abi);
    expect(w.core.gc.getObjects(3)).toBe(0);
    expect(pending(w)).toBe("ValueError");
    expect(w.core.gc.getObjects(0.5)).toBe(0);
    expect(pending(w)).toBe("TypeError");
    expect(w.core.gc.getObjects(1e30)).toBe(0);
    expect(pending(w)).toBe("OverflowError");
  });

  it("finds referrers, each once, but not frozen ones", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const target = py.list();
    const holder = py.list([target, target]);
    const dict = py.dict({ k: target });
    const tuple = py.tuple([target, target]);
    const itself = py.list();
    itself.append(itself);
    const referrers = (objects: readonly Address[] | Address): Address[] =>
      py.scope(() => {
        const found = handle(w, core.gc.getReferrers(objects)) as ListHandle;
        return Array.from(found, (object) => (object as Handle).live);
      });
    expect(referrers([target.live])).toEqual([holder.live, dict.live, tuple.live]);
    // As a call from Python passes its arguments: in a tuple, which is no referrer.
    expect(referrers(tuple.live)).toEqual([holder.live, dict.live]);
    expect(referrers([itself.live])).toEqual([itself.live]);
    expect(referrers([target.live, itself.live])).toHaveLength(4);
    expect(referrers([])).toEqual([]);
    core.gc.freeze();
    expect(referrers([target.live])).toEqual([]);
    py.verify();
  });

  it("finds referents in the order of tp_traverse", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const dict = py.dict({ k: "v", l: 5 });
    const tuple = py.tuple([1, 2]);
    const found = (...objects: Handle[]): unknown =>
      taken(w, core.gc.getReferents(objects.map((object) => object.live)));
    expect(found(dict)).toEqual(["v", 5]);
    expect(found(tuple)).toEqual([2, 1]);
    expect(found(dict, tuple, py.int(7))).toEqual(["v", 5, 2, 1]);
    expect(found()).toEqual([]);
    const both = py.tuple([tuple, dict]);
    expect(taken(w, core.gc.getReferents(both.live))).toEqual([2, 1, "v", 5]);
    const node = py.class("Node").new();
    node.setAttr("a", 1);
    node.setAttr("b", 2);
    const ofNode = handle(w, core.gc.getReferents([node.live])) as ListHandle;
    expect(ofNode.get(0)).toBe(1);
    expect(ofNode.get(1)).toBe(2);
    expect(ofNode.length).toBe(3);
    py.verify();
  });

  it("tells tracked and finalized objects", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const seen: boolean[] = [];
    let saved: Handle | undefined;
    const made = py.class("Node", {
      __del__: (self: Handle) => {
        saved = self.keep();
        seen.push(core.gc.isFinalized(self.live));
      },
    });
    expect(core.gc.isTracked(py.list().live)).toBe(true);
    expect(core.gc.isTracked(py.int(1).live)).toBe(false);
    expect(core.gc.isTracked(py.dict().live)).toBe(minor >= 14);
    expect(core.gc.isFinalized(py.int(1).live)).toBe(false);
    const node = made.new();
    expect(core.gc.isFinalized(node.live)).toBe(false);
    node.release();
    expect(core.gc.isFinalized((saved as Handle).live)).toBe(true);
    const cycle = made.new();
    cycle.setAttr("me", cycle);
    cycle.release();
    core.gc.collect();
    // The bit is set after the finalizer where the count has reached 0, and before it where the collector calls it.
    expect(seen).toEqual([false, true]);
    py.verify();
  });

  it("calls callbacks at both ends of a collection, with one dict a phase", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const seen: unknown[] = [];
    const ids: number[] = [];
    const callbacks = py.context.wrap(core.refs.newRef(core.gc.callbacks())) as ListHandle;
    callbacks.append(
      py.function("first", (phase: string, info: Handle) => {
        ids.push(info.id);
        const plain = new Map(info.toJS() as Map<string, unknown>);
        if (plain.has("duration")) plain.set("duration", typeof plain.get("duration"));
        if (plain.has("candidates")) plain.set("candidates", typeof plain.get("candidates"));
        seen.push([phase, Object.fromEntries(plain), info.sizeof]);
        (info as Handle & { set(key: string, value: number): void }).set("generation", 99);
      }),
      py.function("second", (phase: string, info: Handle) => {
        ids.push(info.id);
        seen.push([phase, (info.toJS() as Map<string, number>).get("generation")]);
      }),
    );
    dropCycle(w);
    core.gc.collect();
    const more = minor === 15 ? { candidates: "number", duration: "number" } : {};
    const bytes = abi === "lp64" ? 184 : 108;
    expect(seen).toEqual([
      ["start", { generation: 2, collected: 0, uncollectable: 0, ...more }, bytes],
      ["start", 99],
      ["stop", { generation: 2, collected: 1, uncollectable: 0, ...more }, bytes],
      ["stop", 99],
    ]);
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).toBe(ids[3]);
    callbacks.clear();
    py.verify();
  });

  it("counts what the gc module itself makes, as CPython does", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const { gc } = core;
    gc.collect();
    const stats = handle(w, gc.getStats());
    // A list and three dicts; a full collection has emptied the free lists.
    expect(gc.counts()).toEqual([4, 0, 0]);
    stats.release();
    const nothing = py.function("nop", () => null, { params: ["phase", "info"] });
    core.list.append(gc.callbacks(), nothing.live);
    const counts = [2, 2, 1, 0].map((generation) => {
      gc.collect(generation);
      return gc.counts();
    });
    // 3.14 counts what is tracked now; the others what was allocated: the dict of the last phase.
    expect(counts).toEqual(
      minor === 14
        ? [
            [0, 0, 0],
            [0, 0, 0],
            [0, 0, 0],
            [0, 1, 0],
          ]
        : [
            [1, 0, 0],
            [1, 0, 0],
            [0, 0, 1],
            [0, 1, 1],
          ],
    );
  });

  it("reports what callbacks raise, and calls the next", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const callbacks = py.context.wrap(core.refs.newRef(core.gc.callbacks())) as ListHandle;
    const phases: string[] = [];
    const bad = py.function("bad", () => py.raise("ValueError", "no"), { params: ["p", "i"] });
    const next = py.function("next", (phase: string, _info) => void phases.push(phase));
    callbacks.append(bad, 5, next);
    core.gc.collect(0);
    expect(phases).toEqual(["start", "stop"]);
    expect(w.unraisable.map((text) => text.replace(/ at 0x\w+/, ""))).toEqual([
      "gc callback <function bad>: ValueError: no",
      "gc callback 5: TypeError: 'int' cannot be called",
      "gc callback <function bad>: ValueError: no",
      "gc callback 5: TypeError: 'int' cannot be called",
    ]);
    callbacks.clear();
    py.verify();
  });

  it("follows changes that callbacks make to their list", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const callbacks = py.context.wrap(core.refs.newRef(core.gc.callbacks())) as ListHandle;
    const log: string[] = [];
    const third = py.function("third", (phase: string, _info) => void log.push(`third ${phase}`));
    const add = py.function("add", (phase: string, _info) => {
      log.push(`add ${phase}`);
      if (callbacks.length < 5) callbacks.append(third);
    });
    const remove = py.function("remove", (phase: string, _info) => {
      log.push(`remove ${phase}`);
      callbacks.delete(0);
    });
    callbacks.append(remove, add, third);
    core.gc.collect(0);
    // Once `remove` has gone, `add` stands where the next is looked for no more.
    expect(log).toEqual(["remove start", "third start", "add stop", "third stop", "third stop"]);
    callbacks.clear();
    py.verify();
  });

  it("does nothing where a collection is asked for inside a collection", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const callbacks = py.context.wrap(core.refs.newRef(core.gc.callbacks())) as ListHandle;
    const found: number[] = [];
    callbacks.append(
      py.function("nest", (_phase: string, _info) => {
        dropCycle(w);
        found.push(core.gc.collect(), core.gc.collect(0));
      }),
    );
    dropCycle(w);
    expect(core.gc.collect()).toBe(2);
    expect(found).toEqual([0, 0, 0, 0]);
    callbacks.clear();
    expect(core.gc.collect()).toBe(1);
    py.verify();
  });

  it("saves everything in gc.garbage with SAVEALL, always in the same list", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const garbage = py.context.wrap(core.refs.newRef(core.gc.garbage())) as ListHandle;
    core.gc.setDebug(gcDebug.saveAll);
    const object = dropCycle(w);
    expect(core.gc.collect()).toBe(1);
    py.scope(() => expect(garbage.ref(0).live).toBe(object));
    expect(garbage.length).toBe(1);
    // What is in there is reachable; taken out it is found again.
    expect(core.gc.collect()).toBe(0);
    expect(py.leaks().map(({ address }) => address)).not.toContain(object);
    py.verify();
    garbage.clear();
    dropCycle(w);
    expect(core.gc.collect()).toBe(2);
    expect(garbage.length).toBe(2);
    core.gc.setDebug(0);
    garbage.clear();
    expect(core.gc.collect()).toBe(2);
    expect(core.gc.garbage()).toBe(garbage.live);
    py.verify();
  });

  it("keeps garbage, callbacks, switches and counters in a heap that is opened again", () => {
    const w = world(python, abi);
    const { core } = w;
    core.gc.setDebug(gcDebug.saveAll);
    core.gc.setThreshold(123);
    const object = dropCycle(w);
    core.gc.collect();
    const again = reopened(w, python);
    expect(again.core.gc.garbage()).toBe(core.gc.garbage());
    expect(again.core.gc.callbacks()).toBe(core.gc.callbacks());
    expect(again.core.list.getItem(again.core.gc.garbage(), 0)).toBe(object);
    expect(again.core.gc.getDebug()).toBe(gcDebug.saveAll);
    expect(again.core.gc.thresholds()[0]).toBe(123);
    again.core.gc.setDebug(0);
    again.core.list.clear(again.core.gc.garbage());
    expect(again.core.gc.collect()).toBe(1);
    again.py.verify();
  });

  it("writes what debug flags ask for", () => {
    const w = world(python, abi);
    const { core } = w;
    core.gc.setDebug(gcDebug.stats | gcDebug.collectable);
    dropCycle(w);
    core.gc.collect();
    const text = w.text.join("");
    expect(text).toMatch(/^gc: collecting generation 2\.\.\.\n/);
    expect(text).toMatch(/^gc: collectable <list 0x[0-9a-f]+>$/m);
    expect(text).toMatch(/^gc: done, 1 unreachable, 0 uncollectable, \d\.\d{4}s elapsed\n$/m);
  });

  it("says clearly that a collector without switches has none", () => {
    const w = world(python, abi);
    const { core } = w;
    core.gc.use((graph) => {
      const tracked = new Set<Address>();
      return {
        ctx: undefined,
        name: "mine",
        allocated: () => {},
        released: () => {},
        track: (_, object) => {
          tracked.add(object);
          graph.memory.u32[(object - graph.gcHeadBytes) >>> 2] = 4;
        },
        untrack: (_, object) => {
          tracked.delete(object);
          graph.memory.u32[(object - graph.gcHeadBytes) >>> 2] = 0;
        },
        collect: () => 0,
        each: (_, visit) => {
          for (const object of [...tracked]) visit(object, 0);
        },
        verify: () => {},
      };
    });
    expect(() => core.gc.enable()).toThrow(
      new PyrenaError(
        "bad-argument",
        "the collector 'mine' has no switches and counters: install one that has control, such as @pyrena/gc's",
      ),
    );
    expect(() => core.gc.getStats()).toThrow(PyrenaError);
    const list = handle(w, core.gc.getObjects()) as ListHandle;
    expect(list.length).toBeGreaterThanOrEqual(2);
    w.py.verify();
  });
});
