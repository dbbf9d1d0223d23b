/**
 * `gc.garbage` and `gc.callbacks`: two lists that the heap's state owns, and what is done with them when a collector
 * says what it does. A program that binds other lists to these names changes its module's dict, not what is used here.
 */
import { type Address, type CollectionInfo, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { lineOf } from "../inspect/labels.ts";

/** The two lists of one heap. */
export interface GcLists {
  /** Make them in a new heap; in one that was opened they are there. @throws PyrenaError `memory-limit` */
  open(this: void): void;
  /** Borrowed. */
  garbage(this: void): Address;
  /** Borrowed. */
  callbacks(this: void): Address;
  /** Append to garbage: `CollectorHost.keep`. Where there is no room the object is not appended, as in CPython. */
  keep(this: void, object: Address): void;
  /** Call the callbacks with phase and info: `CollectorHost.event`. */
  tell(this: void, phase: "start" | "stop", info: CollectionInfo): void;
}

export function makeGcLists(core: Core): GcLists {
  const { memory, state, at, errors, refs, facts } = core;
  const GARBAGE = (state + at.gc_garbage) >>> 2;
  const CALLBACKS = (state + at.gc_callbacks) >>> 2;

  function openOne(word: number): void {
    if (memory.u32[word] !== 0) return;
    const list = core.list.create(0);
    if (list === 0) {
      errors.clear();
      throw new PyrenaError("memory-limit", "no room for gc.garbage and gc.callbacks");
    }
    memory.u32[word] = list;
  }

  /** One dict that all callbacks of a phase are given: new reference, or NULL with MemoryError pending. */
  function makeInfo({
    generation,
    collected,
    uncollectable,
    candidates,
    duration,
  }: CollectionInfo): Address {
    const entries: [string, number][] = [
      ["generation", generation],
      ["collected", collected],
      ["uncollectable", uncollectable],
    ];
    if (facts.timesCollections) entries.push(["candidates", candidates]);
    return makeNumbers(core, entries, facts.timesCollections ? duration : undefined);
  }

  /** Report an exception of a callback, which stays alive meanwhile. */
  function report(callback: Address): void {
    const exception = errors.fetch();
    const name = lineOf(core, callback);
    errors.restore(exception);
    errors.writeUnraisable(`gc callback ${name}`);
  }

  function callAll(callbacks: Address, phase: string, info: CollectionInfo): void {
    const dict = makeInfo(info);
    const text = dict === 0 ? 0 : core.str.from(phase);
    if (text === 0) errors.writeUnraisable(`gc callbacks, at the ${phase} of a collection`);
    else {
      // The list may change meanwhile.
      for (let n = 0; n < core.list.length(callbacks); n++) {
        const callback = refs.newRef(core.list.getItem(callbacks, n));
        const result = core.protocol.call(callback, [text, dict]);
        if (result === 0) report(callback);
        else refs.decref(result);
        refs.decref(callback);
      }
      refs.decref(text);
    }
    refs.xdecref(dict);
  }

  return {
    open: () => {
      openOne(GARBAGE);
      openOne(CALLBACKS);
    },
    garbage: () => memory.u32[GARBAGE],
    callbacks: () => memory.u32[CALLBACKS],
    keep: (object) => {
      const pending = errors.fetch();
      if (core.list.append(memory.u32[GARBAGE], object) < 0) errors.clear();
      errors.restore(pending);
    },
    tell: (phase, info) => {
      const callbacks = memory.u32[CALLBACKS];
      // NULL while the heap is being made.
      if (callbacks === 0 || core.list.length(callbacks) === 0) return;
      const pending = errors.fetch();
      callAll(callbacks, phase, info);
      errors.restore(pending);
    },
  };
}

/**
 * A dict of ints by name, and a last entry `duration`, a float, where it is given. New reference, or NULL with MemoryError
 * pending.
 */
export function makeNumbers(
  core: Core,
  entries: readonly (readonly [name: string, value: number])[],
  duration?: number,
): Address {
  const dict = core.dict.create();
  if (dict === 0) return 0;
  const enter = (name: string, make: () => Address): boolean => {
    const key = core.str.from(name);
    const value = key === 0 ? 0 : make();
    const done = value !== 0 && core.dict.setItem(dict, key, value) === 0;
    core.refs.xdecref(key);
    core.refs.xdecref(value);
    return done;
  };
  const isFull =
    entries.every(([name, value]) => enter(name, () => core.int.from(value))) &&
    (duration === undefined || enter("duration", () => core.float.from(duration)));
  if (isFull) return dict;
  core.refs.decref(dict);
  return 0;
}
