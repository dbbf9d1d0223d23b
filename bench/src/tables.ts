/** Tables made from a result: as text for the terminal, as Markdown for the README. */
import { type AimResult, against, judgeAims, roundsOf } from "./aims.ts";
import { referenceOf } from "./peers.ts";
import type { BenchResult, PeerResult, WorkloadResult } from "./result.ts";
import { type Spread, spread } from "./statistics.ts";

/** A table: its first row is the heading, its first column names the rows. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
  /** Lines below the table. */
  readonly notes: readonly string[];
}

/** Peers in the order of the tables: references, others, Pyrena's, the loops. */
function ordered(peers: readonly PeerResult[]): PeerResult[] {
  return [
    ...peers.filter(({ kind }) => kind !== "driver"),
    ...peers.filter(({ kind }) => kind === "driver"),
  ];
}

/** Nanoseconds, and in brackets the ratio to C pymalloc. */
export function timeTable(
  result: BenchResult,
  title: string,
  workloads: readonly WorkloadResult[],
): Table {
  const reference = referenceOf(result.peers);
  const rows: string[][] = [["", ...workloads.map((workload) => workload.title)]];
  for (const peer of ordered(result.peers)) {
    const cells = workloads.map((workload) => timeCell(workload, peer.id, reference?.id));
    if (cells.some((cell) => cell !== "")) rows.push([peer.title, ...cells]);
  }
  const units = [...new Set(workloads.map(({ unit }) => unit))];
  const meaning = { pair: "malloc and free", realloc: "realloc", event: "event" };
  return {
    title,
    rows,
    notes: [
      `Median nanoseconds of processor time ${units.map((unit) => `per ${meaning[unit]}`).join(" or ")}; in brackets the ratio to ${reference?.title ?? "(no C pymalloc here)"}, the median of the ratios of single rounds.`,
    ],
  };
}

function timeCell(workload: WorkloadResult, peer: string, reference: string | undefined): string {
  const measurement = workload.measurements.find((one) => one.peer === peer);
  if (measurement?.failed !== undefined) return "failed";
  if (measurement?.rounds === undefined) return "";
  const time = nanoseconds(spread(measurement.rounds).median);
  const ratio = reference && against(workload, peer, reference);
  return ratio ? `${time} (${factor(ratio.median)})` : time;
}

/** Median and quartiles of every peer on one workload, and its ratio to the two references. */
export function detailTable(result: BenchResult, workload: WorkloadResult): Table {
  const reference = referenceOf(result.peers);
  const references = [reference, result.peers.find(({ id }) => id === "dlmalloc")].filter(
    (peer) => peer !== undefined,
  );
  const rows: string[][] = [
    ["", `ns per ${workload.unit}`, ...references.map(({ title }) => `× ${title}`)],
  ];
  for (const peer of ordered(result.peers)) {
    const rounds = roundsOf(workload, peer.id);
    if (rounds === undefined) continue;
    rows.push([
      peer.title,
      between(spread(rounds), nanoseconds),
      ...references.map(({ id }) => {
        const ratio = against(workload, peer.id, id);
        return ratio ? between(ratio, factor) : "";
      }),
    ]);
  }
  return {
    title: workload.title,
    rows,
    notes: [`${capital(workload.description)}. Median and quartiles of the rounds.`],
  };
}

/** Peak bytes of the general allocators, as multiples of the bytes asked for. */
export function memoryTable(result: BenchResult): Table {
  const ids = ["glibc", "dlmalloc", "tlsf", "raw"];
  const peers = ids
    .map((id) => result.peers.find((peer) => peer.id === id))
    .filter((peer) => peer !== undefined);
  const rows: string[][] = [["", "asked for", ...peers.map(({ title }) => title)]];
  for (const workload of result.workloads.filter(({ judged }) => judged)) {
    const cells = peers.map((peer) => {
      const memory = workload.measurements.find((one) => one.peer === peer.id)?.memory;
      const bytes = memory?.["heap"] ?? memory?.["memory"];
      return bytes === undefined
        ? ""
        : `${mebibytes(bytes)} (${factor(bytes / workload.requestedPeak)})`;
    });
    if (cells.some((cell) => cell !== ""))
      rows.push([workload.title, mebibytes(workload.requestedPeak), ...cells]);
  }
  return {
    title: "Peak memory of the general allocators",
    rows,
    notes: [
      "MiB taken at the peak, and in brackets how many times the bytes that were asked for at the peak. dlmalloc: how far its break moved, with the holes of the interpreter's start filled up before. raw: its own count of everything from byte 0 of the memory to the end of what it manages, headers and tables included. TLSF: growth of its memory, which it doubles. glibc: the most its heap has been, and what is mapped at the end.",
    ],
  };
}

/** The aims, and whether each is met. */
export function aimTable(aims: readonly AimResult[]): Table {
  const rows: string[][] = [["aim", "workload", "limit", "found", ""]];
  for (const aim of aims) {
    const form = aim.form === "ratio" ? factor : nanoseconds;
    const unit = aim.form === "ratio" ? "" : " ns";
    rows.push([
      aim.aim,
      aim.workload,
      `${form(aim.limit)}${unit}`,
      `${aim.found.count > 1 ? between(aim.found, form) : form(aim.found.median)}${unit}`,
      aim.met ? "met" : "missed",
    ]);
  }
  const met = aims.filter((aim) => aim.met).length;
  return { title: "Aims", rows, notes: [`${met} of ${aims.length} met.`] };
}

/** What did not run, each reason once. */
export function skippedLines(result: BenchResult): string[] {
  const reasons = new Map<string, string[]>();
  const note = (peer: string, reason: string, where: string): void => {
    const key = `${peer}: ${reason}`;
    reasons.set(key, [...(reasons.get(key) ?? []), where]);
  };
  for (const peer of result.peers)
    if (peer.skipped !== undefined) note(peer.title, peer.skipped, "");
  for (const workload of result.workloads) {
    for (const { peer: id, skipped, failed } of workload.measurements) {
      const peer = result.peers.find((one) => one.id === id);
      if (peer === undefined || peer.skipped !== undefined) continue;
      if (failed !== undefined) note(peer.title, `failed: ${failed}`, workload.title);
      else if (skipped !== undefined && peer.kind !== "replay")
        note(peer.title, `sat out, ${skipped}`, workload.title);
    }
  }
  return [...reasons].map(([reason, where]) => {
    const named = where.filter((name) => name !== "");
    return named.length === 0 ? reason : `${reason} (${named.join("; ")})`;
  });
}

/** What a smoke test has to say: who got through how many workloads, and who did not, and why. */
export function smokeLines(result: BenchResult): string[] {
  const lines = result.peers
    .filter(({ skipped }) => skipped === undefined)
    .flatMap(({ id, title }) => {
      const mine = result.workloads.flatMap(({ measurements }) =>
        measurements.filter(({ peer }) => peer === id),
      );
      const passed = mine.filter(({ rounds }) => rounds !== undefined).length;
      const failed = mine.filter((measurement) => measurement.failed !== undefined).length;
      // Who took no part is named below, with the reason.
      if (passed + failed === 0) return [];
      return [`${failed > 0 ? "FAILED" : "ok    "}  ${title}: ${passed} passed, ${failed} failed`];
    });
  return [
    "A smoke test: each peer runs each workload once, much smaller. It says nothing about speed.",
    "",
    ...lines,
    "",
    ...skippedLines(result),
  ];
}

/** Where it ran, in a line or two. */
export function machineLines(result: BenchResult): string[] {
  const { machine } = result;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.system}; transparent huge pages: ${machine.transparentHugePages}`,
    `Node ${machine.node} (V8 ${machine.v8}); ${machine.compiler} ${machine.compilerFlags}`,
    ...versionsLine(result),
  ];
}

function versionsLine(result: BenchResult): string[] {
  const named = result.peers
    .filter(
      ({ skipped, version, kind }) =>
        skipped === undefined && version !== "" && kind !== "driver" && kind !== "replay",
    )
    .map(({ id, version }) =>
      id.startsWith("c-pymalloc-") ? `CPython ${version}` : `${id} ${version}`,
    );
  return named.length === 0 ? [] : [named.join(", ")];
}

/** All tables of a result, in order. `details` adds one for each workload. */
export function tables(result: BenchResult, details: boolean): Table[] {
  const small = result.workloads.filter(({ id }) => !id.startsWith("trace:"));
  const traces = result.workloads.filter(({ id }) => id.startsWith("trace:"));
  const made = [timeTable(result, "Time", small)];
  if (traces.length > 0) made.push(timeTable(result, "Recordings", traces));
  made.push(memoryTable(result), aimTable(judgeAims(result)));
  if (details) made.push(...result.workloads.map((workload) => detailTable(result, workload)));
  return made.filter(({ rows }) => rows.length > 1);
}

/** A table for the terminal. */
export function asText(table: Table): string {
  const [head = "", ...body] = alignedRows(table).map((cells) => cells.join("  ").trimEnd());
  const rule = columnWidths(table)
    .map((width) => "-".repeat(width))
    .join("  ");
  return [table.title, "", head, rule, ...body, ...table.notes].join("\n");
}

/** A table in Markdown, its columns aligned as the formatter wants them. */
export function asMarkdown(table: Table, level = 3): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const [head = "", ...body] = alignedRows(table).map(line);
  const rule = columnWidths(table).map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const heading = `${"#".repeat(level)} ${table.title}`;
  return [heading, "", head, line(rule), ...body, "", ...table.notes].join("\n");
}

function columnWidths({ rows }: Table): number[] {
  const columns = rows[0] ?? [];
  return columns.map((_cell, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? "").length)),
  );
}

function alignedRows(table: Table): string[][] {
  const widths = columnWidths(table);
  return table.rows.map((row) =>
    widths.map((width, column) => {
      const cell = row[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
}

/** Three figures of a number of nanoseconds. */
export function nanoseconds(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(1);
}

/** A ratio. */
export function factor(value: number): string {
  return value >= 100 ? String(Math.round(value)) : value.toFixed(value >= 10 ? 1 : 2);
}

function between({ median, low, high }: Spread, form: (value: number) => string): string {
  return `${form(median)} [${form(low)} – ${form(high)}]`;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 * 10 ? 2 : 1);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
