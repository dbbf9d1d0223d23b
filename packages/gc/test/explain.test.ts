import { type Address, type Collector, PyrenaError } from "@pyrena/abi";
import { plainGraph } from "@pyrena/conformance";
import type { DictHandle, Handle, ListHandle } from "@pyrena/objects";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Explanation, explain, generational } from "../src/index.ts";
import { everyProfile, type World, world } from "./world.ts";

function why({ core }: World, object: Address): Explanation {
  return explain(core.gc.graph, core.gc.collector(), object);
}

/** Text with addresses by names. */
function named(text: string, names: Readonly<Record<string, Address>>): string {
  return Object.entries(names).reduce(
    (result, [name, address]) => result.replaceAll(`0x${address.toString(16)}`, name),
    text,
  );
}

describe.each(everyProfile)("explain in %s %s", (python, abi) => {
  it("tells the shortest way from a root, by names", () => {
    const w = world(python, abi);
    const { py } = w;
    py.frame("main", ["x"], (f) => {
      const inner = py.list();
      const dict = py.dict({ deep: [inner], near: inner });
      f.set("x", [1, dict]);
      const [at, outer, table] = [inner.live, (f.ref("x") as Handle).live, dict.live];
      for (const handle of [...(py.context.scope ?? [])]) handle.release();
      const explanation = why(w, at);
      expect(explanation.fate).toBe("reachable");
      expect(explanation.path.map(({ how }) => how)).toEqual(["[1]", "['near']"]);
      expect(named(explanation.text, { inner: at, outer, table })).toBe(
        [
          "list at inner lives: a root leads to it.",
          "  frame main: local x → list at outer",
          "  list at outer [1] → dict at table",
          "  dict at table ['near'] → list at inner",
        ].join("\n"),
      );
      return undefined;
    });
  });

  it("names attributes, classes, functions, and strs that are keys", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const Node = py.class("Node", { hello: (self: Handle) => self });
    const node = Node.new();
    node.setAttr("friend", [2]);
    const key = py.str("some key");
    const dict = py.dict(new Map([[key, node]]));
    const friend = py.scope(() => (node.attr("friend") as Handle).live);
    const text = key.live;
    for (const handle of [key, node, Node]) handle.release();
    expect(why(w, friend).path.map(({ how }) => how)).toEqual(["['some key']", ".friend"]);
    expect(why(w, text).text).toMatch(
      /^str 'some key' at \w+ lives.*\n {2}handle #\d+ → dict at \w+\n {2}dict at \w+ \(as a key\) → str 'some key'/,
    );
    const type = core.types.typeOf((dict as DictHandle).get(py.str("some key")) as never);
    expect(type).toBeDefined();
    expect(why(w, core.list.type).fate).toMatch(/immortal|reachable/);
  });

  it("tells the cycle that keeps garbage, and which collection frees it", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const a = py.list();
    const b = py.dict({ a });
    a.append(b);
    const names = { a: a.live, b: b.live };
    a.release();
    b.release();
    const explanation = why(w, names.a);
    expect(explanation).toMatchObject({ fate: "garbage", generation: 0, path: [], obstacles: [] });
    expect(named(explanation.text, names)).toBe(
      [
        "list at a is garbage: no root leads to it.",
        "A cycle keeps it:",
        "  list at a [0] → dict at b",
        "  dict at b ['a'] → list at a",
        "A collection of generation 0 or an older one frees it.",
        "Collections do not run by themselves now: call collect.",
      ].join("\n"),
    );
    core.gc.enable();
    expect(why(w, names.a).text).not.toMatch("by themselves");
    expect(core.gc.collect(explanation.generation)).toBe(2);
    py.verify();
  });

  it("tells the cycle that garbage hangs from, and finalizers that come before", () => {
    const w = world(python, abi);
    const { py } = w;
    const Node = py.class("Node", { __del__: () => null });
    const node = Node.new();
    node.setAttr("me", node);
    node.setAttr("list", [[7]]);
    const [at, leaf] = py.scope(() => {
      const list = node.attr("list") as ListHandle;
      return [node.live, list.ref(0).live];
    });
    node.release();
    const explanation = why(w, leaf);
    expect(explanation.fate).toBe("garbage");
    expect(explanation.cycle.map(({ holder, how, referent }) => [holder, how, referent])).toEqual([
      [at, ".me", at],
    ]);
    expect(explanation.path.map(({ how }) => how)).toEqual([".list", "[0]"]);
    expect(explanation.text).toMatch(/\nA cycle keeps Node at \w+:\n.*\nFrom there:\n/);
    expect(explanation.text).toMatch(/\nFinalizers run before, and may save it: Node at \w+\.$/);
  });

  it("tells what is frozen", () => {
    const w = world(python, abi);
    const { py, core } = w;
    const list = py.list();
    list.append(list);
    const at = list.live;
    list.release();
    core.gc.freeze();
    const explanation = why(w, at);
    expect(explanation).toMatchObject({ fate: "frozen", obstacles: [at] });
    expect(explanation.text).toMatch(/No collection frees it before gc\.unfreeze\(\): list at/);
    expect(core.gc.collect()).toBe(0);
    core.gc.unfreeze();
    expect(why(w, at)).toMatchObject({ fate: "garbage", generation: 2 });
    expect(core.gc.collect()).toBe(1);
  });

  it("tells what the collector does not see", () => {
    const w = world(python, abi);
    const { core } = w;
    const list = core.list.create(0);
    core.list.append(list, list);
    core.refs.decref(list);
    core.alloc.untrack(list);
    const explanation = why(w, list);
    expect(explanation).toMatchObject({ fate: "unseen", obstacles: [list] });
    expect(explanation.text).toMatch(/not tracked, its references count as outside: list at/);
    core.alloc.track(list);
    expect(core.gc.collect()).toBe(1);
  });

  it("tells what nobody accounts for", () => {
    const w = world(python, abi);
    const { core } = w;
    const inner = core.list.create(0);
    const outer = core.list.pack([inner]);
    core.refs.decref(inner);
    const explanation = why(w, inner);
    expect(explanation.fate).toBe("held");
    expect(explanation.unaccounted).toMatchObject([{ object: outer, refcount: 1, known: 0 }]);
    expect(explanation.text).toMatch(
      /somebody who is not known holds list at \w+\.\n {2}list at \w+ \[0\] → list at \w+\nlist at \w+ has 1 references, but roots and traversals show 0: either/,
    );
    core.refs.decref(outer);
    w.py.verify();
  });
});

describe("explain over any graph", () => {
  const make = () => plainGraph(generational({ enabled: false }));
  const ask = ({ graph, collector }: ReturnType<typeof make>, object: Address): Explanation =>
    explain(graph, collector as Collector, object);

  it("tells uncollectable garbage", () => {
    const plain = plainGraph((graph, host) => {
      const legacy: typeof graph = { ...graph, isUncollectable: (_, object) => object === odd };
      return generational({ enabled: false })(legacy, host);
    });
    const odd = plain.node(1);
    const graph = {
      ...plain.graph,
      isUncollectable: (_: unknown, object: Address) => object === odd,
    };
    const other = plain.node(1);
    plain.set(odd, 0, other);
    plain.set(other, 0, odd);
    plain.release(odd);
    plain.release(other);
    const found = explain(graph, plain.collector as Collector, other);
    expect(found).toMatchObject({ fate: "uncollectable", obstacles: [odd] });
    expect(found.text).toMatch(/\(tp_del\): object at/);
    plain.collector.collect(plain.collector.ctx, 2);
    expect(plain.alive.has(other)).toBe(true);
  });

  it("refuses dead objects", () => {
    const plain = make();
    const node = plain.node(0);
    plain.release(node);
    plain.graph.memory.u32[node >>> 2] = 0;
    expect(() => ask(plain, node)).toThrow(PyrenaError);
  });

  it("takes time in proportion to the heap, however long the way", () => {
    const plain = make();
    const nodes = Array.from({ length: 20_000 }, () => plain.node(2));
    nodes.forEach((node, n) => {
      plain.set(node, 0, nodes[n + 1] ?? 0);
    });
    for (const node of nodes.slice(1)) plain.release(node);
    const last = nodes.at(-1) as Address;
    expect(ask(plain, last)).toMatchObject({ fate: "reachable", cycle: [] });
    expect(ask(plain, last).path).toHaveLength(19_999);
    plain.set(nodes[0], 1, nodes[0]);
    plain.release(nodes[0]);
    const found = ask(plain, last);
    expect(found).toMatchObject({ fate: "garbage", generation: 0 });
    expect(found.path).toHaveLength(19_999);
    expect(found.cycle).toHaveLength(1);
  });

  it("agrees with what collections do, on random graphs", () => {
    const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(2), fc.nat(11)), { maxLength: 30 });
    fc.assert(
      fc.property(edges, fc.array(fc.nat(11), { maxLength: 6 }), fc.nat(2), (links, kept, age) => {
        const plain = make();
        const { collector, graph } = plain;
        const nodes = Array.from({ length: 12 }, () => plain.node(3));
        for (const node of nodes.slice(0, 3 * age)) {
          collector.untrack(collector.ctx, node);
          collector.adopt?.(collector.ctx, node, age);
        }
        for (const [from, place, to] of links) plain.set(nodes[from], place, nodes[to]);
        for (const [n, node] of nodes.entries()) if (!kept.includes(n)) plain.release(node);
        for (const object of [...plain.alive]) {
          const found = ask(plain, object);
          expect(found.unaccounted).toEqual([]);
          for (const { holder, referent } of [...found.path, ...found.cycle]) {
            const seen: Address[] = [];
            graph.traverse(undefined, holder, (one) => void seen.push(one));
            expect(seen).toContain(referent);
          }
          const first = found.path[0]?.holder ?? object;
          if (found.fate === "reachable") expect(plain.held.has(first)).toBe(true);
          else {
            expect(found.fate).toBe("garbage");
            expect(found.cycle.at(-1)?.referent).toBe(found.cycle[0].holder);
            expect(
              [...found.path, { referent: first }].some((edge) => edge.referent === first),
            ).toBe(true);
          }
        }
        const garbage = [...plain.alive].map((object) => [object, ask(plain, object)] as const);
        for (const [object, { fate, generation }] of garbage) {
          if (fate !== "garbage" || !plain.alive.has(object)) continue;
          if (generation !== undefined && generation > 0) {
            collector.collect(collector.ctx, generation - 1);
            expect(plain.alive.has(object)).toBe(true);
            break;
          }
          collector.collect(collector.ctx, generation ?? 0);
          expect(plain.alive.has(object)).toBe(false);
          break;
        }
        collector.collect(collector.ctx, 2);
        for (const [object, { fate }] of garbage)
          expect(plain.alive.has(object)).toBe(fate === "reachable");
      }),
      { numRuns: 200 },
    );
  });
});
