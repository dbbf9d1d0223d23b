/** O6 Free lists. */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";

/**
 * O6 A free list has as many entries as it counts, each once and none of them alive.
 * @returns the entries of all lists, and the names of their lists
 */
export function checkFreeLists(
  core: Core,
  alive: ReadonlyMap<Address, number>,
): Map<Address, string> {
  const { memory, alloc } = core;
  const kept = new Map<Address, string>();
  for (const list of alloc.freeLists) {
    const wrong = (address: Address, why: string): never => {
      throw new PyrenaError("heap-corrupt", `O6: the free list of ${list.name} ${why}`, {
        address,
        invariant: "O6",
      });
    };
    let entries = 0;
    for (let object = memory.u32[list.headWord]; object !== 0; object = memory.u32[object >>> 2]) {
      if (object % core.word !== 0 || object + 8 > memory.byteLength)
        wrong(object, `leads to ${hex(object)}, which is no address`);
      if (alive.has(object)) wrong(object, `has ${hex(object)}, which is alive`);
      if (kept.has(object)) wrong(object, `has ${hex(object)}, which was met before`);
      kept.set(object, list.name);
      entries++;
    }
    if (entries !== list.count())
      wrong(memory.u32[list.headWord], `counts ${list.count()} entries and has ${entries}`);
  }
  return kept;
}
