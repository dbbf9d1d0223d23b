/**
 * The Emscripten module below Pyodide: what this package needs of it, and how it is found in what the caller has.
 *
 * Pyodide's full build exports every C function (`-sMAIN_MODULE=1 -sEXPORT_ALL=1`), so nothing has to be rebuilt; a
 * slim build (`DISABLE_DYLINK=1`) exports only a chosen few and cannot be attached to.
 */
import { type Address, PyrenaError } from "@pyrena/abi";

/** The part of Pyodide's Emscripten module that this package uses. */
export interface PyodideModule {
  /** Views over the linear memory; replaced whenever it grows. */
  readonly HEAPU8: Uint8Array;
  readonly HEAPU32: Uint32Array;
  /** The one function table: C function pointers are indices into it. */
  readonly wasmTable: WebAssembly.Table;
  /** The memory itself; not every build has it. */
  readonly memory?: unknown;
  /** Enter a JavaScript function into the table. `signature`: result, then arguments; `i` is i32, `v` nothing. */
  addFunction(fn: (...args: number[]) => number | void, signature: string): number;
  /** Take a function out of the table; its index may be used again. */
  removeFunction(index: number): void;
  /** `PyMem_GetAllocator(domain, struct)`. */
  _PyMem_GetAllocator(domain: number, struct: Address): void;
  /** `PyMem_SetAllocator(domain, struct)`. */
  _PyMem_SetAllocator(domain: number, struct: Address): void;
  /** The C stack pointer. */
  stackSave(): number;
  stackRestore(pointer: number): void;
  /** Room on the C stack, until the pointer is restored. */
  stackAlloc(bytes: number): Address;
  /** libc's `memalign(alignment, size)`, 0 if there is no room. */
  _memalign(alignment: number, size: number): Address;
  /** libc's `free`. */
  _free(address: Address): void;
  /** libc's `malloc_usable_size`. */
  _malloc_usable_size?(address: Address): number;
  /** Emscripten's growth of the memory; 0 if it cannot be done. */
  _emscripten_resize_heap?(byteLength: number): number | boolean;
  /** Address of the constant `Py_Version` (3.11 and later). */
  readonly _Py_Version: Address;
  /** `Py_IsInitialized()`: 0 before Python's `main` has begun. */
  _Py_IsInitialized?(): number;
  /** `PyTraceMalloc_Untrack(domain, ptr)`: -2 if `tracemalloc` is not tracing. */
  _PyTraceMalloc_Untrack?(domain: number, ptr: number): number;
}

/** An object in which a {@link PyodideModule} can be found: what `loadPyodide` returns, or the module itself. */
export type PyodideLike = { readonly _module: unknown } | object;

const needed: readonly (readonly [
  name: keyof PyodideModule,
  type: "function" | "number" | "object",
])[] = [
  ["HEAPU8", "object"],
  ["HEAPU32", "object"],
  ["wasmTable", "object"],
  ["addFunction", "function"],
  ["removeFunction", "function"],
  ["_PyMem_GetAllocator", "function"],
  ["_PyMem_SetAllocator", "function"],
  ["stackSave", "function"],
  ["stackRestore", "function"],
  ["stackAlloc", "function"],
  ["_memalign", "function"],
  ["_free", "function"],
  ["_Py_Version", "number"],
];

/**
 * The module of a Pyodide.
 * @throws PyrenaError `not-attached` for anything else, and for builds that export too little, naming what is missing
 */
export function requireModule(pyodide: PyodideLike): PyodideModule {
  const found = moduleIn(pyodide);
  if (found === undefined) {
    throw new PyrenaError(
      "not-attached",
      `attach takes what loadPyodide() returns, or its Emscripten module; this is ${describe(pyodide)}`,
    );
  }
  const missing = needed
    .filter(([name, type]) => typeof found[name] !== type)
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new PyrenaError(
      "not-attached",
      `this build of Pyodide does not export ${missing.join(", ")}: slim builds (DISABLE_DYLINK=1) do not; ` +
        "use a full build, such as the npm package 'pyodide'",
    );
  }
  return found as unknown as PyodideModule;
}

function moduleIn(value: unknown): Record<string, unknown> | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function"))
    return undefined;
  const record = value as Record<string, unknown>;
  const inner = record["_module"];
  if (inner !== null && typeof inner === "object") return inner as Record<string, unknown>;
  return "HEAPU8" in record ? record : undefined;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof (value as { then?: unknown } | undefined)?.then === "function") {
    return "a promise: await loadPyodide() first";
  }
  return typeof value === "object" ? "an object without _module" : `of type ${typeof value}`;
}
