/** What the collectors are put to. The same in Python (`collect.py`) and JavaScript (`peers/pyrena.ts`). */

/** One workload. */
export interface GcWorkload {
  readonly id: string;
  readonly title: string;
  /** What one unit is. */
  readonly description: string;
  readonly kind: "live" | "garbage" | "growing";
  /** What the objects refer to. */
  readonly links: "random" | "near";
  /** Objects. */
  readonly units: number;
}

/** Sizes at which the cost of an object is compared. */
export const SIZES: readonly number[] = [10_000, 100_000, 1_000_000, 5_000_000];
/** Objects of the collections that the aims are about. */
export const MILLION = 1_000_000;

/** A number of objects, short: 10 k, 1 M. */
export function short(units: number): string {
  return units >= 1_000_000 ? `${units / 1_000_000} M` : `${units / 1000} k`;
}

/** Collections of a round, of which one is counted: a single one of few objects is over before caches are warm. */
export function repeats({ kind }: GcWorkload, units: number): number {
  return kind === "live" ? Math.max(1, Math.min(100, Math.floor(MILLION / units))) : 1;
}

function full(kind: "live" | "garbage", links: "random" | "near", units: number): GcWorkload {
  const lists = links === "random" ? "two others picked at random" : "the two made after it";
  return {
    id: `${kind}-${links}-${short(units).replace(" ", "").toLowerCase()}`,
    title: short(units),
    description: `a full collection of lists that each refer to ${lists}, ${kind === "live" ? "all alive" : "all garbage"}`,
    kind,
    links,
    units,
  };
}

/** All workloads. */
export const gcWorkloads: readonly GcWorkload[] = [
  ...SIZES.map((units) => full("live", "random", units)),
  ...SIZES.map((units) => full("live", "near", units)),
  full("garbage", "random", MILLION),
  full("garbage", "near", MILLION),
  {
    id: "growing",
    title: "growing heap",
    description:
      "lists of two are made and kept; every hundredth refers to itself and is dropped. Collections run by themselves",
    kind: "growing",
    links: "near",
    units: 2_000_000,
  },
];

/** What is known of one growing heap; times in nanoseconds. */
export interface GrowingFigures {
  /** The longest collection. */
  readonly longest: number;
  /** The longest of those that nine in ten are shorter than. */
  readonly usual: number;
  /** All collections. */
  readonly total: number;
  readonly collections: number;
  /** The most dead objects that were there at a time. */
  readonly dead: number;
  /** Dead objects that are left at the end. */
  readonly left: number;
}
