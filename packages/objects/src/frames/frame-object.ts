/**
 * Frame objects (`Objects/frameobject.c`): made when a traceback or a user asks for a frame. While the frame runs the
 * object points to it; when the frame is left and the object has other owners, it takes the frame's contents over,
 * and with them the frame objects of the callers, because `f_back` must stay known.
 */
import { type Address, hex } from "@pyrena/abi";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { frameHeaderLayout, frameObjectLayout, OWNED_BY_FRAME_OBJECT } from "./layout.ts";
import type { FrameSlots } from "./slots.ts";

/** What frames need of frame objects. */
export interface FrameObjects {
  readonly type: Address;
  /** The frame's object, made if there is none: new reference; NULL with MemoryError pending. */
  of(this: void, frame: Address, slots: number): Address;
  /** A frame that is being left gives its contents to its object. */
  takeOwnership(this: void, object: Address, frame: Address): void;
  /** The frame that an object stands for. */
  frame(this: void, object: Address): Address;
}

export function makeFrameObjects(core: Core, slots: FrameSlots): FrameObjects {
  const { slotsOf, releaseAll: releaseLocals } = slots;
  const { memory, alloc, refs, types, word, wordShift, profile, facts } = core;
  const { at: F, bytes: HEADER } = frameHeaderLayout(profile.abi, facts);
  const { at: O, bytes: DATA } = frameObjectLayout(profile.abi, facts);
  const GC_HEAD = profile.headers.gcHead;
  const get = (address: Address, offset: number): Address => memory.u32[(address + offset) >>> 2];

  function isOwner(object: Address): boolean {
    return memory.u8[get(object, O.f_frame) + F.owner] === OWNED_BY_FRAME_OBJECT;
  }

  /** What a word owns, which passes to the caller; or NULL. */
  function take(address: Address): Address {
    const value = memory.u32[address >>> 2];
    memory.u32[address >>> 2] = 0;
    return value;
  }

  function clearWord(address: Address): void {
    const value = memory.u32[address >>> 2];
    memory.u32[address >>> 2] = 0;
    refs.xdecref(value);
  }

  function locals(frame: Address, visit: (referent: Address) => void): void {
    const end = frame + HEADER + (get(frame, F.stack) << wordShift);
    for (let slot = frame + HEADER; slot < end; slot += word) {
      const value = memory.u32[slot >>> 2];
      if (value !== 0 && (value & 1) === 0) visit(value);
    }
  }

  const type = types.define({
    name: "frame",
    basicsize: DATA + HEADER,
    itemsize: word,
    flags: typeFlags.hasGc,
    slots: {
      name: "frame",
      dealloc: (object) => {
        alloc.untrack(object);
        if (refs.trashcanBegin(object)) return;
        let code = 0;
        if (isOwner(object)) {
          const frame = get(object, O.f_frame);
          code = get(frame, F.f_executable);
          memory.u32[(frame + F.f_executable) >>> 2] = 0;
          clearWord(frame + F.f_funcobj);
          clearWord(frame + F.f_locals);
          releaseLocals(frame);
        }
        clearWord(object + O.f_back);
        alloc.freeGcObject(object, GC_HEAD);
        refs.xdecref(code);
        refs.trashcanEnd();
      },
      unwind: {
        begin: () => true,
        next: (object) => {
          if (isOwner(object)) {
            const frame = get(object, O.f_frame);
            const value =
              take(frame + F.f_funcobj) || take(frame + F.f_locals) || slots.takeNext(frame);
            if (value !== 0) return value;
          }
          return take(object + O.f_back);
        },
        end: (object) => {
          const code = isOwner(object) ? get(get(object, O.f_frame), F.f_executable) : 0;
          alloc.freeGcObject(object, GC_HEAD);
          refs.xdecref(code);
        },
      },
      traverse: (object, visit) => {
        const back = get(object, O.f_back);
        if (back !== 0) visit(back);
        if (!isOwner(object)) return;
        const frame = get(object, O.f_frame);
        for (const offset of [F.f_locals, F.f_funcobj, F.f_executable]) {
          const value = get(frame, offset);
          if (value !== 0) visit(value);
        }
        locals(frame, visit);
      },
      clear: (object) => {
        if (isOwner(object)) releaseLocals(get(object, O.f_frame));
      },
      sizeof: (object) => DATA + HEADER + (slotsOf(get(object, O.f_frame)) << wordShift),
      repr: (object) => {
        const code = get(get(object, O.f_frame), F.f_executable);
        return `<frame at ${hex(object)}, code ${core.functions.spec(code).name}>`;
      },
      getAttribute: (object, name) => {
        const frame = get(object, O.f_frame);
        const orNone = (value: Address): Address =>
          refs.newRef(value === 0 ? core.constants.none : value);
        if (name === "f_code") return orNone(get(frame, F.f_executable));
        if (name === "f_globals") return orNone(get(frame, F.f_globals));
        if (name === "f_locals") return core.frames.locals(frame);
        if (name !== "f_back") return 0;
        const previous = get(frame, F.previous);
        if (previous === 0) return orNone(get(object, O.f_back));
        return of(previous, slotsOf(previous));
      },
    },
  });

  function of(frame: Address, words: number): Address {
    const known = get(frame, F.frame_obj);
    if (known !== 0) return refs.newRef(known);
    const object = alloc.gcObject(type, DATA + HEADER + (words << wordShift), GC_HEAD);
    if (object === 0) return 0;
    const u32 = memory.u32;
    u32.fill(0, (object + O.f_back) >>> 2, (object + DATA) >>> 2);
    u32[(object + O.f_frame) >>> 2] = frame;
    memory.u8[object + O.f_lineno + 4] = 1;
    u32[(frame + F.frame_obj) >>> 2] = object;
    return refs.newRef(object);
  }

  return {
    type,
    of,
    takeOwnership: (object, frame) => {
      const copy = object + DATA;
      const bytes = HEADER + (get(frame, F.stack) << wordShift);
      memory.u8.copyWithin(copy, frame, frame + bytes);
      memory.u32[(object + O.f_frame) >>> 2] = copy;
      memory.u8[copy + F.owner] = OWNED_BY_FRAME_OBJECT;
      // What the caller lent is owned from now on.
      for (let slot = copy + HEADER; slot < copy + bytes; slot += word) {
        const value = memory.u32[slot >>> 2];
        if ((value & 1) === 0) continue;
        memory.u32[slot >>> 2] = value - 1;
        refs.incref(value - 1);
      }
      const previous = get(frame, F.previous);
      memory.u32[(copy + F.previous) >>> 2] = 0;
      if (previous !== 0) {
        const pending = core.errors.fetch();
        const back = of(previous, slotsOf(previous));
        if (back === 0) core.errors.clear();
        memory.u32[(object + O.f_back) >>> 2] = back;
        core.errors.restore(pending);
      }
      if (!alloc.isTracked(object)) alloc.track(object);
    },
    frame: (object) => get(object, O.f_frame),
  };
}
