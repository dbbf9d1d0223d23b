/**
 * A generational collection's three passes, one step at a time: update_refs, subtract_refs, move_unreachable, over objects
 * in the order of the collector's list. It works on a picture of the graph; tests hold its end against what the real
 * collector does to the real objects, and its middle against the words that the real passes leave in memory.
 */

/** An object as the collector finds it. */
export interface Candidate {
  readonly id: string;
  readonly refcount: number;
  /** What its `traverse` visits, in that order; each reference once. */
  readonly referents: readonly string[];
}

/** What stands after a step. */
export interface Step {
  readonly pass: "start" | "update" | "subtract" | "move" | "end";
  /** The object that the step looks at. */
  readonly at?: string;
  /** The referent, where the step follows a reference. */
  readonly to?: string;
  /**
   * What happened: a count was copied; one was taken off a referent; the object is reachable; it is put on the tentative
   * list; a referent is taken back from there; a referent that comes later is marked as reachable; a referent needs
   * nothing.
   */
  readonly what:
    | "begin"
    | "copy"
    | "subtract"
    | "keep"
    | "tentative"
    | "rescue"
    | "mark"
    | "skip"
    | "done";
  /** Working counts, of objects that have one. */
  readonly refs: ReadonlyMap<string, number>;
  /** The list that is worked on, in order; from the third pass on without those that were moved away. */
  readonly young: readonly string[];
  /** The tentative list, in order. */
  readonly unreachable: readonly string[];
  /** Those that the third pass has passed over as reachable. */
  readonly kept: readonly string[];
}

/** All steps of a collection, from the first look to the verdict. */
export function collectionSteps(list: readonly Candidate[]): Step[] {
  const steps: Step[] = [];
  const byId = new Map(list.map((one) => [one.id, one]));
  const refs = new Map<string, number>();
  let young = list.map(({ id }) => id);
  let unreachable: string[] = [];
  const kept: string[] = [];
  const record = (pass: Step["pass"], what: Step["what"], at?: string, to?: string): void => {
    steps.push({
      pass,
      what,
      ...(at !== undefined && { at }),
      ...(to !== undefined && { to }),
      refs: new Map(refs),
      young: [...young],
      unreachable: [...unreachable],
      kept: [...kept],
    });
  };
  record("start", "begin");

  for (const { id, refcount } of list) {
    refs.set(id, refcount);
    record("update", "copy", id);
  }

  for (const { id, referents } of list) {
    for (const to of referents) {
      const count = refs.get(to);
      if (count === undefined) continue; // not on this list: nothing of it is known, so nothing is taken off
      refs.set(to, count - 1);
      record("subtract", "subtract", id, to);
    }
  }

  for (let n = 0; n < young.length; ) {
    const id = young[n]!;
    if (refs.get(id) === 0) {
      young = young.filter((one) => one !== id);
      unreachable = [...unreachable, id];
      record("move", "tentative", id);
      continue;
    }
    kept.push(id);
    record("move", "keep", id);
    for (const to of byId.get(id)!.referents) {
      if (!refs.has(to) || kept.includes(to)) continue;
      if (unreachable.includes(to)) {
        unreachable = unreachable.filter((one) => one !== to);
        young = [...young, to];
        refs.set(to, 1);
        record("move", "rescue", id, to);
      } else if (refs.get(to) === 0) {
        refs.set(to, 1);
        record("move", "mark", id, to);
      } else {
        record("move", "skip", id, to);
      }
    }
    n++;
  }
  record("end", "done");
  return steps;
}
