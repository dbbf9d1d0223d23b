/** From what the run recorded to what the report says. */
import { type HeapSnapshot, statValue } from "@pyrena/stats";
import type { PythonProgram, RunTelemetry } from "../python/index.ts";
import { version } from "../version.ts";
import { holdArenas } from "./arenas.ts";
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
  const held = holdArenas(atEnd);
  if (held === null) return null;
  const { arenaBytes, poolBytes, packedArenas, groups, sizeClasses, ...end } = held;
  return {
    arenaBytes,
    poolBytes,
    taken: statValue(atEnd.stats, "pymalloc", "arenasAllocatedTotal") ?? end.arenas,
    givenBack: statValue(atEnd.stats, "pymalloc", "arenasReclaimed") ?? 0,
    peak: { heldBytes: memory.peakArenaBytes, liveBytes: memory.peakLiveBytes },
    end,
    packedArenas,
    groups,
    sizeClasses,
  };
}
