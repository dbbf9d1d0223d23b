/**
 * bound method (`Objects/classobject.c`): a function and the object whose method it is.
 *
 *     0   count, type
 *     2W  im_func, im_self: owned
 *     4W  im_weakreflist
 *     5W  vectorcall
 *
 * From 3.14 on, 20 dead ones are kept for reuse.
 */
import {
  type Address,
  defineStruct,
  hex,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";

type MethodField =
  | "ob_refcnt"
  | "ob_type"
  | "im_func"
  | "im_self"
  | "im_weakreflist"
  | "vectorcall";

/** `PyMethodObject`. */
export const methodStruct: StructDefinition<MethodField> = defineStruct("PyMethodObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  im_func: { type: "ptr", help: "owned" },
  im_self: { type: "ptr", help: "owned" },
  im_weakreflist: "ptr",
  vectorcall: "ptr",
});

/** Bound methods; part of `core.functions`. */
export interface Methods {
  readonly methodType: Address;
  createMethod(this: void, fn: Address, self: Address): Address;
  methodFunction(this: void, method: Address): Address;
  methodSelf(this: void, method: Address): Address;
  checkMethod(this: void, object: Address): boolean;
}

export function makeMethods(core: Core): Methods {
  const { memory, alloc, refs, types, word, wide, profile } = core;
  const { bytes: BYTES, at } = layoutOf(methodStruct, profile.abi);
  const FUNCTION = at.im_func;
  const SELF = at.im_self;
  const WEAKREFS = at.im_weakreflist;
  const GC_HEAD = profile.headers.gcHead;
  const kept = alloc.freeList("method", profile.freeLists.method, (method) =>
    alloc.freeGcObject(method, GC_HEAD),
  );
  const fn = (method: Address): Address => memory.u32[(method + FUNCTION) >>> 2];
  const self = (method: Address): Address => memory.u32[(method + SELF) >>> 2];

  const slots: TypeSlots = {
    name: "method",
    dealloc: (method) => {
      alloc.untrack(method);
      if (memory.u32[(method + WEAKREFS) >>> 2] !== 0) core.weakrefs.clearAll(method);
      refs.decref(fn(method));
      refs.decref(self(method));
      if (!kept.push(method)) alloc.freeGcObject(method, GC_HEAD);
    },
    traverse: (method, visit) => {
      visit(fn(method));
      visit(self(method));
    },
    hash: (method) => {
      const low = core.protocol.hash(fn(method));
      if (low === -1 && (!wide || core.hashHigh === -1)) return -1;
      const address = self(method);
      // An address has no high half: the function's stays as it is.
      const mixed = low ^ (wide ? address >>> 4 : (address >>> 4) | (address << 28));
      return mixed === -1 && (!wide || core.hashHigh === -1) ? -2 : mixed;
    },
    equal: (a, b) => {
      if (types.typeOf(b) !== methodType) return 2;
      return self(a) === self(b) ? core.protocol.equal(fn(a), fn(b)) : 0;
    },
    repr: (method) => {
      const callable = fn(method);
      const owner = types.name(types.typeOf(self(method)));
      const name = core.functions.check(callable)
        ? core.str.value(core.functions.name(callable))
        : "?";
      return `<bound method ${owner}.${name} of <${owner} object at ${hex(self(method))}>>`;
    },
    call: (method, args) => core.protocol.call(fn(method), [self(method), ...args]),
    getAttribute: (method, name) => {
      if (name === "__self__") return refs.newRef(self(method));
      if (name === "__func__") return refs.newRef(fn(method));
      return types.slotsOf(fn(method)).getAttribute?.(fn(method), name) ?? 0;
    },
  };
  const methodType = types.define({
    name: "method",
    basicsize: BYTES,
    flags: typeFlags.hasGc,
    weaklistoffset: WEAKREFS,
    layout: [layoutCodes.words, FUNCTION, 2],
    slots,
  });

  return {
    methodType,
    createMethod: (callable, owner) => {
      let method = kept.pop();
      if (method === 0) {
        method = alloc.gcObject(methodType, BYTES, GC_HEAD);
        if (method === 0) return 0;
      } else {
        alloc.initHeader(method, methodType);
      }
      const u32 = memory.u32;
      for (let i = (method + 2 * word) >>> 2, end = (method + BYTES) >>> 2; i < end; i++)
        u32[i] = 0;
      u32[(method + FUNCTION) >>> 2] = callable;
      u32[(method + SELF) >>> 2] = owner;
      refs.incref(callable);
      refs.incref(owner);
      alloc.track(method);
      return method;
    },
    methodFunction: fn,
    methodSelf: self,
    checkMethod: (object) => types.typeOf(object) === methodType,
  };
}
