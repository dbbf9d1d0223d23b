/**
 * Keys objects of dicts (`Objects/dict-common.h`): an index table that is probed by hash, and behind it the entries in
 * order of insertion.
 *
 *                lp64  ilp32
 *     dk_refcnt     0      0   dicts (and a class) that use it
 *     log2_size     8      4   slots of the index table: 2^n
 *     log2_index    9      5   bytes of the index table: 2^n; 1, 2 or 4 a slot
 *     kind         10      6   0 general, 1 all keys are exact strs, 2 shared by the instances of a class
 *     version      12      8
 *     usable       16     12   entries that may still be added
 *     nentries     24     16   entries used, deleted ones included
 *     indices      32     20   -1: free, -2: deleted, else an entry's number
 *     entries                  general: hash, key, value; the others: key, value (in shared keys the value is NULL)
 *
 * K1  indices that are entry numbers name distinct entries with a key, one for each such entry.
 * K2  a slot is found from a hash by i = hash, then i = 5i + perturb + 1 with perturb >>= 5, before a free slot.
 * K3  usable + nentries <= two thirds of the slots, so that a free slot always remains.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** `PyDictKeysObject`, without its tables. */
export const dictKeysStruct: StructDefinition<
  | "dk_refcnt"
  | "dk_log2_size"
  | "dk_log2_index_bytes"
  | "dk_kind"
  | "dk_mutex"
  | "dk_version"
  | "dk_usable"
  | "dk_nentries"
> = defineStruct("PyDictKeysObject", {
  dk_refcnt: { type: "size", help: "users" },
  dk_log2_size: { type: "u8", help: "log2 of the slots" },
  dk_log2_index_bytes: { type: "u8", help: "log2 of the index table's bytes" },
  dk_kind: { type: "u8", help: "0 general, 1 all-str, 2 shared" },
  dk_mutex: { type: "u8", help: "free-threaded builds" },
  dk_version: "u32",
  dk_usable: { type: "size", help: "entries that may be added" },
  dk_nentries: { type: "size", help: "entries used" },
});

/** Kinds of keys objects. */
export const GENERAL = 0;
export const ALL_STR = 1;
export const SHARED = 2;
/** What a lookup returns in place of an entry's number. */
export const ABSENT = -1;
export const FAILED = -3;
/** In an index table: an entry was here. */
const DUMMY = -2;
/** log2 of the slots of the smallest table. */
export const LOG2_MIN = 3;
/** The largest table that a memory of 4 GiB has room for, as log2. */
const LOG2_MAX = 28;
/** Up to this size a loop fills a table sooner than a call of `fill`. */
const SMALL_BYTES = 400;
/** Slots of a class's shared keys, as log2, and the entries they may hold. */
const LOG2_SHARED = 6;
const SHARED_MAX = 30;

/** Entries that fit in so many slots: two thirds. */
export function usableFraction(slots: number): number {
  return Math.floor((2 * slots) / 3);
}

/** Keys objects of one heap. */
export interface DictKeys {
  /** The keys of all empty dicts: static, never written, not counted. */
  readonly empty: Address;
  /** Offset of the kind, u8. */
  readonly kindOffset: number;
  /** Offset of the index table. */
  readonly indicesOffset: number;
  /** log2 of the slots for at least `minimum`. */
  log2For(this: void, minimum: number): number;
  /** An empty keys object, count 1; NULL with MemoryError pending. */
  create(this: void, log2Size: number, allStr: boolean): Address;
  createShared(this: void): Address;
  /** A copy of a keys object that owns its keys and values once more. NULL with MemoryError pending. */
  clone(this: void, keys: Address): Address;
  incref(this: void, keys: Address): void;
  /** Drop a use: the last one releases keys and values in order of insertion. */
  decref(this: void, keys: Address): void;
  /** Give back the memory of keys whose entries have moved elsewhere. */
  free(this: void, keys: Address): void;
  bytes(this: void, keys: Address): number;
  slots(this: void, keys: Address): number;
  log2Slots(this: void, keys: Address): number;
  refcount(this: void, keys: Address): number;
  kind(this: void, keys: Address): number;
  count(this: void, keys: Address): number;
  usable(this: void, keys: Address): number;
  setCount(this: void, keys: Address, count: number): void;
  setUsable(this: void, keys: Address, usable: number): void;
  /** Address of the first entry. */
  entries(this: void, keys: Address): Address;
  /** Bytes of an entry. */
  stride(this: void, keys: Address): number;
  keyAt(this: void, keys: Address, index: number): Address;
  valueAt(this: void, keys: Address, index: number): Address;
  setValueAt(this: void, keys: Address, index: number, value: Address): void;
  /** Low half of the hash of an entry's key, signed; the high half in `core.hashHigh`. */
  hashAt(this: void, keys: Address, index: number): number;
  /** Entry of an exact str in all-str or shared keys, or ABSENT. Runs no code of users. */
  findStr(this: void, keys: Address, key: Address, low: number, high: number): number;
  /** The same, but the entry's address, or 0. */
  entryOfStr(this: void, keys: Address, key: Address, low: number, high: number): Address;
  /** Slot that holds an entry's number. */
  slotOf(this: void, keys: Address, low: number, high: number, index: number): number;
  /** What a slot of the index table says: an entry's number, -1 free, -2 deleted. */
  slotAt(this: void, keys: Address, slot: number): number;
  /** Mark a slot as deleted. */
  bury(this: void, keys: Address, slot: number): void;
  /** Add an entry: steals key and value. There must be usable room, and the key must not be there. */
  append(
    this: void,
    keys: Address,
    key: Address,
    low: number,
    high: number,
    value: Address,
  ): number;
  /** Empty an entry; its references are the caller's. */
  erase(this: void, keys: Address, index: number): void;
  /** Fill the index table of new keys whose first `count` entries have been written. */
  index(this: void, keys: Address, count: number): void;
  /** Move the entries that have a value, in order, to new keys of the same or the general kind. */
  moveEntries(this: void, from: Address, to: Address): void;
  /** Write entry `index` of new keys. */
  write(
    this: void,
    keys: Address,
    index: number,
    key: Address,
    low: number,
    high: number,
    value: Address,
  ): void;
}

export function makeDictKeys(core: Core): DictKeys {
  const { memory, refs, alloc, facts, wide, word, state, at, profile } = core;
  const { bytes: HEADER, at: K } = layoutOf(dictKeysStruct, profile.abi);
  const LOG2 = K.dk_log2_size;
  const LOG2_INDEX = K.dk_log2_index_bytes;
  const KIND = K.dk_kind;
  const VERSION = K.dk_version;
  const USABLE = K.dk_usable;
  const COUNT = K.dk_nentries;
  const PAIR = 2 * word;
  const TRIPLE = 3 * word;
  /** Of a str: where its hash is kept. */
  const STR_HASH = 3 * word;
  const domain = facts.dictKeysDomain === "obj" ? core.obj : core.mem;
  const kept = alloc.freeList("dictKeys", profile.freeLists.dictKeys, (keys) => domain.free(keys));
  const SMALLEST_USABLE = usableFraction(1 << LOG2_MIN);
  const SMALLEST_BYTES = HEADER + (1 << LOG2_MIN) + SMALLEST_USABLE * PAIR;
  const OVER_ROUNDS = facts.overRoundsDicts;

  const empty = core.fresh ? makeEmpty() : memory.u32[(state + at.keys_empty) >>> 2];

  function makeEmpty(): Address {
    const keys = alloc.staticData(HEADER + 8);
    const { u8, u32 } = memory;
    u32[keys >>> 2] = 1;
    u8[keys + LOG2_INDEX] = 3;
    u8[keys + KIND] = ALL_STR;
    u32[(keys + VERSION) >>> 2] = 1;
    u8.fill(0xff, keys + HEADER, keys + HEADER + 8);
    u32[(state + at.keys_empty) >>> 2] = keys;
    return keys;
  }

  function setSize(address: Address, value: number): void {
    memory.u32[address >>> 2] = value;
    if (wide) memory.u32[(address >>> 2) + 1] = 0;
  }

  function log2For(minimum: number): number {
    // Tables of fewer slots than a count asks for are never made; 3.11 to 3.13 round some counts up twice.
    const last = OVER_ROUNDS ? (minimum | 8) - 1 : Math.max(minimum, 1) - 1;
    return 32 - Math.clz32(last | 7);
  }

  function create(log2Size: number, allStr: boolean): Address {
    if (log2Size === LOG2_MIN && allStr) return createSmallest();
    if (log2Size > LOG2_MAX) return core.errors.noMemory();
    const slots = 2 ** log2Size;
    const log2Index = log2Size + (log2Size < 8 ? 0 : log2Size < 16 ? 1 : 2);
    const usable = usableFraction(slots);
    const tables = HEADER + 2 ** log2Index;
    const bytes = tables + usable * (allStr ? PAIR : TRIPLE);
    const keys = domain.malloc(bytes);
    if (keys === 0) return core.errors.noMemory();
    const { u8, u32 } = memory;
    setSize(keys, 1);
    u8[keys + LOG2] = log2Size;
    u8[keys + LOG2_INDEX] = log2Index;
    u8[keys + KIND] = allStr ? ALL_STR : GENERAL;
    u8[keys + KIND + 1] = 0;
    u32[(keys + VERSION) >>> 2] = 0;
    setSize(keys + USABLE, usable);
    setSize(keys + COUNT, 0);
    if (bytes <= SMALL_BYTES) {
      const end = (keys + bytes) >>> 2;
      let i = (keys + HEADER) >>> 2;
      for (const entries = (keys + tables) >>> 2; i < entries; i++) u32[i] = 0xffffffff;
      for (; i < end; i++) u32[i] = 0;
    } else {
      u32.fill(0xffffffff, (keys + HEADER) >>> 2, (keys + tables) >>> 2);
      u32.fill(0, (keys + tables) >>> 2, (keys + bytes) >>> 2);
    }
    return keys;
  }

  /** The smallest all-str keys, which most dicts and all calls with keywords use: every word written by a constant. */
  function createSmallest(): Address {
    let keys = kept.pop();
    if (keys === 0) {
      keys = domain.malloc(SMALLEST_BYTES);
      if (keys === 0) return core.errors.noMemory();
    }
    const u32 = memory.u32;
    const i = keys >>> 2;
    u32[i] = 1;
    u32[(keys + LOG2) >>> 2] = LOG2_MIN | (LOG2_MIN << 8) | (ALL_STR << 16);
    u32[(keys + VERSION) >>> 2] = 0;
    u32[(keys + USABLE) >>> 2] = SMALLEST_USABLE;
    u32[(keys + COUNT) >>> 2] = 0;
    u32[(keys + HEADER) >>> 2] = 0xffffffff;
    u32[(keys + HEADER + 4) >>> 2] = 0xffffffff;
    if (wide) {
      u32[i + 1] = 0;
      u32[(keys + USABLE + 4) >>> 2] = 0;
      u32[(keys + COUNT + 4) >>> 2] = 0;
      const f64 = memory.f64;
      const end = (keys + SMALLEST_BYTES) >>> 3;
      for (let n = (keys + HEADER + 8) >>> 3; n < end; n++) f64[n] = 0;
    } else {
      const end = (keys + SMALLEST_BYTES) >>> 2;
      for (let n = (keys + HEADER + 8) >>> 2; n < end; n++) u32[n] = 0;
    }
    return keys;
  }

  function createShared(): Address {
    const keys = create(LOG2_SHARED, true);
    if (keys === 0) return 0;
    memory.u8[keys + KIND] = SHARED;
    memory.u32[(keys + USABLE) >>> 2] = SHARED_MAX;
    return keys;
  }

  function entries(keys: Address): Address {
    return keys + HEADER + (1 << memory.u8[keys + LOG2_INDEX]);
  }

  function stride(keys: Address): number {
    return memory.u8[keys + KIND] === GENERAL ? TRIPLE : PAIR;
  }

  /** Address of the key in an entry; its value is the next word. */
  function keyWord(keys: Address, index: number): Address {
    return memory.u8[keys + KIND] === GENERAL
      ? entries(keys) + index * TRIPLE + word
      : entries(keys) + index * PAIR;
  }

  function bytes(keys: Address): number {
    const log2 = memory.u8[keys + LOG2];
    return HEADER + (1 << memory.u8[keys + LOG2_INDEX]) + usableFraction(2 ** log2) * stride(keys);
  }

  function free(keys: Address): void {
    const u8 = memory.u8;
    if (u8[keys + LOG2] === LOG2_MIN && u8[keys + KIND] !== GENERAL && kept.push(keys)) return;
    domain.free(keys);
  }

  function releaseAll(keys: Address): void {
    const step = stride(keys);
    const count = memory.u32[(keys + COUNT) >>> 2];
    let entry = keyWord(keys, 0);
    for (let n = 0; n < count; n++, entry += step) {
      const key = memory.u32[entry >>> 2];
      if (key !== 0) refs.decref(key);
      const value = memory.u32[(entry + word) >>> 2];
      if (value !== 0) refs.decref(value);
    }
    free(keys);
  }

  function clone(keys: Address): Address {
    const size = bytes(keys);
    const copy = domain.malloc(size);
    if (copy === 0) return core.errors.noMemory();
    memory.u8.copyWithin(copy, keys, keys + size);
    setSize(copy, 1);
    const step = stride(copy);
    const count = memory.u32[(copy + COUNT) >>> 2];
    let entry = keyWord(copy, 0);
    for (let n = 0; n < count; n++, entry += step) {
      const value = memory.u32[(entry + word) >>> 2];
      if (value === 0) continue;
      refs.incref(memory.u32[entry >>> 2]);
      refs.incref(value);
    }
    return copy;
  }

  /** What a slot says, signed. */
  function slotAt(keys: Address, slot: number): number {
    const log2 = memory.u8[keys + LOG2];
    if (log2 < 8) return (memory.u8[keys + HEADER + slot] << 24) >> 24;
    if (log2 < 16) return (memory.u16[(keys + HEADER + 2 * slot) >>> 1] << 16) >> 16;
    return memory.i32[(keys + HEADER + 4 * slot) >>> 2];
  }

  function setSlot(keys: Address, slot: number, index: number): void {
    const log2 = memory.u8[keys + LOG2];
    if (log2 < 8) memory.u8[keys + HEADER + slot] = index;
    else if (log2 < 16) memory.u16[(keys + HEADER + 2 * slot) >>> 1] = index;
    else memory.i32[(keys + HEADER + 4 * slot) >>> 2] = index;
  }

  function findStr(keys: Address, key: Address, low: number, high: number): number {
    const entry = entryOfStr(keys, key, low, high);
    return entry === 0 ? ABSENT : (entry - entries(keys)) / PAIR;
  }

  /**
   * The search of dict-table.ts for tables of strs alone: nothing can call back, so the views stay good, and
   * no step has to ask which kind of table it is in.
   */
  function entryOfStr(keys: Address, key: Address, low: number, high: number): Address {
    const { u8, u16, u32, i32 } = memory;
    const log2 = u8[keys + LOG2];
    const mask = (1 << log2) - 1;
    const indices = keys + HEADER;
    const first = indices + (1 << u8[keys + LOG2_INDEX]);
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      const index =
        log2 < 8
          ? (u8[indices + slot] << 24) >> 24
          : log2 < 16
            ? (u16[(indices + 2 * slot) >>> 1] << 16) >> 16
            : i32[(indices + 4 * slot) >>> 2];
      if (index >= 0) {
        const entry = first + index * PAIR;
        const found = u32[entry >>> 2];
        if (found === key) return entry;
        if (
          i32[(found + STR_HASH) >>> 2] === low &&
          (!wide || i32[(found + STR_HASH + 4) >>> 2] === high) &&
          core.str.same(found, key)
        ) {
          return entry;
        }
      } else if (index === ABSENT) return 0;
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + perturb + 1) & mask;
    }
  }

  /** Enter an index in the first slot on a hash's way that names no entry: a free one, or that of a deleted entry. */
  function takeSlot(keys: Address, low: number, high: number, index: number): void {
    const { u8, u16, i32 } = memory;
    const log2 = u8[keys + LOG2];
    const mask = (1 << log2) - 1;
    const indices = keys + HEADER;
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      if (log2 < 8) {
        if (u8[indices + slot] >= 0x80) {
          u8[indices + slot] = index;
          return;
        }
      } else if (log2 < 16) {
        const i = (indices + 2 * slot) >>> 1;
        if (u16[i] >= 0x8000) {
          u16[i] = index;
          return;
        }
      } else {
        const i = (indices + 4 * slot) >>> 2;
        if (i32[i] < 0) {
          i32[i] = index;
          return;
        }
      }
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + perturb + 1) & mask;
    }
  }

  function slotOf(keys: Address, low: number, high: number, index: number): number {
    const mask = (1 << memory.u8[keys + LOG2]) - 1;
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      const found = slotAt(keys, slot);
      if (found === index) return slot;
      if (found === ABSENT) return ABSENT;
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + perturb + 1) & mask;
    }
  }

  function hashAt(keys: Address, index: number): number {
    const i32 = memory.i32;
    let where = entries(keys) + index * TRIPLE;
    if (memory.u8[keys + KIND] !== GENERAL) {
      const key = memory.u32[(entries(keys) + index * PAIR) >>> 2];
      where = key + STR_HASH;
    }
    if (wide) core.hashHigh = i32[(where + 4) >>> 2];
    return i32[where >>> 2];
  }

  function write(
    keys: Address,
    index: number,
    key: Address,
    low: number,
    high: number,
    value: Address,
  ): void {
    const { u32, i32 } = memory;
    const entry = keyWord(keys, index);
    if (memory.u8[keys + KIND] === GENERAL) {
      i32[(entry - word) >>> 2] = low;
      if (wide) i32[(entry - 4) >>> 2] = high;
    }
    u32[entry >>> 2] = key;
    u32[(entry + word) >>> 2] = value;
  }

  function moveEntries(from: Address, to: Address): void {
    const { u8, u32, i32 } = memory;
    const count = u32[(from + COUNT) >>> 2];
    const wasGeneral = u8[from + KIND] === GENERAL;
    const isGeneral = u8[to + KIND] === GENERAL;
    const fromStep = wasGeneral ? TRIPLE : PAIR;
    const toStep = isGeneral ? TRIPLE : PAIR;
    let source = keyWord(from, 0);
    let target = keyWord(to, 0);
    for (let n = 0; n < count; n++, source += fromStep) {
      const value = u32[(source + word) >>> 2];
      if (value === 0) continue;
      const key = u32[source >>> 2];
      u32[target >>> 2] = key;
      u32[(target + word) >>> 2] = value;
      if (isGeneral) {
        const hash = wasGeneral ? source - word : key + STR_HASH;
        i32[(target - word) >>> 2] = i32[hash >>> 2];
        if (wide) i32[(target - 4) >>> 2] = i32[(hash + 4) >>> 2];
      }
      target += toStep;
    }
  }

  function append(keys: Address, key: Address, low: number, high: number, value: Address): number {
    const u32 = memory.u32;
    const index = u32[(keys + COUNT) >>> 2];
    takeSlot(keys, low, high, index);
    write(keys, index, key, low, high, value);
    u32[(keys + COUNT) >>> 2] = index + 1;
    u32[(keys + USABLE) >>> 2]--;
    return index;
  }

  function index(keys: Address, count: number): void {
    const { u8, u16, u32, i32 } = memory;
    const log2 = u8[keys + LOG2];
    const mask = (1 << log2) - 1;
    const indices = keys + HEADER;
    const general = u8[keys + KIND] === GENERAL;
    const step = general ? TRIPLE : PAIR;
    let entry = entries(keys);
    for (let n = 0; n < count; n++, entry += step) {
      const hash = general ? entry : u32[entry >>> 2] + STR_HASH;
      const low = i32[hash >>> 2];
      let upper = wide ? i32[(hash + 4) >>> 2] : 0;
      let slot = low & mask;
      let perturb = low >>> 0;
      for (;;) {
        if (log2 < 8) {
          if (u8[indices + slot] === 0xff) {
            u8[indices + slot] = n;
            break;
          }
        } else if (log2 < 16) {
          if (u16[(indices + 2 * slot) >>> 1] === 0xffff) {
            u16[(indices + 2 * slot) >>> 1] = n;
            break;
          }
        } else if (i32[(indices + 4 * slot) >>> 2] === -1) {
          i32[(indices + 4 * slot) >>> 2] = n;
          break;
        }
        if (wide) {
          perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
          upper >>>= 5;
        } else perturb >>>= 5;
        slot = (slot * 5 + perturb + 1) & mask;
      }
    }
    u32[(keys + COUNT) >>> 2] = count;
    u32[(keys + USABLE) >>> 2] -= count;
  }

  return {
    empty,
    kindOffset: KIND,
    indicesOffset: HEADER,
    log2For,
    create,
    createShared,
    clone,
    incref: (keys) => {
      if (keys !== empty) memory.u32[keys >>> 2]++;
    },
    decref: (keys) => {
      if (keys === empty) return;
      if (--memory.u32[keys >>> 2] === 0) releaseAll(keys);
    },
    free,
    bytes,
    slots: (keys) => 1 << memory.u8[keys + LOG2],
    log2Slots: (keys) => memory.u8[keys + LOG2],
    refcount: (keys) => memory.u32[keys >>> 2],
    kind: (keys) => memory.u8[keys + KIND],
    count: (keys) => memory.u32[(keys + COUNT) >>> 2],
    usable: (keys) => memory.u32[(keys + USABLE) >>> 2],
    setCount: (keys, count) => {
      memory.u32[(keys + COUNT) >>> 2] = count;
    },
    setUsable: (keys, usable) => {
      memory.u32[(keys + USABLE) >>> 2] = usable;
    },
    entries,
    stride,
    keyAt: (keys, n) => memory.u32[keyWord(keys, n) >>> 2],
    valueAt: (keys, n) => memory.u32[(keyWord(keys, n) + word) >>> 2],
    setValueAt: (keys, n, value) => {
      memory.u32[(keyWord(keys, n) + word) >>> 2] = value;
    },
    hashAt,
    findStr,
    entryOfStr,
    slotOf,
    slotAt,
    moveEntries,
    bury: (keys, slot) => setSlot(keys, slot, DUMMY),
    append,
    erase: (keys, n) => {
      const entry = keyWord(keys, n);
      memory.u32[entry >>> 2] = 0;
      memory.u32[(entry + word) >>> 2] = 0;
    },
    index,
    write,
  };
}
