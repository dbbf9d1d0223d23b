/**
 * The address map: tells with one or two reads whether an address lies in one of this pymalloc's arenas. CPython 3.10
 * and later use a radix tree for it; on 32 bits of address a flat table is the same thing with one level.
 *
 * The address space is cut into slots of one arena's size. An arena whose base is a multiple of its size fills one
 * slot; any other covers the end of one slot and the start of the next, and two arenas may share a slot:
 *
 *     slot n │····├── arena A ──│── A ──┤···├─ B ─│─── B ─┤······│ slot n + 3
 *                 hi                   lo   hi           lo
 *
 * An entry is 8 bytes, in both ABIs, and holds addresses:
 *
 *     0  4  lo  the end of an arena that reaches into the slot from below: ours below it; 0 = none
 *     4  4  hi  one less than the base of an arena that starts in the slot: ours above it; 0xFFFFFFFF = none
 *
 * so that an address is ours if and only if it is below lo or above hi. The table lies in the state (state.ts), never
 * moves, and covers the memory up to its maximum size; addresses beyond are foreign, and an arena there is refused.
 */
import type { Address } from "@pyrena/abi";
import type { PymallocContext } from "./context.ts";

/** Bytes of an entry. */
export const MAP_ENTRY_BYTES = 8;

/** `hi` of a slot in which no arena starts. */
export const NO_ARENA = 0xffff_ffff;

/** Empty the table. */
export function initAddressMap(ctx: PymallocContext): void {
  const u32 = ctx.memory.u32;
  const start = ctx.addressMapWord;
  for (let slot = 0; slot < ctx.addressMapSlots; slot++) {
    u32[start + 2 * slot] = 0;
    u32[start + 2 * slot + 1] = NO_ARENA;
  }
}

/** Whether an address, a whole number 0 … 2^32 - 1, lies in an arena. */
export function inArena(ctx: PymallocContext, address: Address): boolean {
  const slot = address >>> ctx.arenaShift;
  if (slot >= ctx.addressMapSlots) return false;
  const u32 = ctx.memory.u32;
  const entry = ctx.addressMapWord + (slot << 1);
  return address > u32[entry + 1] || address < u32[entry];
}

/**
 * Enter an arena.
 * @returns false if it does not lie within the table's reach; nothing has changed then
 */
export function mapArena(ctx: PymallocContext, base: Address): boolean {
  const slot = base >>> ctx.arenaShift;
  const aligned = base % ctx.arenaBytes === 0;
  if ((aligned ? slot : slot + 1) >= ctx.addressMapSlots) return false;
  const u32 = ctx.memory.u32;
  const entry = ctx.addressMapWord + (slot << 1);
  u32[entry + 1] = base - 1;
  if (!aligned) u32[entry + 2] = base + ctx.arenaBytes;
  return true;
}

/** Remove an arena. */
export function unmapArena(ctx: PymallocContext, base: Address): void {
  const u32 = ctx.memory.u32;
  const entry = ctx.addressMapWord + ((base >>> ctx.arenaShift) << 1);
  u32[entry + 1] = NO_ARENA;
  if (base % ctx.arenaBytes !== 0) u32[entry + 2] = 0;
}
