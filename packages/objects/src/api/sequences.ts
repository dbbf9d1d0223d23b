/** tuple, list, slice, range. */
import type { Address } from "@pyrena/abi";

/** `PyTupleObject`. */
export interface TupleApi {
  readonly type: Address;
  readonly empty: Address;
  /** A tuple of NULLs, not tracked yet; fill with `setItem`, then `track`. `PyTuple_New` tracks at once instead. */
  create(this: void, length: number): Address;
  /** Let the collector know a tuple made by `create` and filled. */
  track(this: void, tuple: Address): void;
  /**
   * A tuple of these objects; they are increfed. New reference. `_PyTuple_FromArray`, as `(a, b)`, `f(*args)` and
   * others use it: from 3.14 on the tuple is not tracked if all items are of types without cycles.
   */
  pack(this: void, items: readonly Address[]): Address;
  /** `pack` for two objects, without an array. */
  pack2(this: void, first: Address, second: Address): Address;
  /** `tuple(items)` of a tuple (itself, if exact), list, set, dict, range, str or bytes: new reference. */
  from(this: void, items: Address): Address;
  length(this: void, tuple: Address): number;
  /** Borrowed. */
  getItem(this: void, tuple: Address, index: number): Address;
  /** Store into a new tuple; steals `item`; what was there is released. */
  setItem(this: void, tuple: Address, index: number, item: Address): void;
  /** `t[start:…]` with indices already clipped; the tuple itself if it is the whole of an exact tuple. New reference. */
  slice(this: void, tuple: Address, start: number, step: number, count: number): Address;
  concat(this: void, a: Address, b: Address): Address;
  repeat(this: void, tuple: Address, times: number): Address;
  check(this: void, object: Address): boolean;
}

/** `PyListObject`: its items array comes from the MEM domain. */
export interface ListApi {
  readonly type: Address;
  /** A list of NULLs with exactly that much room; fill with `initItem`. Tracked. `PyList_New`. */
  create(this: void, length: number): Address;
  /** A list as `[a, b, c]` makes it; the items are increfed. New reference. */
  pack(this: void, items: readonly Address[]): Address;
  /** `list(items)`: an empty list, extended; never one that was kept for reuse. New reference. */
  from(this: void, items: Address): Address;
  length(this: void, list: Address): number;
  /** Borrowed; NULL with IndexError pending. Negative indices count from the end. `PyList_GetItem`. */
  getItem(this: void, list: Address, index: number): Address;
  /** New reference. `PyList_GetItemRef`. */
  getItemRef(this: void, list: Address, index: number): Address;
  /** First store into a new list: steals `item`. `PyList_SET_ITEM`. */
  initItem(this: void, list: Address, index: number, item: Address): void;
  /** `l[i] = item`; borrowed item; 0 or -1. */
  setItem(this: void, list: Address, index: number, item: Address): number;
  deleteItem(this: void, list: Address, index: number): number;
  /** Borrowed item; 0 or -1 with MemoryError pending. `PyList_Append`. */
  append(this: void, list: Address, item: Address): number;
  insert(this: void, list: Address, index: number, item: Address): number;
  /** `l.pop(i)`: new reference, or NULL with IndexError pending. */
  pop(this: void, list: Address, index?: number): Address;
  /** `l.extend(items)` by a list, tuple, set, dict, range, str, bytes or bytearray; 0 or -1. */
  extend(this: void, list: Address, items: Address): number;
  /** `l.remove(x)`: 0, or -1 with ValueError or another exception pending. */
  remove(this: void, list: Address, item: Address): number;
  /** `x in l`: 1, 0, or -1 with an exception pending. */
  contains(this: void, list: Address, item: Address): number;
  /** `l.index(x)`: -1 with ValueError or another exception pending. */
  index(this: void, list: Address, item: Address): number;
  /** `l.count(x)`: -1 with an exception pending. */
  count(this: void, list: Address, item: Address): number;
  /** `l[start:…]` with indices already clipped, new reference. */
  slice(this: void, list: Address, start: number, step: number, count: number): Address;
  /** `l[start:stop] = items` (what `extend` takes; NULL: delete); 0 or -1. Indices are clipped. `PyList_SetSlice`. */
  assignSlice(this: void, list: Address, start: number, stop: number, items: Address): number;
  /** `l[start::step] = items` for a step other than 1 with indices already clipped; NULL: delete; 0 or -1. */
  assignExtendedSlice(
    this: void,
    list: Address,
    start: number,
    step: number,
    count: number,
    items: Address,
  ): number;
  concat(this: void, a: Address, b: Address): Address;
  repeat(this: void, list: Address, times: number): Address;
  /** `l *= n`; 0 or -1. */
  repeatInPlace(this: void, list: Address, times: number): number;
  clear(this: void, list: Address): void;
  reverse(this: void, list: Address): void;
  /** `l.sort(key=…, reverse=…)`: stable; 0 or -1 with an exception pending. Key NULL: none. */
  sort(this: void, list: Address, key?: Address, reverse?: boolean): number;
  /** `l.copy()`, `l[:]`. */
  copy(this: void, list: Address): Address;
  check(this: void, object: Address): boolean;
  /** Slots available without growth. */
  allocated(this: void, list: Address): number;
}

/** `PySliceObject`. */
export interface SliceApi {
  readonly type: Address;
  /** Borrowed arguments; NULL stands for None. New reference. */
  create(this: void, start: Address, stop: Address, step: Address): Address;
  /** Borrowed. */
  start(this: void, slice: Address): Address;
  stop(this: void, slice: Address): Address;
  step(this: void, slice: Address): Address;
  /** `slice.indices`: `[start, stop, step, count]` clipped to a length, or undefined with an exception pending. */
  indices(
    this: void,
    slice: Address,
    length: number,
  ): readonly [number, number, number, number] | undefined;
}

/** `rangeobject`: start, stop, step and length are int objects. */
export interface RangeApi {
  readonly type: Address;
  /** `range(start, stop, step)`: new reference; NULL with ValueError pending if the step is 0. */
  create(this: void, start: number | bigint, stop: number | bigint, step: number | bigint): Address;
  /** The same of int objects, borrowed, which the range keeps. */
  fromInts(this: void, start: Address, stop: Address, step: Address): Address;
  /** Number of items; -1 with OverflowError pending if it is more than `ssizeMax`. */
  length(this: void, range: Address): number;
  /** `r[i]`, new reference; NULL with IndexError pending. Negative indices count from the end. */
  getItem(this: void, range: Address, index: number): Address;
  /** The value of the item at an index from 0 to before the length, as its iterator computes it: without an int. */
  valueAt(this: void, range: Address, index: number): number | bigint;
  check(this: void, object: Address): boolean;
}
