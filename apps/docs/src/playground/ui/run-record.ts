/** What is kept of a run, to be compared with another one. */
import type { Frame } from "../frame.ts";
import type { TextName } from "./texts.ts";
import { bytesText, countText } from "./units.ts";

/** Pictures of one run that are kept. */
const MOST_FRAMES = 60;

/** A run that has ended. */
export interface RunRecord {
  /** From 1, growing. */
  readonly id: number;
  /** What it was run with: Python, allocator, collector. */
  readonly label: string;
  readonly program: string;
  readonly milliseconds: number;
  /** Some of its pictures, oldest first, the last one among them. */
  readonly frames: readonly Frame[];
}

/** Keep a run. @param frames all of its pictures */
export function recordOf(record: RunRecord): RunRecord {
  const { frames } = record;
  const every = Math.ceil(frames.length / MOST_FRAMES);
  return { ...record, frames: frames.filter((_, n) => (frames.length - 1 - n) % every === 0) };
}

function allocations(frame: Frame): number {
  return frame.get("mallocs") + frame.get("callocs");
}

/**
 * The picture of a run when it had made a share of its allocations: two runs of a program are at the same place of it then,
 * however long each of them took to get there.
 * @param share from 0 to 1
 */
export function frameAtShare({ frames }: RunRecord, share: number): Frame {
  const first = allocations(frames[0]!);
  const last = allocations(frames.at(-1)!);
  const until = first + share * (last - first);
  return frames.findLast((frame) => allocations(frame) <= until) ?? frames[0]!;
}

/** One line of the table of figures. */
export interface ComparedFigure {
  readonly name: TextName;
  readonly of: (record: RunRecord) => number;
  readonly text: (value: number) => string;
}

const ofEnd =
  (read: (frame: Frame) => number) =>
  ({ frames }: RunRecord): number =>
    read(frames.at(-1)!);

const milliseconds = (value: number): string => value.toFixed(1);

/** What is compared. */
export const comparedFigures: readonly ComparedFigure[] = [
  {
    name: "time",
    of: (record) => record.milliseconds / 1000,
    text: (value) => `${value.toFixed(2)} s`,
  },
  { name: "peakHeap", of: ofEnd((frame) => frame.get("peakHeapBytes")), text: bytesText },
  { name: "peakFootprint", of: ofEnd((frame) => frame.get("peakArenaBytes")), text: bytesText },
  { name: "peakLive", of: ofEnd((frame) => frame.get("peakLiveBytes")), text: bytesText },
  { name: "large", of: ofEnd((frame) => frame.get("largeBytes")), text: bytesText },
  { name: "requests", of: ofEnd(allocations), text: countText },
  { name: "failed", of: ofEnd((frame) => frame.get("failed")), text: countText },
  { name: "collections", of: ofEnd((frame) => frame.get("collections")), text: countText },
  { name: "pauses", of: ofEnd((frame) => frame.get("totalPause")), text: milliseconds },
  { name: "longestPause", of: ofEnd((frame) => frame.get("longestPause")), text: milliseconds },
];

/** By how much the second one differs: `+1.5 MiB (+12 %)`; empty where it does not. */
export function differenceText(figure: ComparedFigure, a: RunRecord, b: RunRecord): string {
  const before = figure.of(a);
  const by = figure.of(b) - before;
  const text = figure.text(Math.abs(by));
  if (by === 0 || text === figure.text(0)) return "";
  const sign = by > 0 ? "+" : "−";
  const percent = before === 0 ? 0 : Math.round((100 * Math.abs(by)) / before);
  return `${sign}${text}${percent === 0 ? "" : ` (${sign}${percent} %)`}`;
}
