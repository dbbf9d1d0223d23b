/**
 * The region manager: what `mmap` and `munmap` are to a C library. It hands out runs of granules, takes them back,
 * joins neighbours, grows the memory at its top and gives the tail back where the backing can.
 *
 * Segments of the raw heap and arenas come from here alike, so what one gives back the other can use. Finding a run,
 * splitting and joining take constant time; tagging a run takes a word for each granule of it. When the memory cannot
 * grow any more, and only then, all free runs are looked at before a request is refused.
 *
 * The functions expect the heap's lock to be held (see `lock.ts`).
 */
import { alignUp } from "@pyrena/abi";
import { findRun, findSlots, freeLength, isFree } from "./free-runs.ts";
import type { Regions } from "./region-context.ts";
import { growFor, shrinkMemory } from "./region-growth.ts";
import { END, type RunKind } from "./region-layout.ts";
import { carve, freeRun, tailRun } from "./runs.ts";

/**
 * Hand out a run of `least` granules or more, wherever there is one.
 * `takenLength` and `takenFresh` tell more about it.
 * @param wanted granules that would be welcome where they cost nothing
 * @param grow whether to make the memory larger if there is none
 * @returns its first granule, or 0
 */
export function takeRun(
  regions: Regions,
  least: number,
  wanted: number,
  kind: RunKind,
  grow: boolean,
): number {
  let run = findRun(regions, least, false);
  if (run === 0) {
    const end = regions.memory.u32[regions.state + END];
    if (end - tailRun(regions) >= least || (grow && growFor(regions, least, 1, wanted))) {
      run = tailRun(regions);
    } else {
      run = grow ? findRun(regions, least, true) : 0;
      if (run === 0) return 0;
    }
  }
  return carve(regions, run, run, Math.min(wanted, freeLength(regions, run)), kind);
}

/**
 * Hand out a run of exactly `length` granules that starts on a slot's boundary.
 * @param grow whether to make the memory larger if there is none
 * @returns its first granule, or 0
 */
export function takeAligned(
  regions: Regions,
  length: number,
  kind: RunKind,
  grow: boolean,
): number {
  const slot = 1 << regions.logSlot;
  const slots = Math.ceil(length / slot);
  let run = findSlots(regions, slots, false);
  if (run === 0) {
    const tail = tailRun(regions);
    const fits = alignUp(tail, slot) + length <= regions.memory.u32[regions.state + END];
    if (fits || (grow && growFor(regions, length, slot, length))) {
      run = tailRun(regions);
    } else {
      run = grow ? findSlots(regions, slots, true) : 0;
      if (run === 0) return 0;
    }
  }
  return carve(regions, run, alignUp(run, slot), length, kind);
}

/**
 * Hand out the granules from `first` on, if they are free.
 * `takenLength` and `takenFresh` tell more.
 * @param grow whether to make the memory larger if it ends there
 * @returns whether at least `least` granules could be had; at most `wanted` are taken
 */
export function takeAt(
  regions: Regions,
  first: number,
  least: number,
  wanted: number,
  kind: RunKind,
  grow: boolean,
): boolean {
  const end = regions.memory.u32[regions.state + END];
  if (first !== end && !isFree(regions, first)) return false;
  let length = first === end ? 0 : freeLength(regions, first);
  if (length < least) {
    if (!grow || first + length !== end || !growFor(regions, least, 1, wanted)) return false;
    // Growing may have put the table where the run was to be.
    if (!isFree(regions, first) || freeLength(regions, first) < least) return false;
    length = freeLength(regions, first);
  }
  carve(regions, first, first, Math.min(wanted, length), kind);
  return true;
}

/** Take back granules that are part (or the whole) of one run. What is left of it stays as one run or two. */
export function giveRun(regions: Regions, first: number, length: number): void {
  freeRun(regions, first, length);
  shrinkMemory(regions);
}
