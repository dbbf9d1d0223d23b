/**
 * Attributes of instances, in the values that the class's shared keys name, or in a dict. Where both lie, and invariants
 * I1 and I2: instance-words.ts.
 */
import { type Address, layoutOf } from "@pyrena/abi";
import { typeFlags, type Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { typeLayout } from "../core/type-object.ts";
import { dictStruct } from "./dict.ts";
import type { InstanceWords } from "./instance-words.ts";

/** What `set` returns besides 0 and -1 (an exception is pending). */
export const NO_DICT = 1;
/** What `set` returns where the attribute that shall go is not there … */
export const MISSING = 2;
/** … and where its class has a place for it among the values. */
export const NOT_SET = 3;

/** Attributes of instances; part of `core.classes`. */
export interface InstanceDicts {
  /** `_PyObject_InitializeDict` (3.11, 3.12): the values block of an instance that `object.__new__` makes. 0 or -1. */
  initialize(this: void, object: Address, cls: Address): number;
  /** Bytes of inline values to be allocated after an instance; 0 without. */
  inlineBytes(this: void, cls: Address): number;
  /** Write the inline values of a new instance, and let the class's keys shrink. */
  initInline(this: void, object: Address, cls: Address): void;
  /** Borrowed; NULL: absent, or an exception is pending. */
  get(this: void, object: Address, cls: Address, name: Address): Address;
  /** Store, or with NULL delete: 0, -1, NO_DICT, MISSING or NOT_SET. */
  set(this: void, object: Address, cls: Address, name: Address, value: Address): number;
  /** The dict, made on demand, borrowed. NULL with an exception pending, or without: the type has none. */
  dict(this: void, object: Address, cls: Address): Address;
  /** Give the instance another dict: borrowed. 0, -1 or NO_DICT. */
  setDict(this: void, object: Address, cls: Address, dict: Address): number;
  /** Make attributes independent of the class, which is about to change: in a dict of their own. 0 or -1. */
  detach(this: void, object: Address, cls: Address): number;
  /** Attributes in order, borrowed. */
  entries(this: void, object: Address, cls: Address): [Address, Address][];
  /** Drop what a managed dict holds, as the instance dies or its cycle is broken. */
  clearManaged(this: void, object: Address, cls: Address): void;
  /** The same one reference at a time: takes the next one out, or NULL when nothing is left. */
  takeManaged(this: void, object: Address, cls: Address): Address;
  traverseManaged(this: void, object: Address, cls: Address, visit: Visit): void;
  /** The managed dict where `traverseManaged` leaves it out, or NULL. */
  unvisitedDict(this: void, object: Address, cls: Address): Address;
  /** Address of the word with the dict pointer where the dict is not managed; NULL: none. */
  dictWord(this: void, object: Address, cls: Address): Address;
  /** The values block that the instance owns (3.11, 3.12), or NULL. */
  ownedValues(this: void, object: Address): Address;
}

export function makeInstanceDicts(core: Core, words: InstanceWords): InstanceDicts {
  const { memory, refs, types, errors, facts, wordShift, wide } = core;
  const FLAGS = typeLayout(core).at.tp_flags;
  const BASICSIZE = typeLayout(core).at.tp_basicsize;
  const { attributes: where } = facts;
  const { sharedKeys, valuesOf, firstValue, managed, enter, dictWord, dictSlot } = words;
  const D = layoutOf(dictStruct, core.profile.abi).at;
  const USED = D.ma_used;
  const { managedDict, inlineValues, heapType } = typeFlags;
  const u = (address: Address): number => memory.u32[address >>> 2];
  const flagsOf = (cls: Address): number => u(cls + FLAGS);
  /** Capacity of values made now. */
  const room = (keys: Address): number => core.dict.keysEntries(keys) + core.dict.keysUsable(keys);

  /** Each new instance leaves the class's keys one name less to come, until one is left. */
  function shrink(keys: Address): void {
    const usable = core.dict.keysUsable(keys);
    if (usable > 1) core.dict.setKeysUsable(keys, usable - 1);
  }

  /** An empty dict for an instance: over the class's shared keys, if it has any. */
  function newDict(cls: Address): Address {
    const keys = (flagsOf(cls) & heapType) === 0 ? 0 : sharedKeys(cls);
    if (keys === 0) return core.dict.create();
    const values = core.dict.values.create(room(keys));
    if (values === 0) return 0;
    const dict = core.dict.createSplit(keys, values, 0, false);
    if (dict === 0) core.dict.values.free(values);
    return dict;
  }

  /** Make the dict of an instance that has only values. Borrowed, or NULL. */
  function materialize(object: Address, cls: Address, values: Address): Address {
    const used = core.dict.values.size(values);
    const dict = core.dict.createSplit(sharedKeys(cls), values, used, where === "inline");
    if (dict !== 0) enter(object, dict);
    return dict;
  }

  function setItem(dict: Address, name: Address, value: Address): number {
    // Code of users that runs for the old value may take the dict away from the instance.
    refs.incref(dict);
    let result: number;
    if (value !== 0) result = core.dict.setItem(dict, name, value);
    else {
      result = core.dict.deleteItem(dict, name);
      if (result < 0 && errors.matches("KeyError")) {
        errors.clear();
        result = MISSING;
      }
    }
    refs.decref(dict);
    return result;
  }

  function setInDict(slot: Address, cls: Address, name: Address, value: Address): number {
    let dict = u(slot);
    if (dict === 0) {
      dict = newDict(cls);
      if (dict === 0) return -1;
      memory.u32[slot >>> 2] = dict;
      if (wide) memory.u32[(slot >>> 2) + 1] = 0;
    }
    return setItem(dict, name, value);
  }

  /** `_PyObject_StoreInstanceAttribute`: a name that is to be deleted enters the shared keys as well. */
  function setInValues(
    object: Address,
    cls: Address,
    values: Address,
    name: Address,
    value: Address,
  ): number {
    const api = core.dict.values;
    const index = core.dict.insertShared(sharedKeys(cls), name);
    let dict = managed(object);
    if (index < 0) {
      if (dict === 0) {
        // 3.11 and 3.12 make a dict only to find nothing in it.
        if (value === 0 && where === "inline") return MISSING;
        dict = materialize(object, cls, values);
        if (dict === 0) return -1;
      }
      return setItem(dict, name, value);
    }
    const before = api.get(values, index);
    if (value === 0) {
      if (before === 0) return NOT_SET;
      api.set(values, index, 0);
      api.removeFromOrder(values, index);
      if (dict !== 0) memory.u32[(dict + USED) >>> 2]--;
      refs.decref(before);
      return 0;
    }
    refs.incref(value);
    api.set(values, index, value);
    if (before !== 0) {
      refs.decref(before);
      return 0;
    }
    api.addToOrder(values, index);
    if (dict !== 0) memory.u32[(dict + USED) >>> 2]++;
    return 0;
  }

  /** Release values one by one, in the order of the shared keys. */
  function clearValues(values: Address, count: number): void {
    const first = values + firstValue;
    for (let n = 0; n < count; n++) {
      const u32 = memory.u32;
      const i = (first + (n << wordShift)) >>> 2;
      const value = u32[i];
      if (value === 0) continue;
      u32[i] = 0;
      refs.decref(value);
    }
    core.dict.values.setSize(values, 0);
  }

  function clearInline(object: Address, cls: Address): void {
    const values = valuesOf(object, cls);
    const dict = managed(object);
    if (dict === 0) {
      if (values === 0) return;
      core.dict.values.retire(values);
      clearValues(values, core.dict.keysEntries(sharedKeys(cls)));
      return;
    }
    if (values !== 0) leave(object, cls, dict, values);
    enter(object, 0);
    refs.decref(dict);
  }

  /**
   * The instance goes, and its dict with inline values goes on with a copy of them, even if it dies in the next moment.
   * Where there is no room for a copy, it is left empty.
   */
  function leave(object: Address, cls: Address, dict: Address, values: Address): void {
    if (core.dict.detachValues(dict) === 0) return;
    errors.writeUnraisable(`deallocation of an instance of ${types.name(cls)}`);
    const u32 = memory.u32;
    const keys = u32[(dict + D.ma_keys) >>> 2];
    u32[(dict + D.ma_used) >>> 2] = 0;
    u32[(dict + D.ma_keys) >>> 2] = core.dict.emptyKeys;
    u32[(dict + D.ma_values) >>> 2] = 0;
    enter(object, 0);
    clearValues(values, core.dict.keysEntries(sharedKeys(cls)));
    core.dict.values.invalidate(values);
    core.dict.decrefKeys(keys);
  }

  function clearOwned(object: Address, cls: Address): void {
    const values = valuesOf(object, cls);
    const dict = managed(object);
    enter(object, 0);
    if (values !== 0) {
      clearValues(values, core.dict.keysEntries(sharedKeys(cls)));
      core.dict.values.free(values);
    }
    refs.xdecref(dict);
  }

  function dictOf(object: Address, cls: Address): Address {
    if ((flagsOf(cls) & managedDict) !== 0) {
      const dict = managed(object);
      if (dict !== 0) return dict;
      const values = valuesOf(object, cls);
      if (values !== 0) return materialize(object, cls, values);
    }
    const slot = dictSlot(object, cls);
    if (slot === 0) return 0;
    if (u(slot) === 0) {
      memory.u32[slot >>> 2] = newDict(cls);
      if (wide) memory.u32[(slot >>> 2) + 1] = 0;
    }
    return u(slot);
  }

  return {
    initialize: (object, cls) => {
      if (where === "inline" || (flagsOf(cls) & managedDict) === 0) return 0;
      const keys = sharedKeys(cls);
      shrink(keys);
      const values = core.dict.values.create(room(keys));
      if (values === 0) return -1;
      words.enterValues(object, values);
      return 0;
    },
    inlineBytes: (cls) =>
      (flagsOf(cls) & inlineValues) === 0 ? 0 : core.dict.values.bytes(room(sharedKeys(cls))),
    initInline: (object, cls) => {
      const keys = sharedKeys(cls);
      shrink(keys);
      core.dict.values.initInline(object + u(cls + BASICSIZE), room(keys));
    },
    get: (object, cls, name) => {
      if ((flagsOf(cls) & managedDict) !== 0) {
        const values = valuesOf(object, cls);
        if (values !== 0) {
          const index = core.dict.sharedIndex(sharedKeys(cls), name);
          return index < 0 ? 0 : core.dict.values.get(values, index);
        }
      }
      const slot = dictSlot(object, cls);
      const dict = slot === 0 ? 0 : u(slot);
      if (dict === 0) {
        // From 3.13 on, looking for an attribute makes a dict where the inline values are gone: empty, with keys of its own.
        if ((flagsOf(cls) & inlineValues) !== 0) enter(object, core.dict.create());
        return 0;
      }
      return core.dict.getItem(dict, name);
    },
    set: (object, cls, name, value) => {
      if ((flagsOf(cls) & managedDict) !== 0) {
        const values = valuesOf(object, cls);
        if (values !== 0) return setInValues(object, cls, values, name, value);
      }
      const slot = dictSlot(object, cls);
      return slot === 0 ? NO_DICT : setInDict(slot, cls, name, value);
    },
    dict: dictOf,
    setDict: (object, cls, dict) => {
      const slot = dictSlot(object, cls);
      if (slot === 0) return NO_DICT;
      refs.incref(dict);
      if ((flagsOf(cls) & inlineValues) !== 0) {
        const values = valuesOf(object, cls);
        const before = managed(object);
        if (before !== 0 && values !== 0 && core.dict.detachValues(before) < 0) {
          refs.decref(dict);
          return -1;
        }
        memory.u32[slot >>> 2] = dict;
        if (before !== 0) refs.decref(before);
        else if (values !== 0) {
          const count = core.dict.keysEntries(sharedKeys(cls));
          const old: Address[] = [];
          for (let n = 0; n < count; n++) old.push(core.dict.values.get(values, n));
          core.dict.values.invalidate(values);
          for (const value of old) refs.xdecref(value);
        }
        return 0;
      }
      const before = dictOf(object, cls);
      if (before === 0 && errors.occurred() !== 0) {
        refs.decref(dict);
        return -1;
      }
      memory.u32[slot >>> 2] = dict;
      refs.xdecref(before);
      return 0;
    },
    detach: (object, cls) => {
      if ((flagsOf(cls) & managedDict) === 0 || valuesOf(object, cls) === 0) return 0;
      const dict = dictOf(object, cls);
      return dict === 0 ? -1 : core.dict.detachValues(dict);
    },
    entries: (object, cls) => {
      const found: [Address, Address][] = [];
      if ((flagsOf(cls) & managedDict) !== 0) {
        const values = valuesOf(object, cls);
        if (values !== 0) {
          const size = core.dict.values.size(values);
          for (let n = 0; n < size; n++) {
            const index = core.dict.values.order(values, n);
            const key = core.dict.sharedKey(sharedKeys(cls), index);
            found.push([key, core.dict.values.get(values, index)]);
          }
          return found;
        }
      }
      const slot = dictSlot(object, cls);
      if (slot === 0 || u(slot) === 0) return found;
      const cursor = { position: 0, key: 0, value: 0 };
      while (core.dict.next(u(slot), cursor)) found.push([cursor.key, cursor.value]);
      return found;
    },
    clearManaged: where === "inline" ? clearInline : clearOwned,
    takeManaged: (object, cls) => {
      const dict = managed(object);
      const values = valuesOf(object, cls);
      if (dict !== 0) {
        if (values !== 0) leave(object, cls, dict, values);
        enter(object, 0);
        return dict;
      }
      if (values === 0) return 0;
      const count = core.dict.keysEntries(sharedKeys(cls));
      for (let n = 0; n < count; n++) {
        const value = core.dict.values.get(values, n);
        if (value === 0) continue;
        core.dict.values.set(values, n, 0);
        return value;
      }
      core.dict.values.setSize(values, 0);
      if (where !== "inline") {
        enter(object, 0);
        core.dict.values.free(values);
      }
      return 0;
    },
    traverseManaged: (object, cls, visit) => {
      const values = valuesOf(object, cls);
      const dict = managed(object);
      // Of inline values and a dict over them only one is visited: before 3.15 the values, then the dict.
      if (values !== 0 && (dict === 0 || !facts.dictsVisitInlineValues)) {
        const count = core.dict.keysEntries(sharedKeys(cls));
        for (let n = 0; n < count; n++) {
          const value = core.dict.values.get(values, n);
          if (value !== 0) visit(value);
        }
      } else if (dict !== 0) visit(dict);
    },
    unvisitedDict: (object, cls) =>
      facts.dictsVisitInlineValues || valuesOf(object, cls) === 0 ? 0 : managed(object),
    dictWord,
    ownedValues: (object) => (where === "inline" ? 0 : valuesOf(object, 0)),
  };
}
