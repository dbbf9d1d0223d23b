/**
 * Signals on their way to Python: the main thread hears them, and Python's thread takes them, by way of the words of
 * their shared memory.
 *
 * The word SIGNAL belongs to both threads, so taking a signal is one step. Pyodide's own way, to read the word and then
 * to set it to 0, loses a signal that comes between the two (https://github.com/python/cpython/issues/157548); CPython's
 * loop looks every 50th time round, which makes that about one in a hundred.
 */
import { SIGNAL, WAKE } from "./thread-data.ts";

/** What CPython calls to ask for a signal, among the functions that Pyodide's binary imports. */
export const TAKE_SIGNAL = "_Py_CheckEmscriptenSignals_Helper";

/** Give Python a signal, and wake it if it sleeps. A signal that still waits is replaced. */
export function raiseSignal(words: Int32Array, signal: number): void {
  Atomics.store(words, SIGNAL, signal);
  Atomics.add(words, WAKE, 1);
  Atomics.notify(words, WAKE);
}

/**
 * Take the signal that waits.
 * @returns its number; 0 if there is none
 */
export function takeSignal(words: Int32Array): number {
  // Mostly there is none, and to look is cheaper than to exchange.
  return Atomics.load(words, SIGNAL) === 0 ? 0 : Atomics.exchange(words, SIGNAL, 0);
}
