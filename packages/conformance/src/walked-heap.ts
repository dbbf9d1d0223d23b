/** What a walk shows, as a tree that laws can look at. */
import { type Address, type HeapWalker, hex, type RegionKind } from "@pyrena/abi";
import { lawBroken, messageOf } from "./law.ts";

/** A region as it was walked. */
export interface Region {
  readonly base: Address;
  readonly bytes: number;
  readonly kind: RegionKind;
  readonly freePools: number;
  readonly poolBytes: number;
  readonly alignmentBytes: number;
  readonly pools: Pool[];
  /** Blocks that lie in no pool. */
  readonly blocks: Block[];
}

/** A pool as it was walked. */
export interface Pool {
  readonly base: Address;
  readonly bytes: number;
  readonly sizeClass: number;
  readonly blockBytes: number;
  readonly inUse: number;
  readonly capacity: number;
  readonly headerBytes: number;
  readonly blocks: Block[];
}

/** A block as it was walked. */
export interface Block {
  readonly address: Address;
  readonly bytes: number;
  readonly live: boolean;
  readonly sizeClass: number;
}

/** Everything that a walk shows. A block or pool outside what it must lie in breaks W4. */
export function walked(walker: HeapWalker): Region[] {
  const regions: Region[] = [];
  let pool: Pool | undefined;
  try {
    walker.walk({
      region(base, bytes, kind, freePools, poolBytes, alignmentBytes) {
        pool = undefined;
        regions.push({
          base,
          bytes,
          kind,
          freePools,
          poolBytes,
          alignmentBytes,
          pools: [],
          blocks: [],
        });
      },
      pool(base, bytes, sizeClass, blockBytes, inUse, capacity, headerBytes) {
        const region = regions.at(-1);
        if (region === undefined)
          lawBroken("W4", `the pool at ${hex(base)} came before any region`);
        pool = { base, bytes, sizeClass, blockBytes, inUse, capacity, headerBytes, blocks: [] };
        region.pools.push(pool);
      },
      block(address, bytes, live, sizeClass) {
        const region = regions.at(-1);
        if (region === undefined)
          lawBroken("W4", `the block at ${hex(address)} came before any region`);
        (pool ?? region).blocks.push({ address, bytes, live, sizeClass });
      },
    });
  } catch (cause) {
    if (cause instanceof Error && "invariant" in cause && cause.invariant === "W4") throw cause;
    lawBroken("W1", `walk threw ${messageOf(cause)}`, { cause });
  }
  return regions;
}

/** All blocks of some regions, in the order of the walk. */
export function blocksOf(regions: readonly Region[]): Block[] {
  return regions.flatMap((region) => [
    ...region.pools.flatMap((pool) => pool.blocks),
    ...region.blocks,
  ]);
}
