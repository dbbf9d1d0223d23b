/**
 * Interned strs. They are the keys and values of a dict of the heap; its two references are not counted, so that a
 * mortal one still dies with the last reference of the program, and leaves the dict then.
 */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { StrApi } from "../api/text.ts";
import type { Core } from "../core/core.ts";
import type { StrAccess } from "./str-access.ts";
import { IMMORTAL, INTERNED_MASK, MORTAL, strOffsets } from "./str-layout.ts";
import type { StrMaking } from "./str-making.ts";
import { strRepr } from "./str-repr.ts";

/** The interned strs of a heap. */
export interface StrInterning
  extends Pick<StrApi, "intern" | "interned" | "isInterned" | "name" | "uncounted"> {
  /** A mortal interned str dies: it leaves the dict. */
  forget(this: void, object: Address): void;
}

/** @param type the type `str` */
export function makeStrInterning(
  core: Core,
  { internedBits, lengthOf, kindOf, dataOf, value }: StrAccess,
  { empty, latin1: LATIN1, shared, from, staticAscii }: StrMaking,
  type: Address,
): StrInterning {
  const { memory, refs, errors, facts, word, state, at } = core;
  const TYPE = word;
  const STATE = strOffsets(core).state;
  const STATIC_COUNT = facts.refcount.staticImmortal;
  /** Names handed out, by text: addresses of immortal strs. */
  const names = new Map<string, Address>();
  let unchecked = !core.fresh;

  /** The dict of interned strs, made when it is first needed; NULL if there is no room. */
  function table(): Address {
    const cell = (state + at.interned) >>> 2;
    if (memory.u32[cell] === 0) {
      const dict = core.dict.create();
      memory.u32[cell] = dict;
    }
    return memory.u32[cell];
  }

  function setInterned(object: Address, how: number): void {
    const i = (object + STATE) >>> 2;
    memory.u32[i] = (memory.u32[i] & ~INTERNED_MASK) | how;
  }

  /** A mortal interned str dies: it leaves the dict, whose two references count for the moment. */
  function forget(object: Address): void {
    if (internedBits(object) !== MORTAL) {
      throw new PyrenaError(
        "dead-object",
        `the immortal str ${strRepr(value(object))} was released more often than it was referenced`,
        { address: object },
      );
    }
    memory.u32[object >>> 2] = 3;
    setInterned(object, 0);
    if (core.dict.deleteItem(memory.u32[(state + at.interned) >>> 2], object) !== 0) {
      throw new PyrenaError(
        "heap-corrupt",
        `the interned str ${strRepr(value(object))} is missing in the dict of interned strs`,
        { address: object },
      );
    }
    memory.u32[object >>> 2] = 0;
  }

  function intern(object: Address): Address {
    if (memory.u32[(object + TYPE) >>> 2] !== type || internedBits(object) !== 0) return object;
    const length = lengthOf(object);
    if (length <= 1 && kindOf(object) === 1) {
      const canonical =
        length === 0 ? empty : memory.u32[(LATIN1 + 4 * memory.u8[dataOf(object)]) >>> 2];
      refs.decref(object);
      return shared(canonical);
    }
    const dict = table();
    const canonical = dict === 0 ? 0 : core.dict.setDefault(dict, object, object);
    if (canonical === 0) {
      // As in CPython, a str that finds no room in the table stays as it is.
      errors.clear();
      return object;
    }
    if (canonical !== object) {
      refs.incref(canonical);
      refs.decref(object);
      return canonical;
    }
    memory.u32[object >>> 2] -= 2;
    if (facts.internsForever) {
      refs.immortalize(object);
      setInterned(object, IMMORTAL);
    } else setInterned(object, MORTAL);
    return object;
  }

  function interned(text: string): Address {
    const object = from(text);
    return object === 0 ? 0 : intern(object);
  }

  /** What `name` does when it is asked for a text the first time. */
  function makeName(text: string): Address {
    for (let i = 0; i < text.length; i++) {
      if (text.charCodeAt(i) >= 128)
        throw new PyrenaError("bad-argument", `name takes ASCII text, not ${strRepr(text)}`);
    }
    if (text === "") return empty;
    if (text.length === 1) return memory.u32[(LATIN1 + 4 * text.charCodeAt(0)) >>> 2];
    const dict = table();
    if (unchecked) {
      // A heap that is opened may be damaged: in a table without a free slot a search would never end.
      unchecked = false;
      core.dict.verify(dict);
    }
    const sought = dict === 0 ? 0 : from(text);
    let object = sought === 0 ? 0 : core.dict.getItem(dict, sought);
    if (sought !== 0) refs.decref(sought);
    if (sought !== 0 && object === 0) {
      object = staticAscii(text);
      if (core.dict.setItem(dict, object, object) !== 0) object = 0;
    } else if (object !== 0 && internedBits(object) === MORTAL) {
      // A program interned it before: from now on the runtime holds it, too.
      if (facts.hasImmortals) refs.immortalize(object);
      else refs.incref(object);
      setInterned(object, IMMORTAL);
    }
    if (object === 0) {
      throw new PyrenaError("memory-limit", `no room for the name '${text}'`);
    }
    names.set(text, object);
    return object;
  }

  return {
    intern,
    interned,
    forget,
    isInterned: (object) => internedBits(object) !== 0,
    uncounted: (object) => {
      const how = internedBits(object);
      if (how === MORTAL && object !== empty) return 2;
      return how === IMMORTAL && memory.u32[object >>> 2] < STATIC_COUNT ? 1 : 0;
    },
    name: (text) => names.get(text) ?? makeName(text),
  };
}
