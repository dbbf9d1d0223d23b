/** A stand-in for a stats sink that keeps what it is told, for tests to look at. */
import type { EventKind, StatsSink } from "@pyrena/abi";

/** One event as it came. */
export interface RecordedEvent {
  readonly kind: EventKind;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** A sink whose context is the list of events so far. */
export function recordingSink(): StatsSink<RecordedEvent[]> {
  return {
    ctx: [],
    event: (events, kind, a, b, c) => {
      events.push({ kind, a, b, c });
    },
  };
}
