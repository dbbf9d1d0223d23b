/**
 * `list.sort` (`Objects/listsort.txt`): stable. Short lists are sorted exactly as CPython does, by a run that is in
 * order already and binary insertion of the rest; longer ones by merging such pieces.
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** Pieces up to this length are sorted by binary insertion; as in CPython, which merges from 64 items on. */
const SHORT = 63;

/** An exception is pending: unwinds the sort. */
class Interrupted extends Error {}

/**
 * Sort objects in place. They are borrowed, and each stays in the array once, whatever happens.
 * @param key function called with each object; NULL: the objects themselves are compared
 * @returns 0, or -1 with an exception pending; the order is then any
 */
export function sortItems(core: Core, items: Address[], key: Address, reverse: boolean): number {
  const keys = key === 0 ? items.slice() : makeKeys(core, items, key);
  if (keys === undefined) return -1;
  const order = items.map((_, n) => n);
  const before = (a: number, b: number): boolean => {
    const less = core.protocol.less(keys[a], keys[b]);
    if (less < 0) throw new Interrupted();
    return less > 0;
  };
  // Equal items keep their order in a reversed sort too, so the items are turned round before and after.
  if (reverse) order.reverse();
  let result = 0;
  try {
    sortRange(order, 0, order.length, before);
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) core.errors.fromJs(thrown);
    result = -1;
  }
  if (reverse) order.reverse();
  const sorted = order.map((n) => items[n]);
  for (let n = 0; n < items.length; n++) items[n] = sorted[n];
  if (key !== 0) for (const object of keys) core.refs.decref(object);
  return result;
}

function makeKeys(core: Core, items: readonly Address[], key: Address): Address[] | undefined {
  const keys: Address[] = [];
  for (const item of items) {
    const made = core.protocol.call(key, [item]);
    if (made === 0) {
      for (const object of keys) core.refs.decref(object);
      return undefined;
    }
    keys.push(made);
  }
  return keys;
}

type Before = (a: number, b: number) => boolean;

function sortRange(order: number[], low: number, high: number, before: Before): void {
  if (high - low < 2) return;
  if (high - low <= SHORT) {
    insertAll(order, low, high, low + startingRun(order, low, high, before), before);
    return;
  }
  const middle = (low + high) >>> 1;
  sortRange(order, low, middle, before);
  sortRange(order, middle, high, before);
  merge(order, low, middle, high, before);
}

/** Length of the run at the start; a strictly descending one is turned round. */
function startingRun(order: number[], low: number, high: number, before: Before): number {
  let end = low + 2;
  if (before(order[low + 1], order[low])) {
    while (end < high && before(order[end], order[end - 1])) end++;
    for (let a = low, b = end - 1; a < b; a++, b--) [order[a], order[b]] = [order[b], order[a]];
  } else {
    while (end < high && !before(order[end], order[end - 1])) end++;
  }
  return end - low;
}

/** Insert the items from `start` on into the sorted ones before, each behind those equal to it. */
function insertAll(
  order: number[],
  low: number,
  high: number,
  start: number,
  before: Before,
): void {
  for (let n = start; n < high; n++) {
    const item = order[n];
    let left = low;
    let right = n;
    while (left < right) {
      const middle = left + ((right - left) >> 1);
      if (before(item, order[middle])) right = middle;
      else left = middle + 1;
    }
    order.copyWithin(left + 1, left, n);
    order[left] = item;
  }
}

/** On an interruption the array still holds each item once: only the finished merge is written back. */
function merge(order: number[], low: number, middle: number, high: number, before: Before): void {
  const merged: number[] = [];
  let a = low;
  let b = middle;
  while (a < middle && b < high) merged.push(before(order[b], order[a]) ? order[b++] : order[a++]);
  while (a < middle) merged.push(order[a++]);
  while (b < high) merged.push(order[b++]);
  for (let n = 0; n < merged.length; n++) order[low + n] = merged[n];
}
