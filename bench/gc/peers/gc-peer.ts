/** What a peer in JavaScript offers. */
import type { GcWorkload, GrowingFigures } from "../workloads.ts";

/** What a round took, in nanoseconds. */
export interface GcRound {
  readonly nanoseconds: number;
  readonly figures?: GrowingFigures;
}

/** One peer. */
export interface GcPeer {
  /** One round of a workload with so many objects. */
  run(workload: GcWorkload, units: number): GcRound;
}
