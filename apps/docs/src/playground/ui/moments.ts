/** The moments of a run that can be gone back to, with what the page itself knows of them. */
import { Frame } from "../frame.ts";
import type { Clock, Graph, Moment, Replay, TapeData } from "../protocol.ts";
import { joinTapes } from "../tape-data.ts";
import type { OutputPart } from "./output.tsx";

/** Moments that are kept again when a program runs again: each takes a few hundredths of a second. */
const MOST_AGAIN = 20;

/** A moment as it is shown. */
export interface SeenMoment extends Omit<Moment, "frame" | "graph"> {
  readonly frame: Frame;
  readonly output: readonly OutputPart[];
  /** The variables as they were; others can be asked for later, if the bytes are kept. */
  readonly graph: Graph | undefined;
}

/** Moments of one run, oldest first. */
export class Moments {
  #list: SeenMoment[] = [];
  /** All tapes so far: they are needed even where the moment itself is not there any more. */
  #tapes: { readonly id: number; readonly tape: TapeData }[] = [];

  get length(): number {
    return this.#list.length;
  }

  get last(): SeenMoment | undefined {
    return this.#list.at(-1);
  }

  at(index: number): SeenMoment | undefined {
    return this.#list[index];
  }

  byId(id: number): SeenMoment | undefined {
    return this.#list.find((moment) => moment.id === id);
  }

  indexOf(id: number): number {
    return this.#list.findIndex((moment) => moment.id === id);
  }

  /** Everything after a moment is not there any more. */
  cutAfter(id: number): void {
    this.#list = this.#list.filter((moment) => moment.id <= id);
    this.#tapes = this.#tapes.filter((tape) => tape.id <= id);
  }

  clear(): void {
    this.#list = [];
    this.#tapes = [];
  }

  /** @param output what had been written then */
  add(moment: Moment, output: readonly OutputPart[]): SeenMoment {
    const seen: SeenMoment = { ...moment, frame: new Frame(moment.frame), output };
    this.#list.push(seen);
    this.#tapes.push({ id: moment.id, tape: moment.tape });
    return seen;
  }

  /** Moments were let go, or the bytes of their heaps. */
  forget(moments: readonly number[], bytesOf: readonly number[]): void {
    const gone = new Set(moments);
    const empty = new Set(bytesOf);
    this.#list = this.#list
      .filter(({ id }) => !gone.has(id))
      .map((moment) => (empty.has(moment.id) ? { ...moment, kept: false } : moment));
  }

  /** The variables of a moment, of other names than at the time. */
  setGraph(id: number, graph: Graph): void {
    this.#list = this.#list.map((moment) => (moment.id === id ? { ...moment, graph } : moment));
  }

  /**
   * What it takes to run again to a step.
   * @param clock where to stop
   * @param at what kind of step it is
   * @returns that, and what the heap's bytes must be then, if it is known; undefined if what came from outside is not all
   *   on tape
   */
  replayTo(
    clock: Clock,
    at: "line" | "allocation" | "pause",
  ): { readonly replay: Replay; readonly digest: number | undefined } | undefined {
    if (this.#list.some(({ taped }) => !taped)) return undefined;
    const before = this.#list.filter((moment) => isBefore(moment.clock, clock));
    const every = Math.ceil(before.length / MOST_AGAIN);
    const again = before.filter((_, n) => n % every === 0);
    const found = this.#list.find((one) => isSame(one.clock, clock) && one.at === at);
    const id = found?.id ?? (before.at(-1)?.id ?? 0) + 1;
    const moments = [...again, { id, clock, at }].map((one) => ({
      id: one.id,
      clock: one.clock,
      at: one.at,
    }));
    const after = this.#list.findIndex((moment) => !isBefore(moment.clock, clock));
    // What came in on the way to the first moment that is not before the step; the rest of it is never read.
    const until = after === -1 ? Number.POSITIVE_INFINITY : this.#list[after]!.id;
    const tapes = this.#tapes.filter((one) => one.id <= until).map(({ tape }) => tape);
    // A moment in the midst of a line is come to at the line's beginning.
    const digest = at === "pause" ? undefined : found?.digest;
    return { replay: { moments, tape: joinTapes(tapes) }, digest };
  }
}

function isBefore(a: Clock, b: Clock): boolean {
  return a.lines < b.lines || (a.lines === b.lines && a.allocations < b.allocations);
}

function isSame(a: Clock, b: Clock): boolean {
  return a.lines === b.lines && a.allocations === b.allocations;
}
