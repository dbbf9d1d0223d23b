/**
 * Instances of classes: their memory, and how they die (`subtype_dealloc`, `subtype_traverse`, `subtype_clear` in
 * `Objects/typeobject.c`).
 *
 *     prefix      managed weak references, dict, PyGC_Head (core/allocation.ts)
 *     0           the built-in base's fields; with items, these come last
 *     basicsize   of the base: slots, a word each; 3.11: then weak reference list, or dict pointer
 *     basicsize   of the class: inline values (3.13 and later)
 */
import type { Address } from "@pyrena/abi";
import { typeFlags, type UnwindSteps, type Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { heapTypeLayout, typeLayout } from "../core/type-object.ts";
import type { InstanceDicts } from "./instance-dict.ts";
import type { PlainInstances } from "./plain-instances.ts";

/** Instances; part of `core.classes`. */
export interface Instances {
  allocate(this: void, cls: Address, items: number): Address;
  instantiate(this: void, cls: Address): Address;
  finalizeFromDealloc(this: void, object: Address): boolean;
  dealloc(this: void, object: Address): void;
  /** The same for classes without a finalizer. */
  deallocQuietly(this: void, object: Address): void;
  readonly unwind: UnwindSteps;
  traverse(this: void, object: Address, visit: Visit): void;
  clear(this: void, object: Address): void;
  /** The nearest base that is no class. */
  builtinBase(this: void, cls: Address): Address;
  /** Whether instances of two classes are laid out alike, down to the names of slots. */
  sameLayout(this: void, one: Address, other: Address): boolean;
  /** Visit the words of the slots that a class and its bases add, the class's own first. */
  eachSlot(this: void, object: Address, cls: Address, visit: (word: Address) => void): void;
}

export function makeInstances(core: Core, dicts: InstanceDicts, plain: PlainInstances): Instances {
  const { memory, alloc, refs, types, word } = core;
  const T = typeLayout(core).at;
  const HEAP = heapTypeLayout(core);
  const MEMBERS = HEAP.bytes;
  const MEMBER = HEAP.member.bytes;
  const MEMBER_OFFSET = HEAP.member.offset;
  const SIZE = 2 * word;
  const TYPE = word;
  const OBJECT = types.object;
  const { heapType, hasGc, managedDict, managedWeakref } = typeFlags;
  const MANAGED = managedDict | managedWeakref;
  /** What instances of two classes must have in common for one to become the other. */
  const LAYOUT_FLAGS = MANAGED | typeFlags.inlineValues;
  const LAYOUT_FIELDS = [T.tp_basicsize, T.tp_itemsize, T.tp_dictoffset, T.tp_weaklistoffset];
  const GC_HEAD = core.profile.headers.gcHead;
  const WEAKREFS = T.tp_weaklistoffset;
  const PREFIX = 4 * word;
  const INLINE = core.facts.attributes === "inline";
  const u = (address: Address): number => memory.u32[address >>> 2];
  const flagsOf = (cls: Address): number => u(cls + T.tp_flags);

  function builtinBase(cls: Address): Address {
    let base = cls;
    while ((flagsOf(base) & heapType) !== 0) base = u(base + T.tp_base);
    return base;
  }

  function allocate(cls: Address, items: number): Address {
    const itemsize = u(cls + T.tp_itemsize);
    const basicsize = u(cls + T.tp_basicsize);
    // One item more, for a sentinel.
    const own =
      itemsize === 0 ? basicsize : Math.ceil((basicsize + itemsize * (items + 1)) / word) * word;
    if ((flagsOf(cls) & hasGc) === 0) {
      // `object` itself, and types of users without references: nothing lies before or after such an object.
      const plain = alloc.object(cls, own);
      if (plain !== 0) memory.u32.fill(0, (plain + 2 * word) >>> 2, (plain + own) >>> 2);
      return plain;
    }
    const inline = dicts.inlineBytes(cls);
    const pre = (flagsOf(cls) & MANAGED) !== 0 ? 4 * word : GC_HEAD;
    const object = alloc.gcObject(cls, own + inline, pre);
    if (object === 0) return 0;
    memory.u32.fill(0, (object + 2 * word) >>> 2, (object + own) >>> 2);
    if (inline !== 0) dicts.initInline(object, cls);
    return object;
  }

  /** Names of all slots, the class's own first. */
  function slotNames(cls: Address): string {
    const names: string[] = [];
    for (let owner = cls; (flagsOf(owner) & heapType) !== 0; owner = u(owner + T.tp_base)) {
      const own = u(owner + HEAP.at.ht_slots);
      const count = own === 0 ? 0 : core.tuple.length(own);
      for (let n = 0; n < count; n++) names.push(core.str.value(core.tuple.getItem(own, n)));
    }
    return names.join(" ");
  }

  function eachSlot(object: Address, cls: Address, visit: (word: Address) => void): void {
    for (let base = cls; (flagsOf(base) & heapType) !== 0; base = u(base + T.tp_base)) {
      const count = u(base + SIZE);
      for (let n = 0; n < count; n++)
        visit(object + u(base + MEMBERS + n * MEMBER + MEMBER_OFFSET));
    }
  }

  function clearWord(at: Address): void {
    const referent = u(at);
    if (referent === 0) return;
    memory.u32[at >>> 2] = 0;
    refs.decref(referent);
  }

  /** Slots, then attributes: what classes add to their built-in base. */
  function clearOwn(object: Address, cls: Address, base: Address): void {
    eachSlot(object, cls, clearWord);
    if ((flagsOf(cls) & managedDict) !== 0) dicts.clearManaged(object, cls);
    else if (u(cls + T.tp_dictoffset) !== u(base + T.tp_dictoffset)) {
      clearWord(dicts.dictWord(object, cls));
    }
  }

  function finalizeFromDealloc(object: Address): boolean {
    const slots = types.slotsOf(object);
    if (slots.finalize === undefined) return false;
    memory.u32[object >>> 2] = 1;
    const collectable = (flagsOf(types.typeOf(object)) & hasGc) !== 0;
    if (!collectable || !alloc.isFinalized(object)) {
      slots.finalize(object);
      if (collectable) alloc.setFinalized(object);
    }
    const count = u(object) - 1;
    memory.u32[object >>> 2] = count;
    return count !== 0;
  }

  function weakrefsOf(object: Address, cls: Address, base: Address): Address {
    const offset = types.weaklistOffset(cls);
    return offset === 0 || types.weaklistOffset(base) !== 0 ? 0 : object + offset;
  }

  /** Finalizer and weak references; false: the object has been resurrected. */
  function prepare(object: Address): boolean {
    const cls = u(object + TYPE);
    const base = builtinBase(cls);
    if (types.slots(cls).finalize !== undefined) {
      alloc.track(object);
      if (finalizeFromDealloc(object)) return false;
      alloc.untrack(object);
    }
    const weakrefs = weakrefsOf(object, cls, base);
    if (weakrefs !== 0 && u(weakrefs) !== 0) clearWeakrefs(object, weakrefs);
    return true;
  }

  function clearWeakrefs(object: Address, list: Address): void {
    core.weakrefs.clearAll(object);
    // Those that a callback has made since: dead as well, and never called back.
    while (u(list) !== 0) core.weakrefs.clear(u(list));
  }

  /** The built-in base's dealloc, then the reference to the class. */
  function finish(object: Address): void {
    // What ran may have given the object another class.
    const cls = u(object + TYPE);
    const base = builtinBase(cls);
    if (base === OBJECT) alloc.free(object);
    else {
      if ((flagsOf(base) & hasGc) !== 0) alloc.track(object);
      types.slots(base).dealloc(object);
    }
    refs.decref(cls);
  }

  function dealloc(object: Address): void {
    alloc.untrack(object);
    if (refs.trashcanBegin(object)) return;
    if (prepare(object)) {
      const cls = u(object + TYPE);
      clearOwn(object, cls, builtinBase(cls));
      finish(object);
    }
    refs.trashcanEnd();
  }

  /** `dealloc` for classes without a finalizer, most of which are plain. */
  function deallocQuietly(object: Address): void {
    alloc.untrack(object);
    if (refs.trashcanBegin(object)) return;
    const cls = memory.u32[(object + TYPE) >>> 2];
    if (plain.isPlain(cls)) {
      const offset = memory.i32[(cls + WEAKREFS) >>> 2];
      if (offset !== 0 && u(object + offset) !== 0) clearWeakrefs(object, object + offset);
      dicts.clearManaged(object, cls);
      alloc.freeGcObject(object, PREFIX);
      refs.decref(cls);
    } else {
      prepare(object);
      clearOwn(object, cls, builtinBase(cls));
      finish(object);
    }
    refs.trashcanEnd();
  }

  /** The reference that `clearOwn` would release next, taken out; NULL: none is left. */
  function takeOwn(object: Address): Address {
    const cls = u(object + TYPE);
    for (let owner = cls; (flagsOf(owner) & heapType) !== 0; owner = u(owner + T.tp_base)) {
      const count = u(owner + SIZE);
      for (let n = 0; n < count; n++) {
        const at = object + u(owner + MEMBERS + n * MEMBER + MEMBER_OFFSET);
        const referent = u(at);
        if (referent === 0) continue;
        memory.u32[at >>> 2] = 0;
        return referent;
      }
    }
    if ((flagsOf(cls) & managedDict) !== 0) return dicts.takeManaged(object, cls);
    if (u(cls + T.tp_dictoffset) === u(builtinBase(cls) + T.tp_dictoffset)) return 0;
    const at = dicts.dictWord(object, cls);
    const dict = u(at);
    memory.u32[at >>> 2] = 0;
    return dict;
  }

  /** Steps of the built-in base's part; sets call callbacks first, so theirs are left to their dealloc. */
  function stepsOf(base: Address): UnwindSteps | undefined {
    return base === core.set.type || base === core.set.frozenType
      ? undefined
      : types.slots(base).unwind;
  }

  function begin(object: Address): boolean {
    if (!prepare(object)) return false;
    stepsOf(builtinBase(u(object + TYPE)))?.begin(object);
    return true;
  }

  function next(object: Address): Address {
    const own = takeOwn(object);
    if (own !== 0) return own;
    return stepsOf(builtinBase(u(object + TYPE)))?.next(object) ?? 0;
  }

  function end(object: Address): void {
    const cls = u(object + TYPE);
    const steps = stepsOf(builtinBase(cls));
    if (steps === undefined) finish(object);
    else {
      steps.end(object);
      refs.decref(cls);
    }
  }

  return {
    allocate,
    instantiate: (cls) => {
      if (INLINE && plain.isPlain(cls)) {
        const made = plain.allocate(cls);
        if (made !== 0) alloc.track(made);
        return made;
      }
      const object = allocate(cls, 0);
      if (object === 0 || (flagsOf(cls) & hasGc) === 0) return object;
      alloc.track(object);
      if (dicts.initialize(object, cls) < 0) {
        refs.decref(object);
        return 0;
      }
      return object;
    },
    finalizeFromDealloc,
    dealloc,
    deallocQuietly,
    unwind: { begin, next, end },
    traverse: (object, visit) => {
      const cls = u(object + TYPE);
      const base = builtinBase(cls);
      eachSlot(object, cls, (at) => {
        if (u(at) !== 0) visit(u(at));
      });
      if ((flagsOf(cls) & managedDict) !== 0) dicts.traverseManaged(object, cls, visit);
      else if (u(cls + T.tp_dictoffset) !== u(base + T.tp_dictoffset)) {
        const dict = u(dicts.dictWord(object, cls));
        if (dict !== 0) visit(dict);
      }
      visit(cls);
      types.slots(base).traverse?.(object, visit);
    },
    clear: (object) => {
      const cls = u(object + TYPE);
      const base = builtinBase(cls);
      clearOwn(object, cls, base);
      types.slots(base).clear?.(object);
    },
    builtinBase,
    sameLayout: (one, other) =>
      builtinBase(one) === builtinBase(other) &&
      (flagsOf(one) & flagsOf(other) & heapType) !== 0 &&
      ((flagsOf(one) ^ flagsOf(other)) & LAYOUT_FLAGS) === 0 &&
      LAYOUT_FIELDS.every((offset) => u(one + offset) === u(other + offset)) &&
      slotNames(one) === slotNames(other),
    eachSlot,
  };
}
