/**
 * Sees every allocation of a program, while it is wanted: functions on top of those that are installed in MEM and OBJ. They
 * are entered into the function table when the interpreter starts, and need no memory of the heap's, so that a program
 * that is watched so does the same as one that is not.
 *
 *     PyMemAllocatorEx: ctx, malloc, calloc, realloc, free (20 bytes, ilp32)
 */
import { type Domain, MEM, OBJ } from "@pyrena/abi";
import type { PythonModule } from "./python-module.ts";

const STRUCT_WORDS = 5;
const MALLOC = 1;
const CALLOC = 2;

type Allocate = (...args: number[]) => number;

interface Hooked {
  readonly domain: Domain;
  /** The struct that is there without the hook. */
  before: Uint32Array;
  malloc: Allocate;
  calloc: Allocate;
  /** Our functions, as indices into the table. */
  readonly ours: { readonly malloc: number; readonly calloc: number };
}

/** The hook of one interpreter. */
export class AllocationHook {
  readonly #module: PythonModule;
  readonly #hooked: readonly Hooked[];
  #isOn = false;

  /** @param allocated called after each `malloc` and `calloc`, while the hook is on */
  constructor(module: PythonModule, allocated: () => void) {
    this.#module = module;
    this.#hooked = [MEM, OBJ].map((domain) => {
      const none: Allocate = () => 0;
      const hooked: Hooked = {
        domain,
        before: new Uint32Array(STRUCT_WORDS),
        malloc: none,
        calloc: none,
        ours: {
          malloc: module.addFunction((ctx, size) => {
            const address = hooked.malloc(ctx!, size!);
            allocated();
            return address;
          }, "iii"),
          calloc: module.addFunction((ctx, count, size) => {
            const address = hooked.calloc(ctx!, count!, size!);
            allocated();
            return address;
          }, "iiii"),
        },
      };
      return hooked;
    });
  }

  /** Whether allocations are seen. */
  get isOn(): boolean {
    return this.#isOn;
  }

  on(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    const { wasmTable } = this.#module;
    for (const hooked of this.#hooked) {
      const { domain, ours } = hooked;
      hooked.before = this.#get(domain);
      hooked.malloc = wasmTable.get(hooked.before[MALLOC]!) as Allocate;
      hooked.calloc = wasmTable.get(hooked.before[CALLOC]!) as Allocate;
      const struct = hooked.before.slice();
      struct[MALLOC] = ours.malloc;
      struct[CALLOC] = ours.calloc;
      this.#set(domain, struct);
    }
  }

  off(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    for (const { domain, before, ours } of this.#hooked) {
      const now = this.#get(domain);
      // Somebody else has put his own on top (tracemalloc): he calls ours, which only passes on.
      if (now[MALLOC] === ours.malloc) this.#set(domain, before);
    }
  }

  #get(domain: Domain): Uint32Array {
    return this.#withRoom((at) => {
      this.#module._PyMem_GetAllocator(domain, at);
      return this.#module.HEAPU32.slice(at >>> 2, (at >>> 2) + STRUCT_WORDS);
    });
  }

  #set(domain: Domain, struct: Uint32Array): void {
    this.#withRoom((at) => {
      this.#module.HEAPU32.set(struct, at >>> 2);
      this.#module._PyMem_SetAllocator(domain, at);
    });
  }

  /** Room for a struct on the C stack. */
  #withRoom<Result>(use: (at: number) => Result): Result {
    const module = this.#module;
    const pointer = module.stackSave();
    try {
      return use(module.stackAlloc(4 * STRUCT_WORDS) >>> 0);
    } finally {
      module.stackRestore(pointer);
    }
  }
}
