/**
 * The incremental collector of CPython 3.14.0 to 3.14.4 (as 3.14.2 has it).
 *
 *     track ──→ young ──→ visited ⇄ pending        freeze ──→ permanent
 *               increment: all of young, and a piece of pending with everything that is reached from it
 *
 * There are two old spaces, and each object says in its head which of them it belongs to. A cycle begins with all old
 * objects pending. Its first increment only marks: what roots reach is visited then, and need not be looked at. Each
 * one after it takes young and as many pending objects as there is work to do, collects them as one region, and puts
 * the survivors into the visited space. With nothing pending the cycle is complete, and the spaces change their roles.
 * All that is reached from an object of an increment is in it or has been visited; so a cycle of garbage never is in
 * two increments, but garbage that hangs on something visited waits for the next cycle.
 *
 * Work to do grows with the number of new objects and, up to twice that, with the size of the heap; it falls by what
 * increments have looked at, and by twice what the first one has marked. While it is negative nothing happens.
 *
 * Generation 0 is young, collected alone; 1 is an increment, and what runs by itself; 2 is everything at once. Objects
 * are shown as of generation 0 (young) and 2 (both old spaces).
 */
import {
  type Address,
  type Collector,
  type CollectorFactory,
  type CollectorHost,
  FROZEN,
  hex,
  type ObjectGraph,
  PyrenaError,
} from "@pyrena/abi";
import { type CollectionOutcome, makeCollectionFrame } from "./collection.ts";
import { listHead, makeControl, type OpenState, setLimit } from "./control.ts";
import { gcFacts } from "./facts.ts";
import { makeGarbage } from "./garbage.ts";
import { FINALIZED, FLAGS, type Head, headLists, SPACE } from "./gc-head.ts";
import { makeMarking } from "./incremental-marking.ts";
import { COLLECT, incrementalFields, MARK, MORE_LISTS, TAG, VERSION } from "./incremental-state.ts";
import { verifyIncremental } from "./incremental-verify.ts";
import { makeRegion } from "./region.ts";
import { LISTS, openState, stateLayout } from "./state.ts";
import { makeUntracking } from "./untracking.ts";

/** An increment looks at a part of the heap: one in this many, divided by the second threshold. */
const SCAN_RATE_DIVISOR = 10;
/** The least that the second threshold counts for. */
const LEAST_SCALE = 2;

/** Options of the incremental collector. */
export interface IncrementalOptions {
  /** Thresholds to begin with; default: those of the profile, or 3.14's (2000, 10, 0) where that one is generational. */
  readonly thresholds?: readonly [number, number, number] | undefined;
  /** Whether collections run by themselves from the start; default true. */
  readonly enabled?: boolean | undefined;
  /**
   * Objects that the heap has at first, for the pace of increments, whatever is tracked here; default 0. CPython counts
   * those of its interpreter: some 20,000.
   */
  readonly heapSize?: number | undefined;
}

/** How far the incremental collector is. */
export interface IncrementalProgress {
  /** Whether the next increment marks what roots reach, or collects. */
  readonly phase: "mark" | "collect";
  /** Objects that increments are still to look at; less than 0: so many have been looked at in advance. */
  readonly workToDo: number;
  /** Objects that the pace of increments follows: those tracked, and those it was told of. */
  readonly heapSize: number;
  /** Which of the two old spaces (0 or 1) has been visited in this cycle. */
  readonly visitedSpace: number;
}

/** A collector that works in increments. */
export interface IncrementalCollector extends Collector<undefined> {
  progress(this: void): IncrementalProgress;
  /** Let the heap's size be so many objects now, whatever is tracked here: see {@link IncrementalOptions.heapSize}. */
  setHeapSize(this: void, objects: number): void;
}

/** Whether a collector is one of {@link createIncremental}. */
export function isIncremental(collector: Collector): collector is Collector & IncrementalCollector {
  return collector.name === "incremental" && "progress" in collector;
}

/** How objects are given an incremental collector: `createObjects(heap, { …, collector: incremental() })`. */
export function incremental(options: IncrementalOptions = {}): CollectorFactory {
  return (graph, host) => createIncremental(graph, host, options);
}

/**
 * An incremental collector for a graph. Where the host's heap is opened again and has one, that one goes on, and
 * options do not matter.
 * @throws PyrenaError `memory-limit` if there is no room for its state, `directory-full`, `heap-version`
 */
export function createIncremental(
  graph: ObjectGraph,
  host: CollectorHost,
  options: IncrementalOptions = {},
): IncrementalCollector {
  const { memory, profile, gcHeadBytes } = graph;
  const { at, bytes } = stateLayout(profile.abi, incrementalFields);
  const { state, isNew } = openState(host, TAG, VERSION, bytes);
  const facts = gcFacts(profile);
  const lists = headLists(memory, gcHeadBytes);
  const open: OpenState = { memory, lists, state, at };
  const young = listHead(open, LISTS.young);
  const spaces = [listHead(open, LISTS.middle), listHead(open, LISTS.old)] as const;
  const permanent = listHead(open, LISTS.permanent);
  const unreachable = listHead(open, LISTS.unreachable);
  const moreLists = { ...open, at: { ...at, lists: at.more_lists } };
  const increment = listHead(moreLists, MORE_LISTS.increment);
  const survivors = listHead(moreLists, MORE_LISTS.survivors);
  const COUNTS = (state + at.counts) >>> 2;
  const LIMIT = (state + at.limit) >>> 2;
  const PENDING = (state + at.pending) >>> 2;
  const ENABLED = (state + at.enabled) >>> 2;
  const THRESHOLDS = (state + at.thresholds) >>> 2;
  const DEBUG = (state + at.debug) >>> 2;
  const VISITED = (state + at.visited_space) >>> 2;
  const PHASE = (state + at.phase) >>> 2;
  const WORK = (state + at.work_to_do) >>> 2;
  const HEAP_SIZE = (state + at.heap_size) >>> 2;
  const BESIDES = (state + at.besides) >>> 2;
  const HEAD = lists.objectWords;
  const PREV = lists.prevWords;

  const visitedSpace = (): number => memory.u32[VISITED];
  const visitedList = (): Head => spaces[memory.u32[VISITED]];
  const pendingList = (): Head => spaces[1 - memory.u32[VISITED]];

  const failed = (thrown: unknown, object: Address): void =>
    host.unraisable?.(thrown, `traverse of ${graph.describe(graph.ctx, object)}`);
  const moveToPermanent = (head: Head): void => lists.move(head, permanent);
  const setAside = {
    stay: undefined,
    permanent: moveToPermanent,
    untracked: untrackHead,
  }[facts.immortals];
  const region = makeRegion(graph, lists, { failed, setAside, room: state + at.room });
  const marking = makeMarking(graph, lists, {
    failed,
    setAside: setAside && moveToPermanent,
  });
  const garbage = makeGarbage(
    graph,
    lists,
    region,
    {
      finalUnreachable: listHead(open, LISTS.finalUnreachable),
      finalizers: listHead(open, LISTS.finalizers),
      weakrefs: listHead(open, LISTS.weakrefs),
      finalized: listHead(open, LISTS.finalized),
    },
    {
      facts,
      failed,
      debugFlags: () => memory.u32[DEBUG],
      keep: (object) => host.keep?.(object),
      write: (text) => host.write?.(text),
      surviving: (head) => setHeadSpace(head, visitedSpace()),
    },
  );
  const untracking = makeUntracking(graph, lists, untrackHead);
  const frame = makeCollectionFrame(open, host, () => ({
    generations: [young, visitedList(), pendingList()].map((list) => lists.size(list)),
    permanent: lists.size(permanent),
  }));
  if (isNew) begin();

  function begin(): void {
    const { gc } = profile;
    const { enabled = true, heapSize = 0 } = options;
    const { thresholds = gc.policy === "incremental" ? gc.thresholds : [2000, 10, 0] } = options;
    for (let place = 0; place < Object.keys(LISTS).length; place++)
      lists.init(listHead(open, place));
    lists.init(increment);
    lists.init(survivors);
    memory.i32.set(thresholds, THRESHOLDS);
    memory.i32[HEAP_SIZE] = heapSize;
    memory.i32[BESIDES] = heapSize;
    memory.u32[ENABLED] = enabled ? 1 : 0;
    setLimit(open);
  }

  function setHeadSpace(head: Head, space: number): void {
    const u32 = memory.u32;
    u32[head] = (u32[head] & ~SPACE) | space;
  }

  /** Let all of a list belong to a space; how many there are. */
  function setSpace(list: Head, space: number): number {
    const u32 = memory.u32;
    let size = 0;
    for (let head = u32[list] >>> 2; head !== list; head = u32[head] >>> 2) {
      u32[head] = (u32[head] & ~SPACE) | space;
      size++;
    }
    return size;
  }

  function track(_: unknown, object: Address): void {
    const u32 = memory.u32;
    const head = (object >>> 2) - HEAD;
    const last = u32[young + PREV] >>> 2;
    u32[last] = (head << 2) | (u32[last] & FLAGS);
    u32[head] = (young << 2) | (u32[VISITED] ^ SPACE);
    u32[head + PREV] = (last << 2) | (u32[head + PREV] & FINALIZED);
    u32[young + PREV] = head << 2;
    u32[HEAP_SIZE]++;
    const count = u32[COUNTS] + 1;
    u32[COUNTS] = count;
    if (count > u32[LIMIT]) due();
  }

  function untrackHead(head: Head): void {
    const u32 = memory.u32;
    const link = u32[head];
    if (link === 0) return;
    const after = link >>> 2;
    const word = u32[head + PREV];
    const before = word >>> 2;
    u32[before] = (after << 2) | (u32[before] & FLAGS);
    u32[after + PREV] = (before << 2) | (u32[after + PREV] & FLAGS);
    u32[head] = 0;
    u32[head + PREV] = word & FINALIZED;
    u32[HEAP_SIZE]--;
    // Any object counts, not only a young one: the count tells about how many more there are than before.
    if (u32[COUNTS] !== 0) u32[COUNTS]--;
  }

  function due(): void {
    if (host.exceptionPending?.() !== true) memory.u32[PENDING] = 1;
  }

  function poll(): void {
    if (memory.u32[PENDING] !== 0) runPending();
  }

  function runPending(): void {
    memory.u32[PENDING] = 0;
    if (memory.u32[ENABLED] !== 0) collect(undefined, 1);
  }

  /** Collect one list as a region. */
  function collectRegion(
    base: Head,
    to: Head,
    outcome: CollectionOutcome,
    untrackDicts: boolean,
  ): void {
    outcome.candidates = Math.max(region.deduceUnreachable(base, unreachable), 0);
    untracking.untrackTuples(base);
    if (untrackDicts) untracking.untrackDicts(base);
    if (base !== to) lists.merge(base, to);
    garbage.dispose(unreachable, to, outcome);
  }

  function collectYoung(outcome: CollectionOutcome): void {
    const visited = visitedList();
    untracking.untrackTuples(young);
    setSpace(young, visitedSpace());
    // Survivors get a list of their own, on which code that is called in between does not see them.
    collectRegion(young, survivors, outcome, false);
    lists.merge(survivors, visited);
    memory.u32[COUNTS] = 0;
    memory.u32[COUNTS + 1 + visitedSpace()]++;
  }

  /** One step through the cycle. Whether it was one that collects. */
  function collectIncrement(outcome: CollectionOutcome): boolean {
    const created = memory.u32[COUNTS];
    memory.u32[COUNTS] = 0;
    memory.i32[WORK] += created + Math.min(heapFraction(), 2 * created);
    if (memory.i32[WORK] < 0) return false;
    untracking.untrackTuples(young);
    const visited = visitedList();
    const space = visitedSpace();
    if (memory.u32[PHASE] === MARK) {
      const marked =
        marking.mark("interpreter", visited, space) + marking.mark("frames", visited, space);
      // What CPython does: it counts them where it marks them, and again where it called that.
      memory.i32[WORK] -= 2 * marked;
      memory.u32[PHASE] = COLLECT;
      return false;
    }
    const marked = marking.mark("frames", visited, space);
    memory.i32[WORK] -= marked;
    let size = setSpace(young, space);
    lists.merge(young, increment);
    const pending = pendingList();
    while (size < memory.i32[WORK] && !lists.isEmpty(pending)) {
      const head = lists.next(pending);
      lists.move(head, increment);
      setHeadSpace(head, space);
      size += 1 + marking.spread(increment, head, space);
    }
    collectRegion(increment, survivors, outcome, false);
    lists.merge(survivors, visited);
    memory.i32[WORK] -= size;
    if (lists.isEmpty(pending)) completeCycle();
    return true;
  }

  function heapFraction(): number {
    const scale = Math.max(memory.i32[THRESHOLDS + 1], LEAST_SCALE);
    return Math.trunc(Math.trunc(memory.i32[HEAP_SIZE] / SCAN_RATE_DIVISOR) / scale);
  }

  function collectFull(outcome: CollectionOutcome): void {
    const pending = pendingList();
    const visited = visitedList();
    untracking.untrackTuples(young);
    lists.merge(young, pending);
    setSpace(pending, visitedSpace());
    lists.merge(pending, visited);
    memory.u32[COUNTS] = 0;
    collectRegion(visited, visited, outcome, true);
    memory.u32.fill(0, COUNTS, COUNTS + 3);
    completeCycle();
    graph.clearFreeLists(graph.ctx);
  }

  /** Everything has been visited: it is all pending now. */
  function completeCycle(): void {
    const before = visitedSpace();
    if (lists.isEmpty(permanent)) {
      // The spaces change their roles, and no object of theirs is touched.
      memory.u32[VISITED] = 1 - before;
      setSpace(young, before);
    } else {
      // What is frozen must count as visited, and must not be touched: the roles stay as they are.
      const pending = pendingList();
      lists.merge(visitedList(), pending);
      setSpace(pending, 1 - before);
    }
    memory.i32[WORK] = 0;
    memory.u32[PHASE] = MARK;
  }

  function collect(_: unknown, generation: number): number {
    if (generation === 0) return frame.run(0, collectYoung);
    if (generation === 1) return frame.run(1, collectIncrement);
    if (generation === 2) return frame.run(2, collectFull);
    throw new PyrenaError(
      "bad-argument",
      `there are the generations 0, 1 and 2 to collect, not ${String(generation)}`,
    );
  }

  function each(_: unknown, visit: (object: Address, generation: number) => void): void {
    const shown: readonly (readonly [Head, number])[] = [
      [young, 0],
      [spaces[0], 2],
      [spaces[1], 2],
      [permanent, FROZEN],
    ];
    for (const [list, generation] of shown) {
      let next = 0;
      for (let head = lists.next(list); head !== list; head = next) {
        next = lists.next(head);
        visit(lists.objectOf(head), generation);
      }
    }
  }

  function adopt(_: unknown, object: Address, generation: number): void {
    const head = lists.headOf(object);
    const visited = visitedSpace();
    memory.u32[head] = generation === FROZEN ? visited : 1 - visited;
    lists.append(
      head,
      generation === 0 ? young : generation === FROZEN ? permanent : pendingList(),
    );
    memory.u32[HEAP_SIZE]++;
    if (generation === 0) memory.u32[COUNTS]++;
  }

  function freeze(): void {
    setSpace(young, visitedSpace());
    setSpace(pendingList(), visitedSpace());
    for (const list of [young, ...spaces]) lists.merge(list, permanent);
    memory.u32.fill(0, COUNTS, COUNTS + 3);
  }

  return {
    ctx: undefined,
    name: "incremental",
    // What counts is tracking, not memory: see `track`.
    allocated: () => {},
    released: () => {},
    track,
    untrack: (_, object) => untrackHead((object >>> 2) - HEAD),
    collect,
    poll,
    each,
    adopt,
    close: () => {
      host.heap.unregister(TAG, state);
      host.raw.free(state);
    },
    verify: () =>
      verifyIncremental(graph, open, {
        young,
        spaces,
        permanent,
        atWork: [increment, survivors],
        visitedSpace: visitedSpace(),
        phase: memory.u32[PHASE],
        heapSize: memory.i32[HEAP_SIZE],
        besides: memory.i32[BESIDES],
        where: `collector state at ${hex(state)}`,
      }),
    control: makeControl(open, permanent, {
      freeze,
      unfreeze: () => lists.merge(permanent, visitedList()),
      thresholdCount: 2,
      counts: () => {
        const { u32 } = memory;
        const visited = COUNTS + 1 + visitedSpace();
        return [u32[COUNTS], u32[visited], u32[COUNTS + 2 - visitedSpace()]];
      },
    }),
    progress: () => ({
      phase: memory.u32[PHASE] === MARK ? "mark" : "collect",
      workToDo: memory.i32[WORK],
      heapSize: memory.i32[HEAP_SIZE],
      visitedSpace: visitedSpace(),
    }),
    setHeapSize: (objects) => {
      const { i32 } = memory;
      i32[BESIDES] += objects - i32[HEAP_SIZE];
      i32[HEAP_SIZE] = objects;
    },
  };
}
