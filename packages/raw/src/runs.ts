/** Runs of granules: what one is, cutting one out of a free one, joining, making free. `region-layout.ts` draws them. */
import { freeLength, insertRun, isFree, removeRun } from "./free-runs.ts";
import type { Regions } from "./region-context.ts";
import {
  CAPACITY,
  END,
  FREE,
  FRESH_GRANULE,
  KIND_SHIFT,
  type RunKind,
  TABLE_ADDRESS,
  VALUE_MASK,
} from "./region-layout.ts";

/** Kind of the run that an address lies in; FREE for any number that is no address in the managed memory. */
export function kindAt(regions: Regions, address: number): RunKind {
  const u32 = regions.memory.u32;
  const granule = Math.floor(address / regions.granuleBytes);
  if (!(granule >= 0 && granule < u32[regions.state + END])) return FREE;
  return (u32[(u32[regions.state + TABLE_ADDRESS] >>> 2) + granule] >>> KIND_SHIFT) as RunKind;
}

/** First granule of the run that this granule belongs to, which is not free. */
export function runStart(regions: Regions, granule: number): number {
  const u32 = regions.memory.u32;
  return u32[(u32[regions.state + TABLE_ADDRESS] >>> 2) + granule] & VALUE_MASK;
}

/** Granules in the run that starts here, which is not free. */
export function runLength(regions: Regions, first: number): number {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  return u32[table + u32[regions.state + CAPACITY] + first];
}

/** First granule of the free run at the end of the managed memory; `end` if the last granule is in use. */
export function tailRun(regions: Regions): number {
  const end = regions.memory.u32[regions.state + END];
  return isFree(regions, end - 1) ? end - freeLength(regions, end - 1) : end;
}

/** Tag the granules of a run and note its length. */
export function tagRun(regions: Regions, first: number, length: number, kind: RunKind): void {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  u32.fill(((kind << KIND_SHIFT) | first) >>> 0, table + first, table + first + length);
  u32[table + u32[regions.state + CAPACITY] + first] = length;
}

/** Cut granules out of a free run, for use; what is left before and behind them stays free. */
export function carve(
  regions: Regions,
  run: number,
  first: number,
  length: number,
  kind: RunKind,
): number {
  const total = removeRun(regions, run);
  if (first > run) insertRun(regions, run, first - run);
  const after = run + total - (first + length);
  if (after > 0) insertRun(regions, first + length, after);
  tagRun(regions, first, length, kind);
  const u32 = regions.memory.u32;
  const fresh = u32[regions.state + FRESH_GRANULE];
  regions.takenLength = length;
  regions.takenFresh = Math.min(Math.max(first, fresh), first + length);
  if (fresh < first + length) u32[regions.state + FRESH_GRANULE] = first + length;
  return first;
}

/** Make one run of two that touch and are of one kind. */
export function joinRuns(regions: Regions, first: number, second: number): void {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  const forward = table + u32[regions.state + CAPACITY];
  const length = u32[forward + first] + u32[forward + second];
  u32.fill(u32[table + first], table + second, table + first + length);
  u32[forward + first] = length;
}

/** Make granules free that are part (or the whole) of one run. What is left of it stays as one run or two. */
export function freeRun(regions: Regions, first: number, length: number): void {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  const forward = table + u32[regions.state + CAPACITY];
  const tag = u32[table + first];
  const start = tag & VALUE_MASK;
  const before = first - start;
  const after = u32[forward + start] - before - length;
  if (before > 0) u32[forward + start] = before;
  if (after > 0) tagRun(regions, first + length, after, (tag >>> KIND_SHIFT) as RunKind);
  u32.fill(0, table + first, table + first + length);
  addFree(regions, first, length);
}

/** Enter granules tagged FREE, 0 as free, joined with free neighbours. */
function addFree(regions: Regions, first: number, length: number): void {
  let from = first;
  let total = length;
  if (isFree(regions, first - 1)) {
    const before = freeLength(regions, first - 1);
    from = first - before;
    total += removeRun(regions, from);
  }
  const behind = first + length;
  if (behind < regions.memory.u32[regions.state + END] && isFree(regions, behind)) {
    total += removeRun(regions, behind);
  }
  insertRun(regions, from, total);
}
