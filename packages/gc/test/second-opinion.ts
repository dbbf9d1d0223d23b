/**
 * What a collection may take and what it must leave, found by a plain search from the roots. It shares nothing with the
 * collectors: no lists, no counts, no layout programs; and it is checked around every collection that it is given.
 */
import type { Address, Collector, ObjectGraph } from "@pyrena/abi";

/** Everything that is reached from the roots, and from what a test holds. */
export function reachable(graph: ObjectGraph, held: Iterable<Address> = []): Set<Address> {
  const reached = new Set<Address>();
  const ahead: Address[] = [];
  const see = (object: Address): void => {
    if (reached.has(object)) return;
    reached.add(object);
    ahead.push(object);
  };
  graph.roots(graph.ctx, see);
  for (const object of held) see(object);
  for (let object = ahead.pop(); object !== undefined; object = ahead.pop())
    graph.traverse(graph.ctx, object, see);
  return reached;
}

/** Tracked objects that collections look at. */
export function trackedBy(collector: Collector): Set<Address> {
  const tracked = new Set<Address>();
  collector.each(collector.ctx, (object, generation) => {
    if (generation < 3) tracked.add(object);
  });
  return tracked;
}

/**
 * Run a full collection in which no user's code runs, and check it against the search.
 * @returns how many objects it found
 */
export function checkedCollection(
  graph: ObjectGraph,
  collector: Collector,
  held: readonly Address[] = [],
): number {
  const before = trackedBy(collector);
  const alive = reachable(graph, held);
  const dead = [...before].filter((object) => !alive.has(object));
  const found = collector.collect(collector.ctx, 2);
  const after = trackedBy(collector);
  for (const object of dead)
    if (after.has(object))
      throw new Error(`unreachable, but still tracked: ${graph.describe(graph.ctx, object)}`);
  for (const object of before)
    if (
      alive.has(object) &&
      !after.has(object) &&
      graph.mayUntrack(graph.ctx, typeOf(graph, object)) === 0
    )
      throw new Error(`reachable, but no longer tracked: ${graph.describe(graph.ctx, object)}`);
  if (found !== dead.length)
    throw new Error(`the collection found ${found} objects, the search ${dead.length}`);
  return found;
}

function typeOf({ memory, words }: ObjectGraph, object: Address): Address {
  return memory.u32[(object + words.type) >>> 2];
}
