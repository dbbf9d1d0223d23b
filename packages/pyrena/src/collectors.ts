/** The cycle collectors that a runtime knows by name. */
import { type CollectorFactory, type Profile, PyrenaError } from "@pyrena/abi";
import type { CollectorChoice } from "./options.ts";

/** Built in, by name; undefined is what objects have by themselves: tracking without collecting. */
const builtIn: { readonly [name: string]: CollectorFactory | undefined } = {
  none: undefined,
  generational: undefined,
  incremental: undefined,
};

/** What a choice comes to; undefined: the collector that only tracks. */
export function collectorFor(
  choice: CollectorChoice | undefined,
  profile: Profile,
): CollectorFactory | undefined {
  if (typeof choice === "function") return choice;
  const name: unknown = choice ?? profile.gc.policy;
  if (typeof name !== "string" || !Object.hasOwn(builtIn, name)) {
    throw new PyrenaError(
      "bad-argument",
      `collector: ${Object.keys(builtIn).join(", ")}, or a factory of your own, not ${String(name)}`,
    );
  }
  return builtIn[name];
}

/** Whether a collector that names itself so is built in. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(builtIn, name);
}
