/** The most bytes that arenas have taken at one time. */
import { eventKinds, type StatsSink } from "@pyrena/abi";

export default function peakSink(): { sink: StatsSink; peakBytes: () => number } {
  const log = { bytes: 0, peak: 0 };
  const sink: StatsSink = {
    ctx: log,
    event(_, kind, _base, bytes) {
      if (kind === eventKinds.arenaAlloc) log.bytes += bytes;
      if (kind === eventKinds.arenaFree) log.bytes -= bytes;
      log.peak = Math.max(log.peak, log.bytes);
    },
  };
  return { sink, peakBytes: () => log.peak };
}
