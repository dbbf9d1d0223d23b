/** The graph as other threads see it: requests by message, and counters read from the shared bytes. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { LinearMemory } from "pyrena";

/**
 * @typedef {{ resolve(answer: any): void, reject(error: Error): void }} Waiting
 * @typedef {{ nodes: number, edges: number, requests: number }} Counts
 */

/** A graph in a worker. */
export class GraphDatabase {
  /** Start a worker, which opens the graph in the file if there is one. @param {string} file */
  static async open(file) {
    const maxBytes = 2 ** 28;
    const memory = LinearMemory.create({ backing: "wasm-shared", maxBytes });
    const worker = new Worker(new URL("worker.js", import.meta.url), {
      workerData: { memory: memory.transferable, maxBytes, file },
    });
    const [{ counters, layout }] = await once(worker, "message");
    return new GraphDatabase(memory, worker, counters, layout);
  }

  /** @param {LinearMemory} memory @param {Worker} worker @param {number} at @param {Counts} layout offsets of the counters */
  constructor(memory, worker, at, layout) {
    this.memory = memory;
    this.worker = worker;
    this.at = at;
    this.layout = layout;
    /** @type {Map<number, Waiting>} */
    this.waiting = new Map();
    this.sent = 0;
    worker.on("message", ({ number, answer, error }) => {
      const { resolve, reject } = /** @type {Waiting} */ (this.waiting.get(number));
      this.waiting.delete(number);
      if (error === undefined) resolve(answer);
      else reject(new Error(error));
    });
    worker.on("error", (error) => {
      for (const { reject } of this.waiting.values()) reject(error);
    });
  }

  /** @param {string} name @param {unknown[]} args @returns {Promise<any>} */
  ask(name, ...args) {
    const number = this.sent++;
    this.worker.postMessage({ number, name, args });
    return new Promise((resolve, reject) => this.waiting.set(number, { resolve, reject }));
  }

  /**
   * The counters as they are now, without asking: they do not wait for what the worker is doing.
   * @returns {Counts}
   */
  counts() {
    // The worker may have made the memory larger since this thread looked.
    this.memory.refresh();
    const { memory, at, layout } = this;
    const read = (/** @type {number} */ offset) => Atomics.load(memory.u32, (at + offset) >>> 2);
    const { nodes, edges, requests } = layout;
    return { nodes: read(nodes), edges: read(edges), requests: read(requests) };
  }

  async close() {
    this.worker.postMessage({ name: "close" });
    await once(this.worker, "exit");
  }
}
