/** What is counted of the calls that arrive in each domain. */
import { type Domain, domainNames, type StatDeclaration, type StatSource } from "@pyrena/abi";

/** Counters of a domain, as offsets from `domain * REQUEST_COUNTERS` in {@link RequestCounters.counts}. */
export const MALLOC = 0;
export const CALLOC = 1;
export const REALLOC = 2;
export const FREE = 3;
export const FAILED = 4;
export const FOREIGN = 5;
export const REQUEST_COUNTERS = 8;

const declarations: readonly StatDeclaration[] = (
  [
    ["malloc", "calls of malloc"],
    ["calloc", "calls of calloc"],
    ["realloc", "calls of realloc"],
    ["free", "calls of free, those with NULL included"],
    ["failed", "requests that were answered with NULL"],
    [
      "foreign",
      "calls of free and realloc with a block older than the installation, passed on to the allocator before",
    ],
  ] as const
).map(([name, help]) => ({ name, unit: "calls", kind: "total", help }));

/** The calls that arrived in one domain since the installation. */
export interface DomainRequests {
  readonly malloc: number;
  readonly calloc: number;
  readonly realloc: number;
  /** Those with NULL included. */
  readonly free: number;
  /** Requests that were answered with NULL. */
  readonly failed: number;
  /** Calls of `free` and `realloc` with a block that is older than the installation. */
  readonly foreign: number;
}

/** Counters of one installation. Doubles, so that they neither wrap nor change representation at 2^31. */
export class RequestCounters {
  readonly counts: Float64Array = new Float64Array(3 * REQUEST_COUNTERS);
  /** Called before they are read: to fetch what the WebAssembly engine has counted. */
  pull: (() => void) | undefined;

  /** The counters of one domain as they are now. */
  of(domain: Domain): DomainRequests {
    this.pull?.();
    const from = domain * REQUEST_COUNTERS;
    const [malloc = 0, calloc = 0, realloc = 0, free = 0, failed = 0, foreign = 0] =
      this.counts.subarray(from);
    return { malloc, calloc, realloc, free, failed, foreign };
  }

  /** The counters of one domain as declared statistics. */
  source(domain: Domain): StatSource {
    return {
      layer: `pyodide.${domainNames[domain]}`,
      declarations,
      read: (index) => {
        this.pull?.();
        return this.counts[domain * REQUEST_COUNTERS + index];
      },
    };
  }
}
