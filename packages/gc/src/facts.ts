/** What distinguishes the collectors of one CPython version from another's, as data. */
import type { Profile } from "@pyrena/abi";

/** Facts of one profile's collectors. */
export interface GcFacts {
  /** Whether an automatic collection runs inside the allocation (3.11), or at the next poll. */
  readonly trigger: "at-once" | "deferred";
  /** What becomes of an immortal object that a collection meets (3.12 and later). */
  readonly immortals: "stay" | "permanent" | "untracked";
  /**
   * When weak references to garbage die: all of them before finalizers run, or those without a callback only after
   * (3.15), so that finalizers can still use them.
   */
  readonly weakrefsDie: "before-finalizers" | "with-callback-first";
}

/** The facts of a profile. */
export function gcFacts(profile: Profile): GcFacts {
  const minor = Number(profile.python.split(".")[1]);
  return {
    trigger: profile.gc.trigger,
    immortals: minor <= 11 ? "stay" : minor <= 13 ? "permanent" : "untracked",
    weakrefsDie: minor >= 15 ? "with-callback-first" : "before-finalizers",
  };
}
