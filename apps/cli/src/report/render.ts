/**
 * The report of `pyrena run` as text, for a person who asks: where is my memory, and why does it not come back?
 *
 * It fits on one screen and needs no knowledge of pymalloc: what it names it explains, and every figure is exact.
 */
import { formatBytes, formatCount } from "@pyrena/stats";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { count, formatSeconds } from "../units.ts";
import type { ArenaGroup, Fullness } from "./arenas.ts";
import type { ArenasReport, RunReport } from "./run-report.ts";

/** Size classes shown in the table. */
const CLASSES_SHOWN = 5;

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
          keptArenas(arenas, colors, width),
          sizeClasses(arenas, colors),
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

/** Which arenas could not be given back, and what keeps them: the heart of the report. */
function keptArenas(arenas: ArenasReport, colors: Colors, width: number): string[] {
  const { end, arenaBytes, poolBytes, groups, packedArenas } = arenas;
  const loose = groups.filter(({ fullness }) => isLoose(fullness));
  if (loose.length === 0 || packedArenas === end.arenas) return [];
  const [first, ...others] = [...loose, ...groups.filter(({ fullness }) => !isLoose(fullness))];
  const sentences = (texts: readonly string[], style = (line: string) => line): string[] =>
    texts.flatMap((text) => indented(wrapped(text, width - INDENT.length).map(style)));
  return [
    colors.bold("Why memory did not come back"),
    ...sentences([
      `Python takes this memory in arenas of ${wholeBytes(arenaBytes)} and gives an arena back only when nothing in it is in use any more: one small string is enough to keep it.`,
      "",
    ]),
    ...sentences(
      [
        `${formatCount(first.arenas)} of ${count(end.arenas, "arena")} ${is(first.arenas)} ${looseness[first.fullness]}, but kept by ${describeContents(first)}.`,
      ],
      colors.yellow,
    ),
    ...sentences([
      ...describeScattered(arenas),
      ...others.map((group) => describeOthers(group)),
      `Laid side by side, all that is in use would fit in ${count(packedArenas, "arena")}: ${formatBytes(packedArenas * arenaBytes)}, not ${formatBytes(end.heldBytes)}.`,
    ]),
    ...sentences(
      [
        `A block holds one object. A pool is ${wholeBytes(poolBytes)} of an arena, cut into blocks of one size.`,
      ],
      colors.dim,
    ),
  ];
}

const looseness: { readonly [fullness in Fullness]: string } = {
  nearlyEmpty: "nearly empty",
  partlyUsed: "less than half in use",
  wellUsed: "at least half in use",
  empty: "empty",
};

function isLoose(fullness: Fullness): boolean {
  return fullness === "nearlyEmpty" || fullness === "partlyUsed";
}

/** `212 blocks in 34 pools, 18 KiB in all`. */
function describeContents(group: ArenaGroup): string {
  return `${count(group.liveBlocks, "block")} in ${count(group.pools, "pool")}, ${formatBytes(group.liveBytes)} in all`;
}

/** The size whose blocks fill the most pools in vain: what the survivors are, in all likelihood. */
function describeScattered({ sizeClasses }: ArenasReport): string[] {
  const [worst] = sizeClasses.toSorted(
    (a, b) => b.pools - b.packedPools - (a.pools - a.packedPools),
  );
  if (worst === undefined || worst.pools === worst.packedPools) return [];
  return [
    `Blocks of ${worst.blockBytes} bytes are scattered most: ${formatCount(worst.liveBlocks)} in ${count(worst.pools, "pool")}, where ${formatCount(worst.packedPools)} would do.`,
  ];
}

function describeOthers(group: ArenaGroup): string {
  const subject = `${formatCount(group.arenas)} more ${is(group.arenas)}`;
  if (group.fullness === "empty") return `${subject} empty: Python keeps it for what comes next.`;
  return `${subject} ${looseness[group.fullness]}: ${describeContents(group)}.`;
}

function is(n: number): string {
  return n === 1 ? "is" : "are";
}

function was(n: number): string {
  return n === 1 ? "was" : "were";
}

function sizeClasses(arenas: ArenasReport, { bold }: Colors): string[] {
  const shown = arenas.sizeClasses.slice(0, CLASSES_SHOWN);
  if (shown.length === 0) return [];
  const rows = [
    ["block size", "blocks in use", "bytes in use", "pools", "bytes held", "pools needed"],
    ...shown.map((size) => [
      `${size.blockBytes} bytes`,
      formatCount(size.liveBlocks),
      formatBytes(size.liveBytes),
      formatCount(size.pools),
      formatBytes(size.heldBytes),
      formatCount(size.packedPools),
    ]),
  ];
  return [
    bold("Block sizes that hold most memory at the end"),
    ...indented(formatTable(rows, ["right", "right", "right", "right", "right", "right"])),
  ];
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

const INDENT = "  ";

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === "" ? "" : `${INDENT}${line}`));
}

/** A text in lines of at most `width` characters, unless a word is longer. */
function wrapped(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Sizes that are whole by design: `256 KiB`, `4 KiB`. */
function wholeBytes(bytes: number): string {
  return formatBytes(bytes).replace(/\.0+ /, " ");
}
