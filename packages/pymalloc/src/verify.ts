/**
 * Every invariant of pymalloc's structure, checked from the layouts alone: nothing here calls what it checks. Each
 * list is followed with a limit, and each address is checked before it is used, so that any damage ends in an error.
 *
 * - P1 upper halves: in lp64 the upper 4 bytes of every pointer are 0.
 * - P2 arena vector: maxarenas is 0 or the initial number doubled some times; a record with address 0 is in
 *   unused_arena_objects, exactly once, and any other is not.
 * - P3 arenas: they overlap nowhere; ntotalpools is what fits behind the excess; pool_address is a whole number of
 *   pools from the first.
 * - P4 free pools: nfreepools = |freepools| + pools never carved, and freepools holds this arena's empty pools.
 * - P5 usable_arenas: exactly the arenas with free pools, ascending by their number, linked both ways.
 * - P6 nfp2lasta[n]: the last arena in usable_arenas with n free pools, or NULL.
 * - P7 wholly free arenas: none; where the last one is kept, one at most, which is the last in usable_arenas.
 * - P8 pool: arenaindex is its arena's; szidx is a class; nextoffset is a block's, maxnextoffset that of the class.
 * - P9 blocks: count + |free list| + blocks never used = capacity; each entry of the free list is a block handed out
 *   before, and none is there twice.
 * - P10 used pools: a pool with 1 … capacity - 1 blocks handed out is in the used list of its class, exactly once, and
 *   no other pool is; the lists are linked both ways; a used pool's free list is not empty.
 * - P11 address map: exactly the arenas' intervals.
 * - P12 counters: narenas_currently_allocated = arenas in use ≤ narenas_highwater ≤ ntimes_arena_allocated.
 */
import { type Address, hex, NULL, PyrenaError } from "@pyrena/abi";
import { NO_ARENA } from "./address-map.ts";
import { arenasInUse, carvedPools, firstPool } from "./arena-pools.ts";
import type { PymallocContext } from "./context.ts";
import { NO_SIZE_CLASS } from "./pool.ts";
import { dummyOf } from "./used-pools.ts";

/**
 * Check P1 … P12. Takes time in proportion to the blocks of all arenas.
 * @throws PyrenaError `heap-corrupt`
 */
export function verify(ctx: PymallocContext): void {
  checkVector(ctx);
  const arenas = arenasInUse(ctx);
  checkCounters(ctx, arenas);
  checkExtents(ctx, arenas);
  checkAddressMap(ctx, arenas);
  checkUsableArenas(ctx, arenas);
  const used = usedPools(ctx, arenas);
  for (const arena of arenas) {
    const empty = freePools(ctx, arena);
    const first = firstPool(ctx, ctx.memory.u32[arena]);
    const carved = carvedPools(ctx, arena);
    for (let n = 0; n < carved; n++) checkPool(ctx, arena, first + n * ctx.poolBytes, empty, used);
  }
}

function fail(invariant: string, address: Address, what: string): never {
  throw new PyrenaError("heap-corrupt", `pymalloc ${invariant} broken: ${what}`, {
    invariant,
    address,
  });
}

/** Read a pointer by its word index. */
function pointer(ctx: PymallocContext, word: number): Address {
  const u32 = ctx.memory.u32;
  if (ctx.pointerWords === 2 && u32[word + 1] !== 0) {
    const at = (word << 2) >>> 0;
    fail("P1", at, `the pointer at ${hex(at)} has ${hex(u32[word + 1])} in its upper half`);
  }
  return u32[word];
}

/** The index of the arena record at an address, or -1 if none lies there. */
function recordIndex(ctx: PymallocContext, record: Address): number {
  const index = (record - ctx.memory.u32[ctx.arenasWord]) / ctx.arenaObjectBytes;
  const valid = Number.isInteger(index) && index >= 0 && index < ctx.memory.u32[ctx.maxarenasWord];
  return valid ? index : -1;
}

function checkVector(ctx: PymallocContext): void {
  const u32 = ctx.memory.u32;
  const max = u32[ctx.maxarenasWord];
  const vector = pointer(ctx, ctx.arenasWord);
  const doublings = Math.log2(max / ctx.profile.pymalloc.initialArenaObjects);
  if (max !== 0 && !(Number.isInteger(doublings) && doublings >= 0)) {
    fail("P2", vector, `the arena vector has ${max} records`);
  }
  if ((vector === NULL) !== (max === 0) || vector + max * ctx.arenaObjectBytes > u32.length * 4) {
    fail("P2", vector, `the arena vector of ${max} records cannot be at ${hex(vector)}`);
  }
  const unused = new Set<number>();
  for (let record = pointer(ctx, ctx.unusedArenaObjectsWord); record !== NULL; ) {
    const index = recordIndex(ctx, record);
    if (index < 0)
      fail("P2", record, `unused_arena_objects holds ${hex(record)}, which is no record`);
    if (unused.has(index)) fail("P2", record, `unused_arena_objects holds record ${index} twice`);
    unused.add(index);
    if (u32[record >>> 2] !== NULL) {
      fail("P2", record, `unused_arena_objects holds record ${index}, which is in use`);
    }
    record = pointer(ctx, (record >>> 2) + ctx.nextarenaWord);
  }
  for (let index = 0; index < max; index++) {
    const record = vector + index * ctx.arenaObjectBytes;
    if (pointer(ctx, record >>> 2) === NULL && !unused.has(index)) {
      fail("P2", record, `record ${index} is unused but not in unused_arena_objects`);
    }
  }
}

function checkCounters(ctx: PymallocContext, arenas: readonly number[]): void {
  const u32 = ctx.memory.u32;
  const current = u32[ctx.arenasCurrentWord];
  const highwater = u32[ctx.arenasHighwaterWord];
  const total = u32[ctx.arenasTotalWord];
  if (current !== arenas.length) {
    fail("P12", ctx.state, `${arenas.length} arenas are in use, ${current} are counted`);
  }
  if (current > highwater || highwater > total) {
    fail(
      "P12",
      ctx.state,
      `current ${current} ≤ highwater ${highwater} ≤ total ${total} is not true`,
    );
  }
}

function checkExtents(ctx: PymallocContext, arenas: readonly number[]): void {
  const u32 = ctx.memory.u32;
  let end = 0;
  for (const arena of [...arenas].sort((a, b) => u32[a] - u32[b])) {
    const base = u32[arena];
    if (base < end) fail("P3", base, `the arena at ${hex(base)} overlaps the one before it`);
    end = base + ctx.arenaBytes;
    if (end > u32.length * 4) fail("P3", base, `the arena at ${hex(base)} ends beyond the memory`);
    const first = firstPool(ctx, base);
    const total = Math.floor((end - first) / ctx.poolBytes);
    if (u32[arena + ctx.ntotalpoolsWord] !== total) {
      fail(
        "P3",
        base,
        `the arena at ${hex(base)} has room for ${total} pools, its record says ${u32[arena + ctx.ntotalpoolsWord]}`,
      );
    }
    const next = pointer(ctx, arena + ctx.poolAddressWord);
    const carvedBytes = (next - first) >>> 0;
    if (carvedBytes % ctx.poolBytes !== 0 || carvedBytes > total * ctx.poolBytes) {
      fail("P3", base, `pool_address ${hex(next)} is not a pool of the arena at ${hex(base)}`);
    }
  }
}

function checkAddressMap(ctx: PymallocContext, arenas: readonly number[]): void {
  const u32 = ctx.memory.u32;
  const slots = ctx.addressMapSlots;
  const made = new Set<number>();
  const lo = new Map<number, number>();
  const hi = new Map<number, number>();
  for (const arena of arenas) {
    const base = u32[arena];
    const slot = Math.floor(base / ctx.arenaBytes);
    const aligned = base % ctx.arenaBytes === 0;
    hi.set(slot, base - 1);
    made.add(slot);
    if (!aligned) {
      lo.set(slot + 1, base + ctx.arenaBytes);
      made.add(slot + 1);
    }
    const last = aligned ? slot : slot + 1;
    if (last >= slots) fail("P11", base, `the address map ends before the arena at ${hex(base)}`);
  }
  for (let slot = 0; slot < slots; slot++) {
    const entry = ctx.addressMapWord + slot * 2;
    const foundLo = u32[entry];
    const foundHi = u32[entry + 1];
    const empty = foundLo === 0 && foundHi === NO_ARENA;
    if (empty && !made.has(slot)) continue;
    const madeLo = lo.get(slot) ?? 0;
    const madeHi = hi.get(slot) ?? NO_ARENA;
    if (foundLo !== madeLo || foundHi !== madeHi) {
      fail(
        "P11",
        slot * ctx.arenaBytes,
        `slot ${slot} of the address map is (${hex(foundLo)}, ${hex(foundHi)}), the arenas make it (${hex(madeLo)}, ${hex(madeHi)})`,
      );
    }
  }
}

function checkUsableArenas(ctx: PymallocContext, arenas: readonly number[]): void {
  const u32 = ctx.memory.u32;
  const last: Address[] = [];
  let listed = 0;
  let prev: Address = NULL;
  let fewest = 1;
  let record = pointer(ctx, ctx.usableArenasWord);
  for (; record !== NULL; listed++) {
    const arena = record >>> 2;
    if (recordIndex(ctx, record) < 0 || u32[arena] === NULL) {
      fail("P5", record, `usable_arenas holds ${hex(record)}, which is no record in use`);
    }
    if (listed > arenas.length) fail("P5", record, "usable_arenas runs in a circle");
    if (pointer(ctx, arena + ctx.prevarenaWord) !== prev) {
      fail("P5", record, `prevarena of the record at ${hex(record)} is not the one before it`);
    }
    const nfree = u32[arena + ctx.nfreepoolsWord];
    if (nfree < fewest) {
      fail(
        "P5",
        record,
        `usable_arenas has an arena with ${nfree} free pools where ${fewest} is the least`,
      );
    }
    if (nfree > u32[arena + ctx.ntotalpoolsWord]) {
      fail(
        "P4",
        record,
        `an arena of ${u32[arena + ctx.ntotalpoolsWord]} pools has ${nfree} free ones`,
      );
    }
    const next = pointer(ctx, arena + ctx.nextarenaWord);
    if (nfree === u32[arena + ctx.ntotalpoolsWord] && (next !== NULL || !ctx.keepsLastArena)) {
      fail("P7", u32[arena], `the arena at ${hex(u32[arena])} is wholly free but still held`);
    }
    fewest = nfree;
    last[nfree] = record;
    prev = record;
    record = next;
  }
  const usable = arenas.filter((arena) => u32[arena + ctx.nfreepoolsWord] > 0).length;
  if (listed !== usable) {
    fail("P5", ctx.state, `${usable} arenas have free pools, usable_arenas holds ${listed}`);
  }
  for (let n = 0; n <= ctx.poolsPerArena; n++) {
    const entry = pointer(ctx, ctx.nfp2lastaWord + n * ctx.pointerWords);
    if (entry !== (last[n] ?? NULL)) {
      fail(
        "P6",
        entry,
        `nfp2lasta[${n}] is ${hex(entry)}, the list makes it ${hex(last[n] ?? NULL)}`,
      );
    }
  }
}

/** The arena record whose carved pool starts at an address, or -1. */
function arenaOfPool(ctx: PymallocContext, arenas: readonly number[], pool: Address): number {
  for (const arena of arenas) {
    const index = (pool - firstPool(ctx, ctx.memory.u32[arena])) / ctx.poolBytes;
    if (index >= 0 && index < carvedPools(ctx, arena)) return Number.isInteger(index) ? arena : -1;
  }
  return -1;
}

/** All pools in used lists, with the class of the list; their links are right. */
function usedPools(ctx: PymallocContext, arenas: readonly number[]): Map<Address, number> {
  const used = new Map<Address, number>();
  for (let sizeClass = 0; sizeClass < ctx.sizeClasses; sizeClass++) {
    const dummy = (dummyOf(ctx, sizeClass) << 2) >>> 0;
    let prev = dummy;
    for (;;) {
      const pool = pointer(ctx, (prev >>> 2) + ctx.nextpoolWord);
      if (pool !== dummy) {
        if (arenaOfPool(ctx, arenas, pool) < 0) {
          fail(
            "P10",
            pool,
            `the used list of class ${sizeClass} holds ${hex(pool)}, which is no pool`,
          );
        }
        if (used.has(pool)) fail("P10", pool, `the pool at ${hex(pool)} is in used lists twice`);
        used.set(pool, sizeClass);
      }
      if (pointer(ctx, (pool >>> 2) + ctx.prevpoolWord) !== prev) {
        fail(
          "P10",
          pool,
          `prevpool of ${hex(pool)} in the used list of class ${sizeClass} is not the one before it`,
        );
      }
      if (pool === dummy) break;
      prev = pool;
    }
  }
  return used;
}

/** The pools in an arena's freepools; their number is right. */
function freePools(ctx: PymallocContext, arena: number): Set<Address> {
  const u32 = ctx.memory.u32;
  const empty = new Set<Address>();
  for (let pool = pointer(ctx, arena + ctx.freepoolsWord); pool !== NULL; ) {
    if (arenaOfPool(ctx, [arena], pool) < 0) {
      fail(
        "P4",
        pool,
        `freepools of the arena at ${hex(u32[arena])} holds ${hex(pool)}, which is no pool of it`,
      );
    }
    if (empty.has(pool)) fail("P4", pool, `freepools holds ${hex(pool)} twice`);
    empty.add(pool);
    pool = pointer(ctx, (pool >>> 2) + ctx.nextpoolWord);
  }
  const uncarved = u32[arena + ctx.ntotalpoolsWord] - carvedPools(ctx, arena);
  const nfree = u32[arena + ctx.nfreepoolsWord];
  if (nfree !== empty.size + uncarved) {
    fail(
      "P4",
      u32[arena],
      `the arena at ${hex(u32[arena])} has ${empty.size} empty pools and ${uncarved} never carved, its record says ${nfree}`,
    );
  }
  return empty;
}

function checkPool(
  ctx: PymallocContext,
  arena: number,
  base: Address,
  empty: ReadonlySet<Address>,
  used: ReadonlyMap<Address, number>,
): void {
  const u32 = ctx.memory.u32;
  const pool = base >>> 2;
  const index = u32[pool + ctx.arenaindexWord];
  if (index !== recordIndex(ctx, (arena << 2) >>> 0)) {
    fail("P8", base, `the pool at ${hex(base)} says that it belongs to arena ${index}`);
  }
  const sizeClass = u32[pool + ctx.szidxWord];
  const count = u32[pool];
  if (sizeClass >= ctx.sizeClasses) {
    const what = sizeClass === NO_SIZE_CLASS ? "no size class" : `size class ${sizeClass}`;
    fail("P8", base, `the pool at ${hex(base)} has ${what}`);
  }

  const blockBytes = (sizeClass + 1) * ctx.alignment;
  const capacity = Math.floor((ctx.poolBytes - ctx.poolHeaderBytes) / blockBytes);
  const touched = (u32[pool + ctx.nextoffsetWord] - ctx.poolHeaderBytes) / blockBytes;
  if (!Number.isInteger(touched) || touched < 2 || touched > capacity) {
    fail("P8", base, `the pool at ${hex(base)} has nextoffset ${u32[pool + ctx.nextoffsetWord]}`);
  }
  if (u32[pool + ctx.maxnextoffsetWord] !== ctx.poolBytes - blockBytes) {
    fail(
      "P8",
      base,
      `the pool at ${hex(base)} has maxnextoffset ${u32[pool + ctx.maxnextoffsetWord]}`,
    );
  }

  const seen = new Uint8Array(capacity);
  let free = 0;
  for (let block = pointer(ctx, pool + ctx.freeblockWord); block !== NULL; free++) {
    const at = (block - base - ctx.poolHeaderBytes) / blockBytes;
    if (!Number.isInteger(at) || at < 0 || at >= touched) {
      fail(
        "P9",
        block,
        `the free list of the pool at ${hex(base)} holds ${hex(block)}, which is no block of it`,
      );
    }
    if (seen[at] === 1)
      fail("P9", block, `the free list of the pool at ${hex(base)} holds ${hex(block)} twice`);
    seen[at] = 1;
    block = pointer(ctx, block >>> 2);
  }
  if (count + free + (capacity - touched) !== capacity) {
    fail(
      "P9",
      base,
      `the pool at ${hex(base)} has ${count} blocks handed out, ${free} in its free list and ${capacity - touched} never used, of ${capacity}`,
    );
  }

  if (empty.has(base) !== (count === 0)) {
    fail(
      "P4",
      base,
      `the pool at ${hex(base)} has ${count} blocks handed out, but freepools ${empty.has(base) ? "holds" : "lacks"} it`,
    );
  }
  const isUsed = count > 0 && count < capacity;
  if (isUsed ? used.get(base) !== sizeClass : used.has(base)) {
    fail(
      "P10",
      base,
      `the pool at ${hex(base)} of class ${sizeClass} has ${count} of ${capacity} blocks handed out, but ` +
        (used.has(base) ? `is in the used list of class ${used.get(base)}` : "is in no used list"),
    );
  }
  if (isUsed && free === 0) {
    fail("P10", base, `the used pool at ${hex(base)} has an empty free list`);
  }
}
