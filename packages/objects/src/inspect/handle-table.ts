/**
 * The table of handles: one word an entry, in a RAW block, so that what handles hold is known to whoever reads the
 * heap, a restored one included.
 *
 *     in use   address of the object; the entry owns a reference
 *     free     number of the next free entry, times 2, plus 1; the last one names the table's capacity
 */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/** Visit the entries in use. */
export function eachHandle(core: Core, visit: (object: Address, entry: number) => void): void {
  const { memory, state, at } = core;
  const capacity = memory.u32[(state + at.handle_capacity) >>> 2];
  const table = memory.u32[(state + at.handles) >>> 2] >>> 2;
  for (let entry = 0; entry < capacity; entry++) {
    const object = memory.u32[table + entry];
    if ((object & 1) === 0) visit(object, entry);
  }
}

/** O8 The free list has every entry that is not in use, once; the count is right. */
export function checkHandleTable(core: Core): void {
  const { memory, state, at } = core;
  const u32 = memory.u32;
  const capacity = u32[(state + at.handle_capacity) >>> 2];
  const table = u32[(state + at.handles) >>> 2] >>> 2;
  let used = 0;
  eachHandle(core, () => used++);
  const wrong = (why: string): never => {
    throw new PyrenaError("heap-corrupt", `O8: the handle table at ${hex(4 * table)} ${why}`, {
      address: 4 * table,
      invariant: "O8",
    });
  };
  const count = u32[(state + at.handle_count) >>> 2];
  if (used !== count) wrong(`counts ${count} handles and has ${used}`);
  let free = 0;
  let entry = u32[(state + at.handle_free) >>> 2];
  while (entry < capacity && free <= capacity) {
    const link = u32[table + entry];
    if ((link & 1) === 0) wrong(`lists entry ${entry} as free, which holds ${hex(link)}`);
    entry = link >>> 1;
    free++;
  }
  if (used + free !== capacity)
    wrong(`has ${capacity} entries, ${used} in use and ${free} in the free list`);
}
