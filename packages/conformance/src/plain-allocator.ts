/**
 * The plainest allocator that obeys every law: first fit over a list of live blocks. A stand-in for tests of what lies
 * above an allocator: it is slow, and it notices every pointer that is not its own.
 *
 * It keeps its list in the object, not in the heap, so it is no example of how Pyrena's own allocators are made.
 */
import {
  type Abi,
  type Address,
  alignUp,
  type HeapWalker,
  hex,
  type LinearMemory,
  NULL,
  type PyMemAllocatorEx,
  PyrenaError,
} from "@pyrena/abi";

/** How a plain allocator is made. */
export interface PlainAllocatorOptions {
  /** First byte that blocks may use; default 512, behind a heap header at 0. */
  readonly start?: Address;
  /** Live blocks, bytes by address: pass another instance's to work on the same heap. */
  readonly blocks?: Map<Address, number>;
}

/** A plain allocator. */
export interface PlainAllocator extends PyMemAllocatorEx<null> {
  readonly walker: HeapWalker;
  /** Bytes reserved for each live block, by address. */
  readonly blocks: Map<Address, number>;
}

/** Make one over the whole of a memory, which it grows as it needs. */
export function plainAllocator(
  memory: LinearMemory,
  abi: Abi,
  options: PlainAllocatorOptions = {},
): PlainAllocator {
  const start = alignUp(options.start ?? 512, abi.alignment);
  const blocks = options.blocks ?? new Map<Address, number>();
  const inOrder = (): [Address, number][] => [...blocks].sort(([a], [b]) => a - b);
  const own = (address: Address, call: string): number => {
    const bytes = blocks.get(address);
    if (bytes === undefined) {
      throw new PyrenaError(
        "foreign-pointer",
        `${call} of ${hex(address)}, where no block is live`,
        { address },
      );
    }
    return bytes;
  };
  const malloc = (size: number): Address => {
    const bytes = alignUp(Math.max(1, size), abi.alignment);
    let at = start;
    for (const [address, length] of inOrder()) {
      if (address - at >= bytes) break;
      at = address + length;
    }
    if (at + bytes > memory.byteLength && !memory.grow(at + bytes)) return NULL;
    blocks.set(at, bytes);
    return at;
  };
  return {
    ctx: null,
    blocks,
    malloc: (_, size) => malloc(size),
    calloc: (_, nelem, elsize) => {
      const address = malloc(nelem * elsize);
      if (address !== NULL) memory.u8.fill(0, address, address + nelem * elsize);
      return address;
    },
    realloc: (_, ptr, newSize) => {
      const old = ptr === NULL ? 0 : own(ptr, "realloc");
      const address = malloc(newSize);
      if (address === NULL || ptr === NULL) return address;
      memory.u8.copyWithin(address, ptr, ptr + Math.min(old, newSize));
      blocks.delete(ptr);
      return address;
    },
    free: (_, ptr) => {
      if (ptr === NULL) return;
      own(ptr, "free");
      blocks.delete(ptr);
    },
    walker: {
      name: "plain",
      walk: (visitor) => {
        const bytes = memory.byteLength - start;
        if (visitor.region?.(start, bytes, "segment", 0, 0, 0) === false) return;
        for (const [address, length] of inOrder()) visitor.block?.(address, length, true, -1);
      },
      owns: (address) =>
        Number.isInteger(address) && address >= start && address < memory.byteLength,
      usableSize: (address) => own(address, "usableSize"),
      verify: () => {},
    },
  };
}

/** A plain arena source: regions of a plain allocator, which must be given back as they were given out. */
export interface PlainArenaSource {
  readonly ctx: null;
  alloc(this: void, ctx: null, size: number): Address;
  free(this: void, ctx: null, base: Address, size: number): void;
  /** Bytes of each region that is out, by base. */
  readonly regions: Map<Address, number>;
}

/** Make an arena source of an allocator; for tests of what lies above one. */
export function plainArenaSource(from: PyMemAllocatorEx): PlainArenaSource {
  const regions = new Map<Address, number>();
  return {
    ctx: null,
    regions,
    alloc: (_, size) => {
      const base = from.malloc(from.ctx, size);
      if (base !== NULL) regions.set(base, size);
      return base;
    },
    free: (_, base, size) => {
      if (regions.get(base) !== size) {
        throw new PyrenaError(
          "foreign-pointer",
          `free of an arena of ${size} bytes at ${hex(base)}, but what is out there has ${regions.get(base) ?? "none"}`,
          { address: base, size },
        );
      }
      regions.delete(base);
      from.free(from.ctx, base);
    },
  };
}
