/** What pymalloc counts, declared once; and `sys.getallocatedblocks()`. */
import type { StatDeclaration, StatSource } from "@pyrena/abi";
import { MAP_ENTRY_BYTES } from "./address-map.ts";
import { arenasInUse, carvedPools, firstPool } from "./arena-pools.ts";
import type { PymallocContext } from "./context.ts";

/** pymalloc's statistics, in the order of {@link pymallocStats}' `read`. */
export const pymallocStatDeclarations: readonly StatDeclaration[] = [
  {
    name: "arenasAllocatedTotal",
    unit: "arenas",
    kind: "total",
    help: "arenas obtained from the arena source so far",
  },
  {
    name: "arenasReclaimed",
    unit: "arenas",
    kind: "total",
    help: "arenas given back to the arena source so far",
  },
  { name: "arenasHighwater", unit: "arenas", kind: "peak", help: "most arenas held at once" },
  { name: "arenasCurrent", unit: "arenas", kind: "current", help: "arenas held now" },
  { name: "arenaBytes", unit: "bytes", kind: "current", help: "bytes of the arenas held now" },
  {
    name: "arenaBytesPeak",
    unit: "bytes",
    kind: "peak",
    help: "most bytes of arenas held at once",
  },
  {
    name: "rawAllocatedBlocks",
    unit: "blocks",
    kind: "current",
    help: "live blocks that were passed on to the raw allocator",
  },
  {
    name: "allocatedBlocks",
    unit: "blocks",
    kind: "current",
    help: "live blocks in pools and passed on: sys.getallocatedblocks()",
  },
  {
    name: "tableBytes",
    unit: "bytes",
    kind: "current",
    help: "bytes of arena vector and address map",
  },
];

/** The statistics of one pymalloc. Reading `allocatedBlocks` visits every pool. */
export function pymallocStats(ctx: PymallocContext): StatSource {
  const field = (word: number): number => ctx.memory.u32[word];
  const readers: readonly (() => number)[] = [
    () => field(ctx.arenasTotalWord),
    () => field(ctx.arenasTotalWord) - field(ctx.arenasCurrentWord),
    () => field(ctx.arenasHighwaterWord),
    () => field(ctx.arenasCurrentWord),
    () => field(ctx.arenasCurrentWord) * ctx.arenaBytes,
    () => field(ctx.arenasHighwaterWord) * ctx.arenaBytes,
    () => rawAllocatedBlocks(ctx),
    () => allocatedBlocks(ctx),
    () => field(ctx.maxarenasWord) * ctx.arenaObjectBytes + ctx.addressMapSlots * MAP_ENTRY_BYTES,
  ];
  return {
    layer: "pymalloc",
    declarations: pymallocStatDeclarations,
    read: (index) => readers[index]!(),
  };
}

/**
 * Live blocks that came from the raw allocator. Negative where blocks of another allocator, older than this one, were
 * freed through it.
 */
export function rawAllocatedBlocks(ctx: PymallocContext): number {
  return ctx.memory.i32[ctx.rawAllocatedBlocksWord];
}

/** `sys.getallocatedblocks()`: live blocks in pools, and those passed on to the raw allocator. */
export function allocatedBlocks(ctx: PymallocContext): number {
  const u32 = ctx.memory.u32;
  let blocks = rawAllocatedBlocks(ctx);
  for (const arena of arenasInUse(ctx)) {
    const first = firstPool(ctx, u32[arena]);
    const carved = carvedPools(ctx, arena);
    for (let n = 0; n < carved; n++) blocks += u32[(first + n * ctx.poolBytes) >>> 2];
  }
  return blocks;
}
