/** Checks of a set's table against its invariants. */
import { type Address, hex, layoutOf, PyrenaError } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import { LINEAR_PROBES, MIN_SLOTS, type SetTable, setStruct } from "./set-table.ts";

/** Check one set against S1 to S3 (set-table.ts). */
export function makeSetCheck(core: Core, table: SetTable): (set: Address) => void {
  const { memory, profile, wide, word } = core;
  const { at } = layoutOf(setStruct, profile.abi);
  const FILL = at.fill;
  const SMALL = at.smalltable;
  const { dummy: DUMMY, entryBytes: ENTRY, length, tableOf, maskOf } = table;

  /** Where a search that compares nothing finds a key; 0 if it meets a free entry first. */
  function reach(table: Address, mask: number, low: number, high: number, key: Address): Address {
    let slot = low & mask;
    let perturb = low >>> 0;
    let upper = high;
    for (;;) {
      let entry = table + slot * ENTRY;
      const last = slot + LINEAR_PROBES <= mask ? entry + LINEAR_PROBES * ENTRY : entry;
      for (; entry <= last; entry += ENTRY) {
        const found = memory.u32[entry >>> 2];
        if (found === key) return entry;
        if (found === 0) return 0;
      }
      if (wide) {
        perturb = ((perturb >>> 5) | (upper << 27)) >>> 0;
        upper >>>= 5;
      } else perturb >>>= 5;
      slot = (slot * 5 + 1 + perturb) & mask;
    }
  }

  return (set) => {
    const broken = (invariant: string, text: string): never => {
      throw new PyrenaError("heap-corrupt", `${invariant}: set at ${hex(set)}: ${text}`, {
        address: set,
        invariant,
      });
    };
    const entries = tableOf(set);
    const slotCount = maskOf(set) + 1;
    if (slotCount < MIN_SLOTS || (slotCount & (slotCount - 1)) !== 0) {
      broken("S2", `${slotCount} slots are no power of two from ${MIN_SLOTS} on`);
    }
    if ((entries === set + SMALL) !== (slotCount === MIN_SLOTS)) {
      broken("S2", `a table of ${slotCount} slots lies at ${hex(entries)}`);
    }
    if (entries + slotCount * ENTRY > memory.byteLength) {
      broken("S2", `a table of ${slotCount} slots at ${hex(entries)} does not fit in the memory`);
    }
    let filled = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      if (memory.u32[(entries + slot * ENTRY) >>> 2] !== 0) filled++;
    }
    // Before anything is looked for: a search ends at a free entry.
    if (filled * 5 >= (slotCount - 1) * 3) {
      broken("S3", `${filled} of ${slotCount} slots are filled`);
    }
    let used = 0;
    let buried = 0;
    for (let slot = 0; slot < slotCount; slot++) {
      const entry = entries + slot * ENTRY;
      const key = memory.u32[entry >>> 2];
      if (key === 0) continue;
      if (key === DUMMY) buried++;
      else {
        used++;
        const i = (entry + word) >>> 2;
        const high = wide ? memory.i32[i + 1] : 0;
        // The key itself is met before anything could be compared with it.
        if (reach(entries, slotCount - 1, memory.i32[i], high, key) !== entry) {
          broken("S2", `the item in slot ${slot} is not found from its hash`);
        }
      }
    }
    const fill = memory.u32[(set + FILL) >>> 2];
    if (used !== length(set) || fill !== used + buried) {
      broken("S1", `used ${length(set)}, fill ${fill}, but ${used} items, ${buried} deleted`);
    }
  };
}
