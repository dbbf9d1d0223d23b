/**
 * The null version of every contract: has nothing, keeps nothing, does nothing, and is the shortest example of its
 * contract. Where a call can only be a mistake, it throws and names the address.
 */
import {
  type Address,
  type HeapWalker,
  hex,
  NULL,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  type StatSource,
  type StatsSink,
} from "@pyrena/abi";

function foreign(what: string, address: Address): never {
  throw new PyrenaError(
    "foreign-pointer",
    `${what} of ${hex(address)}, but the null version has never handed out anything`,
    { address },
  );
}

/** A walker of nothing: it visits nothing, owns nothing and finds nothing wrong. */
export const nullWalker: HeapWalker = Object.freeze({
  name: "null",
  walk: () => {},
  owns: () => false,
  usableSize: (address: Address) => foreign("usableSize", address),
  verify: () => {},
});

/**
 * An allocator that is always out of memory: NULL to every request. `free` or `realloc` of anything but NULL throws
 * `foreign-pointer`. (The laws reject it: they cannot see anything of an allocator that gives nothing.)
 */
export const nullAllocator: PyMemAllocatorEx<null> = Object.freeze({
  ctx: null,
  malloc: () => NULL,
  calloc: () => NULL,
  realloc: (_: null, ptr: Address) => (ptr === NULL ? NULL : foreign("realloc", ptr)),
  free: (_: null, ptr: Address) => (ptr === NULL ? undefined : foreign("free", ptr)),
  walker: nullWalker,
});

/** An arena source that has nothing: an allocator above it must live without arenas. `free` throws. */
export const nullArenaSource: PyObjectArenaAllocator<null> = Object.freeze({
  ctx: null,
  alloc: () => NULL,
  free: (_: null, base: Address) => foreign("free of an arena", base),
});

/** A sink that drops every event. */
export const nullSink: StatsSink<null> = Object.freeze({ ctx: null, event: () => {} });

/** A layer that counts nothing. `read` throws, because no index is valid. */
export const nullStatSource: StatSource = Object.freeze({
  layer: "null",
  declarations: Object.freeze([]),
  read: (index: number): never => {
    throw new PyrenaError("bad-argument", `the null version has no statistic ${index}`);
  },
});
