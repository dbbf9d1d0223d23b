/** What every replay counts. */
import type { TraceEnding } from "../decode.ts";
import { Observer } from "./observations.ts";
import type { ReplayCounts } from "./result.ts";

/** Running counts; the names are those of {@link ReplayCounts}. */
export class Counters {
  readonly observer: Observer = new Observer();
  mallocs = 0;
  callocs = 0;
  reallocs = 0;
  frees = 0;
  failed = 0;
  refused = 0;
  unmatchedFrees = 0;
  unmatchedReallocs = 0;
  missingFrees = 0;
  wrongDomain = 0;
  liveBlocks = 0;
  peakLiveBlocks = 0;
  liveBytes = 0;
  peakLiveBytes = 0;

  /** The counts of a replay that has come to its end. */
  result(ending: TraceEnding): ReplayCounts {
    return {
      records: ending.records,
      events: this.mallocs + this.callocs + this.reallocs + this.frees,
      mallocs: this.mallocs,
      callocs: this.callocs,
      reallocs: this.reallocs,
      frees: this.frees,
      failed: this.failed,
      refused: this.refused,
      unmatchedFrees: this.unmatchedFrees,
      unmatchedReallocs: this.unmatchedReallocs,
      missingFrees: this.missingFrees,
      wrongDomain: this.wrongDomain,
      liveBlocks: this.liveBlocks,
      peakLiveBlocks: this.peakLiveBlocks,
      liveBytes: this.liveBytes,
      peakLiveBytes: this.peakLiveBytes,
      ...this.observer.result(),
      cutOff: ending.cutOff,
      bytes: ending.bytes,
    };
  }
}
