/** Tables and aims of a result; its JSON, and the README's part that is made of it. */
import type { Machine } from "../src/result.ts";
import { ratios, type Spread, spread } from "../src/statistics.ts";
import { type SuiteReport, suiteReport } from "../src/suite-report.ts";
import type { Table } from "../src/tables.ts";
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

export const objectsReport: SuiteReport<ObjectsResult> = suiteReport({
  name: "objects",
  tables: objectsTables,
  idle: "sits everything out",
  plain: NO_SUCH_OBJECTS,
});

function between({ median, low, high }: Spread, form: (value: number) => string): string {
  return `${form(median)} [${form(low)} – ${form(high)}]`;
}

function factor(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function nanoseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
