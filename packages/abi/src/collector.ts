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
 * - G4 `collect` inside a collection returns 0, and no automatic collection runs inside one.
 * - G5 A collection leaves alone what is referenced from outside of the tracked objects, and what is reached from that.
 *   What it takes apart is unreachable, was finalized, and is gone or reachable again when `collect` returns.
 * - G6 Swapping: objects are handed over by `each` of the old collector, whose visitor untracks the object it is given,
 *   and `adopt` (or `track`) of the new one. Afterwards the old one is closed.
 */
import type { Address } from "./address.ts";
import type { DomainApi } from "./domains.ts";
import type { Heap } from "./heap.ts";
import type { ObjectGraph } from "./object-graph.ts";
import type { StatSource } from "./stats.ts";

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
  /**
   * Run a collection of the generation and those younger.
   * @returns how many objects were found unreachable, those that could not be taken apart included
   * @throws PyrenaError `bad-argument` for a generation that there is none of
   */
  collect(this: void, ctx: Ctx, generation: number): number;
  /** A point at which a pending automatic collection may run (the interpreter's eval breaker). Absent: never any. */
  poll?(this: void, ctx: Ctx): void;
  /**
   * Visit all tracked objects, oldest generation last, with the number of their generation; those that are set aside for
   * good (`gc.freeze`) come after all others, with the number {@link FROZEN}. The visitor may untrack the object that it
   * is given, and change nothing else of what is tracked.
   */
  each(this: void, ctx: Ctx, visit: (object: Address, generation: number) => void): void;
  /** Consider from now on an object that was tracked by another collector, in that generation. Absent: `track`. */
  adopt?(this: void, ctx: Ctx, object: Address, generation: number): void;
  /** Give back what the collector keeps in the heap. It tracks nothing any more and is not called again. */
  close?(this: void, ctx: Ctx): void;
  /**
   * Check every invariant of what the collector keeps.
   * @throws PyrenaError `heap-corrupt` naming the invariant and the address
   */
  verify(this: void, ctx: Ctx): void;
  /** Its switches and counters: what the functions of Python's `gc` module work on. Absent: it has none. */
  readonly control?: CollectorControl<Ctx>;
  /** Declared statistics. */
  readonly stats?: StatSource;
}

/** The generation number under which {@link Collector.each} shows objects that no collection looks at. */
export const FROZEN = 3;

/** Flags of `gc.set_debug`. `leak` is what a leaking program is debugged with: collectable, uncollectable, saveAll. */
export const gcDebug: {
  readonly stats: 1;
  readonly collectable: 2;
  readonly uncollectable: 4;
  readonly saveAll: 32;
  readonly leak: 38;
} = Object.freeze({ stats: 1, collectable: 2, uncollectable: 4, saveAll: 32, leak: 38 });

/** What one generation's collections have done: a row of `gc.get_stats()`. */
export interface GenerationStats {
  readonly collections: number;
  readonly collected: number;
  readonly uncollectable: number;
  /** Objects that were looked at, in all of them together (3.15). */
  readonly candidates?: number | undefined;
  /** Seconds that they took, all together (3.15). */
  readonly duration?: number | undefined;
}

/** A number for each of the three generations, youngest first. */
export type PerGeneration<T = number> = readonly [T, T, T];

/** Switches and counters of a collector, as Python's `gc` module has them. */
export interface CollectorControl<Ctx = unknown> {
  isEnabled(this: void, ctx: Ctx): boolean;
  /** Switch automatic collection on or off. */
  setEnabled(this: void, ctx: Ctx, enabled: boolean): void;
  /** `gc.get_count()`. */
  counts(this: void, ctx: Ctx): PerGeneration;
  thresholds(this: void, ctx: Ctx): PerGeneration;
  /** `gc.set_threshold`; what is left out stays as it is. A first threshold of 0 stops automatic collection. */
  setThresholds(this: void, ctx: Ctx, first: number, second?: number, third?: number): void;
  /** `gc.get_stats()`. */
  generationStats(this: void, ctx: Ctx): PerGeneration<GenerationStats>;
  /** Flags of {@link gcDebug}. */
  debugFlags(this: void, ctx: Ctx): number;
  setDebugFlags(this: void, ctx: Ctx, flags: number): void;
  /** Set all tracked objects aside for good: no collection looks at them. */
  freeze(this: void, ctx: Ctx): void;
  /** Put the objects that were set aside into the oldest generation. */
  unfreeze(this: void, ctx: Ctx): void;
  freezeCount(this: void, ctx: Ctx): number;
  /** Whether a collection is under way. */
  isCollecting(this: void, ctx: Ctx): boolean;
}

/** What `gc.callbacks` are told of a collection: zeros at its start. */
export interface CollectionInfo {
  readonly generation: number;
  readonly collected: number;
  readonly uncollectable: number;
  /** Objects that were looked at (3.15). */
  readonly candidates: number;
  /** Seconds that it took (3.15). */
  readonly duration: number;
}

/**
 * What surrounds a collector: the heap it keeps its state in, and who is told of what it does. Objects make one for
 * each heap. The functions never throw; those that are absent have nothing to do.
 */
export interface CollectorHost {
  readonly heap: Heap;
  /** Memory for the collector's state. */
  readonly raw: Pick<DomainApi, "calloc" | "free">;
  /** False where a heap is opened that has a collector's state already: a collector of the same kind goes on with it. */
  readonly fresh: boolean;
  /** A collection begins or has ended: `gc.callbacks`. Not called for collections that the collector abandons at once. */
  event?: ((phase: "start" | "stop", info: CollectionInfo) => void) | undefined;
  /** An object that was found unreachable and stays: `gc.garbage` takes a reference. */
  keep?: ((object: Address) => void) | undefined;
  /** Whether an exception is on its way: no automatic collection begins then. */
  exceptionPending?: (() => boolean) | undefined;
  /** An exception that was thrown where none can be passed on: by a user's `traverse`, say. `where` says who threw it. */
  unraisable?: ((thrown: unknown, where: string) => void) | undefined;
  /** Takes the text that the flags of {@link gcDebug} ask for: whole lines, for stderr. */
  write?: ((text: string) => void) | undefined;
}

/** Makes a collector for a graph: how objects are given one. */
export type CollectorFactory = (graph: ObjectGraph, host: CollectorHost) => Collector;
