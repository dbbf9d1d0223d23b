/** Segregated pools that give chunks back in which nothing lives any more. */
import type { AllocatorFactory } from "@pyrena/abi";

const POOL = 4096; // size of a pool; its address is a multiple of it
const HEADER = 32; // at the start of each pool, see below
const CHUNK_POOLS = 16; // pools that are obtained at a time
const LARGEST = 512; // larger requests are passed on

// What lies in a pool's header: offsets in bytes, four bytes each.
const BLOCK = 0; // size of its blocks
const LIVE = 4; // blocks that are handed out
const FREE = 8; // first free block; its first word leads to the next
const FRESH = 12; // offset of the part that was never used
const NEXT = 16; // neighbours in the list that the pool is in
const PREV = 20;
const FROM = 24; // the chunk that the pool lies in

const pools: AllocatorFactory = (next, { memory }) => {
  const withRoom = new Uint32Array(1 + LARGEST / 16); // pools, by class
  const mine = new Uint8Array(memory.maxByteLength / POOL); // 1: a pool of ours
  let empty = 0; // pools without live blocks, which any class may have
  const used = new Map<number, number>(); // by chunk: how many of its pools have live blocks

  const word = (address: number): number => memory.u32[address >>> 2];
  const setWord = (address: number, value: number): void => {
    memory.u32[address >>> 2] = value;
  };
  const poolOf = (block: number): number => block - (block % POOL);
  const isMine = (block: number): boolean => mine[Math.floor(block / POOL)] === 1;
  const isFull = (pool: number): boolean =>
    word(pool + FREE) === 0 && word(pool + FRESH) + word(pool + BLOCK) > POOL;

  /** Put a pool in front of its class's list. */
  function link(pool: number, sizeClass: number): void {
    const head = withRoom[sizeClass];
    setWord(pool + PREV, 0);
    setWord(pool + NEXT, head);
    if (head !== 0) setWord(head + PREV, pool);
    withRoom[sizeClass] = pool;
  }

  function unlink(pool: number, sizeClass: number): void {
    const before = word(pool + PREV);
    const after = word(pool + NEXT);
    if (before === 0) withRoom[sizeClass] = after;
    else setWord(before + NEXT, after);
    if (after !== 0) setWord(after + PREV, before);
  }

  function putAside(pool: number): void {
    setWord(pool + NEXT, empty);
    empty = pool;
  }

  /** More pools, aligned; 0 if there is no room. */
  function obtain(): number {
    const chunk = next.malloc(next.ctx, (CHUNK_POOLS + 1) * POOL);
    if (chunk === 0) return 0;
    const start = Math.ceil(chunk / POOL) * POOL;
    for (let n = CHUNK_POOLS - 1; n >= 0; n--) {
      mine[start / POOL + n] = 1;
      setWord(start + n * POOL + FROM, chunk);
      putAside(start + n * POOL);
    }
    used.set(chunk, 0);
    return empty;
  }

  /** Give a class an empty pool. */
  function poolFor(sizeClass: number): number {
    const pool = empty || obtain();
    if (pool === 0) return 0;
    empty = word(pool + NEXT);
    used.set(word(pool + FROM), used.get(word(pool + FROM))! + 1);
    setWord(pool + BLOCK, 16 * sizeClass);
    setWord(pool + LIVE, 0);
    setWord(pool + FREE, 0);
    setWord(pool + FRESH, HEADER);
    link(pool, sizeClass);
    return pool;
  }

  function malloc(size: number): number {
    if (size > LARGEST) return next.malloc(next.ctx, size);
    const sizeClass = Math.max(1, Math.ceil(size / 16));
    const pool = withRoom[sizeClass] || poolFor(sizeClass);
    if (pool === 0) return next.malloc(next.ctx, size);
    let block = word(pool + FREE);
    if (block === 0) {
      block = pool + word(pool + FRESH);
      setWord(pool + FRESH, word(pool + FRESH) + word(pool + BLOCK));
    } else {
      setWord(pool + FREE, word(block));
    }
    setWord(pool + LIVE, word(pool + LIVE) + 1);
    if (isFull(pool)) unlink(pool, sizeClass);
    return block;
  }

  function free(block: number): void {
    if (!isMine(block)) {
      next.free(next.ctx, block);
      return;
    }
    const pool = poolOf(block);
    const sizeClass = word(pool + BLOCK) / 16;
    if (isFull(pool)) link(pool, sizeClass); // it has room again
    setWord(block, word(pool + FREE));
    setWord(pool + FREE, block);
    setWord(pool + LIVE, word(pool + LIVE) - 1);
    if (word(pool + LIVE) > 0) return;
    unlink(pool, sizeClass);
    putAside(pool);
    const chunk = word(pool + FROM);
    used.set(chunk, used.get(chunk)! - 1);
    if (used.get(chunk) === 0 && used.size > 1) giveBack(chunk);
  }

  /** Take the chunk's pools out of the list of empty ones; give it back. */
  function giveBack(chunk: number): void {
    let before = 0;
    for (let pool = empty; pool !== 0; pool = word(pool + NEXT)) {
      if (word(pool + FROM) !== chunk) {
        before = pool;
        continue;
      }
      mine[pool / POOL] = 0;
      if (before === 0) empty = word(pool + NEXT);
      else setWord(before + NEXT, word(pool + NEXT));
    }
    used.delete(chunk);
    next.free(next.ctx, chunk);
  }

  return {
    ctx: undefined,
    malloc: (_, size) => malloc(size),
    calloc(_, nelem, elsize) {
      const block = malloc(nelem * elsize);
      if (block !== 0) memory.u8.fill(0, block, block + nelem * elsize);
      return block;
    },
    realloc(_, old, newSize) {
      if (old === 0) return malloc(newSize);
      if (!isMine(old)) return next.realloc(next.ctx, old, newSize);
      const size = word(poolOf(old) + BLOCK);
      if (newSize <= size) return old;
      const block = malloc(newSize);
      if (block === 0) return 0;
      memory.u8.copyWithin(block, old, old + size);
      free(old);
      return block;
    },
    free: (_, block) => free(block),
  };
};

export default pools;
