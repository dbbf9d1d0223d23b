/** Names and places: the strings and the call tree that a trace defines. */
import { PyrenaError } from "@pyrena/abi";
import type { TraceBatch } from "./batch.ts";
import { FIELDS_PER_RECORD, opOf, traceOps } from "./format.ts";

/** One node of the call tree, its names resolved. */
export interface TraceFrame {
  readonly id: number;
  /** Id of the calling frame; -1 at a root. */
  readonly parent: number;
  readonly file: string;
  readonly function: string;
  readonly line: number;
}

/**
 * Collects the strings and frames of a trace. Reading alone keeps neither: use this where they are wanted. Its memory
 * grows with the number of distinct strings and frames, not with the number of events.
 */
export class TraceSymbols {
  readonly #strings: string[] = [];
  /** Four numbers a frame: parent + 1, file, function, line. */
  #frames: Float64Array = new Float64Array(256);
  #frameCount = 0;

  /** Number of strings defined so far. */
  get stringCount(): number {
    return this.#strings.length;
  }

  /** Number of frames defined so far. */
  get frameCount(): number {
    return this.#frameCount;
  }

  /** Take what a batch defines. Give it every batch, in order. */
  add(batch: TraceBatch): void {
    this.#strings.push(...batch.texts);
    for (let index = 0; index < batch.count; index++) {
      if (opOf(batch.tags[index]) !== traceOps.frame) continue;
      const slot = this.#frameCount * FIELDS_PER_RECORD;
      if (slot === this.#frames.length) {
        const larger = new Float64Array(this.#frames.length * 2);
        larger.set(this.#frames);
        this.#frames = larger;
      }
      const at = index * FIELDS_PER_RECORD;
      this.#frames.set(batch.fields.subarray(at, at + FIELDS_PER_RECORD), slot);
      this.#frameCount++;
    }
  }

  /**
   * The string with this id.
   * @throws PyrenaError `bad-argument` if none has been defined
   */
  string(id: number): string {
    const text = this.#strings[id];
    if (text === undefined) {
      throw new PyrenaError(
        "bad-argument",
        `no string ${id}: ${this.#strings.length} are defined so far`,
      );
    }
    return text;
  }

  /**
   * The frame with this id.
   * @throws PyrenaError `bad-argument` if none has been defined
   */
  frame(id: number): TraceFrame {
    if (!Number.isInteger(id) || id < 0 || id >= this.#frameCount) {
      throw new PyrenaError(
        "bad-argument",
        `no frame ${id}: ${this.#frameCount} are defined so far`,
      );
    }
    const at = id * FIELDS_PER_RECORD;
    return {
      id,
      parent: this.#frames[at] - 1,
      file: this.string(this.#frames[at + 1]),
      function: this.string(this.#frames[at + 2]),
      line: this.#frames[at + 3],
    };
  }

  /**
   * The frame with this id and those that called it, innermost first.
   * @throws PyrenaError `bad-argument` if it has not been defined
   */
  stack(id: number): TraceFrame[] {
    const frames: TraceFrame[] = [];
    // A parent is defined before its children, so this ends.
    for (let next = id; next >= 0; next = frames[frames.length - 1].parent) {
      frames.push(this.frame(next));
    }
    return frames;
  }
}
