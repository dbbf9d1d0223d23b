/**
 * The values of an instance whose keys its class shares (`PyDictValues`), and the order in which they came.
 *
 * 3.11, 3.12: a block from the MEM domain; its address is that of the first value, what is known of it lies before.
 *
 *     -prefix        order bytes, last to first: the value that came i-th at -3 - i
 *     -2             values set
 *     -1             bytes of the prefix: capacity + 2, rounded up to a word
 *      0             capacity values, NULL where not set
 *
 * 3.13 and later: within the instance, right after its fields, or (when the instance died before its dict) a block of
 * its own.
 *
 *      0             capacity
 *      1             values set
 *      2             whether within an instance
 *      3             whether in use: not so when the instance's dict has a table of its own
 *      W             capacity values, NULL where not set
 *      W + capacity W  order bytes, first to last; rounded up to a word
 */
import type { Address } from "@pyrena/abi";
import type { ValuesApi } from "../api/tables.ts";
import type { Core } from "../core/core.ts";

export function makeValues(core: Core): ValuesApi {
  return core.facts.attributes === "inline" ? inlineValues(core) : separateValues(core);
}

/** What both layouts have in common. */
type Place = Pick<ValuesApi, "size" | "order" | "addToOrder" | "removeFromOrder">;

function separateValues(core: Core): ValuesApi {
  const { memory, mem, word, wide, wordShift } = core;
  const SIZE = -2;
  const PREFIX = -1;
  const FIRST = -3;

  function bytes(capacity: number): number {
    return prefixBytes(capacity) + capacity * word;
  }

  function prefixBytes(capacity: number): number {
    return Math.ceil((capacity + 2) / word) * word;
  }

  const place: Place = {
    size: (values) => memory.u8[values + SIZE],
    order: (values, n) => memory.u8[values + FIRST - n],
    addToOrder: (values, index) => {
      const u8 = memory.u8;
      const size = u8[values + SIZE];
      u8[values + FIRST - size] = index;
      u8[values + SIZE] = size + 1;
    },
    removeFromOrder: (values, index) => {
      const u8 = memory.u8;
      const size = u8[values + SIZE] - 1;
      let n = 0;
      while (u8[values + FIRST - n] !== index) n++;
      for (; n < size; n++) u8[values + FIRST - n] = u8[values + FIRST - n - 1];
      u8[values + SIZE] = size;
    },
  };

  return {
    ...place,
    bytes,
    create: (capacity) => {
      const block = mem.malloc(bytes(capacity));
      if (block === 0) return core.errors.noMemory();
      const prefix = prefixBytes(capacity);
      const values = block + prefix;
      memory.u8[values + PREFIX] = prefix;
      memory.u8[values + SIZE] = 0;
      const u32 = memory.u32;
      const end = (values + capacity * word) >>> 2;
      for (let i = values >>> 2; i < end; i++) u32[i] = 0;
      return values;
    },
    initInline: () => {},
    copy: (values, capacity) => {
      const block = mem.malloc(bytes(capacity));
      if (block === 0) return core.errors.noMemory();
      // The class's keys may have had more room when the values were made: then their prefix is longer.
      const prefix = prefixBytes(capacity);
      memory.u8.copyWithin(block, values - prefix, values + capacity * word);
      memory.u8[block + prefix + PREFIX] = prefix;
      return block + prefix;
    },
    free: (values) => mem.free(values - memory.u8[values + PREFIX]),
    get: (values, index) => memory.u32[(values + (index << wordShift)) >>> 2],
    set: (values, index, object) => {
      const i = (values + (index << wordShift)) >>> 2;
      memory.u32[i] = object;
      if (wide) memory.u32[i + 1] = 0;
    },
    isEmbedded: () => false,
    isValid: () => true,
    retire: () => {},
    invalidate: () => {},
    setSize: (values, size) => {
      memory.u8[values + SIZE] = size;
    },
    block: (values) => values - memory.u8[values + PREFIX],
  };
}

function inlineValues(core: Core): ValuesApi {
  const { memory, mem, word, wordShift } = core;
  const SIZE = 1;
  const EMBEDDED = 2;
  const VALID = 3;
  const ITEMS = word;

  function bytes(capacity: number): number {
    return (capacity + 1) * word + Math.ceil(capacity / word) * word;
  }

  function orderAt(values: Address): Address {
    return values + ITEMS + (memory.u8[values] << wordShift);
  }

  function init(values: Address, capacity: number, embedded: number): void {
    const { u8, u32 } = memory;
    const end = (values + bytes(capacity)) >>> 2;
    for (let i = values >>> 2; i < end; i++) u32[i] = 0;
    u8[values] = capacity;
    u8[values + EMBEDDED] = embedded;
    u8[values + VALID] = 1;
  }

  const place: Place = {
    size: (values) => memory.u8[values + SIZE],
    order: (values, n) => memory.u8[orderAt(values) + n],
    addToOrder: (values, index) => {
      const u8 = memory.u8;
      const size = u8[values + SIZE];
      u8[orderAt(values) + size] = index;
      u8[values + SIZE] = size + 1;
    },
    removeFromOrder: (values, index) => {
      const u8 = memory.u8;
      const size = u8[values + SIZE] - 1;
      let n = orderAt(values);
      const end = n + size;
      while (u8[n] !== index) n++;
      for (; n < end; n++) u8[n] = u8[n + 1];
      u8[values + SIZE] = size;
    },
  };

  return {
    ...place,
    bytes,
    create: (capacity) => {
      const values = mem.malloc(bytes(capacity));
      if (values === 0) return core.errors.noMemory();
      init(values, capacity, 0);
      return values;
    },
    initInline: (values, capacity) => init(values, capacity, 1),
    copy: (values) => {
      const size = bytes(memory.u8[values]);
      const copy = mem.malloc(size);
      if (copy === 0) return core.errors.noMemory();
      memory.u8.copyWithin(copy, values, values + size);
      memory.u8[copy + EMBEDDED] = 0;
      memory.u8[copy + VALID] = 1;
      return copy;
    },
    free: (values) => mem.free(values),
    get: (values, index) => memory.u32[(values + ITEMS + (index << wordShift)) >>> 2],
    set: (values, index, object) => {
      memory.u32[(values + ITEMS + (index << wordShift)) >>> 2] = object;
    },
    isEmbedded: (values) => memory.u8[values + EMBEDDED] !== 0,
    isValid: (values) => memory.u8[values + VALID] !== 0,
    retire: (values) => {
      memory.u8[values + VALID] = 0;
    },
    invalidate: (values) => {
      const { u8, u32 } = memory;
      const end = (values + ITEMS + (u8[values] << wordShift)) >>> 2;
      for (let i = (values + ITEMS) >>> 2; i < end; i++) u32[i] = 0;
      u8[values + SIZE] = 0;
      u8[values + VALID] = 0;
    },
    setSize: (values, size) => {
      memory.u8[values + SIZE] = size;
    },
    block: (values) => values,
  };
}
