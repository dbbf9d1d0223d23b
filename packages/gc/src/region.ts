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
 * `passes.ts` has the passes in TypeScript, for any memory; where WebAssembly code can import the memory, the same run
 * there (`passes-engine.ts`), in half the time.
 */
import type { Address, ObjectGraph } from "@pyrena/abi";
import { COLLECTING, FINALIZED, type Head, type HeadLists, SPACE, UNREACHABLE } from "./gc-head.ts";
import { makePasses, type SetAside } from "./passes.ts";
import { makeEnginePasses } from "./passes-engine.ts";

/** How to tell what is unreachable. */
export interface Region {
  /**
   * Move what is not referenced from outside of a list to another one, which is made empty first. There objects keep the
   * flags COLLECTING and UNREACHABLE.
   * @returns how many objects were looked at; -1 if a user's `traverse` threw: then everything is back on the list, and
   *   counts as reachable
   */
  deduceUnreachable(this: void, base: Head, unreachable: Head): number;
  /** How many objects the last `deduceUnreachable` left on its list. */
  left(this: void): number;
  /** Kinds of `mayUntrack` among the objects that the last `deduceUnreachable` looked at, or'ed: 0: none to be untracked. */
  untrackableKinds(this: void): number;
  /** How many objects a list has. */
  size(this: void, list: Head): number;
  /** Let so many objects of a list, from this one on, be near when they are taken apart; changes nothing. */
  warm(this: void, list: Head, from: Head, count: number): void;
  /** Forget which types are plain: a user's code has run. */
  forgetPlain(this: void): void;
  /** The first head from this one on whose object is not of a plain type (`graph.isPlain`), or the list. */
  skipPlain(this: void, list: Head, from: Head): Head;
  /** Remove UNREACHABLE from all objects of a list. */
  clearUnreachable(this: void, list: Head): void;
  /** Remove COLLECTING from all objects of a list. */
  clearCollecting(this: void, list: Head): void;
  /** Whether the object takes part in the collection under way and has not been found reachable. */
  isCollecting(this: void, object: Address): boolean;
}

/** What surrounds the passes. */
export interface RegionOptions {
  readonly setAside?: SetAside;
  /** {@link ROOM_WORDS} words for the WebAssembly engine; without them, the passes run in TypeScript. */
  readonly room?: Address | undefined;
  /** Is told what a `traverse` threw. */
  readonly failed: (thrown: unknown, object: Address) => void;
}

export function makeRegion(
  graph: ObjectGraph,
  lists: HeadLists,
  { setAside, failed, room }: RegionOptions,
): Region {
  const { memory } = graph;
  const passes =
    (room === undefined ? undefined : makeEnginePasses(graph, lists, setAside, room)) ??
    makePasses(graph, lists, setAside);
  const PREV = lists.prevWords;
  /** Words from an object back to the second word of its head. */
  const BACK = lists.objectWords - PREV;
  let left = 0;

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
    left = passes.size(base);
    lists.init(unreachable);
  }

  return {
    deduceUnreachable: (base, unreachable) => {
      lists.init(unreachable);
      const looked = passes.updateRefs(base);
      try {
        passes.subtractRefs(base);
        left = passes.moveUnreachable(base, unreachable);
      } catch (thrown) {
        undo(base, unreachable);
        failed(thrown, passes.traversed());
        return -1;
      }
      return looked;
    },
    left: () => left,
    untrackableKinds: passes.untrackableKinds,
    size: passes.size,
    warm: passes.warm,
    forgetPlain: passes.forgetPlain,
    skipPlain: passes.skipPlain,
    clearUnreachable: (list) => passes.clearFlags(list, UNREACHABLE, 0),
    clearCollecting: (list) => passes.clearFlags(list, 0, COLLECTING),
    isCollecting: (object) => (memory.u32[(object >>> 2) - BACK] & COLLECTING) !== 0,
  };
}
