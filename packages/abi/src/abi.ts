/**
 * The two data models a heap can have. Everything that depends on the width of a pointer asks this record.
 *
 * `lp64` is what desktop Python has, so that every size agrees with what people see there; `ilp32` is what
 * WebAssembly has. In `lp64` a pointer field is 8 bytes wide, of which the upper 4 are always 0, because addresses
 * here stay below 2^32.
 */

/** Name of a data model. */
export type AbiName = "lp64" | "ilp32";

/** Facts of a data model (CPython's `SIZEOF_VOID_P`, `ALIGNMENT`, `PY_SSIZE_T_MAX`). */
export interface Abi {
  readonly name: AbiName;
  /** Width of a pointer and of `size_t`, in bytes. */
  readonly pointerBytes: 4 | 8;
  /** Alignment of every block that an allocator returns, in bytes. */
  readonly alignment: 8 | 16;
  /**
   * The largest request that a domain passes on, in bytes: `PY_SSIZE_T_MAX`, 2^31 - 1 or 2^63 - 1 (the latter rounded
   * to the nearest double; any request near it is refused for want of memory all the same).
   */
  readonly ssizeMax: number;
}

/** 8-byte pointers, 16-byte alignment: CPython on 64-bit Linux and macOS. */
export const lp64: Abi = Object.freeze({
  name: "lp64",
  pointerBytes: 8,
  alignment: 16,
  ssizeMax: 2 ** 63 - 1,
});

/** 4-byte pointers, 8-byte alignment: CPython as WebAssembly. */
export const ilp32: Abi = Object.freeze({
  name: "ilp32",
  pointerBytes: 4,
  alignment: 8,
  ssizeMax: 2 ** 31 - 1,
});

/** Both data models by name. */
export const abis: { readonly [name in AbiName]: Abi } = Object.freeze({ lp64, ilp32 });
