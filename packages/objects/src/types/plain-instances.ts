/**
 * The common case, without detours: instances that are nothing but attributes, of classes that derive from `object` and
 * have no slots. A class says so in the word where CPython caches for its interpreter (`spec_cache`): bit 0, until a data
 * descriptor is set on it or one of its bases. Bits 1 and 2 say that it or a base defines `__new__` or `__init__`.
 *
 * Whatever these functions do not settle, the general ones (instance.ts, instance-dict.ts) do.
 */
import { type Address, layoutOf } from "@pyrena/abi";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout, typeLayout } from "../core/type-object.ts";
import { dictKeysStruct } from "./dict-keys.ts";
import type { InstanceWords } from "./instance-words.ts";

/** Instances of plain classes. */
export interface PlainInstances {
  isPlain(this: void, cls: Address): boolean;
  /** Bits of a class; 0 for built-in types. */
  marks(this: void, cls: Address): number;
  setMarks(this: void, cls: Address, marks: number): void;
  /** A value, borrowed; NULL: not settled. The class is plain. */
  get(this: void, object: Address, cls: Address, name: Address): Address;
  /** Store a value; false: not settled. The class is plain. */
  set(this: void, object: Address, cls: Address, name: Address, value: Address): boolean;
  /** Memory for an instance with its inline values, header written, not tracked; for versions that have these. */
  allocate(this: void, cls: Address): Address;
}

/** What a class says of itself. */
export const marks: { readonly plain: 1; readonly hasNew: 2; readonly hasInit: 4 } = {
  plain: 1,
  hasNew: 2,
  hasInit: 4,
};

/** Shared keys are looked through one by one up to this many: names are interned, so that their address tells. */
const FEW = 8;
/** Bytes of the index table of shared keys. */
const INDEX_BYTES = 64;

export function makePlainInstances(core: Core, words: InstanceWords): PlainInstances {
  const { memory, alloc, refs, facts, word, wordShift } = core;
  const T = typeLayout(core).at;
  const H = heapTypeLayout(core).at;
  const K = layoutOf(dictKeysStruct, core.profile.abi);
  const { attributes: where } = facts;
  const { valuesOf, firstValue } = words;
  const { values: valuesApi } = core.dict;
  const MARK = H.spec_cache;
  const KEYS = H.ht_cached_keys;
  const BASICSIZE = T.tp_basicsize;
  const FLAGS = T.tp_flags;
  const ENTRIES = K.bytes + INDEX_BYTES;
  const USED = K.at.dk_nentries;
  const USABLE = K.at.dk_usable;
  const DICT = 3 * word;
  const PREFIX = 4 * word;
  const ENTRY_SHIFT = wordShift + 1;
  const HEADER = 2 * word;
  const { heapType, managedDict } = typeFlags;
  /** Number of an interned name among the first shared keys, or -1. */
  function indexOf(keys: Address, name: Address): number {
    const u32 = memory.u32;
    const used = u32[(keys + USED) >>> 2];
    const count = Math.min(used, FEW);
    const first = keys + ENTRIES;
    for (let n = 0; n < count; n++) {
      if (u32[(first + (n << ENTRY_SHIFT)) >>> 2] === name) return n;
    }
    return -1;
  }

  return {
    isPlain: (cls) => {
      const u32 = memory.u32;
      // Static types end before the mark.
      return (u32[(cls + FLAGS) >>> 2] & managedDict) !== 0 && (u32[(cls + MARK) >>> 2] & 1) !== 0;
    },
    marks: (cls) => {
      const u32 = memory.u32;
      return (u32[(cls + FLAGS) >>> 2] & heapType) === 0 ? 0 : u32[(cls + MARK) >>> 2];
    },
    setMarks: (cls, bits) => {
      memory.u32[(cls + MARK) >>> 2] = bits;
    },
    get: (object, cls, name) => {
      const values = valuesOf(object, cls);
      if (values === 0) return 0;
      const index = indexOf(memory.u32[(cls + KEYS) >>> 2], name);
      return index < 0 ? 0 : memory.u32[(values + firstValue + (index << wordShift)) >>> 2];
    },
    set: (object, cls, name, value) => {
      const values = valuesOf(object, cls);
      if (values === 0) return false;
      const u32 = memory.u32;
      const index = indexOf(u32[(cls + KEYS) >>> 2], name);
      if (index < 0) return false;
      const i = (values + firstValue + (index << wordShift)) >>> 2;
      const before = u32[i];
      if (before === 0) {
        // A dict over inline values counts them: that is for the others to do.
        if (where === "inline" && u32[(object - DICT) >>> 2] !== 0) return false;
        refs.incref(value);
        u32[i] = value;
        valuesApi.addToOrder(values, index);
        return true;
      }
      refs.incref(value);
      u32[i] = value;
      refs.decref(before);
      return true;
    },
    allocate: (cls) => {
      let u32 = memory.u32;
      const keys = u32[(cls + KEYS) >>> 2];
      const basicsize = u32[(cls + BASICSIZE) >>> 2];
      const room = u32[(keys + USED) >>> 2] + u32[(keys + USABLE) >>> 2];
      const bytes =
        basicsize + ((room + 1) << wordShift) + (((room + word - 1) >>> wordShift) << wordShift);
      const object = alloc.gcObject(cls, bytes, PREFIX);
      if (object === 0) return 0;
      u32 = memory.u32;
      for (let i = (object + HEADER) >>> 2, end = (object + bytes) >>> 2; i < end; i++) u32[i] = 0;
      const usable = (keys + USABLE) >>> 2;
      let capacity = room;
      if (u32[usable] > 1) {
        u32[usable]--;
        capacity--;
      }
      // Capacity, size 0, embedded, valid.
      u32[(object + basicsize) >>> 2] = capacity | 0x01010000;
      return object;
    },
  };
}
