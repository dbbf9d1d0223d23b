/**
 * Marking, and how an increment grows: the two ways in which the incremental collector moves objects out of the space
 * that it has not visited yet. Both append to a list what they find and go on from there (breadth first, as CPython's
 * do), so that there is no recursion, and no memory but the list itself.
 *
 *     list ──→ … ──→ root ──→ root ──→ what the first refers to ──→ what the second refers to ──→ …
 *                    ^ from   what is found is appended, once: its space says that it has been
 */
import { type Address, layoutCodes, type ObjectGraph } from "@pyrena/abi";
import { FLAGS, type Head, type HeadLists, SPACE } from "./gc-head.ts";

/** Which roots to mark from: see `ObjectGraph.markingRoots`. */
export type MarkingRoots = "interpreter" | "frames";

/** How objects that were not visited are found. */
export interface Marking {
  /**
   * Move to the end of a list what roots refer to, and everything that is reached from there.
   * @param space the space of what has been visited; everything that is moved belongs to it then
   * @returns how many objects have been moved
   */
  mark(this: void, roots: MarkingRoots, list: Head, space: number): number;
  /** The same from objects that are on the list already: this one and those after it. */
  spread(this: void, list: Head, from: Head, space: number): number;
}

/** What surrounds marking. */
export interface MarkingOptions {
  /** What to do with an immortal object that the pass comes to (3.12 and later): it goes on after it. */
  readonly setAside?: ((head: Head) => void) | undefined;
  /** Is told what a `traverse` threw: what the object refers to is left for later. */
  readonly failed: (thrown: unknown, object: Address) => void;
}

export function makeMarking(
  graph: ObjectGraph,
  lists: HeadLists,
  { setAside, failed }: MarkingOptions,
): Marking {
  const { memory, ctx, words } = graph;
  const { traverse, isCollectable } = graph;
  const { end: END, words: WORDS, inlineVar: INLINE_VAR, buffer: BUFFER } = layoutCodes;
  const PREV = lists.prevWords;
  const OBJECT = lists.objectWords;
  const STRIDE = PREV;
  const COUNT = words.count >>> 2;
  const TYPE = words.type >>> 2;
  const TYPE_FLAGS = words.flags >>> 2;
  const LAYOUT = words.layout >> 2;
  const { collectable: COLLECTABLE } = words;
  const MASK = words.collectable | words.ask;
  const immortalFrom = setAside === undefined ? Number.POSITIVE_INFINITY : words.immortalFrom;
  /** The list that grows, the space of what is on it, and how many have been added. */
  let target = 0;
  let visited = 0;
  let added = 0;

  /** Move an object to the end of the list, if it is tracked and not visited. */
  function add(referent: Address): void {
    const u32 = memory.u32;
    const object = referent >>> 2;
    const kind = u32[(u32[object + TYPE] >>> 2) + TYPE_FLAGS] & MASK;
    if (kind !== COLLECTABLE && ((kind & COLLECTABLE) === 0 || !isCollectable(ctx, referent)))
      return;
    const head = object - OBJECT;
    const link = u32[head];
    if (link === 0 || (link & SPACE) === visited || u32[object + COUNT] >= immortalFrom) return;
    const after = link >>> 2;
    const word = u32[head + PREV];
    const before = word >>> 2;
    u32[before] = (after << 2) | (u32[before] & FLAGS);
    u32[after + PREV] = (before << 2) | (u32[after + PREV] & FLAGS);
    const last = u32[target + PREV] >>> 2;
    u32[last] = (head << 2) | (u32[last] & FLAGS);
    u32[head] = (target << 2) | visited;
    u32[head + PREV] = (last << 2) | (word & FLAGS);
    u32[target + PREV] = head << 2;
    added++;
  }

  /** Add what an object refers to, in the order of its `tp_traverse`. */
  function addAll(object: number): void {
    const { u32, i32 } = memory;
    let at = LAYOUT < 0 ? 0 : u32[(u32[object + TYPE] >>> 2) + LAYOUT] >>> 2;
    if (at === 0) {
      addCustom(object);
      return;
    }
    for (let code = u32[at]; code !== END; code = u32[at]) {
      if (code === WORDS) {
        let first = object + (i32[at + 1] >> 2);
        for (const end = first + u32[at + 2] * STRIDE; first !== end; first += STRIDE) {
          const referent = u32[first];
          if (referent !== 0) add(referent);
        }
      } else {
        let first = 0;
        if (code === BUFFER) first = u32[object + (i32[at + 1] >> 2)] >>> 2;
        else if (code === INLINE_VAR) first = object + (i32[at + 1] >> 2);
        else {
          addCustom(object);
          return;
        }
        const count = first === 0 ? 0 : u32[object + (i32[at + 2] >> 2)];
        for (let i = first + (count - 1) * STRIDE; i >= first; i -= STRIDE) {
          const referent = u32[i];
          if (referent !== 0) add(referent);
        }
      }
      at += 3;
    }
  }

  function addCustom(object: number): void {
    const address = (object << 2) >>> 0;
    try {
      traverse(ctx, address, add);
    } catch (thrown) {
      failed(thrown, address);
    }
  }

  function goOn(list: Head, from: Head): void {
    const u32 = memory.u32;
    let next = 0;
    for (let head = from; head !== list; head = next) {
      if (u32[head + OBJECT + COUNT] >= immortalFrom) {
        next = u32[head] >>> 2;
        setAside?.(head);
        continue;
      }
      addAll(head + OBJECT);
      // Not before: it may have been the last one.
      next = u32[head] >>> 2;
    }
  }

  function begin(list: Head, space: number): void {
    target = list;
    visited = space;
    added = 0;
  }

  function visitRoots(roots: MarkingRoots): void {
    if (graph.markingRoots !== undefined) graph.markingRoots(ctx, roots, add);
    else if (roots === "frames") graph.roots(ctx, add);
  }

  return {
    mark: (roots, list, space) => {
      begin(list, space);
      const last = memory.u32[list + PREV] >>> 2;
      visitRoots(roots);
      goOn(list, memory.u32[last] >>> 2);
      return added;
    },
    spread: (list, from, space) => {
      begin(list, space);
      goOn(list, from);
      return added;
    },
  };
}
