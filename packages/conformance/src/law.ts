/** What a law is, and how a broken one is told. Nothing here or above it knows a test framework. */
import { type ErrorDetails, PyrenaError } from "@pyrena/abi";

/** One law of a contract, as a check that can be run against anybody's implementation. */
export interface Law<Subject> {
  /** As in the contract's docstring: `A5`. */
  readonly id: string;
  /** A sentence that starts with the id; made to be the name of a test. */
  readonly name: string;
  /**
   * Try to find a case where the law does not hold.
   * @param make makes a fresh implementation; called once or more, each time for a new, independent one
   * @throws PyrenaError `law-broken`, with the law's id in `invariant` and what was seen in the message
   */
  check(this: void, make: () => Subject): void;
}

/**
 * Report a broken law.
 * @param id the law
 * @param seen what was called, what came and what should have come
 * @throws PyrenaError `law-broken`, always
 */
export function lawBroken(id: string, seen: string, details: ErrorDetails = {}): never {
  throw new PyrenaError("law-broken", `law ${id} is broken: ${seen}`, {
    ...details,
    invariant: id,
  });
}

/** What an exception says, for a message. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
