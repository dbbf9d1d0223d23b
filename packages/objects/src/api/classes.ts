/** Classes made at run time, their instances and attributes. */
import type { Address } from "@pyrena/abi";
import type { TypeSlots } from "./types.ts";

/** What a `class` statement says. */
export interface ClassSpec {
  readonly name: string;
  /** Borrowed; default `[object]`. */
  readonly bases?: readonly Address[];
  /** `__slots__`; absent: instances have a `__dict__` (and a `__weakref__`). */
  readonly slots?: readonly string[];
  /** Class attributes, in order of definition; borrowed. Methods are functions. */
  readonly attributes?: readonly (readonly [name: string, value: Address])[];
  /** `__module__`; default `__main__`. */
  readonly module?: string;
  /** `__qualname__`; default the name. */
  readonly qualname?: string;
  /** `__firstlineno__` (3.13 and later); default 1. */
  readonly firstLine?: number;
  /** `__static_attributes__` (3.13 and later): names that methods assign on `self`; default none. */
  readonly staticAttributes?: readonly string[];
}

/** `type`, and instances of heap types. */
export interface ClassesApi {
  /** `class name(bases): …`: new reference, or NULL with an exception pending. */
  create(this: void, spec: ClassSpec): Address;
  /** `cls()` without `__init__`: `object.__new__(cls)`. New reference. */
  instantiate(this: void, cls: Address): Address;
  /** `cls(*args)`: `__new__`, then `__init__` if the class has one. New reference. */
  call(this: void, cls: Address, args: readonly Address[]): Address;
  /** `cls.__new__(cls, *args)`: `call` without `__init__`. New reference. */
  construct(this: void, cls: Address, args: readonly Address[]): Address;
  /** `getattr` of an instance, class or anything else with a dict: new reference, NULL with AttributeError pending. */
  getAttribute(this: void, object: Address, name: Address): Address;
  /** As `getAttribute`, but NULL with nothing pending where there is no such attribute. */
  findAttribute(this: void, object: Address, name: Address): Address;
  setAttribute(this: void, object: Address, name: Address, value: Address): number;
  deleteAttribute(this: void, object: Address, name: Address): number;
  /** `object.__dict__`: new reference, made on demand; NULL with AttributeError pending where there is none. */
  dict(this: void, object: Address): Address;
  /** Along the mro, borrowed, or NULL: `_PyType_Lookup`. */
  lookup(this: void, cls: Address, name: Address): Address;
  /** The class's `__mro__` as an array, borrowed. */
  order(this: void, cls: Address): Address[];
  /** The class's `__mro__`, a tuple, borrowed; NULL for built-in types, whose order is along `tp_base`. */
  mro(this: void, cls: Address): Address;
  /** `__bases__`, a tuple, borrowed; NULL for built-in types. */
  bases(this: void, cls: Address): Address;
  /** `__dict__` of a class, the dict itself, borrowed; NULL for built-in types. */
  classDict(this: void, cls: Address): Address;
  /** `cls.__subclasses__()`: living direct subclasses, oldest first, borrowed. */
  subclasses(this: void, cls: Address): Address[];
  /** Shared keys of a class's instances (`ht_cached_keys`), or NULL. */
  sharedKeys(this: void, cls: Address): Address;
  /** Whether the object is a class or a built-in type. */
  check(this: void, object: Address): boolean;
  /**
   * Memory for an instance of a class with room for items, zeroed, not tracked; attributes are set up as
   * `PyType_GenericAlloc` does. For `create` slots of built-in types. NULL with MemoryError pending.
   */
  allocate(this: void, cls: Address, items: number): Address;
  /**
   * Call a method that may have been looked up with `lookup`: a function gets the object as its first argument, any
   * other callable does not. New reference.
   */
  callMethod(this: void, method: Address, object: Address, args: readonly Address[]): Address;
  /**
   * Look a special method up on the object's class and call it; new reference, NULL with an exception pending, or -1:
   * there is no such method. `_PyObject_LookupSpecial`.
   */
  callSpecial(this: void, object: Address, name: string, args: readonly Address[]): Address | -1;
  /**
   * Run the finalizer of a dying object, once (PEP 442): true if it has been resurrected, and its dealloc must return.
   * `PyObject_CallFinalizerFromDealloc`.
   */
  finalizeFromDealloc(this: void, object: Address): boolean;
  /** `object.__dict__ = dict`; 0 or -1. */
  setDict(this: void, object: Address, dict: Address): number;
  /** What `type` itself does; types/object.ts enters it. */
  readonly typeSlots: TypeSlots;
  /** `_PyObject_GetState`-like: instance attributes in order as `[name, value]`, borrowed. */
  attributes(this: void, object: Address): [Address, Address][];
}
