/** Finding items of a list, comparing lists, sorting them: what calls code of users in between. */
import type { Address } from "@pyrena/abi";
import type { ListApi } from "../api/sequences.ts";
import type { Core } from "../core/core.ts";
import { NOT_IMPLEMENTED } from "../core/protocol.ts";
import type { ListParts } from "./list-parts.ts";
import type { ListSlices } from "./list-slices.ts";
import { sortItems } from "./list-sort.ts";

/** Looking for items, and order. */
export interface ListSearch
  extends Pick<ListApi, "remove" | "contains" | "index" | "count" | "sort"> {
  /** Slots of the type. */
  equal(this: void, list: Address, other: Address): number;
  less(this: void, list: Address, other: Address): number;
}

export function makeListSearch(core: Core, parts: ListParts, slices: ListSlices): ListSearch {
  const { memory, refs, errors, word } = core;
  const { SIZE, ITEMS, ALLOCATED, length, itemAt, check, releaseItems } = parts;
  const { incref } = refs;
  const STEP = word >>> 2;

  /** Index of the first item from `start` on that equals `item`; -1: none; -2: an exception is pending. */
  function find(list: Address, item: Address, start: number): number {
    for (let n = start; n < length(list); n++) {
      const candidate = itemAt(list, n);
      incref(candidate);
      const equal = core.protocol.equal(candidate, item);
      refs.decref(candidate);
      if (equal > 0) return n;
      if (equal < 0) return -2;
    }
    return -1;
  }

  function notFound(item: Address): number {
    errors.raise("ValueError", `${core.protocol.repr(item)} is not in the list`);
    return -1;
  }

  /** Index of the first items that are not equal, or the smaller length; -1 with an exception pending. */
  function firstDifference(a: Address, b: Address): number {
    let n = 0;
    for (; n < length(a) && n < length(b); n++) {
      const x = itemAt(a, n);
      const y = itemAt(b, n);
      if (x === y) continue;
      incref(x);
      incref(y);
      const equal = core.protocol.equal(x, y);
      refs.decref(x);
      refs.decref(y);
      if (equal < 0) return -1;
      if (equal === 0) return n;
    }
    return n;
  }

  function sort(list: Address, key = 0, reverse = false): number {
    const u32 = memory.u32;
    const size = length(list);
    const items = u32[(list + ITEMS) >>> 2];
    const room = u32[(list + ALLOCATED) >>> 2];
    // The list is empty while it is sorted, so that comparisons that look at it or change it do no harm.
    u32[(list + SIZE) >>> 2] = 0;
    u32[(list + ITEMS) >>> 2] = 0;
    u32[(list + ALLOCATED) >>> 2] = 0;
    const order: Address[] = [];
    for (let n = 0; n < size; n++) order.push(u32[(items >>> 2) + n * STEP]);
    let result = sortItems(core, order, key, reverse);
    for (let n = 0; n < size; n++) memory.u32[(items >>> 2) + n * STEP] = order[n];
    const views = memory.u32;
    const changedItems = views[(list + ITEMS) >>> 2];
    const changedSize = views[(list + SIZE) >>> 2];
    if (changedItems !== 0 && result === 0) {
      errors.raise("ValueError", "the list was changed while it was sorted");
      result = -1;
    }
    views[(list + SIZE) >>> 2] = size;
    views[(list + ITEMS) >>> 2] = items;
    views[(list + ALLOCATED) >>> 2] = room;
    if (changedItems !== 0) releaseItems(changedItems, changedSize);
    return result;
  }

  return {
    remove: (list, item) => {
      const n = find(list, item, 0);
      if (n === -1) return notFound(item);
      return n < 0 ? -1 : slices.replaceRange(list, n, n + 1, 0, 0);
    },
    contains: (list, item) => {
      const n = find(list, item, 0);
      return n >= 0 ? 1 : n + 1;
    },
    index: (list, item) => {
      const n = find(list, item, 0);
      return n === -1 ? notFound(item) : Math.max(n, -1);
    },
    count: (list, item) => {
      let count = 0;
      let n = find(list, item, 0);
      for (; n >= 0; n = find(list, item, n + 1)) count++;
      return n === -2 ? -1 : count;
    },
    sort,
    equal: (list, other) => {
      if (!check(other)) return NOT_IMPLEMENTED;
      if (length(list) !== length(other)) return 0;
      const n = firstDifference(list, other);
      if (n < 0) return -1;
      return n >= length(list) && n >= length(other) && length(list) === length(other) ? 1 : 0;
    },
    less: (list, other) => {
      if (!check(other)) return NOT_IMPLEMENTED;
      const n = firstDifference(list, other);
      if (n < 0) return -1;
      if (n >= length(list) || n >= length(other)) return length(list) < length(other) ? 1 : 0;
      const a = refs.newRef(itemAt(list, n));
      const b = refs.newRef(itemAt(other, n));
      const result = core.protocol.less(a, b);
      refs.decref(a);
      refs.decref(b);
      return result;
    },
  };
}
