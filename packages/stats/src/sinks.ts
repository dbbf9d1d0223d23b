/** Receivers of events without a memory of their own. */
import { type EventKind, eventKinds, type StatsSink } from "@pyrena/abi";

/** Name of an event kind. */
export type EventName = keyof typeof eventKinds;

/** What a callback is told: the kind of event and the three numbers that `eventKinds` explains. */
export type EventCallback = (kind: EventKind, a: number, b: number, c: number) => void;

/**
 * A sink that calls a function at once, in the middle of the allocation: it must be quick, must not use the heap, and
 * must not throw.
 */
export function callbackSink(callback: EventCallback): StatsSink<EventCallback> {
  return {
    ctx: callback,
    event(ctx, kind, a, b, c) {
      ctx(kind, a, b, c);
    },
  };
}

/** A sink that drops everything. A layer without a sink is cheaper still. */
export const nullSink: StatsSink<undefined> = Object.freeze({
  ctx: undefined,
  event() {},
});

const names = new Map<number, EventName>(
  Object.entries(eventKinds).map(([name, kind]) => [kind, name as EventName]),
);

/** Name of an event kind, or `event 9` for one that this version does not know. */
export function eventName(kind: number): string {
  return names.get(kind) ?? `event ${kind}`;
}
