/** CPython 3.11: frames leave the heap for the data stack; tuples of length 20 are kept too. */
import type { Profile } from "../profile.ts";
import { bothAbis, largePools, smallPools } from "./define.ts";

/** The lp64 and the ilp32 profile. */
export const cpython311: readonly [Profile, Profile] = bothAbis({
  python: "3.11",
  lp64: { ...largePools, keepsLastArena: true, addressTest: "radix-tree" },
  ilp32: { ...smallPools, keepsLastArena: true, addressTest: "radix-tree" },
  hasMimalloc: false,
  gc: {
    policy: "generational",
    thresholds: [700, 10, 10],
    counts: "allocations",
    trigger: "at-once",
  },
  freeLists: {
    float: 100,
    int: 0,
    list: 80,
    dict: 80,
    dictKeys: 80,
    tuple: 2000,
    tupleMaxLength: 20,
    frame: 0,
    slice: 1,
    context: 255,
    method: 0,
  },
  smallInts: [-5, 256],
});
