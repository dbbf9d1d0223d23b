/**
 * Waiting that waits. Python's thread sleeps on a word of the memory that it shares with the main thread, which wakes
 * it when a signal comes; Emscripten's own ways of waiting return at once or spin.
 */
import { SIGNAL, WAKE } from "./thread-data.ts";

/**
 * Sleep until the time is over or a signal has come.
 * @param ms at most so long; Infinity: until a signal comes
 * @returns whether a signal waits for Python
 */
export function pause(words: Int32Array, ms: number): boolean {
  const until = performance.now() + ms;
  for (;;) {
    // Read before the signal is, so that none can fall between the two.
    const wake = Atomics.load(words, WAKE);
    if (Atomics.load(words, SIGNAL) !== 0) return true;
    const left = until - performance.now();
    if (left <= 0) return false;
    Atomics.wait(words, WAKE, wake, left);
  }
}

const EINTR = 27;

/**
 * `poll`, on which `select` and the time-outs of sockets stand, too. Emscripten's looks once, and heeds no time-out.
 * Nothing of what it looks at can change while this thread waits, as far as is known here: so it is asked again only
 * when the time is over.
 * @param setErrno C's `select` passes an error number on as a result; so it is put into `errno` as well
 */
export function waitingPoll(
  poll: (descriptors: number, count: number, timeout: number) => number,
  words: Int32Array,
  setErrno: (number: number) => void,
): typeof poll {
  return (descriptors, count, timeout) => {
    const ready = poll(descriptors, count, 0);
    if (ready !== 0 || timeout === 0) return ready;
    if (pause(words, timeout < 0 ? Number.POSITIVE_INFINITY : timeout)) {
      setErrno(EINTR);
      return -EINTR;
    }
    return poll(descriptors, count, 0);
  };
}
