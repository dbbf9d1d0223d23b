/** Which cycles garbage consists of, and cycles of one kind as one. */
import type { Address, ObjectGraph } from "@pyrena/abi";
import type { Contents } from "./contents.ts";

/** One object of a way through the heap. */
export interface Step {
  readonly address: Address;
  readonly type: string;
  /** How it refers to the next one: `[0]`, `.name`; "" where that is not known. */
  readonly how: string;
}

/** A way from an object back to itself. */
export interface Cycle {
  /** Objects on it. */
  readonly length: number;
  /** The first of them; where these are all, the last one refers to the first. */
  readonly steps: readonly Step[];
}

/** Steps of a cycle that are named; the rest of a longer one is only counted. */
const STEPS_NAMED = 12;

/** Knots of objects that refer to one another whose shortest cycles lead through objects of the same types. */
export interface CycleGroup {
  /** How many there are. */
  readonly knots: number;
  /** Objects in them. */
  readonly objects: number;
  /** Bytes of these. */
  readonly bytes: number;
  /** A shortest cycle in the first of them. */
  readonly example: Cycle;
}

/** The cycles among these objects, those of most bytes first. */
export function groupCycles(
  { objects }: Contents,
  among: ReadonlySet<Address>,
  sizeOf: (object: Address) => number,
): CycleGroup[] {
  const { graph } = objects.gc;
  const { types } = objects;
  const groups = new Map<
    string,
    { knots: number; objects: number; bytes: number; cycle: readonly Address[] }
  >();
  for (const knot of findKnots(graph, among)) {
    const cycle = canonical(shortestCycle(graph, knot), types.typeOf);
    const key = cycle.map(types.typeOf).join(" ");
    const bytes = knot.reduce((sum, object) => sum + sizeOf(object), 0);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { knots: 1, objects: knot.length, bytes, cycle });
    } else {
      group.knots++;
      group.objects += knot.length;
      group.bytes += bytes;
    }
  }
  return [...groups.values()]
    .sort((a, b) => b.bytes - a.bytes || a.cycle[0] - b.cycle[0])
    .map(({ cycle, ...sums }) => ({ ...sums, example: nameCycle(graph, cycle) }));
}

function nameCycle(graph: ObjectGraph, cycle: readonly Address[]): Cycle {
  const steps = cycle.slice(0, STEPS_NAMED).map((address, n) => ({
    address,
    type: graph.typeName(graph.ctx, address),
    how: graph.referenceName?.(graph.ctx, address, cycle[(n + 1) % cycle.length]) ?? "",
  }));
  return { length: cycle.length, steps };
}

/**
 * A cycle may begin anywhere: begin it so that all cycles of one kind look alike, at the least of its rotations. Two
 * candidates are compared at a time; whatever the loser has been compared at cannot be the beginning, either.
 */
function canonical(
  cycle: readonly Address[],
  typeOf: (object: Address) => Address,
): readonly Address[] {
  const kinds = cycle.map(typeOf);
  const length = kinds.length;
  let one = 0;
  let other = 1;
  let same = 0;
  while (one < length && other < length && same < length) {
    const difference = kinds[(one + same) % length] - kinds[(other + same) % length];
    if (difference === 0) {
      same++;
      continue;
    }
    if (difference > 0) one += same + 1;
    else other += same + 1;
    if (one === other) other++;
    same = 0;
  }
  const best = Math.min(one, other);
  return [...cycle.slice(best), ...cycle.slice(0, best)];
}

function shortestCycle(graph: ObjectGraph, knot: readonly Address[]): readonly Address[] {
  const start = knot.reduce((first, object) => Math.min(first, object));
  return searchCycle(graph, new Set(knot), start);
}

/** Search from an object for itself, nearest objects first: in a knot there is a way from each to each. */
function searchCycle(graph: ObjectGraph, among: ReadonlySet<Address>, start: Address): Address[] {
  const from = new Map<Address, Address>();
  const ahead: Address[] = [start];
  for (let n = 0; n < ahead.length && !from.has(start); n++) {
    graph.traverse(graph.ctx, ahead[n], (referent) => {
      if (!among.has(referent) || from.has(referent)) return;
      from.set(referent, ahead[n]);
      ahead.push(referent);
    });
  }
  const way: Address[] = [];
  for (let object = from.get(start)!; object !== start; object = from.get(object)!)
    way.push(object);
  return [start, ...way.reverse()];
}

/** One object of a depth-first search, and where the search is among what it refers to. */
interface Visit {
  readonly object: Address;
  readonly index: number;
  readonly referents: readonly Address[];
  next: number;
  /** The lowest index that is reached from here and still open. */
  low: number;
}

/**
 * The knots (strongly connected components) with a cycle in them: Tarjan, "Depth-first search and linear graph
 * algorithms", 1972, with a stack of its own instead of recursion.
 */
function findKnots(graph: ObjectGraph, among: ReadonlySet<Address>): Address[][] {
  const knots: Address[][] = [];
  const indices = new Map<Address, number>();
  const open: Address[] = [];
  const isOpen = new Set<Address>();
  const visits: Visit[] = [];

  function enter(object: Address): void {
    const index = indices.size;
    indices.set(object, index);
    open.push(object);
    isOpen.add(object);
    const referents: Address[] = [];
    graph.traverse(graph.ctx, object, (referent) => {
      if (among.has(referent)) referents.push(referent);
    });
    visits.push({ object, index, referents, next: 0, low: index });
  }

  function leave({ object, index, referents, low }: Visit): void {
    visits.pop();
    const above = visits.at(-1);
    if (above !== undefined) above.low = Math.min(above.low, low);
    if (low !== index) return;
    const knot: Address[] = [];
    for (let one = open.pop()!; ; one = open.pop()!) {
      isOpen.delete(one);
      knot.push(one);
      if (one === object) break;
    }
    if (knot.length > 1 || referents.includes(object)) knots.push(knot);
  }

  for (const start of among) {
    if (indices.has(start)) continue;
    enter(start);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      if (visit.next === visit.referents.length) {
        leave(visit);
        continue;
      }
      const referent = visit.referents[visit.next++];
      if (!indices.has(referent)) enter(referent);
      else if (isOpen.has(referent)) visit.low = Math.min(visit.low, indices.get(referent)!);
    }
  }
  return knots;
}
