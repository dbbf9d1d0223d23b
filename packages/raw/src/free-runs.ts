/**
 * The lists of free runs: enter one, remove one, find one that is long enough. All in constant time.
 * `region-layout.ts` draws the structure.
 */
import type { Regions } from "./region-context.ts";
import {
  CAPACITY,
  END,
  FREE,
  FREE_GRANULES,
  GAPS,
  KIND_SHIFT,
  SET_LEVELS,
  SET_LISTS,
  SLOTS,
  setListOf,
  slotsIn,
  TABLE_ADDRESS,
  VALUE_MASK,
} from "./region-layout.ts";

/** Runs of a list that are looked at before a longer list is tried; all of them when the memory cannot grow. */
const LOOKS = 4;

/** The tag of a granule. */
export function tagOf(regions: Regions, granule: number): number {
  const u32 = regions.memory.u32;
  return u32[(u32[regions.state + TABLE_ADDRESS] >>> 2) + granule];
}

/** Length of the free run that starts or ends with this granule. */
export function freeLength(regions: Regions, granule: number): number {
  return tagOf(regions, granule) & VALUE_MASK;
}

/** Whether a granule (below the capacity) belongs to a free run. */
export function isFree(regions: Regions, granule: number): boolean {
  return tagOf(regions, granule) >>> KIND_SHIFT === FREE;
}

/** Enter a free run whose granules are all tagged FREE, 0, and which touches no other free run. The tail is in no list. */
export function insertRun(regions: Regions, first: number, length: number): void {
  const u32 = regions.memory.u32;
  const state = regions.state;
  const table = u32[state + TABLE_ADDRESS] >>> 2;
  const capacity = u32[state + CAPACITY];
  u32[table + first] = length;
  u32[table + first + length - 1] = length;
  u32[state + FREE_GRANULES] += length;
  if (first + length === u32[state + END]) return;

  const slots = slotsIn(first, length, regions.logSlot);
  const set = state + (slots > 0 ? SLOTS : GAPS);
  const list = setListOf(slots > 0 ? slots : length);
  const head = set + 1 + SET_LEVELS + list;
  const next = u32[head];
  u32[head] = first;
  u32[table + capacity + first] = next;
  u32[table + 2 * capacity + first] = 0;
  if (next !== 0) {
    u32[table + 2 * capacity + next] = first;
  } else {
    u32[set + 1 + (list >>> 4)] |= 1 << (list & 15);
    u32[set] |= 1 << (list >>> 4);
  }
}

/** Remove the free run that starts here; its granules are tagged FREE, 0 afterwards. Returns its length. */
export function removeRun(regions: Regions, first: number): number {
  const u32 = regions.memory.u32;
  const state = regions.state;
  const table = u32[state + TABLE_ADDRESS] >>> 2;
  const capacity = u32[state + CAPACITY];
  const length = u32[table + first] & VALUE_MASK;
  u32[table + first] = 0;
  u32[table + first + length - 1] = 0;
  u32[state + FREE_GRANULES] -= length;
  if (first + length === u32[state + END]) return length;

  const next = u32[table + capacity + first];
  const previous = u32[table + 2 * capacity + first];
  if (next !== 0) u32[table + 2 * capacity + next] = previous;
  if (previous !== 0) {
    u32[table + capacity + previous] = next;
    return length;
  }
  const slots = slotsIn(first, length, regions.logSlot);
  const set = state + (slots > 0 ? SLOTS : GAPS);
  const list = setListOf(slots > 0 ? slots : length);
  u32[set + 1 + SET_LEVELS + list] = next;
  if (next === 0) {
    const lists = (u32[set + 1 + (list >>> 4)] &= ~(1 << (list & 15)));
    if (lists === 0) u32[set] &= ~(1 << (list >>> 4));
  }
  return length;
}

/**
 * A listed free run of at least `length` granules, or 0. Prefers gaps to runs with slots, and short runs to long ones.
 * @param thorough look at every run that could do, not just at the first few of each list
 */
export function findRun(regions: Regions, length: number, thorough: boolean): number {
  const looks = thorough ? Number.POSITIVE_INFINITY : LOOKS;
  const slot = 1 << regions.logSlot;
  const found = search(regions, GAPS, length, length, looks);
  if (found !== 0) return found;
  // A run with k whole slots has at least k * slot granules, and at most 2 * (slot - 1) more.
  const enough = Math.ceil(length / slot);
  if (thorough) {
    const least = Math.max(1, Math.ceil((length - 2 * (slot - 1)) / slot));
    for (let slots = least; slots < enough; slots++) {
      const run = searchList(regions, SLOTS, setListOf(slots), length, looks);
      if (run !== 0) return run;
    }
  }
  return search(regions, SLOTS, enough, length, looks);
}

/** A listed free run with at least `slots` whole slots, or 0; few slots preferred. */
export function findSlots(regions: Regions, slots: number, thorough: boolean): number {
  return search(regions, SLOTS, slots, 0, thorough ? Number.POSITIVE_INFINITY : LOOKS, slots);
}

/**
 * The shortest list that may hold a run that will do is looked into; the next longer one holds nothing else.
 * @param key as the set is ordered
 * @param length granules that the run must have
 * @param slots whole slots that it must have
 */
function search(
  regions: Regions,
  set: number,
  key: number,
  length: number,
  looks: number,
  slots = 0,
): number {
  const list = setListOf(key);
  const found = searchList(regions, set, list, length, looks, slots);
  return found !== 0 ? found : firstFrom(regions, set, list + 1);
}

function searchList(
  regions: Regions,
  set: number,
  list: number,
  length: number,
  looks: number,
  slots = 0,
): number {
  const u32 = regions.memory.u32;
  const table = u32[regions.state + TABLE_ADDRESS] >>> 2;
  const capacity = u32[regions.state + CAPACITY];
  let run = u32[regions.state + set + 1 + SET_LEVELS + list];
  for (let n = 0; n < looks && run !== 0; n++) {
    const has = u32[table + run] & VALUE_MASK;
    if (has >= length && (slots === 0 || slotsIn(run, has, regions.logSlot) >= slots)) return run;
    run = u32[table + capacity + run];
  }
  return 0;
}

/** The first run of the first list from `list` on that is not empty, or 0. */
function firstFrom(regions: Regions, set: number, list: number): number {
  const u32 = regions.memory.u32;
  const base = regions.state + set;
  let level = list >>> 4;
  if (level >= SET_LEVELS) return 0;
  let lists = u32[base + 1 + level] & (-1 << (list & (SET_LISTS - 1)));
  if (lists === 0) {
    const levels = u32[base] & (-1 << (level + 1));
    if (levels === 0) return 0;
    level = 31 - Math.clz32(levels & -levels);
    lists = u32[base + 1 + level];
  }
  const lowest = 31 - Math.clz32(lists & -lists);
  return u32[base + 1 + SET_LEVELS + ((level << 4) | lowest)];
}
