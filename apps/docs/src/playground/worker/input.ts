/** What the program reads: lines that the page has sent. */
import type { Standstill } from "./standstill.ts";

/** What the waiting for a line needs of a session. */
export interface InputHost {
  /** Whether a program runs, and the page can be waited for without its being suspended. */
  readonly canWait: boolean;
  /** Whether a signal is due: it ends the waiting. */
  readonly isInterrupted: boolean;
  /** Tell the page that a line is wanted. */
  ask(): void;
  /** A line has been given to the program, or the end of its input. */
  given(text: string | null): void;
}

/** The lines that have not been read yet; null is the end of the input. */
export class Input {
  readonly #host: InputHost;
  readonly #standstill: Standstill;
  readonly #lines: (string | null)[] = [];

  constructor(host: InputHost, standstill: Standstill) {
    this.#host = host;
    this.#standstill = standstill;
  }

  push(...lines: readonly (string | null)[]): void {
    this.#lines.push(...lines);
  }

  clear(): void {
    this.#lines.length = 0;
  }

  /** Wait for a line, or a signal. @returns a promise where the program can be suspended */
  wait(): void | Promise<void> {
    if (this.#lines.length > 0) return;
    this.#host.ask();
    return this.#standstill.until(() => this.#lines.length > 0 || this.#host.isInterrupted);
  }

  /** A line for Python. @returns null at the end of the input, undefined if a signal is due first */
  take(): Uint8Array | null | undefined {
    if (this.#host.canWait) void this.wait();
    if (this.#host.isInterrupted) return undefined;
    const text = this.#lines.shift() ?? null;
    this.#host.given(text);
    return text === null ? null : new TextEncoder().encode(`${text}\n`);
  }
}
