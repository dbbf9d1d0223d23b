/** Cycle collection: the collector that objects are tracked by, and how it is replaced and called. */
import type { Collector, CollectorFactory, CollectorHost, ObjectGraph } from "@pyrena/abi";

/** Cycle collection over one heap's objects. */
export interface CollectionApi {
  /** The objects as collectors see them. */
  readonly graph: ObjectGraph;
  /** What surrounds the collector; `event` and `keep` may be set and removed at any time. */
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
   * Collect a generation and those younger (default 2: all); how many objects were found unreachable. A pending
   * exception stays pending. `PyGC_Collect`.
   */
  collect(this: void, generation?: number): number;
  /**
   * Let a pending automatic collection run. From 3.12 on they do not run inside an allocation but where the
   * interpreter looks for such things: at the start of functions, when loops go back, after most calls. Frames and
   * handles poll by themselves; runtimes that are written on addresses call this at the same places.
   */
  poll(this: void): void;
}
