/**
 * A correct allocator of the plainest kind, first fit over a sorted list, for the laws to accept; tests break it in one
 * place at a time for the laws to catch. It keeps its list outside the heap, in `state`, so that two instances on one
 * heap are two views of one list.
 */
import {
  type Abi,
  type Address,
  alignUp,
  type HeapWalker,
  LinearMemory,
  lp64,
  NULL,
  type PyMemAllocatorEx,
} from "@pyrena/abi";
import type { AllocatorSubject } from "../src/index.ts";

/** A live block: bytes reserved. */
export type Blocks = Map<Address, number>;

export interface Reference extends PyMemAllocatorEx<null> {
  readonly walker: HeapWalker;
}

/** First byte that blocks may use. */
export const START = 512;

export function referenceAllocator(
  memory: LinearMemory,
  abi: Abi,
  blocks: Blocks = new Map(),
): Reference {
  const sorted = (): [Address, number][] => [...blocks].sort(([a], [b]) => a - b);
  const malloc = (size: number): Address => {
    const bytes = alignUp(Math.max(1, size), abi.alignment);
    let at = START;
    for (const [address, length] of sorted()) {
      if (address - at >= bytes) break;
      at = address + length;
    }
    if (at + bytes > memory.byteLength && !memory.grow(at + bytes)) return NULL;
    blocks.set(at, bytes);
    return at;
  };
  const allocator: Reference = {
    ctx: null,
    malloc: (_, size) => malloc(size),
    calloc: (_, nelem, elsize) => {
      const address = malloc(nelem * elsize);
      if (address !== NULL) memory.u8.fill(0, address, address + nelem * elsize);
      return address;
    },
    realloc: (_, ptr, newSize) => {
      const address = malloc(newSize);
      if (ptr === NULL || address === NULL) return address;
      const old = blocks.get(ptr) as number;
      memory.u8.copyWithin(address, ptr, ptr + Math.min(old, newSize));
      blocks.delete(ptr);
      return address;
    },
    free: (_, ptr) => {
      if (ptr !== NULL) blocks.delete(ptr);
    },
    walker: {
      name: "reference",
      walk: (visitor) => {
        const bytes = memory.byteLength - START;
        if (visitor.region?.(START, bytes, "segment", 0, 0, 0) === false) return;
        for (const [address, length] of sorted()) visitor.block?.(address, length, true, -1);
      },
      owns: (address) =>
        Number.isInteger(address) && address >= START && address < memory.byteLength,
      usableSize: (address) => blocks.get(address) as number,
      verify: () => {},
    },
  };
  return allocator;
}

/** A memory for the laws: a quarter of a MiB at first, at most 1 MiB. */
export function smallMemory(): LinearMemory {
  return LinearMemory.create({ backing: "resizable", bytes: 1 << 18, maxBytes: 1 << 20 });
}

/** A subject with the reference allocator, changed by `change`. */
export function referenceSubject(
  abi: Abi = lp64,
  change: (
    allocator: Reference,
    memory: LinearMemory,
    blocks: Blocks,
  ) => Partial<Reference> = () => ({}),
): AllocatorSubject & { readonly blocks: Blocks } {
  const memory = smallMemory();
  const blocks: Blocks = new Map();
  const instance = (): Reference => {
    const allocator = referenceAllocator(memory, abi, blocks);
    return { ...allocator, ...change(allocator, memory, blocks) };
  };
  return { allocator: instance(), memory, abi, attach: instance, blocks };
}
