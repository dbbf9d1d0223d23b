/** Pools between two uses, as src/free-pools.ts and src/used-pools.ts have them, by address. AssemblyScript. */
import { obtainArena, releaseArena, state } from "./host";
import {
  ALIGNMENT,
  ARENA_FREEPOOLS,
  ARENA_OBJECT_BYTES,
  ARENA_POOL_ADDRESS,
  NO_SIZE_CLASS,
  POOL_ARENAINDEX,
  POOL_BYTES,
  POOL_FREEBLOCK,
  POOL_HEADER_BYTES,
  POOL_MAXNEXTOFFSET,
  POOL_NEXTOFFSET,
  POOL_NEXTPOOL,
  POOL_PREVPOOL,
  POOL_SZIDX,
  STATE_ARENAS,
  STATE_USABLE_ARENAS,
} from "./layout";
import { usableArenaGainsPool, usableArenaLosesPool } from "./usable-arenas";

/** Start a used pool for a class that has none. 1 if there is one now, 0 if there is no room, -1 after an exception. */
export function startPool(domain: u32, list: u32, blockBytes: u32): i32 {
  let arena = load<u32>(state, STATE_USABLE_ARENAS);
  if (!arena) {
    const obtained = obtainArena(domain);
    if (obtained <= 0) return obtained;
    arena = load<u32>(state, STATE_USABLE_ARENAS);
  }
  let pool = load<u32>(arena, ARENA_FREEPOOLS);
  if (pool) {
    store<u32>(arena, load<u32>(pool, POOL_NEXTPOOL), ARENA_FREEPOOLS);
  } else {
    pool = load<u32>(arena, ARENA_POOL_ADDRESS);
    store<u32>(arena, pool + POOL_BYTES, ARENA_POOL_ADDRESS);
    memory.fill(pool, 0, POOL_HEADER_BYTES);
    store<u32>(pool, (arena - load<u32>(state, STATE_ARENAS)) / ARENA_OBJECT_BYTES, POOL_ARENAINDEX);
    store<u32>(pool, NO_SIZE_CLASS, POOL_SZIDX);
  }
  usableArenaLosesPool(arena);

  const sizeClass = blockBytes / ALIGNMENT - 1;
  if (load<u32>(pool, POOL_SZIDX) != sizeClass) {
    const first = pool + POOL_HEADER_BYTES;
    store<u32>(pool, sizeClass, POOL_SZIDX);
    store<u32>(pool, POOL_HEADER_BYTES + blockBytes, POOL_NEXTOFFSET);
    store<u32>(pool, POOL_BYTES - blockBytes, POOL_MAXNEXTOFFSET);
    store<u32>(pool, first, POOL_FREEBLOCK);
    store<u32>(first, 0);
  }
  linkUsedPool(pool, list);
  return 1;
}

/** Put a pool into the used list of its class, in front; `list` is the address of the list's first pointer. */
@inline
export function linkUsedPool(pool: u32, list: u32): void {
  const next = load<u32>(list);
  store<u32>(pool, next, POOL_NEXTPOOL);
  store<u32>(pool, list - <u32>POOL_NEXTPOOL, POOL_PREVPOOL);
  store<u32>(next, pool, POOL_PREVPOOL);
  store<u32>(list, pool);
}

/** Take a pool out of its used list. */
@inline
export function unlinkUsedPool(pool: u32): void {
  const next = load<u32>(pool, POOL_NEXTPOOL);
  const prev = load<u32>(pool, POOL_PREVPOOL);
  store<u32>(next, prev, POOL_PREVPOOL);
  store<u32>(prev, next, POOL_NEXTPOOL);
}

/** Return a pool that has become empty and is in no list; its arena may be given back with it. */
export function returnPool(domain: u32, pool: u32): void {
  const arena = load<u32>(state, STATE_ARENAS) + load<u32>(pool, POOL_ARENAINDEX) * ARENA_OBJECT_BYTES;
  store<u32>(pool, load<u32>(arena, ARENA_FREEPOOLS), POOL_NEXTPOOL);
  store<u32>(arena, pool, ARENA_FREEPOOLS);
  if (usableArenaGainsPool(arena)) releaseArena(domain, arena);
}
