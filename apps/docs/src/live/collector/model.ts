/** The collector page: lists that refer to each other, on a real heap with CPython's generational collector. */
import type { Runtime } from "pyrena";
import { liveRuntime } from "../shared/runtime.ts";
import { type Candidate, collectionSteps, type Step } from "./passes.ts";

/** What each of the graphs shows. */
export type SceneName = "held" | "late" | "refersOut" | "self";

/** A graph to begin with: names bound to objects, and references `AB` = A refers to B. */
export interface Scene {
  readonly name: SceneName;
  readonly nodes: string;
  readonly variables: string;
  readonly references: readonly string[];
}

export const scenes: readonly Scene[] = [
  {
    name: "held",
    nodes: "ABCDE",
    variables: "A",
    references: ["AB", "BC", "CA", "DE", "ED"],
  },
  {
    name: "late",
    nodes: "ABCD",
    variables: "D",
    references: ["DC", "CB", "BA", "AB"],
  },
  {
    name: "refersOut",
    nodes: "ABCD",
    variables: "D",
    references: ["AB", "BA", "BD", "DC"],
  },
  {
    name: "self",
    nodes: "AB",
    variables: "B",
    references: ["AA", "AB"],
  },
];

type ListRef = ReturnType<Runtime["py"]["list"]>;

/** What became of the graph in a collection. */
export interface Outcome {
  /** What `gc.collect()` returned. */
  readonly returned: number;
  readonly gone: readonly string[];
  /** Survivors, in the order of the collector's list. */
  readonly left: readonly string[];
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The reader's graph: each node is a Python list, each reference an item of it. */
export class CollectorLab {
  readonly runtime: Runtime;
  readonly #nodes = new Map<string, number>();
  readonly #variables = new Map<string, ListRef>();

  constructor(scene?: Scene, python = "3.13") {
    this.runtime = liveRuntime({ python, collector: "generational" });
    const { gc } = this.runtime;
    // What the runtime itself has made is set aside, and collections run only when they are asked for.
    gc.freeze();
    gc.disable();
    if (scene === undefined) return;
    for (const name of scene.nodes) this.#make(name);
    for (const [from, to] of scene.references) this.link(from!, to!);
    for (const name of scene.nodes)
      if (!scene.variables.includes(name)) this.setVariable(name, false);
  }

  get names(): string[] {
    return [...this.#nodes.keys()];
  }

  hasVariable(name: string): boolean {
    return this.#variables.has(name);
  }

  /** A new list with a variable that holds it. @returns its name, or undefined if there are too many */
  add(): string | undefined {
    const name = [...ALPHABET.slice(0, 10)].find((one) => !this.#nodes.has(one));
    if (name !== undefined) this.#make(name);
    return name;
  }

  #make(name: string): void {
    const node = this.runtime.py.list();
    this.#nodes.set(name, node.id);
    this.#variables.set(name, node);
  }

  /** Append a reference. */
  link(from: string, to: string): void {
    this.#with(from, (holder) => this.#with(to, (item) => holder.append(item)));
  }

  /** Delete one reference. @returns names of those that died of it, by reference count */
  unlink(from: string, to: string): string[] {
    const n = this.references(from).lastIndexOf(to);
    if (n >= 0) this.#with(from, (holder) => holder.delete(n));
    return this.#forgetDead();
  }

  /** Bind a variable to the object, or delete it. @returns names of those that died of it */
  setVariable(name: string, on: boolean): string[] {
    const variable = this.#variables.get(name);
    if (on && variable === undefined) {
      this.#variables.set(name, this.#handle(name));
    } else if (!on && variable !== undefined) {
      variable.release();
      this.#variables.delete(name);
    }
    return this.#forgetDead();
  }

  /** Take away all references that its own items are, all to it from others, and its variable. @returns who died of it */
  remove(name: string): string[] {
    this.#with(name, (node) => node.clear());
    for (const holder of this.order()) {
      if (holder === name) continue; // it has no items any more, and may even be dead by now
      const items = this.references(holder);
      for (let n = items.length - 1; n >= 0; n--)
        if (items[n] === name) this.#with(holder, (node) => node.delete(n));
    }
    this.#variables.get(name)?.release();
    this.#variables.delete(name);
    return this.#forgetDead();
  }

  #handle(name: string): ListRef {
    const { py, objects } = this.runtime;
    return py.own<ListRef>(objects.refs.newRef(this.#nodes.get(name)!));
  }

  #with(name: string, use: (node: ListRef) => void): void {
    const node = this.#handle(name);
    try {
      use(node);
    } finally {
      node.release();
    }
  }

  /** The collector's list: what a full collection would look at, in its order. */
  order(): string[] {
    const { collector } = this.runtime;
    const generations: number[][] = [[], [], []];
    collector.each(collector.ctx, (object, generation) => generations[generation]?.push(object));
    const names = new Map([...this.#nodes].map(([name, object]) => [object, name]));
    // Younger generations are appended to the oldest before the passes begin.
    const [young, middle, old] = generations as [number[], number[], number[]];
    return [...old, ...young, ...middle].flatMap((object) => names.get(object) ?? []);
  }

  #forgetDead(): string[] {
    const alive = new Set(this.order());
    const dead = this.names.filter((name) => !alive.has(name));
    for (const name of dead) this.#nodes.delete(name);
    return dead;
  }

  address(name: string): number {
    return this.#nodes.get(name)!;
  }

  refcount(name: string): number {
    const { graph } = this.runtime.objects.gc;
    return graph.refcount(graph.ctx, this.address(name));
  }

  /** What a node refers to, in the order of its items. */
  references(name: string): string[] {
    return this.#traverse(name).reverse(); // a list's traverse goes from its last item to its first
  }

  #traverse(name: string): string[] {
    const { graph } = this.runtime.objects.gc;
    const names = new Map([...this.#nodes].map(([one, object]) => [object, one]));
    const met: string[] = [];
    graph.traverse(
      graph.ctx,
      this.address(name),
      (referent) => void met.push(names.get(referent)!),
    );
    return met;
  }

  /** The graph as the collector finds it. */
  candidates(): Candidate[] {
    return this.order().map((id) => ({
      id,
      refcount: this.refcount(id),
      referents: this.#traverse(id),
    }));
  }

  steps(): Step[] {
    return collectionSteps(this.candidates());
  }

  /** Run the real collector. */
  collect(): Outcome {
    const returned = this.runtime.gc.collect();
    const gone = this.#forgetDead();
    return { returned, gone, left: this.order() };
  }
}
