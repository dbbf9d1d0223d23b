import { collectorLaws } from "@pyrena/conformance";
import type { Handle } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import markAndSweep from "../../../examples/collectors/mark-and-sweep.js";
import { everyProfile, reopened, world } from "./world.ts";

describe("the collector that the README shows obeys the laws of collectors", () => {
  it.each(collectorLaws)("$name", ({ check }) => check(() => ({ collector: markAndSweep })));
});

describe.each(everyProfile)("the collector that the README shows, in %s %s", (python, abi) => {
  it("collects what frames, handles and static data do not reach", () => {
    const w = world(python, abi, { collector: markAndSweep });
    const { py, core } = w;
    const log: string[] = [];
    const Node = py.class("Node", {
      __init__(self: Handle, name: string) {
        self.setAttr("name", name);
      },
      __del__(self: Handle) {
        log.push(`${self.attr("name")} is gone`);
      },
    });
    py.scope(() => {
      const [a, b, c] = [Node.new("a"), Node.new("b"), Node.new("c")];
      a.setAttr("other", b);
      b.setAttr("other", a);
      c.setAttr("me", c);
      core.gc.collect();
      expect(log).toEqual([]);
      a.keep();
      return py.weakref(c, (ref) => void log.push(`c's reference is dead: ${ref.isDead}`)).keep();
    });
    expect(core.gc.collect()).toBeGreaterThan(0);
    expect(log).toEqual(["c's reference is dead: true", "c is gone"]);
    py.verify();
    const again = reopened(w, python, markAndSweep);
    expect(again.core.gc.collect()).toBe(0);
    again.py.verify();
  });
});
