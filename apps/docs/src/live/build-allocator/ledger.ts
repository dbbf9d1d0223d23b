/**
 * Keeps books about an allocator from outside: what it holds of the memory below it, and which blocks it has handed out.
 * So an allocator needs no walker to be drawn.
 */
import type { PyMemAllocatorEx, PyObjectArenaAllocator } from "@pyrena/abi";

/** What an allocator has obtained and not given back: bytes by address. */
export class Ledger {
  readonly pieces: Map<number, number> = new Map();
  held = 0;
  peakHeld = 0;
  /** How often something was obtained. */
  obtained = 0;

  #enter(address: number, bytes: number): number {
    if (address === 0) return 0;
    this.pieces.set(address, bytes);
    this.obtained++;
    this.held += bytes;
    this.peakHeld = Math.max(this.peakHeld, this.held);
    return address;
  }

  #strike(address: number): void {
    this.held -= this.pieces.get(address) ?? 0;
    this.pieces.delete(address);
  }

  /** The allocator below, as the one that is watched shall see it. */
  watch(below: PyMemAllocatorEx): PyMemAllocatorEx {
    return {
      ctx: undefined,
      malloc: (_, size) => this.#enter(below.malloc(below.ctx, size), size),
      calloc: (_, nelem, elsize) =>
        this.#enter(below.calloc(below.ctx, nelem, elsize), nelem * elsize),
      realloc: (_, ptr, size) => {
        const address = below.realloc(below.ctx, ptr, size);
        if (address === 0) return 0;
        this.#strike(ptr);
        return this.#enter(address, size);
      },
      free: (_, ptr) => {
        this.#strike(ptr);
        below.free(below.ctx, ptr);
      },
    };
  }

  /** The arena source, as pymalloc shall see it. */
  watchArenas(below: PyObjectArenaAllocator): PyObjectArenaAllocator {
    return {
      ctx: undefined,
      alloc: (_, bytes) => this.#enter(below.alloc(below.ctx, bytes), bytes),
      free: (_, base, bytes) => {
        this.#strike(base);
        below.free(below.ctx, base, bytes);
      },
    };
  }
}

/** The memory at one moment: of each cell, from the lowest address up, how much is held and how much is in blocks. */
export interface MemoryMap {
  readonly cellBytes: number;
  /** Address of the first cell. */
  readonly base: number;
  /** 0 to 255: share of the cell that the allocator holds. */
  readonly held: Uint8Array;
  /** 0 to 255: share of the cell that lies in blocks which are handed out. */
  readonly live: Uint8Array;
}

/**
 * Draw what is held and what lives into cells.
 * @param addresses of all blocks; 0 where there is none
 * @param sizes of the same, in bytes
 */
export function mapOf(
  ledger: Ledger,
  addresses: Float64Array,
  sizes: Float64Array,
  cellBytes: number,
): MemoryMap {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const [address, bytes] of ledger.pieces) {
    low = Math.min(low, address);
    high = Math.max(high, address + bytes);
  }
  const base = high === 0 ? 0 : Math.floor(low / cellBytes) * cellBytes;
  const cells = Math.ceil((high - base) / cellBytes);
  const [held, live] = [new Float64Array(cells), new Float64Array(cells)];
  const spread = (sums: Float64Array, address: number, bytes: number): void => {
    const end = Math.min(address + bytes, base + cells * cellBytes);
    for (let at = Math.max(address, base); at < end; ) {
      const cell = Math.floor((at - base) / cellBytes);
      const stop = Math.min(end, base + (cell + 1) * cellBytes);
      sums[cell] += stop - at;
      at = stop;
    }
  };
  for (const [address, bytes] of ledger.pieces) spread(held, address, bytes);
  for (let slot = 0; slot < addresses.length; slot++)
    if (addresses[slot] !== 0) spread(live, addresses[slot], sizes[slot]);
  const shares = (sums: Float64Array): Uint8Array =>
    Uint8Array.from(sums, (sum) => Math.min(255, Math.ceil((255 * sum) / cellBytes)));
  return { cellBytes, base, held: shares(held), live: shares(live) };
}
