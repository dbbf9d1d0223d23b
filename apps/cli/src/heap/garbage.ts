/**
 * What a full collection would find, without running one: the collector's arithmetic on copies of the counts. Nothing
 * of the heap changes and no code of the program runs, so nothing is resurrected, either.
 */
import { type Address, FROZEN } from "@pyrena/abi";
import type { Contents } from "./contents.ts";

/** Objects that nothing alive refers to. */
export interface Garbage {
  /** What a full collection would find unreachable: tracked objects, in the collector's order. */
  readonly unreachable: ReadonlySet<Address>;
  /** Of these, what a collection leaves alone: objects with a finalizer of the old kind (`tp_del`), and what they reach. */
  readonly uncollectable: ReadonlySet<Address>;
  /** What goes with them although no collector tracks it: strs, numbers, tuples of these. */
  readonly dependants: ReadonlySet<Address>;
}

/** Find the garbage of a heap. */
export function findGarbage(contents: Contents): Garbage {
  const unreachable = findUnreachable(contents);
  if (unreachable.size === 0) {
    return { unreachable, uncollectable: unreachable, dependants: unreachable };
  }
  const kept = reachAll(contents, unreachable);
  const { all, isStatic, objects } = contents;
  const dependants = new Set<Address>();
  for (const object of all) {
    if (kept.has(object) || unreachable.has(object) || isStatic(object)) continue;
    if (!objects.refs.isImmortal(object)) dependants.add(object);
  }
  return { unreachable, uncollectable: findUncollectable(contents, unreachable), dependants };
}

/** Counts less references among the tracked objects: what is left over refers to them from outside. */
function findUnreachable({ objects, generations }: Contents): Set<Address> {
  const { graph } = objects.gc;
  const outside = new Map<Address, number>();
  for (const [object, generation] of generations) {
    if (generation === FROZEN || graph.isImmortal(graph.ctx, object)) continue;
    outside.set(object, graph.refcount(graph.ctx, object));
  }
  const subtract = (referent: Address): void => {
    const count = outside.get(referent);
    if (count !== undefined) outside.set(referent, count - 1);
  };
  for (const object of outside.keys()) graph.traverse(graph.ctx, object, subtract);
  const unreachable = new Set(outside.keys());
  const ahead: Address[] = [];
  const keep = (object: Address): void => {
    if (unreachable.delete(object)) ahead.push(object);
  };
  for (const [object, count] of outside) if (count !== 0) keep(object);
  for (let object = ahead.pop(); object !== undefined; object = ahead.pop()) {
    graph.traverse(graph.ctx, object, keep);
  }
  return unreachable;
}

/** Everything that stays alive without the unreachable objects. */
function reachAll(
  { objects, generations }: Contents,
  unreachable: ReadonlySet<Address>,
): ReadonlySet<Address> {
  const { inspect, memory, state, at } = objects;
  // Interned strs are not kept by the dict of them, which does not count in their counts.
  const interned = memory.u32[(state + at.interned) >>> 2];
  const kept = new Set<Address>();
  const ahead: Address[] = [];
  const keep = (object: Address): void => {
    if (kept.has(object) || unreachable.has(object)) return;
    kept.add(object);
    if (object !== interned) ahead.push(object);
  };
  inspect.roots(keep);
  for (const object of generations.keys()) keep(object);
  for (let object = ahead.pop(); object !== undefined; object = ahead.pop()) {
    inspect.references(object, keep);
  }
  return kept;
}

function findUncollectable(
  { objects }: Contents,
  unreachable: ReadonlySet<Address>,
): ReadonlySet<Address> {
  const { graph } = objects.gc;
  const found = new Set<Address>();
  for (const object of unreachable) {
    if (graph.isUncollectable?.(graph.ctx, object) === true) found.add(object);
  }
  // Iteration goes on with what is added on the way.
  for (const object of found) {
    graph.traverse(graph.ctx, object, (referent) => {
      if (unreachable.has(referent)) found.add(referent);
    });
  }
  return found;
}
