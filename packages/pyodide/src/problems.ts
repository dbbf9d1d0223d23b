/**
 * What goes wrong inside an allocator while the interpreter is calling it. A JavaScript exception must never travel
 * through WebAssembly frames: CPython would be left in the middle of whatever it was doing. So it ends here: the
 * request is answered with NULL (MemoryError in Python), and the problem is kept and told.
 */
import { type Domain, domainNames } from "@pyrena/abi";

/** The function of the struct that was being called. */
export type AllocatorFunction = "malloc" | "calloc" | "realloc" | "free";

/** One kind of problem, with how often it came. */
export interface AllocatorProblem {
  readonly domain: Domain;
  readonly where: AllocatorFunction;
  readonly message: string;
  /** What was thrown, or undefined where the result was not valid. */
  readonly error: unknown;
  readonly times: number;
}

/** Told of each occurrence, in the middle of an allocation: it must not call into the interpreter. */
export type OnError = (problem: AllocatorProblem) => void;

/** Problems of one installation, equal ones together. */
export class Problems {
  readonly #byText: Map<
    string,
    { -readonly [Key in keyof AllocatorProblem]: AllocatorProblem[Key] }
  > = new Map();
  readonly #onError: OnError | undefined;

  constructor(onError: OnError | undefined) {
    this.#onError = onError;
  }

  /** Every kind so far, first seen first. */
  list(): AllocatorProblem[] {
    return [...this.#byText.values()].map((problem) => ({ ...problem }));
  }

  /** Keep an exception. Never throws. */
  thrown(domain: Domain, where: AllocatorFunction, error: unknown): void {
    this.#keep(domain, where, error instanceof Error ? error.message : String(error), error);
  }

  /** Keep a result that is no address. Never throws. */
  invalid(domain: Domain, where: AllocatorFunction, result: unknown): void {
    this.#keep(
      domain,
      where,
      `returned ${String(result)}, which is no address of a block: a whole number, a multiple of 8, inside the memory`,
      undefined,
    );
  }

  #keep(domain: Domain, where: AllocatorFunction, message: string, error: unknown): void {
    try {
      const text = `${domainNames[domain]}.${where}: ${message}`;
      let problem = this.#byText.get(text);
      if (problem === undefined) {
        problem = { domain, where, message, error, times: 0 };
        this.#byText.set(text, problem);
      }
      problem.times++;
      this.#onError?.({ ...problem });
    } catch {
      // The reporter failed too; there is nobody left to tell, and the interpreter must go on.
    }
  }
}
