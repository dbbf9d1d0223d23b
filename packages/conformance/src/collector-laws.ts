/**
 * The laws of `Collector`, whose docstring is in `@pyrena/abi`, tried on plain graphs:
 *
 * - G1 A tracked object's first PyGC_Head word is not 0, an untracked one's is 0; bit 0 of the second is left alone.
 * - G2 `untrack` of an untracked object does nothing.
 * - G3 A collector finds just the tracked objects, through what it keeps in memory itself.
 * - G4 `collect` inside a collection returns 0.
 * - G5 A collection leaves alone what is referenced from outside, and what is reached from that; what it takes apart was
 *   unreachable and finalized, and is gone or reachable again.
 * - G6 Objects are handed over by `each`, whose visitor untracks the one it is given, and `adopt` (or `track`): the next
 *   collector has them all, each in its generation where it adopts.
 */
import {
  type Address,
  type Collector,
  type CollectorFactory,
  type CollectorHost,
  hex,
  type ObjectGraph,
} from "@pyrena/abi";
import { type Law, lawBroken, messageOf } from "./law.ts";
import { nullCollector } from "./null-collector.ts";
import { type PlainGraph, plainGraph } from "./plain-graph.ts";
import { between, type Random, seededRandom } from "./random.ts";

/** A collector under test. */
export interface CollectorSubject {
  /** Called once for each graph that the laws make. */
  readonly collector: CollectorFactory;
  /** Whether it collects at all; default true. Say false for one that only tracks. */
  readonly collects?: boolean | undefined;
  /** Number of its oldest generation, whose collection is a full one; default 2. */
  readonly fullGeneration?: number | undefined;
}

const SEEDS = [1, 2, 3];
/** Where the null collector that takes over in between has its ring: room that plain graphs leave alone. */
const HAND_OVER_RING = 32;
/** Objects of a hand-over are far fewer. */
const MOST_VISITS = 10_000;

/** Calls the collector; what it throws breaks the law under check. */
function guard<Result>(law: string, what: string, body: () => Result): Result {
  try {
    return body();
  } catch (cause) {
    return lawBroken(law, `${what} threw ${messageOf(cause)}`, { cause });
  }
}

function graphFor(subject: CollectorSubject, law: string): PlainGraph {
  return guard(law, "making the collector", () => plainGraph(subject.collector));
}

function trackedOf({ collector }: PlainGraph, law: string): Address[] {
  const found: Address[] = [];
  guard(law, "each", () => collector.each(collector.ctx, (object) => void found.push(object)));
  return found;
}

function verify({ collector }: PlainGraph, law: string, when: string): void {
  guard(law, `verify ${when}`, () => collector.verify(collector.ctx));
}

/** Random tracking and untracking; `look` after each step. */
function shuffle(
  make: () => CollectorSubject,
  law: string,
  look: (plain: PlainGraph, tracked: ReadonlySet<Address>, all: readonly Address[]) => void,
): void {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const plain = graphFor(make(), law);
    const { collector } = plain;
    const all: Address[] = [];
    const tracked = new Set<Address>();
    for (let step = 0; step < 300; step++) {
      const object = all[between(random, 0, Math.max(0, all.length - 1))] as Address | undefined;
      if (object === undefined || random() < 0.3) {
        all.push(guard(law, "allocated", () => plain.untracked(between(random, 0, 5))));
      } else if (tracked.has(object)) {
        guard(law, "untrack", () => collector.untrack(collector.ctx, object));
        tracked.delete(object);
      } else {
        guard(law, "track", () => collector.track(collector.ctx, object));
        tracked.add(object);
      }
      if (step % 10 === 0) look(plain, tracked, all);
    }
    // A larger memory has other views.
    plain.graph.memory.grow(2 * plain.graph.memory.byteLength);
    look(plain, tracked, all);
    verify(plain, law, "after random tracking");
  }
}

function checkHeads(make: () => CollectorSubject): void {
  let marked = new Set<Address>();
  let marksOf: PlainGraph | undefined;
  shuffle(make, "G1", (plain, tracked, all) => {
    const { graph } = plain;
    if (plain !== marksOf) marked = new Set();
    marksOf = plain;
    const { u32 } = graph.memory;
    for (const object of all) {
      const first = u32[(object - graph.gcHeadBytes) >>> 2];
      if ((first !== 0) !== tracked.has(object)) {
        lawBroken(
          "G1",
          `the first word before ${hex(object)} is ${hex(first)}, but it is ${tracked.has(object) ? "" : "not "}tracked`,
          { address: object },
        );
      }
      const second = (object - graph.gcHeadBytes / 2) >>> 2;
      if (marked.has(object) && (u32[second] & 1) === 0)
        lawBroken("G1", `the bit that says that ${hex(object)} was finalized is gone`);
      u32[second] |= 1;
      marked.add(object);
    }
  });
}

function checkUntrack(make: () => CollectorSubject): void {
  shuffle(make, "G2", (plain, tracked, all) => {
    const { collector, graph } = plain;
    for (const object of all) {
      if (tracked.has(object)) continue;
      const before = graph.memory.u8.slice();
      guard("G2", "untrack of an untracked object", () => collector.untrack(collector.ctx, object));
      const at = graph.memory.u8.findIndex((byte, n) => byte !== before[n]);
      if (at >= 0)
        lawBroken("G2", `untrack of ${hex(object)}, which is not tracked, changed ${hex(at)}`);
      break;
    }
  });
}

function checkEach(make: () => CollectorSubject): void {
  shuffle(make, "G3", (plain, tracked) => {
    const found = trackedOf(plain, "G3");
    if (new Set(found).size !== found.length)
      lawBroken("G3", "each visited an object more than once");
    for (const object of found)
      if (!tracked.has(object))
        lawBroken("G3", `each visited ${hex(object)}, which is not tracked`);
    if (found.length !== tracked.size)
      lawBroken("G3", `each visited ${found.length} objects of ${tracked.size} tracked ones`);
  });
  // Two graphs at a time: what a collector keeps outside of its graph's memory mixes them up.
  const subject = make();
  const one = graphFor(subject, "G3");
  const other = graphFor(subject, "G3");
  const mine = one.node(1);
  const theirs = [other.node(1), other.node(1)];
  const seen = [trackedOf(one, "G3"), trackedOf(other, "G3")];
  if (String(seen) !== String([[mine], theirs]) && seen[0].length + seen[1].length !== 3)
    lawBroken("G3", "two heaps with a collector each see one another's objects");
  if (seen[0].length !== 1 || seen[1].length !== 2)
    lawBroken("G3", "two heaps with a collector each see one another's objects");
}

function collect(plain: PlainGraph, law: string, generation: number): number {
  const { collector } = plain;
  const found: unknown = guard(law, `collect(${generation})`, () =>
    collector.collect(collector.ctx, generation),
  );
  if (typeof found !== "number" || !(Number.isInteger(found) && found >= 0))
    return lawBroken(law, `collect(${generation}) returned ${String(found)}, not a count`);
  return found;
}

function checkNested(make: () => CollectorSubject): void {
  const subject = make();
  const full = subject.fullGeneration ?? 2;
  const plain = graphFor(subject, "G4");
  const inside: number[] = [];
  const a = plain.node(1);
  const b = plain.node(1);
  plain.set(a, 0, b);
  plain.set(b, 0, a);
  plain.onFinalize(a, () => void inside.push(collect(plain, "G4", full)));
  const ref = plain.weakref(b, () => void inside.push(collect(plain, "G4", full)));
  plain.release(a);
  plain.release(b);
  collect(plain, "G4", full);
  if (subject.collects !== false && inside.length === 0)
    lawBroken(
      "G4",
      "a full collection found neither the finalizer nor the weak reference of a cycle",
    );
  for (const found of inside)
    if (found !== 0) lawBroken("G4", `collect inside a collection returned ${found}`);
  if (plain.unraisable.length > 0)
    lawBroken("G4", `collect inside a collection threw ${messageOf(plain.unraisable[0])}`);
  if (!plain.alive.has(ref)) lawBroken("G4", "a weak reference that is held from outside is gone");
  verify(plain, "G4", "after a collection inside of which others were asked for");
}

/** A random graph; about half of its objects are held. */
function randomGraph(
  plain: PlainGraph,
  random: Random,
  finalizable: Set<Address>,
  finalized: Address[],
): void {
  const objects: Address[] = [];
  for (let n = 0; n < 60; n++) {
    objects.push(random() < 0.15 ? plain.leaf() : plain.node(between(random, 0, 4)));
  }
  for (const object of objects) {
    if (!plain.graph.isCollectable(undefined, object)) continue;
    for (let n = 0; n < plain.graph.memory.u32[(object + 8) >>> 2]; n++)
      if (random() < 0.8) plain.set(object, n, objects[between(random, 0, objects.length - 1)]);
    if (random() < 0.2) {
      finalizable.add(object);
      plain.onFinalize(object, (which) => void finalized.push(which));
    }
  }
  for (const object of objects) if (random() < 0.7) plain.release(object);
}

function reachable(plain: PlainGraph): Set<Address> {
  const reached = new Set<Address>();
  const ahead = [...plain.held.keys()];
  for (let object = ahead.pop(); object !== undefined; object = ahead.pop()) {
    if (reached.has(object)) continue;
    reached.add(object);
    plain.graph.traverse(undefined, object, (referent) => void ahead.push(referent));
  }
  return reached;
}

function checkCollection(make: () => CollectorSubject): void {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const subject = make();
    const full = subject.fullGeneration ?? 2;
    const plain = graphFor(subject, "G5");
    const finalizable = new Set<Address>();
    const finalized: Address[] = [];
    for (let round = 0; round < 6; round++) {
      const complete = plain.untracked(3);
      randomGraph(plain, random, finalizable, finalized);
      const kept = reachable(plain);
      const counts = new Map([...kept].map((object) => [object, internalCount(plain, object)]));
      const before = plain.alive.size;
      const found = collect(plain, "G5", round === 5 ? full : between(random, 0, full));
      for (const object of kept) {
        if (!plain.alive.has(object))
          lawBroken("G5", `${hex(object)} is gone, but was reached from outside`);
        if (internalCount(plain, object) > (counts.get(object) ?? 0))
          lawBroken(
            "G5",
            `${hex(object)}, which was reached from outside, has more references now`,
          );
      }
      if (!plain.alive.has(complete)) lawBroken("G5", "an untracked object is gone");
      if (before - plain.alive.size > 0 && found === 0)
        lawBroken("G5", `collect returned 0, but ${before - plain.alive.size} objects are gone`);
      verify(plain, "G5", "after a collection");
    }
    collect(plain, "G5", full);
    const left = [...plain.alive].filter(
      (object) => !reachable(plain).has(object) && plain.graph.isCollectable(undefined, object),
    );
    if (subject.collects !== false && left.length > 0)
      lawBroken("G5", `${left.length} unreachable objects are left after a full collection`);
    for (const object of finalizable)
      if (!plain.alive.has(object) && !finalized.includes(object))
        lawBroken("G5", `${hex(object)} is gone, but its finalizer was never called`);
    if (new Set(finalized).size !== finalized.length)
      lawBroken("G5", "a finalizer was called twice");
    checkCounts(plain);
  }
  checkResurrection(make());
}

function internalCount(plain: PlainGraph, object: Address): number {
  return plain.graph.refcount(undefined, object);
}

/** Every count is the references from living objects, and those that the test holds. */
function checkCounts(plain: PlainGraph): void {
  const found = new Map<Address, number>(plain.held);
  for (const object of plain.alive) {
    plain.graph.traverse(undefined, object, (referent) =>
      found.set(referent, (found.get(referent) ?? 0) + 1),
    );
  }
  for (const object of plain.alive) {
    const count = plain.graph.refcount(undefined, object);
    if (count !== (found.get(object) ?? 0))
      lawBroken(
        "G5",
        `${hex(object)} has a count of ${count} after collections, and ${found.get(object) ?? 0} references`,
      );
  }
}

/** A finalizer that makes its object reachable again saves it, and everything that it reaches. */
function checkResurrection(subject: CollectorSubject): void {
  if (subject.collects === false) return;
  const full = subject.fullGeneration ?? 2;
  const plain = graphFor(subject, "G5");
  const a = plain.node(2);
  const b = plain.node(1);
  plain.set(a, 0, b);
  plain.set(b, 0, a);
  let calls = 0;
  plain.onFinalize(a, (object) => {
    calls++;
    plain.hold(object);
  });
  plain.release(a);
  plain.release(b);
  collect(plain, "G5", full);
  if (!plain.alive.has(a) || !plain.alive.has(b) || plain.get(a, 0) !== b)
    lawBroken("G5", "a finalizer made a cycle reachable again, but it was taken apart");
  plain.release(a);
  collect(plain, "G5", full);
  if (plain.alive.has(a) || plain.alive.has(b))
    lawBroken("G5", "a cycle that had been resurrected once is never collected");
  if (calls !== 1) lawBroken("G5", `a finalizer was called ${calls} times`);
  verify(plain, "G5", "after a resurrection");
}

/** A collector that passes everything on to another, which can be replaced. */
function replaceable(current: () => Collector): Collector {
  const call = (what: "allocated" | "released" | "track" | "untrack", object: Address): void => {
    const collector = current();
    collector[what](collector.ctx, object);
  };
  return {
    ctx: undefined,
    name: "replaceable",
    allocated: (_, object) => call("allocated", object),
    released: (_, object) => call("released", object),
    track: (_, object) => call("track", object),
    untrack: (_, object) => call("untrack", object),
    collect: (_, generation) => current().collect(current().ctx, generation),
    each: (_, visit) => current().each(current().ctx, visit),
    verify: () => current().verify(current().ctx),
  };
}

/** Visit tracked objects; a ring that never ends breaks the law. */
function visitAll(
  collector: Collector,
  what: string,
  visit: (object: Address, generation: number) => void,
): void {
  let visits = 0;
  guard("G6", what, () =>
    collector.each(collector.ctx, (object, generation) => {
      if (++visits > MOST_VISITS) throw new Error("more objects than there are: they go round");
      visit(object, generation);
    }),
  );
}

/** Tracked objects with their generations. */
function generationsOf(collector: Collector): Map<Address, number> {
  const found = new Map<Address, number>();
  visitAll(collector, "each", (object, generation) => void found.set(object, generation));
  return found;
}

/** Hand all objects over; the old collector is closed. */
function handOver(before: Collector, next: Collector, generations: Map<Address, number>): void {
  visitAll(before, "each, whose visitor untracks what it is given,", (object) => {
    before.untrack(before.ctx, object);
    const generation = generations.get(object) ?? 0;
    if (next.adopt === undefined) next.track(next.ctx, object);
    else next.adopt(next.ctx, object, generation);
  });
  if (generationsOf(before).size > 0)
    lawBroken("G6", "a collector still has objects after all of them were handed over");
  guard("G6", "close", () => before.close?.(before.ctx));
}

function checkHandOver(make: () => CollectorSubject): void {
  for (const seed of SEEDS) {
    const random = seededRandom(seed);
    const subject = make();
    let current: Collector | undefined;
    let host: CollectorHost | undefined;
    const plain = plainGraph((graph, given) => {
      host = given;
      current = guard("G6", "making the collector", () => subject.collector(graph, given));
      return replaceable(() => current as Collector);
    });
    const full = subject.fullGeneration ?? 2;
    for (let round = 0; round < 3; round++) {
      randomGraph(plain, random, new Set(), []);
      if (round > 0) collect(plain, "G6", round === 1 ? full : 0);
      const { control } = current as Collector;
      if (round === 1) control?.freeze((current as Collector).ctx);
      const before = generationsOf(current as Collector);
      // To one of another kind, which knows no generations, and from there to a new one of this kind.
      for (const factory of [nullCollector(HAND_OVER_RING), subject.collector]) {
        const next = guard("G6", "making another collector", () =>
          factory(plain.graph as ObjectGraph, host as CollectorHost),
        );
        handOver(current as Collector, next, before);
        current = next;
        const after = generationsOf(current);
        for (const object of before.keys())
          if (!after.has(object))
            lawBroken("G6", `${hex(object)} was tracked, and is not after it was handed over`);
        if (after.size !== before.size)
          lawBroken("G6", `${before.size} objects were handed over, and ${after.size} are tracked`);
        if (current.adopt === undefined) continue;
        for (const [object, generation] of before) {
          if (after.get(object) !== generation)
            lawBroken(
              "G6",
              `${hex(object)} of generation ${generation} was handed over and is in ${after.get(object)}`,
            );
        }
      }
      verify(plain, "G6", "after a collector has taken over");
      if (round === 1) current?.control?.unfreeze(current.ctx);
    }
    collect(plain, "G6", full);
    collect(plain, "G6", full);
    verify(plain, "G6", "after a collection by the next collector");
    if (subject.collects === false) continue;
    const reached = reachable(plain);
    for (const object of plain.alive)
      if (!reached.has(object) && plain.graph.isCollectable(undefined, object))
        lawBroken("G6", `${hex(object)} was handed over, and is never collected`);
  }
}

/** The laws of a collector. */
export const collectorLaws: readonly Law<CollectorSubject>[] = Object.freeze([
  {
    id: "G1",
    name: "G1 the first word before an object tells whether it is tracked",
    check: checkHeads,
  },
  { id: "G2", name: "G2 untracking what is not tracked does nothing", check: checkUntrack },
  { id: "G3", name: "G3 the collector finds just the tracked objects", check: checkEach },
  { id: "G4", name: "G4 a collection inside a collection does nothing", check: checkNested },
  {
    id: "G5",
    name: "G5 a collection takes apart what is unreachable, and nothing else",
    check: checkCollection,
  },
  { id: "G6", name: "G6 another collector can take over all objects", check: checkHandOver },
]);
