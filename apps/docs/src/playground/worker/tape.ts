/**
 * What reaches a program from outside, in the order in which it comes: readings of clocks, random bytes, lines of input.
 * With the same tape, the same program does the same, address for address; that is how it can be run again up to a
 * chosen step.
 *
 *     start: clocks stand at the epoch, random bytes come from a fixed sequence
 *     recording: as the browser has them, and kept
 *     playing: as they were kept; after the last one, recording again
 *
 * Everything in Pyodide asks JavaScript's own functions, whatever the version: these are replaced, in this worker.
 */
import type { TapeData } from "../protocol.ts";
import { emptyTape } from "../tape-data.ts";
import { now } from "./clock.ts";

const realRandom = crypto.getRandomValues;

/** Values that are kept. Of a program that reads a clock more often than that, the rest cannot be played again. */
const MOST_READINGS = 1_000_000;
const MOST_RANDOM_BYTES = 4_000_000;

/** The tape of one interpreter. */
export class Tape {
  readonly #epoch: number;
  readonly #readDate: () => number = Date.now.bind(Date);
  readonly #fillRandom: (bytes: Uint8Array) => void = (bytes) => {
    realRandom.call(crypto, bytes as Uint8Array<ArrayBuffer>);
  };
  #state: "start" | "recording" | "playing" = "start";
  #paused = false;
  #played: TapeData = emptyTape();
  #readingAt = 0;
  #randomAt = 0;
  #readings: number[] = [];
  #random: number[] = [];
  #input: (string | null)[] = [];
  #readingsKept = 0;
  #randomKept = 0;
  /** Added to the monotonic clock, so that it goes on from where the tape ended. */
  #offset = 0;
  #last = 0;
  #seed = 0x9e3779b9;

  /** @param epoch what the clocks show until the program starts, in milliseconds since 1970 */
  constructor(epoch: number) {
    this.#epoch = epoch;
  }

  /** Whether everything so far is on the tape. */
  get complete(): boolean {
    return this.#readingsKept <= MOST_READINGS && this.#randomKept <= MOST_RANDOM_BYTES;
  }

  /** Whether it is being played. */
  get playing(): boolean {
    return this.#state === "playing";
  }

  /** Take the place of the global clocks and random bytes. */
  install(): void {
    Date.now = () => this.#reading(this.#readDate, this.#epoch);
    performance.now = () => this.#reading(this.#monotonic, 0);
    crypto.getRandomValues = <T extends ArrayBufferView | null>(array: T): T => {
      if (array !== null) {
        const { buffer, byteOffset, byteLength } = array;
        this.#randomBytes(new Uint8Array(buffer, byteOffset, byteLength));
      }
      return array;
    };
  }

  /** The program starts: record from now on, or play what was recorded. */
  start(played: TapeData = emptyTape()): void {
    this.#played = played;
    this.#state = played.readings.length + played.random.length > 0 ? "playing" : "recording";
  }

  /** The program is where it was to come to: what was still to be played is not needed. */
  stop(): void {
    this.#played = emptyTape();
    this.#state = "recording";
  }

  /** While this is called, readings are neither recorded nor played: it is not the program that asks. */
  aside<Result>(call: () => Result): Result {
    const paused = this.#paused;
    this.#paused = true;
    try {
      return call();
    } finally {
      this.#paused = paused;
    }
  }

  /** The program has been given a line of input. */
  inputGiven(line: string | null): void {
    this.#input.push(line);
  }

  /** What has been recorded since the last time, played parts included. */
  take(): TapeData {
    const taken: TapeData = {
      readings: Float64Array.from(this.#readings),
      random: Uint8Array.from(this.#random),
      input: this.#input,
    };
    this.#readings = [];
    this.#random = [];
    this.#input = [];
    return taken;
  }

  readonly #monotonic = (): number => {
    this.#last = Math.max(this.#last, now() + this.#offset);
    return this.#last;
  };

  #reading(read: () => number, atStart: number): number {
    if (this.#state === "start") return atStart;
    if (this.#paused) return this.#last;
    let value: number;
    const { readings } = this.#played;
    if (this.#state === "playing" && this.#readingAt < readings.length) {
      value = readings[this.#readingAt++]!;
      if (read === this.#monotonic) {
        this.#last = value;
        this.#offset = value - now();
      }
      this.#ended();
    } else {
      value = read();
    }
    if (++this.#readingsKept <= MOST_READINGS) this.#readings.push(value);
    return value;
  }

  #randomBytes(bytes: Uint8Array): void {
    if (this.#state === "start" || this.#paused) {
      for (let n = 0; n < bytes.length; n++) bytes[n] = this.#sequence();
      return;
    }
    const { random } = this.#played;
    if (this.#state === "playing" && this.#randomAt + bytes.length <= random.length) {
      bytes.set(random.subarray(this.#randomAt, this.#randomAt + bytes.length));
      this.#randomAt += bytes.length;
      this.#ended();
    } else {
      // A copy between: the browser fills no memory that may grow.
      const filled = new Uint8Array(bytes.length);
      for (let at = 0; at < filled.length; at += 65_536) {
        this.#fillRandom(filled.subarray(at, at + 65_536));
      }
      bytes.set(filled);
    }
    this.#randomKept += bytes.length;
    if (this.#randomKept <= MOST_RANDOM_BYTES) this.#random.push(...bytes);
  }

  #ended(): void {
    const { readings, random } = this.#played;
    if (this.#readingAt >= readings.length && this.#randomAt >= random.length) {
      this.#state = "recording";
    }
  }

  /** Xorshift: the bytes that the interpreter starts with. */
  #sequence(): number {
    this.#seed ^= this.#seed << 13;
    this.#seed ^= this.#seed >>> 17;
    this.#seed ^= this.#seed << 5;
    return this.#seed & 255;
  }
}
