/**
 * Obtaining arenas and giving them back, and the vector of their records. Records are given as word indices.
 *
 * The vector only grows while there is neither an unused record nor a usable arena: at that moment no list and no
 * entry of nfp2lasta points into it, so it may move. Pools name their arena by index for the same reason.
 */
import { type Address, type EventKind, eventKinds, hex, NULL, PyrenaError } from "@pyrena/abi";
import { mapArena, unmapArena } from "./address-map.ts";
import type { PymallocContext } from "./context.ts";

/**
 * Obtain an arena from the arena source. It is in no list yet.
 * @returns its record, or 0 if there is no room: then everything is as it was
 * @throws PyrenaError `bad-argument` if the source hands out a region that is not in the memory
 */
export function obtainArena(ctx: PymallocContext): number {
  if (ctx.memory.u32[ctx.unusedArenaObjectsWord] === NULL && !growVector(ctx)) return 0;

  const base = ctx.arenas.alloc(ctx.arenas.ctx, ctx.arenaBytes);
  if (base === NULL) {
    tell(ctx, eventKinds.arenaFailed, ctx.arenaBytes, 0);
    return 0;
  }
  requireInMemory(ctx, base);
  if (!mapArena(ctx, base)) {
    ctx.arenas.free(ctx.arenas.ctx, base, ctx.arenaBytes);
    tell(ctx, eventKinds.arenaFailed, ctx.arenaBytes, 0);
    return 0;
  }

  const u32 = ctx.memory.u32;
  const arena = u32[ctx.unusedArenaObjectsWord] >>> 2;
  u32[ctx.unusedArenaObjectsWord] = u32[arena + ctx.nextarenaWord];
  const excess = base & (ctx.poolBytes - 1);
  const pools = ctx.poolsPerArena - (excess === 0 ? 0 : 1);
  u32[arena] = base;
  u32[arena + ctx.poolAddressWord] = excess === 0 ? base : base + ctx.poolBytes - excess;
  u32[arena + ctx.nfreepoolsWord] = pools;
  u32[arena + ctx.ntotalpoolsWord] = pools;
  u32[arena + ctx.freepoolsWord] = NULL;

  const current = u32[ctx.arenasCurrentWord] + 1;
  u32[ctx.arenasCurrentWord] = current;
  u32[ctx.arenasTotalWord] += 1;
  if (current > u32[ctx.arenasHighwaterWord]) u32[ctx.arenasHighwaterWord] = current;
  tell(ctx, eventKinds.arenaAlloc, base, ctx.arenaBytes);
  return arena;
}

/** Give an arena back to the arena source. It is in no list, and all its pools are free. */
export function releaseArena(ctx: PymallocContext, arena: number): void {
  const u32 = ctx.memory.u32;
  const base = u32[arena];
  u32[arena + ctx.nextarenaWord] = u32[ctx.unusedArenaObjectsWord];
  u32[ctx.unusedArenaObjectsWord] = arena << 2;
  u32[arena] = NULL;
  u32[ctx.arenasCurrentWord] -= 1;
  unmapArena(ctx, base);
  ctx.arenas.free(ctx.arenas.ctx, base, ctx.arenaBytes);
  tell(ctx, eventKinds.arenaFree, base, ctx.arenaBytes);
}

/** Double the vector, and link the new records in ascending order as the unused ones. */
function growVector(ctx: PymallocContext): boolean {
  const before = ctx.memory.u32[ctx.maxarenasWord];
  const count = before === 0 ? ctx.profile.pymalloc.initialArenaObjects : before * 2;
  const vector = ctx.raw.realloc(
    ctx.raw.ctx,
    ctx.memory.u32[ctx.arenasWord],
    count * ctx.arenaObjectBytes,
  );
  if (vector === NULL) return false;
  const u32 = ctx.memory.u32;
  const recordWords = ctx.arenaObjectWords;
  const start = vector >>> 2;
  u32.fill(0, start + before * recordWords, start + count * recordWords);
  for (let index = before; index < count - 1; index++) {
    const record = start + index * recordWords;
    u32[record + ctx.nextarenaWord] = (record + recordWords) << 2;
  }
  u32[ctx.arenasWord] = vector;
  u32[ctx.maxarenasWord] = count;
  u32[ctx.unusedArenaObjectsWord] = (start + before * recordWords) << 2;
  return true;
}

/** Writes outside a view are lost without a word, so a source that is wrong about the memory must be found out here. */
function requireInMemory(ctx: PymallocContext, base: Address): void {
  const { memory, arenaBytes } = ctx;
  if (base + arenaBytes <= memory.byteLength) return;
  memory.refresh();
  if (base + arenaBytes <= memory.byteLength) return;
  throw new PyrenaError(
    "bad-argument",
    `the arena source returned ${arenaBytes} bytes at ${hex(base)}, but the memory ends at ${hex(memory.byteLength)}`,
    { address: base, size: arenaBytes },
  );
}

function tell(ctx: PymallocContext, kind: EventKind, a: number, b: number): void {
  const sink = ctx.sink;
  if (sink !== undefined) sink.event(sink.ctx, kind, a, b, 0);
}
