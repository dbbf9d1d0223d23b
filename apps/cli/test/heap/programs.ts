/** Programs whose heaps are known: what they keep, and what they leave behind. */
import type { Handle, InstanceHandle } from "@pyrena/objects";
import { createRuntime, type Definitions, type Runtime, type RuntimeOptions } from "pyrena";

/** What the programs' classes do. */
export const definitions: Definitions = {
  classes: {
    Node: {
      __init__: (self: InstanceHandle, name: string) => self.setAttr("name", name),
    },
    Closing: {
      __del__: () => {},
    },
  },
  types: [{ name: "Pair", fields: { first: "object", weight: "f64" } }],
};

/** How many the library has of each. */
export const library = {
  shelves: 50,
  floats: 3,
  readers: 20,
  rings: 30,
  ringLength: 3,
  selfLists: 5,
  closing: 4,
} as const;

/** A runtime of which nothing is collected by itself. */
export function quietRuntime(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ ...definitions, ...options });
  const { ctx, control } = runtime.collector;
  control?.setEnabled(ctx, false);
  return runtime;
}

/**
 * Shelves of floats, a dict of readers, a long text; and as garbage rings of nodes, lists in themselves, and cycles with
 * a finalizer.
 */
export function runLibrary(options: RuntimeOptions = {}): Runtime {
  const runtime = quietRuntime(options);
  const { py, globals } = runtime;
  py.scope(() => {
    const shelves = py.list();
    for (let n = 0; n < library.shelves; n++) {
      shelves.append(Array.from({ length: library.floats }, (_, f) => n + f / 4 + 0.125));
    }
    globals.set("shelves", shelves);
    const readers = py.dict();
    for (let n = 0; n < library.readers; n++) {
      readers.set(`reader ${n}`, py.tuple([`card ${n}`, [n]]));
    }
    globals.set("readers", readers);
    globals.set("text", "to be or not to be, ".repeat(500));

    const Node = py.class("Node", definitions.classes!.Node);
    globals.set("Node", Node);
    const kept = Node.new("kept");
    kept.setAttr("shelf", shelves.ref(7));
    globals.set("node", kept);
    for (let ring = 0; ring < library.rings; ring++) {
      const nodes = Array.from({ length: library.ringLength }, (_, n) =>
        Node.new(`node ${n} of ring ${ring}`),
      );
      for (const [n, node] of nodes.entries()) node.setAttr("next", nodes[(n + 1) % nodes.length]);
    }
    for (let n = 0; n < library.selfLists; n++) {
      const list = py.list([`list ${n}`]);
      list.append(list);
    }
    const Closing = py.class("Closing", definitions.classes!.Closing);
    globals.set("Closing", Closing);
    for (let n = 0; n < library.closing; n++) {
      const closing = Closing.new();
      closing.setAttr("self", closing);
    }
  });
  return runtime;
}

/** Containers that refer to one another at random; some of them are kept. */
export function runAtRandom(seed: number, options: RuntimeOptions = {}): Runtime {
  const runtime = quietRuntime(options);
  const { py, globals } = runtime;
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  py.scope(() => {
    const Node = py.class("Node", definitions.classes!.Node);
    globals.set("Node", Node);
    const made: Handle[] = [];
    const any = (): Handle => made[below(made.length)];
    for (let n = 0; n < 120; n++) {
      const kind = below(5);
      if (kind === 0) made.push(py.dict({ number: 1000 + n }));
      else if (kind === 1) made.push(Node.new(`node ${n}`));
      else if (kind === 2 && made.length > 0) made.push(py.tuple([any(), `item ${n}`, any()]));
      else made.push(py.list([n + 0.5]));
    }
    for (let n = 0; n < 110; n++) {
      const holder = any();
      const name = `key${below(12)}`;
      if (holder.type === "list") (holder as ReturnType<typeof py.list>).append(any());
      else if (holder.type === "dict") (holder as ReturnType<typeof py.dict>).set(name, any());
      else if (holder.type === "Node") holder.setAttr(name, any());
    }
    for (let n = below(3); n > 0; n--) globals.set(`kept${n}`, any());
    if (below(5) === 0) runtime.objects.gc.freeze();
  });
  return runtime;
}
