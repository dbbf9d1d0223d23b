/**
 * The report of `pyrena run` as text, for a person who asks: where is my memory, and why does it not come back?
 *
 * It fits on one screen and needs no knowledge of pymalloc: what it names it explains, and every figure is exact.
 */
import { formatBytes, formatCount } from "@pyrena/stats";
import { INDENT, indented, wrapped } from "../paragraphs.ts";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { count, formatSeconds } from "../units.ts";
import { keptArenas, sizeClasses } from "./arena-text.ts";
import type { ArenasReport, RunReport } from "./run-report.ts";

/**
 * The report, with an empty line before it and a newline at its end.
 * @param columns width of the terminal; sentences are broken to fit
 */
export function renderReport(report: RunReport, colors: Colors, columns = 100): string {
  const { arenas } = report;
  const width = Math.min(columns, 100);
  const sections = [
    heading(report, colors),
    ...(arenas === null
      ? []
      : [
          smallObjects(arenas, colors),
          keptArenas({ ...arenas, ...arenas.end }, "Why memory did not come back", colors, width),
          sizeClasses(arenas, "Block sizes that hold most memory at the end", colors),
        ]),
    otherFigures(report, width),
    allocatorsOwn(report, colors),
    remarks(report, colors, width),
  ];
  return `\n${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function heading(report: RunReport, { bold, dim, red }: Colors): string[] {
  const { program, exitCode, seconds, python, allocator } = report;
  const name = program.kind === "module" ? `-m ${program.name}` : program.name;
  const code = `exit code ${exitCode}`;
  return [
    `${bold(`pyrena: ${name}`)} ended with ${exitCode === 0 ? code : red(code)} after ${formatSeconds(seconds.program)}`,
    dim(
      `CPython ${python.version} in WebAssembly, started in ${formatSeconds(seconds.start)} · allocator ${allocator.name}`,
    ),
  ];
}

function smallObjects(arenas: ArenasReport, { bold }: Colors): string[] {
  const { peak, end, arenaBytes, taken, givenBack } = arenas;
  const rows = [
    ["", "arenas", "memory", "in use", "free", "overhead"],
    [
      "at the peak",
      formatCount(peak.heldBytes / arenaBytes),
      formatBytes(peak.heldBytes),
      formatBytes(peak.liveBytes),
    ],
    [
      "at the end",
      formatCount(end.arenas),
      formatBytes(end.heldBytes),
      formatBytes(end.liveBytes),
      formatBytes(end.freeBytes),
      formatBytes(end.lostBytes),
    ],
  ];
  return [
    bold("Memory for small objects, up to 512 bytes each"),
    ...indented(formatTable(rows, ["left", "right", "right", "right", "right", "right"])),
    ...indented(
      givenBack === 0
        ? []
        : [
            `${count(taken, "arena")} ${was(taken)} taken in all, ${formatCount(givenBack)} ${was(givenBack)} given back.`,
          ],
    ),
  ];
}

function was(n: number): string {
  return n === 1 ? "was" : "were";
}

function otherFigures(report: RunReport, width: number): string[] {
  const { largeRequests: large, garbageCollections: gc, linearMemory } = report;
  const liveBytes = large.liveBytes === null ? "" : ` (${formatBytes(large.liveBytes)})`;
  const figures: readonly (readonly [string, string])[] = [
    [
      "Large requests",
      large.count === 0
        ? "none of over 512 bytes"
        : `${formatCount(large.count)} of over 512 bytes, the largest ${formatBytes(large.largestBytes)}; ${formatCount(large.liveBlocks)} still in use${liveBytes}`,
    ],
    [
      "Garbage collections",
      gc.collections === 0
        ? "none"
        : `${formatCount(gc.collections)}, freeing ${count(gc.collected, "object")}; longest pause ${formatSeconds(gc.longestPauseSeconds)}, ${formatSeconds(gc.totalPauseSeconds)} in all`,
    ],
    [
      "WebAssembly memory",
      `${formatBytes(linearMemory.endBytes)}, ${formatBytes(linearMemory.startBytes)} at the start; it can grow, but never shrink`,
    ],
  ];
  const labelWidth = Math.max(...figures.map(([label]) => label.length)) + INDENT.length;
  return formatTable(
    figures.flatMap(([label, text]) =>
      wrapped(text, width - labelWidth).map((line, n) => [n === 0 ? label : "", line]),
    ),
    ["left", "left"],
  );
}

/** What a custom allocator tells about itself. */
function allocatorsOwn({ allocator }: RunReport, { bold }: Colors): string[] {
  if (!allocator.report) return [];
  return [bold(`Report of ${allocator.name}`), ...indented(allocator.report.trimEnd().split("\n"))];
}

/** What the reader must know to trust the figures. */
function remarks(report: RunReport, { yellow }: Colors, width: number): string[] {
  const { allocator, arenas, requests, garbageCollections, problems } = report;
  const lines: string[] = [];
  if (!allocator.installedAtEnd) {
    lines.push("The program took the allocator out again: the figures end there.");
  }
  if (arenas === null) {
    lines.push(`Allocator ${allocator.name} has no arenas that could be shown.`);
  } else if (allocator.name.endsWith("debug")) {
    lines.push("Block sizes include what the debug hooks add to each block.");
  }
  const failed = requests.reduce((sum, domain) => sum + domain.failed, 0);
  if (failed > 0) lines.push(`${count(failed, "request")} could not be met for want of memory.`);
  if (garbageCollections.uncollectable > 0) {
    lines.push(
      `${count(garbageCollections.uncollectable, "object")} could not be freed by the garbage collector.`,
    );
  }
  for (const { where, message, times } of problems) {
    lines.push(
      `Problem in ${where}${times > 1 ? `, ${formatCount(times)} times` : ""}: ${message}`,
    );
  }
  return lines.flatMap((line) => wrapped(line, width)).map(yellow);
}
