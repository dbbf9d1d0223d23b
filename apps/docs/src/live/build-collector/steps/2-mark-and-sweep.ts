/** Mark what the roots lead to; take the rest apart. */
import type { CollectorFactory } from "@pyrena/abi";

const markAndSweep: CollectorFactory = (graph, { heap, raw, fresh }) => {
  const { memory, ctx, gcHeadBytes } = graph;
  // Two words before each object are the collector's: the next one's, and the one before.
  const next = (head: number): number => head >>> 2;
  const prev = (head: number): number => (head + gcHeadBytes / 2) >>> 2;
  // They form a ring. It begins in a block of ours, which the heap's directory names.
  const ring = fresh ? raw.calloc(1, gcHeadBytes) : heap.layer("MARK", 1).address;
  if (fresh) heap.register("MARK", ring, gcHeadBytes, 1);
  if (fresh) link(ring, ring);

  /** Make b the one after a. Bit 0 of the second word is not ours: it stays. */
  function link(a: number, b: number): void {
    memory.u32[next(a)] = b;
    memory.u32[prev(b)] = a | (memory.u32[prev(b)] & 1);
  }

  function tracked(): number[] {
    const objects: number[] = [];
    for (let head = memory.u32[next(ring)]; head !== ring; head = memory.u32[next(head)])
      objects.push(head + gcHeadBytes);
    return objects;
  }

  /** Everything that is reached. A Set visits what is added to it meanwhile. */
  function mark(): Set<number> {
    const reached = new Set<number>();
    graph.roots(ctx, (object) => reached.add(object));
    for (const object of reached)
      graph.traverse(ctx, object, (referent) => void reached.add(referent));
    return reached;
  }

  function sweep(): number {
    const reached = mark();
    const dead = tracked().filter((object) => !reached.has(object));
    for (const object of dead) graph.incref(ctx, object); // so that none goes before its turn
    for (const object of dead) graph.clear(ctx, object);
    for (const object of dead) graph.decref(ctx, object);
    return dead.length;
  }

  return {
    ctx: undefined,
    name: "mark and sweep",
    allocated() {},
    released() {},
    track(_, object) {
      link(memory.u32[prev(ring)] & ~1, object - gcHeadBytes);
      link(object - gcHeadBytes, ring);
    },
    untrack(_, object) {
      const head = object - gcHeadBytes;
      if (memory.u32[next(head)] === 0) return;
      link(memory.u32[prev(head)] & ~1, memory.u32[next(head)]);
      memory.u32[next(head)] = 0; // this is how one sees that it is not tracked
      memory.u32[prev(head)] &= 1;
    },
    collect: () => sweep(),
    each(_, visit) {
      for (const object of tracked()) visit(object, 0);
    },
    close() {
      heap.unregister("MARK", ring);
      raw.free(ring);
    },
    verify() {},
  };
};

export default markAndSweep;
