/**
 * A second pymalloc, written from the description of CPython's alone, with arrays and maps where the real one has
 * links in memory: the nextpool of a pool, the order of usable arenas, the free list are what is plain to see here.
 * It decides addresses only; it has no memory.
 */
import { type Address, NULL, type Profile, poolHeaderBytes } from "@pyrena/abi";

interface ModelArena {
  base: Address;
  nextPool: Address;
  nfree: number;
  readonly total: number;
  readonly emptied: ModelPool[];
}

interface ModelPool {
  readonly base: Address;
  readonly arena: ModelArena;
  sizeClass: number;
  count: number;
  /** Last = the one that is handed out next. */
  readonly free: Address[];
  nextOffset: number;
}

/** The model. What it cannot place itself it says belongs to the raw allocator: {@link RAW_BLOCK}. */
export class Model {
  readonly profile: Profile;
  readonly arenaEvents: string[] = [];
  /** By class; the last is the front. */
  readonly #used: ModelPool[][] = [];
  readonly #usable: ModelArena[] = [];
  readonly #pools = new Map<Address, ModelPool>();
  readonly #obtain: () => Address;

  /** @param obtain the base of the next arena, NULL if there is none */
  constructor(profile: Profile, obtain: () => Address) {
    this.profile = profile;
    this.#obtain = obtain;
    for (let c = 0; c < profile.pymalloc.threshold / profile.abi.alignment; c++)
      this.#used.push([]);
  }

  /** The address of the block, or RAW_BLOCK. */
  malloc(bytes: number): Address | typeof RAW_BLOCK {
    const { threshold } = this.profile.pymalloc;
    if (bytes === 0 || bytes > threshold) return RAW_BLOCK;
    const sizeClass = Math.ceil(bytes / this.profile.abi.alignment) - 1;
    const used = this.#used[sizeClass]!;
    const front = used.at(-1);
    return front === undefined ? this.#fromNewPool(sizeClass) : this.#take(front, used);
  }

  /** False if the block is none of the model's. */
  free(address: Address): boolean {
    const pool = this.poolOf(address);
    if (pool === undefined) return false;
    const wasFull = pool.free.length === 0;
    pool.free.push(address);
    pool.count--;
    if (wasFull) this.#used[pool.sizeClass]!.push(pool);
    else if (pool.count === 0) this.#emptied(pool);
    return true;
  }

  /** What realloc of one of the model's blocks does: the same address, or a malloc that precedes the free. */
  realloc(address: Address, bytes: number): Address | typeof RAW_BLOCK {
    const size = this.usableSize(address);
    if (bytes <= size && 4 * bytes > 3 * size) return address;
    const moved = this.malloc(bytes);
    this.free(address);
    return moved;
  }

  usableSize(address: Address): number {
    return (this.poolOf(address)!.sizeClass + 1) * this.profile.abi.alignment;
  }

  poolOf(address: Address): ModelPool | undefined {
    const { poolBytes } = this.profile.pymalloc;
    return this.#pools.get(address - (address % poolBytes));
  }

  /** Bases of the usable arenas, in order. */
  get usable(): readonly Address[] {
    return this.#usable.map((arena) => arena.base);
  }

  #take(pool: ModelPool, used: ModelPool[]): Address {
    pool.count++;
    const block = pool.free.pop()!;
    if (pool.free.length === 0) {
      const size = (pool.sizeClass + 1) * this.profile.abi.alignment;
      if (pool.nextOffset + size <= this.profile.pymalloc.poolBytes) {
        pool.free.push(pool.base + pool.nextOffset);
        pool.nextOffset += size;
      } else {
        used.splice(used.indexOf(pool), 1);
      }
    }
    return block;
  }

  #fromNewPool(sizeClass: number): Address | typeof RAW_BLOCK {
    const { poolBytes, arenaBytes } = this.profile.pymalloc;
    if (this.#usable.length === 0) {
      const base = this.#obtain();
      if (base === NULL) return RAW_BLOCK;
      this.arenaEvents.push(`+${base}`);
      const lost = base % poolBytes === 0 ? 0 : poolBytes - (base % poolBytes);
      const total = Math.floor((arenaBytes - lost) / poolBytes);
      this.#usable.push({ base, nextPool: base + lost, nfree: total, total, emptied: [] });
    }
    const arena = this.#usable[0]!;
    let pool = arena.emptied.pop();
    if (pool === undefined) {
      const base = arena.nextPool;
      arena.nextPool += poolBytes;
      pool = { base, arena, sizeClass: -1, count: 0, free: [], nextOffset: 0 };
      this.#pools.set(base, pool);
    }
    arena.nfree--;
    if (arena.nfree === 0) this.#usable.shift();
    this.#used[sizeClass]!.push(pool);
    pool.count = 1;
    if (pool.sizeClass === sizeClass) return pool.free.pop()!;
    const header = poolHeaderBytes(this.profile);
    const size = (sizeClass + 1) * this.profile.abi.alignment;
    pool.sizeClass = sizeClass;
    pool.free.splice(0, Number.POSITIVE_INFINITY, pool.base + header + size);
    pool.nextOffset = header + 2 * size;
    return pool.base + header;
  }

  #emptied(pool: ModelPool): void {
    const used = this.#used[pool.sizeClass]!;
    used.splice(used.indexOf(pool), 1);
    const { arena } = pool;
    arena.emptied.push(pool);
    arena.nfree++;
    if (arena.nfree === 1) {
      this.#usable.unshift(arena);
      return;
    }
    let at = this.#usable.indexOf(arena);
    const last = at === this.#usable.length - 1;
    if (arena.nfree === arena.total && !(last && this.profile.pymalloc.keepsLastArena)) {
      this.#usable.splice(at, 1);
      this.arenaEvents.push(`-${arena.base}`);
      for (const [base, other] of this.#pools) if (other.arena === arena) this.#pools.delete(base);
      return;
    }
    // To the right, past all arenas that have fewer.
    this.#usable.splice(at, 1);
    while (at < this.#usable.length && this.#usable[at]!.nfree < arena.nfree) at++;
    this.#usable.splice(at, 0, arena);
  }
}

/** The answer to a request that the model leaves to the raw allocator. */
export const RAW_BLOCK = "raw";
