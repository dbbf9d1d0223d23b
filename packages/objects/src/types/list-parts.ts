/** What the files about lists share: list.ts provides it. */
import type { Address } from "@pyrena/abi";
import type { ListApi } from "../api/sequences.ts";

/** Offsets of a list's fields in bytes, and functions on its memory. */
export interface ListParts extends Pick<ListApi, "length" | "check" | "clear" | "slice" | "from"> {
  readonly SIZE: number;
  readonly ITEMS: number;
  readonly ALLOCATED: number;
  /** Borrowed; the index must be one of the list's. */
  itemAt(this: void, list: Address, index: number): Address;
  /** An index that may count from the end, as one that does not; -1 if the list has no such item. */
  place(this: void, list: Address, index: number): number;
  /** Raise IndexError; NULL. */
  indexError(this: void, what: string): 0;
  /** Index in `memory.u32` of the items of a list or tuple. */
  firstWord(this: void, items: Address): number;
  /** Make room for `size` items and set `ob_size` (`list_resize`): 0, or -1 with MemoryError pending. */
  resize(this: void, list: Address, size: number): number;
  /** Store a pointer into what may be memory never written: both halves. */
  store(this: void, word: number, item: Address): void;
  /** Copy references, with new counts, from words of memory into words of memory. */
  fill(this: void, target: number, source: number, step: number, count: number): void;
  /** Release the items of an array from the last to the first, then the array. */
  releaseItems(this: void, items: Address, count: number): void;
}
