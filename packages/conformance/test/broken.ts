/** Runs laws on an implementation that is broken on purpose, and says which of them noticed. */
import { PyrenaError } from "@pyrena/abi";
import type { Law } from "@pyrena/conformance";
import { expect } from "vitest";

/** A law that was found broken: the one that was checked, and the one that its error names. */
export interface Found {
  readonly law: string;
  readonly told: string | undefined;
}

/** The laws that an implementation breaks. */
export function broken<Subject>(laws: readonly Law<Subject>[], make: () => Subject): Found[] {
  return laws.flatMap((law) => {
    const error = thrown(() => law.check(make));
    if (error === undefined) return [];
    expect(error.code, error.message).toBe("law-broken");
    expect(error.message).toContain(`law ${error.invariant} is broken`);
    return [{ law: law.id, told: error.invariant }];
  });
}

/** The PyrenaError that a call throws, if it throws. */
export function thrown(run: () => unknown): PyrenaError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof PyrenaError) return error;
    throw error;
  }
  return undefined;
}
