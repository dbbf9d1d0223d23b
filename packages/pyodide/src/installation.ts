/**
 * One installation of an allocator in some domains of a live interpreter, from `install` to the end of its draining.
 *
 *     active ── uninstall() ──→ draining ── no block of ours is live, our structs are on top ──→ removed
 *
 * Installations of a domain are stacked, as CPython's hooks are: each keeps the struct that it replaced, and calls it.
 * So one can only be taken out from the top. Uninstalled in any order, each stops serving new requests at once; one
 * that lies below another goes on passing calls through until the one above is removed, and is then removed too. The
 * same holds when someone else has wrapped it meanwhile (`tracemalloc.start()`): it looks now and then whether it is on
 * top again (`tracemalloc.stop()`).
 */
import type { Domain, HeapWalker, PyMemAllocatorEx, StatSource, StatsSink } from "@pyrena/abi";
import {
  type AllocatorStruct,
  getAllocator,
  sameAllocator,
  setAllocator,
} from "./allocator-struct.ts";
import type { BlockRecord } from "./block-record.ts";
import type { TableFunctions } from "./functions.ts";
import type { LargeBlocks } from "./large-blocks.ts";
import type { LiveEngine } from "./live-engine.ts";
import type { LivePymalloc } from "./live-pymalloc.ts";
import type { PyodideModule } from "./module.ts";
import type { LargeRequests, PassedOn } from "./passed-on.ts";
import type { AllocatorProblem, Problems } from "./problems.ts";
import type { DomainRequests, RequestCounters } from "./requests.ts";

/** How far an installation has come. */
export type InstallationState = "active" | "draining" | "removed";

/** How often a drained installation that something else lies upon looks whether it is on top again, in calls. */
const LOOK_EVERY = 64;

/** One domain of an installation, while it is built and after. */
export interface InstalledDomain {
  readonly domain: Domain;
  /** What was installed before. */
  readonly before: AllocatorStruct;
  readonly allocator: PyMemAllocatorEx;
  /** The blocks handed out; undefined, in all domains alike, where pymalloc itself tells which are its own. */
  readonly record: BlockRecord | undefined;
}

/** What an {@link Installation} consists of. */
export interface InstallationParts {
  readonly module: PyodideModule;
  readonly name: string;
  readonly domains: readonly InstalledDomain[];
  readonly pymalloc: LivePymalloc | undefined;
  /** All that were made for it, to be given back at the end. */
  readonly records: readonly BlockRecord[];
  readonly large: LargeBlocks | PassedOn;
  readonly counters: RequestCounters;
  /** Runs {@link pymalloc}, if TypeScript does not. */
  readonly engine: LiveEngine | undefined;
  readonly problems: Problems;
  /** Called when blocks have drained, to take out what can be taken out. */
  readonly settle: () => void;
}

/** An allocator in a live interpreter. Made by `LivePython.install`. */
export class Installation {
  /** A value of `PYTHONMALLOC`, or what the caller named its own allocator. */
  readonly name: string;
  /** The domains that it was installed in. */
  readonly domains: readonly Domain[];
  readonly #parts: InstallationParts;
  #state: InstallationState = "active";
  /** @internal As the functions in the table see it: a plain field, since they read it on each call. */
  draining = false;
  /** Our functions, as indices into the table; none before they are placed and after they are released. */
  #functions: Omit<AllocatorStruct, "ctx"> | undefined;
  /** The domains that still have our struct. */
  readonly #placed: Set<InstalledDomain> = new Set();
  /** Live blocks of pymalloc's pools while draining. */
  #poolBlocks = 0;
  #looks = 0;

  constructor(parts: InstallationParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.domains = parts.domains.map(({ domain }) => domain);
  }

  /** How far it has come. */
  get state(): InstallationState {
    return this.#state;
  }

  /** @internal Whether nothing of it is left. */
  get removed(): boolean {
    return this.#state === "removed";
  }

  /** Whether it is active and on top in each of its domains: nobody has wrapped or replaced it. */
  get onTop(): boolean {
    return this.#state === "active" && [...this.#placed].every((part) => this.#isOnTop(part));
  }

  /** Looks into the allocator, if it can be looked into. */
  get walker(): HeapWalker | undefined {
    return this.#parts.pymalloc?.pymalloc.walker ?? this.#parts.domains.at(-1)?.allocator.walker;
  }

  /** Everything that is counted: calls by domain, and what pymalloc and its surroundings count. */
  get stats(): readonly StatSource[] {
    const { pymalloc, counters } = this.#parts;
    const calls = this.domains.map((domain) => counters.source(domain));
    return pymalloc === undefined ? calls : [pymalloc.pymalloc.stats, pymalloc, ...calls];
  }

  /** Pyrena's pymalloc, if it is what was installed. */
  get pymalloc(): LivePymalloc | undefined {
    return this.#parts.pymalloc;
  }

  /** What runs pymalloc now: WebAssembly until it is uninstalled, where there is such an engine. */
  get engine(): "wasm" | "typescript" {
    return this.#parts.engine?.running === true ? "wasm" : "typescript";
  }

  /** Requests over pymalloc's threshold (512 bytes). */
  get large(): LargeRequests {
    return this.#parts.large.snapshot();
  }

  /** Exceptions and invalid results of the allocator so far. */
  get problems(): AllocatorProblem[] {
    return this.#parts.problems.list();
  }

  /** Told of arenas, if pymalloc is what was installed. */
  set sink(sink: StatsSink | undefined) {
    if (this.#parts.pymalloc !== undefined) this.#parts.pymalloc.pymalloc.sink = sink;
  }

  /** The allocator as it is installed in a domain, for calls from JavaScript; undefined for other domains. */
  allocator(domain: Domain): PyMemAllocatorEx | undefined {
    return this.#parts.domains.find((one) => one.domain === domain)?.allocator;
  }

  /** The calls that arrived in a domain. */
  requests(domain: Domain): DomainRequests | undefined {
    return this.domains.includes(domain) ? this.#parts.counters.of(domain) : undefined;
  }

  /** Blocks of ours that are live: what draining waits for. For pymalloc, this visits every pool. */
  get liveBlocks(): number {
    if (this.#state === "removed") return 0;
    const { domains, pymalloc } = this.#parts;
    // Where blocks are recorded, the record counts them all; pymalloc alone needs none.
    return this.#recorded
      ? domains.reduce((sum, { record }) => sum + record!.size, 0)
      : pymalloc!.liveBlocks();
  }

  /**
   * Serve no new request from now on. Blocks that are live stay valid: they are resized and freed by this allocator
   * until none is left; then the struct that was there before is restored, and memory and table slots are given back.
   * Does nothing if it was called before.
   */
  uninstall(): void {
    if (this.#state !== "active") return;
    this.#state = "draining";
    this.draining = true;
    this.#parts.engine?.handOver();
    if (!this.#recorded) this.#poolBlocks = this.#parts.pymalloc!.liveBlocks();
    this.#parts.settle();
  }

  /** @internal Enter the functions into the table, and the structs into the domains. */
  place(functions: TableFunctions): void {
    const { module, domains } = this.#parts;
    try {
      this.#functions = enterFunctions(module, functions);
    } catch (error) {
      this.#release();
      throw error;
    }
    for (const part of domains) {
      setAllocator(module, part.domain, this.#structOf(part));
      this.#placed.add(part);
    }
  }

  /** @internal A block of a pool was handed out or taken back while draining. */
  poolBlocksChanged(by: number): void {
    this.#poolBlocks += by;
  }

  /** @internal A call has come to its end while draining: see whether it was the last one needed. */
  called(): void {
    if (this.#state !== "draining" || !this.#drained) return;
    if (this.#looks++ % LOOK_EVERY === 0) this.#parts.settle();
  }

  /** @internal Take out what can be taken out. Returns whether nothing of it is left. */
  settle(): boolean {
    if (this.#state !== "draining" || !this.#drained) return this.#state === "removed";
    for (const part of this.#placed) {
      if (!this.#isOnTop(part)) continue;
      setAllocator(this.#parts.module, part.domain, part.before);
      this.#placed.delete(part);
    }
    if (this.#placed.size > 0) return false;
    this.#state = "removed";
    this.#release();
    return true;
  }

  get #recorded(): boolean {
    return this.#parts.domains[0]!.record !== undefined;
  }

  get #drained(): boolean {
    return this.#recorded
      ? this.#parts.domains.every(({ record }) => record!.size === 0)
      : this.#poolBlocks <= 0;
  }

  #structOf({ domain }: InstalledDomain): AllocatorStruct {
    return { ctx: domain, ...this.#functions! };
  }

  #isOnTop(part: InstalledDomain): boolean {
    return sameAllocator(getAllocator(this.#parts.module, part.domain), this.#structOf(part));
  }

  #release(): void {
    const { module, engine, pymalloc, records } = this.#parts;
    if (this.#functions !== undefined) {
      for (const index of Object.values(this.#functions)) module.removeFunction(index);
      this.#functions = undefined;
    }
    engine?.dispose();
    pymalloc?.dispose();
    for (const record of records) record.dispose();
  }
}

function enterFunctions(
  module: PyodideModule,
  functions: TableFunctions,
): Omit<AllocatorStruct, "ctx"> {
  const entered: number[] = [];
  const enter = (fn: (...args: number[]) => number | void, signature: string): number => {
    const index = module.addFunction(fn, signature);
    entered.push(index);
    return index;
  };
  try {
    return {
      malloc: enter(functions.malloc, "iii"),
      calloc: enter(functions.calloc, "iiii"),
      realloc: enter(functions.realloc, "iiii"),
      free: enter(functions.free, "vii"),
    };
  } catch (error) {
    for (const index of entered) module.removeFunction(index);
    throw error;
  }
}
