/** The frames of a run, for rewinding and for the charts. When there are too many, every second one is let go. */
import type { Frame } from "../frame.ts";

const MOST_FRAMES = 600;
const MOST_BYTES = 64 * 1024 * 1024;

/** What was seen of one run, oldest first. */
export class FrameHistory {
  #frames: Frame[] = [];
  #bytes = 0;

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  get length(): number {
    return this.#frames.length;
  }

  get last(): Frame | undefined {
    return this.#frames.at(-1);
  }

  at(index: number): Frame | undefined {
    return this.#frames[Math.min(index, this.#frames.length - 1)];
  }

  /** Frames that are older than the newest are left out: messages overtake no shared memory. */
  add(frame: Frame): void {
    const { last } = this;
    if (last !== undefined && frame.get("sequence") <= last.get("sequence")) return;
    this.#frames.push(frame);
    this.#bytes += frame.words.byteLength;
    if (this.#frames.length <= MOST_FRAMES && this.#bytes <= MOST_BYTES) return;
    // The newest one is always kept.
    const { length } = this.#frames;
    this.#frames = this.#frames.filter((_, index) => (length - 1 - index) % 2 === 0);
    this.#bytes = this.#frames.reduce((sum, { words }) => sum + words.byteLength, 0);
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
