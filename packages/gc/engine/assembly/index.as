// The passes of src/region.ts over lists of heads, statement for statement the same; see there for what they do and why.
// Addresses are in bytes here. What a graph and its data model fix is told once, by `setUp`.
//
// Every pass stops after a while, so that whatever runs this code can go over to a faster version of it; and it stops at
// everything that only the graph's own functions know: then the head that it returns has CALLER set, and the caller does
// that one step and calls again from the next head on.
//
//     room    GATHERED addresses: references that wait, or the types that are known
//             +0  how many references wait
//             +4  heads that passes have dealt with since this was set to 0
//             +8  before: the head that the third pass has come to
import {
  BUFFER,
  CALLER,
  CHUNK,
  COLLECTING,
  CUSTOM,
  END,
  FINALIZED,
  FLAGS,
  GATHERED,
  INLINE_VAR,
  ONE_REF,
  SPACE,
  TYPES_KNOWN,
  UNREACHABLE,
  WARMED,
  WORDS,
} from "./layout";

@external("graph", "isCollectable")
declare function isCollectable(object: u32): u32;

/** Bytes of a word of the data model: from a head to its second word, and from one reference to the next. */
let word: u32 = 0;
let countAt: u32 = 0;
let immortalFrom: u32 = 0;
let typeAt: u32 = 0;
let flagsAt: u32 = 0;
/** -1: types have no layout programs. */
let layoutAt: i32 = 0;
let collectable: u32 = 0;
let mask: u32 = 0;
let room: u32 = 0;

// @ts-ignore: decorator
@inline const WAITING: u32 = GATHERED << 2;
// @ts-ignore: decorator
@inline const PASSED: u32 = WAITING + 4;
// @ts-ignore: decorator
@inline const BEFORE: u32 = WAITING + 8;

/** The list that the third pass works on; 0 during the second. */
let reachable: u32 = 0;

/** Type that was looked at last, and its layout program if that is a single operation; the operation is 0 otherwise. */
let simpleType: u32 = 0;
let simpleCode: u32 = 0;
let simpleFirst: u32 = 0;
let simpleCount: u32 = 0;

/** Type object that `isCollectable` was asked of last, and its answer. */
let asked: u32 = 0;
let answer: u32 = 0;

export function setUp(
  wordBytes: u32,
  count: u32,
  immortal: u32,
  type: u32,
  flags: u32,
  layout: i32,
  flag: u32,
  ask: u32,
  roomAt: u32,
): void {
  word = wordBytes;
  countAt = count;
  immortalFrom = immortal;
  typeAt = type;
  flagsAt = flags;
  layoutAt = layout;
  collectable = flag;
  mask = flag | ask;
  room = roomAt;
}

/** Begin with a list, and with no knowledge of types: they may have changed. */
export function begin(list: u32): void {
  memory.fill(room, 0, TYPES_KNOWN << 2);
  simpleType = 0;
  asked = 0;
  store<u32>(room, 0, WAITING);
  store<u32>(room, 0, PASSED);
  store<u32>(room, list, BEFORE);
  reachable = 0;
}

// ---- types that need not be asked for again

// @ts-ignore: decorator
@inline
function placeOf(type: u32): u32 {
  return room + ((((type >>> 4) ^ (type >>> 10)) & (TYPES_KNOWN - 1)) << 2);
}

export function know(type: u32): void {
  store<u32>(placeOf(type), type);
}

// ---- lists

/** update_refs: to the list's end, an immortal object, or one of a type that is not known. */
export function updateRefs(list: u32, from: u32): u32 {
  const prev = word;
  const object = word << 1;
  let type: u32 = 0;
  let head = from;
  let n: u32 = 0;
  for (; head != list && n < CHUNK; n++) {
    const count = load<u32>(head + object + countAt);
    if (count >= immortalFrom) {
      head |= CALLER;
      break;
    }
    const its = load<u32>(head + object + typeAt);
    if (its != type) {
      if (load<u32>(placeOf(its)) != its) {
        head |= CALLER;
        break;
      }
      type = its;
    }
    store<u32>(head + prev, (load<u32>(head + prev) & FINALIZED) | COLLECTING | (count << 2));
    head = load<u32>(head) & ~FLAGS;
  }
  store<u32>(room, load<u32>(room, PASSED) + n, PASSED);
  return head;
}

/** To the list's end, or an object of a type that is not known. */
export function passKnown(list: u32, from: u32): u32 {
  const at = (word << 1) + typeAt;
  let type: u32 = 0;
  let head = from;
  for (let n: u32 = 0; head != list && n < CHUNK; n++) {
    const its = load<u32>(head + at);
    if (its != type) {
      if (load<u32>(placeOf(its)) != its) return head | CALLER;
      type = its;
    }
    head = load<u32>(head) & ~FLAGS;
  }
  return head;
}

/** Remove flags from the words of heads. */
export function clearFlags(list: u32, from: u32, first: u32, second: u32): u32 {
  const prev = word;
  let head = from;
  for (let n: u32 = 0; head != list && n < CHUNK; n++) {
    const link = load<u32>(head);
    if (first != 0) store<u32>(head, link & ~first);
    if (second != 0) store<u32>(head + prev, load<u32>(head + prev) & ~second);
    head = link & ~FLAGS;
  }
  return head;
}

/** Count heads. */
export function countHeads(list: u32, from: u32): u32 {
  let head = from;
  let n: u32 = 0;
  for (; head != list && n < CHUNK; n++) head = load<u32>(head) & ~FLAGS;
  store<u32>(room, load<u32>(room, PASSED) + n, PASSED);
  return head;
}

/** What has been read last, for no reason but to have been read: see `warm`. */
let seen: u32 = 0;

/**
 * Read where the references of the next objects lead, so that what is done with them one by one need not wait for
 * memory each time. Only for objects whose references are a single operation of a layout program.
 */
export function warm(list: u32, from: u32, count: u32): void {
  const step = word;
  const objectAt = word << 1;
  let sum: u32 = 0;
  let head = from;
  // Users' code has run since: a type may be another one by now.
  simpleType = 0;
  for (let n: u32 = 0; head != list && n < count; n++) {
    const object = head + objectAt;
    const its = load<u32>(object + typeAt);
    if ((its == simpleType || learn(its)) && simpleCode != 0) {
      const first = simpleCode == BUFFER ? load<u32>(object + simpleFirst) : object + simpleFirst;
      const length = first == 0 ? 0 : min(load<u32>(object + simpleCount), WARMED);
      for (let at = first; at != first + length * step; at += step) {
        const referent = load<u32>(at);
        if (referent != 0) sum += load<u32>(referent + countAt) + load<u32>(referent - objectAt);
      }
    }
    head = load<u32>(head) & ~FLAGS;
  }
  seen = sum;
}

// ---- references

/** Whether an object has a head, where its type does not say so plainly: most often there is none. */
function isOne(object: u32, kind: u32): bool {
  if (kind == 0) return false;
  if (object != asked) {
    answer = isCollectable(object);
    asked = object;
  }
  return answer != 0;
}

function takeBack(head: u32): void {
  const prev = word;
  const link = load<u32>(head);
  const its = load<u32>(head + prev);
  const before = its & ~FLAGS;
  const after = link & ~FLAGS;
  store<u32>(before, link);
  store<u32>(after + prev, before | (load<u32>(after + prev) & FLAGS));
  const last = load<u32>(reachable + prev) & ~FLAGS;
  store<u32>(last, head | (load<u32>(last) & FLAGS));
  store<u32>(head, reachable | (link & SPACE));
  store<u32>(head + prev, (its & FINALIZED) | COLLECTING | ONE_REF);
  store<u32>(reachable + prev, head);
}

// Both loops below wait for memory most of the time. All that they need is in locals, so that the processor, which can
// look ahead over so many instructions only, comes to as many references as possible.

function subtractGathered(n: u32): void {
  const prev = word;
  const type = typeAt;
  const flags = flagsAt;
  const plain = collectable;
  const asks = mask;
  const end = room + (n << 2);
  for (let at = room; at != end; at += 4) {
    const object = load<u32>(at);
    const kind = load<u32>(load<u32>(object + type) + flags) & asks;
    if (kind != plain && !isOne(object, kind)) continue;
    const its = load<u32>(object - prev);
    if ((its & COLLECTING) != 0) store<u32>(object - prev, its - ONE_REF);
  }
}

function reachGathered(n: u32): void {
  const prev = word;
  const end = room + (n << 2);
  for (let at = room; at != end; at += 4) {
    const object = load<u32>(at);
    const its = load<u32>(object - prev);
    if ((its & COLLECTING) == 0) continue;
    if (its < ONE_REF || (load<u32>(object - (prev << 1)) & UNREACHABLE) != 0) reach(object);
  }
}

/** Exported so that it stays a call of its own, out of the loop. */
export function reach(object: u32): void {
  const kind = load<u32>(load<u32>(object + typeAt) + flagsAt) & mask;
  if (kind != collectable && !isOne(object, kind)) return;
  const prev = object - word;
  const head = prev - word;
  if ((load<u32>(head) & UNREACHABLE) != 0) takeBack(head);
  else store<u32>(prev, load<u32>(prev) | ONE_REF);
}

/** Use the references that wait. */
export function useGathered(n: u32): void {
  if (reachable == 0) subtractGathered(n);
  else reachGathered(n);
}

/** Gather `count` references from the last to the first, or the other way round; how many wait then. */
function gather(first: u32, count: u32, forward: bool, n: u32): u32 {
  const step = word;
  let at = forward ? first : first + (count - 1) * step;
  for (let left = count; left != 0; left--) {
    const referent = load<u32>(at);
    at = forward ? at + step : at - step;
    if (referent == 0) continue;
    if (n == GATHERED) {
      useGathered(n);
      n = 0;
    }
    store<u32>(room + (n++ << 2), referent);
  }
  return n;
}

/** Look a type's layout program up; whether there is one. */
function learn(type: u32): bool {
  if (layoutAt < 0) return false;
  const at = load<u32>(type + layoutAt);
  if (at == 0 || load<u32>(at) == CUSTOM) return false;
  const code = load<u32>(at);
  const isSimple = (code == BUFFER || code == INLINE_VAR) && load<u32>(at + 12) == END;
  simpleType = type;
  simpleCode = isSimple ? code : 0;
  simpleFirst = isSimple ? load<u32>(at + 4) : 0;
  simpleCount = isSimple ? load<u32>(at + 8) : 0;
  return true;
}

/** Gather what a layout program says; how many wait then. Programs with a custom part are not run here. */
function gatherProgram(object: u32, type: u32, n: u32): u32 {
  let at = load<u32>(type + layoutAt);
  for (let code = load<u32>(at); code != END; code = load<u32>(at)) {
    const first = object + load<u32>(at + 4);
    if (code == WORDS) {
      n = gather(first, load<u32>(at + 8), true, n);
    } else {
      const items = code == BUFFER ? load<u32>(first) : first;
      if (items != 0) n = gather(items, load<u32>(object + load<u32>(at + 8)), false, n);
    }
    at += 12;
  }
  return n;
}

/** subtract_refs: to the list's end, or an object whose references only `traverse` knows. */
export function subtractRefs(list: u32, from: u32): u32 {
  const objectAt = word << 1;
  const step = word;
  const waiting = room;
  let n = load<u32>(room, WAITING);
  let head = from;
  let type: u32 = 0;
  let code: u32 = 0;
  let firstAt: u32 = 0;
  let lengthAt: u32 = 0;
  for (let looked: u32 = 0; head != list && looked < CHUNK; looked++) {
    const object = head + objectAt;
    const its = load<u32>(object + typeAt);
    if (its != type) {
      if (its != simpleType && !learn(its)) {
        head |= CALLER;
        break;
      }
      type = its;
      code = simpleCode;
      firstAt = simpleFirst;
      lengthAt = simpleCount;
    }
    const count = code != 0 ? load<u32>(object + lengthAt) : GATHERED;
    if (count < GATHERED) {
      if (n + count > GATHERED) {
        subtractGathered(n);
        n = 0;
      }
      const first = code == BUFFER ? load<u32>(object + firstAt) : object + firstAt;
      // Without items array there are no items.
      if (first != 0) {
        for (let at = first + count * step; at != first; ) {
          at -= step;
          const referent = load<u32>(at);
          store<u32>(waiting + (n << 2), referent);
          n += u32(referent != 0);
        }
      }
    } else {
      n = gatherProgram(object, its, n);
    }
    head = load<u32>(head) & ~FLAGS;
  }
  store<u32>(room, n, WAITING);
  return head;
}

/** Let the third pass begin: from now on references are those of objects of this list that are reachable. */
export function beginMoving(list: u32): void {
  store<u32>(room, 0, PASSED);
  reachable = list;
}

/**
 * move_unreachable: to the list's end, where it returns the list, or to an object whose references only `traverse` knows.
 * Those that were found reachable are counted. Returns 0 where it stopped for no reason.
 */
export function moveUnreachable(list: u32, unreachable: u32): u32 {
  const prev = word;
  const objectAt = word << 1;
  const step = word;
  const waiting = room;
  let n = load<u32>(room, WAITING);
  let previous = load<u32>(room, BEFORE);
  let head: u32 = 0;
  let kept: u32 = 0;
  let type: u32 = 0;
  let code: u32 = 0;
  let firstAt: u32 = 0;
  let lengthAt: u32 = 0;
  let result: u32 = 0;
  for (let looked: u32 = 0; looked < CHUNK; looked++) {
    head = load<u32>(previous) & ~FLAGS;
    if (head != list && load<u32>(head + prev) >= ONE_REF) {
      const object = head + objectAt;
      const its = load<u32>(object + typeAt);
      if (its != type) {
        if (its != simpleType && !learn(its)) {
          result = head | CALLER;
          break;
        }
        type = its;
        code = simpleCode;
        firstAt = simpleFirst;
        lengthAt = simpleCount;
      }
      const count = code != 0 ? load<u32>(object + lengthAt) : GATHERED;
      if (count < GATHERED) {
        if (n + count > GATHERED) {
          reachGathered(n);
          n = 0;
        }
        const first = code == BUFFER ? load<u32>(object + firstAt) : object + firstAt;
        if (first != 0) {
          for (let at = first + count * step; at != first; ) {
            at -= step;
            const referent = load<u32>(at);
            store<u32>(waiting + (n << 2), referent);
            n += u32(referent != 0);
          }
        }
      } else {
        n = gatherProgram(object, its, n);
      }
      store<u32>(head + prev, previous | (load<u32>(head + prev) & FINALIZED));
      previous = head;
      kept++;
    } else if (n != 0) {
      reachGathered(n);
      n = 0;
    } else if (head == list) {
      result = list;
      break;
    } else {
      const link = load<u32>(head);
      const space = link & SPACE;
      store<u32>(previous, (link & ~FLAGS) | (load<u32>(previous) & FLAGS));
      const last = load<u32>(unreachable + prev) & ~FLAGS;
      store<u32>(last, head | UNREACHABLE | space);
      store<u32>(head, unreachable | UNREACHABLE | space);
      store<u32>(head + prev, last | (load<u32>(head + prev) & FLAGS));
      store<u32>(unreachable + prev, head);
    }
  }
  store<u32>(room, n, WAITING);
  store<u32>(room, load<u32>(room, PASSED) + kept, PASSED);
  store<u32>(room, previous, BEFORE);
  return result;
}
