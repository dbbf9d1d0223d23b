/**
 * Programs of allocator calls as plain data: made from a seed, kept as JSON, cut down to the few calls that matter.
 *
 * A program works on numbered slots, each of which holds one block or none. Every operation has a meaning whatever the
 * slot holds, so any selection of a program's operations is a program again: fast-check shrinks arrays of them as they
 * are, and so does {@link shrinkProgram}.
 */
import { between, type Random, seededRandom } from "./random.ts";

/** One call. Sizes in bytes. */
export type Operation =
  /** Free what the slot holds, then put `malloc(bytes)` there. */
  | { readonly op: "malloc"; readonly slot: number; readonly bytes: number }
  /** Free what the slot holds, then put `calloc(nelem, elsize)` there. */
  | {
      readonly op: "calloc";
      readonly slot: number;
      readonly nelem: number;
      readonly elsize: number;
    }
  /** `realloc` what the slot holds; of an empty slot, `realloc(NULL, bytes)`. */
  | { readonly op: "realloc"; readonly slot: number; readonly bytes: number }
  /** `free` what the slot holds; of an empty slot, `free(NULL)`. */
  | { readonly op: "free"; readonly slot: number };

/** Operations in the order in which they are called. */
export type Program = readonly Operation[];

/** What {@link randomProgram} makes. */
export interface RandomProgramOptions {
  /** Number of operations; default 500. */
  readonly length?: number;
  /** Number of slots, and so the most blocks that are live at once; default 60. */
  readonly slots?: number;
  /** A size in bytes for a random number source; default {@link mixedSizes}. */
  readonly size?: (random: Random) => number;
}

/**
 * Sizes that find mistakes: mostly small; zero; on, one below and one above multiples of the alignment, of pymalloc's
 * limit and of pages; some of kilobytes.
 */
export function mixedSizes(random: Random): number {
  const kind = random();
  if (kind < 0.04) return 0;
  if (kind < 0.5) return between(random, 1, 128);
  if (kind < 0.7) return Math.max(0, between(random, 1, 33) * 16 + between(random, -1, 1));
  if (kind < 0.85) return between(random, 100, 1024);
  if (kind < 0.95) return between(random, 1, 8) * 1024 + between(random, -1, 1);
  return between(random, 8192, 40_000);
}

/**
 * A program that obeys the allocator's contract.
 * @param seed the same seed and options give the same program everywhere
 */
export function randomProgram(seed: number, options: RandomProgramOptions = {}): Operation[] {
  const random = seededRandom(seed);
  const { length = 500, slots = 60, size = mixedSizes } = options;
  const program: Operation[] = [];
  // Phases that mostly fill and phases that mostly empty: a steady mix never returns an arena.
  let filling = true;
  for (let n = 0; n < length; n++) {
    if (random() < 4 / length) filling = !filling;
    const slot = between(random, 0, slots - 1);
    const kind = random() + (filling ? 0 : 0.35);
    if (kind < 0.45) program.push({ op: "malloc", slot, bytes: size(random) });
    else if (kind < 0.55) {
      const elsize = between(random, 0, 24);
      const nelem = elsize === 0 ? between(random, 0, 9) : Math.ceil(size(random) / elsize);
      program.push({ op: "calloc", slot, nelem, elsize });
    } else if (kind < 0.75) program.push({ op: "realloc", slot, bytes: size(random) });
    else program.push({ op: "free", slot });
  }
  return program;
}

/**
 * The smallest part of a failing program that this finds: leaves out runs of operations, then lowers sizes, for as
 * long as it still fails.
 * @param fails whether a program fails; called often, each time with a program shorter than or as long as the last
 */
export function shrinkProgram(program: Program, fails: (program: Program) => boolean): Operation[] {
  let best = [...program];
  for (let run = best.length; run >= 1; run = Math.floor(run / 2)) {
    for (let from = 0; from < best.length; ) {
      const shorter = [...best.slice(0, from), ...best.slice(from + run)];
      if (shorter.length < best.length && fails(shorter)) best = shorter;
      else from += run;
    }
  }
  for (let at = 0; at < best.length; at++) {
    for (let smaller = lower(best[at]); smaller !== undefined; smaller = lower(best[at])) {
      const candidate = [...best];
      candidate[at] = smaller;
      if (!fails(candidate)) break;
      best = candidate;
    }
  }
  return best;
}

/** The operation with its size halved, or undefined where there is nothing left to halve. */
function lower(operation: Operation): Operation | undefined {
  switch (operation.op) {
    case "malloc":
    case "realloc":
      return operation.bytes === 0
        ? undefined
        : { ...operation, bytes: Math.floor(operation.bytes / 2) };
    case "calloc":
      return operation.nelem === 0
        ? undefined
        : { ...operation, nelem: Math.floor(operation.nelem / 2) };
    case "free":
      return undefined;
  }
}

/** A program as people read it: `malloc(24) → s3; free(s3)`. */
export function formatProgram(program: Program): string {
  return program.map(formatOperation).join("; ");
}

/** One operation as people read it. */
export function formatOperation(operation: Operation): string {
  const slot = `s${operation.slot}`;
  switch (operation.op) {
    case "malloc":
      return `malloc(${operation.bytes}) → ${slot}`;
    case "calloc":
      return `calloc(${operation.nelem}, ${operation.elsize}) → ${slot}`;
    case "realloc":
      return `realloc(${slot}, ${operation.bytes}) → ${slot}`;
    case "free":
      return `free(${slot})`;
  }
}
