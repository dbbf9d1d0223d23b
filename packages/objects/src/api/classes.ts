/** Classes made at run time, their instances and attributes. */
import type { Address } from "@pyrena/abi";

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
}

/** `type`, and instances of heap types. */
export interface ClassesApi {
  /** `class name(bases): …`: new reference, or NULL with an exception pending. */
  create(this: void, spec: ClassSpec): Address;
  /** `cls()` without `__init__`: `object.__new__(cls)`. New reference. */
  instantiate(this: void, cls: Address): Address;
  /** `cls(*args)`: `__new__`, then `__init__` if the class has one. New reference. */
  call(this: void, cls: Address, args: readonly Address[]): Address;
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
  /** The class's `__mro__`, a tuple, borrowed. */
  mro(this: void, cls: Address): Address;
  /** `_PyObject_GetState`-like: instance attributes in order as `[name, value]`, borrowed. */
  attributes(this: void, object: Address): [Address, Address][];
}
