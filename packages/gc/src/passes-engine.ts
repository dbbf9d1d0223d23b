/**
 * The passes of a region in WebAssembly (engine/assembly): `passes.ts` statement for statement, in about half the time.
 * It works on the same bytes, so that either can go on where the other has stopped, between passes.
 *
 * What only functions of the graph know is done here: the engine stops there with CALLER set in the head that it returns.
 */
import type { Address, ObjectGraph } from "@pyrena/abi";
import { ENGINE_BYTES } from "./engine-bytes.ts";
import { CALLER, GATHERED } from "./engine-numbers.ts";
import { COLLECTING, FINALIZED, FLAGS, type Head, type HeadLists } from "./gc-head.ts";
import type { Passes, SetAside } from "./passes.ts";

/** What the engine exports; addresses of heads are in bytes, and may come back as negative numbers. */
interface Engine {
  setUp(
    word: number,
    count: number,
    immortalFrom: number,
    type: number,
    flags: number,
    layout: number,
    collectable: number,
    ask: number,
    room: Address,
  ): void;
  begin(list: number): void;
  know(type: Address): void;
  updateRefs(list: number, from: number): number;
  passKnown(list: number, from: number): number;
  clearFlags(list: number, from: number, first: number, second: number): number;
  warm(list: number, from: number, count: number): void;
  countHeads(list: number, from: number): number;
  subtractRefs(list: number, from: number): number;
  beginMoving(list: number): void;
  moveUnreachable(list: number, unreachable: number): number;
  useGathered(count: number): void;
}

let compiled: WebAssembly.Module | undefined;

function compile(): WebAssembly.Module {
  const text = atob(ENGINE_BYTES);
  compiled ??= new WebAssembly.Module(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  return compiled;
}

/** An engine over a graph's memory, or undefined where there can be none. */
function openEngine(graph: ObjectGraph, gcHeadBytes: number, room: Address): Engine | undefined {
  const { memory, ctx, words, isCollectable } = graph;
  if (memory.wasm === undefined || memory.shared) return undefined;
  let engine: Engine;
  try {
    const imports = {
      env: { memory: memory.wasm },
      graph: { isCollectable: (object: number) => Number(isCollectable(ctx, object >>> 0)) },
    };
    engine = new WebAssembly.Instance(compile(), imports).exports as unknown as Engine;
  } catch (error) {
    // A page may be forbidden to compile (Content-Security-Policy). The passes in TypeScript do the same.
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
  const { count, immortalFrom, type, flags, layout, collectable, ask } = words;
  const limit = Math.min(immortalFrom, 0xffff_ffff);
  engine.setUp(gcHeadBytes >>> 1, count, limit, type, flags, layout, collectable, ask, room);
  return engine;
}

/**
 * The passes, or undefined where the memory's bytes cannot be imported.
 * @param room ROOM_WORDS words for the engine
 */
export function makeEnginePasses(
  graph: ObjectGraph,
  lists: HeadLists,
  setAside: SetAside,
  room: Address,
): Passes | undefined {
  const { memory, ctx, words, traverse, mayUntrack, isPlain } = graph;
  const found = openEngine(graph, graph.gcHeadBytes, room);
  if (found === undefined) return undefined;
  const engine = found;
  const PREV = lists.prevWords;
  const OBJECT = lists.objectWords;
  const COUNT = words.count >>> 2;
  const TYPE = words.type >>> 2;
  const ROOM = room >>> 2;
  const WAITING = ROOM + GATHERED;
  const PASSED = WAITING + 1;
  const BEFORE = WAITING + 2;
  let kinds = 0;
  let traversed = 0;

  function gather(referent: Address): void {
    let u32 = memory.u32;
    if (u32[WAITING] === GATHERED) {
      engine.useGathered(GATHERED);
      u32 = memory.u32;
      u32[WAITING] = 0;
    }
    u32[ROOM + u32[WAITING]++] = referent;
  }

  function gatherFrom(head: Head): void {
    traversed = lists.objectOf(head);
    traverse(ctx, traversed, gather);
  }

  /** The step of `updateRefs` for one object, and the head after it. */
  function updateOne(head: Head): Head {
    const u32 = memory.u32;
    const next = u32[head] >>> 2;
    const count = u32[head + OBJECT + COUNT];
    if (count >= words.immortalFrom && setAside !== undefined) {
      setAside(head);
      return next;
    }
    const type = u32[head + OBJECT + TYPE];
    kinds |= mayUntrack(ctx, type);
    engine.know(type);
    u32[head + PREV] = (u32[head + PREV] & FINALIZED) | COLLECTING | (count << 2);
    u32[PASSED]++;
    return next;
  }

  return {
    updateRefs: (base) => {
      kinds = 0;
      engine.begin(base << 2);
      for (let head = memory.u32[base] >>> 2; head !== base; ) {
        const stop = engine.updateRefs(base << 2, head << 2);
        head = stop >>> 2;
        if ((stop & CALLER) !== 0) head = updateOne(head);
      }
      return memory.u32[PASSED];
    },
    untrackableKinds: () => kinds,
    subtractRefs: (base) => {
      engine.begin(base << 2);
      for (let head = memory.u32[base] >>> 2; head !== base; ) {
        const stop = engine.subtractRefs(base << 2, head << 2);
        head = stop >>> 2;
        if ((stop & CALLER) === 0) continue;
        gatherFrom(head);
        head = memory.u32[head] >>> 2;
      }
      engine.useGathered(memory.u32[WAITING]);
      memory.u32[WAITING] = 0;
    },
    moveUnreachable: (base, unreachable) => {
      engine.beginMoving(base << 2);
      for (;;) {
        const stop = engine.moveUnreachable(base << 2, unreachable << 2);
        if (stop >>> 2 === base) break;
        if ((stop & CALLER) === 0) continue;
        const head = stop >>> 2;
        gatherFrom(head);
        const u32 = memory.u32;
        u32[head + PREV] = (u32[BEFORE] & ~FLAGS) | (u32[head + PREV] & FINALIZED);
        u32[BEFORE] = head << 2;
        u32[PASSED]++;
      }
      const u32 = memory.u32;
      u32[base + PREV] = u32[BEFORE];
      u32[unreachable] &= ~FLAGS;
      return u32[PASSED];
    },
    traversed: () => traversed,
    clearFlags: (list, first, second) => {
      for (let head = memory.u32[list] >>> 2; head !== list; )
        head = engine.clearFlags(list << 2, head << 2, first, second) >>> 2;
    },
    size: (list) => {
      memory.u32[PASSED] = 0;
      for (let head = memory.u32[list] >>> 2; head !== list; )
        head = engine.countHeads(list << 2, head << 2) >>> 2;
      return memory.u32[PASSED];
    },
    warm: (list, from, count) => engine.warm(list << 2, from << 2, count),
    forgetPlain: () => engine.begin(0),
    skipPlain: (list, from) => {
      for (let head = from; ; ) {
        const stop = engine.passKnown(list << 2, head << 2);
        head = stop >>> 2;
        if (head === list) return list;
        if ((stop & CALLER) === 0) continue;
        const type = memory.u32[head + OBJECT + TYPE];
        if (isPlain?.(ctx, type) !== true) return head;
        engine.know(type);
      }
    },
  };
}
