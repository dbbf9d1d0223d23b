/** The arena source's state in memory: its counters. Which regions are arenas the region manager's table tells. */
import { defineStruct, layoutOf, lp64, type StructDefinition } from "@pyrena/abi";

/** Tag in the heap's directory. */
export const ARENA_TAG = "ARNA";
/** Version of this layout. */
export const ARENA_VERSION = 1;

/** The state, the same in both ABIs. */
export const arenaState: StructDefinition<
  | "arenas"
  | "arenaBytes"
  | "peakArenas"
  | "peakArenaBytes"
  | "allocated"
  | "freed"
  | "failures"
  | "reserved"
> = defineStruct("arena source", {
  arenas: { type: "u32", help: "regions handed out and not given back" },
  arenaBytes: { type: "u32", help: "their bytes" },
  peakArenas: { type: "u32", help: "the most that arenas has been" },
  peakArenaBytes: { type: "u32", help: "the most that arenaBytes has been" },
  allocated: { type: "u32", help: "how often a region was handed out" },
  freed: { type: "u32", help: "how often a region was given back" },
  failures: { type: "u32", help: "requests that were answered with NULL" },
  reserved: { type: "u32", help: "0" },
});

const layout = layoutOf(arenaState, lp64);

/** Size of the state, in bytes. */
export const ARENA_STATE_BYTES: number = layout.bytes;

// Word offsets of the fields.
export const ARENAS: number = layout.at.arenas >>> 2;
export const ARENA_BYTES: number = layout.at.arenaBytes >>> 2;
export const PEAK_ARENAS: number = layout.at.peakArenas >>> 2;
export const PEAK_ARENA_BYTES: number = layout.at.peakArenaBytes >>> 2;
export const ALLOCATED: number = layout.at.allocated >>> 2;
export const FREED: number = layout.at.freed >>> 2;
export const ARENA_FAILURES: number = layout.at.failures >>> 2;
