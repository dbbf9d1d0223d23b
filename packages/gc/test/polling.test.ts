/** When automatic collections run: 3.11 inside an allocation, later versions where handles and frames poll. */
import type { Handle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { collectorFor, everyProfile, type World, world } from "./world.ts";

/** Counts the collections of a heap from now on. */
function counting({ core }: World): () => number {
  const { host } = core.gc;
  const { event } = host;
  let begun = 0;
  host.event = (phase, info) => {
    if (phase === "start") begun++;
    event?.(phase, info);
  };
  return () => begun;
}

/** A heap in which a collection is due at the next poll, unless it ran at once. */
function dueWorld(
  python: string,
  abi: "lp64" | "ilp32",
): { w: World; list: Handle; ran: boolean; collections: () => number } {
  const w = world(python, abi, { collector: collectorFor(python, true) });
  const { core, py } = w;
  const list = py.list([[1], "two", 3]);
  core.gc.setThreshold(10);
  const collections = counting(w);
  for (let n = 0; n < 30; n++) core.refs.decref(core.list.create(0));
  const kept = Array.from({ length: 30 }, () => core.list.create(0));
  const ran = collections() > 0;
  for (const one of kept) core.refs.decref(one);
  return { w, list, ran, collections };
}

const operations: readonly (readonly [string, (w: World, list: Handle) => unknown])[] = [
  ["py.list", ({ py }) => py.list()],
  ["py.tuple", ({ py }) => py.tuple([1])],
  ["py.dict", ({ py }) => py.dict({ a: 1 })],
  ["py.set", ({ py }) => py.set([1])],
  ["py.class", ({ py }) => py.class("Node")],
  ["py.function", ({ py }) => py.function("f", () => null)],
  ["py.frame", ({ py }) => py.frame("f", [], () => null)],
  ["a call", ({ py }) => py.function("f", () => null).call()],
  ["an array that becomes a list", ({ py }) => py.frame("f", ["x"], (f) => void f.set("x", []))],
];

describe.each(everyProfile)("automatic collections in %s %s", (python, abi) => {
  const isDeferred = python !== "3.11";

  it("run inside an allocation up to 3.11, and not there from 3.12 on", () => {
    expect(dueWorld(python, abi).ran).toBe(!isDeferred);
  });

  it.each(operations)("that are due run in %s", (_, operate) => {
    const { w, list, collections } = dueWorld(python, abi);
    if (!isDeferred) w.core.gc.setThreshold(0);
    const before = collections();
    operate(w, list);
    expect(collections() - before).toBe(isDeferred ? 1 : 0);
    w.py.verify();
  });

  it("that are due do not run where something is read", () => {
    const { w, list, collections } = dueWorld(python, abi);
    const { py } = w;
    const reading = list as Handle & { get(n: number): unknown; ref(n: number): Handle };
    const before = collections();
    for (let n = 0; n < 100; n++) {
      reading.get(1);
      reading.ref(0).release();
      reading.length;
      reading.repr();
    }
    expect(collections()).toBe(before);
    py.list();
    expect(collections()).toBe(before + (isDeferred ? 1 : 0));
  });

  it("keep a program's garbage in bounds", () => {
    const w = world(python, abi, { collector: collectorFor(python, true) });
    const { py, core } = w;
    core.gc.setThreshold(100, 5, 5);
    const collections = counting(w);
    for (let n = 0; n < 5000; n++) {
      py.scope(() => {
        const list = py.list([n]);
        list.append(list);
      });
    }
    const tracked = py.scope(() => py.context.wrap(core.gc.getObjects()).length);
    expect(tracked).toBeLessThan(2500);
    expect(collections()).toBeGreaterThan(20);
    w.py.verify();
  });
});
