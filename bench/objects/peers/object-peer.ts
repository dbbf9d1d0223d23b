/** What a peer in JavaScript offers. */
export interface ObjectPeer {
  /**
   * One round of each workload that it can run, by id; gets the number of units, and returns how many it did if they
   * were fewer: one that is a thousand times slower would keep everybody waiting.
   */
  readonly workloads: Readonly<Record<string, (units: number) => number | void>>;
  /** Bytes that `count` objects of a workload take, per object; undefined where it cannot tell. */
  bytes?(workload: string, count: number): number | undefined;
  /** Whether everything it made is gone again: a peer that leaks is reported as failed. */
  check?(): void;
}
