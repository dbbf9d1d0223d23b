/**
 * The four functions that WebAssembly calls, and what they guarantee on both sides.
 *
 * To the allocator: the memory's views are fresh (live-memory.ts); numbers are unsigned; it never sees a block that is
 * not its own. To the interpreter: no exception ever comes out of them.
 *
 * One set of functions serves all the domains of an installation: the struct's `ctx` is the number of the domain. So
 * each function exists once, and the engine can treat what it refers to as constants.
 *
 * After `uninstall` the installation **drains**: new requests go to the allocator before at once, and blocks of ours
 * are still resized and freed by ours until none is left.
 */

/** Functions as the function table takes them; numbers arrive as signed 32-bit integers. */
export interface TableFunctions {
  readonly malloc: (domain: number, size: number) => number;
  readonly calloc: (domain: number, nelem: number, elsize: number) => number;
  readonly realloc: (domain: number, ptr: number, newSize: number) => number;
  readonly free: (domain: number, ptr: number) => void;
}

/** What the functions look at on each call. */
export interface DrainState {
  readonly draining: boolean;
  /**
   * Nothing of the installation is left. Whoever kept the functions may still call them: they pass everything through.
   */
  readonly removed: boolean;
  /** A block of ours was given back, or a call passed through, while draining: it may have been the last one. */
  called(): void;
}
