/** Every number that is compiled into the WebAssembly engine (engine/assembly). */
import { layoutCodes } from "@pyrena/abi";
import { COLLECTING, FINALIZED, FLAGS, ONE_REF, SPACE, UNREACHABLE } from "./gc-head.ts";

/** References that are gathered before they are followed. */
export const GATHERED = 1024;
/** Types that a pass can know at a time: a power of 2, at most GATHERED. */
const TYPES_KNOWN = 64;
/** References of one object that are read in advance, at most. */
const WARMED = 16;
/** Heads that a pass deals with in one call. */
const CHUNK = 16384;
/** In a returned head: the caller must do this step. */
export const CALLER = 1;
/** Words that the engine works with: GATHERED references, and three figures. */
export const ROOM_WORDS: number = GATHERED + 4;

/** The numbers by the names that the engine's source has for them. */
export const engineNumbers: Readonly<Record<string, number>> = {
  COLLECTING,
  FINALIZED,
  FLAGS,
  ONE_REF,
  SPACE,
  UNREACHABLE,
  END: layoutCodes.end,
  WORDS: layoutCodes.words,
  INLINE_VAR: layoutCodes.inlineVar,
  BUFFER: layoutCodes.buffer,
  CUSTOM: layoutCodes.custom,
  GATHERED,
  TYPES_KNOWN,
  WARMED,
  CHUNK,
  CALLER,
};
