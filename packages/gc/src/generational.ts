/**
 * The generational collector of CPython 3.11 to 3.13 and 3.15.
 *
 *     track ──→ young ──→ middle ──→ old        freeze ──→ permanent
 *               count > threshold: collected together with those younger; survivors move on
 *
 * count 0 counts allocations of collectable memory less deallocations; counts 1 and 2 count collections of the generation
 * before. A full collection by itself waits, besides, until a quarter as many objects have come to the old generation as
 * it had after the last one, so that the cost of all collections stays in proportion to the number of objects made.
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
import { makeCollectionFrame } from "./collection.ts";
import { listHead, makeControl, type OpenState, setLimit } from "./control.ts";
import { gcFacts } from "./facts.ts";
import { makeGarbage } from "./garbage.ts";
import { FLAGS, type Head, headLists } from "./gc-head.ts";
import { makeRegion } from "./region.ts";
import { LISTS, openState, stateLayout } from "./state.ts";
import { makeUntracking } from "./untracking.ts";
import { verifyLists } from "./verify.ts";

/** Tag of the state in the heap's directory. */
const TAG = "GCGN";
const VERSION = 1;
const GENERATIONS = 3;

/** Options of the generational collector. */
export interface GenerationalOptions {
  /** Thresholds to begin with; default: those of the profile. */
  readonly thresholds?: readonly [number, number, number] | undefined;
  /** Whether collections run by themselves from the start; default true. */
  readonly enabled?: boolean | undefined;
}

/** How objects are given a generational collector: `createObjects(heap, { …, collector: generational() })`. */
export function generational(options: GenerationalOptions = {}): CollectorFactory {
  return (graph, host) => createGenerational(graph, host, options);
}

/**
 * A generational collector for a graph. Where the host's heap is opened again and has one, that one goes on.
 * @throws PyrenaError `memory-limit` if there is no room for its state, `directory-full`, `heap-version`
 */
export function createGenerational(
  graph: ObjectGraph,
  host: CollectorHost,
  options: GenerationalOptions = {},
): Collector<undefined> {
  const { memory, profile, gcHeadBytes } = graph;
  const { at, bytes } = stateLayout(profile.abi);
  const { state, isNew } = openState(host, TAG, VERSION, bytes);
  const facts = gcFacts(profile);
  const lists = headLists(memory, gcHeadBytes);
  const open: OpenState = { memory, lists, state, at };
  const generations = [LISTS.young, LISTS.middle, LISTS.old].map((place) => listHead(open, place));
  const [young, middle, old] = generations;
  const permanent = listHead(open, LISTS.permanent);
  const unreachable = listHead(open, LISTS.unreachable);
  const COUNTS = (state + at.counts) >>> 2;
  const LIMIT = (state + at.limit) >>> 2;
  const PENDING = (state + at.pending) >>> 2;
  const ENABLED = (state + at.enabled) >>> 2;
  const LONG_LIVED_TOTAL = (state + at.long_lived_total) >>> 2;
  const LONG_LIVED_PENDING = (state + at.long_lived_pending) >>> 2;
  const THRESHOLDS = (state + at.thresholds) >>> 2;
  const DEBUG = (state + at.debug) >>> 2;
  const HEAD = lists.objectWords;
  const PREV = lists.prevWords;

  const failed = (thrown: unknown, object: Address): void =>
    host.unraisable?.(thrown, `traverse of ${graph.describe(graph.ctx, object)}`);
  const region = makeRegion(graph, lists, {
    failed,
    room: state + at.room,
    setAside:
      facts.immortals === "stay"
        ? undefined
        : facts.immortals === "permanent"
          ? (head) => lists.move(head, permanent)
          : (head) => untrackHead(head),
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
    },
  );
  const untracking = makeUntracking(graph, lists, untrackHead);
  const frame = makeCollectionFrame(open, host, () => ({
    generations: generations.map((list) => lists.size(list)),
    permanent: lists.size(permanent),
  }));
  if (isNew) begin();

  function begin(): void {
    const { thresholds = profile.gc.thresholds, enabled = true } = options;
    for (let place = 0; place < Object.keys(LISTS).length; place++)
      lists.init(listHead(open, place));
    memory.i32.set(thresholds, THRESHOLDS);
    memory.u32[ENABLED] = enabled ? 1 : 0;
    setLimit(open);
  }

  function track(_: unknown, object: Address): void {
    const u32 = memory.u32;
    const head = (object >>> 2) - HEAD;
    const last = u32[young + PREV] >>> 2;
    u32[last] = head << 2;
    u32[head] = young << 2;
    u32[head + PREV] = (last << 2) | (u32[head + PREV] & 1);
    u32[young + PREV] = head << 2;
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
    u32[head + PREV] = word & 1;
  }

  function allocated(): void {
    const u32 = memory.u32;
    const count = u32[COUNTS] + 1;
    u32[COUNTS] = count;
    if (count > u32[LIMIT]) due();
  }

  function due(): void {
    if (host.exceptionPending?.() === true) return;
    if (facts.trigger === "at-once") collectByItself();
    else memory.u32[PENDING] = 1;
  }

  /** Collect the oldest generation whose count exceeds its threshold. */
  function collectByItself(): void {
    const { u32, i32 } = memory;
    for (let generation = GENERATIONS - 1; generation >= 0; generation--) {
      if (u32[COUNTS + generation] <= i32[THRESHOLDS + generation]) continue;
      // Skip what is not worth its time: see the top of this file.
      if (generation === 2 && u32[LONG_LIVED_PENDING] < Math.floor(u32[LONG_LIVED_TOTAL] / 4))
        continue;
      collect(undefined, generation);
      return;
    }
  }

  function poll(): void {
    if (memory.u32[PENDING] !== 0) runPending();
  }

  function runPending(): void {
    memory.u32[PENDING] = 0;
    if (memory.u32[ENABLED] !== 0) collectByItself();
  }

  function collect(_: unknown, generation: number): number {
    if (!(generation === 0 || generation === 1 || generation === 2)) {
      throw new PyrenaError(
        "bad-argument",
        `there are the generations 0, 1 and 2 to collect, not ${String(generation)}`,
      );
    }
    return frame.run(generation, (outcome) => {
      const list = generations[generation];
      const u32 = memory.u32;
      if (generation < 2) u32[COUNTS + generation + 1]++;
      for (let n = 0; n <= generation; n++) u32[COUNTS + n] = 0;
      for (let n = 0; n < generation; n++) lists.merge(generations[n], list);
      const looked = region.deduceUnreachable(list, unreachable);
      outcome.candidates = Math.max(looked, 0);
      const kinds = region.untrackableKinds();
      let left = region.left();
      if ((kinds & 1) !== 0) left -= untracking.untrackTuples(list);
      const survivors = generation < 2 ? generations[generation + 1] : list;
      if (generation < 2) {
        if (generation === 1) memory.u32[LONG_LIVED_PENDING] += left;
        lists.merge(list, survivors);
      } else {
        if ((kinds & 2) !== 0) left -= untracking.untrackDicts(list);
        memory.u32[LONG_LIVED_PENDING] = 0;
        memory.u32[LONG_LIVED_TOTAL] = left;
      }
      garbage.dispose(unreachable, survivors, outcome);
      if (generation === 2) graph.clearFreeLists(graph.ctx);
    });
  }

  function each(_: unknown, visit: (object: Address, generation: number) => void): void {
    [young, middle, old, permanent].forEach((list, generation) => {
      let next = 0;
      for (let head = lists.next(list); head !== list; head = next) {
        next = lists.next(head);
        visit(lists.objectOf(head), generation);
      }
    });
  }

  const control = makeControl(open, permanent, {
    freeze: () => {
      generations.forEach((list, n) => {
        lists.merge(list, permanent);
        memory.u32[COUNTS + n] = 0;
      });
    },
    unfreeze: () => lists.merge(permanent, old),
  });

  return {
    ctx: undefined,
    name: "generational",
    allocated,
    released: () => {
      const u32 = memory.u32;
      if (u32[COUNTS] > 0) u32[COUNTS]--;
    },
    track,
    untrack: (_, object) => untrackHead((object >>> 2) - HEAD),
    collect,
    ...(facts.trigger === "deferred" ? { poll } : {}),
    each,
    adopt: (_, object, generation) =>
      lists.append(
        lists.headOf(object),
        generation === FROZEN ? permanent : generations[generation],
      ),
    close: () => {
      host.heap.unregister(TAG, state);
      host.raw.free(state);
    },
    verify: () => {
      const named: [string, Head][] = [
        ["young", young],
        ["middle", middle],
        ["old", old],
        ["permanent", permanent],
      ];
      verifyLists(graph, lists, named, `collector state at ${hex(state)}`);
    },
    control: control as Collector<undefined>["control"] & object,
  };
}
