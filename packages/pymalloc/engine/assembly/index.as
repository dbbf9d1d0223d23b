/**
 * pymalloc's malloc, calloc, realloc and free in WebAssembly, on the bytes that the TypeScript code lays out, doing to
 * them exactly what it does: see src/malloc.ts, free.ts and realloc.ts, which say why. AssemblyScript.
 *
 * The numbers of "./layout" are made from the same tables when the module is built (engine/build.ts). All are for ilp32,
 * where words, pointers and addresses are the same thing.
 */
import { CALLOC, count, FAILED, FREE, MALLOC, pooled, REALLOC } from "./figures";
import {
  addressMapSlots,
  hostCalloc,
  hostFree,
  hostMalloc,
  hostRealloc,
  state,
} from "./host";
import {
  ALIGNMENT,
  ARENA_SHIFT,
  POOL_BYTES,
  POOL_COUNT,
  POOL_FREEBLOCK,
  POOL_HEADER_BYTES,
  POOL_MAXNEXTOFFSET,
  POOL_NEXTOFFSET,
  POOL_NEXTPOOL,
  POOL_SZIDX,
  STATE_ADDRESS_MAP,
  STATE_USEDPOOLS,
  THRESHOLD,
} from "./layout";
import { callocBefore, freeBefore, mallocBefore, reallocBefore } from "./passed-on";
import { linkUsedPool, returnPool, startPool, unlinkUsedPool } from "./pools";

/** What `small` answers where there is no block: the request goes on to the allocator before, or has failed. */
const NO_ROOM: u32 = 0;
const ERROR: u32 = 1;

@inline
function isSmall(size: u32): bool {
  return size - 1 < THRESHOLD;
}

@inline
function roundUp(size: u32): u32 {
  return (size + (ALIGNMENT - 1)) & (0 - ALIGNMENT);
}

@inline
function poolOf(ptr: u32): u32 {
  return ptr & (0 - POOL_BYTES);
}

/** Where the list of used pools of a class begins: a class's two pointers are as long as the alignment. */
@inline
function listOf(blockBytes: u32): u32 {
  return state + <u32>STATE_USEDPOOLS + blockBytes - ALIGNMENT;
}

@inline
function inArena(ptr: u32): bool {
  const slot = ptr >>> ARENA_SHIFT;
  if (slot >= addressMapSlots) return false;
  const entry = state + (slot << 3);
  return ptr > load<u32>(entry, STATE_ADDRESS_MAP + 4) || ptr < load<u32>(entry, STATE_ADDRESS_MAP);
}

/** Not in memory: whoever kept the functions may call them when all the memory has been given back. */
let handedOver: bool = false;

/** Each later call goes to the host. */
export function handOver(): void {
  handedOver = true;
}

/** A block of a pool. */
@inline
function small(domain: u32, blockBytes: u32): u32 {
  const list = listOf(blockBytes);
  let pool = load<u32>(list);
  if (pool == list - <u32>POOL_NEXTPOOL) {
    const started = startPool(domain, list, blockBytes);
    if (started <= 0) return started == 0 ? NO_ROOM : ERROR;
    pool = load<u32>(list);
  }
  const block = load<u32>(pool, POOL_FREEBLOCK);
  const live = load<u32>(pool, POOL_COUNT) + 1;
  store<u32>(pool, live, POOL_COUNT);
  const offset = load<u32>(pool, POOL_NEXTOFFSET);
  if (live * blockBytes + POOL_HEADER_BYTES != offset) {
    store<u32>(pool, load<u32>(block), POOL_FREEBLOCK);
  } else if (offset <= load<u32>(pool, POOL_MAXNEXTOFFSET)) {
    const virgin = pool + offset;
    store<u32>(virgin, 0);
    store<u32>(pool, virgin, POOL_FREEBLOCK);
    store<u32>(pool, offset + blockBytes, POOL_NEXTOFFSET);
  } else {
    store<u32>(pool, 0, POOL_FREEBLOCK);
    unlinkUsedPool(pool);
  }
  return block;
}

/** Free a block of a pool, which has one live at least. */
@inline
function freeSmall(domain: u32, ptr: u32, pool: u32, live: u32): void {
  const first = load<u32>(pool, POOL_FREEBLOCK);
  store<u32>(ptr, first);
  store<u32>(pool, ptr, POOL_FREEBLOCK);
  store<u32>(pool, live - 1, POOL_COUNT);
  if (!first) {
    linkUsedPool(pool, listOf((load<u32>(pool, POOL_SZIDX) + 1) * ALIGNMENT));
  } else if (live == 1) {
    unlinkUsedPool(pool);
    returnPool(domain, pool);
  }
}

/** malloc, but for counting the call. */
@inline
function allocate(domain: u32, size: u32): u32 {
  if (isSmall(size)) {
    const blockBytes = roundUp(size);
    const block = small(domain, blockBytes);
    if (block > ERROR) {
      pooled(blockBytes);
      return block;
    }
    if (block == ERROR) return 0;
  }
  return mallocBefore(domain, size);
}

export function malloc(domain: u32, size: u32): u32 {
  if (handedOver) return hostMalloc(domain, size);
  count(domain, MALLOC);
  const address = allocate(domain, size);
  if (!address) count(domain, FAILED);
  return address;
}

export function calloc(domain: u32, nelem: u32, elsize: u32): u32 {
  if (handedOver) return hostCalloc(domain, nelem, elsize);
  count(domain, CALLOC);
  const size = <u64>nelem * <u64>elsize;
  let address: u32 = NO_ROOM;
  if (size - 1 < THRESHOLD) {
    const blockBytes = roundUp(<u32>size);
    address = small(domain, blockBytes);
    if (address > ERROR) {
      pooled(blockBytes);
      const end = address + blockBytes;
      for (let at = address; at < end; at += 8) store<u64>(at, 0);
    }
  }
  if (address == NO_ROOM) address = callocBefore(domain, nelem, elsize);
  else if (address == ERROR) address = 0;
  if (!address) count(domain, FAILED);
  return address;
}

export function realloc(domain: u32, ptr: u32, newSize: u32): u32 {
  if (handedOver) return hostRealloc(domain, ptr, newSize);
  count(domain, REALLOC);
  let address: u32;
  if (!ptr) {
    address = allocate(domain, newSize);
  } else if (!inArena(ptr)) {
    address = reallocBefore(domain, ptr, newSize);
  } else {
    const size = (load<u32>(poolOf(ptr), POOL_SZIDX) + 1) * ALIGNMENT;
    if (newSize <= size && 4 * newSize > 3 * size) return ptr;
    address = move(domain, ptr, size, newSize);
  }
  if (!address) count(domain, FAILED);
  return address;
}

/** Move a block of a pool: the new one is taken before the old one is given back. 0 if there is no room. */
function move(domain: u32, ptr: u32, size: u32, newSize: u32): u32 {
  let moved: u32 = NO_ROOM;
  let change: i32 = -(<i32>size);
  if (isSmall(newSize)) {
    moved = small(domain, roundUp(newSize));
    if (moved == ERROR) return 0;
    if (moved != NO_ROOM) change += <i32>roundUp(newSize);
  }
  if (moved == NO_ROOM) moved = mallocBefore(domain, newSize);
  if (!moved) return 0;

  // Whole words, as many as the TypeScript code copies.
  const end = ptr + ((min(newSize, size) + 3) & ~3);
  let to = moved;
  for (let from = ptr; from < end; from += 4, to += 4) store<u32>(to, load<u32>(from));

  const pool = poolOf(ptr);
  const live = load<u32>(pool, POOL_COUNT);
  if (live) {
    freeSmall(domain, ptr, pool, live);
    pooled(change);
  } else {
    hostFree(domain, ptr);
  }
  return moved;
}

export function free(domain: u32, ptr: u32): void {
  if (handedOver) {
    hostFree(domain, ptr);
    return;
  }
  count(domain, FREE);
  if (!inArena(ptr)) {
    freeBefore(domain, ptr);
    return;
  }
  const pool = poolOf(ptr);
  const live = load<u32>(pool, POOL_COUNT);
  if (!live) {
    // A double free, which the TypeScript code reports.
    hostFree(domain, ptr);
    return;
  }
  pooled(-<i32>((load<u32>(pool, POOL_SZIDX) + 1) * ALIGNMENT));
  freeSmall(domain, ptr, pool, live);
}
