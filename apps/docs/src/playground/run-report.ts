/** What `pyrena run --json` wrote, as a frame: the picture of a run elsewhere. */
import type { HeapSnapshot, RegionSnapshot } from "@pyrena/stats";
import { ARENAS_AT, FIELDS, Frame, field, frameBytes, UNKNOWN_CLASS } from "./frame.ts";

/** The part of a report that is shown. */
export interface RunReport {
  readonly schema: "pyrena-run";
  readonly version: 1;
  readonly python: { readonly version: string };
  readonly program: { readonly name: string; readonly args: readonly string[] };
  readonly exitCode: number;
  readonly seconds: { readonly program: number };
  readonly allocator: { readonly name: string };
  readonly linearMemory: { readonly endBytes: number };
  readonly arenas: {
    readonly arenaBytes: number;
    readonly poolBytes: number;
    readonly peak: { readonly heldBytes: number; readonly liveBytes: number };
  } | null;
  readonly largeRequests: { readonly liveBlocks: number; readonly liveBytes: number | null };
  readonly garbageCollections: {
    readonly collections: number;
    readonly longestPauseSeconds: number;
    readonly totalPauseSeconds: number;
  };
  readonly requests: readonly {
    readonly domain: string;
    readonly malloc: number;
    readonly calloc: number;
    readonly realloc: number;
    readonly free: number;
    readonly failed: number;
  }[];
  readonly heap: { readonly atEnd: HeapSnapshot | null };
}

/**
 * Read a report.
 * @throws Error saying why the text is none that can be shown
 */
export function parseRunReport(text: string): RunReport {
  let report: Partial<RunReport> | null;
  try {
    report = JSON.parse(text) as Partial<RunReport> | null;
  } catch {
    throw new Error("this is no JSON: drop the file that `pyrena run --json` wrote");
  }
  if (report?.schema !== "pyrena-run") {
    throw new Error("this is not what `pyrena run --json` writes: its schema is not pyrena-run");
  }
  if (report.version !== 1) {
    throw new Error(`version ${report.version} of the report is not known here, only version 1`);
  }
  return report as RunReport;
}

/** The state of the heap when the program had ended. */
export function frameOfReport(report: RunReport): Frame {
  const { arenas, garbageCollections, largeRequests, requests } = report;
  const snapshot = report.heap.atEnd;
  const regions = (snapshot?.regions ?? []).filter(({ kind }) => kind === "arena");
  const perArena = arenas === null ? 0 : arenas.arenaBytes / arenas.poolBytes;
  const header = new Float64Array(FIELDS);
  header[field.sequence] = 1;
  header[field.time] = report.seconds.program * 1000;
  header[field.linearBytes] = report.linearMemory.endBytes;
  header[field.arenaBytes] = regions.reduce((sum, { bytes }) => sum + bytes, 0);
  header[field.peakArenaBytes] = arenas?.peak.heldBytes ?? 0;
  header[field.liveBytes] = snapshot?.totals.liveBytes ?? 0;
  header[field.peakLiveBytes] = arenas?.peak.liveBytes ?? 0;
  header[field.largeBlocks] = largeRequests.liveBlocks;
  header[field.largeBytes] = largeRequests.liveBytes ?? 0;
  for (const { domain, malloc, calloc, realloc, free, failed } of requests) {
    if (domain === "raw") continue;
    header[field.mallocs]! += malloc;
    header[field.callocs]! += calloc;
    header[field.reallocs]! += realloc;
    header[field.frees]! += free;
    header[field.failed]! += failed;
  }
  header[field.collections] = garbageCollections.collections;
  header[field.totalPause] = garbageCollections.totalPauseSeconds * 1000;
  header[field.longestPause] = garbageCollections.longestPauseSeconds * 1000;
  header[field.arenas] = arenas === null ? 0 : regions.length;
  header[field.poolsPerArena] = perArena;
  header[field.arenaSize] = arenas?.arenaBytes ?? 0;
  header[field.poolSize] = arenas?.poolBytes ?? 0;
  header[field.alignment] = 8;

  const buffer = new ArrayBuffer(frameBytes(header));
  new Float64Array(buffer, 0, FIELDS).set(header);
  const words = new Uint32Array(buffer, ARENAS_AT);
  if (arenas !== null) {
    for (const [n, region] of regions.entries()) fillArena(words, n * (1 + perArena), region);
  }
  return new Frame(buffer);
}

/** The pools in use come first, since the report does not tell which they are, all as full as they are on average. */
function fillArena(words: Uint32Array, at: number, region: RegionSnapshot): void {
  words[at] = region.base;
  const share = region.pools === 0 ? 0 : region.liveBytes / (region.pools * region.poolBytes);
  const word = ((UNKNOWN_CLASS + 1) << 16) | Math.max(1, Math.round(255 * share));
  words.fill(word, at + 1, at + 1 + region.pools);
}
