/**
 * Make one call fail, then the next one, and so on, until nothing fails any more: every path that handles want of
 * memory is taken once (the method of Lua's and SQLite's test harnesses).
 *
 * This is a test instrument: unlike everything else here its count is kept in the object, not in the heap.
 */
import {
  type Address,
  type MemoryHost,
  NULL,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
} from "@pyrena/abi";

/**
 * Counts requests for memory over everything that it wraps, and makes one of them fail. Requests are `malloc`,
 * `calloc`, `realloc`, an arena source's `alloc` and a memory's `grow`; giving back is never counted and never fails.
 */
export class NthFailure {
  /** Which request fails, from 0. */
  readonly n: number;
  #requests = 0;

  /** @param n which request is to fail, from 0; Infinity for none */
  constructor(n: number) {
    if (!(n >= 0)) {
      throw new PyrenaError(
        "bad-argument",
        `the number of the request that is to fail must be 0 or more, not ${n}`,
      );
    }
    this.n = n;
  }

  /** Requests counted so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Whether the request was reached and made to fail. */
  get happened(): boolean {
    return this.#requests > this.n;
  }

  /** Count a request; true if this is the one that fails. */
  strikes(): boolean {
    return this.#requests++ === this.n;
  }

  /** An allocator that passes everything on to `next` but the request that fails. */
  allocator(next: PyMemAllocatorEx): PyMemAllocatorEx {
    return {
      ctx: this,
      malloc: (_, size): Address => (this.strikes() ? NULL : next.malloc(next.ctx, size)),
      calloc: (_, nelem, elsize): Address =>
        this.strikes() ? NULL : next.calloc(next.ctx, nelem, elsize),
      realloc: (_, ptr, newSize): Address =>
        this.strikes() ? NULL : next.realloc(next.ctx, ptr, newSize),
      free: (_, ptr): void => next.free(next.ctx, ptr),
      walker: next.walker,
    };
  }

  /** An arena source that passes everything on to `next` but the request that fails. */
  arenas(next: PyObjectArenaAllocator): PyObjectArenaAllocator {
    return {
      ctx: this,
      alloc: (_, size): Address => (this.strikes() ? NULL : next.alloc(next.ctx, size)),
      free: (_, base, size): void => next.free(next.ctx, base, size),
    };
  }

  /** A host for `LinearMemory.over` whose memory refuses to grow when the request that fails is reached. */
  host(next: MemoryHost): MemoryHost {
    return {
      buffer: () => next.buffer(),
      maxByteLength: next.maxByteLength,
      grow: (byteLength) => !this.strikes() && next.grow(byteLength),
    };
  }
}

/** An allocator whose `n`-th request, from 0, fails; all others are passed on to `next`. */
export function failNth(next: PyMemAllocatorEx, n: number): PyMemAllocatorEx {
  return new NthFailure(n).allocator(next);
}

/** An arena source whose `n`-th request, from 0, fails; all others are passed on to `next`. */
export function failNthArena(next: PyObjectArenaAllocator, n: number): PyObjectArenaAllocator {
  return new NthFailure(n).arenas(next);
}

/**
 * Run a scenario with request 0 failing, then with request 1 failing, … and at last with none failing.
 * @param scenario sets everything up anew, wraps what shall fail in `failure`, works, and checks that all is intact
 * @param limit runs after which to give up
 * @returns how many requests were made to fail in turn
 * @throws PyrenaError `bad-argument` where the scenario makes no request at all, or more than `limit`; and whatever
 *   the scenario throws, with the number of the request in the message
 */
export function everyFailure(scenario: (failure: NthFailure) => void, limit = 10_000): number {
  for (let n = 0; n <= limit; n++) {
    const failure = new NthFailure(n);
    try {
      scenario(failure);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      if (cause instanceof PyrenaError) {
        throw new PyrenaError(cause.code, `with request ${n} made to fail: ${text}`, {
          ...(cause.invariant === undefined ? {} : { invariant: cause.invariant }),
          cause,
        });
      }
      throw new Error(`with request ${n} made to fail: ${text}`, { cause });
    }
    if (!failure.happened) {
      if (n === 0) {
        throw new PyrenaError(
          "bad-argument",
          "the scenario made no request: wrap its allocator or arena source with failure.allocator or failure.arenas",
        );
      }
      return n;
    }
  }
  throw new PyrenaError(
    "bad-argument",
    `the scenario still makes requests after ${limit} failures: shorten it or raise the limit`,
  );
}
