/**
 * Stand-ins for the layers around pymalloc, with all their state in JavaScript: a raw allocator whose free blocks are
 * reused by exact size, and an arena source that hands out bases of the test's choosing. Both can be told to fail.
 */
import {
  type Address,
  alignUp,
  HEAP_HEADER_BYTES,
  Heap,
  LinearMemory,
  NULL,
  type Profile,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
} from "@pyrena/abi";

export class Raw {
  readonly live = new Map<Address, number>();
  readonly free = new Map<number, Address[]>();
  requests = 0;
  /** Requests by number, from 1, that fail. */
  fails: (request: number) => boolean = () => false;
  readonly memory: LinearMemory;
  readonly alignment: number;
  readonly limit: Address;
  next: Address;

  constructor(memory: LinearMemory, alignment: number, start: Address, limit: Address) {
    this.memory = memory;
    this.alignment = alignment;
    this.limit = limit;
    this.next = start;
  }

  malloc(bytes: number): Address {
    this.requests++;
    if (this.fails(this.requests)) return NULL;
    const size = alignUp(Math.max(bytes, 1), this.alignment);
    const reused = this.free.get(size)?.pop();
    if (reused !== undefined) {
      this.live.set(reused, bytes);
      return reused;
    }
    if (this.next + size > this.limit || !this.memory.grow(this.next + size)) return NULL;
    const address = this.next;
    this.next += size;
    this.live.set(address, bytes);
    return address;
  }

  release(address: Address): void {
    if (address === NULL) return;
    const bytes = this.live.get(address);
    if (bytes === undefined) throw new Error(`raw free of ${address}, which is not live`);
    this.live.delete(address);
    const size = alignUp(Math.max(bytes, 1), this.alignment);
    // Whoever reads a block after freeing it shall notice.
    this.memory.u8.fill(0xdd, address, address + size);
    const list = this.free.get(size);
    if (list === undefined) this.free.set(size, [address]);
    else list.push(address);
  }

  readonly allocator: PyMemAllocatorEx<Raw> = {
    ctx: this,
    malloc: (raw, size) => raw.malloc(size),
    calloc: (raw, nelem, elsize) => {
      const address = raw.malloc(nelem * elsize);
      if (address !== NULL) raw.memory.u8.fill(0, address, address + nelem * elsize);
      return address;
    },
    realloc: (raw, ptr, size) => {
      if (ptr === NULL) return raw.malloc(size);
      const old = raw.live.get(ptr);
      if (old === undefined) throw new Error(`raw realloc of ${ptr}, which is not live`);
      const address = raw.malloc(size);
      if (address === NULL) return NULL;
      raw.memory.u8.copyWithin(address, ptr, ptr + Math.min(old, size));
      raw.release(ptr);
      return address;
    },
    free: (raw, ptr) => raw.release(ptr),
  };
}

export class Arenas {
  readonly live = new Map<Address, number>();
  readonly freed: Address[] = [];
  requests = 0;
  fails: (request: number) => boolean = () => false;
  /** Base of the next region, given the size; NULL = no room. */
  choose: (size: number) => Address;
  readonly memory: LinearMemory;

  constructor(memory: LinearMemory, choose: (size: number) => Address) {
    this.memory = memory;
    this.choose = choose;
  }

  readonly allocator: PyObjectArenaAllocator<Arenas> = {
    ctx: this,
    alloc: (arenas, size) => {
      arenas.requests++;
      if (arenas.fails(arenas.requests)) return NULL;
      const base = arenas.choose(size);
      if (base === NULL || !arenas.memory.grow(base + size)) return NULL;
      for (const [other, bytes] of arenas.live) {
        if (base < other + bytes && other < base + size) throw new Error("regions overlap");
      }
      // What a region holds is not for pymalloc to rely on.
      arenas.memory.u8.fill(0xa5, base, base + size);
      arenas.live.set(base, size);
      return base;
    },
    free: (arenas, base, size) => {
      if (arenas.live.get(base) !== size) throw new Error(`no region of ${size} at ${base}`);
      arenas.live.delete(base);
      arenas.freed.push(base);
      arenas.memory.u8.fill(0xee, base, base + size);
    },
  };
}

export interface LayersOptions {
  /** End of the bytes for raw blocks; default 1 MiB. */
  readonly rawBytes?: number;
  /** Size that the memory can grow to; default 64 MiB. */
  readonly maxBytes?: number;
  /** How far regions lie behind multiples of the arena size, in bytes; default 0. */
  readonly offset?: number;
  /** The memory; default: a new one. */
  readonly memory?: LinearMemory;
}

export interface Layers {
  readonly memory: LinearMemory;
  readonly heap: Heap;
  readonly raw: Raw;
  readonly arenas: Arenas;
}

/**
 * A heap with both stand-ins. Raw blocks come from the first `rawBytes` of the memory; regions lie above, each
 * `offset` bytes past a multiple of the arena size, lowest free first.
 */
export function layers(profile: Profile, options: LayersOptions = {}): Layers {
  const { arenaBytes } = profile.pymalloc;
  const rawBytes = options.rawBytes ?? 1 << 20;
  const maxBytes = options.maxBytes ?? 64 << 20;
  const memory = options.memory ?? LinearMemory.create({ bytes: 1 << 16, maxBytes });
  const heap = Heap.create(memory, profile);
  const raw = new Raw(memory, profile.abi.alignment, HEAP_HEADER_BYTES, rawBytes);
  const start = alignUp(rawBytes, arenaBytes) + (options.offset ?? 0);
  const arenas = new Arenas(memory, (size) => {
    for (let base = start; base + size <= maxBytes; base += size) {
      if (!arenas.live.has(base)) return base;
    }
    return NULL;
  });
  return { memory, heap, raw, arenas };
}
