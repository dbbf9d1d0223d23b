/**
 * The WebAssembly engine of a pymalloc in a live interpreter: no call of the interpreter leaves WebAssembly but for
 * arenas. Everything else is there in TypeScript (live-pymalloc.ts, passed-on.ts, pymalloc-functions.ts) and is the
 * master of what is counted whenever TypeScript runs:
 *
 * - figures are **pulled** out of the engine's state before somebody reads them;
 * - calls from JavaScript are TypeScript's, on the same heap: they pull, and **push** the figures back;
 * - `uninstall` hands over: from then on all calls come to the TypeScript functions, and draining is theirs.
 */
import {
  type Address,
  type Domain,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
} from "@pyrena/abi";
import { engineLayout, instantiatePymallocEngine, type PymallocEngine } from "@pyrena/pymalloc";
import type { AllocatorStruct } from "./allocator-struct.ts";
import type { BlockRecord } from "./block-record.ts";
import type { TableFunctions } from "./functions.ts";
import { take } from "./libc.ts";
import { freshen } from "./live-memory.ts";
import type { LivePymalloc } from "./live-pymalloc.ts";
import type { PyodideModule } from "./module.ts";
import type { Problems } from "./problems.ts";
import type { RequestCounters } from "./requests.ts";

/** One engine; made before what it is installed with, started after. */
export class LiveEngine {
  readonly #module: PyodideModule;
  readonly #memory: LinearMemory;
  readonly #wasmMemory: WebAssembly.Memory;
  readonly #live: LivePymalloc;
  readonly #record: BlockRecord;
  readonly #previous: readonly AllocatorStruct[];
  readonly #problems: Problems;
  /** Address of the engine's state. */
  readonly #state: Address;
  /** The figures in TypeScript, and where the engine has them. */
  readonly #figures: readonly (readonly [figures: Float64Array, offset: number])[];
  #engine: PymallocEngine | undefined;
  /** While a call from JavaScript changes the figures in TypeScript. */
  #calling = false;

  private constructor(
    module: PyodideModule,
    memory: LinearMemory,
    wasmMemory: WebAssembly.Memory,
    live: LivePymalloc,
    record: BlockRecord,
    counters: RequestCounters,
    previous: readonly AllocatorStruct[],
    problems: Problems,
    state: Address,
  ) {
    this.#module = module;
    this.#memory = memory;
    this.#wasmMemory = wasmMemory;
    this.#live = live;
    this.#record = record;
    this.#previous = previous;
    this.#problems = problems;
    this.#state = state;
    const { at } = engineLayout;
    this.#figures = [
      [counters.counts, at.requests],
      [live.gauge, at.pooled],
      [live.passedOn.figures, at.passed_on],
    ];
    const pull = (): void => this.#pull();
    counters.pull = pull;
    live.pull = pull;
    live.passedOn.pull = pull;
  }

  /** An engine, or undefined where the module hides its memory, or there is no room for the engine's state. */
  static create(
    module: PyodideModule,
    memory: LinearMemory,
    live: LivePymalloc,
    record: BlockRecord,
    counters: RequestCounters,
    previous: readonly AllocatorStruct[],
    problems: Problems,
  ): LiveEngine | undefined {
    const wasmMemory = module.memory;
    if (!(wasmMemory instanceof WebAssembly.Memory)) return undefined;
    if (wasmMemory.buffer !== module.HEAPU8.buffer) return undefined;
    const state = take(module, memory, engineLayout.alignment, engineLayout.bytes);
    if (state === NULL) return undefined;
    return new LiveEngine(
      module,
      memory,
      wasmMemory,
      live,
      record,
      counters,
      previous,
      problems,
      state,
    );
  }

  /** Whether calls are the engine's: from its start until they are handed over. */
  get running(): boolean {
    return this.#engine !== undefined;
  }

  /** The functions for the table. `host` serves the calls after the engine has handed over. */
  start(host: TableFunctions): TableFunctions {
    const module = this.#module;
    this.#engine = instantiatePymallocEngine(this.#live.pymalloc, {
      memory: this.#wasmMemory,
      table: module.wasmTable,
      state: this.#state,
      previous: this.#previous,
      record: this.#recordForEngine(),
      host,
      onError: (domain, error) => this.#problems.thrown(domain as Domain, "malloc", error),
    });
    this.#push();
    return this.#engine.functions;
  }

  /** All calls are TypeScript's from now on. */
  handOver(): void {
    if (this.#engine === undefined) return;
    this.#pull();
    this.#engine.handOver();
    this.#engine = undefined;
  }

  /** The allocator struct of a domain, for calls from JavaScript. */
  structFor(domain: Domain): PyMemAllocatorEx<number> {
    const { malloc, calloc, realloc, free } = this.#live;
    return {
      ctx: domain,
      malloc: (ctx, size) => this.#call(() => malloc(ctx, size)),
      calloc: (ctx, nelem, elsize) => this.#call(() => calloc(ctx, nelem, elsize)),
      realloc: (ctx, ptr, newSize) => this.#call(() => realloc(ctx, ptr, newSize)),
      free: (ctx, ptr) => this.#call(() => free(ctx, ptr)),
      walker: this.#live.pymalloc.walker,
    };
  }

  /** Give the engine's state back, after the last call. */
  dispose(): void {
    this.handOver();
    this.#module._free(this.#state);
  }

  #recordForEngine(): { root: Address; add(a: Address): void; delete(a: Address): boolean } {
    const record = this.#record;
    return {
      root: record.root,
      add: (address) => record.add(address),
      delete: (address) => record.delete(address),
    };
  }

  #call<Result>(call: () => Result): Result {
    this.#pull();
    this.#calling = true;
    try {
      return call();
    } finally {
      this.#calling = false;
      this.#push();
    }
  }

  #pull(): void {
    const memory = this.#memory;
    freshen(memory);
    if (this.#engine === undefined || this.#calling) return;
    for (const [figures, offset] of this.#figures) {
      const from = (this.#state + offset) / 8;
      for (let n = 0; n < figures.length; n++) figures[n] = memory.f64[from + n];
    }
  }

  #push(): void {
    const memory = this.#memory;
    freshen(memory);
    if (this.#engine === undefined) return;
    for (const [figures, offset] of this.#figures) {
      memory.f64.set(figures, (this.#state + offset) / 8);
    }
  }
}
