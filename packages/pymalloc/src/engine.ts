/**
 * The WebAssembly engine: the same four functions over the same bytes, for a host that is WebAssembly itself and calls
 * them through its function table, a live CPython above all. After the same calls, the heap is the same to the byte;
 * so either engine may take over from the other between any two calls.
 *
 *     WebAssembly of the host ── call_indirect ──→ engine ── over 512 bytes, foreign blocks ── call_indirect ──→ previous
 *                                                    │ seldom: an arena is needed or empty
 *                                                    ↓
 *                                             TypeScript (arena-vector.ts)
 *
 * What is often done is done in WebAssembly. Whatever changes the arenas, and what is an error, is done by the
 * TypeScript code of the pymalloc that the engine was made for. What the engine counts lies in engine-state.ts.
 */
import {
  type Address,
  ilp32,
  type LinearMemory,
  layoutOf,
  PyrenaError,
  type StructLayout,
} from "@pyrena/abi";
import { obtainArena, releaseArena } from "./arena-vector.ts";
import { ENGINE_BYTES, ENGINE_NUMBERS } from "./engine-bytes.ts";
import { engineNumbers } from "./engine-numbers.ts";
import { type EngineField, engineState, PREVIOUS_WORDS } from "./engine-state.ts";
import type { Pymalloc } from "./pymalloc.ts";
import { startUsableArenas } from "./usable-arenas.ts";

/** A `PyMemAllocatorEx` of the host: its context, and its functions as indices into the table. */
export interface TableAllocator {
  readonly ctx: number;
  readonly malloc: number;
  readonly calloc: number;
  readonly realloc: number;
  readonly free: number;
}

/** The four functions as a function table has them; `domain` (0 to 2) is what the host passes as their context. */
export interface PymallocEngineFunctions {
  readonly malloc: (domain: number, size: number) => number;
  readonly calloc: (domain: number, nelem: number, elsize: number) => number;
  readonly realloc: (domain: number, ptr: Address, newSize: number) => number;
  readonly free: (domain: number, ptr: Address) => void;
}

/** What an engine is made of besides its pymalloc. */
export interface PymallocEngineOptions {
  /** The pymalloc's memory. */
  readonly memory: WebAssembly.Memory;
  /** The host's function table. */
  readonly table: WebAssembly.Table;
  /** Room for {@link engineLayout}, at a multiple of 8. The caller takes it, and gives it back after the last call. */
  readonly state: Address;
  /** Where the calls of each domain go on to, by its number; a domain that has none must never be passed. */
  readonly previous: readonly (TableAllocator | undefined)[];
  /** A record of the blocks that are passed on, and what to do where it has no page (engine-state.ts); default: none. */
  readonly record?: {
    readonly root: Address;
    /** Enter a block. */
    add(address: Address): void;
    /** Take a block out; false if it was not in. */
    delete(address: Address): boolean;
  };
  /**
   * What calls go to that are errors (a double free), and all of them after {@link PymallocEngine.handOver}. Default:
   * the pymalloc's own functions.
   */
  readonly host?: PymallocEngineFunctions;
  /** Told what an arena source or a sink throws, in place of throwing it through the engine to whoever called. */
  readonly onError?: (domain: number, error: unknown) => void;
}

/** The engine of one pymalloc. */
export interface PymallocEngine {
  /** To be entered into the table, or called. */
  readonly functions: PymallocEngineFunctions;
  /** Address of its own state ({@link engineLayout}). */
  readonly state: Address;
  /** From now on, every call goes to `host`, and the state is not used any more. */
  handOver(): void;
}

/** Where the engine's own state has its fields. */
export const engineLayout: StructLayout<EngineField> = layoutOf(engineState, ilp32);

let compiled: WebAssembly.Module | undefined;

/**
 * An engine for a pymalloc.
 * @throws PyrenaError `bad-argument` if the profile is not of ilp32, or the memory is another one
 */
export function instantiatePymallocEngine(
  pymalloc: Pymalloc,
  options: PymallocEngineOptions,
): PymallocEngine {
  const { ctx } = pymalloc;
  const { memory } = ctx;
  requireBuiltFor(pymalloc);
  if (memory.buffer !== options.memory.buffer) {
    throw new PyrenaError("bad-argument", "the engine's memory must be the pymalloc's own");
  }
  if (options.state % engineLayout.alignment !== 0) {
    throw new PyrenaError(
      "bad-argument",
      `the engine's state must lie at a multiple of ${engineLayout.alignment}`,
      { address: options.state },
    );
  }
  const { record, onError } = options;
  const host = options.host ?? {
    malloc: (_domain, size) => pymalloc.malloc(ctx, size >>> 0),
    calloc: (_domain, nelem, elsize) => pymalloc.calloc(ctx, nelem >>> 0, elsize >>> 0),
    realloc: (_domain, ptr, newSize) => pymalloc.realloc(ctx, ptr >>> 0, newSize >>> 0),
    free: (_domain, ptr) => pymalloc.free(ctx, ptr >>> 0),
  };
  const fail = (domain: number, error: unknown): void => {
    if (onError === undefined) throw error;
    onError(domain, error);
  };

  writeState(memory, options, ctx.keepsLastArena);
  compiled ??= new WebAssembly.Module(
    Uint8Array.from(atob(ENGINE_BYTES), (character) => character.charCodeAt(0)),
  );
  const instance = new WebAssembly.Instance(compiled, {
    env: { memory: options.memory, table: options.table },
    pymalloc: {
      state: ctx.state,
      address_map_slots: ctx.addressMapSlots,
      engine: options.state,
      obtain_arena: (domain: number): number => {
        freshen(memory);
        try {
          const arena = obtainArena(ctx);
          if (arena === 0) return 0;
          startUsableArenas(ctx, memory.u32, arena);
          return 1;
        } catch (error) {
          fail(domain, error);
          return -1;
        }
      },
      release_arena: (domain: number, arena: number): void => {
        freshen(memory);
        try {
          releaseArena(ctx, arena >>> 2);
        } catch (error) {
          fail(domain, error);
        }
      },
      record_block: (address: number): void => {
        freshen(memory);
        record?.add(address >>> 0);
      },
      forget_block: (address: number): number => {
        freshen(memory);
        return record?.delete(address >>> 0) === true ? 1 : 0;
      },
      malloc: (domain: number, size: number): number => {
        freshen(memory);
        return host.malloc(domain, size);
      },
      calloc: (domain: number, nelem: number, elsize: number): number => {
        freshen(memory);
        return host.calloc(domain, nelem, elsize);
      },
      realloc: (domain: number, ptr: number, newSize: number): number => {
        freshen(memory);
        return host.realloc(domain, ptr, newSize);
      },
      free: (domain: number, ptr: number): void => {
        freshen(memory);
        host.free(domain, ptr);
      },
    },
  });
  const { malloc, calloc, realloc, free, handOver } =
    instance.exports as unknown as PymallocEngineFunctions & Pick<PymallocEngine, "handOver">;
  return {
    functions: { malloc, calloc, realloc, free },
    state: options.state,
    handOver,
  };
}

function requireBuiltFor({ ctx }: Pymalloc): void {
  for (const [name, value] of Object.entries(engineNumbers(ctx.profile))) {
    if (ENGINE_NUMBERS[name] !== value) {
      throw new PyrenaError(
        "bad-argument",
        `the WebAssembly engine is built for ilp32 (${name} = ${ENGINE_NUMBERS[name]}), ` +
          `not for profile ${ctx.profile.name} (${value})`,
      );
    }
  }
}

function writeState(
  memory: LinearMemory,
  options: PymallocEngineOptions,
  keepsLastArena: boolean,
): void {
  const { at, bytes } = engineLayout;
  memory.u8.fill(0, options.state, options.state + bytes);
  const word = (offset: number): number => (options.state + offset) >>> 2;
  for (const [domain, previous] of options.previous.entries()) {
    if (previous === undefined) continue;
    const { ctx, malloc, calloc, realloc, free } = previous;
    memory.u32.set(
      [ctx, malloc, calloc, realloc, free],
      word(at.previous) + domain * PREVIOUS_WORDS,
    );
  }
  memory.u32[word(at.record)] = options.record?.root ?? 0;
  memory.u32[word(at.keeps_last_arena)] = keepsLastArena ? 1 : 0;
}

/** The host may have grown the memory since: a detached view has length 0. */
function freshen(memory: LinearMemory): void {
  if (memory.u8.length === 0) memory.refresh();
}
