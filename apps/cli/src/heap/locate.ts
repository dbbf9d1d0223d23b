/** What lies at an address, whatever it is. */
import { type Address, hex } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { type Contents, type MemoryRegion, typeName } from "./contents.ts";

/** A block of an allocator. */
export interface Block {
  readonly address: Address;
  /** Bytes that its owner can use. */
  readonly bytes: number;
  readonly live: boolean;
  /** Name of the allocator. */
  readonly allocator: string;
}

/** A pool: blocks of one size. */
export interface Pool {
  readonly base: Address;
  readonly bytes: number;
  readonly blockBytes: number;
  /** Live blocks, and how many there is room for. */
  readonly inUse: number;
  readonly capacity: number;
}

/** Where an address lies. */
export interface Place {
  /** Undefined: beyond the memory. */
  readonly region: MemoryRegion | undefined;
  readonly pool: Pool | undefined;
  readonly block: Block | undefined;
}

/** Find the place of an address. */
export function locate({ objects, regions }: Contents, address: Address): Place {
  const region = regions.find(({ base, bytes }) => address >= base && address < base + bytes);
  let pool: Pool | undefined;
  let block: Block | undefined;
  for (const walker of objects.options.walkers ?? []) {
    walker.walk({
      region: (base, bytes) => address >= base && address < base + bytes,
      pool: (base, bytes, _sizeClass, blockBytes, inUse, capacity) => {
        if (address < base || address >= base + bytes) return false;
        pool = { base, bytes, blockBytes, inUse, capacity };
        return true;
      },
      block: (base, bytes, live) => {
        if (address < base || address >= base + bytes) return;
        block = { address: base, bytes, live, allocator: walker.name };
      },
    });
  }
  return { region, pool, block };
}

/** Whose a live block is, and what it is to its owner. */
export interface Owner {
  readonly object: Address;
  /** Whether the object itself lies in the block, or what it keeps beside itself: items, keys, values. */
  readonly kind: "object" | "buffer";
}

/** Which living object a block belongs to. */
export function ownerOf(contents: Contents, block: Address): Owner | undefined {
  const { objects, all, isStatic } = contents;
  const { inspect } = objects;
  for (const object of all) {
    if (isStatic(object)) continue;
    if (blockOf(contents, object) === block) return { object, kind: "object" };
    let owns = false;
    inspect.blocks(object, (one) => {
      if (one === block) owns = true;
    });
    if (owns) return { object, kind: "buffer" };
  }
  return undefined;
}

/** Where the block of an object begins: PyGC_Head and other words before it belong to it. */
export function blockOf({ objects: { types } }: Contents, object: Address): Address {
  return types.isCollectable(object) ? object - types.preBytes(types.typeOf(object)) : object;
}

/** What lies at an address where no object begins: `in a free block (…)`. */
export function describePlace(contents: Contents, address: Address): string {
  const { regions } = contents;
  const { region, pool, block } = locate(contents, address);
  if (region === undefined) {
    const end = regions.reduce((sum, { bytes }) => sum + bytes, 0);
    return `beyond the heap's memory, which ends at ${hex(end)}`;
  }
  const where = [
    ...(block === undefined ? [] : [`block of ${block.bytes} bytes at ${hex(block.address)}`]),
    ...(pool === undefined
      ? []
      : [
          `pool at ${hex(pool.base)} with ${pool.inUse} of ${pool.capacity} blocks of ${pool.blockBytes} bytes in use`,
        ]),
    `${region.name} at ${hex(region.base)}`,
  ].join(", ");
  return `${whatIsThere(contents, address, { region, pool, block })} (${where})`;
}

function whatIsThere(contents: Contents, address: Address, { pool, block }: Place): string {
  const { objects } = contents;
  const fixed = staticObjectAt(contents, address);
  if (fixed !== undefined) return `inside the ${nameOf(objects, fixed)}`;
  if (block === undefined) return pool === undefined ? "in no block" : "in no block of its pool";
  if (!block.live) return "in a free block";
  const owner = ownerOf(contents, block.address);
  if (owner === undefined) return whoseBlock(contents, block);
  const name = nameOf(objects, owner.object);
  return owner.kind === "object" ? `inside the ${name}` : `in what the ${name} holds`;
}

function nameOf(objects: Objects, object: Address): string {
  return `${typeName(objects, object)} at ${hex(object)}`;
}

/** Static objects lie one behind the other in the blocks of static data. */
function staticObjectAt(
  { all, isStatic, objects }: Contents,
  address: Address,
): Address | undefined {
  if (!isStatic(address)) return undefined;
  let before: Address | undefined;
  for (const object of all) if (object <= address && isStatic(object)) before = object;
  if (before === undefined) return undefined;
  return address < before + objects.protocol.getsizeof(before) ? before : undefined;
}

/** What a live block is that no living object has. */
function whoseBlock({ objects, isStatic }: Contents, { address }: Block): string {
  const layer = objects.heap.layers().find((one) => one.address === address);
  if (layer !== undefined) return `in the state of layer ${layer.tag}`;
  if (isStatic(address)) return "in static data";
  for (const walker of objects.options.walkers ?? []) {
    let isHeld = false;
    walker.holds?.((block) => {
      if (block === address) isHeld = true;
    });
    if (isHeld) return `in a table of the allocator ${walker.name}`;
  }
  return "in a block that is kept for reuse";
}
