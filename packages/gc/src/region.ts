/**
 * Which objects of a list are referenced from outside of it? The heart of CPython's collector (`deduce_unreachable` in
 * `Python/gc.c`), in three passes over the list, without recursion and without memory of its own:
 *
 * 1. update_refs      gcRefs of each object := its reference count
 * 2. subtract_refs    for each reference from an object of the list to another: gcRefs -= 1
 *                     What is left counts references from outside.
 * 3. move_unreachable from left to right: an object with gcRefs > 0 is reachable, and so is what it refers to; one with
 *                     gcRefs = 0 goes to the tentative list of unreachable objects. If something reachable that comes
 *                     later refers to it after all, it goes back: to the end of the list, where the pass will meet it.
 *
 * The order of what is left, on both lists, is CPython's; so is that of everything that follows from it.
 *
 * References are found by running the layout programs of types where there is one (see `abi`'s `layoutCodes`); both
 * passes have the interpreter of these programs written out, because a call for each reference would cost more than all
 * the rest.
 */
import { type Address, layoutCodes, type ObjectGraph } from "@pyrena/abi";
import {
  COLLECTING,
  FINALIZED,
  FLAGS,
  type Head,
  type HeadLists,
  ONE_REF,
  SPACE,
  UNREACHABLE,
} from "./gc-head.ts";

/** How to tell what is unreachable. */
export interface Region {
  /**
   * Move what is not referenced from outside of a list to another one, which is made empty first. There objects keep the
   * flags COLLECTING and UNREACHABLE.
   * @returns how many objects were looked at; -1 if a user's `traverse` threw: then everything is back on the list, and
   *   counts as reachable
   */
  deduceUnreachable(this: void, base: Head, unreachable: Head): number;
  /** Remove UNREACHABLE from all objects of a list. */
  clearUnreachable(this: void, list: Head): void;
  /** Remove COLLECTING from all objects of a list. */
  clearCollecting(this: void, list: Head): void;
  /** Whether the object takes part in the collection under way and has not been found reachable. */
  isCollecting(this: void, object: Address): boolean;
}

/** What surrounds the passes. */
export interface RegionOptions {
  /** What to do with an immortal object (3.12 and later), which is on a list: the pass goes on after it. */
  readonly setAside?: ((head: Head) => void) | undefined;
  /** Is told what a `traverse` threw. */
  readonly failed: (thrown: unknown, object: Address) => void;
}

export function makeRegion(
  graph: ObjectGraph,
  lists: HeadLists,
  { setAside, failed }: RegionOptions,
): Region {
  const { memory, ctx, words } = graph;
  const { traverse, isCollectable } = graph;
  const { end: END, words: WORDS, inlineVar: INLINE_VAR, buffer: BUFFER } = layoutCodes;
  const PREV = lists.prevWords;
  const OBJECT = lists.objectWords;
  /** Words from an object back to the second word of its head. */
  const BACK = OBJECT - PREV;
  /** Words from one reference to the next. */
  const STRIDE = PREV;
  const COUNT = words.count >>> 2;
  const TYPE = words.type >>> 2;
  const TYPE_FLAGS = words.flags >>> 2;
  const LAYOUT = words.layout >> 2;
  const { collectable: COLLECTABLE, immortalFrom } = words;
  const MASK = words.collectable | words.ask;
  /** Object whose `traverse` runs: the one to name if it throws. */
  let traversed = 0;
  /** The list that the third pass works on. */
  let reachable = 0;

  function updateRefs(base: Head): number {
    const u32 = memory.u32;
    let looked = 0;
    let next = 0;
    for (let head = u32[base] >>> 2; head !== base; head = next) {
      next = u32[head] >>> 2;
      const count = u32[head + OBJECT + COUNT];
      if (count >= immortalFrom && setAside !== undefined) {
        setAside(head);
        continue;
      }
      u32[head + PREV] = (u32[head + PREV] & FINALIZED) | COLLECTING | (count << 2);
      looked++;
    }
    return looked;
  }

  /** One reference from the list to an object. */
  function subtract(referent: Address): void {
    const u32 = memory.u32;
    const object = referent >>> 2;
    const kind = u32[(u32[object + TYPE] >>> 2) + TYPE_FLAGS] & MASK;
    if (kind !== COLLECTABLE && ((kind & COLLECTABLE) === 0 || !isCollectable(ctx, referent)))
      return;
    const prev = object - BACK;
    if ((u32[prev] & COLLECTING) !== 0) u32[prev] -= ONE_REF;
  }

  /** An object that is reachable refers to this one. */
  function reach(referent: Address): void {
    const u32 = memory.u32;
    const object = referent >>> 2;
    const kind = u32[(u32[object + TYPE] >>> 2) + TYPE_FLAGS] & MASK;
    if (kind !== COLLECTABLE && ((kind & COLLECTABLE) === 0 || !isCollectable(ctx, referent)))
      return;
    const prev = object - BACK;
    const word = u32[prev];
    if ((word & COLLECTING) === 0) return;
    const head = prev - PREV;
    if ((u32[head] & UNREACHABLE) !== 0) takeBack(head);
    // The pass has not come to it yet: that it is reachable is all it must know.
    else if (word < ONE_REF) u32[prev] = word | ONE_REF;
  }

  /** Take a head from the tentative list of unreachable objects back to the end of those that are looked at. */
  function takeBack(head: Head): void {
    const u32 = memory.u32;
    const link = u32[head];
    const word = u32[head + PREV];
    const before = word >>> 2;
    const after = link >>> 2;
    // With its flag, as all links of that list have it; the list's own head is put right when the pass ends.
    u32[before] = link;
    u32[after + PREV] = (before << 2) | (u32[after + PREV] & FLAGS);
    const last = u32[reachable + PREV] >>> 2;
    u32[last] = (head << 2) | (u32[last] & FLAGS);
    u32[head] = (reachable << 2) | (link & SPACE);
    u32[head + PREV] = (word & FINALIZED) | COLLECTING | ONE_REF;
    u32[reachable + PREV] = head << 2;
  }

  function subtractRefs(base: Head): void {
    const { u32, i32 } = memory;
    for (let head = u32[base] >>> 2; head !== base; head = u32[head] >>> 2) {
      const object = head + OBJECT;
      let at = LAYOUT < 0 ? 0 : u32[(u32[object + TYPE] >>> 2) + LAYOUT] >>> 2;
      if (at === 0) {
        subtractCustom(object);
        continue;
      }
      for (let code = u32[at]; code !== END; code = u32[at]) {
        let first = 0;
        let count = 0;
        if (code === BUFFER) {
          first = u32[object + (i32[at + 1] >> 2)] >>> 2;
          count = u32[object + (i32[at + 2] >> 2)];
          if (first === 0) count = 0;
        } else if (code === WORDS) {
          first = object + (i32[at + 1] >> 2);
          count = u32[at + 2];
        } else if (code === INLINE_VAR) {
          first = object + (i32[at + 1] >> 2);
          count = u32[object + (i32[at + 2] >> 2)];
        } else {
          subtractCustom(object);
          break;
        }
        // The order does not matter in this pass.
        for (const end = first + count * STRIDE; first !== end; first += STRIDE) {
          const referent = u32[first];
          if (referent !== 0) subtract(referent);
        }
        at += 3;
      }
    }
  }

  function subtractCustom(object: number): void {
    traversed = (object << 2) >>> 0;
    traverse(ctx, traversed, subtract);
  }

  function moveUnreachable(base: Head, unreachable: Head): void {
    const u32 = memory.u32;
    reachable = base;
    let before = base;
    for (let head = u32[base] >>> 2; head !== base; head = u32[before] >>> 2) {
      const word = u32[head + PREV];
      if (word >= ONE_REF) {
        reachAll(head + OBJECT);
        u32[head + PREV] = (before << 2) | (word & FINALIZED);
        before = head;
      } else {
        const link = u32[head];
        const space = link & SPACE;
        u32[before] = (link & ~FLAGS) | (u32[before] & FLAGS);
        const last = u32[unreachable + PREV] >>> 2;
        u32[last] = (head << 2) | UNREACHABLE | space;
        u32[head] = (unreachable << 2) | UNREACHABLE | space;
        u32[head + PREV] = (last << 2) | (word & FLAGS);
        u32[unreachable + PREV] = head << 2;
      }
    }
    u32[base + PREV] = before << 2;
    u32[unreachable] &= ~FLAGS;
  }

  /** Visit what a reachable object refers to, in the order of its `tp_traverse`. */
  function reachAll(object: number): void {
    const { u32, i32 } = memory;
    let at = LAYOUT < 0 ? 0 : u32[(u32[object + TYPE] >>> 2) + LAYOUT] >>> 2;
    if (at === 0) {
      reachCustom(object);
      return;
    }
    for (let code = u32[at]; code !== END; code = u32[at]) {
      if (code === WORDS) {
        let first = object + (i32[at + 1] >> 2);
        for (const end = first + u32[at + 2] * STRIDE; first !== end; first += STRIDE) {
          const referent = u32[first];
          if (referent !== 0) reach(referent);
        }
      } else {
        let first = 0;
        if (code === BUFFER) first = u32[object + (i32[at + 1] >> 2)] >>> 2;
        else if (code === INLINE_VAR) first = object + (i32[at + 1] >> 2);
        else {
          reachCustom(object);
          return;
        }
        const count = first === 0 ? 0 : u32[object + (i32[at + 2] >> 2)];
        for (let i = first + (count - 1) * STRIDE; i >= first; i -= STRIDE) {
          const referent = u32[i];
          if (referent !== 0) reach(referent);
        }
      }
      at += 3;
    }
  }

  function reachCustom(object: number): void {
    traversed = (object << 2) >>> 0;
    traverse(ctx, traversed, reach);
  }

  /** Put everything back that the passes have changed: all objects are on the first list, and none is marked. */
  function undo(base: Head, unreachable: Head): void {
    const u32 = memory.u32;
    let before = base;
    for (const list of [base, unreachable]) {
      let next = 0;
      for (let head = u32[list] >>> 2; head !== list; head = next) {
        next = u32[head] >>> 2;
        u32[before] = (head << 2) | (u32[before] & SPACE);
        u32[head] &= ~UNREACHABLE;
        u32[head + PREV] = (before << 2) | (u32[head + PREV] & FINALIZED);
        before = head;
      }
    }
    u32[before] = (base << 2) | (u32[before] & SPACE);
    u32[base + PREV] = before << 2;
    lists.init(unreachable);
  }

  return {
    deduceUnreachable: (base, unreachable) => {
      lists.init(unreachable);
      const looked = updateRefs(base);
      try {
        subtractRefs(base);
        moveUnreachable(base, unreachable);
      } catch (thrown) {
        undo(base, unreachable);
        failed(thrown, traversed);
        return -1;
      }
      return looked;
    },
    clearUnreachable: (list) => {
      const u32 = memory.u32;
      for (let head = u32[list] >>> 2; head !== list; head = u32[head] >>> 2)
        u32[head] &= ~UNREACHABLE;
    },
    clearCollecting: (list) => {
      const u32 = memory.u32;
      for (let head = u32[list] >>> 2; head !== list; head = u32[head] >>> 2)
        u32[head + PREV] &= ~COLLECTING;
    },
    isCollecting: (object) => (memory.u32[(object >>> 2) - BACK] & COLLECTING) !== 0,
  };
}
