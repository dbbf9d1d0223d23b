/**
 * The list of arenas that have free pools, ascending by their number. New pools come from the first, the fullest, so
 * that emptier ones have a chance to empty out and be given back. Arena records are given as word indices.
 *
 * `nfp2lasta[n]` (state.ts) always names the last arena in the list with n free pools. It is what makes moving an
 * arena that gains a free pool take constant time; the resulting order is "to the right past all arenas that have
 * fewer" (CPython 3.8 and later).
 */
import type { PymallocContext } from "./context.ts";

/** Make a fresh arena the only one in the list, which is empty. */
export function startUsableArenas(ctx: PymallocContext, u32: Uint32Array, arena: number): void {
  u32[(arena + ctx.nextarenaWord) | 0] = 0;
  u32[(arena + ctx.prevarenaWord) | 0] = 0;
  u32[ctx.usableArenasWord] = arena << 2;
  u32[lastWord(ctx, u32[(arena + ctx.nfreepoolsWord) | 0])] = arena << 2;
}

/** The first arena loses a free pool: count it down, and take the arena out of the list when that was its last. */
export function usableArenaLosesPool(ctx: PymallocContext, u32: Uint32Array, arena: number): void {
  const nfree = u32[(arena + ctx.nfreepoolsWord) | 0];
  const last = lastWord(ctx, nfree);
  // No other arena has so few but those right of it, so it stays first; only the entries for its count change.
  if (u32[last] >>> 2 === arena) u32[last] = 0;
  u32[(arena + ctx.nfreepoolsWord) | 0] = nfree - 1;
  if (nfree > 1) {
    u32[lastWord(ctx, (nfree - 1) | 0)] = arena << 2;
    return;
  }
  const next = u32[(arena + ctx.nextarenaWord) | 0];
  u32[ctx.usableArenasWord] = next;
  if (next !== 0) u32[((next >>> 2) + ctx.prevarenaWord) | 0] = 0;
}

/**
 * An arena gains a free pool: count it up and keep the list in order.
 * @returns true if all its pools are free and it is to be given back; then it is in no list any more
 */
export function usableArenaGainsPool(
  ctx: PymallocContext,
  u32: Uint32Array,
  arena: number,
): boolean {
  const old = u32[(arena + ctx.nfreepoolsWord) | 0];
  const nfree = (old + 1) | 0;
  const lastOfOld = u32[lastWord(ctx, old)];
  if (lastOfOld >>> 2 === arena) {
    const prev = u32[(arena + ctx.prevarenaWord) | 0];
    const inherits = prev !== 0 && u32[((prev >>> 2) + ctx.nfreepoolsWord) | 0] === old;
    u32[lastWord(ctx, old)] = inherits ? prev : 0;
  }
  u32[(arena + ctx.nfreepoolsWord) | 0] = nfree;

  if (
    nfree === u32[(arena + ctx.ntotalpoolsWord) | 0] &&
    // From 3.9 on the last arena in the list is kept, so that a program at the edge does not obtain and give back the
    // same arena again and again. 3.8 keeps none.
    (u32[(arena + ctx.nextarenaWord) | 0] !== 0 || !ctx.keepsLastArena)
  ) {
    unlinkArena(ctx, u32, arena);
    return true;
  }

  if (nfree === 1) {
    // It was exhausted, in no list.
    const first = u32[ctx.usableArenasWord];
    u32[(arena + ctx.nextarenaWord) | 0] = first;
    u32[(arena + ctx.prevarenaWord) | 0] = 0;
    if (first !== 0) u32[((first >>> 2) + ctx.prevarenaWord) | 0] = arena << 2;
    u32[ctx.usableArenasWord] = arena << 2;
    if (u32[lastWord(ctx, 1)] === 0) u32[lastWord(ctx, 1)] = arena << 2;
    return false;
  }

  if (u32[lastWord(ctx, nfree)] === 0) u32[lastWord(ctx, nfree)] = arena << 2;
  if (lastOfOld >>> 2 === arena) return false;

  unlinkArena(ctx, u32, arena);
  const prev = lastOfOld >>> 2;
  const next = u32[(prev + ctx.nextarenaWord) | 0];
  u32[(arena + ctx.prevarenaWord) | 0] = lastOfOld;
  u32[(arena + ctx.nextarenaWord) | 0] = next;
  if (next !== 0) u32[((next >>> 2) + ctx.prevarenaWord) | 0] = arena << 2;
  u32[(prev + ctx.nextarenaWord) | 0] = arena << 2;
  return false;
}

function unlinkArena(ctx: PymallocContext, u32: Uint32Array, arena: number): void {
  const next = u32[(arena + ctx.nextarenaWord) | 0];
  const prev = u32[(arena + ctx.prevarenaWord) | 0];
  if (prev === 0) u32[ctx.usableArenasWord] = next;
  else u32[((prev >>> 2) + ctx.nextarenaWord) | 0] = next;
  if (next !== 0) u32[((next >>> 2) + ctx.prevarenaWord) | 0] = prev;
}

/** Where `nfp2lasta[nfree]` lies. */
function lastWord(ctx: PymallocContext, nfree: number): number {
  return (ctx.nfp2lastaWord + Math.imul(nfree, ctx.pointerWords)) | 0;
}
