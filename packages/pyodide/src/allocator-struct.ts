/**
 * CPython's allocator struct in the interpreter's memory, and the functions behind it.
 *
 *      0  ctx      4  malloc      8  calloc      12  realloc      16  free        (20 bytes, ilp32)
 *
 * The four are indices into the function table. Calling one from here goes straight from JavaScript into WebAssembly;
 * Emscripten's exported wrappers (`module._malloc`) would cost as much again.
 */
import type { Address, Domain, LinearMemory, PyMemAllocatorEx } from "@pyrena/abi";
import { freshen } from "./live-memory.ts";
import type { PyodideModule } from "./module.ts";

/** Size of the struct, in bytes. */
export const ALLOCATOR_STRUCT_BYTES = 20;

/** The struct's five words. */
export interface AllocatorStruct {
  readonly ctx: Address;
  readonly malloc: number;
  readonly calloc: number;
  readonly realloc: number;
  readonly free: number;
}

/** The struct that is installed in a domain (`PyMem_GetAllocator`). */
export function getAllocator(module: PyodideModule, domain: Domain): AllocatorStruct {
  return withStruct(module, (at) => {
    module._PyMem_GetAllocator(domain, at);
    const [ctx, malloc, calloc, realloc, free] = module.HEAPU32.subarray(at >>> 2, (at >>> 2) + 5);
    return { ctx: ctx!, malloc: malloc!, calloc: calloc!, realloc: realloc!, free: free! };
  });
}

/** Install a struct in a domain (`PyMem_SetAllocator`). */
export function setAllocator(module: PyodideModule, domain: Domain, struct: AllocatorStruct): void {
  const { ctx, malloc, calloc, realloc, free } = struct;
  withStruct(module, (at) => {
    module.HEAPU32.set([ctx, malloc, calloc, realloc, free], at >>> 2);
    module._PyMem_SetAllocator(domain, at);
  });
}

/** Whether two structs are the same one. */
export function sameAllocator(a: AllocatorStruct, b: AllocatorStruct): boolean {
  return (
    a.ctx === b.ctx &&
    a.malloc === b.malloc &&
    a.calloc === b.calloc &&
    a.realloc === b.realloc &&
    a.free === b.free
  );
}

/**
 * Room for a struct during a call. It lies below the C stack pointer, which nothing moves meanwhile: neither function
 * calls back, and taking it cannot fail, which matters when a domain is restored in a full memory.
 */
function withStruct<Result>(module: PyodideModule, use: (at: Address) => Result): Result {
  const stack = module.stackSave();
  try {
    return use(module.stackAlloc(ALLOCATOR_STRUCT_BYTES) >>> 0);
  } finally {
    module.stackRestore(stack);
  }
}

type TableFunction = (...args: number[]) => number;

/**
 * A struct of the interpreter as an allocator of ours. Addresses come back unsigned, and the memory's views are fresh
 * after every call that can allocate.
 */
export function callThrough(
  module: PyodideModule,
  memory: LinearMemory,
  struct: AllocatorStruct,
): PyMemAllocatorEx<Address> {
  const table = module.wasmTable;
  const malloc = table.get(struct.malloc) as TableFunction;
  const calloc = table.get(struct.calloc) as TableFunction;
  const realloc = table.get(struct.realloc) as TableFunction;
  const free = table.get(struct.free) as TableFunction;
  return {
    ctx: struct.ctx,
    malloc(ctx, size) {
      const address = malloc(ctx, size);
      freshen(memory);
      return address >>> 0;
    },
    calloc(ctx, nelem, elsize) {
      const address = calloc(ctx, nelem, elsize);
      freshen(memory);
      return address >>> 0;
    },
    realloc(ctx, ptr, newSize) {
      const address = realloc(ctx, ptr, newSize);
      freshen(memory);
      return address >>> 0;
    },
    free(ctx, ptr) {
      free(ctx, ptr);
    },
  };
}
