/** CPython 3.10: pools of 16 KiB in arenas of 1 MiB on lp64; the address test becomes a radix tree. */
import type { Profile } from "../profile.ts";
import { bothAbis, largePools, smallPools } from "./define.ts";

/** The lp64 and the ilp32 profile. */
export const cpython310: readonly [Profile, Profile] = bothAbis({
  python: "3.10",
  // 3.10 ignores the upper 16 bits of an address; 3.11 looks at all 64.
  lp64: { ...largePools, keepsLastArena: true, addressTest: "radix-tree", addressBits: 48 },
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
    tupleMaxLength: 19,
    frame: 200,
    slice: 1,
    context: 255,
    method: 0,
  },
  smallInts: [-5, 256],
});
