/** What a run of the bench leaves: the JSON in `results/`, complete, from which every table is made. */
import type { PeerKind } from "./peers.ts";
import type { Unit } from "./workloads.ts";

/** Version of the JSON's layout. */
export const RESULT_VERSION = 1;

/** Where it ran. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly transparentHugePages: string;
  readonly node: string;
  readonly v8: string;
  readonly compiler: string;
  readonly compilerFlags: string;
}

/** A peer as it ran, or why it did not. */
export interface PeerResult {
  readonly id: string;
  readonly title: string;
  readonly language: string;
  readonly kind: PeerKind;
  readonly version: string;
  readonly skipped?: string;
}

/** One peer on one workload. */
export interface Measurement {
  readonly peer: string;
  /** Why it sat out or broke off; then there are no rounds. */
  readonly skipped?: string;
  readonly failed?: string;
  /** Units of each round. */
  readonly units?: number;
  /** Nanoseconds a unit, round by round. */
  readonly rounds?: readonly number[];
  /** Most bytes taken: `heap` by the allocator's own count, `memory` by the length of the linear memory. */
  readonly memory?: Readonly<Record<string, number>>;
}

/** One workload with all peers. */
export interface WorkloadResult {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  /** Whether the aims are about it. */
  readonly judged: boolean;
  /** Operations in the program; a round runs some of them or all, and starts again at the end. */
  readonly operations: number;
  /** Most bytes asked for and not yet freed at any moment. */
  readonly requestedPeak: number;
  readonly measurements: readonly Measurement[];
}

/** A whole run. */
export interface BenchResult {
  readonly version: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** A smoke test: its figures say nothing. */
  readonly quick: boolean;
  readonly machine: Machine;
  readonly peers: readonly PeerResult[];
  readonly workloads: readonly WorkloadResult[];
}

/** The result in a file's text. */
export function parseResult(text: string, name: string): BenchResult {
  const result = JSON.parse(text) as BenchResult;
  if (result.version !== RESULT_VERSION) {
    throw new Error(`${name}: result layout ${result.version}; this bench reads ${RESULT_VERSION}`);
  }
  return result;
}

/** The result as text: a line for each measurement, so that files can be compared. */
export function printResult(result: BenchResult): string {
  const rows: string[] = [];
  const text = JSON.stringify(
    result,
    (_key, value: unknown) => {
      if (typeof value !== "object" || value === null || !("peer" in value)) return value;
      rows.push(JSON.stringify(value));
      return `@row ${rows.length - 1}`;
    },
    1,
  );
  return `${text.replace(/"@row (\d+)"/g, (_match, row: string) => rows[Number(row)]!)}\n`;
}
