/**
 * list (`Objects/listobject.c`).
 *
 *     0   count, type, ob_size
 *     3W  ob_item      items array of the MEM domain, or NULL; the first ob_size of its pointers are owned
 *     4W  allocated    pointers that fit into it
 *
 * Up to 80 dead lists are kept for reuse, without their items arrays.
 */
import {
  type Address,
  defineStruct,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { ListApi } from "../api/sequences.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { eachItem, itemCount } from "../core/iteration.ts";
import type { ListParts } from "./list-parts.ts";
import { makeListSearch } from "./list-search.ts";
import { makeListSlices } from "./list-slices.ts";

/** `PyListObject`. */
export const listStruct: StructDefinition<
  "ob_refcnt" | "ob_type" | "ob_size" | "ob_item" | "allocated"
> = defineStruct("PyListObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: { type: "size", help: "number of items" },
  ob_item: { type: "ptr", help: "items array, or NULL" },
  allocated: { type: "size", help: "room in the items array, in items" },
});

export function makeList(core: Core): ListApi {
  const { memory, alloc, refs, types, errors, facts, profile, mem, word, wide } = core;
  const { bytes: BYTES, at } = layoutOf(listStruct, profile.abi);
  const TYPE = word;
  const SIZE = at.ob_size;
  const ITEMS = at.ob_item;
  const ALLOCATED = at.allocated;
  // The same in words of `memory.u32`.
  const SIZE_WORD = SIZE >>> 2;
  const ITEMS_WORD = ITEMS >>> 2;
  const ALLOCATED_WORD = ALLOCATED >>> 2;
  const GC_HEAD = profile.headers.gcHead;
  /** A word's step in `memory.u32`. */
  const STEP = word >>> 2;
  const SHIFT = core.wordShift;
  const { increfLimit: INCREF_LIMIT } = facts.refcount;
  const { popKeepsRoom: POP_KEEPS_ROOM, listsGrowForTables: GROWS_FOR_TABLES } = facts;
  /** The most items whose array's size can be told in bytes. */
  const MAX_ITEMS = Math.floor(Math.min(profile.abi.ssizeMax, 2 ** 32 - 1) / word);
  const kept = alloc.freeList("list", profile.freeLists.list, (object) =>
    alloc.freeGcObject(object, GC_HEAD),
  );

  const slots: TypeSlots = {
    name: "list",
    dealloc,
    unwind: {
      begin: () => true,
      next: (list) => {
        const u32 = memory.u32;
        const size = (list + SIZE) >>> 2;
        const items = u32[(list + ITEMS) >>> 2];
        while (u32[size] > 0) {
          const item = u32[(items + (--u32[size] << SHIFT)) >>> 2];
          if (item !== 0) return item;
        }
        return 0;
      },
      end: (list) => {
        const items = memory.u32[(list + ITEMS) >>> 2];
        if (items !== 0) mem.free(items);
        free(list);
      },
    },
    traverse: (list, visit) => {
      for (let n = length(list) - 1; n >= 0; n--) visit(itemAt(list, n));
    },
    clear,
    sizeof: (list) =>
      types.basicsize(types.typeOf(list)) + (memory.u32[(list + ALLOCATED) >>> 2] << SHIFT),
    hash: (list) => {
      errors.raise("TypeError", `unhashable type: '${types.name(types.typeOf(list))}'`);
      core.hashHigh = -1;
      return -1;
    },
    equal: (list, other) => search.equal(list, other),
    less: (list, other) => search.less(list, other),
    repr: (list) => {
      const texts: string[] = [];
      for (let n = 0; n < length(list); n++) texts.push(core.protocol.repr(itemAt(list, n)));
      return `[${texts.join(", ")}]`;
    },
    reprInside: "[...]",
    length,
  };
  const type = types.define({
    name: "list",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.hasGc | typeFlags.listSubclass,
    slots,
    layout: [layoutCodes.buffer, ITEMS, SIZE],
  });

  // ---- memory

  /** An empty list, not tracked yet. */
  function allocate(): Address {
    const u32 = memory.u32;
    const list = kept.pop();
    if (list === 0) return allocateNew();
    // What is kept still has its type, and the upper halves of its words.
    u32[list >>> 2] = 1;
    u32[(list + SIZE) >>> 2] = 0;
    u32[(list + ITEMS) >>> 2] = 0;
    u32[(list + ALLOCATED) >>> 2] = 0;
    return list;
  }

  function allocateNew(): Address {
    const list = alloc.gcObject(type, BYTES, GC_HEAD);
    if (list !== 0) memory.u32.fill(0, (list + SIZE) >>> 2, (list + BYTES) >>> 2);
    return list;
  }

  function dealloc(list: Address): void {
    alloc.untrack(list);
    const u32 = memory.u32;
    const exact = u32[(list + TYPE) >>> 2] === type;
    // A subclass's own dealloc has been through the trashcan.
    if (exact && refs.trashcanBegin(list)) return;
    const items = u32[(list + ITEMS) >>> 2];
    if (items !== 0) releaseItems(items, u32[(list + SIZE) >>> 2]);
    free(list);
    if (exact) refs.trashcanEnd();
  }

  /** Keep a dead list for reuse, if it is none of a subclass, or give its memory back. */
  function free(list: Address): void {
    const itsType = memory.u32[(list + TYPE) >>> 2];
    if (itsType !== type) alloc.freeGcObject(list, types.preBytes(itsType));
    else if (!kept.push(list)) alloc.freeGcObject(list, GC_HEAD);
  }

  /** Release the items of an array from the last to the first, then the array. */
  function releaseItems(items: Address, count: number): void {
    const first = items >>> 2;
    refs.decrefItems(first, (first + Math.imul(count, STEP)) | 0);
    mem.free(items);
  }

  /** Make room for `size` items and set `ob_size` (`list_resize`): 0, or -1 with MemoryError pending. */
  function resize(list: Address, size: number): number {
    const u32 = memory.u32;
    const room = u32[(list + ALLOCATED) >>> 2];
    if (room >= size && size >= room >>> 1) {
      u32[(list + SIZE) >>> 2] = size;
      return 0;
    }
    return reallocate(list, size);
  }

  function reallocate(list: Address, size: number): number {
    const before = memory.u32[(list + SIZE) >>> 2];
    // Room in proportion, so that appending takes linear time; but none for a large extend.
    let room = (size + (size >>> 3) + 6) & ~3;
    if (size - before > room - size) room = (size + 3) & ~3;
    if (size === 0) room = 0;
    if (size > MAX_ITEMS || room > MAX_ITEMS) {
      errors.noMemory();
      return -1;
    }
    const items = mem.realloc(memory.u32[(list + ITEMS) >>> 2], room << SHIFT);
    if (items === 0) {
      errors.noMemory();
      return -1;
    }
    const u32 = memory.u32;
    u32[(list + ITEMS) >>> 2] = items;
    u32[(list + SIZE) >>> 2] = size;
    u32[(list + ALLOCATED) >>> 2] = room;
    return 0;
  }

  /** Room for `size` items, rounded up to even, in a list without items array (`list_preallocate_exact`). */
  function preallocate(list: Address, size: number): number {
    const room = size + (size & 1);
    const items = room > MAX_ITEMS ? 0 : mem.malloc(room << SHIFT);
    if (items === 0) {
      errors.noMemory();
      return -1;
    }
    const u32 = memory.u32;
    u32[(list + ITEMS) >>> 2] = items;
    u32[(list + ALLOCATED) >>> 2] = room;
    return 0;
  }

  /** A new list with an array of just `size` items, which the caller must fill; `ob_size` is 0. Tracked. */
  function withRoom(size: number): Address {
    const list = allocate();
    if (list === 0) return 0;
    alloc.track(list);
    if (size > 0) {
      const items = size > MAX_ITEMS ? 0 : mem.malloc(size << SHIFT);
      if (items === 0) {
        refs.decref(list);
        return errors.noMemory();
      }
      const u32 = memory.u32;
      u32[(list + ITEMS) >>> 2] = items;
      u32[(list + ALLOCATED) >>> 2] = size;
    }
    return list;
  }

  /** A new list of `size` NULLs. Not tracked. */
  function withNulls(size: number): Address {
    const list = allocate();
    if (list === 0 || size === 0) return list;
    const items = size > MAX_ITEMS ? 0 : mem.calloc(size, word);
    if (items === 0) {
      refs.decref(list);
      return errors.noMemory();
    }
    const u32 = memory.u32;
    u32[(list + ITEMS) >>> 2] = items;
    u32[(list + ALLOCATED) >>> 2] = size;
    u32[(list + SIZE) >>> 2] = size;
    return list;
  }

  // ---- single items

  function incref(object: Address): void {
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count < INCREF_LIMIT) u32[object >>> 2] = count + 1;
  }

  function length(list: Address): number {
    return memory.u32[(list + SIZE) >>> 2];
  }

  /** Borrowed; the index must be one of the list's. */
  function itemAt(list: Address, index: number): Address {
    const u32 = memory.u32;
    return u32[(u32[(list + ITEMS) >>> 2] + (index << SHIFT)) >>> 2];
  }

  /** Store a pointer into what may be memory never written: both halves. */
  function store(word32: number, item: Address): void {
    memory.u32[word32] = item;
    if (wide) memory.u32[word32 + 1] = 0;
  }

  function check(object: Address): boolean {
    const itsType = memory.u32[(object + TYPE) >>> 2];
    return itsType === type || (types.flags(itsType) & typeFlags.listSubclass) !== 0;
  }

  function indexError(what: string): 0 {
    return errors.raise("IndexError", `${what} out of range`);
  }

  /** In debug mode: the object itself; counting one up and down again finds what is none. */
  function living(object: Address): Address {
    refs.incref(object);
    refs.decref(object);
    return object;
  }

  /** An index that may count from the end, as one that does not; -1 if the list has no such item. */
  function place(list: Address, index: number): number {
    const size = memory.u32[(list + SIZE) >>> 2];
    if (index < 0) index += size;
    return index >= 0 && index < size ? index : -1;
  }

  function getItem(list: Address, index: number): Address {
    const u32 = memory.u32;
    const size = u32[(list + SIZE) >>> 2];
    if (index < 0) index += size;
    if (index >= 0 && index < size) {
      return u32[(u32[(list + ITEMS) >>> 2] + (index << SHIFT)) >>> 2];
    }
    return indexError("list index");
  }

  function append(list: Address, item: Address): number {
    const u32 = memory.u32;
    const at = list >>> 2;
    const size = u32[at + SIZE_WORD];
    if (size >= u32[at + ALLOCATED_WORD]) return appendGrowing(list, item);
    u32[at + SIZE_WORD] = size + 1;
    const references = u32[item >>> 2];
    if (references < INCREF_LIMIT) u32[item >>> 2] = references + 1;
    const i = ((u32[at + ITEMS_WORD] >>> 2) + Math.imul(size, STEP)) | 0;
    u32[i] = item;
    if (wide) u32[(i + 1) | 0] = 0;
    return 0;
  }

  function appendGrowing(list: Address, item: Address): number {
    const at = list >>> 2;
    const size = memory.u32[at + SIZE_WORD];
    if (reallocate(list, size + 1) < 0) return -1;
    incref(item);
    store(((memory.u32[at + ITEMS_WORD] >>> 2) + Math.imul(size, STEP)) | 0, item);
    return 0;
  }

  function insert(list: Address, index: number, item: Address): number {
    const size = length(list);
    if (resize(list, size + 1) < 0) return -1;
    if (index < 0) index = Math.max(0, index + size);
    if (index > size) index = size;
    const i = memory.u32[(list + ITEMS) >>> 2] >>> 2;
    memory.u32.copyWithin(i + (index + 1) * STEP, i + index * STEP, i + size * STEP);
    incref(item);
    store(i + index * STEP, item);
    return 0;
  }

  function pop(list: Address, index = -1): Address {
    const u32 = memory.u32;
    const size = u32[(list + SIZE) >>> 2];
    const room = u32[(list + ALLOCATED) >>> 2];
    // The last item, and the array stays as it is: the reference in the list becomes the caller's.
    if (index === -1 && size > 1 && size > room >>> 1) {
      u32[(list + SIZE) >>> 2] = size - 1;
      return u32[(u32[(list + ITEMS) >>> 2] + ((size - 1) << SHIFT)) >>> 2];
    }
    return popAny(list, index);
  }

  function popAny(list: Address, index: number): Address {
    const size = length(list);
    if (size === 0) return errors.raise("IndexError", "an empty list has nothing to pop");
    const n = place(list, index);
    if (n < 0) return indexError("index of the item to pop");
    const item = itemAt(list, n);
    if (size === 1 && !POP_KEEPS_ROOM) {
      incref(item);
      clear(list);
      return item;
    }
    const i = memory.u32[(list + ITEMS) >>> 2] >>> 2;
    memory.u32.copyWithin(i + n * STEP, i + (n + 1) * STEP, i + size * STEP);
    if (resize(list, size - 1) < 0) {
      memory.u32.copyWithin(i + (n + 1) * STEP, i + n * STEP, i + (size - 1) * STEP);
      store(i + n * STEP, item);
      return 0;
    }
    return item;
  }

  function clear(list: Address): void {
    const u32 = memory.u32;
    const items = u32[(list + ITEMS) >>> 2];
    if (items === 0) return;
    const size = u32[(list + SIZE) >>> 2];
    // The list is empty before the first item goes: finalizers may use it.
    u32[(list + SIZE) >>> 2] = 0;
    u32[(list + ITEMS) >>> 2] = 0;
    u32[(list + ALLOCATED) >>> 2] = 0;
    releaseItems(items, size);
  }

  // ---- several items

  /** Copy references, with new counts, from words of memory into words of memory. */
  function fill(target: number, source: number, step: number, count: number): void {
    const u32 = memory.u32;
    for (let n = 0; n < count; n++) {
      const item = u32[source];
      u32[target] = item;
      if (wide) u32[target + 1] = 0;
      incref(item);
      source += step * STEP;
      target += STEP;
    }
  }

  /** Index in `memory.u32` of the items of a list or tuple. */
  function firstWord(items: Address): number {
    return check(items)
      ? memory.u32[(items + ITEMS) >>> 2] >>> 2
      : (items + types.basicsize(core.tuple.type)) >>> 2;
  }

  /** CPython clears the array before it stores the items; what comes of it is the same. */
  function pack(items: readonly Address[]): Address {
    const size = items.length;
    const list = withRoom(size);
    if (list === 0 || size === 0) return list;
    const u32 = memory.u32;
    u32[(list + SIZE) >>> 2] = size;
    let i = u32[(list + ITEMS) >>> 2] >>> 2;
    for (let n = 0; n < size; n++) {
      const item = items[n];
      u32[i] = item;
      if (wide) u32[i + 1] = 0;
      i += STEP;
      const references = u32[item >>> 2];
      if (references < INCREF_LIMIT) u32[item >>> 2] = references + 1;
    }
    return list;
  }

  function slice(list: Address, start: number, step: number, count: number): Address {
    const result = withRoom(Math.max(0, count));
    if (result === 0 || count <= 0) return result;
    const u32 = memory.u32;
    fill(firstWord(result), firstWord(list) + start * STEP, step, count);
    u32[(result + SIZE) >>> 2] = count;
    return result;
  }

  function concat(a: Address, b: Address): Address {
    if (!check(b)) {
      return errors.raise(
        "TypeError",
        `a list and '${types.name(types.typeOf(b))}' cannot be joined, only two lists`,
      );
    }
    const first = length(a);
    const second = length(b);
    const result = withRoom(first + second);
    if (result === 0) return 0;
    const i = firstWord(result);
    if (first > 0) fill(i, firstWord(a), 1, first);
    if (second > 0) fill(i + first * STEP, firstWord(b), 1, second);
    memory.u32[(result + SIZE) >>> 2] = first + second;
    return result;
  }

  function repeat(list: Address, times: number): Address {
    const count = length(list);
    if (count === 0 || times <= 0) return withRoom(0);
    if (count * times > MAX_ITEMS) return errors.noMemory();
    const result = withRoom(count * times);
    if (result === 0) return 0;
    const i = firstWord(result);
    fill(i, firstWord(list), 1, count);
    multiply(i, count, times);
    memory.u32[(result + SIZE) >>> 2] = count * times;
    return result;
  }

  function repeatInPlace(list: Address, times: number): number {
    const count = length(list);
    if (count === 0 || times === 1) return 0;
    if (times < 1) {
      clear(list);
      return 0;
    }
    if (count * times > MAX_ITEMS) {
      errors.noMemory();
      return -1;
    }
    if (resize(list, count * times) < 0) return -1;
    multiply(firstWord(list), count, times);
    return 0;
  }

  /** Repeat the first references of an array, whose counts are raised at once, up to so many times in all. */
  function multiply(first: number, count: number, times: number): void {
    const u32 = memory.u32;
    for (let n = 0, i = first; n < count; n++, i += STEP) {
      const item = u32[i] >>> 2;
      if (u32[item] < INCREF_LIMIT) u32[item] += times - 1;
    }
    const end = first + count * times * STEP;
    for (let done = count * STEP; first + done < end; done *= 2) {
      u32.copyWithin(first + done, first, Math.min(first + done, end - done));
    }
  }

  function extend(list: Address, items: Address): number {
    const ordered = check(items) || core.tuple.check(items);
    const more = ordered ? memory.u32[(items + SIZE) >>> 2] : itemCount(core, items);
    if (more <= 0) return more;
    const size = length(list);
    const growsAsIfAppended = !ordered && GROWS_FOR_TABLES && isTable(items);
    if (memory.u32[(list + ITEMS) >>> 2] === 0 && !growsAsIfAppended) {
      if (preallocate(list, more) < 0) return -1;
    } else if (size + more > MAX_ITEMS) {
      errors.noMemory();
      return -1;
    } else if (resize(list, size + more) < 0) return -1;
    if (ordered) {
      // The list's own items, if it is extended by itself, lie in the new array now.
      fill(firstWord(list) + size * STEP, firstWord(items), 1, more);
      memory.u32[(list + SIZE) >>> 2] = size + more;
      return 0;
    }
    memory.u32[(list + SIZE) >>> 2] = size;
    return eachItem(core, items, (item) => {
      const at = memory.u32[(list + SIZE) >>> 2]++;
      store(firstWord(list) + at * STEP, item);
    });
  }

  function isTable(items: Address): boolean {
    return core.dict.check(items) || core.set.check(items);
  }

  /** The new list, extended; NULL if there is none. */
  function extended(list: Address, items: Address): Address {
    if (list === 0) return 0;
    alloc.track(list);
    if (extend(list, items) < 0) {
      refs.decref(list);
      return 0;
    }
    return list;
  }

  /** As `PySequence_List`; unlike `list(items)` it may take a list that is kept. */
  const from = (items: Address): Address => extended(allocate(), items);

  const parts: ListParts = {
    ...{ SIZE, ITEMS, ALLOCATED, length, itemAt, place, indexError, firstWord, check },
    ...{ resize, clear, store, fill, releaseItems, slice, from },
  };
  const slices = makeListSlices(core, parts);
  const search = makeListSearch(core, parts, slices);
  const { assignSlice, assignExtendedSlice, deleteItem } = slices;
  const { remove, contains, index, count, sort } = search;

  return {
    type,
    create: (size) => {
      const list = withNulls(size);
      if (list !== 0) alloc.track(list);
      return list;
    },
    pack: core.debug ? (items) => pack(items.map(living)) : pack,
    // Calling the type allocates as for any type: what is kept is not taken (3.11 to 3.15).
    from: (items) => extended(allocateNew(), items),
    length,
    getItem,
    getItemRef: (list, index) => {
      const item = getItem(list, index);
      if (item !== 0) incref(item);
      return item;
    },
    initItem: (list, index, item) => {
      memory.u32[firstWord(list) + index * STEP] = item;
    },
    setItem: (list, index, item) => {
      const n = place(list, index);
      if (n < 0) {
        indexError("index of the item to assign");
        return -1;
      }
      refs.incref(item);
      const i = firstWord(list) + n * STEP;
      const before = memory.u32[i];
      memory.u32[i] = item;
      if (before !== 0) refs.decref(before);
      return 0;
    },
    deleteItem,
    append: core.debug ? (list, item) => append(list, living(item)) : append,
    insert: core.debug ? (list, index, item) => insert(list, index, living(item)) : insert,
    pop,
    extend,
    remove,
    contains,
    index,
    count,
    slice,
    assignSlice,
    assignExtendedSlice,
    concat,
    repeat,
    repeatInPlace,
    clear,
    reverse: (list) => {
      const u32 = memory.u32;
      let low = firstWord(list);
      let high = low + (length(list) - 1) * STEP;
      for (; low < high; low += STEP, high -= STEP) {
        const item = u32[low];
        u32[low] = u32[high];
        u32[high] = item;
      }
    },
    sort,
    copy: (list) => slice(list, 0, 1, length(list)),
    check,
    allocated: (list) => memory.u32[(list + ALLOCATED) >>> 2],
  };
}
