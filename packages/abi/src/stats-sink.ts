/**
 * The event feed: layers tell a sink what happens, as three plain numbers. An absent sink costs one test.
 * A sink is called in the middle of an allocation: it must not allocate from the heap that calls it, nor throw.
 */

/** Kind of an event. The comment gives the meaning of a, b and c. */
export const eventKinds = {
  /** A region was obtained from the arena source: a = base, b = bytes. */
  arenaAlloc: 1,
  /** A region was given back to the arena source: a = base, b = bytes. */
  arenaFree: 2,
  /** The arena source had no region: a = bytes asked for. */
  arenaFailed: 3,
  /** The linear memory grew: a = bytes before, b = bytes now. */
  grow: 4,
  /** The linear memory gave its tail back: a = bytes before, b = bytes now. */
  shrink: 5,
  /** A request could not be met: a = bytes asked for. */
  outOfMemory: 6,
} as const;

/** Number of an event kind. */
export type EventKind = (typeof eventKinds)[keyof typeof eventKinds];

/** Receiver of events. */
export interface StatsSink<Ctx = unknown> {
  /** Passed to `event` as its first argument. */
  readonly ctx: Ctx;
  event(this: void, ctx: Ctx, kind: EventKind, a: number, b: number, c: number): void;
}
