/**
 * A plain object graph to try collectors on: objects with a fixed number of references, counted, with finalizers and
 * weak references, over a memory that only ever goes forward. The shortest complete implementation of `ObjectGraph`.
 *
 *     -8  PyGC_Head, two words: the collector's
 *      0  reference count; 0: dead, and nothing but the reader's mistake leads here
 *      4  type: node, leaf or weak reference; the address of two words: flags, layout program
 *      8  number of references
 *     12  references; NULL where there is none
 *
 * Which objects are alive, held by the test, finalized by what function: that is kept in JavaScript, for comparison.
 */
import {
  type Address,
  alignUp,
  type Collector,
  type CollectorFactory,
  type CollectorHost,
  Heap,
  hex,
  LinearMemory,
  layoutCodes,
  type ObjectGraph,
  PyrenaError,
  profileFor,
} from "@pyrena/abi";

const TYPE = 4;
const COUNT = 8;
const REFERENCES = 12;
const HEAD = 8;
/** Types, and the layout program that they share, lie before the objects. */
const NODE = 64;
const LEAF = 72;
const WEAKREF = 80;
const PROGRAM = 96;
const COLLECTABLE = 1;
const HEAP_HEADER = 512;
const FIRST_OBJECT = 2048;
/** What dead objects are filled with, so that whoever reads them notices. */
const DEAD = 0xdd;

/** A graph under test, and what a test does with it. */
export interface PlainGraph {
  readonly graph: ObjectGraph<undefined>;
  readonly collector: Collector;
  /** Objects that have been made and have not died. */
  readonly alive: ReadonlySet<Address>;
  /** References that the test holds on its own. */
  readonly held: ReadonlyMap<Address, number>;
  /** A collectable object with so many references, all NULL: held once, not tracked yet. */
  untracked(references: number): Address;
  /** The same, tracked. */
  node(references: number): Address;
  /** An object that is not collectable, and refers to nothing: held once. */
  leaf(): Address;
  /** Make a reference, or remove one (NULL); what was there is released. */
  set(node: Address, index: number, target: Address): void;
  get(node: Address, index: number): Address;
  /** Give up a reference that the test holds. */
  release(object: Address): void;
  /** Hold one more reference. */
  hold(object: Address): void;
  /** What is called, once, before the object goes. */
  onFinalize(object: Address, finalizer: (object: Address) => void): void;
  /** A weak reference, held once. */
  weakref(target: Address, callback?: (ref: Address) => void): Address;
  /** The target of a weak reference, or NULL. */
  target(ref: Address): Address;
  /** What finalizers and callbacks threw. */
  readonly unraisable: unknown[];
}

/**
 * @param make the collector that is told of everything
 * @param overrides what the collector's host shall be besides a heap that only ever goes forward
 */
export function plainGraph(
  make: CollectorFactory,
  overrides: Partial<CollectorHost> = {},
): PlainGraph {
  const memory = LinearMemory.create({ bytes: 65_536, maxBytes: 16 << 20 });
  const profile = profileFor("3.13", "ilp32");
  const alive = new Set<Address>();
  const held = new Map<Address, number>();
  const finalizers = new Map<Address, (object: Address) => void>();
  const targets = new Map<Address, Address>();
  const callbacks = new Map<Address, (ref: Address) => void>();
  const unraisable: unknown[] = [];
  memory.u32.set([layoutCodes.inlineVar, REFERENCES, COUNT, layoutCodes.end], PROGRAM >>> 2);
  for (const type of [NODE, LEAF, WEAKREF])
    memory.u32.set([type === LEAF ? 0 : COLLECTABLE, PROGRAM], type >>> 2);
  const heap = Heap.create(memory, profile, HEAP_HEADER);
  let top = FIRST_OBJECT;

  const word = (address: Address): number => memory.u32[address >>> 2];
  const isCollectable = (object: Address): boolean => word(object + TYPE) !== LEAF;
  const isFinalized = (object: Address): boolean => (word(object - HEAD / 2) & 1) !== 0;

  /** @throws PyrenaError `dead-object`: whoever works on a dead object is told */
  function mustLive(object: Address, what: string): void {
    if (alive.has(object)) return;
    throw new PyrenaError("dead-object", `${what} of ${hex(object)}, which is no living object`, {
      address: object,
    });
  }

  /** Let the memory have so many bytes. */
  function reach(end: Address): boolean {
    while (end > memory.byteLength) if (!memory.grow(2 * memory.byteLength)) return false;
    return true;
  }

  function make_(type: Address, references: number): Address {
    const object = alignUp(top + HEAD, 16) + HEAD;
    const end = object + REFERENCES + 4 * references;
    if (!reach(end)) throw new PyrenaError("memory-limit", "the plain graph's memory is full");
    top = end;
    const u32 = memory.u32;
    u32[(object - HEAD) >>> 2] = 0;
    u32[(object - HEAD / 2) >>> 2] = 0;
    u32[object >>> 2] = 1;
    u32[(object + TYPE) >>> 2] = type;
    u32[(object + COUNT) >>> 2] = references;
    // The references of a new object are not set: a collector that follows them is told by what is there.
    u32.fill(type === NODE ? 0xdddddddd : 0, (object + REFERENCES) >>> 2, end >>> 2);
    alive.add(object);
    held.set(object, 1);
    if (type !== LEAF) collector.allocated(collector.ctx, object);
    u32.fill(0, (object + REFERENCES) >>> 2, end >>> 2);
    return object;
  }

  function each(object: Address, visit: (referent: Address) => void): void {
    for (let n = 0; n < word(object + COUNT); n++) {
      const referent = word(object + REFERENCES + 4 * n);
      if (referent !== 0) visit(referent);
    }
  }

  function guarded(body: () => void): void {
    try {
      body();
    } catch (thrown) {
      unraisable.push(thrown);
    }
  }

  function incref(object: Address): void {
    mustLive(object, "incref");
    memory.u32[object >>> 2]++;
  }

  function decref(object: Address): void {
    mustLive(object, "decref");
    if (--memory.u32[object >>> 2] === 0) die(object);
  }

  function finalize(object: Address): void {
    memory.u32[(object - HEAD / 2) >>> 2] |= 1;
    guarded(() => finalizers.get(object)?.(object));
  }

  function clearWeakref(ref: Address): void {
    targets.set(ref, 0);
  }

  function refsTo(object: Address): Address[] {
    return [...targets]
      .filter(([, target]) => target === object)
      .map(([ref]) => ref)
      .reverse();
  }

  function die(object: Address): void {
    if (isCollectable(object) && finalizers.has(object) && !isFinalized(object)) {
      memory.u32[object >>> 2] = 1;
      finalize(object);
      if (--memory.u32[object >>> 2] > 0) return;
    }
    if (isCollectable(object)) collector.untrack(collector.ctx, object);
    const refs = refsTo(object);
    for (const ref of refs) clearWeakref(ref);
    for (const ref of refs) guarded(() => callbacks.get(ref)?.(ref));
    clear(object);
    if (isCollectable(object)) collector.released(collector.ctx, object);
    alive.delete(object);
    targets.delete(object);
    callbacks.delete(object);
    finalizers.delete(object);
    const end = object + REFERENCES + 4 * word(object + COUNT);
    memory.u8.fill(DEAD, object - HEAD, end);
  }

  function clear(object: Address): void {
    for (let n = 0; n < word(object + COUNT); n++) set(object, n, 0);
  }

  function set(node: Address, index: number, target: Address): void {
    mustLive(node, "set");
    if (target !== 0) incref(target);
    const place = (node + REFERENCES + 4 * index) >>> 2;
    const before = memory.u32[place];
    memory.u32[place] = target;
    if (before !== 0) decref(before);
  }

  const graph: ObjectGraph<undefined> = {
    ctx: undefined,
    memory,
    profile,
    gcHeadBytes: HEAD,
    words: {
      count: 0,
      immortalFrom: 0xffff_ffff,
      type: TYPE,
      flags: 0,
      collectable: COLLECTABLE,
      ask: 0,
      layout: 4,
    },
    isCollectable: (_, object) => isCollectable(object),
    refcount: (_, object) => word(object),
    isImmortal: () => false,
    traverse: (_, object, visit) => {
      mustLive(object, "traverse");
      each(object, visit);
    },
    layout: () => PROGRAM,
    incref: (_, object) => incref(object),
    decref: (_, object) => decref(object),
    needsFinalizer: (_, object) => finalizers.has(object) && !isFinalized(object),
    finalize: (_, object) => finalize(object),
    clear: (_, object) => {
      mustLive(object, "clear");
      clear(object);
    },
    weakrefs: (_, object, visit) => {
      for (const ref of refsTo(object)) visit(ref);
    },
    isWeakref: (_, object) => word(object + TYPE) === WEAKREF,
    hasWeakrefCallback: (_, ref) => callbacks.has(ref),
    clearWeakref: (_, ref) => clearWeakref(ref),
    callWeakrefCallback: (_, ref) => guarded(() => callbacks.get(ref)?.(ref)),
    mayUntrack: () => 0,
    clearFreeLists: () => {},
    roots: (_, visit) => {
      for (const [object, times] of held)
        for (let n = 0; n < times; n++) visit(object, "held by the test");
    },
    typeName: (_, object) => ({ [NODE]: "node", [LEAF]: "leaf" })[word(object + TYPE)] ?? "weakref",
    describe: (_, object) => `object at ${hex(object)}`,
  };
  const host: CollectorHost = {
    heap,
    fresh: true,
    raw: {
      calloc: (count, size) => {
        const block = alignUp(top, 16);
        if (!reach(block + count * size)) return 0;
        top = block + count * size;
        memory.u8.fill(0, block, top);
        return block;
      },
      free: () => {},
    },
    unraisable: (thrown) => void unraisable.push(thrown),
    ...overrides,
  };
  const collector = make(graph as ObjectGraph, host);

  const track = (object: Address): Address => {
    collector.track(collector.ctx, object);
    return object;
  };
  const untracked = (references: number): Address => make_(NODE, references);
  return {
    graph,
    collector,
    alive,
    held,
    unraisable,
    untracked,
    node: (references) => track(untracked(references)),
    leaf: () => make_(LEAF, 0),
    set,
    get: (node, index) => word(node + REFERENCES + 4 * index),
    hold: (object) => {
      incref(object);
      held.set(object, (held.get(object) ?? 0) + 1);
    },
    release: (object) => {
      const times = held.get(object) ?? 0;
      if (times === 0)
        throw new PyrenaError("dead-object", `the test holds no reference to ${hex(object)}`);
      if (times === 1) held.delete(object);
      else held.set(object, times - 1);
      decref(object);
    },
    onFinalize: (object, finalizer) => finalizers.set(object, finalizer),
    weakref: (target, callback) => {
      const ref = make_(WEAKREF, 0);
      targets.set(ref, target);
      if (callback !== undefined) callbacks.set(ref, callback);
      return track(ref);
    },
    target: (ref) => targets.get(ref) ?? 0,
  };
}
