/** Cycle collection: the collector that objects are tracked by, how it is replaced, and Python's `gc` module. */
import type {
  Address,
  Collector,
  CollectorFactory,
  CollectorHost,
  ObjectGraph,
  PerGeneration,
} from "@pyrena/abi";

/** Cycle collection over one heap's objects. */
export interface CollectionApi extends GcModule {
  /** The objects as collectors see them. */
  readonly graph: ObjectGraph;
  /** What surrounds the collector: `event` calls `gc.callbacks`, `keep` appends to `gc.garbage`. */
  readonly host: CollectorHost;
  /** The collector that is installed now. */
  collector(this: void): Collector;
  /**
   * Replace the collector while the heap runs. The new one takes over all tracked objects, each in its generation and
   * in order, and what both have of switches, thresholds and debug flags; the old one gives back its memory.
   *
   * Every later allocation costs a few nanoseconds more: engines no longer take the collector's functions for
   * constants. One given to `createObjects` does not have that cost.
   * @throws PyrenaError `bad-argument` inside a collection; what the factory throws: the old one stays then
   */
  use(this: void, factory: CollectorFactory): Collector;
  /**
   * Let a pending automatic collection run. From 3.12 on they do not run inside an allocation but where the
   * interpreter looks for such things: at the start of functions, when loops go back, after most calls. Frames and
   * handles poll by themselves; runtimes that are written on addresses call this at the same places.
   */
  poll(this: void): void;
}

/**
 * Python's `gc` module, as CPython 3.11 to 3.15 has it: new references, or NULL (-1) with an exception pending. All but
 * `getObjects`, `getReferrers`, `getReferents`, `isTracked`, `isFinalized`, `collect` and the two lists need a collector
 * that has `control`.
 * @throws PyrenaError `bad-argument` from those functions where the collector has none
 */
export interface GcModule {
  /** Let collections run by themselves. */
  enable(this: void): void;
  disable(this: void): void;
  isEnabled(this: void): boolean;
  /**
   * Collect a generation and those younger (default 2: all), whether or not collections run by themselves; how many
   * objects were found unreachable, or -1 with ValueError pending. An exception that is pending before stays so.
   */
  collect(this: void, generation?: number): number;
  /** `gc.get_count()`: a tuple of three ints. */
  getCount(this: void): Address;
  /** The same as numbers: makes no object. */
  counts(this: void): PerGeneration;
  /** `gc.get_threshold()`: a tuple of three ints. */
  getThreshold(this: void): Address;
  /** The same as numbers: makes no object. */
  thresholds(this: void): PerGeneration;
  /**
   * What is left out stays as it is; a first threshold of 0 stops automatic collection. 0, or -1 with TypeError
   * (not a whole number) or OverflowError (not a C int) pending: up to 3.12, values before that one have been set.
   */
  setThreshold(this: void, first: number, second?: number, third?: number): number;
  /** `gc.get_stats()`: a list of three dicts. */
  getStats(this: void): Address;
  /** Flags, as `gcDebug` of `@pyrena/abi` names them. */
  getDebug(this: void): number;
  /** 0, or -1 with TypeError or OverflowError pending. */
  setDebug(this: void, flags: number): number;
  /**
   * `gc.get_objects(generation)`: a list of the tracked objects, youngest generation first, but for the list itself and
   * those that are frozen. A negative generation means all, as in CPython; ValueError from 3 on.
   */
  getObjects(this: void, generation?: number): Address;
  /**
   * `gc.get_referrers(*objects)`: a list of the tracked objects that refer to one of these, each once; not the list
   * itself, and none that are frozen. Given a tuple's address: to one of its items, and not the tuple itself: what a
   * call from Python is.
   */
  getReferrers(this: void, objects: readonly Address[] | Address): Address;
  /** `gc.get_referents(*objects)`: a list of what their `tp_traverse` visits, in its order. Or a tuple of them. */
  getReferents(this: void, objects: readonly Address[] | Address): Address;
  isTracked(this: void, object: Address): boolean;
  /** Whether the finalizer has been called (PEP 442). */
  isFinalized(this: void, object: Address): boolean;
  /** Set all tracked objects aside: no collection looks at them. */
  freeze(this: void): void;
  /** Put those that were set aside into the oldest generation. */
  unfreeze(this: void): void;
  getFreezeCount(this: void): number;
  /** `gc.garbage`: a list, borrowed; always the same, whatever a program binds to that name. */
  garbage(this: void): Address;
  /** `gc.callbacks`: a list, borrowed; always the same. */
  callbacks(this: void): Address;
}
