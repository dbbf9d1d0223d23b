/** One walk over everything that roots and tracked objects lead to: who refers to whom. For diagnosis; it takes its time. */
import type { Address, Collector, ObjectGraph } from "@pyrena/abi";

/** The generation of an object that the collector does not track. */
export const UNTRACKED = -1;

/** From here on a count is none: 3.11, which has no immortal objects, gives 999 999 999 to those that are static. */
const STATIC_COUNT = 2 ** 28;

/** Shows references that are held from outside, beside those that `graph.roots` knows of. */
export type MoreRoots = (visit: (referent: Address, holder: string) => void) => void;

/** What is known of an object. */
export interface Met {
  readonly object: Address;
  /** Its number in `Collector.each`, or {@link UNTRACKED}. */
  readonly generation: number;
  /** What its `traverse` visits, in that order. */
  readonly referents: readonly Address[];
  /** How many references each object has to it. */
  readonly holders: Map<Address, number>;
  /** Names of the roots that hold it, once for each reference. */
  readonly roots: string[];
  /** What its `traverse` threw. */
  readonly failure?: unknown;
}

/** @param from objects to begin with besides roots and tracked ones */
export function survey(
  graph: ObjectGraph,
  collector: Collector,
  moreRoots: MoreRoots = () => {},
  from: readonly Address[] = [],
): Map<Address, Met> {
  const { ctx } = graph;
  const generations = new Map<Address, number>();
  collector.each(collector.ctx, (object, generation) => void generations.set(object, generation));
  const met = new Map<Address, Met>();
  const ahead: Met[] = [];
  const meet = (object: Address): Met => {
    const known = met.get(object);
    if (known !== undefined) return known;
    const generation = generations.get(object) ?? UNTRACKED;
    const found: Met = { object, generation, referents: [], holders: new Map(), roots: [] };
    met.set(object, found);
    ahead.push(found);
    return found;
  };
  const meetRoot = (object: Address, holder: string): void => void meet(object).roots.push(holder);
  graph.roots(ctx, meetRoot);
  moreRoots(meetRoot);
  for (const object of generations.keys()) meet(object);
  from.forEach(meet);
  for (let one = ahead.pop(); one !== undefined; one = ahead.pop()) {
    const { object, referents } = one;
    // What static data refers to is shown by the roots.
    if (!graph.isCollectable(ctx, object) && livesForever(graph, object)) continue;
    const owned: Address[] = [];
    try {
      graph.traverse(ctx, object, (referent) => void (referents as Address[]).push(referent));
      graph.references?.(ctx, object, (referent) => void owned.push(referent));
    } catch (thrown) {
      (one as { failure?: unknown }).failure = thrown;
    }
    for (const referent of graph.references === undefined ? referents : owned) {
      const { holders } = meet(referent);
      holders.set(object, (holders.get(object) ?? 0) + 1);
    }
  }
  return met;
}

/** References to an object that were found. */
export function known({ holders, roots }: Met): number {
  let sum = roots.length;
  for (const times of holders.values()) sum += times;
  return sum;
}

/** Whether the object is never given back, whatever its count says. */
export function livesForever({ ctx, isImmortal, refcount }: ObjectGraph, object: Address): boolean {
  return isImmortal(ctx, object) || refcount(ctx, object) >= STATIC_COUNT;
}
