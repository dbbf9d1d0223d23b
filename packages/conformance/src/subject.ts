/** What the allocator laws are run against, and calls to it that turn misbehaviour into a broken law. */
import {
  type Abi,
  type Address,
  hex,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
  PyrenaError,
} from "@pyrena/abi";
import { lawBroken, messageOf } from "./law.ts";

/** An allocator under test and its surroundings. */
export interface AllocatorSubject {
  readonly allocator: PyMemAllocatorEx;
  /** The memory in which its blocks lie. 1 to 16 MiB at most is best: some laws use all of it up. */
  readonly memory: LinearMemory;
  readonly abi: Abi;
  /**
   * Whether the laws may use up all memory (default true). Say false where the memory is somebody else's, a live
   * interpreter's; then want of memory is tried only with requests that nothing could meet.
   */
  readonly exhaustible?: boolean | undefined;
  /** Whether freed memory is used again (default true); false for a bump allocator. */
  readonly reuses?: boolean | undefined;
  /**
   * Another instance over the same heap, as a second worker would attach it: what one of them does the other must
   * see. Without it that half of A8 is not tried.
   */
  readonly attach?: (() => PyMemAllocatorEx) | undefined;
  /** Checks the implementation's own invariants; default: the `verify` of the allocator's walker, if it has one. */
  readonly verify?: (() => void) | undefined;
}

/** Largest memory that the laws are ready to use up, in bytes. */
export const EXHAUSTIBLE_LIMIT: number = 64 << 20;

/** The subject's answer to "may I use all of it up", after a check that this would end in reasonable time. */
export function mayExhaust(subject: {
  readonly memory: LinearMemory;
  readonly exhaustible?: boolean | undefined;
}): boolean {
  if (subject.exhaustible === false) return false;
  if (subject.memory.maxByteLength > EXHAUSTIBLE_LIMIT) {
    throw new PyrenaError(
      "bad-argument",
      `the laws use up the memory, which may grow to ${subject.memory.maxByteLength} bytes: make it with a maxBytes ` +
        `of at most ${EXHAUSTIBLE_LIMIT} (1 to 16 MiB is best), or pass exhaustible: false`,
    );
  }
  return true;
}

/** A request, in bytes, that is a valid size but that no allocator on this memory can meet. */
export function impossibleBytes(subject: {
  readonly memory: LinearMemory;
  readonly abi: Abi;
}): number {
  return Math.min(subject.memory.maxByteLength, subject.abi.ssizeMax, 2 ** 32 - 1);
}

/** Calls an allocator. An exception, or a result that is no address, breaks the law that is being checked. */
export class Calls {
  readonly #allocator: PyMemAllocatorEx;
  readonly #law: string;

  /** @param law the law that an exception breaks */
  constructor(allocator: PyMemAllocatorEx, law: string) {
    this.#allocator = allocator;
    this.#law = law;
  }

  malloc(bytes: number): Address {
    const { malloc, ctx } = this.#allocator;
    return this.#address(`malloc(${bytes})`, () => malloc(ctx, bytes));
  }

  calloc(nelem: number, elsize: number): Address {
    const { calloc, ctx } = this.#allocator;
    return this.#address(`calloc(${nelem}, ${elsize})`, () => calloc(ctx, nelem, elsize));
  }

  realloc(ptr: Address, bytes: number): Address {
    const { realloc, ctx } = this.#allocator;
    return this.#address(`realloc(${hex(ptr)}, ${bytes})`, () => realloc(ctx, ptr, bytes));
  }

  free(ptr: Address): void {
    const { free, ctx } = this.#allocator;
    this.#guard(`free(${ptr === NULL ? "NULL" : hex(ptr)})`, () => free(ctx, ptr));
  }

  #address(call: string, run: () => Address): Address {
    const result: unknown = this.#guard(call, run);
    if (typeof result !== "number" || result >>> 0 !== result) {
      lawBroken(
        "A1",
        `${call} returned ${String(result)}, which is no address (0 … 2^32 - 1; hot code that uses '| 0' yields negative ones)`,
      );
    }
    return result;
  }

  #guard<Result>(call: string, run: () => Result): Result {
    try {
      return run();
    } catch (cause) {
      return lawBroken(this.#law, `${call} threw ${messageOf(cause)}`, { cause });
    }
  }
}

/** Let the implementation check itself; what it finds breaks the law under check. */
export function verifySubject(subject: AllocatorSubject, law: string, when: string): void {
  const { verify } = subject;
  const walker = subject.allocator.walker;
  try {
    if (verify !== undefined) verify();
    else walker?.verify();
  } catch (cause) {
    lawBroken(law, `the heap does not pass its own verify() ${when}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
