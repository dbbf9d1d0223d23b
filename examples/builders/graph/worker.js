/**
 * The thread that owns the graph's heap. It alone changes it: as in CPython, objects belong to one thread at a time, and
 * there is no lock here to be handed on. Others send requests, one after another, and may look at the bytes.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { createRuntime, LinearMemory, restore } from "pyrena";
import { Counters, Graph } from "./graph.js";

const port = /** @type {import("node:worker_threads").MessagePort} */ (parentPort);
const { memory: shared, maxBytes, file } = workerData;
const memory = LinearMemory.over(shared, maxBytes);
const types = [Counters];
const runtime = existsSync(file)
  ? restore(readFileSync(file), { memory, types })
  : createRuntime({ memory, types });
const graph = new Graph(runtime);

/** @type {Record<string, (...args: any[]) => unknown>} */
const requests = {
  add: (label, properties) => graph.add(label, properties),
  connect: (source, kind, target) => graph.connect(source, kind, target),
  find: (label, properties) => graph.find(label, properties),
  get: (id) => graph.get(id),
  path: (from, kind, to) => graph.path(from, kind, to),
  remove: (id) => graph.remove(id),
  collect: () => graph.collect(),
  census: () => graph.census(),
  save: () => {
    runtime.verify();
    writeFileSync(file, runtime.save());
  },
};

port.on("message", ({ number, name, args }) => {
  if (name === "close") return port.close();
  try {
    if (!Object.hasOwn(requests, name)) throw new Error(`there is no request '${name}'`);
    // Handles that a request makes are released with its scope; its answer is plain values.
    const answer = runtime.py.scope(() => requests[name](...args));
    graph.count("requests", 1);
    port.postMessage({ number, answer });
  } catch (error) {
    port.postMessage({ number, error: error instanceof Error ? error.message : String(error) });
  }
});
port.postMessage({ counters: graph.countersAt, layout: graph.counters.layout.at });
