/** Switches and counters of a collector, over its state: `abi`'s CollectorControl. */
import type {
  Address,
  CollectorControl,
  GenerationStats,
  LinearMemory,
  PerGeneration,
} from "@pyrena/abi";
import type { Head, HeadLists } from "./gc-head.ts";
import { NEVER, type StateField } from "./state.ts";

/** A collector's state, opened. */
export interface OpenState {
  readonly memory: LinearMemory;
  readonly lists: HeadLists;
  /** Address of the state. */
  readonly state: Address;
  /** Offsets of its fields, in bytes. */
  readonly at: { readonly [name in StateField]: number };
}

/** Where the head of one of the state's lists is. */
export function listHead({ state, at, lists }: OpenState, place: number): Head {
  return ((state + at.lists) >>> 2) + place * lists.objectWords;
}

/** Bring the limit up to date with what it follows from. */
export function setLimit({ memory, state, at }: OpenState): void {
  const { u32, i32 } = memory;
  const threshold = i32[(state + at.thresholds) >>> 2];
  const runs =
    u32[(state + at.enabled) >>> 2] !== 0 &&
    u32[(state + at.collecting) >>> 2] === 0 &&
    threshold !== 0;
  u32[(state + at.limit) >>> 2] = runs ? Math.max(threshold, 0) : NEVER;
}

/** What control needs of a collector besides its state. */
export interface ControlledLists {
  freeze(this: void): void;
  unfreeze(this: void): void;
  /** How many thresholds can be set; the others are 0 for good. Default 3. */
  readonly thresholdCount?: number | undefined;
  /** Counts as `gc.get_count()` shows them; default: those of the state. */
  readonly counts?: (() => PerGeneration) | undefined;
}

export function makeControl(
  open: OpenState,
  permanent: Head,
  { freeze, unfreeze, thresholdCount = 3, counts }: ControlledLists,
): CollectorControl {
  const { memory, state, at, lists } = open;
  const read = (field: StateField, n = 0): number => memory.u32[((state + at[field]) >>> 2) + n];
  const three = (values: (n: number) => number): PerGeneration => [values(0), values(1), values(2)];
  const total = (field: StateField, n: number): number =>
    memory.f64[((state + at[field]) >>> 3) + n];
  const row = (n: number): GenerationStats => ({
    collections: read("stats", 3 * n),
    collected: read("stats", 3 * n + 1),
    uncollectable: read("stats", 3 * n + 2),
    candidates: total("candidates", n),
    duration: total("durations", n),
  });
  return {
    isEnabled: () => read("enabled") !== 0,
    setEnabled: (_, enabled) => {
      memory.u32[(state + at.enabled) >>> 2] = enabled ? 1 : 0;
      setLimit(open);
    },
    counts: counts ?? (() => three((n) => read("counts", n))),
    thresholds: () => three((n) => memory.i32[((state + at.thresholds) >>> 2) + n]),
    setThresholds: (_, ...values) => {
      for (let n = 0; n < thresholdCount; n++) {
        const value = values[n];
        if (value !== undefined) memory.i32[((state + at.thresholds) >>> 2) + n] = value;
      }
      setLimit(open);
    },
    generationStats: () => [row(0), row(1), row(2)],
    debugFlags: () => read("debug"),
    setDebugFlags: (_, flags) => {
      memory.u32[(state + at.debug) >>> 2] = flags;
    },
    freeze: () => freeze(),
    unfreeze: () => unfreeze(),
    freezeCount: () => lists.size(permanent),
    isCollecting: () => read("collecting") !== 0,
  };
}
