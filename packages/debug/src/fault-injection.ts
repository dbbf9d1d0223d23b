/**
 * A limit on live bytes: an allocator that answers NULL to what would exceed it, as a machine with less memory would.
 * It stands on a counter, which knows the sizes. (To make the n-th request fail, whatever its size, see `failNth` and
 * `everyFailure` in `@pyrena/conformance`.)
 *
 * State, taken from the allocator below the counter, so that it does not count itself:
 *
 *     0  8  limit    most bytes that may be live, f64; Infinity for none
 *     8  8  refused  requests refused because of it, f64
 */
import { type Address, NULL, type PyMemAllocatorEx, PyrenaError } from "@pyrena/abi";
import { type Counter, type CounterContext, countedSize } from "./count.ts";

const STATE_BYTES = 16;
const AT_REFUSED = 8;

/** What the injector's functions know. */
export interface FaultInjectorContext {
  readonly counter: Counter;
  /** Address of the state. */
  readonly state: Address;
}

/** An allocator with a limit. */
export interface FaultInjector extends PyMemAllocatorEx<FaultInjectorContext> {
  /** Address of its state, for {@link attachFaultInjector}. */
  readonly state: Address;
  /** Most bytes that may be live; may be changed at any time, also below what is live now. */
  limitBytes: number;
  /** Requests refused because of the limit. */
  readonly refused: number;
}

/**
 * Limit what a counted allocator gives.
 * @param options.limitBytes most bytes, as asked for, that may be live at once
 * @throws PyrenaError `bad-argument` for a limit that is negative or NaN, `memory-limit` if there is no room for the state
 */
export function createFaultInjector(
  counter: Counter,
  options: { readonly limitBytes: number },
): FaultInjector {
  requireLimit(options.limitBytes);
  const { next } = counter.ctx;
  const state = next.calloc(next.ctx, 1, STATE_BYTES);
  if (state === NULL) {
    throw new PyrenaError(
      "memory-limit",
      `createFaultInjector: the allocator has no room for a state of ${STATE_BYTES} bytes`,
    );
  }
  const injector = attachFaultInjector(counter, { state });
  injector.limitBytes = options.limitBytes;
  return injector;
}

/** The injector that has its state at an address. */
export function attachFaultInjector(
  counter: Counter,
  options: { readonly state: Address },
): FaultInjector {
  const { state } = options;
  const { memory } = counter.ctx;
  memory.refresh();
  return {
    ctx: Object.freeze({ counter, state }),
    state,
    malloc: limitedMalloc,
    calloc: limitedCalloc,
    realloc: limitedRealloc,
    free: limitedFree,
    get limitBytes(): number {
      return memory.f64[state >>> 3];
    },
    set limitBytes(bytes: number) {
      requireLimit(bytes);
      memory.f64[state >>> 3] = bytes;
    },
    get refused(): number {
      return memory.f64[(state + AT_REFUSED) >>> 3];
    },
  };
}

function requireLimit(bytes: number): void {
  if (!(bytes >= 0)) {
    throw new PyrenaError("bad-argument", `limitBytes must be 0 bytes or more, not ${bytes}`);
  }
}

function limitedMalloc(ctx: FaultInjectorContext, size: number): Address {
  const { ctx: counted, malloc } = ctx.counter;
  return allows(ctx, counted, size) ? malloc(counted, size) : NULL;
}

function limitedCalloc(ctx: FaultInjectorContext, nelem: number, elsize: number): Address {
  const { ctx: counted, calloc } = ctx.counter;
  return allows(ctx, counted, nelem * elsize) ? calloc(counted, nelem, elsize) : NULL;
}

function limitedRealloc(ctx: FaultInjectorContext, ptr: Address, newSize: number): Address {
  const { ctx: counted, realloc } = ctx.counter;
  const grown = ptr === NULL ? newSize : newSize - countedSize(counted, ptr);
  // What does not grow is let through whatever the limit: giving memory up must never fail for want of it.
  if (grown > 0 && !allows(ctx, counted, grown)) return NULL;
  return realloc(counted, ptr, newSize);
}

function limitedFree({ counter }: FaultInjectorContext, ptr: Address): void {
  counter.free(counter.ctx, ptr);
}

/** Whether so many more bytes may be live; counts the refusal if not. */
function allows(ctx: FaultInjectorContext, { memory }: CounterContext, more: number): boolean {
  const f64 = memory.f64;
  if (ctx.counter.liveBytes + more <= f64[ctx.state >>> 3]) return true;
  f64[(ctx.state + AT_REFUSED) >>> 3] += 1;
  return false;
}
