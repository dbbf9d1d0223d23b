/** Tables and aims of a result; its JSON, and the README's part that is made of it. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Machine } from "../src/result.ts";
import { ratios, type Spread, spread } from "../src/statistics.ts";
import { asMarkdown, asText, type Table } from "../src/tables.ts";
import type { ObjectsMeasurement } from "./measure.ts";
import { REFERENCE } from "./peers.ts";
import {
  makingWorkloads,
  memoryWorkloads,
  NO_SUCH_OBJECTS,
  type ObjectWorkload,
  objectWorkloads,
} from "./workloads.ts";

/** Version of the JSON's layout. */
export const OBJECTS_RESULT_VERSION = 1;

/** A whole run. */
export interface ObjectsResult {
  readonly version: number;
  readonly suite: "objects";
  readonly startedAt: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly peers: readonly { readonly id: string; readonly title: string }[];
  readonly workloads: readonly {
    readonly id: string;
    readonly measurements: readonly ObjectsMeasurement[];
  }[];
}

/** One aim on one workload. */
export interface ObjectsAim {
  readonly aim: string;
  readonly workload: string;
  readonly found: string;
  readonly limit: string;
  readonly met: boolean;
}

function find(result: ObjectsResult, id: string, peer: string): ObjectsMeasurement | undefined {
  return result.workloads
    .find((workload) => workload.id === id)
    ?.measurements.find((one) => one.peer === peer);
}

function against(
  result: ObjectsResult,
  id: string,
  peer: string,
  base: string,
): Spread | undefined {
  const mine = find(result, id, peer)?.rounds;
  const reference = find(result, id, base)?.rounds;
  return mine && reference && ratios(mine, reference);
}

/** The aims that this run can judge. */
export function objectsAims(result: ObjectsResult): ObjectsAim[] {
  const aims: ObjectsAim[] = [];
  for (const { id, title, aim } of objectWorkloads) {
    if (aim === "create") {
      const ratio = against(result, id, "pyrena", REFERENCE);
      if (ratio !== undefined && ratio.count > 0) {
        aims.push({
          aim: "create and drop against CPython's C API",
          workload: title,
          found: between(ratio, factor),
          limit: factor(1),
          met: ratio.median <= 1,
        });
      }
      const mine = find(result, id, "pyrena")?.bytes;
      const base = find(result, id, "python")?.bytes;
      if (mine !== undefined && base !== undefined) {
        aims.push({
          aim: "bytes an object against CPython's",
          workload: title,
          found: mine.toFixed(1),
          limit: base.toFixed(1),
          // tracemalloc's own bookkeeping adds a hundredth of a byte, and the dict's table is shared by all keys.
          met: Math.abs(mine - base) < 0.1,
        });
      }
    }
    if (aim === "handle") {
      const rounds = find(result, id, "pyrena-handles")?.rounds;
      if (rounds !== undefined && rounds.length > 0) {
        const time = spread(rounds);
        aims.push({
          aim: "reading through the handle API",
          workload: title,
          found: `${between(time, nanoseconds)} ns`,
          limit: "100 ns",
          met: time.median < 100,
        });
      }
    }
  }
  return aims;
}

/** The tables, in order. */
export function objectsTables(result: ObjectsResult): Table[] {
  const ran = (workload: ObjectWorkload): boolean =>
    result.workloads.some(({ id }) => id === workload.id);
  const halves = [makingWorkloads, objectWorkloads.slice(makingWorkloads.length)].map((half) =>
    half.filter(ran),
  );
  const times = halves.map((workloads, half): Table => {
    const rows: string[][] = [["", ...workloads.map(({ title }) => title)]];
    for (const peer of result.peers) {
      const cells = workloads.map(({ id }) => {
        const measurement = find(result, id, peer.id);
        if (measurement?.rounds === undefined || measurement.rounds.length === 0) return "";
        const ratio = against(result, id, peer.id, REFERENCE);
        const time = nanoseconds(spread(measurement.rounds).median);
        return ratio === undefined || ratio.count === 0
          ? time
          : `${time} (${factor(ratio.median)})`;
      });
      if (cells.some((cell) => cell !== "")) rows.push([peer.title, ...cells]);
    }
    return {
      title: half === 0 ? "Objects: create and drop" : "Objects: read and update in place",
      rows,
      notes: [
        "Median nanoseconds of processor time a unit; in brackets the ratio to CPython's C API, the median of the ratios of single rounds. A collector's work on other threads is not counted (plain JavaScript objects).",
      ],
    };
  });
  const counted = makingWorkloads.filter(({ id }) => memoryWorkloads.includes(id));
  const rows: string[][] = [["", ...counted.map(({ title }) => title)]];
  for (const peer of result.peers) {
    const cells = counted.map(({ id }) => find(result, id, peer.id)?.bytes?.toFixed(1) ?? "");
    if (cells.some((cell) => cell !== "")) rows.push([peer.title, ...cells]);
  }
  return [
    ...times,
    {
      title: "Objects: bytes an object",
      rows,
      notes: [
        "Bytes requested from the allocator for each of 10 000 objects that are alive together (tracemalloc; a counting allocator). A list holds ten items, the dict counts key and table, an instance has two attributes. For plain objects the growth of the engine's heap, without what they share.",
      ],
    },
    {
      title: "Objects: aims",
      rows: [
        ["aim", "workload", "found", "limit", ""],
        ...objectsAims(result).map((one) => [
          one.aim,
          one.workload,
          one.found,
          one.limit,
          one.met ? "met" : "missed",
        ]),
      ],
      notes: ["Median and, in brackets, quartiles."],
    },
  ];
}

/** Peers that did not run or broke off, and why. */
function objectsSkipped(result: ObjectsResult): string[] {
  const lines = new Set<string>();
  for (const { measurements } of result.workloads) {
    for (const { peer, skipped, failed } of measurements) {
      const title = result.peers.find(({ id }) => id === peer)?.title ?? peer;
      const why = failed ?? skipped;
      // An empty cell says so much.
      if (why !== undefined && why !== NO_SUCH_OBJECTS) lines.add(`${title}: ${why}`);
    }
  }
  return [...lines];
}

/** The result as text for the terminal. */
export function objectsText(result: ObjectsResult): string[] {
  const skipped = objectsSkipped(result);
  return [
    ...objectsTables(result).map((table) => `\n${asText(table)}`),
    ...(skipped.length > 0 ? ["", "What did not run", "", ...skipped] : []),
  ];
}

/** What a smoke test shows. */
export function objectsSmoke(result: ObjectsResult): string[] {
  return result.peers.map(({ id, title }) => {
    const all = result.workloads.flatMap(({ measurements }) =>
      measurements.filter(({ peer }) => peer === id),
    );
    const failed = all.find((one) => one.failed !== undefined)?.failed;
    const ran = all.filter(({ rounds }) => rounds !== undefined).length;
    if (failed !== undefined) return `failed  ${title}: ${failed}`;
    if (ran === 0) return `absent  ${title}: ${all[0]?.skipped ?? "sits everything out"}`;
    return `ok      ${title}: ${ran} workloads`;
  });
}

/** The JSON. */
export function printObjects(result: ObjectsResult): string {
  return `${JSON.stringify(result, undefined, 1)}\n`;
}

const BEGIN = "<!-- objects: begin (made by `pnpm bench objects --write`; do not edit) -->";
const END = "<!-- objects: end -->";

/**
 * The README with the objects' tables renewed.
 * @throws Error if it has lost the two marks between which they stand
 */
export function renewObjectsReadme(readme: string, name: string, result: ObjectsResult): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the README has no '${BEGIN}' … '${END}'`);
  const rounds = Math.max(
    ...result.workloads.flatMap(({ measurements }) =>
      measurements.map((one) => one.rounds?.length ?? 0),
    ),
  );
  const skipped = objectsSkipped(result);
  const section = [
    `Measured on ${result.startedAt.slice(0, 10)}, ${rounds} rounds, in ${Math.round(result.seconds / 60)} minutes; raw figures in [results/objects/${name}](results/objects/${name}).`,
    ...objectsTables(result).map((table) => asMarkdown(table)),
    ...(skipped.length > 0
      ? [["What did not run:", "", ...skipped.map((line) => `- ${line}`)].join("\n")]
      : []),
  ].join("\n\n");
  return `${readme.slice(0, from + BEGIN.length)}\n\n${section}\n\n${readme.slice(to)}`;
}

/** Keep a result and show it in the README. */
export function keepObjects(result: ObjectsResult, folder: string): void {
  const name = `${result.startedAt.slice(0, 16).replace(/[:T]/g, "-")}.json`;
  mkdirSync(join(folder, "results/objects"), { recursive: true });
  writeFileSync(join(folder, "results/objects", name), printObjects(result));
  const readme = join(folder, "README.md");
  writeFileSync(readme, renewObjectsReadme(readFileSync(readme, "utf8"), name, result));
  console.log(`\nWritten: bench/results/objects/${name}, and the tables in bench/README.md`);
}

/** The newest result kept, or undefined. */
export function newestObjects(folder: string): { name: string; result: ObjectsResult } | undefined {
  return globSync(join(folder, "*.json"))
    .map((path) => ({
      name: basename(path),
      result: JSON.parse(readFileSync(path, "utf8")) as ObjectsResult,
    }))
    .sort((a, b) => a.result.startedAt.localeCompare(b.result.startedAt))
    .pop();
}

function between({ median, low, high }: Spread, form: (value: number) => string): string {
  return `${form(median)} [${form(low)} – ${form(high)}]`;
}

function factor(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function nanoseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
