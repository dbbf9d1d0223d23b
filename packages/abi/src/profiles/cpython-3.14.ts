/** CPython 3.14.0 to 3.14.4: the incremental collector; one-digit ints get a free list. */
import type { Profile } from "../profile.ts";
import { bothAbis, largePools, smallPools } from "./define.ts";

/** The lp64 and the ilp32 profile. */
export const cpython314: readonly [Profile, Profile] = bothAbis({
  python: "3.14",
  lp64: { ...largePools, keepsLastArena: true, addressTest: "radix-tree" },
  ilp32: { ...smallPools, keepsLastArena: true, addressTest: "radix-tree" },
  hasMimalloc: true,
  gc: { policy: "incremental", thresholds: [2000, 10, 0], counts: "tracking", trigger: "deferred" },
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
  smallInts: [-5, 256],
});
