/** The cycle collectors that a runtime knows by name. */
import { type CollectorFactory, type Profile, PyrenaError } from "@pyrena/abi";
import { generational, incremental } from "@pyrena/gc";
import { type Objects, trackingOnly } from "@pyrena/objects";
import type { CollectorChoice } from "./options.ts";

/** Built in, by name; undefined is what objects have by themselves: tracking without collecting. */
const builtIn: { readonly [name: string]: CollectorFactory | undefined } = {
  none: undefined,
  generational: generational(),
  incremental: incremental(),
};

/**
 * What a choice comes to; undefined: the collector that only tracks.
 * @throws PyrenaError `bad-argument`
 */
export function collectorFor(
  choice: CollectorChoice | undefined,
  profile: Profile,
): CollectorFactory | undefined {
  if (typeof choice === "function") return choice;
  const name: unknown = choice ?? profile.gc.policy;
  if (typeof name !== "string" || !isBuiltIn(name)) {
    throw new PyrenaError(
      "bad-argument",
      `collector: ${Object.keys(builtIn).join(", ")}, or a factory of your own, not ${String(name)}`,
    );
  }
  return builtIn[name];
}

/** The same for objects that have a collector already. */
export function replacementFor(choice: CollectorChoice, objects: Objects): CollectorFactory {
  return collectorFor(choice, objects.profile) ?? trackingOnly(objects.state + objects.at.tracked);
}

/** Whether a collector that names itself so is built in. */
export function isBuiltIn(name: string): name is "generational" | "incremental" | "none" {
  return Object.hasOwn(builtIn, name);
}
