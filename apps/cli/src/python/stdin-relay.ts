/**
 * Standard input for Python, read on the main thread: when Python waits for a terminal or a pipe, this thread does not,
 * and can break off Python's waiting when a signal comes. What arrives after that is kept for the next time.
 */
import process from "node:process";
import { isatty, ReadStream } from "node:tty";
import { ASKED, INPUT, INTERRUPTED, LENGTH, READY, SIGNAL } from "./thread-data.ts";

/** Answers the requests of one Python thread. */
export class StdinRelay {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  #stream: NodeJS.ReadStream | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  constructor(words: Int32Array, bytes: Uint8Array) {
    this.#words = words;
    this.#bytes = bytes;
  }

  /** Python waits. */
  asked(): void {
    // A signal that came when Python had looked for one, and did not wait yet, found nothing to break off.
    if (Atomics.load(this.#words, SIGNAL) !== 0) {
      this.interrupt();
      return;
    }
    this.#open();
    this.#answer();
  }

  /** Break off the waiting, if there is any. */
  interrupt(): void {
    if (Atomics.compareExchange(this.#words, INPUT, ASKED, INTERRUPTED) === ASKED) {
      Atomics.notify(this.#words, INPUT);
    }
  }

  /** Nothing is waited for any more. */
  close(): void {
    this.#stream?.destroy();
  }

  #open(): void {
    if (this.#stream !== undefined) return;
    const stream = isatty(0) ? new ReadStream(0) : process.stdin;
    this.#stream = stream;
    stream.on("readable", () => this.#answer());
    stream.on("end", () => this.#end());
    // A terminal that went away, say: the end, as far as the program is concerned.
    stream.on("error", () => this.#end());
  }

  #end(): void {
    this.#ended = true;
    this.#answer();
  }

  #answer(): void {
    const words = this.#words;
    if (Atomics.load(words, INPUT) !== ASKED) return;
    if (this.#rest.length === 0) {
      this.#rest = (this.#stream?.read() as Uint8Array | null) ?? this.#rest;
    }
    if (this.#rest.length === 0 && !this.#ended) return;
    const length = Math.min(this.#rest.length, Atomics.load(words, LENGTH));
    this.#bytes.set(this.#rest.subarray(0, length));
    Atomics.store(words, LENGTH, length);
    // Not given if the waiting has just been broken off.
    if (Atomics.compareExchange(words, INPUT, ASKED, READY) !== ASKED) return;
    this.#rest = this.#rest.subarray(length);
    Atomics.notify(words, INPUT);
    // On a terminal ^D ends one reading, not all: the next request starts afresh.
    if (length === 0 && this.#stream instanceof ReadStream) {
      this.#stream.destroy();
      this.#stream = undefined;
      this.#ended = false;
    }
  }
}
