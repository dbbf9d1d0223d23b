/**
 * Replacing and deleting parts of a list (`list_ass_slice`, `list_ass_subscript`). Whatever is released is released
 * when the list is in its new state: finalizers may use it.
 */
import type { Address } from "@pyrena/abi";
import type { ListApi } from "../api/sequences.ts";
import type { Core } from "../core/core.ts";
import type { ListParts } from "./list-parts.ts";

/** Released items of a slice that CPython keeps on its stack; more of them go through a block of the MEM domain. */
const RECYCLE_ON_STACK = 8;

/** Assignment to slices, and deletion. */
export interface ListSlices
  extends Pick<ListApi, "assignSlice" | "assignExtendedSlice" | "deleteItem"> {
  /** `list_ass_slice`: `items` is a list or tuple other than the list, or NULL; so many of them. 0 or -1. */
  replaceRange(
    this: void,
    list: Address,
    start: number,
    stop: number,
    items: Address,
    count: number,
  ): number;
}

export function makeListSlices(core: Core, parts: ListParts): ListSlices {
  const { memory, refs, errors, facts, mem, word } = core;
  const { SIZE, length, firstWord, check, place, resize, clear, store, fill } = parts;
  const { releaseItems, slice, from, indexError } = parts;
  const DELETE_KEEPS_ROOM = facts.deleteKeepsRoom;
  const STEP = word >>> 2;
  const SHIFT = core.wordShift;

  function assignSlice(list: Address, start: number, stop: number, items: Address): number {
    if (items === 0) return replaceRange(list, start, stop, 0, 0);
    if (items !== list && (check(items) || core.tuple.check(items))) {
      return replaceRange(list, start, stop, items, memory.u32[(items + SIZE) >>> 2]);
    }
    // Its own items move while they are replaced, and other containers cannot be read by index.
    const copy = items === list ? slice(list, 0, 1, length(list)) : from(items);
    if (copy === 0) return -1;
    const result = replaceRange(list, start, stop, copy, length(copy));
    refs.decref(copy);
    return result;
  }

  /** `list_ass_slice`: `items` is a list or tuple other than the list, or NULL. */
  function replaceRange(
    list: Address,
    start: number,
    stop: number,
    items: Address,
    count: number,
  ): number {
    const size = length(list);
    const low = Math.min(Math.max(start, 0), size);
    const high = Math.min(Math.max(stop, low), size);
    const replaced = high - low;
    const difference = count - replaced;
    if (size + difference === 0) {
      clear(list);
      return 0;
    }
    // Released last, when the list is in its new state.
    let recycled = 0;
    let few: number[] | undefined;
    const i = firstWord(list);
    if (replaced > RECYCLE_ON_STACK) {
      recycled = mem.malloc(replaced << SHIFT);
      if (recycled === 0) {
        errors.noMemory();
        return -1;
      }
      memory.u32.copyWithin(recycled >>> 2, i + low * STEP, i + high * STEP);
    } else if (replaced > 0) {
      few = [];
      for (let n = 0; n < replaced; n++) few.push(memory.u32[i + (low + n) * STEP]);
    }
    if (difference < 0) {
      const u32 = memory.u32;
      u32.copyWithin(i + (high + difference) * STEP, i + high * STEP, i + size * STEP);
      if (resize(list, size + difference) < 0) {
        restoreRange(i, low, high, difference, size, recycled, few);
        return -1;
      }
    } else if (difference > 0) {
      if (resize(list, size + difference) < 0) {
        if (recycled !== 0) mem.free(recycled);
        return -1;
      }
      const j = firstWord(list);
      memory.u32.copyWithin(j + (high + difference) * STEP, j + high * STEP, j + size * STEP);
    }
    if (count > 0) fill(firstWord(list) + low * STEP, firstWord(items), 1, count);
    if (recycled !== 0) releaseItems(recycled, replaced);
    else if (few !== undefined) for (let n = replaced - 1; n >= 0; n--) refs.decref(few[n]);
    return 0;
  }

  /** Undo what `replaceRange` did to an array that could not be made smaller. */
  function restoreRange(
    i: number,
    low: number,
    high: number,
    difference: number,
    size: number,
    recycled: Address,
    few: readonly number[] | undefined,
  ): void {
    const u32 = memory.u32;
    u32.copyWithin(i + high * STEP, i + (high + difference) * STEP, i + (size + difference) * STEP);
    if (recycled !== 0) {
      u32.copyWithin(i + low * STEP, recycled >>> 2, (recycled >>> 2) + (high - low) * STEP);
      mem.free(recycled);
    } else if (few !== undefined) {
      for (let n = 0; n < few.length; n++) store(i + (low + n) * STEP, few[n]);
    }
  }

  /** `l[start::step] = items`, or `del l[start::step]`: released in ascending order, once all is in place. */
  function assignExtendedSlice(
    list: Address,
    start: number,
    step: number,
    count: number,
    items: Address,
  ): number {
    if (items === 0) return deleteExtendedSlice(list, start, step, count);
    const copy = items === list ? slice(list, 0, 1, length(list)) : asOrdered(items);
    if (copy === 0) return -1;
    const given = memory.u32[(copy + SIZE) >>> 2];
    if (given !== count) {
      refs.decref(copy);
      errors.raise(
        "ValueError",
        `an extended slice of ${count} items cannot take ${given}: their number must not change`,
      );
      return -1;
    }
    const garbage = count === 0 ? 0 : mem.malloc(count << SHIFT);
    if (count > 0 && garbage === 0) {
      refs.decref(copy);
      errors.noMemory();
      return -1;
    }
    for (let n = 0; n < count; n++) {
      const item = memory.u32[firstWord(copy) + n * STEP];
      const i = firstWord(list) + (start + n * step) * STEP;
      memory.u32[(garbage >>> 2) + n * STEP] = memory.u32[i];
      memory.u32[i] = item;
      refs.incref(item);
    }
    for (let n = 0; n < count; n++) refs.decref(memory.u32[(garbage >>> 2) + n * STEP]);
    mem.free(garbage);
    refs.decref(copy);
    return 0;
  }

  /** A list or tuple as itself, anything else as a new list: new reference. */
  function asOrdered(items: Address): Address {
    return check(items) || core.tuple.check(items) ? refs.newRef(items) : from(items);
  }

  function deleteExtendedSlice(list: Address, start: number, step: number, count: number): number {
    if (count <= 0) return 0;
    if (step < 0) {
      start += step * (count - 1);
      step = -step;
    }
    const garbage = mem.malloc(count << SHIFT);
    if (garbage === 0) {
      errors.noMemory();
      return -1;
    }
    const size = length(list);
    const u32 = memory.u32;
    const i = firstWord(list);
    for (let n = 0; n < count; n++) {
      const from = start + n * step;
      u32[(garbage >>> 2) + n * STEP] = u32[i + from * STEP];
      // What stands between two deleted items moves down by as many as are gone.
      const end = n === count - 1 ? size : from + step;
      u32.copyWithin(i + (from - n) * STEP, i + (from + 1) * STEP, i + end * STEP);
    }
    const failed = shrink(list, size - count);
    for (let n = 0; n < count; n++) refs.decref(memory.u32[(garbage >>> 2) + n * STEP]);
    mem.free(garbage);
    return failed;
  }

  /** `resize` to fewer items: the list has them whether or not its array could be made smaller. */
  function shrink(list: Address, size: number): number {
    memory.u32[(list + SIZE) >>> 2] = size;
    return resize(list, size);
  }

  function deleteItem(list: Address, index: number): number {
    const n = place(list, index);
    if (n < 0) {
      indexError("index of the item to delete");
      return -1;
    }
    if (!DELETE_KEEPS_ROOM) return replaceRange(list, n, n + 1, 0, 0);
    const size = length(list);
    const i = firstWord(list);
    const item = memory.u32[i + n * STEP];
    if (n < size - 1) {
      memory.u32.copyWithin(i + n * STEP, i + (n + 1) * STEP, i + size * STEP);
    }
    memory.u32[(list + SIZE) >>> 2] = size - 1;
    refs.decref(item);
    return 0;
  }

  return { assignSlice, assignExtendedSlice, deleteItem, replaceRange };
}
