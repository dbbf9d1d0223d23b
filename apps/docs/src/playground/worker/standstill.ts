/** When a program stands still, and until when. */
import { now } from "./clock.ts";
import type { Link } from "./link.ts";

/** How long a line may take before a pause is heeded in its midst, in milliseconds. */
export const LINE_PATIENCE = 100;
/** How long to sleep at most before looking whether there is anything to do. */
const LONG = 10_000;

/** What a program stands still at: what it was to go on to, or wherever it was when the page asked for a pause. */
export type Stop = "line" | "allocation" | "pause";

/** What the page has said of pausing, and the waiting. */
export class Standstill {
  readonly #link: Link;
  readonly #takeCommands: () => void;
  /** Whether to stand still: now, or at the next look. */
  paused = false;
  /** What to stop at. */
  at: Stop | undefined;
  /** When a pause was asked for that waits for the next line; 0: none was. */
  #askedAt = 0;
  /** Called when a suspended program shall look around. */
  #wake: (() => void) | undefined;

  /** @param takeCommands does what the page has said */
  constructor(link: Link, takeCommands: () => void) {
    this.#link = link;
    this.#takeCommands = takeCommands;
  }

  /** The page wants a pause. @param lines whether lines are followed: rather at the next one than in the midst of one */
  ask(lines: boolean): void {
    if (lines) {
      this.at = "line";
      this.#askedAt = now();
    } else {
      this.paused = true;
    }
  }

  /** The page wants it to go on. @param to what */
  goOn(to: "line" | "allocation" | undefined): void {
    this.paused = false;
    this.at = to;
    this.#askedAt = 0;
  }

  /** Whether a pause was asked for that has not been heeded yet. */
  get isAsked(): boolean {
    return this.paused || this.#askedAt !== 0;
  }

  /** Whether to pause here, in the middle of a line. */
  get isDue(): boolean {
    if (this.paused) return true;
    return this.#askedAt !== 0 && now() > this.#askedAt + LINE_PATIENCE;
  }

  /** It stands still. */
  begin(): void {
    this.goOn(undefined);
    this.paused = true;
  }

  /** Until the page says otherwise. */
  over(): void | Promise<void> {
    return this.until(() => !this.paused);
  }

  /** Do what the page says until something is so. @returns a promise where the program can be suspended */
  until(isSo: () => boolean): void | Promise<void> {
    if (this.#link.reach === "suspending") return this.#suspendedUntil(isSo);
    while (!isSo()) {
      this.#link.wait(LONG);
      this.#takeCommands();
    }
  }

  async #suspendedUntil(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await this.woken(LONG);
      this.#takeCommands();
    }
  }

  /** Until the page has said something, or the time, in milliseconds, is over. */
  woken(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** The page has said something. */
  wake(): void {
    this.#wake?.();
  }
}
