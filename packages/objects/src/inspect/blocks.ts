/** O7 Whose every block of the allocators is. */
import { type Address, type HeapWalker, hex, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { isStatic, type Survey } from "./survey.ts";

/**
 * O7 Every live block belongs to exactly one object, buffer, free list or piece of state; every object, buffer and free
 * list entry lies in a live block of its own.
 */
export function checkBlocks(
  core: Core,
  walkers: readonly HeapWalker[],
  { found, blocks }: Survey,
  kept: ReadonlyMap<Address, string>,
): void {
  // What owns each block: a text, an object, or (negative) an object whose buffer it is. Texts of millions of objects
  // are not made before one is needed.
  const owned = new Map<Address, string | number>();
  const textOf = (owner: string | number): string => {
    if (typeof owner === "string") return owner;
    return owner < 0 ? `${nameOf(core, -owner)} as a buffer` : nameOf(core, owner);
  };
  const claim = (block: Address, owner: string | number): void => {
    const other = owned.get(block);
    if (other !== undefined) {
      broken(
        block,
        `the block at ${hex(block)} belongs to ${textOf(other)}, and to ${textOf(owner)}`,
      );
    }
    owned.set(block, owner);
  };
  for (const { tag, address } of core.heap.layers()) claim(address, `the state of layer ${tag}`);
  const layers = new Set(owned.keys());
  for (const [address, what] of stateBlocks(core)) claim(address, what);
  for (const walker of walkers) {
    walker.holds?.((block) => claim(block, `the allocator ${walker.name}`));
  }
  for (const object of found.keys()) {
    if (!isStatic(core, object)) claim(blockOf(core, object), object);
  }
  for (const [block, { owner }] of blocks) {
    if (!isStatic(core, block)) claim(block, -owner);
  }
  for (const [object, list] of kept) {
    // Keys objects of dicts are no objects: nothing lies before them.
    claim(list === "dictKeys" ? object : blockOf(core, object), `the free list of ${list}`);
  }
  (core.exceptions as typeof core.exceptions | undefined)?.reserve((exception) =>
    claim(blockOf(core, exception), "a MemoryError in reserve"),
  );
  const live = new Set<Address>();
  for (const walker of walkers) {
    walker.walk({
      block: (address, bytes, isLive) => {
        if (!isLive) return;
        live.add(address);
        if (!owned.has(address))
          broken(
            address,
            `the live block of ${bytes} bytes at ${hex(address)} (${walker.name}) belongs to nothing that is known: ` +
              "it was never given back",
          );
      },
    });
  }
  for (const [address, owner] of owned) {
    // The states of the allocators themselves may lie outside all segments.
    if (!live.has(address) && !layers.has(address))
      broken(address, `${textOf(owner)} lies at ${hex(address)}, where no live block is`);
  }
}

/** Where the block of an object begins: what comes before the object belongs to it. */
export function blockOf(core: Core, object: Address): Address {
  const { types } = core;
  // A class has PyGC_Head before it, a static type has nothing; other objects have what their type says.
  return types.isCollectable(object) ? object - types.preBytes(types.typeOf(object)) : object;
}

/** RAW blocks that the objects' state names. */
export function stateBlocks({ memory, state, at }: Core): [Address, string][] {
  const u32 = memory.u32;
  const found: [Address, string][] = [];
  const add = (block: Address, what: string): void => {
    if (block !== 0) found.push([block, what]);
  };
  add(u32[(state + at.type_table) >>> 2], "the table of types");
  add(u32[(state + at.handles) >>> 2], "the table of handles");
  for (let chunk = u32[(state + at.static_chunk) >>> 2]; chunk !== 0; chunk = u32[chunk >>> 2])
    add(chunk, "a chunk of static data");
  return found;
}

function nameOf(core: Core, object: Address): string {
  return `${core.types.name(core.types.typeOf(object))} at ${hex(object)}`;
}

function broken(address: Address, text: string): never {
  throw new PyrenaError("heap-corrupt", `O7: ${text}`, { address, invariant: "O7" });
}
