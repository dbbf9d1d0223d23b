/**
 * Every number of a profile that is compiled into the WebAssembly engine: sizes, and offsets of fields in bytes. The
 * engine is built from those of one profile and runs with every profile that has the same ones: all of ilp32 do.
 */
import { layoutOf, type Profile } from "@pyrena/abi";
import { arenaObject } from "./arena.ts";
import {
  blockRecord,
  engineState,
  PREVIOUS_WORDS,
  RECORD_PAGE_SHIFT,
  REQUEST_COUNTERS,
} from "./engine-state.ts";
import { Geometry } from "./geometry.ts";
import { NO_SIZE_CLASS, poolHeader } from "./pool.ts";
import { stateLayout } from "./state.ts";

/** The numbers of a profile by the names that the engine's sources have for them. */
export function engineNumbers(profile: Profile): Record<string, number> {
  const geometry = new Geometry(profile);
  const numbers: Record<string, number> = {
    POINTER_BYTES: profile.abi.pointerBytes,
    ALIGNMENT: geometry.alignment,
    THRESHOLD: geometry.threshold,
    POOL_BYTES: geometry.poolBytes,
    POOL_HEADER_BYTES: geometry.poolHeaderBytes,
    ARENA_SHIFT: geometry.arenaShift,
    ARENA_OBJECT_BYTES: geometry.arenaObjectBytes,
    NO_SIZE_CLASS,
    PREVIOUS_WORDS,
    REQUEST_COUNTERS,
    RECORD_PAGE_SHIFT,
  };
  const offsets = (prefix: string, at: Readonly<Record<string, number>>): void => {
    for (const [field, offset] of Object.entries(at)) {
      numbers[`${prefix}_${field.toUpperCase()}`] = offset;
    }
  };
  offsets("STATE", stateLayout(profile, 0).at);
  offsets("ARENA", layoutOf(arenaObject, profile.abi).at);
  offsets("POOL", layoutOf(poolHeader, profile.abi).at);
  offsets("ENGINE", layoutOf(engineState, profile.abi).at);
  offsets("RECORD", layoutOf(blockRecord, profile.abi).at);
  return numbers;
}
