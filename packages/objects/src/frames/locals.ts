/** What code does with the variables of its frame: load, store, delete, cells, the evaluation stack. */
import type { Address } from "@pyrena/abi";
import type { FramesApi } from "../api/frames.ts";
import type { Core } from "../core/core.ts";
import type { FrameSlots } from "./slots.ts";

/** Variables, part of `core.frames`. */
export type Locals = Pick<
  FramesApi,
  | "localCount"
  | "localName"
  | "local"
  | "load"
  | "store"
  | "delete"
  | "locals"
  | "assign"
  | "makeCell"
  | "loadCell"
  | "storeCell"
  | "deleteCell"
  | "pushValue"
  | "popValue"
  | "isLent"
  | "getrefcount"
>;

export function makeLocals(core: Core, slots: FrameSlots): Locals {
  const { memory, refs, errors, facts } = core;
  const { at: F, code: CODE, codeOf, slot, object, localCount, localName, slotsOf } = slots;
  const LENDS = facts.lendsLocals;

  /** Bring the dict of a frame's locals up to date: 0 or -1. */
  function fillDict(frame: Address, dict: Address): number {
    const names = memory.u32[(codeOf(frame) + CODE.co_localsplusnames) >>> 2];
    const count = localCount(frame);
    for (let n = 0; n < count; n++) {
      const name = core.tuple.getItem(names, n);
      const value = object(memory.u32[slot(frame, n)]);
      const isCell = value !== 0 && core.types.typeOf(value) === core.cells.type;
      const content = isCell ? core.cells.get(value) : value;
      let result = 0;
      if (content !== 0) result = core.dict.setItem(dict, name, content);
      else if (core.dict.contains(dict, name) === 1) result = core.dict.deleteItem(dict, name);
      if (isCell) refs.xdecref(content);
      if (result < 0) return -1;
    }
    return 0;
  }

  function locals(frame: Address): Address {
    const KEPT = (frame + F.f_locals) >>> 2;
    const kept = memory.u32[KEPT];
    const dict = kept === 0 ? core.dict.create() : refs.newRef(kept);
    if (dict === 0) return 0;
    if (kept === 0 && facts.keepsLocalsDict) memory.u32[KEPT] = refs.newRef(dict);
    if (fillDict(frame, dict) === 0) return dict;
    refs.decref(dict);
    return 0;
  }

  function unbound(frame: Address, index: number): 0 {
    return errors.raise("UnboundLocalError", `local '${localName(frame, index)}' is not bound`);
  }

  function store(frame: Address, index: number, value: Address): void {
    const i = slot(frame, index);
    const before = memory.u32[i];
    memory.u32[i] = value;
    if (before !== 0 && (before & 1) === 0) refs.decref(before);
  }

  /** A variable of the function itself is a local all the same, one of a function outside a name. */
  function unboundCell(frame: Address, index: number): 0 {
    const names = memory.u32[(codeOf(frame) + CODE.co_localsplusnames) >>> 2];
    const isLocal = index < memory.u32[(codeOf(frame) + CODE.co_nlocals) >>> 2];
    if (isLocal) return unbound(frame, index);
    errors.raise("NameError", `'${localName(frame, index)}' is not bound in the function outside`);
    if (errors.matches("NameError")) {
      const name = refs.newRef(core.tuple.getItem(names, index));
      core.exceptions.setField(errors.occurred(), "name", name);
    }
    return 0;
  }

  return {
    localCount,
    localName,
    local: (frame, index) => object(memory.u32[slot(frame, index)]),
    load: (frame, index) => {
      const value = object(memory.u32[slot(frame, index)]);
      return value === 0 ? unbound(frame, index) : refs.newRef(value);
    },
    store,
    delete: (frame, index) => {
      const i = slot(frame, index);
      if (memory.u32[i] === 0) {
        unbound(frame, index);
        return -1;
      }
      slots.release(i);
      return 0;
    },
    locals,
    assign: (frame, to, from) => {
      const value = memory.u32[slot(frame, from)];
      if (value === 0) {
        unbound(frame, from);
        return -1;
      }
      if ((value & 1) === 0) refs.incref(value);
      store(frame, to, value);
      return 0;
    },
    makeCell: (frame, index) => {
      const value = object(memory.u32[slot(frame, index)]);
      const cell = core.cells.create(value);
      if (cell === 0) return -1;
      store(frame, index, cell);
      return 0;
    },
    loadCell: (frame, index) => {
      const value = core.cells.get(memory.u32[slot(frame, index)]);
      return value === 0 ? unboundCell(frame, index) : value;
    },
    storeCell: (frame, index, value) => {
      core.cells.set(memory.u32[slot(frame, index)], value);
      refs.decref(value);
    },
    deleteCell: (frame, index) => {
      const cell = memory.u32[slot(frame, index)];
      const value = core.cells.get(cell);
      if (value === 0) {
        unboundCell(frame, index);
        return -1;
      }
      core.cells.set(cell, 0);
      refs.decref(value);
      return 0;
    },
    pushValue: (frame, value) => {
      const i = (frame + F.stack) >>> 2;
      const used = memory.u32[i];
      if (used >= slotsOf(frame)) {
        refs.decref(value);
        errors.raise(
          "SystemError",
          `the evaluation stack of ${slots.name(frame)} is full: give its code a larger stackSize`,
        );
        return -1;
      }
      memory.u32[slot(frame, used)] = value;
      if (core.wide) memory.u32[slot(frame, used) + 1] = 0;
      memory.u32[i] = used + 1;
      return 0;
    },
    popValue: (frame) => {
      const i = (frame + F.stack) >>> 2;
      const used = memory.u32[i];
      if (used <= localCount(frame)) return 0;
      memory.u32[i] = used - 1;
      const value = memory.u32[slot(frame, used - 1)];
      memory.u32[slot(frame, used - 1)] = 0;
      return value;
    },
    isLent: (frame, index) => (memory.u32[slot(frame, index)] & 1) !== 0,
    getrefcount: (frame, index) => {
      const value = object(memory.u32[slot(frame, index)]);
      const count = refs.refcount(value);
      return LENDS || refs.isImmortal(value) ? count : count + 1;
    },
  };
}
