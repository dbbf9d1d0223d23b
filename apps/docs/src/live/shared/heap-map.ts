/** pymalloc's arenas and pools as plain data, read through its walker and the published layout of a pool header. */
import { layoutOf, type Profile, poolHeaderBytes } from "@pyrena/abi";
import { NO_SIZE_CLASS, type PoolField, type Pymalloc, poolHeader } from "@pyrena/pymalloc";

/** One pool with a live block. */
export interface PoolCell {
  readonly base: number;
  /** Which pool of its arena, from 0. */
  readonly index: number;
  readonly sizeClass: number;
  readonly blockBytes: number;
  readonly inUse: number;
  readonly capacity: number;
}

/** One arena. Pools that are not in `used` are free. */
export interface ArenaCell {
  readonly base: number;
  readonly bytes: number;
  readonly poolBytes: number;
  readonly pools: number;
  readonly used: readonly PoolCell[];
}

/** All arenas that a pymalloc holds, in order of address. */
export function readArenas(pymalloc: Pymalloc): ArenaCell[] {
  const arenas: (ArenaCell & { used: PoolCell[] })[] = [];
  pymalloc.walker.walk({
    region(base, bytes, _kind, _free, poolBytes) {
      arenas.push({ base, bytes, poolBytes, pools: Math.floor(bytes / poolBytes), used: [] });
    },
    pool(base, poolBytes, sizeClass, blockBytes, inUse, capacity) {
      const arena = arenas[arenas.length - 1]!;
      const index = Math.floor((base - arena.base) / poolBytes);
      arena.used.push({ base, index, sizeClass, blockBytes, inUse, capacity });
      return false;
    },
  });
  return arenas;
}

/** One field of a pool header, as it stands in memory. */
export interface FieldValue {
  readonly name: PoolField;
  readonly offset: number;
  readonly bytes: number;
  readonly value: string;
}

/** A pool from inside. */
export interface PoolInside {
  readonly base: number;
  readonly header: readonly FieldValue[];
  /** The header's bytes. */
  readonly bytes: Uint8Array;
  readonly blockBytes: number;
  /** Of each block: handed out, in the free list, or never used so far. */
  readonly blocks: readonly ("live" | "free" | "virgin")[];
  /** Addresses in the order in which the next requests get them. */
  readonly freeList: readonly number[];
}

/** Look into the pool at this address; undefined where none was carved. */
export function readPool(
  pymalloc: Pymalloc,
  profile: Profile,
  base: number,
): PoolInside | undefined {
  const { memory } = pymalloc.ctx;
  const { at, fields, bytes } = layoutOf(poolHeader, profile.abi);
  const word = (offset: number): number => memory.u32[(base + offset) >>> 2]!;
  const sizeClass = word(at.szidx);
  const pool = word(at.nextoffset);
  if (sizeClass === NO_SIZE_CLASS || pool === 0) return undefined;
  const headerBytes = poolHeaderBytes(profile);
  const blockBytes = (sizeClass + 1) * profile.abi.alignment;
  const capacity = Math.floor((profile.pymalloc.poolBytes - headerBytes) / blockBytes);
  const start = base + headerBytes;
  const blocks: PoolInside["blocks"][number][] = [];
  const touched = Math.floor((word(at.nextoffset) - headerBytes) / blockBytes);
  for (let n = 0; n < capacity; n++) blocks.push(n < touched ? "live" : "virgin");
  const freeList: number[] = [];
  for (let free = word(at.freeblock); free !== 0 && freeList.length < capacity; ) {
    freeList.push(free);
    blocks[(free - start) / blockBytes] = "free";
    free = memory.u32[free >>> 2]!;
  }
  return {
    base,
    header: fields.map((field) => ({
      name: field.name as PoolField,
      offset: field.offset,
      bytes: field.bytes,
      value: field.type === "ptr" ? hexOf(word(field.offset)) : String(word(field.offset)),
    })),
    bytes: memory.u8.slice(base, base + bytes),
    blockBytes,
    blocks,
    freeList,
  };
}

/** `0x10_0000` style addresses are hard to compare: plain hexadecimal, NULL for 0. */
export function hexOf(address: number): string {
  return address === 0 ? "NULL" : `0x${address.toString(16)}`;
}
