/** From what the run recorded to what the report says. */
import { type HeapSnapshot, statValue } from "@pyrena/stats";
import type { PythonProgram, RunTelemetry } from "../python/index.ts";
import { version } from "../version.ts";
import { groupArenas } from "./arenas.ts";
import { type ArenasReport, RUN_REPORT_VERSION, type RunReport } from "./run-report.ts";

/** The report of a run. */
export function summarizeRun(
  program: PythonProgram,
  args: readonly string[],
  exitCode: number,
  telemetry: RunTelemetry,
): RunReport {
  const { times, memory, large, gc } = telemetry;
  return {
    schema: "pyrena-run",
    version: RUN_REPORT_VERSION,
    pyrena: version,
    python: { version: telemetry.python, pyodide: telemetry.pyodide, abi: telemetry.abi },
    program: { kind: program.kind, name: nameOf(program), args },
    exitCode,
    seconds: {
      start: times.start / 1000,
      program: times.program / 1000,
      finalize: times.finalize / 1000,
    },
    allocator: telemetry.allocator,
    linearMemory: { startBytes: memory.linearAtStart, endBytes: memory.linearAtEnd },
    arenas: telemetry.atEnd === undefined ? null : summarizeArenas(telemetry.atEnd, telemetry),
    largeRequests: {
      count: large.count,
      bytes: large.bytes,
      largestBytes: large.largest,
      liveBlocks: large.liveBlocks,
      liveBytes: large.liveBytes ?? null,
    },
    garbageCollections: {
      collections: gc.collections,
      collected: gc.collected,
      uncollectable: gc.uncollectable,
      longestPauseSeconds: gc.longestPauseMs / 1000,
      totalPauseSeconds: gc.totalPauseMs / 1000,
      generations: gc.generations,
    },
    requests: telemetry.requests,
    problems: telemetry.problems,
    heap: { atEnd: telemetry.atEnd ?? null, afterFinalize: telemetry.afterFinalize ?? null },
  };
}

function nameOf(program: PythonProgram): string {
  switch (program.kind) {
    case "script":
      return program.path;
    case "module":
      return program.name;
    case "command":
      return "-c";
    case "stdin":
      return "-";
  }
}

/** What is to be said about arenas; null if the heap is not one of arenas. */
function summarizeArenas(atEnd: HeapSnapshot, { memory }: RunTelemetry): ArenasReport | null {
  const arenas = atEnd.regions.filter(({ kind }) => kind === "arena");
  const poolBytes = arenas[0]?.poolBytes ?? 0;
  if (poolBytes === 0) return null;
  const { totals } = atEnd;
  const heldBytes = arenas.reduce((sum, { bytes }) => sum + bytes, 0);
  const freeBytes = totals.freeBlockBytes + totals.unusedPoolBytes;
  return {
    arenaBytes: arenas[0].bytes,
    poolBytes,
    taken: statValue(atEnd.stats, "pymalloc", "arenasAllocatedTotal") ?? arenas.length,
    givenBack: statValue(atEnd.stats, "pymalloc", "arenasReclaimed") ?? 0,
    peak: { heldBytes: memory.peakArenaBytes, liveBytes: memory.peakLiveBytes },
    end: {
      arenas: arenas.length,
      heldBytes,
      liveBlocks: totals.liveBlocks,
      liveBytes: totals.liveBytes,
      freeBytes,
      lostBytes: heldBytes - totals.liveBytes - freeBytes,
    },
    packedArenas: atEnd.fragmentation.packedArenas,
    groups: groupArenas(arenas),
    sizeClasses: atEnd.sizeClasses
      .map((one) => ({
        blockBytes: one.blockBytes,
        pools: one.pools,
        heldBytes: one.pools * poolBytes,
        liveBlocks: one.liveBlocks,
        liveBytes: one.liveBytes,
        freeBlocks: one.freeBlocks,
        packedPools: one.packedPools,
      }))
      .sort((a, b) => b.heldBytes - a.heldBytes || a.blockBytes - b.blockBytes),
  };
}
