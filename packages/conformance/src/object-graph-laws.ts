/**
 * The laws of `ObjectGraph`, whose docstring is in `@pyrena/abi`:
 *
 * - O1 Counts count references, and `traverse` visits each reference that an object owns once, as its layout program does.
 * - O2 The words before a collectable object are the collector's, but for the bit that says that it was finalized.
 * - O3 Finalizers and callbacks may throw, make and drop references: the collector is told of none of it.
 */
import { type Address, type Collector, hex, layoutCodes, type ObjectGraph } from "@pyrena/abi";
import { type Law, lawBroken, messageOf } from "./law.ts";
import { between, seededRandom } from "./random.ts";

/** An implementation under test, and what the laws need to make objects of. */
export interface ObjectGraphSubject {
  readonly graph: ObjectGraph;
  /** The collector that its objects are tracked by. */
  readonly collector: Collector;
  /**
   * A collectable, tracked object that owns one reference to each of these for each time it stands there: new reference.
   * `clear` of one with a single item must empty it.
   */
  container(items: readonly Address[]): Address;
  /** An object that is not collectable: new reference. */
  leaf(): Address;
  /** An object with a finalizer: new reference. */
  finalizable(finalizer: (object: Address) => void): Address;
  /** A weak reference to such an object: new reference. */
  weakref(target: Address, callback?: (ref: Address) => void): Address;
  /** Checks the implementation's own invariants; `held` are the references that the law holds. */
  readonly verify?: ((held: readonly Address[]) => void) | undefined;
}

function guard<Result>(law: string, what: string, body: () => Result): Result {
  try {
    return body();
  } catch (cause) {
    return lawBroken(law, `${what} threw ${messageOf(cause)}`, { cause });
  }
}

function visits({ graph }: ObjectGraphSubject, law: string, object: Address): Address[] {
  const found: Address[] = [];
  guard(law, `traverse of ${hex(object)}`, () =>
    graph.traverse(graph.ctx, object, (referent) => void found.push(referent)),
  );
  return found;
}

/** What the layout program of an object says, `traverse` filling in for its custom parts; undefined: no program. */
function byLayout(subject: ObjectGraphSubject, object: Address): Address[] | undefined {
  const { graph } = subject;
  const { u32, i32 } = graph.memory;
  const wordBytes = graph.profile.abi.pointerBytes;
  const found: Address[] = [];
  const words = (start: Address, count: number): void => {
    for (let n = 0; n < count; n++) {
      const referent = u32[(start + n * wordBytes) >>> 2];
      if (referent !== 0) found.push(referent);
    }
  };
  let at = guard("O1", "layout", () => graph.layout(graph.ctx, object)) >>> 2;
  if (at === 0) return undefined;
  for (let steps = 0; steps < 100; steps++) {
    const operation = u32[at];
    if (operation === layoutCodes.end) return found;
    if (operation === layoutCodes.custom) return undefined;
    const [first, second] = [i32[at + 1], i32[at + 2]];
    if (operation === layoutCodes.words) words(object + first, second);
    else if (operation === layoutCodes.inlineVar)
      words(object + first, u32[(object + second) >>> 2]);
    else if (operation === layoutCodes.buffer)
      words(u32[(object + first) >>> 2], u32[(object + second) >>> 2]);
    else lawBroken("O1", `the layout program of ${hex(object)} has the operation ${operation}`);
    at += 3;
  }
  return lawBroken("O1", `the layout program of ${hex(object)} does not end`);
}

function times(list: readonly Address[], one: Address): number {
  return list.filter((other) => other === one).length;
}

function checkCounts(make: () => ObjectGraphSubject): void {
  const subject = make();
  const { graph, collector } = subject;
  const { ctx } = graph;
  const random = seededRandom(7);
  const objects: Address[] = [subject.leaf(), subject.container([])];
  for (let n = 0; n < 40; n++) {
    const items = Array.from(
      { length: between(random, 0, 6) },
      () => objects[between(random, 0, objects.length - 1)],
    );
    const counts = new Map(items.map((item) => [item, graph.refcount(ctx, item)]));
    const object = guard("O1", "making a container", () => subject.container(items));
    if (!graph.isCollectable(ctx, object))
      lawBroken("O1", `the container ${graph.describe(ctx, object)} is not collectable`);
    for (const [item, before] of counts) {
      const rise = graph.refcount(ctx, item) - before;
      const wanted = graph.isImmortal(ctx, item) ? rise : times(items, item);
      if (rise !== wanted)
        lawBroken("O1", `the count of ${hex(item)} rose by ${rise} for ${wanted} references`);
    }
    const visited = visits(subject, "O1", object);
    for (const item of counts.keys()) {
      if (times(visited, item) !== times(items, item))
        lawBroken(
          "O1",
          `traverse of ${hex(object)} visited ${hex(item)} ${times(visited, item)} times; it holds it ${times(items, item)} times`,
        );
    }
    const planned = byLayout(subject, object);
    if (planned !== undefined && String(planned.sort()) !== String([...visited].sort()))
      lawBroken("O1", `layout program and traverse of ${hex(object)} differ`);
    if (visited.includes(0)) lawBroken("O1", `traverse of ${hex(object)} visited NULL`);
    objects.push(object);
  }
  const bytes = graph.memory.u8.slice();
  for (const object of objects) visits(subject, "O1", object);
  const changed = graph.memory.u8.findIndex((byte, at) => byte !== bytes[at]);
  if (changed >= 0) lawBroken("O1", `traverse changed the byte at ${hex(changed)}`);
  for (const object of objects) {
    if (graph.isImmortal(ctx, object)) continue;
    const before = graph.refcount(ctx, object);
    graph.incref(ctx, object);
    const raised = graph.refcount(ctx, object);
    graph.decref(ctx, object);
    if (raised !== before + 1 || graph.refcount(ctx, object) !== before)
      lawBroken(
        "O1",
        `incref and decref of ${hex(object)}: ${before}, ${raised}, ${graph.refcount(ctx, object)}`,
      );
  }
  guard("O1", "verify of the objects", () => subject.verify?.(objects));
  // Given up one by one, each object that loses its last reference stops being tracked.
  while (objects.length > 0) {
    graph.decref(ctx, objects.pop() as Address);
    guard("O1", "verify of the objects", () => subject.verify?.(objects));
  }
  guard("O1", "verify of the collector", () => collector.verify(collector.ctx));
}

function checkHeads(make: () => ObjectGraphSubject): void {
  const subject = make();
  const { graph, collector } = subject;
  const { ctx } = graph;
  const word = graph.profile.abi.pointerBytes;
  if (graph.gcHeadBytes !== 2 * word)
    lawBroken("O2", `PyGC_Head has ${graph.gcHeadBytes} bytes, not two words`);
  const finalized: Address[] = [];
  const leaf = subject.leaf();
  if (graph.isCollectable(ctx, leaf))
    lawBroken("O2", "the object without PyGC_Head is collectable");
  const object = subject.finalizable((which) => void finalized.push(which));
  const container = subject.container([object, leaf]);
  collector.untrack(collector.ctx, container);
  // The collector writes what it likes there, and finds it again.
  const first = (container - graph.gcHeadBytes) >>> 2;
  const second = first + word / 4;
  const u32 = graph.memory.u32;
  u32[first] = 0x1234_5678;
  u32[second] = 0xabcd_ef00;
  visits(subject, "O2", container);
  graph.incref(ctx, container);
  graph.decref(ctx, container);
  graph.describe(ctx, container);
  graph.layout(ctx, container);
  if (graph.memory.u32[first] !== 0x1234_5678 || graph.memory.u32[second] !== 0xabcd_ef00)
    lawBroken("O2", `the words before ${hex(container)} were changed by others than the collector`);
  u32[first] = 0;
  u32[second] = 0;
  collector.track(collector.ctx, container);
  const bit = (object - graph.gcHeadBytes / 2) >>> 2;
  if (!graph.needsFinalizer(ctx, object))
    lawBroken("O2", "an object with a finalizer needs none, before it was called");
  guard("O2", "finalize", () => graph.finalize(ctx, object));
  if ((graph.memory.u32[bit] & 1) === 0)
    lawBroken("O2", "finalize did not set bit 0 of the second word");
  if (graph.needsFinalizer(ctx, object))
    lawBroken("O2", "an object needs a finalizer that was called already");
  graph.decref(ctx, object);
  graph.decref(ctx, leaf);
  graph.decref(ctx, container);
  if (finalized.length !== 1) lawBroken("O2", `a finalizer was called ${finalized.length} times`);
  guard("O2", "verify of the objects", () => subject.verify?.([]));
}

function checkCallbacks(make: () => ObjectGraphSubject): void {
  const subject = make();
  const { graph } = subject;
  const { ctx } = graph;
  const log: string[] = [];
  const object = subject.finalizable(() => {
    log.push("finalizer");
    // What a user does in there: makes objects, drops them, throws.
    const inside = [subject.leaf(), subject.container([])];
    for (const one of [subject.container(inside), ...inside]) graph.decref(ctx, one);
    throw new Error("thrown by a finalizer");
  });
  const ref = subject.weakref(object, () => {
    log.push("callback");
    throw new Error("thrown by a callback");
  });
  const plain = subject.weakref(object);
  const listed: Address[] = [];
  guard("O3", "weakrefs", () => graph.weakrefs(ctx, object, (one) => void listed.push(one)));
  if (listed.length !== 2 || !listed.includes(ref) || !listed.includes(plain))
    lawBroken(
      "O3",
      `weakrefs visited ${listed.length} weak references, not the two that there are`,
    );
  for (const one of listed)
    if (!graph.isWeakref(ctx, one)) lawBroken("O3", `${hex(one)} is no weak reference`);
  if (graph.isWeakref(ctx, object)) lawBroken("O3", "an object is a weak reference that is none");
  for (const [one, what] of [
    [object, "has a finalizer and weak references"],
    [ref, "is a weak reference"],
  ] as const) {
    const type = graph.memory.u32[(one + graph.words.type) >>> 2];
    if (graph.isPlain?.(ctx, type) === true)
      lawBroken("O3", `the type of ${hex(one)} is plain, and the object ${what}`);
  }
  if (!graph.hasWeakrefCallback(ctx, ref) || graph.hasWeakrefCallback(ctx, plain))
    lawBroken("O3", "hasWeakrefCallback does not tell which weak reference has one");
  guard("O3", "finalize, with a finalizer that throws,", () => graph.finalize(ctx, object));
  guard("O3", "clearWeakref", () => graph.clearWeakref(ctx, ref));
  if (log.join() !== "finalizer")
    lawBroken("O3", `clearing a weak reference ran ${log.slice(1).join()}`);
  guard("O3", "callWeakrefCallback, with a callback that throws,", () =>
    graph.callWeakrefCallback(ctx, ref),
  );
  if (log.join() !== "finalizer,callback") lawBroken("O3", `what ran is: ${log.join()}`);
  const still: Address[] = [];
  graph.weakrefs(ctx, object, (one) => void still.push(one));
  if (still.join() !== String(plain))
    lawBroken("O3", "a cleared weak reference is still listed, or the other one is not");
  const owner = subject.container([object]);
  guard("O3", "clear", () => graph.clear(ctx, owner));
  if (visits(subject, "O3", owner).includes(object))
    lawBroken("O3", "clear left a reference that can be part of a cycle");
  for (const one of [owner, plain, ref, object]) graph.decref(ctx, one);
  guard("O3", "verify of the objects", () => subject.verify?.([]));
}

/** The laws of an object graph. */
export const objectGraphLaws: readonly Law<ObjectGraphSubject>[] = Object.freeze([
  {
    id: "O1",
    name: "O1 counts count references, and traverse visits each once",
    check: checkCounts,
  },
  { id: "O2", name: "O2 the words before an object are the collector's", check: checkHeads },
  {
    id: "O3",
    name: "O3 what finalizers and callbacks do stays with the objects",
    check: checkCallbacks,
  },
]);
