/** Looking at every arena, pool and block, in order of address. Reads layouts only. */
import { type Address, type HeapVisitor, type HeapWalker, NULL } from "@pyrena/abi";
import { inArena } from "./address-map.ts";
import { arenasInUse, carvedPools, firstPool } from "./arena-pools.ts";
import type { PymallocContext } from "./context.ts";
import { verify } from "./verify.ts";

/** The walker of one pymalloc. */
export function pymallocWalker(ctx: PymallocContext): HeapWalker {
  return {
    name: "pymalloc",
    walk: (visitor) => walk(ctx, visitor),
    owns: (address) => address >>> 0 === address && inArena(ctx, address),
    usableSize: (address) => usableSize(ctx, address),
    holds: (visit) => {
      const vector = ctx.memory.u32[ctx.arenasWord];
      if (vector !== NULL) visit(vector);
    },
    verify: () => verify(ctx),
  };
}

function walk(ctx: PymallocContext, visitor: HeapVisitor): void {
  const u32 = ctx.memory.u32;
  const free = new Uint8Array(Math.floor(ctx.poolBytes / ctx.alignment));
  for (const arena of arenasInUse(ctx).sort((a, b) => u32[a] - u32[b])) {
    const base = u32[arena];
    const first = firstPool(ctx, base);
    const inside = visitor.region?.(
      base,
      ctx.arenaBytes,
      "arena",
      u32[arena + ctx.nfreepoolsWord],
      ctx.poolBytes,
      first === base ? 0 : ctx.poolBytes,
    );
    if (inside === false || (visitor.pool === undefined && visitor.block === undefined)) continue;
    const carved = carvedPools(ctx, arena);
    for (let n = 0; n < carved; n++) walkPool(ctx, first + n * ctx.poolBytes, free, visitor);
  }
}

function walkPool(
  ctx: PymallocContext,
  base: Address,
  free: Uint8Array,
  visitor: HeapVisitor,
): void {
  const u32 = ctx.memory.u32;
  const pool = base >>> 2;
  const inUse = u32[pool];
  if (inUse === 0) return;
  const sizeClass = u32[pool + ctx.szidxWord];
  const blockBytes = (sizeClass + 1) * ctx.alignment;
  const capacity = Math.floor((ctx.poolBytes - ctx.poolHeaderBytes) / blockBytes);
  const inside = visitor.pool?.(
    base,
    ctx.poolBytes,
    sizeClass,
    blockBytes,
    inUse,
    capacity,
    ctx.poolHeaderBytes,
  );
  if (inside === false || visitor.block === undefined) return;

  const start = base + ctx.poolHeaderBytes;
  const used = Math.floor((u32[pool + ctx.nextoffsetWord] - ctx.poolHeaderBytes) / blockBytes);
  free.fill(0, 0, used);
  free.fill(1, used, capacity);
  let block = u32[pool + ctx.freeblockWord];
  // Not more steps than there are blocks: a damaged list must not hold up whoever looks for the damage.
  for (let left = capacity; block !== NULL && left > 0; left--) {
    const index = (block - start) / blockBytes;
    if (index >= 0 && index < used) free[index] = 1;
    block = u32[block >>> 2];
  }
  for (let index = 0; index < capacity; index++) {
    visitor.block(start + index * blockBytes, blockBytes, free[index] === 0, sizeClass);
  }
}

function usableSize(ctx: PymallocContext, address: Address): number {
  if (!inArena(ctx, address)) return ctx.raw.walker?.usableSize(address) ?? 0;
  const pool = (address & -ctx.poolBytes) >>> 2;
  return (ctx.memory.u32[pool + ctx.szidxWord] + 1) * ctx.alignment;
}
