/**
 * Python's `gc` module on handles. Numbers come as numbers, objects as handles, which are the caller's to release.
 * `objects.gc` is the same on addresses.
 */
import {
  type Address,
  type Collector,
  type GenerationStats,
  gcDebug,
  type ObjectGraph,
  type PerGeneration,
  PyrenaError,
} from "@pyrena/abi";
import { type Explanation, explain } from "@pyrena/gc";
import type { DictHandle, Handle, ListHandle, Python } from "@pyrena/objects";

/**
 * Called when a collection begins (`start`) and when it has ended (`stop`). Of the info, a dict, `generation`, `collected`
 * and `uncollectable` are in every version.
 */
export type GcCallback = (phase: "start" | "stop", info: DictHandle) => unknown;

/** Cycle collection of one runtime: its switches, and what it knows of objects. */
export class Gc {
  /** Flags for `setDebug`. */
  readonly debug: typeof gcDebug = gcDebug;
  readonly #py: Python;

  constructor(py: Python) {
    this.#py = py;
  }

  /** The collector that is installed now. */
  get collector(): Collector {
    return this.#gc.collector();
  }

  get #gc(): Python["core"]["gc"] {
    return this.#py.core.gc;
  }

  // ---- switches

  /** Let collections run by themselves. */
  enable(): void {
    this.#gc.enable();
  }

  disable(): void {
    this.#gc.disable();
  }

  isEnabled(): boolean {
    return this.#gc.isEnabled();
  }

  /**
   * Collect a generation and those younger, whether or not collections run by themselves.
   * @returns how many objects were found unreachable
   * @throws PyException ValueError for a generation that there is none of
   */
  collect(generation = 2): number {
    return this.#py.context.check(this.#gc.collect(generation));
  }

  getThreshold(): PerGeneration {
    return this.#gc.thresholds();
  }

  /** What is left out stays as it is; a first threshold of 0 stops automatic collection. */
  setThreshold(first: number, second?: number, third?: number): void {
    this.#py.context.check(this.#gc.setThreshold(first, second, third));
  }

  getDebug(): number {
    return this.#gc.getDebug();
  }

  /** Flags of {@link debug}, added up. */
  setDebug(flags: number): void {
    this.#py.context.check(this.#gc.setDebug(flags));
  }

  /** Set all tracked objects aside: no collection looks at them. */
  freeze(): void {
    this.#gc.freeze();
  }

  /** Put those that were set aside into the oldest generation. */
  unfreeze(): void {
    this.#gc.unfreeze();
  }

  // ---- counters

  getCount(): PerGeneration {
    return this.#gc.counts();
  }

  getStats(): PerGeneration<GenerationStats> {
    const { control, ctx, name } = this.collector;
    if (control === undefined) {
      throw new PyrenaError("bad-argument", `the collector '${name}' keeps no statistics`);
    }
    return control.generationStats(ctx);
  }

  getFreezeCount(): number {
    return this.#gc.getFreezeCount();
  }

  // ---- lists

  /** `gc.garbage`: unreachable objects that could not be taken apart, and with `saveAll` all that were found. */
  get garbage(): ListHandle {
    return this.#borrowed(this.#gc.garbage());
  }

  /** `gc.callbacks`, a list of Python callables; {@link onCollection} puts JavaScript functions in. */
  get callbacks(): ListHandle {
    return this.#borrowed(this.#gc.callbacks());
  }

  #borrowed(list: number): ListHandle {
    return this.#py.context.wrap(this.#py.core.refs.newRef(list)) as ListHandle;
  }

  /**
   * Have a function called at the start and the end of each collection. What it throws is reported as unraisable. In an
   * image it goes by its own name, or `<gc callback>`.
   * @returns what takes it out again
   */
  onCollection(callback: GcCallback): () => void {
    const { functions, list } = this.#py.core;
    return this.#py.scope(() => {
      const name = callback.name || "<gc callback>";
      const fn = this.#py.function(name, callback, { params: ["phase", "info"] });
      this.callbacks.append(fn);
      // The function may be gone by then, and another object live where it was; its body is only its own.
      const body = functions.body(functions.code(fn.live));
      return () => {
        const callbacks = this.#gc.callbacks();
        for (let n = list.length(callbacks) - 1; n >= 0; n--) {
          const item = list.getItem(callbacks, n);
          if (functions.check(item) && functions.body(functions.code(item)) === body) {
            this.#py.context.check(list.deleteItem(callbacks, n));
          }
        }
      };
    });
  }

  // ---- objects

  /** A list of the tracked objects, youngest generation first; of one generation, or of all. */
  getObjects(generation?: number): ListHandle {
    return this.#list(this.#gc.getObjects(generation));
  }

  /** A list of the tracked objects that refer to one of these. */
  getReferrers(...objects: readonly Handle[]): ListHandle {
    return this.#list(this.#gc.getReferrers(objects.map((object) => object.live)));
  }

  /** A list of what these objects refer to, as the collector sees it. */
  getReferents(...objects: readonly Handle[]): ListHandle {
    return this.#list(this.#gc.getReferents(objects.map((object) => object.live)));
  }

  #list(made: number): ListHandle {
    return this.#py.context.handle(made) as ListHandle;
  }

  /**
   * Why an object lives, or why it is garbage: a way from a root, or the cycle that keeps it, in names that a person
reads (`text`). Handles to the object itself do not count, unless nothing else holds it.
   */
  explain(object: Handle): Explanation {
    const { graph } = this.#gc;
    const address = object.live;
    return explain(withoutHandles(graph, address), this.collector, address);
  }

  isTracked(object: Handle): boolean {
    return this.#gc.isTracked(object.live);
  }

  /** Whether the finalizer has been called (PEP 442). */
  isFinalized(object: Handle): boolean {
    return this.#gc.isFinalized(object.live);
  }
}

/** The graph as it would be if the handles of an object had been released; as it is if nothing else holds it. */
function withoutHandles(graph: ObjectGraph, object: Address): ObjectGraph {
  const isHandle = (referent: Address, holder: string): boolean =>
    referent === object && holder.startsWith("handle ");
  let handles = 0;
  graph.roots(graph.ctx, (referent, holder) => {
    if (isHandle(referent, holder)) handles++;
  });
  if (graph.refcount(graph.ctx, object) <= handles) return graph;
  return {
    ...graph,
    refcount: (ctx, one) => graph.refcount(ctx, one) - (one === object ? handles : 0),
    roots: (ctx, visit) =>
      graph.roots(ctx, (referent, holder) => {
        if (!isHandle(referent, holder)) visit(referent, holder);
      }),
  };
}
