/**
 * The collector contract: what `Modules/gcmodule.c` is to CPython's objects, as a struct of functions, context first.
 *
 * Objects call it at four points: when memory for a collectable object has been obtained, when such memory is given
 * back, when an object's references are in place (track), and before they are taken apart (untrack). Between
 * `allocated` and `track` an object's fields may hold anything, so a collector must not traverse it.
 *
 * - G1 A tracked object's first PyGC_Head word is not 0, an untracked one's is 0.
 * - G2 `untrack` of an untracked object does nothing; `track` of a tracked one is the caller's mistake.
 * - G3 A collector finds tracked objects only through what it keeps itself: the words of PyGC_Head, and its state.
 * - G4 `collect` inside a collection returns 0.
 * - G5 A collection leaves alone what is referenced from outside of the tracked objects, and what is reached from that.
 *   What it takes apart is unreachable, was finalized, and is gone or reachable again when `collect` returns.
 */
import type { Address } from "./address.ts";
import type { ObjectGraph } from "./object-graph.ts";

/** A cycle collector. */
export interface Collector<Ctx = unknown> {
  /** Passed to each function as its first argument. */
  readonly ctx: Ctx;
  /** For people: `generational`, `incremental`, `none`, … */
  readonly name: string;
  /** Memory for a collectable object has been obtained from the allocator; its fields are not set. May collect. */
  allocated(this: void, ctx: Ctx, object: Address): void;
  /** Memory of a collectable object is about to go back to the allocator. */
  released(this: void, ctx: Ctx, object: Address): void;
  /** Consider an object from now on (`PyObject_GC_Track`). */
  track(this: void, ctx: Ctx, object: Address): void;
  /** Consider it no longer (`PyObject_GC_UnTrack`). */
  untrack(this: void, ctx: Ctx, object: Address): void;
  /** Run a collection of the generation and those younger; returns how many objects were found unreachable. */
  collect(this: void, ctx: Ctx, generation: number): number;
  /** A point at which a pending automatic collection may run (the interpreter's eval breaker). Absent: never any. */
  poll?(this: void, ctx: Ctx): void;
  /** Visit all tracked objects, oldest generation last. The visitor must not change what is tracked. */
  each(this: void, ctx: Ctx, visit: (object: Address) => void): void;
  /**
   * Check every invariant of what the collector keeps.
   * @throws PyrenaError `heap-corrupt` naming the invariant and the address
   */
  verify(this: void, ctx: Ctx): void;
}

/** Makes a collector for a graph: how objects are given one. */
export type CollectorFactory = (graph: ObjectGraph) => Collector;
