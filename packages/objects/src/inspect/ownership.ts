/**
 * What instances of built-in types own beyond what `traverse` shows, and what must hold in them; by the name of the type's
 * slots. Other types bring their `ownership` with their slots.
 */
import { type Address, layoutOf } from "@pyrena/abi";
import type { Ownership } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { ALL_STR, dictKeysStruct, SHARED } from "../types/dict-keys.ts";
import { dictStruct } from "../types/dict-table.ts";
import { listStruct } from "../types/list.ts";
import { rangeStruct } from "../types/range.ts";
import { setStruct } from "../types/set.ts";

/** Fresh for each core: closures over its constants. */
export function builtinOwnership(core: Core): Map<string, Ownership> {
  const set = setOwnership(core);
  return new Map<string, Ownership>([
    ["list", listOwnership(core)],
    ["tuple", tupleOwnership(core)],
    ["dict", dictOwnership(core)],
    ["set", set],
    ["frozenset", set],
    ["range", rangeOwnership(core)],
  ]);
}

function listOwnership({ memory, profile, alloc }: Core): Ownership {
  const {
    ob_size: SIZE,
    ob_item: ITEMS,
    allocated: ALLOCATED,
  } = layoutOf(listStruct, profile.abi).at;
  const word = (address: Address): number => memory.u32[address >>> 2];
  return {
    buffers: (list, visit) => {
      const items = word(list + ITEMS);
      if (items !== 0) visit(items);
    },
    check: (list) => {
      const size = word(list + SIZE);
      const allocated = word(list + ALLOCATED);
      if (size > allocated) return `has ${size} items and room for ${allocated}`;
      // Not the other way round: an array that was made smaller down to 0 items is a block still.
      if (word(list + ITEMS) === 0 && allocated > 0)
        return `has room for ${allocated} items and no items array`;
      if (!alloc.isTracked(list)) return "is not tracked";
      return undefined;
    },
  };
}

/** An untracked tuple may only hold what cannot be part of a cycle. */
function tupleOwnership(core: Core): Ownership {
  return {
    check: (tuple) => {
      if (core.types.typeOf(tuple) !== core.tuple.type || core.alloc.isTracked(tuple))
        return undefined;
      for (let n = 0; n < core.tuple.length(tuple); n++) {
        const item = core.tuple.getItem(tuple, n);
        if (item === 0) return `has no item ${n}`;
        if (mustBeTracked(core, item)) return `is not tracked, but holds what is, as item ${n}`;
      }
      return undefined;
    },
  };
}

/** Whether the object is one that cycles are made of: tracked, and no tuple or dict that may be untracked. */
function mustBeTracked(core: Core, object: Address): boolean {
  return core.types.isCollectable(object) && core.alloc.isTracked(object);
}

function rangeOwnership({ memory, profile }: Core): Ownership {
  const { at } = layoutOf(rangeStruct, profile.abi);
  return {
    // A range is not collectable, so nothing else visits its ints.
    hidden: (range, visit) => {
      for (const offset of [at.start, at.stop, at.step, at.length])
        visit(memory.u32[(range + offset) >>> 2]);
    },
  };
}

function dictOwnership(core: Core): Ownership {
  const { memory, profile, state, at, word: WORD } = core;
  const D = layoutOf(dictStruct, profile.abi).at;
  const { at: K, bytes: HEADER } = layoutOf(dictKeysStruct, profile.abi);
  const word = (address: Address): number => memory.u32[address >>> 2];
  const byte = (address: Address): number => memory.u8[address];
  const inline = core.facts.attributes === "inline";

  /** Visit key and value of each entry; for shared keys the value is NULL. */
  function eachEntry(keys: Address, visit: (key: Address, value: Address) => void): void {
    const isGeneral = byte(keys + K.dk_kind) !== ALL_STR && byte(keys + K.dk_kind) !== SHARED;
    const step = (isGeneral ? 3 : 2) * WORD;
    const first = keys + HEADER + 2 ** byte(keys + K.dk_log2_index_bytes) + (isGeneral ? WORD : 0);
    const end = first + word(keys + K.dk_nentries) * step;
    for (let entry = first; entry < end; entry += step) visit(word(entry), word(entry + WORD));
  }

  return {
    hidden: (dict, visit) => {
      const keys = word(dict + D.ma_keys);
      if (word(dict + D.ma_values) !== 0 || byte(keys + K.dk_kind) !== ALL_STR) return;
      eachEntry(keys, (key) => {
        if (key !== 0) visit(key);
      });
    },
    buffers: (dict, visit) => {
      const keys = word(dict + D.ma_keys);
      if (keys !== word(state + at.keys_empty)) {
        if (byte(keys + K.dk_kind) === SHARED) {
          visit(keys, word(keys + K.dk_refcnt), (see) =>
            eachEntry(keys, (key) => {
              if (key !== 0) see(key);
            }),
          );
        } else visit(keys, word(keys + K.dk_refcnt));
      }
      const values = word(dict + D.ma_values);
      if (values === 0) return;
      if (!inline) visit(values - byte(values - 1));
      else if (byte(values + 2) === 0) visit(values);
    },
    check: (dict) => {
      const keys = word(dict + D.ma_keys);
      const values = word(dict + D.ma_values);
      const used = word(dict + D.ma_used);
      const entries = word(keys + K.dk_nentries);
      const usable = word(keys + K.dk_usable);
      const slots = 2 ** byte(keys + K.dk_log2_size);
      if (keys === word(state + at.keys_empty))
        return used === 0 ? undefined : `has the empty keys and counts ${used} items`;
      if (entries + usable > Math.floor((2 * slots) / 3))
        return `has keys with ${slots} slots, ${entries} entries and room for ${usable} more (K3)`;
      if (values !== 0) return undefined;
      let live = 0;
      let tracked = false;
      let bare = false;
      eachEntry(keys, (key, value) => {
        if (value === 0) return;
        if (key === 0) bare = true;
        live++;
        tracked ||= mustBeTracked(core, value) || (key !== 0 && mustBeTracked(core, key));
      });
      if (bare) return "has an entry with a value and no key";
      if (live !== used) return `counts ${used} items and has ${live} (D1)`;
      if (tracked && !core.alloc.isTracked(dict)) return "is not tracked, but holds what is";
      return undefined;
    },
  };
}

function setOwnership(core: Core): Ownership {
  const { memory, profile, facts, word: WORD, alloc, types } = core;
  const S = layoutOf(setStruct, profile.abi).at;
  const word = (address: Address): number => memory.u32[address >>> 2];
  return {
    buffers: (set, visit) => {
      const table = word(set + S.table);
      if (table !== set + S.smalltable) visit(table);
    },
    check: (set) => {
      const table = word(set + S.table);
      const slots = word(set + S.mask) + 1;
      const fill = word(set + S.fill);
      const used = word(set + S.used);
      if ((slots & (slots - 1)) !== 0 || fill >= slots || used > fill)
        return `has a table of ${slots} slots, ${fill} of them filled, ${used} used`;
      let occupied = 0;
      for (let n = 0; n < slots; n++) if (word(table + 2 * n * WORD) !== 0) occupied++;
      if (occupied !== fill) return `counts ${fill} filled slots and has ${occupied}`;
      if (alloc.isTracked(set)) return undefined;
      if (!facts.tracksFrozensetsByContent || types.typeOf(set) !== core.set.frozenType)
        return "is not tracked";
      for (let n = 0; n < slots; n++) {
        const key = word(table + 2 * n * WORD);
        if (key === 0 || key === core.state) continue; // free, or deleted
        if (mustBeTracked(core, key)) return "is not tracked, but holds what is";
      }
      return undefined;
    },
  };
}
