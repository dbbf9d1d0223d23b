/**
 * cell (`Objects/cellobject.c`): a variable that a function shares with the functions inside it.
 *
 *     0   count, type
 *     2W  ob_ref: content, owned; NULL while the variable is unbound
 */
import {
  type Address,
  defineStruct,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { CellsApi } from "../api/functions.ts";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";

/** `PyCellObject`. */
export const cellStruct: StructDefinition<"ob_refcnt" | "ob_type" | "ob_ref"> = defineStruct(
  "PyCellObject",
  { ob_refcnt: "size", ob_type: "ptr", ob_ref: { type: "ptr", help: "content, owned; or NULL" } },
);

export function makeCells(core: Core): CellsApi {
  const { memory, alloc, refs, types, wide, profile } = core;
  const { bytes: BYTES, at } = layoutOf(cellStruct, profile.abi);
  const CONTENT = at.ob_ref;
  const GC_HEAD = profile.headers.gcHead;
  const content = (cell: Address): Address => memory.u32[(cell + CONTENT) >>> 2];

  function clear(cell: Address): void {
    const before = content(cell);
    memory.u32[(cell + CONTENT) >>> 2] = 0;
    if (before !== 0) refs.decref(before);
  }

  const type = types.define({
    name: "cell",
    basicsize: BYTES,
    flags: typeFlags.hasGc,
    layout: [layoutCodes.words, CONTENT, 1],
    slots: {
      name: "cell",
      dealloc: (cell) => {
        alloc.untrack(cell);
        refs.xdecref(content(cell));
        alloc.freeGcObject(cell, GC_HEAD);
      },
      traverse: (cell, visit) => {
        if (content(cell) !== 0) visit(content(cell));
      },
      clear,
      // Cells compare by content; they are compared in tests of interpreters only, and never hashed.
      equal: (a, b) => {
        if (types.typeOf(b) !== type) return 2;
        const [first, second] = [content(a), content(b)];
        if (first === 0 || second === 0) return first === second ? 1 : 0;
        return core.protocol.equal(first, second);
      },
    },
  });

  return {
    type,
    create: (held) => {
      const cell = alloc.gcObject(type, BYTES, GC_HEAD);
      if (cell === 0) return 0;
      const i = (cell + CONTENT) >>> 2;
      memory.u32[i] = held;
      if (wide) memory.u32[i + 1] = 0;
      refs.xincref(held);
      alloc.track(cell);
      return cell;
    },
    get: (cell) => {
      const held = content(cell);
      refs.xincref(held);
      return held;
    },
    set: (cell, held) => {
      const before = content(cell);
      refs.xincref(held);
      memory.u32[(cell + CONTENT) >>> 2] = held;
      refs.xdecref(before);
    },
  };
}
