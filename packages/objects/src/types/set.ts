/**
 * set and frozenset (`Objects/setobject.c`). Their layout and their table are set-table.ts's; here are the types and what
 * they are made and die with.
 */
import { type Address, layoutCodes, layoutOf } from "@pyrena/abi";
import type { SetApi, TableCursor } from "../api/tables.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { makeSetOperations } from "./set-operations.ts";
import { makeSetTable, setStruct } from "./set-table.ts";
import { makeSetCheck } from "./set-verify.ts";

export { setStruct };

export function makeSet(core: Core): SetApi {
  const { memory, mem, alloc, refs, types, protocol, profile, word } = core;
  const { bytes: BYTES, at } = layoutOf(setStruct, profile.abi);
  const TYPE = word;
  const FILL = at.fill;
  const SMALL = at.smalltable;
  const WEAKREFS = at.weakreflist;
  const HEAD = profile.headers.gcHead;
  const kinds = {
    check,
    isFrozen: (set: Address): boolean => types.isInstance(set, frozenType),
    make,
    type: (frozen: boolean): Address => (frozen ? frozenType : type),
  };
  const table = makeSetTable(core, kinds);
  const { equal, ...operations } = makeSetOperations(core, table, kinds);
  const { dummy: DUMMY, entryBytes: ENTRY, length, tableOf, maskOf, emptySmall } = table;
  const { clear, traverse, next, hashOfSet } = table;

  const shared: Omit<TypeSlots, "name"> = {
    dealloc,
    unwind: { begin: beginUnwinding, next: takeNext, end: endUnwinding },
    traverse,
    sizeof: (set) => {
      const own = types.basicsize(types.typeOf(set));
      return tableOf(set) === set + SMALL ? own : own + (maskOf(set) + 1) * ENTRY;
    },
    equal: (a, b) => (check(b) ? equal(a, b) : 2),
    less: (a, b) => (check(b) ? (length(a) < length(b) ? operations.isSubset(a, b) : 0) : 2),
    repr,
    length,
  };
  const type = types.define({
    name: "set",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.hasGc,
    weaklistoffset: WEAKREFS,
    slots: { ...shared, name: "set", clear, reprInside: "set(...)" },
    layout: [layoutCodes.custom],
  });
  const frozenType = types.define({
    name: "frozenset",
    basicsize: BYTES,
    flags: typeFlags.baseType | typeFlags.hasGc,
    weaklistoffset: WEAKREFS,
    slots: { ...shared, name: "frozenset", clear, hash: hashOfSet, reprInside: "frozenset(...)" },
    layout: [layoutCodes.custom],
  });

  // Making and dropping sets

  function create(): Address {
    return make(type);
  }

  function make(itsType: Address): Address {
    const set = alloc.gcObject(itsType, BYTES, HEAD);
    if (set === 0) return 0;
    initialize(set);
    alloc.track(set);
    return set;
  }

  function initialize(set: Address): void {
    const u32 = memory.u32;
    const end = (set + BYTES) >>> 2;
    for (let i = (set + FILL) >>> 2; i < end; i++) u32[i] = 0;
    emptySmall(set);
  }

  function dealloc(set: Address): void {
    const itsType = memory.u32[(set + TYPE) >>> 2];
    const exact = itsType === type || itsType === frozenType;
    if (alloc.isTracked(set)) alloc.untrack(set);
    if (exact && refs.trashcanBegin(set)) return;
    if (memory.u32[(set + WEAKREFS) >>> 2] !== 0) core.weakrefs.clearAll(set);
    const entries = tableOf(set);
    let left = length(set);
    for (let entry = entries; left > 0; entry += ENTRY) {
      const key = memory.u32[entry >>> 2];
      if (key === 0 || key === DUMMY) continue;
      left--;
      refs.decref(key);
    }
    if (entries !== set + SMALL) mem.free(entries);
    alloc.freeGcObject(set, exact ? HEAD : types.preBytes(itsType));
    if (exact) refs.trashcanEnd();
  }

  /** Weak references are dead before the first key goes. */
  function beginUnwinding(set: Address): boolean {
    if (memory.u32[(set + WEAKREFS) >>> 2] !== 0) core.weakrefs.clearAll(set);
    return true;
  }

  /** An exact set's keys one by one; how many slots are done stands in the first word of its PyGC_Head. */
  function takeNext(set: Address): Address {
    const progress = (set - HEAD) >>> 2;
    const entries = tableOf(set);
    const slots = maskOf(set) + 1;
    for (let n = memory.u32[progress]; n < slots; n++) {
      const key = memory.u32[(entries + n * ENTRY) >>> 2];
      if (key === 0 || key === DUMMY) continue;
      memory.u32[progress] = n + 1;
      return key;
    }
    return 0;
  }

  function endUnwinding(set: Address): void {
    memory.u32[(set - HEAD) >>> 2] = 0;
    const entries = tableOf(set);
    if (entries !== set + SMALL) mem.free(entries);
    alloc.freeGcObject(set, HEAD);
  }

  function check(object: Address): boolean {
    const itsType = memory.u32[(object + TYPE) >>> 2];
    if (itsType === type || itsType === frozenType) return true;
    return (
      (types.flags(itsType) & typeFlags.heapType) !== 0 &&
      (types.isSubtype(itsType, type) || types.isSubtype(itsType, frozenType))
    );
  }

  function repr(set: Address): string {
    const name = types.name(types.typeOf(set));
    if (length(set) === 0) return `${name}()`;
    const parts: string[] = [];
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (next(set, cursor)) parts.push(protocol.repr(cursor.key));
    const text = `{${parts.join(", ")}}`;
    return types.typeOf(set) === type ? text : `${name}(${text})`;
  }

  return {
    type,
    frozenType,
    initialize,
    create,
    ...operations,
    length,
    add: table.add,
    discard: table.discard,
    contains: table.contains,
    pop: table.pop,
    clear,
    next,
    check,
    verify: makeSetCheck(core, table),
  };
}
