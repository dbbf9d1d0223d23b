/** Why an object lives, or why it is garbage, in names that a person reads. */
import {
  type Address,
  type Collector,
  FROZEN,
  gcDebug,
  hex,
  type ObjectGraph,
  PyrenaError,
} from "@pyrena/abi";
import { known, livesForever, type Met, type MoreRoots, survey, UNTRACKED } from "./survey.ts";

/**
 * What becomes of an object:
 *
 * - `reachable`: a root leads to it
 * - `held`: an object that leads to it has more references than roots and traversals show
 * - `immortal`: its count never falls
 * - `garbage`: only itself and other garbage lead to it, and a collection frees it
 * - `uncollectable`: garbage, but of a kind that is never taken apart
 * - `frozen`: garbage, but what keeps it was set aside by `gc.freeze`
 * - `unseen`: garbage, but what keeps it is not tracked, so that its references count as from outside
 */
export type Fate =
  | "reachable"
  | "held"
  | "immortal"
  | "garbage"
  | "uncollectable"
  | "frozen"
  | "unseen";

/** One reference. */
export interface Edge {
  readonly holder: Address;
  readonly referent: Address;
  /** `[0]`, `['key']`, `.name`; "" where the graph knows no name for it. */
  readonly how: string;
  /** `list at 0x10 [0] → dict at 0x20`. */
  readonly text: string;
}

/** References that nobody accounts for. */
export interface Unaccounted {
  readonly object: Address;
  readonly name: string;
  readonly refcount: number;
  /** How many of them roots and traversals show. */
  readonly known: number;
}

/** Why an object lives, or why it is garbage. */
export interface Explanation {
  readonly object: Address;
  /** What `graph.describe` says. */
  readonly name: string;
  readonly fate: Fate;
  /** Names of the roots that hold the object with which the way begins. */
  readonly roots: readonly string[];
  /**
   * The shortest way to the object: from one that a root holds, from one that is held by nobody that is known, or from a
   * cycle. Empty where the object is that one itself.
   */
  readonly path: readonly Edge[];
  /** The shortest cycle through the object, or through the one that it hangs from; of garbage only. */
  readonly cycle: readonly Edge[];
  /** Objects that are why garbage stays: frozen, untracked or uncollectable ones that lead to it. */
  readonly obstacles: readonly Address[];
  /** The youngest generation whose collection frees it; of garbage that a collection frees. */
  readonly generation: number | undefined;
  readonly unaccounted: readonly Unaccounted[];
  /** All of this in sentences, one a line. */
  readonly text: string;
}

/** A way from one object to another, or `undefined` where there is none. */
type Way = readonly Address[] | undefined;

/**
 * Explain an object: a shortest way from a root, or the cycle that keeps it. It looks at the whole heap, in memory of
 * JavaScript's.
 * @param moreRoots shows references that are held besides those of the graph's roots
 * @throws PyrenaError `dead-object` where the count is 0
 */
export function explain(
  graph: ObjectGraph,
  collector: Collector,
  object: Address,
  moreRoots?: MoreRoots,
): Explanation {
  if (graph.refcount(graph.ctx, object) === 0) {
    throw new PyrenaError(
      "dead-object",
      `explain of ${hex(object)}, to which there are no references: use the address of a living object`,
      { address: object },
    );
  }
  return new Explainer(graph, collector, object, moreRoots).explain();
}

class Explainer {
  readonly #graph: ObjectGraph;
  readonly #collector: Collector;
  readonly #object: Address;
  readonly #met: Map<Address, Met>;

  constructor(
    graph: ObjectGraph,
    collector: Collector,
    object: Address,
    moreRoots: MoreRoots | undefined,
  ) {
    this.#graph = graph;
    this.#collector = collector;
    this.#object = object;
    this.#met = survey(graph, collector, moreRoots, [object]);
  }

  explain(): Explanation {
    const object = this.#object;
    const own = this.#unaccountedOf(object);
    const fromRoot = this.#wayFrom(({ roots }) => roots.length > 0);
    if (fromRoot !== undefined) {
      const first = fromRoot[0];
      return this.#result("reachable", { way: fromRoot, roots: this.#of(first).roots, own });
    }
    if (this.#isImmortal(object)) return this.#result("immortal", {});
    const keepers = this.#keepers();
    const strangers = keepers.flatMap((keeper) => this.#unaccountedOf(keeper));
    if (strangers.length > 0 || keepers.some((keeper) => this.#isImmortal(keeper))) {
      const odd = new Set(strangers.map((stranger) => stranger.object));
      const way = this.#wayFrom((one) => odd.has(one.object) || this.#isImmortal(one.object));
      return this.#result("held", { way, own: strangers });
    }
    return this.#garbage(keepers);
  }

  #garbage(keepers: readonly Address[]): Explanation {
    const { ctx, isUncollectable } = this.#graph;
    const knot = this.#knot(keepers);
    // The nearest that leads back to itself: the object, if it does.
    const cycleAt = knot.find((keeper) => this.#cycleThrough(keeper) !== undefined);
    const cycle = cycleAt === undefined ? undefined : this.#cycleThrough(cycleAt);
    const way = cycleAt === undefined ? undefined : this.#wayFrom((one) => one.object === cycleAt);
    const of = { way, cycle };
    const generationOf = (keeper: Address): number => this.#of(keeper).generation;
    const tracked = new Set(knot.filter((keeper) => generationOf(keeper) !== UNTRACKED));
    // What is not tracked hides its references to what is.
    const hides = (keeper: Address): boolean =>
      !tracked.has(keeper) && this.#of(keeper).referents.some((referent) => tracked.has(referent));
    const unseen = tracked.size === 0 ? knot : knot.filter(hides);
    if (unseen.length > 0) return this.#result("unseen", { ...of, obstacles: unseen });
    const frozen = knot.filter((keeper) => generationOf(keeper) === FROZEN);
    if (frozen.length > 0) return this.#result("frozen", { ...of, obstacles: frozen });
    const legacy = keepers.filter((keeper) => isUncollectable?.(ctx, keeper) === true);
    if (legacy.length > 0) return this.#result("uncollectable", { ...of, obstacles: legacy });
    const generation = [...tracked].reduce((most, one) => Math.max(most, generationOf(one)), 0);
    return this.#result("garbage", { ...of, generation });
  }

  /**
   * Those that lead to a cycle, nearest first. A collection must take the cycles apart; counts of whatever only hangs from
   * them fall to 0 then, whether or not a collector looks at it.
   */
  #knot(keepers: readonly Address[]): Address[] {
    // References of each to the others. Who has none is out, and then those that led only to it.
    const left = new Map(keepers.map((keeper) => [keeper, 0]));
    for (const keeper of keepers)
      for (const [holder, times] of this.#of(keeper).holders)
        left.set(holder, (left.get(holder) ?? 0) + times);
    const ends = keepers.filter((keeper) => left.get(keeper) === 0);
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) {
      left.delete(end);
      for (const [holder, times] of this.#of(end).holders) {
        const count = (left.get(holder) ?? 0) - times;
        left.set(holder, count);
        if (count === 0) ends.push(holder);
      }
    }
    return [...left.keys()];
  }

  #of(object: Address): Met {
    return this.#met.get(object) as Met;
  }

  /** The shortest way to the object from the nearest one that is wanted; it may be the object itself. */
  #wayFrom(isWanted: (one: Met) => boolean): Way {
    return this.#back(this.#object, isWanted);
  }

  /** The shortest way to an object, searched from its end. */
  #back(end: Address, isWanted: (one: Met) => boolean): Way {
    const next = new Map<Address, Address>([[end, 0]]);
    for (const object of next.keys()) {
      const one = this.#of(object);
      if (isWanted(one)) {
        const way = [];
        for (let at = object; at !== 0; at = next.get(at) as Address) way.push(at);
        return way;
      }
      for (const holder of one.holders.keys()) if (!next.has(holder)) next.set(holder, object);
    }
    return undefined;
  }

  /** The object and all that lead to it, nearest first. */
  #keepers(): Address[] {
    const found = new Set([this.#object]);
    for (const object of found)
      for (const holder of this.#of(object).holders.keys()) found.add(holder);
    return [...found];
  }

  /** The shortest cycle through an object: it begins and ends there. */
  #cycleThrough(object: Address): Way {
    const referents = new Set(this.#of(object).referents);
    const way = this.#back(object, (one) => referents.has(one.object));
    return way === undefined ? undefined : [object, ...way];
  }

  /** References that nobody accounts for. */
  #unaccountedOf(object: Address): Unaccounted[] {
    const { ctx, refcount, describe } = this.#graph;
    if (this.#isImmortal(object)) return [];
    const count = refcount(ctx, object);
    const found = known(this.#of(object));
    if (count <= found) return [];
    return [{ object, name: describe(ctx, object), refcount: count, known: found }];
  }

  #isImmortal(object: Address): boolean {
    return livesForever(this.#graph, object);
  }

  #edges(way: Way): Edge[] {
    const { ctx, describe, referenceName } = this.#graph;
    return (way ?? []).slice(1).map((referent, n) => {
      const holder = (way as readonly Address[])[n];
      const how = referenceName?.(ctx, holder, referent) ?? "";
      const from = how === "" ? describe(ctx, holder) : `${describe(ctx, holder)} ${how}`;
      return { holder, referent, how, text: `${from} → ${describe(ctx, referent)}` };
    });
  }

  #result(
    fate: Fate,
    found: {
      readonly way?: Way;
      readonly cycle?: Way;
      readonly roots?: readonly string[];
      readonly obstacles?: readonly Address[];
      readonly generation?: number;
      readonly own?: readonly Unaccounted[];
    },
  ): Explanation {
    const { ctx, describe } = this.#graph;
    const explanation = {
      object: this.#object,
      name: describe(ctx, this.#object),
      fate,
      roots: found.roots ?? [],
      path: this.#edges(found.way),
      cycle: this.#edges(found.cycle),
      obstacles: found.obstacles ?? [],
      generation: found.generation,
      unaccounted: found.own ?? [],
    };
    return { ...explanation, text: this.#text(explanation) };
  }

  #text(found: Omit<Explanation, "text">): string {
    const { ctx, describe } = this.#graph;
    const { name, fate, roots, path, cycle, obstacles, unaccounted } = found;
    const first = path.length > 0 ? describe(ctx, path[0].holder) : name;
    const steps = (edges: readonly Edge[]): string[] => edges.map(({ text }) => `  ${text}`);
    const lines: string[] = [];
    if (fate === "reachable") {
      lines.push(`${name} lives: a root leads to it.`, `  ${roots[0]} → ${first}`);
    } else if (fate === "held") {
      lines.push(`${name} lives: somebody who is not known holds ${first}.`);
    } else if (fate === "immortal") {
      lines.push(`${name} lives: it is immortal.`);
    } else {
      lines.push(`${name} is garbage: no root leads to it.`);
      if (cycle.length > 0) lines.push(`A cycle keeps ${path.length > 0 ? first : "it"}:`);
      lines.push(...steps(cycle));
      if (path.length > 0) lines.push("From there:");
    }
    lines.push(...steps(path));
    const names = listed(obstacles.map((obstacle) => describe(ctx, obstacle)));
    if (fate === "garbage") lines.push(...this.#prospects(found.generation ?? 0));
    if (fate === "unseen")
      lines.push(`No collection frees it: not tracked, its references count as outside: ${names}.`);
    if (fate === "frozen") lines.push(`No collection frees it before gc.unfreeze(): ${names}.`);
    if (fate === "uncollectable")
      lines.push(`No collection takes it apart: a finalizer of the old kind (tp_del): ${names}.`);
    for (const { name: whose, refcount, known: seen } of unaccounted) {
      lines.push(
        `${whose} has ${refcount} references, but roots and traversals show ${seen}: ` +
          "either a type's traverse misses a reference, or your code holds its address.",
      );
    }
    return lines.join("\n");
  }

  /** What a collection makes of garbage. */
  #prospects(generation: number): string[] {
    const { ctx, needsFinalizer, describe } = this.#graph;
    const { control, ctx: own } = this.#collector;
    const lines: string[] = [];
    const isSaved = control !== undefined && (control.debugFlags(own) & gcDebug.saveAll) !== 0;
    lines.push(
      isSaved
        ? `A collection of generation ${generation} appends it to gc.garbage: DEBUG_SAVEALL is set.`
        : `A collection of generation ${generation}${generation < 2 ? " or an older one" : ""} frees it.`,
    );
    if (control !== undefined && (!control.isEnabled(own) || control.thresholds(own)[0] === 0))
      lines.push("Collections do not run by themselves now: call collect.");
    const finalizable = this.#keepers().filter((keeper) => needsFinalizer(ctx, keeper));
    if (finalizable.length > 0) {
      const names = listed(finalizable.map((keeper) => describe(ctx, keeper)));
      lines.push(`Finalizers run before, and may save it: ${names}.`);
    }
    return lines;
  }
}

/** The first few of some names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
