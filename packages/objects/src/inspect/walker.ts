/** Objects as a HeapWalker shows them: its regions are the allocators', its blocks the objects in them. */
import type { Address, HeapWalker } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { blockOf } from "./blocks.ts";

/** @param alive all living objects */
export function objectWalker(
  core: Core,
  alive: () => Map<Address, number>,
  verify: () => void,
): HeapWalker {
  const walkers = core.options.walkers ?? [];
  const usableSize = (object: Address): number => {
    const block = blockOf(core, object);
    const walker = walkers.find((one) => one.owns(block));
    return walker === undefined ? 0 : walker.usableSize(block) - (object - block);
  };
  return {
    name: "objects",
    walk: (visitor) => {
      const objects = [...alive().keys()].sort((a, b) => a - b);
      const regions: [base: Address, bytes: number, kind: "arena" | "segment"][] = [];
      for (const walker of walkers) {
        walker.walk({
          region: (base, bytes, kind) => {
            regions.push([base, bytes, kind]);
            return false;
          },
        });
      }
      regions.sort(([a], [b]) => a - b);
      let next = 0;
      for (const [base, bytes, kind] of regions) {
        const inside = visitor.region?.(base, bytes, kind, 0, 0, 0);
        while (next < objects.length && objects[next] < base) next++;
        for (; next < objects.length && objects[next] < base + bytes; next++) {
          if (inside !== false) visitor.block?.(objects[next], sizeOf(objects[next]), true, -1);
        }
      }
    },
    owns: (address) => walkers.some((walker) => walker.owns(address)),
    usableSize: (object) => sizeOf(object),
    verify,
  };

  /** Static objects lie one behind the other in a block: their size is their type's. */
  function sizeOf(object: Address): number {
    const usable = isInOwnBlock(object) ? usableSize(object) : 0;
    return usable > 0 ? usable : core.types.basicsize(core.types.typeOf(object));
  }

  function isInOwnBlock(object: Address): boolean {
    const { memory, state, at } = core;
    const u32 = memory.u32;
    for (let chunk = u32[(state + at.static_chunk) >>> 2]; chunk !== 0; chunk = u32[chunk >>> 2]) {
      if (object >= chunk && object < chunk + u32[(chunk >>> 2) + 1]) return false;
    }
    return true;
  }
}
