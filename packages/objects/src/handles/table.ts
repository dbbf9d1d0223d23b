/** Entering objects into the handle table (drawn in inspect/handle-table.ts) and taking them out. */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** Entries of the first table. */
const FIRST_CAPACITY = 64;

/** The handle table of one heap. */
export interface HandleTable {
  /** Enter an object; the reference becomes the entry's. Its number, or -1 with MemoryError pending: then it is still the caller's. */
  add(this: void, object: Address): number;
  /** Free an entry; the reference is the caller's again. */
  remove(this: void, entry: number): Address;
  /** The object of an entry in use. */
  get(this: void, entry: number): Address;
  /** Entries in use. */
  count(this: void): number;
}

export function makeHandleTable(core: Core): HandleTable {
  const { memory, raw, state, at } = core;
  const TABLE = (state + at.handles) >>> 2;
  const CAPACITY = (state + at.handle_capacity) >>> 2;
  const FREE = (state + at.handle_free) >>> 2;
  const COUNT = (state + at.handle_count) >>> 2;

  function grow(): boolean {
    const capacity = memory.u32[CAPACITY];
    const larger = capacity === 0 ? FIRST_CAPACITY : 2 * capacity;
    const table = raw.realloc(memory.u32[TABLE], 4 * larger);
    if (table === 0) return false;
    const u32 = memory.u32;
    for (let entry = capacity; entry < larger; entry++) {
      u32[(table >>> 2) + entry] = 2 * (entry + 1) + 1;
    }
    u32[TABLE] = table;
    u32[CAPACITY] = larger;
    return true;
  }

  return {
    add: (object) => {
      if (memory.u32[FREE] === memory.u32[CAPACITY] && !grow()) {
        core.errors.noMemory();
        return -1;
      }
      const u32 = memory.u32;
      const entry = u32[FREE];
      const word = (u32[TABLE] >>> 2) + entry;
      u32[FREE] = u32[word] >>> 1;
      u32[word] = object;
      u32[COUNT]++;
      return entry;
    },
    remove: (entry) => {
      const u32 = memory.u32;
      const word = (u32[TABLE] >>> 2) + entry;
      const object = u32[word];
      u32[word] = 2 * u32[FREE] + 1;
      u32[FREE] = entry;
      u32[COUNT]--;
      return object;
    },
    get: (entry) => memory.u32[(memory.u32[TABLE] >>> 2) + entry],
    count: () => memory.u32[COUNT],
  };
}
