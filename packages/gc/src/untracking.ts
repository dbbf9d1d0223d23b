/**
 * Objects that can no longer be part of a cycle are no longer tracked: exact tuples whose items cannot be tracked, in
 * every collection, and dicts of that kind in full ones (up to 3.13). A tuple of tuples is untracked when its items have
 * been: at once if they are older, else the next time.
 */
import type { Address, ObjectGraph } from "@pyrena/abi";
import type { Head, HeadLists } from "./gc-head.ts";

/** Untracking over lists. */
export interface Untracking {
  /** How many have been untracked. */
  untrackTuples(this: void, list: Head): number;
  untrackDicts(this: void, list: Head): number;
}

/** @param untrack takes a head from its list */
export function makeUntracking(
  graph: ObjectGraph,
  lists: HeadLists,
  untrack: (head: Head) => void,
): Untracking {
  const { memory, ctx, words, mayUntrack, traverse, isCollectable } = graph;
  const OBJECT = lists.objectWords;
  const TYPE = words.type >>> 2;
  let stays = false;

  /** Whether what an object refers to may be tracked, now or later. */
  function look(referent: Address): void {
    if (stays || !isCollectable(ctx, referent)) return;
    const u32 = memory.u32;
    const object = referent >>> 2;
    stays = mayUntrack(ctx, u32[object + TYPE]) !== 1 || u32[object - OBJECT] !== 0;
  }

  function showsNothing(_: unknown, object: Address): boolean {
    stays = false;
    traverse(ctx, object, look);
    return !stays;
  }

  const { isUntrackable = showsNothing } = graph;

  function untrackAll(list: Head, kind: 1 | 2): number {
    const u32 = memory.u32;
    let untracked = 0;
    let next = 0;
    let lastType = 0;
    let isKind = false;
    for (let head = u32[list] >>> 2; head !== list; head = next) {
      next = u32[head] >>> 2;
      const type = u32[head + OBJECT + TYPE];
      if (type !== lastType) {
        lastType = type;
        isKind = mayUntrack(ctx, type) === kind;
      }
      if (!isKind) continue;
      if (!isUntrackable(ctx, lists.objectOf(head))) continue;
      untrack(head);
      untracked++;
    }
    return untracked;
  }

  return {
    untrackTuples: (list) => untrackAll(list, 1),
    untrackDicts: (list) => untrackAll(list, 2),
  };
}
