/** Types: their objects in linear memory, and the functions behind them. */
import type { Address } from "@pyrena/abi";

/** `tp_flags`, with CPython's bit values. */
export const typeFlags: {
  readonly inlineValues: number;
  readonly managedWeakref: number;
  readonly managedDict: number;
  readonly immutable: number;
  readonly heapType: number;
  readonly baseType: number;
  readonly ready: number;
  readonly hasGc: number;
  readonly matchSelf: number;
  readonly longSubclass: number;
  readonly listSubclass: number;
  readonly tupleSubclass: number;
  readonly bytesSubclass: number;
  readonly unicodeSubclass: number;
  readonly dictSubclass: number;
  readonly baseExcSubclass: number;
  readonly typeSubclass: number;
} = Object.freeze({
  inlineValues: 1 << 2,
  managedWeakref: 1 << 3,
  managedDict: 1 << 4,
  immutable: 1 << 8,
  heapType: 1 << 9,
  baseType: 1 << 10,
  ready: 1 << 12,
  hasGc: 1 << 14,
  matchSelf: 1 << 22,
  longSubclass: 1 << 24,
  listSubclass: 1 << 25,
  tupleSubclass: 1 << 26,
  bytesSubclass: 1 << 27,
  unicodeSubclass: 1 << 28,
  dictSubclass: 1 << 29,
  baseExcSubclass: 1 << 30,
  typeSubclass: 2 ** 31,
});

/** Visits one reference. */
export type Visit = (referent: Address) => void;

/**
 * Deallocation in steps, for containers that may be nested without bound: where deallocs nest too deeply for
 * JavaScript's stack, a container that has these is taken apart by a loop, in the very order in which its dealloc would
 * do it. Its dealloc calls `refs.trashcanBegin` before it does any of this.
 */
export interface UnwindSteps {
  /**
   * Prepare; call the finalizer and clear weak references, if there are any. False: the object lives on. Free for use
   * until `end`: the first word of PyGC_Head, which must be 0 again by then.
   */
  begin(this: void, object: Address): boolean;
  /** Take the reference out of the object that dealloc would release next; NULL: none is left. */
  next(this: void, object: Address): Address;
  /** Give the memory back. */
  end(this: void, object: Address): void;
}

/**
 * The functions behind a type: built-in ones and those of a TypeScript user alike. Only `dealloc` is required.
 * In linear memory a type names its slots by a number (in the word where CPython has `tp_dealloc`).
 */
export interface TypeSlots {
  /** Unique name, by which a restored heap finds the slots again. */
  readonly name: string;
  /** The count has reached 0: drop the references, then give the memory back. `tp_dealloc`. */
  dealloc(this: void, object: Address): void;
  /** The same in steps. Collectable types only. */
  readonly unwind?: UnwindSteps;
  /**
   * An instance of exactly this type is one block of the OBJ domain, without PyGC_Head, and owns nothing: where its
   * count reaches 0 the block is freed at once, without a call of `dealloc` (which those of subclasses still get).
   */
  readonly plain?: boolean;
  /** Visit each reference that the object owns, in CPython's order. `tp_traverse`. Required if collectable. */
  traverse?(this: void, object: Address, visit: Visit): void;
  /** Drop the references that may be part of a cycle. `tp_clear`. */
  clear?(this: void, object: Address): void;
  /** Called once before the object goes. `tp_finalize`. */
  finalize?(this: void, object: Address): void;
  /**
   * A finalizer of the kind before PEP 442, called whenever the count falls to 0: `tp_del`. A cycle with such an object
   * is not taken apart: it goes to `gc.garbage`. Dealloc calls it where that follows from a layout program; a dealloc of
   * your own has to.
   */
  legacyFinalize?(this: void, object: Address): void;
  /** `__sizeof__`, in bytes, without what lies before the object. Default: basicsize + |ob_size| × itemsize. */
  sizeof?(this: void, object: Address): number;
  /** Low 32 bits of the hash, signed; the high ones in `core.hashHigh`. -1 and -1: an exception is pending. Absent: unhashable. */
  hash?(this: void, object: Address): number;
  /** `==`: 1, 0, -1 with an exception pending, or 2: not implemented for this pair. Absent: identity. */
  equal?(this: void, object: Address, other: Address): number;
  /** `<`, same results. */
  less?(this: void, object: Address, other: Address): number;
  /** What `repr()` shows. Absent: `<name object at 0x…>`. */
  repr?(this: void, object: Address): string;
  /** What `repr()` shows for an object inside itself: `[...]`. Default: `...`. */
  readonly reprInside?: string;
  /** `len()`; absent: the type has none. */
  length?(this: void, object: Address): number;
  /** Call the object: a new reference, or NULL with an exception pending. `tp_call`; arguments are borrowed. */
  call?(this: void, object: Address, args: readonly Address[]): Address;
  /**
   * `cls(*args)` for a class that derives from this type, before its `__init__`: `tp_new`. The memory comes from
   * `core.classes.allocate(cls, items)`. New reference, or NULL. Absent: zeroed memory is an instance.
   */
  create?(this: void, cls: Address, args: readonly Address[]): Address;
  /**
   * Attributes that the type itself provides (not in its `__dict__`), new reference; NULL without an exception: none.
   */
  getAttribute?(this: void, object: Address, name: string): Address;
  /**
   * Set an attribute that the type itself provides; borrowed value, NULL to delete: 0, -1 with an exception pending, or
   * 2: it provides none of that name.
   */
  setAttribute?(this: void, object: Address, name: string, value: Address): number;
  /** For `verify` and `leaks`; built-in types are known there (inspect/ownership.ts). */
  readonly ownership?: Ownership;
}

/**
 * What inspection (`verify`, `leaks`) must know of a type beyond `traverse`, which shows what CPython's shows. For a
 * subclass the answers of all its bases apply.
 */
export interface Ownership {
  /**
   * Visit the references that the object owns and `traverse` leaves out: a dict's keys that are strs, a class's name.
   * Together with `traverse` each owned reference is visited once.
   */
  hidden?(this: void, object: Address, visit: Visit): void;
  /** Visit the blocks of memory that the object owns beside its own: list items, dict keys, values. */
  buffers?(this: void, object: Address, visit: BufferVisit): void;
  /** What is wrong with the object's own fields, as a sentence part; undefined if nothing is. Must not change anything. */
  check?(this: void, object: Address): string | undefined;
}

/**
 * Told of a block that an object owns.
 * @param block as the allocator returned it
 * @param owners for a block with several owners: how many it says that it has
 * @param references visits what such a block itself owns; called for the first owner only
 */
export type BufferVisit = (
  block: Address,
  owners?: number,
  references?: (visit: Visit) => void,
) => void;

/** What `define` needs to make a static type. */
export interface TypeSpec {
  /** As `tp_name`: `list`. */
  readonly name: string;
  /** Its base; default `object`. */
  readonly base?: Address;
  readonly basicsize: number;
  readonly itemsize?: number;
  /** Sum of {@link typeFlags}; `ready` is added. */
  readonly flags: number;
  /** Offset of a `__dict__` pointer within the object, in bytes; 0: none. */
  readonly dictoffset?: number;
  /** Offset of the weak reference list within the object, in bytes; 0: none. */
  readonly weaklistoffset?: number;
  /**
   * Without `dealloc`, `traverse` or `clear` these follow from `layout`: references are released in its order, buffers
   * are given back to the MEM domain, then the object. Types defined when the heap is there already (all but the
   * built-in ones) are guarded: what their `finalize`, `clear` and `dealloc` throw is reported as unraisable.
   */
  readonly slots: Omit<TypeSlots, "dealloc"> & Partial<Pick<TypeSlots, "dealloc">>;
  /**
   * Layout program (`layoutCodes` of `@pyrena/abi`), in place of or beside `traverse`; written to static data.
   * With `slots.traverse` present both must say the same.
   */
  readonly layout?: readonly number[];
}

/** Types of one heap. */
export interface TypesApi {
  /** `type` and `object`. */
  readonly type: Address;
  readonly object: Address;
  /** Make a static type in static data; built in (in a fixed order) or a user's. Immortal where the version has that. */
  define(this: void, spec: TypeSpec): Address;
  /** Register functions for types that are made otherwise (classes); returns their number. */
  registerSlots(this: void, slots: TypeSlots): number;
  /** Names of slots that the heap's types need and that have not been registered here: it was opened without them. */
  missing(this: void): string[];
  /**
   * Register functions for what is missing that only let objects be looked at: references and buffers as their layout
   * programs say; nothing of the user's runs. For a heap that is not going to run.
   * @returns the names of those without a layout program: what their objects refer to, nobody knows
   */
  standIn(this: void): string[];
  /** For which types `standIn` did so; `hasLayout`: what their objects refer to is known. */
  stoodIn(this: void): readonly { readonly name: string; readonly hasLayout: boolean }[];
  /** Number of the slots that a type names. */
  slotNumber(this: void, type: Address): number;
  /** Functions behind a type, and behind an object's type. */
  slots(this: void, type: Address): TypeSlots;
  slotsOf(this: void, object: Address): TypeSlots;
  /** `Py_TYPE`, borrowed. */
  typeOf(this: void, object: Address): Address;
  /** `tp_name`, without module. */
  name(this: void, type: Address): string;
  flags(this: void, type: Address): number;
  base(this: void, type: Address): Address;
  basicsize(this: void, type: Address): number;
  itemsize(this: void, type: Address): number;
  /** Whether `type` is `base` or derives from it, along the mro. `PyType_IsSubtype`. */
  isSubtype(this: void, type: Address, base: Address): boolean;
  /** Whether the object's type is `type` or derives from it. */
  isInstance(this: void, object: Address, type: Address): boolean;
  isCollectable(this: void, object: Address): boolean;
  /** `tp_dictoffset`, in bytes; -1 or, in 3.11, another negative number: managed; 0: none. */
  dictoffset(this: void, type: Address): number;
  /** Bytes before an object of this type: PyGC_Head, and managed dict and weakref words. */
  preBytes(this: void, type: Address): number;
  /** Offset of the weak reference list's head from an object of this type (may be negative); 0: none. */
  weaklistOffset(this: void, type: Address): number;
  /** All types in static data, in the order in which they were defined; classes are their subclasses. */
  all(this: void): Address[];
}
