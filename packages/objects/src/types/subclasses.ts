/** What a type knows of its direct subclasses: `tp_subclasses`, a dict of weak references by address. */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { typeLayout } from "../core/type-object.ts";

/** Direct subclasses of types. */
export interface Subclasses {
  /** Living ones, oldest first, borrowed. */
  of(this: void, cls: Address): Address[];
  /** Enter a class with its bases; 0 or -1. */
  add(this: void, cls: Address): number;
  /** The class dies: its bases forget it. Needs no memory in the end. */
  remove(this: void, cls: Address): void;
}

export function makeSubclasses(core: Core): Subclasses {
  const { memory, refs, errors } = core;
  const T = typeLayout(core).at;
  const u = (address: Address): number => memory.u32[address >>> 2];

  function each(cls: Address, visit: (key: Address, ref: Address) => void): void {
    const dict = u(cls + T.tp_subclasses);
    if (dict === 0) return;
    const cursor = { position: 0, key: 0, value: 0 };
    while (core.dict.next(dict, cursor)) visit(cursor.key, cursor.value);
  }

  function basesOf(cls: Address): Address[] {
    const bases = u(cls + T.tp_bases);
    if (bases === 0) return [];
    return Array.from({ length: core.tuple.length(bases) }, (_, n) => core.tuple.getItem(bases, n));
  }

  function addTo(base: Address, cls: Address): number {
    if (u(base + T.tp_subclasses) === 0) {
      const dict = core.dict.create();
      if (dict === 0) return -1;
      memory.u32[(base + T.tp_subclasses) >>> 2] = dict;
    }
    const key = core.int.from(cls);
    if (key === 0) return -1;
    const ref = core.weakrefs.ref(cls);
    const result = ref === 0 ? -1 : core.dict.setItem(u(base + T.tp_subclasses), key, ref);
    refs.xdecref(ref);
    refs.decref(key);
    return result;
  }

  function removeFrom(base: Address, cls: Address): void {
    const dict = u(base + T.tp_subclasses);
    if (dict === 0) return;
    let key = core.int.from(cls);
    if (key === 0) {
      // No room for the key: find the one in the dict.
      errors.clear();
      each(base, (known, ref) => {
        if (core.weakrefs.referent(ref) === cls) key = refs.newRef(known);
      });
    }
    if (key !== 0) {
      if (core.dict.deleteItem(dict, key) < 0) errors.clear();
      refs.decref(key);
    }
    if (core.dict.length(dict) === 0) {
      memory.u32[(base + T.tp_subclasses) >>> 2] = 0;
      refs.decref(dict);
    }
  }

  return {
    of: (cls) => {
      const found: Address[] = [];
      each(cls, (_, ref) => {
        const subclass = core.weakrefs.referent(ref);
        if (subclass !== 0) found.push(subclass);
      });
      return found;
    },
    add: (cls) => {
      for (const base of basesOf(cls)) if (addTo(base, cls) < 0) return -1;
      return 0;
    },
    remove: (cls) => {
      for (const base of basesOf(cls)) removeFrom(base, cls);
    },
  };
}
