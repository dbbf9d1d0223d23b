/** CPython 3.15: the generational collector again; ints up to 1024 are cached. */
import type { Profile } from "../profile.ts";
import { bothAbis, largePools, smallPools } from "./define.ts";

/** The lp64 and the ilp32 profile. */
export const cpython315: readonly [Profile, Profile] = bothAbis({
  python: "3.15",
  lp64: { ...largePools, keepsLastArena: true, addressTest: "radix-tree" },
  ilp32: { ...smallPools, keepsLastArena: true, addressTest: "radix-tree" },
  hasMimalloc: true,
  gc: {
    policy: "generational",
    thresholds: [2000, 10, 10],
    counts: "allocations",
    trigger: "deferred",
  },
  freeLists: {
    float: 100,
    int: 100,
    list: 80,
    dict: 80,
    dictKeys: 80,
    tuple: 2000,
    tupleMaxLength: 20,
    frame: 0,
    slice: 1,
    context: 255,
    method: 20,
  },
  smallInts: [-5, 1024],
});
