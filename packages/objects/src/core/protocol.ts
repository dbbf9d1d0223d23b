/** The abstract object layer: what works on any object, by asking its type. */
import type { Address } from "@pyrena/abi";
import { hex } from "@pyrena/abi";
import type { ProtocolApi } from "../api/protocol.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import { makeStackGuard } from "../frames/stack-guard.ts";
import type { Core } from "./core.ts";
import { typeLayout } from "./type-object.ts";

/** What `equal` and `less` return where a type does not know the other's. */
export const NOT_IMPLEMENTED = 2;

export function makeProtocol(core: Core): ProtocolApi {
  const { memory, word, wide, types } = core;
  const TYPE = word;
  const SIZE = 2 * word;
  const FLAGS = typeLayout(core).at.tp_flags;
  /** Objects whose repr is under way: a container inside itself shows as an ellipsis. */
  const underWay = new Set<Address>();
  /** Characters that the repr under way may still make. */
  let room = Number.POSITIVE_INFINITY;

  /** Operations of containers that go on with their items: how deep they are nested now, and may be. */
  const guard = makeStackGuard();
  let nested = 0;

  /** Begin one more; false: JavaScript's stack is nearly used up. */
  function enter(): boolean {
    nested++;
    if (nested <= guard.reach || guard.extend(nested)) return true;
    nested--;
    return false;
  }

  function leave(): void {
    nested--;
    if (nested < guard.keeps) guard.shrink(nested);
  }

  /** RecursionError, as CPython raises it: -1. */
  function tooDeep(): -1 {
    core.errors.raise("RecursionError", "containers are nested too deeply");
    return -1;
  }

  function equalBySlots(a: Address, b: Address): number {
    const first = types.slotsOf(a);
    const second = types.slotsOf(b);
    if (first.equal !== undefined) {
      const result = first.equal(a, b);
      if (result !== NOT_IMPLEMENTED) return result;
    }
    if (second.equal !== undefined && second !== first) {
      const result = second.equal(b, a);
      if (result !== NOT_IMPLEMENTED) return result;
    }
    return 0;
  }

  /** Objects that hold others are collectable; only their operations nest. */
  function mayNest(object: Address): boolean {
    const u32 = memory.u32;
    return (u32[(u32[(object + TYPE) >>> 2] + FLAGS) >>> 2] & typeFlags.hasGc) !== 0;
  }

  function equalNested(a: Address, b: Address): number {
    if (!enter()) return tooDeep();
    try {
      return equalBySlots(a, b);
    } finally {
      leave();
    }
  }

  function hashNested(slots: TypeSlots, object: Address): number {
    if (!enter()) {
      core.hashHigh = -1;
      return tooDeep();
    }
    try {
      return slots.hash?.(object) ?? -1;
    } finally {
      leave();
    }
  }

  /** Hash of an address, as `_Py_HashPointer`: rotated right by 4 bits, because the low ones say nothing. */
  function hashAddress(object: Address): number {
    core.hashHigh = 0;
    // Blocks of lp64 are aligned to 16 bytes: nothing is rotated into the high half.
    const low = wide ? object >>> 4 : (object >>> 4) | (object << 28);
    return low === -1 ? -2 : low | 0;
  }

  function reprWhole(object: Address): string {
    if (object === 0) return "<NULL>";
    const slots = types.slotsOf(object);
    if (slots.repr === undefined) {
      return `<${types.name(types.typeOf(object))} object at ${hex(object)}>`;
    }
    if (underWay.has(object)) return slots.reprInside ?? "...";
    // What is nested too deeply is left out: a repr never fails.
    if (room <= 0 || !enter()) return "...";
    underWay.add(object);
    try {
      const text = slots.repr(object);
      room -= text.length;
      return text;
    } finally {
      underWay.delete(object);
      leave();
    }
  }

  function reprWithin(object: Address, limit: number): string {
    const before = room;
    room = limit;
    try {
      return reprWhole(object);
    } finally {
      room = before;
    }
  }

  const api: ProtocolApi = {
    hash: (object) => {
      const slots = types.slotsOf(object);
      if (slots.hash !== undefined) {
        return mayNest(object) ? hashNested(slots, object) : slots.hash(object);
      }
      if (slots.equal === undefined) return hashAddress(object);
      core.errors.raise("TypeError", `unhashable type: '${types.name(types.typeOf(object))}'`);
      core.hashHigh = -1;
      return -1;
    },
    equal: (a, b) => {
      if (a === b) return 1;
      return mayNest(a) && mayNest(b) ? equalNested(a, b) : equalBySlots(a, b);
    },
    less: (a, b) => {
      const slots = types.slotsOf(a);
      if (slots.less !== undefined) {
        if (!enter()) return tooDeep();
        try {
          const result = slots.less(a, b);
          if (result !== NOT_IMPLEMENTED) return result;
        } finally {
          leave();
        }
      }
      core.errors.raise(
        "TypeError",
        `no order between '${types.name(types.typeOf(a))}' and '${types.name(types.typeOf(b))}'`,
      );
      return -1;
    },
    repr: (object, limit) => (limit === undefined ? reprWhole(object) : reprWithin(object, limit)),
    length: (object) => {
      const slots = types.slotsOf(object);
      if (slots.length !== undefined) return slots.length(object);
      core.errors.raise("TypeError", `'${types.name(types.typeOf(object))}' has no len()`);
      return -1;
    },
    isTrue: (object) => {
      const { constants, int, float, complex } = core;
      if (object === int.true) return true;
      if (object === int.false || object === constants.none) return false;
      const type = types.typeOf(object);
      if (int.check(object)) return Number(int.value(object)) !== 0;
      if (type === float.type) return float.value(object) !== 0;
      if (type === complex.type)
        return complex.real(object) !== 0 || complex.imaginary(object) !== 0;
      const { weakrefs } = core;
      if (type === weakrefs.proxyType || type === weakrefs.callableProxyType) {
        const referent = weakrefs.referent(object);
        return referent !== 0 && api.isTrue(referent);
      }
      const slots = types.slotsOf(object);
      return slots.length === undefined || slots.length(object) !== 0;
    },
    getsizeof: (object) => {
      const type = types.typeOf(object);
      const slots = types.slotsOf(object);
      const own =
        slots.sizeof !== undefined
          ? slots.sizeof(object)
          : types.basicsize(type) +
            (types.itemsize(type) === 0
              ? 0
              : types.itemsize(type) * Math.abs(memory.i32[(object + SIZE) >>> 2]));
      return own + (types.isCollectable(object) ? types.preBytes(type) : 0);
    },
    call: (callable, args) => {
      const slots = types.slotsOf(callable);
      if (slots.call !== undefined) return slots.call(callable, args);
      return core.errors.raise(
        "TypeError",
        `'${types.name(types.typeOf(callable))}' cannot be called`,
      );
    },
    getAttribute: (object, name) => {
      const key = core.str.interned(name);
      if (key === 0) return 0;
      const found = core.classes.getAttribute(object, key);
      core.refs.decref(key);
      return found;
    },
    setAttribute: (object, name, value) => {
      const key = core.str.interned(name);
      if (key === 0) return -1;
      const result = core.classes.setAttribute(object, key, value);
      core.refs.decref(key);
      return result;
    },
    deleteAttribute: (object, name) => {
      const key = core.str.interned(name);
      if (key === 0) return -1;
      const result = core.classes.deleteAttribute(object, key);
      core.refs.decref(key);
      return result;
    },
    traverse: (object, visit) => {
      if ((types.flags(types.typeOf(object)) & typeFlags.hasGc) === 0) return;
      types.slotsOf(object).traverse?.(object, visit);
    },
  };
  return api;
}
