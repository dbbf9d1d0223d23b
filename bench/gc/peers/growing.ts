/** Watches the collections of a growing heap. */
import { processorMicroseconds } from "../../src/processor-time.ts";
import type { GrowingFigures } from "../workloads.ts";

/** What collections that run by themselves cost, and leave. */
export class GrowingWatch {
  readonly #times: number[] = [];
  #begun = 0;
  #made = 0;
  #collected = 0;
  #most = 0;

  /** So many objects have become garbage. */
  died(count: number): void {
    this.#made += count;
  }

  begin(): void {
    this.#most = Math.max(this.#most, this.#made - this.#collected);
    this.#begun = processorMicroseconds();
  }

  end(collected: number): void {
    this.#times.push((processorMicroseconds() - this.#begun) * 1000);
    this.#collected += collected;
  }

  figures(): GrowingFigures {
    const times = this.#times.sort((a, b) => a - b);
    const left = this.#made - this.#collected;
    return {
      longest: times.at(-1) ?? 0,
      usual: times[Math.floor(times.length * 0.9)] ?? 0,
      total: times.reduce((sum, time) => sum + time, 0),
      collections: times.length,
      dead: Math.max(this.#most, left),
      left,
    };
  }
}
