/**
 * Tracebacks (`Python/traceback.c`): one for each frame that an exception has come through, the outermost first.
 *
 *     0   count, type
 *     2W  tb_next    the frame further in, owned; or NULL
 *     3W  tb_frame   frame object, owned
 *     4W  tb_lasti   i32, always 0 here: bodies are JavaScript
 *         tb_lineno  i32, always 0 here
 */
import {
  type Address,
  defineStruct,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";

/** `PyTracebackObject`. */
export const tracebackStruct: StructDefinition<
  "ob_refcnt" | "ob_type" | "tb_next" | "tb_frame" | "tb_lasti" | "tb_lineno"
> = defineStruct("PyTracebackObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  tb_next: { type: "ptr", help: "owned, or NULL" },
  tb_frame: { type: "ptr", help: "owned" },
  tb_lasti: "i32",
  tb_lineno: "i32",
});

/** What exceptions need of tracebacks. */
export interface Tracebacks {
  readonly type: Address;
  /** Borrowed arguments; `next` may be NULL. New reference, or NULL with MemoryError pending. */
  create(this: void, next: Address, frameObject: Address): Address;
  next(this: void, traceback: Address): Address;
  frame(this: void, traceback: Address): Address;
}

export function makeTracebacks(core: Core): Tracebacks {
  const { memory, alloc, types, refs, profile, wide } = core;
  const { bytes: BYTES, at } = layoutOf(tracebackStruct, profile.abi);
  const GC_HEAD = profile.headers.gcHead;
  const NEXT = at.tb_next;
  const FRAME = at.tb_frame;

  function clear(traceback: Address): void {
    const next = memory.u32[(traceback + NEXT) >>> 2];
    const frame = memory.u32[(traceback + FRAME) >>> 2];
    memory.u32[(traceback + NEXT) >>> 2] = 0;
    refs.xdecref(next);
    memory.u32[(traceback + FRAME) >>> 2] = 0;
    refs.xdecref(frame);
  }

  const type = types.define({
    name: "traceback",
    basicsize: BYTES,
    flags: typeFlags.hasGc,
    slots: {
      name: "traceback",
      dealloc: (traceback) => {
        alloc.untrack(traceback);
        if (refs.trashcanBegin(traceback)) return;
        clear(traceback);
        alloc.freeGcObject(traceback, GC_HEAD);
        refs.trashcanEnd();
      },
      unwind: {
        begin: () => true,
        next: (traceback) => {
          const at = memory.u32[(traceback + NEXT) >>> 2] !== 0 ? NEXT : FRAME;
          const value = memory.u32[(traceback + at) >>> 2];
          memory.u32[(traceback + at) >>> 2] = 0;
          return value;
        },
        end: (traceback) => alloc.freeGcObject(traceback, GC_HEAD),
      },
      traverse: (traceback, visit) => {
        const next = memory.u32[(traceback + NEXT) >>> 2];
        const frame = memory.u32[(traceback + FRAME) >>> 2];
        if (next !== 0) visit(next);
        if (frame !== 0) visit(frame);
      },
      clear,
      getAttribute: (traceback, name) => {
        if (name === "tb_frame") return refs.newRef(memory.u32[(traceback + FRAME) >>> 2]);
        if (name === "tb_next") {
          return refs.newRef(memory.u32[(traceback + NEXT) >>> 2] || core.constants.none);
        }
        return name === "tb_lineno" || name === "tb_lasti" ? core.int.from(0) : 0;
      },
    },
    layout: [layoutCodes.words, NEXT, 2],
  });

  return {
    type,
    create: (next, frameObject) => {
      const traceback = alloc.gcObject(type, BYTES, GC_HEAD);
      if (traceback === 0) return 0;
      const u32 = memory.u32;
      u32[(traceback + NEXT) >>> 2] = next;
      u32[(traceback + FRAME) >>> 2] = frameObject;
      if (wide) {
        u32[(traceback + NEXT + 4) >>> 2] = 0;
        u32[(traceback + FRAME + 4) >>> 2] = 0;
      }
      u32[(traceback + at.tb_lasti) >>> 2] = 0;
      u32[(traceback + at.tb_lineno) >>> 2] = 0;
      refs.xincref(next);
      refs.incref(frameObject);
      alloc.track(traceback);
      return traceback;
    },
    next: (traceback) => memory.u32[(traceback + NEXT) >>> 2],
    frame: (traceback) => memory.u32[(traceback + FRAME) >>> 2],
  };
}
