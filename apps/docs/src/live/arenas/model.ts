/** The arenas page: pymalloc alone, on the raw allocator, with blocks that the reader asks for and gives back. */
import { type AbiName, Heap, LinearMemory, type Profile, profileFor } from "@pyrena/abi";
import { createPymalloc, type Pymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { type ArenaCell, type PoolInside, readArenas, readPool } from "../shared/heap-map.ts";

/** What the figures show. */
export interface ArenaTotals {
  readonly liveBlocks: number;
  /** Bytes that were asked for in them. */
  readonly askedBytes: number;
  /** The same, each rounded up to its class. */
  readonly liveBytes: number;
  readonly pools: number;
  readonly arenas: number;
  readonly arenaBytes: number;
  /** Requests over the threshold: the raw allocator has them. */
  readonly rawBlocks: number;
}

/** A pymalloc of one Python version to play with. */
export class ArenaLab {
  readonly profile: Profile;
  readonly pymalloc: Pymalloc;
  /** Blocks that live, oldest first: address and bytes asked for. */
  #live: { readonly address: number; readonly size: number }[] = [];

  constructor(python = "3.13", abi: AbiName = "lp64") {
    this.profile = profileFor(python, abi);
    const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 28 });
    const heap = Heap.create(memory, this.profile);
    const raw = createRawAllocator(heap);
    this.pymalloc = createPymalloc(heap, { raw, arenas: createArenaSource(heap) });
  }

  /** Ask for blocks. @returns their addresses; fewer than asked for where memory ends */
  allocate(count: number, size: number): number[] {
    const { pymalloc } = this;
    const addresses: number[] = [];
    for (let n = 0; n < count; n++) {
      const address = pymalloc.malloc(pymalloc.ctx, size);
      if (address === 0) break;
      this.#live.push({ address, size });
      addresses.push(address);
    }
    return addresses;
  }

  /** Give back all blocks but each n-th, counted from the oldest. @returns how many were given back */
  freeAllBut(nth: number): number {
    return this.#free((n) => n % nth !== 0);
  }

  /** Give back each n-th block. */
  freeEach(nth: number): number {
    return this.#free((n) => n % nth === 0);
  }

  /** Give back one block. @returns false if it is none of those that live */
  free(address: number): boolean {
    return this.#free((_, one) => one === address) === 1;
  }

  #free(which: (n: number, address: number) => boolean): number {
    const { pymalloc } = this;
    const before = this.#live.length;
    this.#live = this.#live.filter(({ address }, n) => {
      if (!which(n, address)) return true;
      pymalloc.free(pymalloc.ctx, address);
      return false;
    });
    return before - this.#live.length;
  }

  arenas(): ArenaCell[] {
    return readArenas(this.pymalloc);
  }

  pool(base: number): PoolInside | undefined {
    return this.pymalloc.walker.owns(base)
      ? readPool(this.pymalloc, this.profile, base)
      : undefined;
  }

  totals(): ArenaTotals {
    const { walker } = this.pymalloc;
    const arenas = this.arenas();
    const pools = arenas.flatMap(({ used }) => used);
    return {
      liveBlocks: this.#live.length,
      askedBytes: this.#live.reduce((sum, { size }) => sum + size, 0),
      liveBytes: pools.reduce((sum, { inUse, blockBytes }) => sum + inUse * blockBytes, 0),
      pools: pools.length,
      arenas: arenas.length,
      arenaBytes: arenas.reduce((sum, { bytes }) => sum + bytes, 0),
      rawBlocks: this.#live.filter(({ address }) => !walker.owns(address)).length,
    };
  }

  verify(): void {
    this.pymalloc.walker.verify();
  }
}
