/**
 * The list of arenas that have free pools, ascending by their number. New pools come from the first, the fullest, so
 * that emptier ones have a chance to empty out and be given back. Arena records are given as word indices.
 *
 * `nfp2lasta[n]` (state.ts) always names the last arena in the list with n free pools. It is what makes moving an
 * arena that gains a free pool take constant time; the resulting order is "to the right past all arenas that have
 * fewer" (CPython 3.8 and later).
 */
import { NULL } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";

/** Make a fresh arena the only one in the list, which is empty. */
export function startUsableArenas(ctx: PymallocContext, arena: number): void {
  const u32 = ctx.memory.u32;
  u32[arena + ctx.nextarenaWord] = NULL;
  u32[arena + ctx.prevarenaWord] = NULL;
  u32[ctx.usableArenasWord] = arena << 2;
  u32[lastWord(ctx, u32[arena + ctx.nfreepoolsWord])] = arena << 2;
}

/** The first arena loses a free pool: count it down, and take the arena out of the list when that was its last. */
export function usableArenaLosesPool(ctx: PymallocContext, arena: number): void {
  const u32 = ctx.memory.u32;
  const nfree = u32[arena + ctx.nfreepoolsWord];
  const last = lastWord(ctx, nfree);
  // No other arena has so few but those right of it, so it stays first; only the entries for its count change.
  if (u32[last] >>> 2 === arena) u32[last] = NULL;
  u32[arena + ctx.nfreepoolsWord] = nfree - 1;
  if (nfree > 1) {
    u32[lastWord(ctx, nfree - 1)] = arena << 2;
    return;
  }
  const next = u32[arena + ctx.nextarenaWord];
  u32[ctx.usableArenasWord] = next;
  if (next !== NULL) u32[(next >>> 2) + ctx.prevarenaWord] = NULL;
}

/**
 * An arena gains a free pool: count it up and keep the list in order.
 * @returns true if all its pools are free and it is to be given back; then it is in no list any more
 */
export function usableArenaGainsPool(ctx: PymallocContext, arena: number): boolean {
  const u32 = ctx.memory.u32;
  const old = u32[arena + ctx.nfreepoolsWord];
  const nfree = old + 1;
  const lastOfOld = u32[lastWord(ctx, old)];
  if (lastOfOld >>> 2 === arena) {
    const prev = u32[arena + ctx.prevarenaWord];
    const inherits = prev !== NULL && u32[(prev >>> 2) + ctx.nfreepoolsWord] === old;
    u32[lastWord(ctx, old)] = inherits ? prev : NULL;
  }
  u32[arena + ctx.nfreepoolsWord] = nfree;

  if (
    nfree === u32[arena + ctx.ntotalpoolsWord] &&
    // From 3.9 on the last arena in the list is kept, so that a program at the edge does not obtain and give back the
    // same arena again and again. 3.8 keeps none.
    (u32[arena + ctx.nextarenaWord] !== NULL || !ctx.keepsLastArena)
  ) {
    unlinkArena(ctx, arena);
    return true;
  }

  if (nfree === 1) {
    // It was exhausted, in no list.
    const first = u32[ctx.usableArenasWord];
    u32[arena + ctx.nextarenaWord] = first;
    u32[arena + ctx.prevarenaWord] = NULL;
    if (first !== NULL) u32[(first >>> 2) + ctx.prevarenaWord] = arena << 2;
    u32[ctx.usableArenasWord] = arena << 2;
    if (u32[lastWord(ctx, 1)] === NULL) u32[lastWord(ctx, 1)] = arena << 2;
    return false;
  }

  if (u32[lastWord(ctx, nfree)] === NULL) u32[lastWord(ctx, nfree)] = arena << 2;
  if (lastOfOld >>> 2 === arena) return false;

  unlinkArena(ctx, arena);
  const prev = lastOfOld >>> 2;
  const next = u32[prev + ctx.nextarenaWord];
  u32[arena + ctx.prevarenaWord] = lastOfOld;
  u32[arena + ctx.nextarenaWord] = next;
  if (next !== NULL) u32[(next >>> 2) + ctx.prevarenaWord] = arena << 2;
  u32[prev + ctx.nextarenaWord] = arena << 2;
  return false;
}

function unlinkArena(ctx: PymallocContext, arena: number): void {
  const u32 = ctx.memory.u32;
  const next = u32[arena + ctx.nextarenaWord];
  const prev = u32[arena + ctx.prevarenaWord];
  if (prev === NULL) u32[ctx.usableArenasWord] = next;
  else u32[(prev >>> 2) + ctx.nextarenaWord] = next;
  if (next !== NULL) u32[(next >>> 2) + ctx.prevarenaWord] = prev;
}

/** Where `nfp2lasta[nfree]` lies. */
function lastWord(ctx: PymallocContext, nfree: number): number {
  return ctx.nfp2lastaWord + nfree * ctx.pointerWords;
}
