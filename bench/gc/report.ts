/** A result of the collectors' part: as tables, as JSON, as the README's section. */
import type { Machine } from "../src/result.ts";
import { ratios, type Spread, spread } from "../src/statistics.ts";
import { type SuiteReport, suiteReport } from "../src/suite-report.ts";
import type { Table } from "../src/tables.ts";
import type { GcMeasurement } from "./measure.ts";
import { REFERENCE } from "./peers.ts";
import { type GcWorkload, type GrowingFigures, gcWorkloads, MILLION, SIZES } from "./workloads.ts";

/** Layout of the JSON. */
export const GC_RESULT_VERSION = 1;

/** One run. */
export interface GcResult {
  readonly version: number;
  readonly suite: "gc";
  readonly startedAt: string;
  readonly seconds: number;
  readonly quick: boolean;
  readonly machine: Machine;
  readonly peers: readonly { readonly id: string; readonly title: string }[];
  readonly workloads: readonly {
    readonly id: string;
    readonly measurements: readonly GcMeasurement[];
  }[];
}

/** One aim. */
export interface GcAim {
  readonly aim: string;
  readonly found: string;
  readonly limit: string;
  readonly met: boolean;
}

/** What the aims allow, as a part of CPython's time. */
const LIMITS = { live: 0.8, garbage: 1 } as const;
const LINKS = { random: "random links", near: "links to neighbours" } as const;
/** Whose cost an object is compared, and between which sizes. */
const OURS = "pyrena";
const [SMALLEST = 0] = SIZES;
const LARGEST = SIZES.at(-1) ?? 0;

function find(result: GcResult, id: string, peer: string): GcMeasurement | undefined {
  return result.workloads
    .find((workload) => workload.id === id)
    ?.measurements.find((one) => one.peer === peer);
}

function roundsOf(result: GcResult, id: string, peer: string): readonly number[] | undefined {
  const rounds = find(result, id, peer)?.rounds;
  return rounds && rounds.length > 0 ? rounds : undefined;
}

function against(result: GcResult, id: string, peer: string): Spread | undefined {
  const mine = roundsOf(result, id, peer);
  const reference = roundsOf(result, id, REFERENCE);
  return mine && reference && ratios(mine, reference);
}

function full(
  kind: GcWorkload["kind"],
  links: GcWorkload["links"],
  units: number,
): GcWorkload | undefined {
  return gcWorkloads.find((one) => one.kind === kind && one.links === links && one.units === units);
}

/** Nanoseconds that an object costs more in the largest heap than in the smallest. */
function growth(result: GcResult, links: GcWorkload["links"], peer: string): number | undefined {
  const [small, large] = [SMALLEST, LARGEST].map((units) => {
    const workload = full("live", links, units);
    const rounds = workload && roundsOf(result, workload.id, peer);
    return rounds && spread(rounds).median;
  });
  return small === undefined || large === undefined ? undefined : large - small;
}

/** The aims that this run can judge. */
export function gcAims(result: GcResult): GcAim[] {
  const aims: GcAim[] = [];
  for (const kind of ["live", "garbage"] as const) {
    for (const links of ["random", "near"] as const) {
      const workload = full(kind, links, MILLION);
      const ratio = workload && against(result, workload.id, OURS);
      if (ratio === undefined) continue;
      aims.push({
        aim: `1 000 000 ${kind === "live" ? "live lists" : "lists of garbage"}, ${LINKS[links]}, against CPython`,
        found: between(ratio, factor),
        limit: factor(LIMITS[kind]),
        met: ratio.median <= LIMITS[kind],
      });
    }
  }
  for (const links of ["random", "near"] as const) {
    const mine = growth(result, links, OURS);
    const theirs = growth(result, links, REFERENCE);
    if (mine === undefined || theirs === undefined) continue;
    aims.push({
      aim: `what an object costs more among 5 000 000 than among 10 000, ${LINKS[links]}`,
      found: `${nanoseconds(mine)} ns`,
      limit: `CPython's ${nanoseconds(theirs)} ns`,
      met: mine <= theirs,
    });
  }
  return aims;
}

function millionTable(result: GcResult): Table {
  const workloads = (["live", "garbage"] as const).flatMap((kind) =>
    (["random", "near"] as const).map((links) => full(kind, links, MILLION)!),
  );
  const heading = workloads.map(({ kind, links }) => `${kind}, ${LINKS[links]}`);
  return {
    title: "Collectors: a full collection of 1 000 000 lists",
    rows: [
      ["", ...heading],
      ...rowsOf(result, (peer) =>
        workloads.map(({ id }) => {
          const rounds = roundsOf(result, id, peer);
          if (rounds === undefined) return "";
          const ratio = against(result, id, peer);
          const time = milliseconds((spread(rounds).median * MILLION) / 1e6);
          return ratio === undefined ? time : `${time} (${factor(ratio.median)})`;
        }),
      ),
    ],
    notes: [
      "Median milliseconds of processor time; in brackets the ratio to native CPython, the median of the ratios of single rounds.",
    ],
  };
}

function sizesTable(result: GcResult, links: "random" | "near"): Table {
  const workloads = SIZES.map((units) => full("live", links, units)!);
  return {
    title: `Collectors: what a live list costs in a full collection, ${LINKS[links]}`,
    rows: [
      ["", ...workloads.map(({ title }) => title), "last less first", "last / first"],
      ...rowsOf(result, (peer) => {
        const medians = workloads.map(({ id }) => {
          const rounds = roundsOf(result, id, peer);
          return rounds && spread(rounds).median;
        });
        const [first, last] = [medians[0], medians.at(-1)];
        const both = first !== undefined && last !== undefined;
        return [
          ...medians.map((median) => (median === undefined ? "" : nanoseconds(median))),
          both ? nanoseconds(last - first) : "",
          both ? factor(last / first) : "",
        ];
      }),
    ],
    notes: ["Median nanoseconds of processor time an object."],
  };
}

function growingTable(result: GcResult): Table {
  const median = (figures: readonly GrowingFigures[], name: keyof GrowingFigures): number =>
    spread(figures.map((one) => one[name])).median;
  return {
    title: "Collectors: a heap that grows to 2 000 000 lists, 1 % of them garbage",
    rows: [
      [
        "",
        "longest pause, ms",
        "9 in 10 below, ms",
        "all collections, ms",
        "collections",
        "dead at most",
        "dead at the end",
        "whole loop, ms",
      ],
      ...rowsOf(result, (peer) => {
        const measurement = find(result, "growing", peer);
        const figures = measurement?.figures ?? [];
        if (figures.length === 0) return [];
        const units = result.quick ? 0 : full("growing", "near", 2 * MILLION)!.units;
        const whole = (spread(measurement?.rounds ?? []).median * units) / 1e6;
        return [
          ...(["longest", "usual", "total"] as const).map((name) =>
            milliseconds(median(figures, name) / 1e6),
          ),
          ...(["collections", "dead", "left"] as const).map((name) =>
            median(figures, name).toFixed(0),
          ),
          milliseconds(whole),
        ];
      }),
    ],
    notes: [
      "Medians of the rounds, in processor time. Dead objects are those whose cycle has been dropped and that no collection has found yet.",
    ],
  };
}

function rowsOf(result: GcResult, cellsOf: (peer: string) => readonly string[]): string[][] {
  return result.peers.flatMap(({ id, title }) => {
    const cells = cellsOf(id);
    return cells.some((cell) => cell !== "") ? [[title, ...cells]] : [];
  });
}

/** The tables, in order. */
export function gcTables(result: GcResult): Table[] {
  const tables = [
    millionTable(result),
    sizesTable(result, "random"),
    sizesTable(result, "near"),
    growingTable(result),
    {
      title: "Collectors: aims",
      rows: [
        ["aim", "found", "limit", ""],
        ...gcAims(result).map((one) => [one.aim, one.found, one.limit, one.met ? "met" : "missed"]),
      ],
      notes: ["Median and, in brackets, quartiles."],
    },
  ];
  return tables.filter(({ rows }) => rows.length > 1);
}

export const gcReport: SuiteReport<GcResult> = suiteReport({
  name: "gc",
  tables: gcTables,
  idle: "takes part in none",
});

function between({ median, low, high }: Spread, form: (value: number) => string): string {
  return `${form(median)} [${form(low)} – ${form(high)}]`;
}

function factor(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function nanoseconds(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}
