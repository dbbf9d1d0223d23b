/** A collection inside every allocation, as the thresholds of 3.11 could have it: nothing half-made is ever looked at. */
import type { AbiName, CollectorFactory } from "@pyrena/abi";
import type { DictHandle, Handle, ListHandle, Python, SetHandle } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generational } from "../src/index.ts";
import { world } from "./world.ts";

/**
 * Collects at each allocation, young objects mostly, all of them now and then.
 * @param isMade whether the heap has been made: before that it has no roots yet
 */
function eager(isMade: () => boolean): CollectorFactory {
  return (graph, host) => {
    const inner = generational({ enabled: false })(graph, host);
    let allocations = 0;
    return {
      ...inner,
      allocated: (ctx, object) => {
        inner.allocated(ctx, object);
        if (isMade()) inner.collect(ctx, ++allocations % 7 === 0 ? 2 : 0);
      },
    };
  };
}

/** What programs do; each step works on a list, a dict, a set and an instance that live on. */
const steps: readonly ((py: Python, kept: Kept, n: number) => void)[] = [
  (_, { list }, n) => void list.append([n, [n, "text"], { n }]),
  (_, { list }) => void (list.length > 0 && list.pop()),
  (_, { list }) => void list.extend([[1], [2], [3]]),
  (_, { list }) => void list.slice(0, 5),
  (_, { list }) => void list.insert(0, list),
  (_, { list }) => (list.length > 40 ? list.clear() : undefined),
  (_, { dict }, n) => void dict.set(n, [n]),
  (_, { dict }, n) => void dict.set(`key ${n % 9}`, { nested: [n] }),
  (_, { dict }) => (dict.size > 20 ? dict.clear() : undefined),
  (py, { dict }) => void py.copy(dict),
  (_, { set }, n) => void set.add(n % 50),
  (py, { set }) => void set.union(py.set([1, 2, 3])),
  (py, { node }, n) => node.setAttr(`name${n % 12}`, py.tuple([n, [n]])),
  (_, { node, list }) => node.setAttr("list", list),
  (_, { node }) => void node.attr("__dict__"),
  (_, { Node }, n) => {
    const one = Node.call(n) as Handle;
    one.setAttr("me", one);
  },
  (py, { Node, node }) => void py.weakref(Node.call(1) as Handle, () => node.setAttr("dead", [1])),
  (py) => void py.class(`Made`, { m: (self: Handle) => self }).call(),
  (py, { list }) => void py.deepcopy(py.tuple([list.length, [[]], { a: [1] }])),
  (py) => void py.function("f", (a: unknown) => [a, [a]]).call([1]),
  (py) => void py.catch(() => py.raise("ValueError", "thrown")),
  (py, _, n) => void py.from({ a: [n, new Set([n])], b: new Map([[n, [n]]]) }),
  (py) => py.frame("f", ["x", "y"], (f) => void f.set("x", [[]]).set("y", f.local("x"))),
  (py, { node }) => void py.with(node, (entered) => void (entered as Handle).setAttr("in", [1])),
];

interface Kept {
  readonly list: ListHandle;
  readonly dict: DictHandle;
  readonly set: SetHandle;
  readonly Node: Handle;
  readonly node: Handle;
}

describe.each([["lp64"], ["ilp32"]] as [AbiName][])(
  "a collection in every allocation, %s",
  (abi) => {
    it("leaves everything whole, whatever a program does", () => {
      fc.assert(
        fc.property(fc.array(fc.nat(steps.length - 1), { maxLength: 60 }), (program) => {
          let isMade = false;
          const w = world("3.11", abi, { collector: eager(() => isMade) });
          isMade = true;
          const { py, core } = w;
          let finalized = 0;
          const Node = py.class("Node", {
            __init__: (self: Handle, n: number) => self.setAttr("n", [n]),
            __enter__: (self: Handle) => self,
            __exit__: (_self: Handle, _type: unknown, _value: unknown, _traceback: unknown) =>
              false,
            __del__: () => {
              finalized++;
              return [[finalized]];
            },
          });
          const node = Node.call(0) as Handle;
          const kept: Kept = { list: py.list(), dict: py.dict(), set: py.set(), Node, node };
          program.forEach((step, n) => {
            py.scope(() => steps[step](py, kept, n));
            core.gc.collector().verify(undefined);
          });
          py.verify();
          expect(w.unraisable).toEqual([]);
          core.gc.collect();
          py.verify();
        }),
        { numRuns: 30 },
      );
    });
  },
);
