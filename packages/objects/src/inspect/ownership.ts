/** What instances of built-in types own beyond what `traverse` shows; by the name of the type's slots. */
import { type Address, layoutOf } from "@pyrena/abi";
import type { Ownership } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { listStruct } from "../types/list.ts";

/** Fresh for each core: closures over its constants. */
export function builtinOwnership(core: Core): Map<string, Ownership> {
  return new Map<string, Ownership>([["list", listOwnership(core)]]);
}

function listOwnership({ memory, profile, alloc }: Core): Ownership {
  const {
    ob_size: SIZE,
    ob_item: ITEMS,
    allocated: ALLOCATED,
  } = layoutOf(listStruct, profile.abi).at;
  const word = (address: Address): number => memory.u32[address >>> 2];
  return {
    buffers: (list, visit) => {
      const items = word(list + ITEMS);
      if (items !== 0) visit(items);
    },
    check: (list) => {
      const size = word(list + SIZE);
      const allocated = word(list + ALLOCATED);
      if (size > allocated) return `has ${size} items and room for ${allocated}`;
      if ((word(list + ITEMS) === 0) !== (allocated === 0))
        return `has room for ${allocated} items and ${word(list + ITEMS) === 0 ? "no" : "an"} items array`;
      if (!alloc.isTracked(list)) return "is not tracked";
      return undefined;
    },
  };
}
