/** The most bytes that arenas have taken at one time. It does not work yet. */
import type { StatsSink } from "@pyrena/abi";

const log = { bytes: 0, peak: 0 };

export default function peakSink(): { sink: StatsSink; peakBytes: () => number } {
  const sink: StatsSink = {
    ctx: log,
    event(_, _kind, _base, bytes) {
      log.bytes += bytes;
      log.peak = Math.max(log.peak, log.bytes);
    },
  };
  return { sink, peakBytes: () => log.peak };
}
