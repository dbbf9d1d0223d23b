/**
 * The worker's own clock. Python's clocks go through {@link Tape}, which takes the place of the global functions: what
 * is measured about a program must not be taken from there.
 */
const { performance } = globalThis;
const read = performance.now.bind(performance);

/** Milliseconds since some time, as `performance.now()` has them. */
export function now(): number {
  return read();
}
