/** `abi`'s ObjectGraph over this heap's objects: all that a collector may know of them. */
import type { Address, ObjectGraph } from "@pyrena/abi";
import type { TableCursor } from "../api/tables.ts";
import { typeFlags } from "../api/types.ts";
import { describe, referenceName } from "../inspect/labels.ts";
import type { Core } from "./core.ts";
import { typeLayout } from "./type-object.ts";

export function makeGraph(core: Core): ObjectGraph<undefined> {
  const { memory, profile, refs, types, alloc, facts } = core;
  const { tp_traverse: LAYOUT, tp_flags: FLAGS } = typeLayout(core).at;
  /** Whether an object is or may come to be tracked: only a tuple is untracked for good (`_PyObject_GC_MAY_BE_TRACKED`). */
  function mayBeTracked(object: Address): boolean {
    if (!types.isCollectable(object)) return false;
    return types.typeOf(object) !== core.tuple.type || alloc.isTracked(object);
  }

  return {
    ctx: undefined,
    memory,
    profile,
    gcHeadBytes: profile.headers.gcHead,
    words: {
      count: 0,
      immortalFrom: facts.refcount.decrefLimit,
      type: core.word,
      flags: FLAGS,
      collectable: typeFlags.hasGc,
      ask: typeFlags.typeSubclass,
      layout: LAYOUT,
    },
    isCollectable: (_, object) => types.isCollectable(object),
    refcount: (_, object) => refs.refcount(object),
    isImmortal: (_, object) => refs.isImmortal(object),
    traverse: (_, object, visit) => types.slotsOf(object).traverse?.(object, visit),
    layout: (_, object) => memory.u32[(types.typeOf(object) + LAYOUT) >>> 2],
    incref: (_, object) => refs.incref(object),
    decref: (_, object) => refs.decref(object),
    needsFinalizer: (_, object) =>
      types.slotsOf(object).finalize !== undefined && !alloc.isFinalized(object),
    isUncollectable: (_, object) => types.slotsOf(object).legacyFinalize !== undefined,
    finalize: (_, object) => {
      alloc.setFinalized(object);
      types.slotsOf(object).finalize?.(object);
    },
    clear: (_, object) => {
      types.slotsOf(object).clear?.(object);
    },
    weakrefs: (_, object, visit) => {
      if (types.weaklistOffset(types.typeOf(object)) !== 0) core.weakrefs.each(object, visit);
    },
    isWeakref: (_, object) => core.weakrefs.check(object),
    hasWeakrefCallback: (_, ref) => {
      const callback = core.weakrefs.callback(ref);
      refs.xdecref(callback);
      return callback !== 0;
    },
    clearWeakref: (_, ref) => core.weakrefs.clear(ref),
    callWeakrefCallback: (_, ref) => {
      const callback = core.weakrefs.callback(ref);
      if (callback === 0) return;
      const pending = core.errors.fetch();
      const result = core.protocol.call(callback, [ref]);
      if (result === 0) core.errors.writeUnraisable("a weak reference's callback");
      refs.xdecref(result);
      refs.decref(callback);
      core.errors.restore(pending);
    },
    mayUntrack: (_, type) => {
      if (type === core.tuple.type) return 1;
      return type === core.dict.type && !facts.tracksDictsAtOnce ? 2 : 0;
    },
    isUntrackable: (_, object) => {
      if (types.typeOf(object) === core.tuple.type) {
        for (let n = core.tuple.length(object) - 1; n >= 0; n--)
          if (mayBeTracked(core.tuple.getItem(object, n))) return false;
        return true;
      }
      // All values, also those that lie in an instance, which is the one that shows them to collectors.
      const cursor: TableCursor = { position: 0, key: 0, value: 0 };
      while (core.dict.next(object, cursor))
        if (mayBeTracked(cursor.value) || mayBeTracked(cursor.key)) return false;
      return true;
    },
    isPlain: (_, type) => {
      const { refType, proxyType, callableProxyType } = core.weakrefs;
      if (type === refType || type === proxyType || type === callableProxyType) return false;
      if ((memory.u32[(type + FLAGS) >>> 2] & typeFlags.heapType) !== 0) return false;
      if (types.weaklistOffset(type) !== 0) return false;
      const slots = types.slots(type);
      return slots.finalize === undefined && slots.legacyFinalize === undefined;
    },
    clearFreeLists: () => {
      for (const list of alloc.freeLists)
        if (facts.clearsSlices || list.name !== "slice") list.clear();
    },
    roots: (_, visit) => core.inspect.roots(visit),
    markingRoots: (_, which, visit) => {
      if (which === "frames") core.frames.markingRoots(visit);
      else core.inspect.roots(visit, which);
    },
    typeName: (_, object) => types.name(types.typeOf(object)),
    references: (_, object, visit) => core.inspect.references(object, visit),
    describe: (_, object) => describe(core, object),
    referenceName: (_, holder, referent) => referenceName(core, holder, referent),
  };
}
