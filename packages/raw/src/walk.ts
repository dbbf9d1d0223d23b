/** Walking a heap's segments and runs of granules, and looking addresses up. Imports layouts only. */
import { type Address, type HeapVisitor, NULL } from "@pyrena/abi";
import { CHUNK_OVERHEAD, SEGMENT_HEAD_BYTES, SEGMENT_HEAD_WORDS, USED, wordsOf } from "./chunk.ts";
import type { RawContext } from "./raw-context.ts";
import type { Regions } from "./region-context.ts";
import {
  CAPACITY,
  END,
  FREE,
  KIND_SHIFT,
  type RunKind,
  SEGMENT,
  TABLE_ADDRESS,
  VALUE_MASK,
} from "./region-layout.ts";

/** Visit every run of granules in order of address. */
export function walkRuns(
  regions: Regions,
  visit: (first: number, length: number, kind: RunKind) => void,
): void {
  const state = regions.state;
  let granule = 0;
  while (granule < regions.memory.u32[state + END]) {
    const u32 = regions.memory.u32;
    const table = u32[state + TABLE_ADDRESS] >>> 2;
    const tag = u32[table + granule];
    const kind = (tag >>> KIND_SHIFT) as RunKind;
    const length = kind === FREE ? tag & VALUE_MASK : u32[table + u32[state + CAPACITY] + granule];
    visit(granule, length, kind);
    granule += length;
  }
}

/** Visit every segment of a raw allocator and every chunk in it, the top among the free ones. */
export function walkSegments(ctx: RawContext, visitor: HeapVisitor): void {
  const granuleBytes = ctx.regions.granuleBytes;
  walkRuns(ctx.regions, (first, length, kind) => {
    if (kind !== SEGMENT) return;
    const base = first * granuleBytes;
    const bytes = length * granuleBytes;
    if (visitor.region?.(base, bytes, "segment", 0, 0, SEGMENT_HEAD_BYTES) === false) return;
    if (visitor.block === undefined) return;
    const u32 = ctx.memory.u32;
    let chunk = base / 4 + SEGMENT_HEAD_WORDS;
    for (let words = wordsOf(u32[chunk]); words > 0; words = wordsOf(u32[chunk])) {
      const live = (u32[chunk] & USED) !== 0;
      visitor.block(4 * chunk + CHUNK_OVERHEAD, 4 * words - CHUNK_OVERHEAD, live, -1);
      chunk += words;
    }
  });
}

/** Whether an address lies in a run of this kind; right for any number. */
export function liesIn(regions: Regions, address: Address, kind: RunKind): boolean {
  if (!(address >= 0)) return false;
  const u32 = regions.memory.u32;
  const granule = Math.floor(address / regions.granuleBytes);
  if (granule >= u32[regions.state + END]) return false;
  return u32[(u32[regions.state + TABLE_ADDRESS] >>> 2) + granule] >>> KIND_SHIFT === kind;
}

/** Bytes usable in the live block at this address; 0 for NULL. */
export function usableSize(ctx: RawContext, address: Address): number {
  return address === NULL ? 0 : 4 * wordsOf(ctx.memory.u32[(address >>> 2) - 1]) - CHUNK_OVERHEAD;
}
