/** CPython 3.9: from here on the last wholly free arena is kept. */
import type { Profile } from "../profile.ts";
import { bothAbis, smallPools } from "./define.ts";

/** The lp64 and the ilp32 profile. */
export const cpython39: readonly [Profile, Profile] = bothAbis({
  python: "3.9",
  lp64: { ...smallPools, keepsLastArena: true, addressTest: "arena-index" },
  ilp32: { ...smallPools, keepsLastArena: true, addressTest: "arena-index" },
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
    tupleMaxLength: 19,
    frame: 200,
    slice: 1,
    context: 255,
    method: 0,
  },
  smallInts: [-5, 256],
});
