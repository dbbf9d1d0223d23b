/**
 * Reference counts, and what happens at 0. The count is the low 32 bits of `ob_refcnt` in every version; versions
 * differ in which counts mean immortal (facts.ts).
 *
 * A dealloc releases its references, which may deallocate further objects, and so on. Two things bound that recursion:
 *
 * - CPython's trashcan: a container that dies too deep for the version is put aside, linked through its PyGC_Head, and
 *   taken apart when the nesting has come down. That changes the order of deallocation, so it is done just where the
 *   version does it: from a depth of 50 on (3.11, 3.12), of 9948 (3.13 on lp64).
 * - Where the version goes deeper than JavaScript's stack allows, containers that can be taken apart in steps
 *   (`UnwindSteps`) are unwound by a loop, which keeps the order. Those it is in the middle of are linked through
 *   their PyGC_Head too, each with the one that holds it.
 */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { RefsApi } from "../api/refs.ts";
import type { UnwindSteps } from "../api/types.ts";
import type { Core } from "./core.ts";
import { typeLayout } from "./type-object.ts";

/** Reference counting, and what the registry of types needs of it. */
export interface Refs extends RefsApi {
  /** Deallocs by slots number; the registry enters them. */
  readonly deallocs: ((object: Address) => void)[];
  /**
   * The dealloc of a collectable type that has no steps: it nests in JavaScript up to a certain depth, and objects that
   * die deeper are put aside. CPython lets such types nest as deep as its stack goes.
   */
  guarded(this: void, run: (object: Address) => void): (object: Address) => void;
}

/** Deallocs that nest in JavaScript before loops take over. */
const RECURSION = 50;
/** Loops that may run inside one another; deeper than that, deallocs nest in JavaScript again … */
const MAX_LOOPS = 50;
/** … up to here, where containers are put aside whatever the version does. Only long chains of types without steps get here. */
const MAX_RECURSION = 200;

/** Deallocs of types without steps that nest in JavaScript before their objects are put aside … */
const MAX_UNSTEPPED = 100;
/** … and down to how many before those are taken up again. */
const RESUME_UNSTEPPED = 50;

/**
 * Numbers of the slots that most deallocs are called through, which are the same in all heaps: types are defined in one
 * order. Only speed depends on them.
 */
export const commonSlots: {
  readonly float: 7;
  readonly tuple: 9;
  readonly str: 11;
  readonly list: 13;
  readonly dict: 16;
  readonly class: 31;
} = { float: 7, tuple: 9, str: 11, list: 13, dict: 16, class: 31 };

export function makeRefs(core: Core): Refs {
  const { memory, obj, word, facts, debug } = core;
  const { freeObject } = core.alloc;
  const { increfLimit, decrefLimit, immortal } = facts.refcount;
  const { depth: DEPTH, resumeDepth: RESUME } = facts.trashcan;
  const SHALLOW = Math.min(DEPTH, RECURSION);
  const RESUME_RECURSION = Math.min(RESUME, MAX_RECURSION / 2);
  const {
    float: FLOAT,
    tuple: TUPLE,
    str: STR,
    list: LIST,
    dict: DICT,
    class: CLASS,
  } = commonSlots;
  /** A word's step in `memory.u32`. */
  const STEP = word >>> 2;
  const TYPE = word;
  const PREV = word;
  const DEALLOC = typeLayout(core).at.tp_dealloc;
  const deallocs: ((object: Address) => void)[] = [];
  /** Deallocations of containers that nest in JavaScript; 0 between calls. */
  let nesting = 0;
  /** Containers that loops are in the middle of; 0 between calls. */
  let unwinding = 0;
  /** Loops under way; 0 between calls. */
  let loops = 0;
  /** The reference that the innermost loop is releasing. */
  let expected = 0;
  /** It, if it died and the loop can go on with it; other loops that run meanwhile leave other values. */
  let accepted = 0;
  /** Deallocs of types without steps under way; 0 between calls. */
  let unstepped = 0;
  /** Containers put aside, linked through PyGC_Head's second word; 0 between calls. */
  let putAside = 0;

  function dealloc(object: Address): void {
    const u32 = memory.u32;
    const type = u32[(object + TYPE) >>> 2];
    const number = u32[(type + DEALLOC) >>> 2];
    const run = deallocs[number];
    // Plain objects, ints above all, are spared a call that cannot be inlined; the commonest others have calls of their
    // own, whose target is always the same: engines make them directly, or write the function out in its place.
    if (run === freeObject) obj.free(object);
    else if (number === FLOAT) run(object);
    else if (number === TUPLE) run(object);
    else if (number === STR) run(object);
    else if (number === LIST) run(object);
    else if (number === DICT) run(object);
    else if (number === CLASS) run(object);
    else run(object);
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

  function decrefItems(first: number, end: number): void {
    const u32 = memory.u32;
    for (let i = end; i > first; ) {
      i = (i - STEP) | 0;
      const object = u32[i];
      if (object === 0) continue;
      const count = u32[object >>> 2];
      if (count === 1 || debug) {
        decrefRest(first, i);
        return;
      }
      if (count < decrefLimit) u32[object >>> 2] = count - 1;
    }
  }

  /** From the first that dies on. Releasing may do anything: the memory may grow meanwhile. */
  function decrefRest(first: number, last: number): void {
    for (let i = last; i >= first; i -= STEP) {
      const object = memory.u32[i];
      if (object !== 0) down(object);
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

  /** Link a dying container to another; the low bits of PyGC_Head's second word are flags. */
  function link(object: Address, to: Address): void {
    const i = (object - PREV) >>> 2;
    memory.u32[i] = to | (memory.u32[i] & 3);
  }

  function unlink(object: Address): Address {
    const i = (object - PREV) >>> 2;
    const word = memory.u32[i];
    memory.u32[i] = word & 3;
    return (word & ~3) >>> 0;
  }

  function takeUpIfShallow(): void {
    if (nesting > RESUME_RECURSION || nesting + unwinding > RESUME) return;
    if (unstepped > RESUME_UNSTEPPED) return;
    nesting++;
    while (putAside !== 0) {
      const object = putAside;
      putAside = unlink(object);
      dealloc(object);
    }
    nesting--;
  }

  /** `trashcanBegin` from a certain depth on. */
  function beginDeep(object: Address): boolean {
    const inSteps = core.types.slotsOf(object).unwind !== undefined;
    if (nesting + unwinding >= DEPTH) putOff(object);
    else if (inSteps && object === expected) accepted = object;
    else if (inSteps && loops < MAX_LOOPS) unwind(object);
    else if (nesting < MAX_RECURSION) {
      nesting++;
      return false;
    } else putOff(object);
    return true;
  }

  function putOff(object: Address): void {
    link(object, putAside);
    putAside = object;
  }

  /** Deallocate a container, and all that dies with it, in the order in which recursive deallocs would. */
  function unwind(bottom: Address): void {
    const before = unwinding;
    loops++;
    try {
      let object = enter(bottom, 0);
      while (object !== 0) {
        const steps = core.types.slotsOf(object).unwind as UnwindSteps;
        const next = steps.next(object);
        if (next === 0) {
          const holder = unlink(object);
          steps.end(object);
          unwinding--;
          if (putAside !== 0) takeUpIfShallow();
          object = holder;
        } else {
          expected = next;
          accepted = 0;
          down(next);
          expected = 0;
          if (accepted === next) object = enter(next, object);
        }
      }
    } finally {
      loops--;
      unwinding = before;
    }
  }

  /** Begin to unwind a container; the one to go on with: this, or its holder if a finalizer has revived it. */
  function enter(object: Address, holder: Address): Address {
    const steps = core.types.slotsOf(object).unwind as UnwindSteps;
    unwinding++;
    if (steps.begin(object)) {
      link(object, holder);
      return object;
    }
    unwinding--;
    return holder;
  }

  function guarded(run: (object: Address) => void): (object: Address) => void {
    return (object) => {
      if (unstepped >= MAX_UNSTEPPED && core.types.isCollectable(object)) {
        core.alloc.untrack(object);
        putOff(object);
        return;
      }
      unstepped++;
      run(object);
      unstepped--;
      if (putAside !== 0) takeUpIfShallow();
    };
  }

  const up = debug ? checkedIncref : incref;
  const down = debug ? checkedDecref : decref;
  return {
    deallocs,
    guarded,
    incref: up,
    decref: down,
    xincref: (object) => {
      if (object !== 0) up(object);
    },
    xdecref: (object) => {
      if (object !== 0) down(object);
    },
    decrefItems,
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
      if (nesting >= SHALLOW) return beginDeep(object);
      nesting++;
      return false;
    },
    trashcanEnd: () => {
      nesting--;
      if (putAside !== 0) takeUpIfShallow();
    },
  };
}
