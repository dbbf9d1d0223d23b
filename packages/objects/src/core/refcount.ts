/**
 * Reference counts, and what happens at 0. The count is the low 32 bits of `ob_refcnt` in every version; versions
 * differ in which counts mean immortal (facts.ts).
 *
 * A dealloc releases its references, which may deallocate further objects, and so on: CPython bounds that recursion
 * with its trashcan, and so does this. A container that dies too deep is put aside, linked through its PyGC_Head, and
 * taken apart when the nesting has come down.
 */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { RefsApi } from "../api/refs.ts";
import type { Core } from "./core.ts";
import { typeLayout } from "./type-object.ts";

/** Reference counting, and what the registry of types needs of it. */
export interface Refs extends RefsApi {
  /** Deallocs by slots number; the registry enters them. */
  readonly deallocs: ((object: Address) => void)[];
}

export function makeRefs(core: Core): Refs {
  const { memory, word, facts, debug } = core;
  const { increfLimit, decrefLimit, immortal } = facts.refcount;
  const { depth: DEPTH, resumeDepth: RESUME } = facts.trashcan;
  const TYPE = word;
  const PREV = word;
  const DEALLOC = typeLayout(core).at.tp_dealloc;
  const deallocs: ((object: Address) => void)[] = [];
  /** Deallocations of containers under way; 0 between calls. */
  let nesting = 0;
  /** Containers put aside, linked through PyGC_Head's second word; 0 between calls. */
  let putAside = 0;

  function dealloc(object: Address): void {
    const u32 = memory.u32;
    const type = u32[(object + TYPE) >>> 2];
    const run = deallocs[u32[(type + DEALLOC) >>> 2]];
    run(object);
  }

  function incref(object: Address): void {
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count < increfLimit) u32[object >>> 2] = count + 1;
  }

  function decref(object: Address): void {
    const u32 = memory.u32;
    const count = u32[object >>> 2];
    if (count >= decrefLimit) return;
    if (count === 1) {
      u32[object >>> 2] = 0;
      dealloc(object);
    } else {
      u32[object >>> 2] = count - 1;
    }
  }

  function checkedIncref(object: Address): void {
    checkAlive(object, "incref");
    incref(object);
  }

  function checkedDecref(object: Address): void {
    checkAlive(object, "decref");
    decref(object);
  }

  /** A dead object has a count of 0, or (kept for reuse, or freed) no type that is one. */
  function checkAlive(object: Address, what: string): void {
    const u32 = memory.u32;
    const type = object > 0 && object % word === 0 ? u32[(object + TYPE) >>> 2] : 0;
    const count = u32[object >>> 2];
    const slots = type > 0 && type % word === 0 ? u32[(type + DEALLOC) >>> 2] : -1;
    if (count === 0 || !(slots < deallocs.length) || deallocs[slots] === undefined) {
      throw new PyrenaError(
        "dead-object",
        `${what} of ${hex(object)}, which is no living object: released once too often, or never an object`,
        { address: object },
      );
    }
  }

  function takeUp(): void {
    nesting++;
    while (putAside !== 0) {
      const object = putAside;
      const i = (object - PREV) >>> 2;
      const link = memory.u32[i];
      putAside = (link & ~3) >>> 0;
      memory.u32[i] = link & 3;
      dealloc(object);
    }
    nesting--;
  }

  const up = debug ? checkedIncref : incref;
  const down = debug ? checkedDecref : decref;
  return {
    deallocs,
    incref: up,
    decref: down,
    xincref: (object) => {
      if (object !== 0) up(object);
    },
    xdecref: (object) => {
      if (object !== 0) down(object);
    },
    newRef: (object) => {
      up(object);
      return object;
    },
    refcount: (object) => memory.u32[object >>> 2],
    isImmortal: (object) => memory.u32[object >>> 2] >= decrefLimit,
    immortalize: (object) => {
      if (facts.hasImmortals) memory.u32[object >>> 2] = immortal;
    },
    trashcanBegin: (object) => {
      if (nesting >= DEPTH) {
        const i = (object - PREV) >>> 2;
        memory.u32[i] = putAside | (memory.u32[i] & 3);
        putAside = object;
        return true;
      }
      nesting++;
      return false;
    },
    trashcanEnd: () => {
      nesting--;
      if (putAside !== 0 && nesting <= RESUME) takeUp();
    },
  };
}
