/** Making the memory larger, with room for the table, and giving its tail back. */
import { alignUp, eventKinds, PAGE_BYTES } from "@pyrena/abi";
import { findRun, insertRun, removeRun } from "./free-runs.ts";
import type { Regions } from "./region-context.ts";
import {
  CAPACITY,
  END,
  FRESH_GRANULE,
  GROWN,
  PEAK_END,
  SHRUNK,
  TABLE,
  TABLE_ADDRESS,
  TABLE_RUN,
  TABLE_WORDS,
} from "./region-layout.ts";
import { carve, freeRun, runLength, tailRun } from "./runs.ts";

/** The memory grows by 1/64 of its size … */
const LOG_GROWTH = 6;
/** … but at most by so many bytes more than is needed. */
const LARGEST_STEP_BYTES = 16 * 2 ** 20;
/** The tail is given back when it exceeds twice 1/8 of what lies below it; 1/8 is kept. */
const LOG_TAIL_KEPT = 3;
/** Least tail that is kept, in bytes. */
const LEAST_TAIL_BYTES = 2 ** 20;

/**
 * Make the free run at the end long enough for `length` granules from a multiple of `align` on.
 * Takes `wanted` or a step of its own choice if there is room, exactly what is needed if not.
 */
export function growFor(regions: Regions, length: number, align: number, wanted: number): boolean {
  const u32 = regions.memory.u32;
  const state = regions.state;
  let needed = alignUp(tailRun(regions), align) + length;
  if (needed <= u32[state + END]) return true;
  if (needed > regions.limit) return false;
  if (needed > u32[state + CAPACITY]) {
    if (!moveTable(regions, needed)) return false;
    // The new table may lie where the tail was.
    needed = alignUp(tailRun(regions), align) + length;
    if (needed > Math.min(regions.limit, regions.memory.u32[state + CAPACITY])) return false;
  }
  const end = regions.memory.u32[state + END];
  const step = Math.min(end >>> LOG_GROWTH, Math.ceil(LARGEST_STEP_BYTES / regions.granuleBytes));
  const most = Math.min(regions.limit, regions.memory.u32[state + CAPACITY]);
  const pleasant = Math.max(needed - length + wanted, needed + step);
  const generous = Math.min(alignUp(pleasant, Math.ceil(PAGE_BYTES / regions.granuleBytes)), most);
  return extendTo(regions, generous) || (generous > needed && extendTo(regions, needed));
}

/** Give the tail back when it has become long, keeping a part so that the next request need not grow it again. */
export function shrinkMemory(regions: Regions): void {
  const memory = regions.memory;
  if (memory.backing !== "resizable") return;
  const state = regions.state;
  const end = memory.u32[state + END];
  const tail = tailRun(regions);
  const least = Math.ceil(LEAST_TAIL_BYTES / regions.granuleBytes);
  const kept = Math.max(tail >>> LOG_TAIL_KEPT, least);
  if (end - tail < 2 * kept) return;
  const before = memory.byteLength;
  if (!memory.shrink((tail + kept) * regions.granuleBytes)) return;
  const u32 = memory.u32;
  const newEnd = Math.min(end, Math.floor(memory.byteLength / regions.granuleBytes));
  setEnd(regions, newEnd);
  if (u32[state + FRESH_GRANULE] > newEnd) u32[state + FRESH_GRANULE] = newEnd;
  u32[state + SHRUNK]++;
  const sink = regions.sink;
  if (sink !== undefined) sink.event(sink.ctx, eventKinds.shrink, before, memory.byteLength, 0);
}

/** Manage the memory up to granule `newEnd`, growing it if it is shorter. */
function extendTo(regions: Regions, newEnd: number): boolean {
  if (!growMemory(regions, newEnd)) return false;
  setEnd(regions, newEnd);
  return true;
}

/** Make sure that the memory has so many granules. */
function growMemory(regions: Regions, granules: number): boolean {
  const memory = regions.memory;
  const state = regions.state;
  memory.refresh();
  const before = memory.byteLength;
  if (!memory.grow(granules * regions.granuleBytes)) return false;
  const u32 = memory.u32;
  if (memory.byteLength > before) {
    u32[state + GROWN]++;
    const sink = regions.sink;
    if (sink !== undefined) sink.event(sink.ctx, eventKinds.grow, before, memory.byteLength, 0);
  }
  // Bytes that were there before, but not managed, may have been written.
  if (before > u32[state + END] * regions.granuleBytes) {
    const dirty = Math.min(granules, Math.ceil(before / regions.granuleBytes));
    if (dirty > u32[state + FRESH_GRANULE]) u32[state + FRESH_GRANULE] = dirty;
  }
  return true;
}

/** Move the end of the managed memory; granules added to it are free, granules taken from it are part of the tail. */
function setEnd(regions: Regions, newEnd: number): void {
  const u32 = regions.memory.u32;
  const state = regions.state;
  const tail = tailRun(regions);
  if (tail < u32[state + END]) removeRun(regions, tail);
  u32[state + END] = newEnd;
  if (newEnd > u32[state + PEAK_END]) u32[state + PEAK_END] = newEnd;
  if (tail < newEnd) insertRun(regions, tail, newEnd - tail);
}

/** Replace the table by one with room for `needed` granules and as many again. */
function moveTable(regions: Regions, needed: number): boolean {
  const memory = regions.memory;
  const state = regions.state;
  const oldCapacity = memory.u32[state + CAPACITY];
  const bytesOf = (granules: number): number => 4 * TABLE_WORDS * granules;
  const wanted = Math.min(2 * Math.max(oldCapacity, needed), regions.limit);
  const length = Math.ceil(bytesOf(wanted) / regions.granuleBytes);
  const capacity = Math.floor((length * regions.granuleBytes) / (4 * TABLE_WORDS));
  const end = memory.u32[state + END];
  const found = findRun(regions, length, true);
  const first = found !== 0 ? found : end;
  if (found === 0) {
    if (end + length > regions.limit || !growMemory(regions, end + length)) return false;
  } else {
    carve(regions, first, first, length, TABLE);
  }
  const u32 = memory.u32;
  const from = u32[state + TABLE_ADDRESS] >>> 2;
  const to = (first * regions.granuleBytes) >>> 2;
  u32.fill(0, to, to + TABLE_WORDS * capacity);
  for (let n = 0; n < TABLE_WORDS; n++) {
    u32.copyWithin(to + n * capacity, from + n * oldCapacity, from + (n + 1) * oldCapacity);
  }
  const oldRun = u32[state + TABLE_RUN];
  u32[state + TABLE_ADDRESS] = first * regions.granuleBytes;
  u32[state + CAPACITY] = capacity;
  u32[state + TABLE_RUN] = first;
  if (found === 0) {
    // For a moment all of it is tail.
    setEnd(regions, end + length);
    carve(regions, tailRun(regions), first, length, TABLE);
  }
  if (oldRun !== 0) freeRun(regions, oldRun, runLength(regions, oldRun));
  return true;
}
