/** What a recording tells beside allocations: time, resident set size, garbage collections, labels. */
import type { TraceBatch } from "../batch.ts";
import { FIELDS_PER_RECORD, opOf, traceOps } from "../format.ts";

/** At most so many labels are kept; the rest is only counted. */
export const MARKERS_KEPT = 1000;

/** At most so many bytes of strings are kept in order to resolve labels. */
const TEXT_KEPT: number = 1 << 24;

/** A label and where it stands. */
export interface ReplayMarker {
  readonly record: number;
  readonly label: string;
}

/** Garbage collections of one generation. */
export interface ReplayCollections {
  readonly generation: number;
  readonly collections: number;
  /** Objects. */
  readonly collected: number;
  readonly uncollectable: number;
}

/** What a recording tells beside allocations. */
export interface ReplayObservations {
  /** Microseconds that the clock records add up to; null if there are none. */
  readonly microseconds: number | null;
  /** Resident set size of the process; null if it was not recorded. */
  readonly rss: { readonly samples: number; readonly last: number; readonly peak: number } | null;
  /** By generation; null if none was recorded. */
  readonly gc: {
    readonly generations: readonly ReplayCollections[];
    /** The longest time between a start and its stop; null if no clock record told of any. */
    readonly longestPauseMicroseconds: number | null;
  } | null;
  /** The first of them, in order. */
  readonly markers: readonly ReplayMarker[];
  readonly markerCount: number;
}

/** Collects observations, batch by batch. */
export class Observer {
  #microseconds = 0;
  #clocks = 0;
  #rssSamples = 0;
  #rssLast = 0;
  #rssPeak = 0;
  readonly #generations: Map<
    number,
    { collections: number; collected: number; uncollectable: number }
  > = new Map();
  #gcStartedAt = -1;
  #longestPause = -1;
  #strings: string[] = [];
  #textLength = 0;
  readonly #markers: ReplayMarker[] = [];
  #markerCount = 0;

  /** Take the record at `index` of a batch, one that is neither an allocation nor an arena. */
  take(batch: TraceBatch, index: number): void {
    const at = index * FIELDS_PER_RECORD;
    const fields = batch.fields;
    switch (opOf(batch.tags[index])) {
      case traceOps.string: {
        const text = batch.text(fields[at]);
        this.#textLength += text.length;
        // Ids count from 0 without gaps, so that the first ones are in place.
        if (this.#textLength <= TEXT_KEPT) this.#strings.push(text);
        break;
      }
      case traceOps.clock:
        this.#clocks++;
        this.#microseconds += fields[at];
        break;
      case traceOps.rss:
        this.#rssSamples++;
        this.#rssLast = fields[at];
        this.#rssPeak = Math.max(this.#rssPeak, fields[at]);
        break;
      case traceOps.gcStart:
        this.#gcStartedAt = this.#microseconds;
        break;
      case traceOps.gcStop: {
        const of = this.#generations.get(fields[at]) ?? {
          collections: 0,
          collected: 0,
          uncollectable: 0,
        };
        of.collections++;
        of.collected += fields[at + 1];
        of.uncollectable += fields[at + 2];
        // CPython has three; a damaged trace must not make more than a few.
        if (this.#generations.size < 16) this.#generations.set(fields[at], of);
        if (this.#gcStartedAt >= 0) {
          const pause = this.#microseconds - this.#gcStartedAt;
          if (pause > 0) this.#longestPause = Math.max(this.#longestPause, pause);
          this.#gcStartedAt = -1;
        }
        break;
      }
      case traceOps.marker:
        this.#markerCount++;
        if (this.#markers.length < MARKERS_KEPT) {
          this.#markers.push({
            record: batch.firstRecord + index,
            label: this.#strings[fields[at]] ?? `string ${fields[at]}`,
          });
        }
        break;
    }
  }

  /** What has been seen. */
  result(): ReplayObservations {
    return {
      microseconds: this.#clocks === 0 ? null : this.#microseconds,
      rss:
        this.#rssSamples === 0
          ? null
          : { samples: this.#rssSamples, last: this.#rssLast, peak: this.#rssPeak },
      gc:
        this.#generations.size === 0
          ? null
          : {
              generations: [...this.#generations]
                .sort(([a], [b]) => a - b)
                .map(([generation, of]) => ({ generation, ...of })),
              longestPauseMicroseconds: this.#longestPause < 0 ? null : this.#longestPause,
            },
      markers: this.#markers,
      markerCount: this.#markerCount,
    };
  }
}
