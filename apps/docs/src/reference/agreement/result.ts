/** What one run of `pnpm agree` has found, as it is kept in `agree/results`. */

/** Version of the JSON's layout. */
export const AGREEMENT_VERSION = 1;

/** One CPython that was asked. */
export interface AgreementOracle {
  /** `3.13-lp64` */
  readonly id: string;
  readonly python: string;
  readonly abi: "lp64" | "ilp32";
  /** `CPython 3.13.0` */
  readonly title: string;
  readonly programs: number;
  readonly differing: number;
}

/** How often something stands in the programs of all oracles together, by name. */
export type Counts = Readonly<Record<string, number>>;

/** A run. */
export interface AgreementResult {
  readonly version: typeof AGREEMENT_VERSION;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Of the repository. */
  readonly commit: string;
  /** Seed of the first program; the next ones follow. */
  readonly seed: number;
  readonly oracles: readonly AgreementOracle[];
  readonly counts: {
    /** How programs meet the collector: not at all, by calling it, or with automatic collection on. */
    readonly collecting: Counts;
    /** Values that are made, by type. */
    readonly values: Counts;
    readonly statements: Counts;
    /** Operations on a value, by the name in `agree/src/operations.ts`. */
    readonly operations: Counts;
    /** What was asked about and compared. */
    readonly queries: Counts;
    /** What `__del__` of the classes does. */
    readonly finalizers: Counts;
  };
}
