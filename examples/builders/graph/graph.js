/**
 * A property graph on the heap, reached by indexes that are dicts and sets.
 *
 *     nodes    dict   id → Node                  Node   id, label, properties, out, into (sets of Edge)
 *     labels   dict   label → set of Node        Edge   kind, source, target
 *
 * A node and its edges refer to one another. So what is deleted is only taken out of the indexes and away from its
 * neighbours: it is a cycle then that nothing else refers to, which the collector finds by itself in time.
 */

/**
 * @typedef {import("@pyrena/objects").Handle} Handle
 * @typedef {import("@pyrena/objects").ClassHandle} Class
 * @typedef {import("@pyrena/objects").DictHandle} Dict
 * @typedef {import("@pyrena/objects").SetHandle} PySet
 * @typedef {Record<string, string | number | boolean | null>} Properties
 */

/**
 * Counters in an object whose fields are plain words of memory: other threads read them where they are.
 * @satisfies {import("pyrena").TypeDefinition}
 */
export const Counters = {
  name: "Counters",
  fields: /** @type {const} */ ({ nodes: "u32", edges: "u32", requests: "u32" }),
};

/** A graph in a runtime. Its methods leave the handles that they make to the scope they are called in. */
export class Graph {
  /** @param {import("pyrena").Runtime} runtime made or restored with {@link Counters}; a graph that it has goes on */
  constructor(runtime) {
    const { py, globals } = runtime;
    this.runtime = runtime;
    this.py = py;
    this.counters = runtime.type("Counters");
    if (!globals.has("Node")) {
      py.scope(() => {
        const slots = ["id", "label", "properties", "out", "into"];
        globals.set("Node", py.class("Node", {}, { slots }));
        globals.set("Edge", py.class("Edge", {}, { slots: ["kind", "source", "target"] }));
        globals.set("nodes", {}).set("labels", {}).set("next id", 1);
        globals.set("counters", py.own(this.counters.create()));
      });
    }
    this.Node = /** @type {Class} */ (globals.ref("Node"));
    this.Edge = /** @type {Class} */ (globals.ref("Edge"));
    this.nodes = /** @type {Dict} */ (globals.ref("nodes"));
    this.labels = /** @type {Dict} */ (globals.ref("labels"));
    // Its address will do: the globals keep it alive.
    this.countersAt = py.scope(() => /** @type {Handle} */ (globals.ref("counters")).id);
  }

  /** Add a node. Its id. @param {string} label @param {Properties} properties */
  add(label, properties) {
    const { py, runtime } = this;
    const id = Number(runtime.globals.get("next id"));
    runtime.globals.set("next id", id + 1);
    const node = this.Node.new();
    const parts = { id, label: py.intern(label), properties, out: py.set(), into: py.set() };
    for (const [name, value] of Object.entries(parts)) node.setAttr(name, value);
    this.nodes.set(id, node);
    if (!this.labels.has(label)) this.labels.set(label, py.set());
    /** @type {PySet} */ (this.labels.ref(label)).add(node);
    this.count("nodes", 1);
    return id;
  }

  /** Add an edge. @param {number} source @param {string} kind @param {number} target */
  connect(source, kind, target) {
    const edge = this.Edge.new();
    const [from, to] = [this.node(source), this.node(target)];
    edge.setAttr("kind", this.py.intern(kind)); // one str for all edges of a kind
    edge.setAttr("source", from);
    edge.setAttr("target", to);
    this.edges(from, "out").add(edge);
    this.edges(to, "into").add(edge);
    this.count("edges", 1);
  }

  /** Ids of the nodes with a label and, if any are given, these properties. @param {string} label @param {Properties} [properties] */
  find(label, properties = {}) {
    const found = /** @type {PySet | undefined} */ (this.labels.ref(label));
    const ids = [];
    for (const node of handles(found ?? [])) {
      const own = /** @type {Dict} */ (node.attr("properties"));
      const matches = Object.entries(properties).every(([name, value]) => own.get(name) === value);
      if (matches) ids.push(Number(node.attr("id")));
    }
    return ids.sort((a, b) => a - b);
  }

  /** What is known of a node, to be sent. @param {number} id */
  get(id) {
    const node = this.node(id);
    const properties = /** @type {Map<string, unknown>} */ (node.attrRef("properties").toJS());
    return { ...Object.fromEntries(properties), id, label: node.attr("label") };
  }

  /** Ids along a shortest way of edges of one kind; null if there is none. @param {number} from @param {string} kind @param {number} to */
  path(from, kind, to) {
    /** Each node that was reached, and the one before it. @type {Map<number, number>} */
    const reached = new Map([[from, 0]]);
    // A Map visits what is added while it is visited: nearest first.
    for (const [id] of reached) {
      if (id === to) break;
      this.py.scope(() => {
        for (const edge of handles(this.edges(this.node(id), "out"))) {
          if (edge.attr("kind") !== kind) continue;
          const next = Number(edge.attrRef("target").attr("id"));
          if (!reached.has(next)) reached.set(next, id);
        }
      });
    }
    if (!reached.has(to)) return null;
    const path = [];
    for (let id = to; id !== 0; id = /** @type {number} */ (reached.get(id))) path.unshift(id);
    return path;
  }

  /** Delete a node and its edges. @param {number} id */
  remove(id) {
    const node = this.node(id);
    for (const edge of handles(this.edges(node, "out"))) {
      this.edges(edge.attrRef("target"), "into").delete(edge);
      this.count("edges", -1);
    }
    for (const edge of handles(this.edges(node, "into"))) {
      this.edges(edge.attrRef("source"), "out").delete(edge);
      this.count("edges", -1);
    }
    /** @type {PySet} */ (this.labels.ref(node.attr("label"))).delete(node);
    this.nodes.delete(id);
    this.count("nodes", -1);
  }

  /** Run the collector now: how many objects it found. */
  collect() {
    return this.runtime.gc.collect();
  }

  /** How many nodes and edges there are in memory, deleted ones that the collector has not yet found included. */
  census() {
    const { types, inspect } = this.runtime.objects;
    const count = { Node: 0, Edge: 0 };
    inspect.each((object) => {
      if (types.typeOf(object) === this.Node.id) count.Node++;
      if (types.typeOf(object) === this.Edge.id) count.Edge++;
    });
    return count;
  }

  /** @param {number} id */
  node(id) {
    const node = this.nodes.ref(id);
    if (node === undefined) throw new Error(`there is no node ${id}`);
    return node;
  }

  /** @param {Handle} node @param {"out" | "into"} direction @returns {PySet} */
  edges(node, direction) {
    return node.attrRef(direction);
  }

  /** @param {keyof typeof Counters.fields} name @param {number} change */
  count(name, change) {
    const { counters, countersAt } = this;
    counters.set(countersAt, name, counters.get(countersAt, name) + change);
  }
}

/** What a container holds, where all of it is objects. @param {Iterable<unknown>} container */
function handles(container) {
  return /** @type {Handle[]} */ ([...container]);
}
