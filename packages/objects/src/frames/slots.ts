/** The words of a frame: where its fields, locals and evaluation stack lie, and what they own. */
import { type Address, layoutOf, type StructLayout } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { codeStruct } from "../types/code.ts";
import { frameHeaderLayout } from "./layout.ts";

/** Access to frames, for the parts of `core.frames`. */
export interface FrameSlots {
  /** Offsets of header fields, and of a code object's, in bytes. */
  readonly at: ReturnType<typeof frameHeaderLayout>["at"];
  readonly code: StructLayout<keyof typeof codeStruct.fields>["at"];
  codeOf(this: void, frame: Address): Address;
  /** Index in `memory.u32` of a word of localsplus. */
  slot(this: void, frame: Address, index: number): number;
  /** The object in such a word, without the mark of what is lent. */
  object(this: void, word: number): Address;
  /** Words of localsplus, as far as locals, cells and free variables go. */
  localCount(this: void, frame: Address): number;
  /** Words of localsplus, evaluation stack included. */
  slotsOf(this: void, frame: Address): number;
  /** Release the word at an index of `memory.u32`: it is NULL before anything is called back. */
  release(this: void, i: number): void;
  /** Release all of localsplus in the version's order. */
  releaseAll(this: void, frame: Address): void;
  /** Take out of localsplus what would be released next: the reference passes to the caller; NULL: none is left. */
  takeNext(this: void, frame: Address): Address;
  /** Release values of the evaluation stack from the top down, to so many words of localsplus. */
  releaseTo(this: void, frame: Address, level: number): void;
  name(this: void, frame: Address): string;
  localName(this: void, frame: Address, index: number): string;
  /** Visit what a frame owns. */
  contents(this: void, frame: Address, visit: (referent: Address, holder: string) => void): void;
  /** Visit what a frame keeps alive, in the order in which CPython's incremental collector marks it (3.14). */
  marked(this: void, frame: Address, visit: (referent: Address) => void): void;
}

export function makeFrameSlots(core: Core): FrameSlots {
  const { memory, refs, wordShift, profile, facts } = core;
  const { at: F, bytes: HEADER } = frameHeaderLayout(profile.abi, facts);
  const { at: CODE } = layoutOf(codeStruct, profile.abi);
  const FIRST_TO_LAST = facts.localsReleased === "first-to-last";

  const codeOf = (frame: Address): Address => memory.u32[(frame + F.f_executable) >>> 2];
  const slot = (frame: Address, index: number): number =>
    (frame + HEADER + (index << wordShift)) >>> 2;

  /** Words of localsplus, as far as locals, cells and free variables go. */
  function localCount(frame: Address): number {
    return memory.u32[(codeOf(frame) + CODE.co_nlocalsplus) >>> 2];
  }

  /** Words of a frame's localsplus, evaluation stack included. */
  function slotsOf(frame: Address): number {
    const code = codeOf(frame);
    return (
      memory.u32[(code + CODE.co_nlocalsplus) >>> 2] + memory.u32[(code + CODE.co_stacksize) >>> 2]
    );
  }

  /** Release one word: it is NULL before anything is called back. */
  function releaseSlot(i: number): void {
    const value = memory.u32[i];
    memory.u32[i] = 0;
    if (value !== 0 && (value & 1) === 0) refs.decref(value);
  }

  function takeNext(frame: Address): Address {
    const used = memory.u32[(frame + F.stack) >>> 2];
    for (let n = 0; n < used; n++) {
      const i = slot(frame, FIRST_TO_LAST ? n : used - 1 - n);
      const value = memory.u32[i];
      memory.u32[i] = 0;
      if (value !== 0 && (value & 1) === 0) return value;
    }
    return 0;
  }

  function releaseLocals(frame: Address): void {
    const used = memory.u32[(frame + F.stack) >>> 2];
    if (FIRST_TO_LAST) for (let n = 0; n < used; n++) releaseSlot(slot(frame, n));
    else for (let n = used - 1; n >= 0; n--) releaseSlot(slot(frame, n));
    memory.u32[(frame + F.stack) >>> 2] = 0;
  }

  function popValuesTo(frame: Address, level: number): void {
    const i = (frame + F.stack) >>> 2;
    while (memory.u32[i] > level) {
      memory.u32[i]--;
      releaseSlot(slot(frame, memory.u32[i]));
    }
  }

  function localName(frame: Address, index: number): string {
    const names = memory.u32[(codeOf(frame) + CODE.co_localsplusnames) >>> 2];
    return core.str.value(core.tuple.getItem(names, index));
  }

  function frameName(frame: Address): string {
    return core.str.value(memory.u32[(codeOf(frame) + CODE.co_name) >>> 2]);
  }

  /** The word without the mark of what is lent. */
  const object = (value: number): Address => (value & 1 ? value - 1 : value);

  /** Visit what a frame owns. */
  function contents(frame: Address, visit: (referent: Address, holder: string) => void): void {
    const name = `frame ${frameName(frame)}`;
    const header: readonly (readonly [number, string])[] = [
      [F.f_executable, "code"],
      [F.f_funcobj, "function"],
      [F.f_locals, "locals"],
      [F.frame_obj, "frame object"],
    ];
    for (const [offset, what] of header) {
      const value = memory.u32[(frame + offset) >>> 2];
      if (value !== 0) visit(value, `${name}: ${what}`);
    }
    const count = localCount(frame);
    const used = memory.u32[(frame + F.stack) >>> 2];
    for (let n = 0; n < used; n++) {
      const value = memory.u32[slot(frame, n)];
      if (value === 0 || (value & 1) !== 0) continue;
      visit(value, n < count ? `${name}: local ${localName(frame, n)}` : `${name}: stack`);
    }
  }

  function marked(frame: Address, visit: (referent: Address) => void): void {
    for (const offset of [F.f_locals, F.f_funcobj]) {
      const value = memory.u32[(frame + offset) >>> 2];
      if (value !== 0) visit(value);
    }
    for (let n = memory.u32[(frame + F.stack) >>> 2] - 1; n >= 0; n--) {
      const value = memory.u32[slot(frame, n)];
      if (value !== 0) visit(object(value));
    }
  }

  return {
    at: F,
    code: CODE,
    codeOf,
    slot,
    object,
    localCount,
    slotsOf,
    release: releaseSlot,
    releaseAll: releaseLocals,
    takeNext,
    releaseTo: popValuesTo,
    name: frameName,
    localName,
    contents,
    marked,
  };
}
