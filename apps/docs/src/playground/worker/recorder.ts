/**
 * The moments of a run that can be gone back to: images of the memory, within a limit, and the numbers by which the page
 * knows them.
 *
 * What is looked at by running Python's code, such as the variables, would change what it looks at: free lists, caches,
 * blocks. So a look is always followed by putting the memory back, byte by byte. The program cannot tell whether it was
 * looked at, and does the same when it is run again.
 */
import type { MomentAt } from "../protocol.ts";
import { type HeapImage, HeapImages } from "./heap-images.ts";

/** Bytes of all images together, and of a memory beyond which none is made. */
const MOST_BYTES = 384 * 2 ** 20;
const MOST_MEMORY = 160 * 2 ** 20;
/** Moments of one run. */
const MOST_MOMENTS = 400;

/** What the recorder needs of the interpreter. */
export interface RecordedMemory {
  words(): Uint32Array;
  /** The C stack pointer, and how it is set; what lies below it is nobody's. */
  stackSave(): number;
  stackRestore(pointer: number): void;
  /** The C stack's bytes, which do not count when two moments are compared. */
  readonly stack: { readonly from: number; readonly to: number };
  /** Whether the memory is all there is of the heap: not so for an allocator that keeps something in JavaScript. */
  readonly isWhole: boolean;
}

interface Kept {
  readonly id: number;
  readonly at: MomentAt;
  readonly pointer: number;
  image: HeapImage | undefined;
}

/** Moments of one run. */
export class Recorder {
  readonly #memory: RecordedMemory;
  readonly #images: HeapImages;
  readonly #forgotten: (moments: readonly number[], bytesOf: readonly number[]) => void;
  #moments: Kept[] = [];
  #last = 0;

  /** @param forgotten told of moments that are let go, whole, or the bytes alone */
  constructor(
    memory: RecordedMemory,
    forgotten: (moments: readonly number[], bytesOf: readonly number[]) => void,
  ) {
    this.#memory = memory;
    this.#images = new HeapImages(() => memory.words());
    this.#forgotten = forgotten;
  }

  /** Look at something without leaving a trace in the memory, if that is not too large. */
  aside<Result>(look: () => Result): Result {
    if (this.#cannotKeep) return look();
    const image = this.#images.take();
    try {
      return look();
    } finally {
      this.#images.put(image);
      this.#images.release(image);
    }
  }

  /**
   * Keep this moment.
   * @param look called while the image is the memory: what it changes is put back; undefined if there is nothing to see
   * @param id of a moment that is come to again
   */
  record<Result>(
    at: MomentAt,
    look: (() => Result) | undefined,
    id: number = this.#last + 1,
  ): { id: number; kept: boolean; digest: number | undefined; seen: Result | undefined } {
    this.#last = Math.max(this.#last, id);
    const pointer = this.#memory.stackSave();
    let image: HeapImage | undefined;
    let digest: number | undefined;
    let seen: Result | undefined;
    if (this.#cannotKeep) {
      seen = look?.();
    } else {
      image = this.#images.take();
      const { from, to } = this.#memory.stack;
      digest = this.#images.digest(image, from, to);
      try {
        seen = look?.();
      } finally {
        if (look !== undefined) this.#images.put(image);
      }
    }
    this.#moments.push({ id, at, pointer, image });
    this.#makeRoom();
    return { id, kept: image !== undefined, digest, seen };
  }

  /**
   * Look at the heap as it was at a moment; then it is as it is now again.
   * @param runsPython whether Python is called, which cannot be in the middle of an allocation
   * @returns undefined if its bytes are not there
   */
  back<Result>(id: number, runsPython: boolean, look: () => Result): Result | undefined {
    const moment = this.#moments.find((one) => one.id === id);
    if (moment?.image === undefined || (runsPython && moment.at === "allocation")) return undefined;
    const memory = this.#memory;
    const pointer = memory.stackSave();
    const now = this.#images.take();
    this.#images.put(moment.image);
    // The stack grows downwards: nothing that was in use then, or is now, may be written over.
    memory.stackRestore(Math.min(pointer, moment.pointer));
    try {
      return look();
    } finally {
      memory.stackRestore(pointer);
      this.#images.put(now);
      this.#images.release(now);
    }
  }

  get #cannotKeep(): boolean {
    return !this.#memory.isWhole || this.#images.memoryBytes > MOST_MEMORY;
  }

  #makeRoom(): void {
    const moments: number[] = [];
    const bytesOf: number[] = [];
    if (this.#moments.length > MOST_MOMENTS) {
      // Every second one of those that nobody has asked for; first and last stay.
      const { length } = this.#moments;
      this.#moments = this.#moments.filter((moment, n) => {
        if (n === 0 || n === length - 1 || n % 2 === 0) return true;
        if (moment.image !== undefined) this.#images.release(moment.image);
        moments.push(moment.id);
        return false;
      });
    }
    // The bytes of every second one, as long as they are too many.
    while (this.#images.bytes > MOST_BYTES) {
      const withBytes = this.#moments.slice(0, -1).filter(({ image }) => image !== undefined);
      if (withBytes.length === 0) break;
      for (const [n, moment] of withBytes.entries()) {
        if (n % 2 === 1 || withBytes.length === 1) {
          this.#images.release(moment.image!);
          moment.image = undefined;
          bytesOf.push(moment.id);
        }
      }
    }
    if (moments.length + bytesOf.length > 0) this.#forgotten(moments, bytesOf);
  }
}
