/** What the version files share: one version's facts, placed on both data models. */
import { type Abi, ilp32, lp64 } from "../abi.ts";
import type { FreeListProfile, GcProfile, Profile, PymallocProfile } from "../profile.ts";

/** The facts of a version that do not depend on the data model, and pymalloc's, which does. */
export interface VersionFacts {
  readonly python: string;
  readonly lp64: PymallocProfile;
  readonly ilp32: PymallocProfile;
  readonly hasMimalloc: boolean;
  readonly gc: GcProfile;
  readonly freeLists: FreeListProfile;
  readonly smallInts: readonly [number, number];
}

/** Geometry of pools of 4 KiB in arenas of 256 KiB. */
export const smallPools: Pick<
  PymallocProfile,
  "threshold" | "poolBytes" | "arenaBytes" | "initialArenaObjects"
> = {
  threshold: 512,
  poolBytes: 4096,
  arenaBytes: 256 * 1024,
  initialArenaObjects: 16,
};

/** Geometry of pools of 16 KiB in arenas of 1 MiB (lp64 from 3.10 on). */
export const largePools: typeof smallPools = {
  threshold: 512,
  poolBytes: 16 * 1024,
  arenaBytes: 1024 * 1024,
  initialArenaObjects: 16,
};

/** The two profiles of a version. */
export function bothAbis(facts: VersionFacts): readonly [Profile, Profile] {
  return [onAbi(facts, lp64), onAbi(facts, ilp32)];
}

function onAbi(facts: VersionFacts, abi: Abi): Profile {
  const [major = 0, minor = 0] = facts.python.split(".").map(Number);
  const word = abi.pointerBytes;
  return Object.freeze({
    name: `cpython-${facts.python}-${abi.name}`,
    id: (major << 16) | (minor << 8) | word,
    python: facts.python,
    abi,
    pymalloc: Object.freeze(facts[abi.name]),
    hasMimalloc: facts.hasMimalloc,
    gc: Object.freeze(facts.gc),
    headers: Object.freeze({ object: 2 * word, varObject: 3 * word, gcHead: 2 * word }),
    freeLists: Object.freeze(facts.freeLists),
    smallInts: Object.freeze(facts.smallInts),
  });
}
