/**
 * What becomes of objects that are unreachable, in CPython's order (`gc_collect_main` in `Python/gc.c`):
 *
 *     legacy finalizers   objects whose type has a finalizer of the old kind (`tp_del`), and what they reach, are left
 *     weak references     made dead; the callbacks of those that live on are called, newest first for each object
 *     finalizers          called once for each object (PEP 442), with weak references already dead; up to 3.14
 *     resurrection        what a finalizer has made reachable, and what that reaches, lives on
 *     clear               the rest is taken apart: references go, counts fall to 0, memory is given back
 *
 * All of this runs code of users, which may do anything to the lists here: each step takes the first object of a list and
 * moves it on before it does anything with it.
 */
import { type Address, gcDebug, hex, type ObjectGraph } from "@pyrena/abi";
import type { GcFacts } from "./facts.ts";
import { COLLECTING, type Head, type HeadLists } from "./gc-head.ts";
import type { Region } from "./region.ts";

/** What a collection did. */
export interface Outcome {
  collected: number;
  uncollectable: number;
}

/** Lists that the steps work with, empty between collections. */
export interface WorkLists {
  readonly finalUnreachable: Head;
  readonly finalizers: Head;
  readonly weakrefs: Head;
  readonly finalized: Head;
}

/** How to treat garbage. */
export interface Garbage {
  /**
   * Treat a list as `deduceUnreachable` left it, flags and all; it is empty afterwards.
   * @param survivors where objects go that live on
   * @param outcome is added to
   */
  dispose(this: void, unreachable: Head, survivors: Head, outcome: Outcome): void;
}

/** What surrounds the steps. */
export interface GarbageOptions {
  readonly facts: GcFacts;
  /** Flags of `gc.set_debug` now. */
  debugFlags(this: void): number;
  /** `gc.garbage` takes a reference. */
  keep(this: void, object: Address): void;
  write(this: void, text: string): void;
  /** An object goes to the survivors that was on another list: the incremental collector marks it. */
  readonly surviving?: ((head: Head) => void) | undefined;
  readonly failed: (thrown: unknown, object: Address) => void;
}

/** Objects that are brought near before they are cleared. */
const WARMED = 64;

export function makeGarbage(
  graph: ObjectGraph,
  lists: HeadLists,
  region: Region,
  work: WorkLists,
  { facts, debugFlags, keep, write, surviving, failed }: GarbageOptions,
): Garbage {
  const { memory, ctx } = graph;
  const { incref, decref, needsFinalizer, finalize, clear } = graph;
  const { isWeakref, weakrefs, clearWeakref, hasWeakrefCallback } = graph;
  const { prevWords: PREV, isEmpty, next, move, moveUpTo, merge, objectOf, headOf } = lists;
  const { isCollecting, skipPlain, forgetPlain } = region;
  const isUncollectable = graph.isUncollectable ?? (() => false);
  const clearAllFirst = facts.weakrefsDie === "before-finalizers";
  /** Whether a user's code has run since the objects were found unreachable. */
  let mustLookAgain = false;

  function forEach(list: Head, visit: (object: Address, head: Head) => void): void {
    let after = 0;
    for (let head = next(list); head !== list; head = after) {
      after = next(head);
      visit(objectOf(head), head);
    }
  }

  /** Those that may have a finalizer or weak references, or be one. The visit may move what it is shown. */
  function eachNotPlain(list: Head, visit: (object: Address, head: Head) => void): void {
    forgetPlain();
    let head = skipPlain(list, next(list));
    while (head !== list) {
      const after = next(head);
      visit(objectOf(head), head);
      head = skipPlain(list, after);
    }
  }

  function stopCollecting(head: Head): void {
    memory.u32[head + PREV] &= ~COLLECTING;
  }

  /** Move objects that have a legacy finalizer, and what they reach, out of the unreachable ones. */
  function moveLegacyFinalizers(unreachable: Head): void {
    const { finalizers } = work;
    lists.init(finalizers);
    if (graph.isUncollectable === undefined) return;
    eachNotPlain(unreachable, (object, head) => {
      if (!isUncollectable(ctx, object)) return;
      stopCollecting(head);
      move(head, finalizers);
    });
    const moveReferent = (referent: Address): void => {
      if (!graph.isCollectable(ctx, referent) || !isCollecting(referent)) return;
      move(headOf(referent), finalizers);
      stopCollecting(headOf(referent));
    };
    // The list grows meanwhile.
    for (let head = next(finalizers); head !== finalizers; head = next(head)) {
      try {
        graph.traverse(ctx, objectOf(head), moveReferent);
      } catch (thrown) {
        // What it refers to may have stayed behind.
        mustLookAgain = true;
        failed(thrown, objectOf(head));
      }
    }
  }

  /** One weak reference to the object that is looked at. */
  function handleWeakref(ref: Address): void {
    const hasCallback = hasWeakrefCallback(ctx, ref);
    if (!hasCallback && !clearAllFirst) return;
    clearWeakref(ctx, ref);
    // One that is garbage itself is not called: whoever owned it is gone.
    if (!hasCallback || isCollecting(ref)) return;
    incref(ctx, ref);
    move(headOf(ref), work.weakrefs);
  }

  /** Make weak references dead and call callbacks; how many of the called ones went away in that. */
  function handleWeakrefs(unreachable: Head, survivors: Head): number {
    const called = work.weakrefs;
    lists.init(called);
    eachNotPlain(unreachable, (object) => {
      if (clearAllFirst && isWeakref(ctx, object)) clearWeakref(ctx, object);
      weakrefs(ctx, object, handleWeakref);
    });
    let freed = 0;
    while (!isEmpty(called)) {
      mustLookAgain = true;
      const head = next(called);
      const ref = objectOf(head);
      graph.callWeakrefCallback(ctx, ref);
      decref(ctx, ref);
      if (next(called) === head) survive(head, survivors);
      else freed++;
    }
    return freed;
  }

  function survive(head: Head, survivors: Head): void {
    surviving?.(head);
    move(head, survivors);
  }

  /** Make all weak references to the objects dead, and those among them. */
  function clearWeakrefs(unreachable: Head): void {
    const clearRef = (ref: Address): void => clearWeakref(ctx, ref);
    eachNotPlain(unreachable, (object) => {
      if (isWeakref(ctx, object)) clearWeakref(ctx, object);
      weakrefs(ctx, object, clearRef);
    });
  }

  function finalizeAll(unreachable: Head): void {
    const seen = work.finalized;
    lists.init(seen);
    forgetPlain();
    for (;;) {
      const head = skipPlain(unreachable, next(unreachable));
      moveUpTo(unreachable, head, seen);
      if (head === unreachable) break;
      const object = objectOf(head);
      move(head, seen);
      if (!needsFinalizer(ctx, object)) continue;
      mustLookAgain = true;
      incref(ctx, object);
      finalize(ctx, object);
      decref(ctx, object);
      forgetPlain();
    }
    merge(seen, unreachable);
  }

  /** Let go what finalizers have made reachable; what is left is on `finalUnreachable`. */
  function handleResurrected(unreachable: Head, survivors: Head): void {
    const { finalUnreachable } = work;
    if (!mustLookAgain) {
      // Nothing has changed: each count still is the number of references from the others, so that another look would
      // find the same objects in the same order, and mark them as they are marked.
      lists.init(finalUnreachable);
      merge(unreachable, finalUnreachable);
      return;
    }
    region.clearCollecting(unreachable);
    region.deduceUnreachable(unreachable, finalUnreachable);
    region.clearUnreachable(finalUnreachable);
    merge(unreachable, survivors);
  }

  function clearAll(list: Head, survivors: Head): void {
    for (let n = 0; !isEmpty(list); n++) {
      const head = next(list);
      if (n % WARMED === 0) region.warm(list, head, WARMED);
      const object = objectOf(head);
      if ((debugFlags() & gcDebug.saveAll) !== 0) {
        keep(object);
      } else {
        incref(ctx, object);
        clear(ctx, object);
        decref(ctx, object);
      }
      if (next(list) === head) {
        // It may still die, with others that refer to it.
        stopCollecting(head);
        move(head, survivors);
      }
    }
  }

  function tell(what: string, list: Head): void {
    forEach(list, (object) =>
      write(`gc: ${what} <${graph.typeName(ctx, object)} ${hex(object)}>\n`),
    );
  }

  function handleLegacyFinalizers(survivors: Head): void {
    const { finalizers } = work;
    const all = (debugFlags() & gcDebug.saveAll) !== 0;
    forEach(finalizers, (object) => {
      if (all || isUncollectable(ctx, object)) keep(object);
    });
    merge(finalizers, survivors);
  }

  return {
    dispose: (unreachable, survivors, outcome) => {
      mustLookAgain = false;
      region.clearUnreachable(unreachable);
      moveLegacyFinalizers(unreachable);
      if ((debugFlags() & gcDebug.collectable) !== 0) {
        mustLookAgain = true;
        tell("collectable", unreachable);
      }
      outcome.collected += handleWeakrefs(unreachable, survivors);
      finalizeAll(unreachable);
      handleResurrected(unreachable, survivors);
      const { finalUnreachable, finalizers } = work;
      if (!clearAllFirst) clearWeakrefs(finalUnreachable);
      outcome.collected += region.size(finalUnreachable);
      clearAll(finalUnreachable, survivors);
      outcome.uncollectable += lists.size(finalizers);
      if ((debugFlags() & gcDebug.uncollectable) !== 0) tell("uncollectable", finalizers);
      handleLegacyFinalizers(survivors);
    },
  };
}
