/**
 * One str in static data that takes on any short ASCII text, so that a table can be searched for a text without making
 * an object of it. It must not get into the hands of users: only all-str tables are searched with it, which run none of
 * their code.
 */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { StrOffsets } from "./str-layout.ts";

/** Longest text that it takes. */
const LENGTH_LIMIT = 64;
/** Hashes that are remembered, outside of the heap: they follow from text and seed alone. */
const REMEMBERED = 4096;

/**
 * @param type of strs
 * @returns gives the str of a text, its hash computed; NULL for a text that is too long or not ASCII
 */
export function makeProbe(
  core: Core,
  type: Address,
  offsets: StrOffsets,
): (text: string) => Address {
  const { memory, alloc, wide, word, state, at } = core;
  const { length: LENGTH, hash: HASH, state: STATE, asciiData: DATA } = offsets;
  const CELL = (state + at.probe_str) >>> 2;
  if (memory.u32[CELL] === 0) {
    const made = alloc.staticData(DATA + LENGTH_LIMIT + 1);
    const u32 = memory.u32;
    u32[made >>> 2] = core.facts.refcount.staticImmortal;
    u32[(made + word) >>> 2] = type;
    u32[(made + STATE) >>> 2] = offsets.asciiState;
    u32[CELL] = made;
  }
  const probe = memory.u32[CELL];
  const HASH_WORD = (probe + HASH) >>> 2;
  const hashes = new Map<string, number>();
  const lows = new Int32Array(REMEMBERED);
  const highs = new Int32Array(REMEMBERED);

  /** Compute and remember the hash of the text that the probe has. */
  function hashAnew(text: string): void {
    const u32 = memory.u32;
    u32[HASH_WORD] = 0xffffffff;
    if (wide) u32[HASH_WORD + 1] = 0xffffffff;
    const low = core.protocol.hash(probe);
    if (hashes.size === REMEMBERED) hashes.clear();
    const place = hashes.size;
    lows[place] = low;
    highs[place] = wide ? core.hashHigh : 0;
    hashes.set(text, place);
  }

  return (text) => {
    const { length } = text;
    if (length > LENGTH_LIMIT) return 0;
    const { u8, u32 } = memory;
    const data = probe + DATA;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      u8[data + i] = code;
      bits |= code;
    }
    if (bits >= 128) return 0;
    u8[data + length] = 0;
    u32[(probe + LENGTH) >>> 2] = length;
    const place = hashes.get(text);
    if (place === undefined) hashAnew(text);
    else {
      u32[HASH_WORD] = lows[place];
      if (wide) u32[HASH_WORD + 1] = highs[place];
    }
    return probe;
  };
}
