/** Checks of a dict's table against its invariants. */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { ValuesApi } from "../api/tables.ts";
import type { Core } from "../core/core.ts";
import { ABSENT, type DictKeys, usableFraction } from "./dict-keys.ts";
import type { DictTable } from "./dict-table.ts";

/** Check one dict against K1 to K3 (dict-keys.ts), D1 and D2 (dict-table.ts). */
export function makeDictCheck(
  core: Core,
  keysApi: DictKeys,
  values: ValuesApi,
  { keysOf, valuesOf, valueAt, length }: DictTable,
): (dict: Address) => void {
  const { empty: EMPTY, usable } = keysApi;
  return (dict) => {
    const keys = keysOf(dict);
    const itsValues = valuesOf(dict);
    const broken = (invariant: string, text: string): never => {
      throw new PyrenaError("heap-corrupt", `${invariant}: dict at ${hex(dict)}: ${text}`, {
        address: dict,
        invariant,
      });
    };
    const count = keysApi.count(keys);
    const slotCount = keysApi.slots(keys);
    if (slotCount <= 0 || keys + keysApi.bytes(keys) > core.memory.byteLength) {
      broken("K3", `its keys at ${hex(keys)} do not fit in the memory`);
    }
    if (keys !== EMPTY && count + usable(keys) > usableFraction(slotCount)) {
      broken("K3", `${count} entries and ${usable(keys)} to come do not fit in ${slotCount} slots`);
    }
    let filled = 0;
    for (let slot = 0; slot < slotCount && keys !== EMPTY; slot++) {
      if (keysApi.slotAt(keys, slot) !== ABSENT) filled++;
    }
    // Before anything is looked for: a search ends at a free slot.
    if (keys !== EMPTY && filled + usable(keys) > usableFraction(slotCount)) {
      broken("K3", `${filled} of ${slotCount} slots are filled, and ${usable(keys)} are to come`);
    }
    if (itsValues === 0 && keys !== EMPTY && keysApi.refcount(keys) !== 1) {
      broken("D2", `a combined table's keys are used ${keysApi.refcount(keys)} times`);
    }
    let named = 0;
    for (let slot = 0; slot < slotCount && keys !== EMPTY; slot++) {
      const index = keysApi.slotAt(keys, slot);
      if (index < 0) continue;
      named++;
      if (index >= count || keysApi.keyAt(keys, index) === 0) {
        broken("K1", `slot ${slot} names entry ${index}, which is not there`);
      }
      const low = keysApi.hashAt(keys, index);
      if (keysApi.slotOf(keys, low, core.hashHigh, index) !== slot) {
        broken("K2", `entry ${index} is not found from its hash`);
      }
    }
    let used = 0;
    let withKey = 0;
    for (let n = 0; n < count; n++) {
      if (keysApi.keyAt(keys, n) !== 0) withKey++;
      if (valueAt(dict, n) !== 0) used++;
    }
    if (named !== withKey) broken("K1", `${named} slots name ${withKey} entries`);
    if (used !== length(dict)) broken("D1", `ma_used is ${length(dict)}, but there are ${used}`);
    if (itsValues !== 0 && values.size(itsValues) !== used) {
      broken("D1", `${values.size(itsValues)} values are in order, but ${used} are set`);
    }
  };
}
