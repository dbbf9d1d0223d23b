/** Where a program that is run again comes by. */
import type { Replay } from "../protocol.ts";

type Waypoint = Replay["moments"][number];

/** The moments that it is to come to, in order. At the last one it stands still. */
export class Itinerary {
  #ahead: Waypoint[] = [];
  /** Lines at which it comes to the next one; -1: there is none. */
  lines = -1;

  start(moments: readonly Waypoint[]): void {
    // It begins at the first one.
    this.#ahead = moments.filter(({ at }) => at !== "start");
    this.#look();
  }

  /** Whether there is anything to come to. */
  get isUnderWay(): boolean {
    return this.lines !== -1;
  }

  get next(): Waypoint | undefined {
    return this.#ahead[0];
  }

  /** It has come to the next one. @returns whether that was the last one */
  pass(): boolean {
    this.#ahead.shift();
    this.#look();
    return !this.isUnderWay;
  }

  #look(): void {
    this.lines = this.next?.clock.lines ?? -1;
  }
}
