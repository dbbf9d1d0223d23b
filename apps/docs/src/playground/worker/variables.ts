/** The chosen variables and what they lead to, asked of Python. */
import type { Graph, GraphNode } from "../protocol.ts";
import { callWithText } from "./builtin-functions.ts";
import type { Harness } from "./harness.ts";
import type { PythonModule } from "./python-module.ts";

/** Gathers what `describe` of the harness tells. */
export class Variables {
  #roots: { name: string; id: number }[] = [];
  #nodes: GraphNode[] = [];
  #edges = new Map<number, number[]>();

  root(name: string, id: number): void {
    this.#roots.push({ name, id });
  }

  node(node: Omit<GraphNode, "refers">): void {
    const refers: number[] = [];
    this.#edges.set(node.id, refers);
    this.#nodes.push({ ...node, refers });
  }

  edge(from: number, to: number): void {
    this.#edges.get(from)?.push(to);
  }

  /** @returns undefined if there was no room for it */
  look(module: PythonModule, harness: Harness, names: readonly string[]): Graph | undefined {
    this.#roots = [];
    this.#nodes = [];
    this.#edges = new Map();
    const result = callWithText(module, harness.describe, names.join(" "));
    if (result === 0) {
      // The program must not notice.
      module._PyErr_Clear();
      return undefined;
    }
    const cut = module._PyObject_IsTrue(result) === 1;
    module._Py_DecRef(result);
    return { roots: this.#roots, nodes: this.#nodes, cut };
  }
}
