/**
 * What is wrong with types' `traverse`. A collector believes what it is shown, as CPython's release builds do:
 *
 * - A reference that is not visited counts as one from outside: what it leads to is never found unreachable.
 * - One that is visited twice cancels a reference from outside: an object that is held may be taken apart. Where there is
 *   none to cancel, the count wraps around, and the object stays for good. [CPython 3.11, 3.12, 3.13, asked]
 */
import type { Address, Collector, ObjectGraph } from "@pyrena/abi";
import { known, livesForever, type Met, type MoreRoots, survey, UNTRACKED } from "./survey.ts";

/** An object to which traversals show more references than it has. */
export interface Excess {
  readonly object: Address;
  readonly name: string;
  readonly refcount: number;
  /** How many were found, those of roots included. */
  readonly found: number;
  /** Who shows them, most first. */
  readonly holders: readonly {
    readonly holder: Address;
    readonly name: string;
    readonly type: string;
    readonly times: number;
  }[];
  /** All of this in a sentence. */
  readonly text: string;
}

/** An object whose `traverse` threw. */
export interface BrokenTraverse {
  readonly object: Address;
  readonly type: string;
  readonly thrown: unknown;
  readonly text: string;
}

/** What a look at all objects has found. */
export interface Diagnosis {
  /** Certainly wrong: a `traverse` visits a reference that its object does not own, or one more than once. */
  readonly excess: readonly Excess[];
  readonly broken: readonly BrokenTraverse[];
  /**
   * Tracked objects with more references than roots and traversals show: a `traverse` that misses one, or an address
   * that running code holds.
   */
  readonly unaccounted: readonly {
    readonly object: Address;
    readonly name: string;
    readonly refcount: number;
    readonly found: number;
    readonly text: string;
  }[];
}

/** Check what traversals show against counts. It looks at the whole heap, in memory of JavaScript's. */
export function diagnose(
  graph: ObjectGraph,
  collector: Collector,
  moreRoots?: MoreRoots,
): Diagnosis {
  const { ctx, refcount, describe, typeName } = graph;
  const excess: Excess[] = [];
  const unaccounted: Diagnosis["unaccounted"][number][] = [];
  const broken: BrokenTraverse[] = [];
  for (const met of survey(graph, collector, moreRoots).values()) {
    const { object } = met;
    if (met.failure !== undefined) {
      const type = typeName(ctx, object);
      const text = `the traverse of '${type}' threw for ${describe(ctx, object)}: ${String(met.failure)}`;
      broken.push({ object, type, thrown: met.failure, text });
    }
    if (met.generation === UNTRACKED || livesForever(graph, object)) continue;
    const count = refcount(ctx, object);
    const found = known(met);
    if (found > count) excess.push(excessOf(graph, met, count, found));
    if (found >= count) continue;
    const name = describe(ctx, object);
    const text =
      `${name} has ${count} references, but roots and traversals show ${found}: ` +
      "either a type's traverse misses a reference, or your code holds its address";
    unaccounted.push({ object, name, refcount: count, found, text });
  }
  return { excess, broken, unaccounted };
}

function excessOf(graph: ObjectGraph, met: Met, refcount: number, found: number): Excess {
  const { ctx, describe, typeName } = graph;
  const name = describe(ctx, met.object);
  const holders = [...met.holders]
    .map(([holder, times]) => ({
      holder,
      name: describe(ctx, holder),
      type: typeName(ctx, holder),
      times,
    }))
    .sort((a, b) => b.times - a.times);
  const who = [
    ...holders.map(({ type, name: whose, times }) => `traverse of '${type}' for ${whose} ${times}`),
    ...(met.roots.length === 0 ? [] : [`roots ${met.roots.length}`]),
  ];
  return {
    object: met.object,
    name,
    refcount,
    found,
    holders,
    text:
      `${name} has ${refcount} references, but ${found} are shown: ${who.join(", ")}. ` +
      "A traverse must visit each reference that the object owns once, and no others",
  };
}
