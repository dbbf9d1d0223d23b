/** A type whose functions do what a test says: for types that misbehave. */
import type { Address } from "@pyrena/abi";
import { type Objects, typeFlags } from "@pyrena/objects";

/** What one object's functions do otherwise than they should. */
export interface Manners {
  /** How often `traverse` visits the reference; default 1. */
  readonly visits?: number;
  readonly traverse?: () => void;
  readonly clear?: () => void;
  readonly finalize?: () => void;
}

/** Objects with one reference each. */
export interface Misfits {
  /** New reference. */
  create(manners?: Manners): Address;
  /** Let one refer to another object, or to none; what was there before is released. */
  set(misfit: Address, target: Address): void;
  /** Borrowed. */
  get(misfit: Address): Address;
  /** Objects that have been given back. */
  readonly gone: ReadonlySet<Address>;
}

/** Define the type in a heap. */
export function misfits(core: Objects, name = "Misfit"): Misfits {
  const { memory, alloc, refs, word, profile } = core;
  const manners = new Map<Address, Manners>();
  const gone = new Set<Address>();
  const place = (object: Address): number => (object + 2 * word) >>> 2;

  function set(object: Address, target: Address): void {
    const before = memory.u32[place(object)];
    refs.xincref(target);
    memory.u32[place(object)] = target;
    refs.xdecref(before);
  }

  const type = core.types.define({
    name,
    basicsize: 3 * word,
    flags: typeFlags.hasGc,
    slots: {
      name,
      traverse: (object, visit) => {
        const { visits = 1, traverse } = manners.get(object) ?? {};
        const target = memory.u32[place(object)];
        if (target !== 0) for (let n = 0; n < visits; n++) visit(target);
        traverse?.();
      },
      clear: (object) => {
        const { clear } = manners.get(object) ?? {};
        set(object, 0);
        clear?.();
      },
      finalize: (object) => manners.get(object)?.finalize?.(),
      dealloc: (object) => {
        if (core.classes.finalizeFromDealloc(object)) return;
        alloc.untrack(object);
        set(object, 0);
        manners.delete(object);
        gone.add(object);
        alloc.freeGcObject(object, profile.headers.gcHead);
      },
    },
  });

  return {
    gone,
    set,
    get: (object) => memory.u32[place(object)],
    create: (its = {}) => {
      const object = alloc.gcObject(type, 3 * word, profile.headers.gcHead);
      if (object === 0) return 0;
      memory.u32.fill(0, place(object), place(object) + word / 4);
      gone.delete(object);
      manners.set(object, its);
      alloc.track(object);
      return object;
    },
  };
}
