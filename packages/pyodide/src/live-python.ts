/**
 * A live CPython, and how allocators get into it.
 *
 *     Python ── PyObject_Malloc ──→ struct of the domain ──→ function table ──→ shim.ts ──→ the allocator
 *                                                                                 │ blocks from before
 *                                                                                 ↓
 *                                                              the struct that was there before, through the table
 */
import {
  type Abi,
  type AllocatorFactory,
  type Domain,
  domainNames,
  type LinearMemory,
  MEM,
  OBJ,
  type Profile,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  type PythonMallocPlan,
  RAW,
  requireAllocator,
  resolvePythonMalloc,
  type StatsSink,
} from "@pyrena/abi";
import { createDebugHooks } from "@pyrena/debug";
import { type AllocatorStruct, callThrough, getAllocator } from "./allocator-struct.ts";
import { BlockRecord } from "./block-record.ts";
import { Installation, type InstalledDomain } from "./installation.ts";
import { LargeBlocks } from "./large-blocks.ts";
import { LiveEngine } from "./live-engine.ts";
import { liveMemory } from "./live-memory.ts";
import { LivePymalloc } from "./live-pymalloc.ts";
import { type PyodideLike, type PyodideModule, requireModule } from "./module.ts";
import { type OnError, Problems } from "./problems.ts";
import { pymallocFunctions } from "./pymalloc-functions.ts";
import { recordedFunctions } from "./recorded-functions.ts";
import { RequestCounters } from "./requests.ts";
import { liveProfile, pythonVersion } from "./version.ts";

/** A domain of tracemalloc's (not an allocator's) in which nobody tracks anything, and what Untrack answers when off. */
const UNUSED_TRACE_DOMAIN = 0x50_59_52_4e;
const NOT_TRACING = -2;

/** What to install, where. */
export interface InstallOptions {
  /**
   * A factory as `AllocatorFactory` describes it, called once for each domain; or a value of `PYTHONMALLOC`, of which
   * the mimalloc names are not built in. Default `pymalloc`: Pyrena's own.
   */
  readonly allocator?: AllocatorFactory | string;
  /**
   * Where. Default: MEM and OBJ for factories and plain names; all three for the debug names, as in CPython. A name
   * puts the same allocator into each domain that is listed here, RAW included.
   */
  readonly domains?: readonly Domain[];
  /** How reports call a factory's allocator. Default: the function's name. */
  readonly name?: string;
  /**
   * Told of each exception and invalid result of the allocator, which the interpreter sees as NULL. It is called in the
   * middle of an allocation and must not call into the interpreter.
   */
  readonly onError?: OnError;
  /**
   * What runs pymalloc: WebAssembly, faster than the interpreter's own allocator, or TypeScript. The heaps are the same.
   * Default: `wasm`, wherever the module shows its memory. Debug hooks and own allocators are always TypeScript.
   */
  readonly engine?: "wasm" | "typescript";
  /** Told of arenas. Only with pymalloc. */
  readonly sink?: StatsSink;
  /** Wraps the source of arenas. Only with pymalloc. */
  readonly wrapArenas?: (next: PyObjectArenaAllocator) => PyObjectArenaAllocator;
}

/** A running CPython, seen from outside. Made by {@link attach}. */
export class LivePython {
  /** Its memory; the views are fresh whenever an allocator is called. Call `refresh()` before other uses. */
  readonly memory: LinearMemory;
  /** `3.14.2`. */
  readonly python: string;
  readonly profile: Profile;
  readonly abi: Abi;
  readonly #module: PyodideModule;
  /** Bottom to top, as they were installed; removed ones are taken out. */
  readonly #installations: Installation[] = [];
  #settling = false;

  /** @internal Use {@link attach}. */
  constructor(module: PyodideModule) {
    this.#module = module;
    this.python = pythonVersion(module);
    this.profile = liveProfile(module);
    this.abi = this.profile.abi;
    this.memory = liveMemory(module);
  }

  /** The installations that are still in the interpreter, oldest first: active ones and draining ones. */
  get installations(): readonly Installation[] {
    return this.#installations;
  }

  /**
   * The allocator that is installed in a domain now, whoever installed it (`PyMem_GetAllocator`).
   * @throws PyrenaError `unknown-domain`
   */
  getAllocator(domain: Domain): PyMemAllocatorEx {
    requireDomain(domain);
    this.memory.refresh();
    return callThrough(this.#module, this.memory, getAllocator(this.#module, domain));
  }

  /**
   * Install an allocator, on top of what is there. Nothing is installed unless all of it can be.
   * @throws PyrenaError `bad-argument`, `unknown-domain`, `unknown-allocator`, `not-built-in`; `memory-limit` if the
   *   interpreter's memory has no room for its tables; `not-attached` while `tracemalloc` is tracing
   */
  install(options: InstallOptions = {}): Installation {
    const plan = this.#plan(options);
    this.#refuseUnderTracemalloc();
    this.memory.refresh();

    const { memory, profile } = this;
    const module = this.#module;
    const problems = new Problems(options.onError);
    const givenBack: (() => void)[] = [];
    const records: BlockRecord[] = [];
    const record = (): BlockRecord => {
      const made = BlockRecord.create(module, memory);
      if (made === undefined) {
        throw new PyrenaError(
          "memory-limit",
          "no room in the interpreter's memory for the record of an installation's blocks",
        );
      }
      records.push(made);
      givenBack.push(() => made.dispose());
      return made;
    };

    try {
      const counters = new RequestCounters();
      const before = plan.domains.map((domain) => getAllocator(module, domain));
      const previous: PyMemAllocatorEx[] = [];
      for (const [index, domain] of plan.domains.entries()) {
        previous[domain] = callThrough(module, memory, before[index]!);
      }

      const large = new LargeBlocks(profile.pymalloc.threshold, record());
      let pymalloc: LivePymalloc | undefined;
      let engine: LiveEngine | undefined;
      if (plan.pooled.length > 0) {
        const pooled: PyMemAllocatorEx[] = [];
        for (const domain of plan.pooled) pooled[domain] = previous[domain]!;
        const passedOn = record();
        const made = new LivePymalloc({
          module,
          memory,
          profile,
          record: passedOn,
          previous: pooled,
          counters,
          sink: options.sink,
          wrapArenas: options.wrapArenas,
        });
        givenBack.push(() => made.dispose());
        pymalloc = made;
        if (!plan.recorded && options.engine !== "typescript") {
          const struct: AllocatorStruct[] = [];
          for (const [index, domain] of plan.domains.entries()) struct[domain] = before[index]!;
          engine = LiveEngine.create(module, memory, made, passedOn, counters, struct, problems);
          if (engine !== undefined) givenBack.push(() => engine?.dispose());
        }
      }

      const domains = plan.domains.map((domain, index): InstalledDomain => {
        const allocator =
          engine?.structFor(domain) ?? plan.make(domain, previous[domain]!, pymalloc);
        requireAllocator(allocator, `${plan.name}, for domain ${domainNames[domain]}`);
        return {
          domain,
          before: before[index]!,
          allocator,
          record: plan.recorded ? record() : undefined,
        };
      });

      const installation = new Installation({
        module,
        name: plan.name,
        domains,
        pymalloc,
        records,
        large: plan.recorded ? large : pymalloc!.passedOn,
        counters,
        engine,
        problems,
        settle: () => this.#settle(),
      });
      const functions = plan.recorded
        ? recordedFunctions(
            memory,
            domains.map(({ domain, allocator, record }) => ({
              domain,
              allocator,
              previous: previous[domain]!,
              record: record!,
            })),
            large,
            counters,
            problems,
            installation,
          )
        : pymallocFunctions(memory, pymalloc!, previous, counters, problems, installation);
      const placed = engine?.start(functions) ?? functions;
      // From here on the installation gives back what it holds.
      givenBack.length = 0;
      installation.place(placed);
      this.#installations.push(installation);
      return installation;
    } catch (error) {
      for (const giveBack of givenBack.reverse()) giveBack();
      throw error;
    }
  }

  #plan(options: InstallOptions): Plan {
    const { allocator = "pymalloc" } = options;
    for (const domain of options.domains ?? []) requireDomain(domain);
    if (options.domains !== undefined && new Set(options.domains).size !== options.domains.length) {
      throw new PyrenaError("bad-argument", "install: a domain is listed twice");
    }
    if (options.domains?.length === 0) {
      throw new PyrenaError("bad-argument", "install: no domain is listed");
    }
    if (typeof allocator === "function") {
      return factoryPlan(allocator, options, this.memory);
    }
    if (typeof allocator !== "string") {
      throw new PyrenaError(
        "bad-argument",
        "install: allocator must be a factory, (next, { memory, domain }) => PyMemAllocatorEx, or a name",
      );
    }
    return namedPlan(resolvePythonMalloc(allocator, this.profile), options, this.memory, this.abi);
  }

  /**
   * `tracemalloc.stop()` puts back the structs that it found when it started. Whatever was installed on top of it in
   * the meantime is gone then, and its blocks are freed by an allocator that does not know them. Before Python is
   * initialised it cannot be tracing, and some versions' (3.13) cannot be asked yet.
   */
  #refuseUnderTracemalloc(): void {
    if (this.#module._Py_IsInitialized?.() === 0) return;
    const untracked = this.#module._PyTraceMalloc_Untrack?.(UNUSED_TRACE_DOMAIN, 0);
    if (untracked !== undefined && untracked !== NOT_TRACING) {
      throw new PyrenaError(
        "not-attached",
        "tracemalloc is tracing, and when it stops it would take out whatever is installed now: " +
          "call tracemalloc.stop(), install, then tracemalloc.start()",
      );
    }
  }

  /**
   * Take out, from the top, every installation that has drained. One that goes gives its tables back to the one below,
   * which may be waiting for just that: such a call from within is left to the loop.
   */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    try {
      for (let index = this.#installations.length - 1; index >= 0; index--) {
        if (this.#installations[index]!.settle()) this.#installations.splice(index, 1);
      }
    } finally {
      this.#settling = false;
    }
  }
}

/**
 * A running CPython as an object of Pyrena's.
 * @param pyodide what `loadPyodide()` returned, or its Emscripten module: in `fsInit`, in `preRun`, or in
 *   `onRuntimeInitialized`, that is before Python itself is initialised
 * @throws PyrenaError `not-attached` if it is none, or exports too little; `unknown-profile` for a Python version that
 *   is not known here
 */
export function attach(pyodide: PyodideLike): LivePython {
  return new LivePython(requireModule(pyodide));
}

/** What is going to be installed. */
interface Plan {
  readonly name: string;
  readonly domains: readonly Domain[];
  /** Those of them that stand on Pyrena's pymalloc. */
  readonly pooled: readonly Domain[];
  /** Whether blocks have to be recorded; pymalloc alone knows its own. */
  readonly recorded: boolean;
  make(
    domain: Domain,
    previous: PyMemAllocatorEx,
    pymalloc: LivePymalloc | undefined,
  ): PyMemAllocatorEx;
}

function factoryPlan(
  factory: AllocatorFactory,
  options: InstallOptions,
  memory: LinearMemory,
): Plan {
  return {
    name: options.name ?? (factory.name || "custom"),
    domains: options.domains ?? [MEM, OBJ],
    pooled: [],
    recorded: true,
    make: (domain, previous) => factory(previous, { memory, domain }),
  };
}

function namedPlan(
  named: PythonMallocPlan,
  options: InstallOptions,
  memory: LinearMemory,
  abi: Abi,
): Plan {
  if (named.mem === "mimalloc") {
    throw new PyrenaError(
      "not-built-in",
      `${named.name}: mimalloc is not built in here; built in: malloc, pymalloc, with or without debug hooks`,
    );
  }
  const domains = options.domains ?? (named.debug ? [RAW, MEM, OBJ] : [MEM, OBJ]);
  const pooled =
    named.mem === "pymalloc"
      ? domains.filter((domain) => options.domains !== undefined || domain !== RAW)
      : [];
  return {
    name: named.name,
    domains,
    pooled,
    recorded: named.debug || pooled.length === 0,
    make: (domain, previous, pymalloc) => {
      const base = pooled.includes(domain) ? pymalloc!.structFor(domain) : previous;
      return named.debug ? createDebugHooks(base, { memory, abi, domain }) : base;
    },
  };
}

function requireDomain(domain: Domain): void {
  if (domain !== RAW && domain !== MEM && domain !== OBJ) {
    throw new PyrenaError(
      "unknown-domain",
      `no allocator domain ${String(domain)}: there are 0 (raw), 1 (mem), 2 (obj)`,
    );
  }
}
