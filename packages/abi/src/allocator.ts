/**
 * The allocator contract: CPython's `PyMemAllocatorEx` (PEP 445), five members, context first.
 *
 * Laws of every allocator (checked by `@pyrena/conformance`; CPython 3.8 to 3.15 obeys them):
 *
 * - A1 A returned block is aligned to the ABI's alignment, overlaps no other live block, and holds at least the bytes
 *   asked for.
 * - A2 A request of zero bytes succeeds like one of one byte: not NULL, distinct on each call.
 * - A3 `calloc` returns zeroed memory of `nelem * elsize` bytes.
 * - A4 `realloc(NULL, n)` is `malloc(n)`. `realloc(p, 0)` does not free: it yields a live minimal block.
 * - A5 `realloc` keeps the first min(old, new) bytes. If it fails it returns NULL, and the old block is still live and
 *   unchanged.
 * - A6 `free(NULL)` does nothing.
 * - A7 Want of memory is answered with NULL, never with an exception, and leaves everything valid and usable.
 * - A8 Only the RAW domain's allocator may be called by several threads at once.
 *
 * The members are plain functions: `this` is not used, so a struct can be taken apart, stored and wrapped. A wrapper
 * keeps the struct it wraps in its context and calls it: `next.malloc(next.ctx, size)`. That is the only extension
 * mechanism, and it is enough.
 */
import type { Address } from "./address.ts";
import type { HeapWalker } from "./heap-walker.ts";
import type { LinearMemory } from "./linear-memory.ts";

/** CPython's allocator struct. Sizes are in bytes. */
export interface PyMemAllocatorEx<Ctx = unknown> {
  /** Passed to each function as its first argument. */
  readonly ctx: Ctx;
  /** At least `size` bytes, uninitialised; NULL if there is no room. */
  malloc(this: void, ctx: Ctx, size: number): Address;
  /** `nelem * elsize` zeroed bytes (the caller has checked that the product is a valid size); NULL if no room. */
  calloc(this: void, ctx: Ctx, nelem: number, elsize: number): Address;
  /** Resize a block, moving it if need be; NULL if there is no room, and then the block is unchanged. */
  realloc(this: void, ctx: Ctx, ptr: Address, newSize: number): Address;
  /** Give a block back; NULL is ignored. */
  free(this: void, ctx: Ctx, ptr: Address): void;
  /** Optional capability: look inside. Wrappers pass on their inner allocator's walker where it stays true. */
  readonly walker?: HeapWalker | undefined;
}

/** Number of an allocator domain, as CPython's `PyMemAllocatorDomain`. */
export type Domain = 0 | 1 | 2;

/** The domain of `PyMem_RawMalloc`: any thread, no GIL. */
export const RAW: Domain = 0;
/** The domain of `PyMem_Malloc`: buffers; needs the GIL. */
export const MEM: Domain = 1;
/** The domain of `PyObject_Malloc`: objects; needs the GIL. */
export const OBJ: Domain = 2;

/** Lower-case names of the domains, by number. */
export const domainNames: readonly ["raw", "mem", "obj"] = ["raw", "mem", "obj"];

/** The id byte that CPython's debug hooks write for each domain: `r`, `m`, `o`. */
export const domainApiIds: readonly [number, number, number] = [0x72, 0x6d, 0x6f];

/** What an allocator factory is told about the place where it is installed. */
export interface AllocatorHost {
  /** The memory in which addresses of this allocator lie. */
  readonly memory: LinearMemory;
  /** The domain that it will serve. */
  readonly domain: Domain;
}

/**
 * A custom allocator as a module exports it by default: given the allocator that was installed before it, makes the
 * one to install. The same factory serves Pyrena's own heap and a live CPython.
 */
export type AllocatorFactory = (next: PyMemAllocatorEx, host: AllocatorHost) => PyMemAllocatorEx;
