/** The result of `pyrena replay` as text. Counts stand as plain digits, so that scripts can pick them out. */
import { formatBytes } from "@pyrena/stats";
import { formatTable } from "../table.ts";
import type { Colors } from "../terminal.ts";
import { formatSeconds } from "../units.ts";
import type { ReplayReport } from "./replay-report.ts";

/** The longest command line shown. */
const COMMAND_SHOWN = 60;

/** The text, ending in a newline. */
export function renderReplay(report: ReplayReport, verify: boolean, colors: Colors): string {
  const { header } = report;
  const rows = [
    ["Recording", `CPython ${header.python}, ${header.abi}${commandOf(report)}`],
    [
      "Replayed",
      `${report.events} events in ${formatSeconds(report.seconds)}, as ${report.profile}`,
    ],
    ["Arenas", describeArenas(report)],
    [
      "Blocks",
      `${report.peakLiveBlocks} at the peak (${formatBytes(report.peakLiveBytes)}), ${report.liveBlocks} at the end (${formatBytes(report.liveBytes)})`,
    ],
    ...describeSkipped(report).map((text) => ["", text]),
  ];
  const lines = formatTable(rows, ["left", "left"]);
  if (verify) lines.push(...describeVerification(report, colors));
  return `${lines.join("\n")}\n`;
}

function commandOf({ header }: ReplayReport): string {
  const command = header.command.join(" ").replace(/\s+/g, " ");
  if (command === "") return "";
  return `: ${command.length > COMMAND_SHOWN ? `${command.slice(0, COMMAND_SHOWN)}…` : command}`;
}

function describeArenas({ header, arenas, arenasFreed, peakArenaBytes }: ReplayReport): string {
  if (header.pymalloc === null) return "none: the process ran without pymalloc";
  return `${arenas}, ${arenasFreed} given back; ${formatBytes(peakArenaBytes)} at the peak`;
}

/** Frees and reallocs that made no sense. */
function describeSkipped(report: ReplayReport): string[] {
  const { unmatchedFrees, unmatchedReallocs, missingFrees } = report;
  const texts: string[] = [];
  if (unmatchedFrees + unmatchedReallocs > 0) {
    texts.push(
      `skipped, of blocks that were not live: ${unmatchedFrees} frees, ${unmatchedReallocs} reallocs`,
    );
  }
  if (missingFrees > 0) texts.push(`made up for: ${missingFrees} frees that were not recorded`);
  return texts;
}

function describeVerification(report: ReplayReport, { green, red }: Colors): string[] {
  const { small, exact, wrong, firstDifference: first, arenasFreedInOrder } = report;
  if (small === 0) {
    const why =
      report.header.pymalloc === null
        ? "the recorded process ran without pymalloc"
        : "the recording has no requests that pymalloc served";
    return [red(`nothing to verify: ${why}`)];
  }
  const verdict = `${exact} of ${small} addresses exact`;
  if (wrong === 0 && arenasFreedInOrder) {
    const order = report.arenasFreed === 0 ? "" : "; arenas given back in the recorded order";
    return [green(`${verdict}${order}`)];
  }
  const lines = [red(verdict)];
  if (first !== null) {
    lines.push(
      `first difference: record ${first.record}, ${first.domain} ${first.op} of ${first.size} bytes: recorded ${first.expected}, here ${places[first.got] ?? first.got}`,
    );
  }
  if (!arenasFreedInOrder) lines.push("arenas were given back in another order than recorded");
  return [...lines, ...explainDifference(report)];
}

/** What a difference has where the replay gave no address of the recording's. */
const places: { readonly [got: string]: string } = {
  raw: "from the raw allocator",
  arena: "in an arena that was not recorded",
  NULL: "no memory",
};

/** Known reasons for which addresses differ without anything being wrong. */
function explainDifference({ header, profile, python }: ReplayReport): string[] {
  const reasons: string[] = [];
  const minor = /^\d+\.\d+/.exec(python)?.[0];
  if (!profile.startsWith(`cpython-${minor}-`)) {
    reasons.push(
      `the recording is of CPython ${python}, and ${profile} places blocks differently: without --profile, the recorded version is used`,
    );
  }
  if (header.from !== "start") {
    reasons.push(
      "the recording began after the process had started: what lay in its heap by then is not known",
    );
  }
  return reasons;
}
