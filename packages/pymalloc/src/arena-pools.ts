/** Where an arena's pools lie. Reads layouts only. Records are given as word indices. */
import { type Address, NULL } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";

/** The records in use, in the order of the vector. */
export function arenasInUse(ctx: PymallocContext): number[] {
  const u32 = ctx.memory.u32;
  const arenas: number[] = [];
  const vector = u32[ctx.arenasWord] >>> 2;
  for (let index = 0; index < u32[ctx.maxarenasWord]; index++) {
    const arena = vector + index * (ctx.arenaObjectBytes >>> 2);
    if (u32[arena] !== NULL) arenas.push(arena);
  }
  return arenas;
}

/** The address of the first pool in an arena with this base: the base rounded up to the pool size. */
export function firstPool(ctx: PymallocContext, base: Address): Address {
  const excess = base & (ctx.poolBytes - 1);
  return excess === 0 ? base : base + ctx.poolBytes - excess;
}

/** How many of an arena's pools have been carved; they lie side by side from {@link firstPool} on. */
export function carvedPools(ctx: PymallocContext, arena: number): number {
  const u32 = ctx.memory.u32;
  // An unsigned shift: pool_address wraps to 0 in an arena that ends at 4 GiB.
  return (u32[arena + ctx.poolAddressWord] - firstPool(ctx, u32[arena])) >>> ctx.poolShift;
}
