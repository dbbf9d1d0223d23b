import { type ListHandle, Python } from "@pyrena/objects";
import { describe, expect, it } from "vitest";
import { everyProfile, testObjects } from "../heap.ts";

describe.each(everyProfile)("what objects refer to in %s %s", (version, abi) => {
  it("is told with the way of each reference", () => {
    const py = Python.over(testObjects(version, abi));
    const { inspect } = py.core;
    py.scope(() => {
      const x = py.list();
      const list = py.list([x, 1.5, x]);
      const ways = (object: number, referent: number): string[] =>
        inspect
          .referents(object)
          .filter((one) => one.referent === referent)
          .map(({ how }) => how);
      expect(inspect.referents(list.id).map(({ how }) => how)).toHaveLength(3);
      expect(ways(list.id, x.id)).toEqual(["[0]", "[2]"]);

      const dict = py.dict({ some: x });
      expect(ways(dict.id, x.id)).toEqual(["['some']"]);
      const keys = inspect.referents(dict.id).filter(({ how }) => how === "(as a key)");
      expect(keys.map(({ referent }) => py.core.protocol.repr(referent))).toEqual(["'some'"]);

      const Node = py.class("Node", {
        __init__: (self: ListHandle, value: ListHandle) => self.setAttr("value", value),
      });
      const node = Node.new(x);
      // In 3.11 attributes lie in a dict of their own as soon as somebody asks for it.
      expect(ways(node.id, x.id)).toEqual([".value"]);
      expect(ways(node.id, Node.id)).toEqual(["(its type)"]);
    });
  });

  it("is the same from both ends, and lies in blocks of its own", () => {
    const py = Python.over(testObjects(version, abi));
    const { inspect, options } = py.core;
    py.scope(() => {
      const Node = py.class("Node", {
        __init__: (self: ListHandle, n: number) => self.setAttr("name", `node ${n}`),
      });
      const made = py.list([{ a: ["b"] }, py.set([7.5, "c"]), py.tuple([[], 2n ** 80n])]);
      made.append(Node.new(1));
      made.append(Node.new(2));
      made.append(made);

      const live = new Set<number>();
      for (const walker of options.walkers ?? []) {
        walker.walk({ block: (address, _bytes, isLive) => void (isLive && live.add(address)) });
      }
      const fromHolders = new Map<number, number>();
      const objects: number[] = [];
      inspect.each((object) => objects.push(object));
      let references = 0;
      for (const holder of objects) {
        const visited: number[] = [];
        inspect.references(holder, (referent) => visited.push(referent));
        expect(inspect.referents(holder).map(({ referent }) => referent)).toEqual(visited);
        references += visited.length;
        for (const one of visited) fromHolders.set(one, (fromHolders.get(one) ?? 0) + 1);
        if (holder === made.id) {
          const blocks: number[] = [];
          inspect.blocks(holder, (block) => blocks.push(block));
          expect(blocks).toHaveLength(1);
          expect(live.has(blocks[0])).toBe(true);
        }
      }
      expect(references).toBeGreaterThan(50);
      for (const object of [made.id, Node.id, ...objects.slice(-20)]) {
        const holders = inspect.referrers(object).filter(({ holder }) => holder !== 0);
        expect(holders).toHaveLength(fromHolders.get(object) ?? 0);
      }
    });
  });
});
