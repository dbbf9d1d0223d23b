/** Tapes as plain data: see `worker/tape.ts`. */
import type { TapeData } from "./protocol.ts";

/** A tape with nothing on it. */
export function emptyTape(): TapeData {
  return { readings: new Float64Array(0), random: new Uint8Array(0), input: [] };
}

/** Several tapes, one after the other. */
export function joinTapes(tapes: readonly TapeData[]): TapeData {
  const readings = new Float64Array(tapes.reduce((sum, tape) => sum + tape.readings.length, 0));
  const random = new Uint8Array(tapes.reduce((sum, tape) => sum + tape.random.length, 0));
  let readingAt = 0;
  let randomAt = 0;
  for (const tape of tapes) {
    readings.set(tape.readings, readingAt);
    random.set(tape.random, randomAt);
    readingAt += tape.readings.length;
    randomAt += tape.random.length;
  }
  return { readings, random, input: tapes.flatMap(({ input }) => input) };
}
