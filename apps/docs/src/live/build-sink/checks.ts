/** What the sink of the exercise must do. */
import { type EventKind, eventKinds, type StatsSink } from "@pyrena/abi";
import { readStats, statValue } from "@pyrena/stats";
import type { Check } from "../build-code/check.ts";
import { liveRuntime } from "../shared/runtime.ts";

/** What the reader's function makes. */
export interface PeakSink {
  readonly sink: StatsSink;
  peakBytes(): number;
}
export type MakePeakSink = () => PeakSink;

function made(make: MakePeakSink): PeakSink {
  const { sink, peakBytes } = make();
  if (typeof sink?.event !== "function" || typeof peakBytes !== "function")
    throw new Error("it has to return { sink: { ctx, event }, peakBytes }");
  return { sink, peakBytes };
}

const tell = ({ sink }: PeakSink, kind: number, a = 0, b = 0, c = 0): void =>
  sink.event(sink.ctx, kind as EventKind, a, b, c);

function expectBytes(what: string, found: number, right: number): void {
  if (found !== right)
    throw new Error(
      `${what}: peakBytes() says ${found.toLocaleString("en")}, not ${right.toLocaleString("en")}`,
    );
}

const { arenaAlloc, arenaFree, arenaFailed, grow, shrink, outOfMemory } = eventKinds;

export const sinkChecks: readonly Check<MakePeakSink>[] = [
  {
    id: "adds",
    name: "Two arenas at a time, of different sizes",
    run(make) {
      const one = made(make);
      tell(one, arenaAlloc, 4096, 1000);
      tell(one, arenaAlloc, 8192, 500);
      expectBytes("arenas of 1,000 and 500 bytes came", one.peakBytes(), 1500);
    },
  },
  {
    id: "frees",
    name: "What is given back does not count",
    run(make) {
      const one = made(make);
      for (let n = 0; n < 5; n++) {
        tell(one, arenaAlloc, 4096, 1000);
        tell(one, arenaFree, 4096, 1000);
      }
      expectBytes("an arena of 1,000 bytes came and went five times", one.peakBytes(), 1000);
    },
  },
  {
    id: "kinds",
    name: "Other kinds of events, and unknown ones, change nothing",
    run(make) {
      const one = made(make);
      tell(one, arenaAlloc, 4096, 1000);
      for (const kind of [arenaFailed, grow, shrink, outOfMemory, 99]) tell(one, kind, 7000, 9000);
      expectBytes("an arena of 1,000 bytes came, then other things", one.peakBytes(), 1000);
    },
  },
  {
    id: "apart",
    name: "Two sinks know nothing of each other",
    run(make) {
      const [one, other] = [made(make), made(make)];
      tell(one, arenaAlloc, 4096, 1000);
      expectBytes("another sink was told of an arena", other.peakBytes(), 0);
      expectBytes("it was told itself", one.peakBytes(), 1000);
    },
  },
  {
    id: "agrees",
    name: "On a real heap it agrees with pymalloc's own counter",
    run(make) {
      const one = made(make);
      const runtime = liveRuntime();
      const { py, gc } = runtime;
      const pymalloc = runtime.pymalloc!;
      const arenaBytes = runtime.profile.pymalloc.arenaBytes;
      const counter = (name: string): number =>
        statValue(readStats([pymalloc.stats]), "pymalloc", name)!;
      // The sink is told of the arenas that there are already, as if they came now.
      for (let n = counter("arenasCurrent"); n > 0; n--) tell(one, arenaAlloc, 0, arenaBytes);
      pymalloc.sink = one.sink;
      for (const count of [70_000, 70_000]) {
        const floats = Array.from({ length: count }, (_, n) => py.float(n + 0.5));
        for (const float of floats) float.release();
        gc.collect();
      }
      expectBytes(
        "70,000 floats, and again",
        one.peakBytes(),
        counter("arenasHighwater") * arenaBytes,
      );
    },
  },
];
