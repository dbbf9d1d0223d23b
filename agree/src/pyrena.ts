/**
 * Performs programs on Pyrena's objects: the other half of {@link ./python.ts}. Every statement becomes the calls that
 * CPython's interpreter would make, in its order: operands are new references, results are stored or dropped, and only
 * then are the operands released.
 */
import { type Address, type CollectorFactory, type Profile, profileFor } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import type { Program } from "./program.ts";
import { collectorOf } from "./pyrena/heap.ts";
import { Run } from "./pyrena/run.ts";

/** Variations of a runner, for tests. */
export interface RunnerOptions {
  /** Make a heap for every program, instead of setting one back to its first state; slower. */
  readonly freshHeaps?: boolean;
  /** Changes the version's facts before objects are made: a difference to be found. */
  readonly profile?: (profile: Profile) => Profile;
  /** Changes the objects before any program, likewise. */
  readonly alter?: (py: Objects) => void;
  /** Changes the collector, likewise. */
  readonly collector?: (factory: CollectorFactory) => CollectorFactory;
  /** Told of the objects after every program, and of the references that are still held: to check them. */
  readonly afterwards?: (py: Objects, held: readonly Address[]) => void;
}

/** Makes the log of programs for one version on one data model. */
export class PyrenaRunner {
  readonly python: string;
  readonly abi: "lp64" | "ilp32";
  readonly #options: RunnerOptions;
  /** Names for which the objects have made strs once and for all, and remember where. */
  readonly #names: Set<string> = new Set();
  #run: Run | undefined;
  #bytes: Uint8Array | undefined;

  constructor(python: string, abi: "lp64" | "ilp32", options: RunnerOptions = {}) {
    this.python = python;
    this.abi = abi;
    this.#options = options;
  }

  /**
   * The program's log, as lines of `what=value`. The heap's bytes are its whole state: it is set back to what it was
   * before the last program by copying them.
   */
  run(program: Program): string {
    const run = this.#ready();
    const names = this.#names.size;
    // Should something be thrown, the next program gets a new heap.
    this.#run = undefined;
    const log = run.perform(program).join("\n");
    this.#options.afterwards?.(run.world.py, run.held());
    // Copying the bytes back would take a str away that the objects remember.
    if (this.#names.size === names) this.#run = run;
    return log;
  }

  #ready(): Run {
    const { freshHeaps = false, alter, collector, profile } = this.#options;
    const before = this.#run;
    const bytes = this.#bytes;
    const memory = before?.world.py.memory;
    if (!freshHeaps && before && memory && bytes && memory.byteLength === bytes.length) {
      memory.u8.set(bytes);
      return before;
    }
    const facts = profileFor(this.python, this.abi);
    const factory = collectorOf(facts);
    const run = new Run(profile?.(facts) ?? facts, collector?.(factory) ?? factory);
    const { py } = run.world;
    rememberNames(py, this.#names);
    alter?.(py);
    this.#bytes = py.memory.u8.slice();
    return run;
  }
}

/** Makes the strs for these names beforehand, and adds whatever names come up later. */
function rememberNames(py: Objects, names: Set<string>): void {
  const str = py.str as { -readonly [member in keyof Objects["str"]]: Objects["str"][member] };
  const { name } = str;
  for (const text of names) name(text);
  str.name = (text) => {
    names.add(text);
    return name(text);
  };
}
