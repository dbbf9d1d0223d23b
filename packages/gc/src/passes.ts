/**
 * The passes of a region in TypeScript: what `region.ts` explains, over any memory. `passes-engine.ts` runs the same in
 * WebAssembly, statement for statement, where the memory can be imported there.
 *
 * References are found by running the layout programs of types where there is one (see `abi`'s `layoutCodes`), and
 * gathered before they are followed: a call for each of them would cost more than all the rest.
 */
import { type Address, layoutCodes, type ObjectGraph } from "@pyrena/abi";
import { GATHERED } from "./engine-numbers.ts";
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

/** The passes of one region, and walks over lists. What `traverse` throws is thrown. */
export interface Passes {
  /** How many objects were looked at. */
  updateRefs(this: void, base: Head): number;
  /** Kinds of `mayUntrack` that the last `updateRefs` met, or'ed. */
  untrackableKinds(this: void): number;
  subtractRefs(this: void, base: Head): void;
  /** How many objects were found reachable. */
  moveUnreachable(this: void, base: Head, unreachable: Head): number;
  /** Object whose `traverse` runs, or ran last. */
  traversed(this: void): Address;
  /** Remove flags from the first and the second words of all heads of a list. */
  clearFlags(this: void, list: Head, first: number, second: number): void;
  size(this: void, list: Head): number;
  /** Let so many objects of a list, from this one on, be near when they are taken apart; changes nothing. */
  warm(this: void, list: Head, from: Head, count: number): void;
  /** Forget which types are plain: a user's code has run. */
  forgetPlain(this: void): void;
  /** The first head from this one on whose object is not of a plain type, or the list. */
  skipPlain(this: void, list: Head, from: Head): Head;
}

/** What to do with an immortal object (3.12 and later), which is on a list: the pass goes on after it. */
export type SetAside = ((head: Head) => void) | undefined;

export function makePasses(graph: ObjectGraph, lists: HeadLists, setAside: SetAside): Passes {
  const { memory, ctx, words } = graph;
  const { traverse, isCollectable, isPlain, mayUntrack } = graph;
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
  /**
   * References that are still to be subtracted. Most of the time of a collection of many objects goes into waiting for
   * memory: a tight loop over many references lets the processor wait for several at a time.
   */
  const gathered = new Uint32Array(GATHERED);
  let gatheredCount = 0;
  /** Object whose `traverse` runs: the one to name if it throws. */
  let traversed = 0;
  let kinds = 0;
  /** The type that was found to be plain last. */
  let plain = 0;
  /** The list that the third pass works on; 0 during the second. */
  let reachable = 0;

  function updateRefs(base: Head): number {
    const u32 = memory.u32;
    let looked = 0;
    let next = 0;
    let type = 0;
    kinds = 0;
    for (let head = u32[base] >>> 2; head !== base; head = next) {
      next = u32[head] >>> 2;
      const count = u32[head + OBJECT + COUNT];
      if (count >= immortalFrom && setAside !== undefined) {
        setAside(head);
        continue;
      }
      if (u32[head + OBJECT + TYPE] !== type) {
        type = u32[head + OBJECT + TYPE];
        kinds |= mayUntrack(ctx, type);
      }
      u32[head + PREV] = (u32[head + PREV] & FINALIZED) | COLLECTING | (count << 2);
      looked++;
    }
    return looked;
  }

  /** Subtract the first references that have been gathered. */
  function subtractGathered(count: number): void {
    const u32 = memory.u32;
    const references = gathered;
    for (let n = 0; n < count; n++) {
      const object = references[n] >>> 2;
      const kind = u32[(u32[object + TYPE] >>> 2) + TYPE_FLAGS] & MASK;
      if (kind !== COLLECTABLE && !(kind !== 0 && isCollectable(ctx, references[n]))) continue;
      const prev = object - BACK;
      const word = u32[prev];
      if ((word & COLLECTING) !== 0) u32[prev] = word - ONE_REF;
    }
  }

  /**
   * The first references that have been gathered are those of reachable objects. Whether there is a head before a
   * referent at all, only its type tells. But in most cases whatever stands there leaves nothing to do, and the type,
   * which lies in another line of the processor's cache, need not be looked at.
   */
  function reachGathered(count: number): void {
    const u32 = memory.u32;
    const references = gathered;
    for (let n = 0; n < count; n++) {
      const object = references[n] >>> 2;
      const prev = object - BACK;
      const word = u32[prev];
      if ((word & COLLECTING) === 0) continue;
      const isUnreachable = (u32[object - OBJECT] & UNREACHABLE) !== 0;
      if (word >= ONE_REF && !isUnreachable) continue;
      const kind = u32[(u32[object + TYPE] >>> 2) + TYPE_FLAGS] & MASK;
      if (kind !== COLLECTABLE && !(kind !== 0 && isCollectable(ctx, references[n]))) continue;
      if (isUnreachable) takeBack(object - OBJECT);
      // The pass has not come to it yet: that it is reachable is all it must know.
      else u32[prev] = word | ONE_REF;
    }
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

  function useGathered(count: number): void {
    if (reachable === 0) subtractGathered(count);
    else reachGathered(count);
  }

  /**
   * Gather the references of an object, in the order of its `tp_traverse`; those that fill the buffer are used.
   * @param n how many have been gathered before
   * @returns how many have been gathered now
   */
  function gatherFrom(object: number, n: number): number {
    const u32 = memory.u32;
    const references = gathered;
    let at = LAYOUT < 0 ? 0 : u32[(u32[object + TYPE] >>> 2) + LAYOUT] >>> 2;
    if (at === 0) return gatherCustom(object, n);
    for (let code = u32[at]; code !== END; code = u32[at]) {
      if (code === BUFFER || code === INLINE_VAR) {
        let first = object + (memory.i32[at + 1] >> 2);
        if (code === BUFFER) first = u32[first] >>> 2;
        const count = u32[object + (memory.i32[at + 2] >> 2)];
        if (first !== 0) {
          for (let i = first + (count - 1) * STRIDE; i >= first; i -= STRIDE) {
            const referent = u32[i];
            if (referent === 0) continue;
            references[n++] = referent;
            if (n === GATHERED) {
              useGathered(n);
              n = 0;
            }
          }
        }
      } else if (code === WORDS) {
        const first = object + (memory.i32[at + 1] >> 2);
        const end = first + u32[at + 2] * STRIDE;
        for (let i = first; i !== end; i += STRIDE) {
          const referent = u32[i];
          if (referent === 0) continue;
          references[n++] = referent;
          if (n === GATHERED) {
            useGathered(n);
            n = 0;
          }
        }
      } else {
        return gatherCustom(object, n);
      }
      at += 3;
    }
    return n;
  }

  function gatherCustom(object: number, n: number): number {
    gatheredCount = n;
    traversed = (object << 2) >>> 0;
    traverse(ctx, traversed, gather);
    return gatheredCount;
  }

  function gather(referent: Address): void {
    gathered[gatheredCount++] = referent;
    if (gatheredCount !== GATHERED) return;
    useGathered(gatheredCount);
    gatheredCount = 0;
  }

  function subtractRefs(base: Head): void {
    reachable = 0;
    const u32 = memory.u32;
    const references = gathered;
    let n = 0;
    let type = 0;
    let isSimple = false;
    let isBuffer = false;
    let firstAt = 0;
    let countAt = 0;
    for (let head = u32[base] >>> 2; head !== base; head = u32[head] >>> 2) {
      const object = head + OBJECT;
      if (u32[object + TYPE] !== type) {
        type = u32[object + TYPE];
        const at = LAYOUT < 0 ? 0 : u32[(type >>> 2) + LAYOUT] >>> 2;
        const code = u32[at];
        isBuffer = code === BUFFER;
        isSimple = at !== 0 && (isBuffer || code === INLINE_VAR) && u32[at + 3] === END;
        firstAt = memory.i32[at + 1] >> 2;
        countAt = memory.i32[at + 2] >> 2;
      }
      if (isSimple) {
        const count = u32[object + countAt];
        if (n + count <= GATHERED) {
          const first = isBuffer ? u32[object + firstAt] >>> 2 : object + firstAt;
          for (let i = first + (count - 1) * STRIDE; i >= first; i -= STRIDE) {
            const referent = u32[i];
            if (referent !== 0) references[n++] = referent;
          }
          continue;
        }
        if (count < GATHERED) {
          subtractGathered(n);
          n = 0;
        }
      }
      n = gatherFrom(object, n);
    }
    subtractGathered(n);
  }

  /**
   * References of reachable objects are gathered until it matters what they lead to: when the pass comes to an object
   * that nothing so far has shown to be reachable.
   */
  function moveUnreachable(base: Head, unreachable: Head): number {
    reachable = base;
    const u32 = memory.u32;
    let before = base;
    let n = 0;
    let kept = 0;
    for (;;) {
      const head = u32[before] >>> 2;
      if (head !== base && u32[head + PREV] >= ONE_REF) {
        n = gatherFrom(head + OBJECT, n);
        u32[head + PREV] = (before << 2) | (u32[head + PREV] & FINALIZED);
        before = head;
        kept++;
      } else if (n !== 0) {
        reachGathered(n);
        n = 0;
      } else if (head === base) {
        break;
      } else {
        const link = u32[head];
        const space = link & SPACE;
        u32[before] = (link & ~FLAGS) | (u32[before] & FLAGS);
        const last = u32[unreachable + PREV] >>> 2;
        u32[last] = (head << 2) | UNREACHABLE | space;
        u32[head] = (unreachable << 2) | UNREACHABLE | space;
        u32[head + PREV] = (last << 2) | (u32[head + PREV] & FLAGS);
        u32[unreachable + PREV] = head << 2;
      }
    }
    u32[base + PREV] = before << 2;
    u32[unreachable] &= ~FLAGS;
    return kept;
  }

  return {
    updateRefs,
    untrackableKinds: () => kinds,
    subtractRefs,
    moveUnreachable,
    traversed: () => traversed,
    clearFlags: (list, first, second) => {
      const u32 = memory.u32;
      for (let head = u32[list] >>> 2; head !== list; head = u32[head] >>> 2) {
        if (first !== 0) u32[head] &= ~first;
        if (second !== 0) u32[head + PREV] &= ~second;
      }
    },
    size: lists.size,
    // A loop of its own would wait for memory as long as it saves.
    warm: () => {},
    forgetPlain: () => {
      plain = 0;
    },
    skipPlain: (list, from) => {
      const u32 = memory.u32;
      for (let head = from; ; head = u32[head] >>> 2) {
        if (head === list) return list;
        const type = u32[head + OBJECT + TYPE];
        if (type === plain) continue;
        if (isPlain?.(ctx, type) !== true) return head;
        plain = type;
      }
    },
  };
}
