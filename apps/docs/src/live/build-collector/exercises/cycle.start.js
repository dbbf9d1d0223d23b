/**
 * A collector that finds nothing: whatever has a count counts as alive.
 *
 * @type {import("@pyrena/abi").CollectorFactory}
 */
export default function markAndSweep(graph, { heap, raw, fresh, unraisable }) {
  const { memory, ctx, gcHeadBytes } = graph;
  // Tracked objects form a ring through the two words before each; it begins in a block of ours.
  const ring = fresh ? raw.calloc(1, gcHeadBytes) : heap.layer("MARK", 1).address;
  const next = (/** @type {number} */ head) => head >>> 2;
  const prev = (/** @type {number} */ head) => (head + gcHeadBytes / 2) >>> 2;
  if (fresh) heap.register("MARK", ring, gcHeadBytes, 1);
  if (fresh) link(ring, ring);
  let collecting = false;

  /** Make b the one after a. Bit 0 of the second word says that a finalizer was called: it stays as it is. */
  function link(/** @type {number} */ a, /** @type {number} */ b) {
    memory.u32[next(a)] = b;
    memory.u32[prev(b)] = a | (memory.u32[prev(b)] & 1);
  }

  function tracked() {
    const objects = [];
    for (let head = memory.u32[next(ring)]; head !== ring; head = memory.u32[next(head)])
      objects.push(head + gcHeadBytes);
    return objects;
  }

  /** What is alive: everything that somebody refers to. */
  function mark() {
    const reached = new Set();
    for (const object of tracked()) if (graph.refcount(ctx, object) > 0) reached.add(object);
    return reached;
  }

  function sweep() {
    const reached = mark();
    const dead = tracked().filter((object) => !reached.has(object));
    for (const object of dead) graph.incref(ctx, object); // so that none goes before its turn
    try {
      for (const object of dead) {
        /** @type {number[]} */
        const refs = [];
        graph.weakrefs(ctx, object, (ref) => refs.push(ref));
        const called = refs.filter((ref) => reached.has(ref));
        for (const ref of called) graph.incref(ctx, ref);
        for (const ref of refs) graph.clearWeakref(ctx, ref);
        for (const ref of called) graph.callWeakrefCallback(ctx, ref);
        for (const ref of called) graph.decref(ctx, ref);
      }
      for (const object of dead) if (graph.needsFinalizer(ctx, object)) graph.finalize(ctx, object);
      const saved = mark(); // callbacks and finalizers may have stored objects where they are reached again
      const gone = dead.filter((object) => !saved.has(object));
      for (const object of gone) graph.clear(ctx, object);
      return gone.length;
    } finally {
      for (const object of dead) graph.decref(ctx, object);
    }
  }

  return {
    ctx: undefined,
    name: "mark and sweep",
    allocated() {},
    released() {},
    track(_, object) {
      link(memory.u32[prev(ring)], object - gcHeadBytes);
      link(object - gcHeadBytes, ring);
    },
    untrack(_, object) {
      const head = object - gcHeadBytes;
      if (memory.u32[next(head)] === 0) return;
      link(memory.u32[prev(head)] & ~1, memory.u32[next(head)]);
      memory.u32[next(head)] = 0;
      memory.u32[prev(head)] &= 1;
    },
    collect() {
      if (collecting) return 0;
      collecting = true;
      try {
        return sweep();
      } catch (thrown) {
        unraisable?.(thrown, "a traverse"); // what is left is found the next time
        return 0;
      } finally {
        collecting = false;
      }
    },
    each(_, visit) {
      for (const object of tracked()) visit(object, 0);
    },
    close() {
      heap.unregister("MARK", ring);
      raw.free(ring);
    },
    verify() {},
  };
}
