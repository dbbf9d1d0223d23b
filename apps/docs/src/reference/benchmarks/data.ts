/** The newest kept results of each part of the benchmarks, with the tables and ratios that the bench itself makes. */
import { join } from "node:path";
import { repositoryRoot, toolModule } from "../shared/built.ts";

/** Median and quartiles. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** A table of the bench: its first row is the heading, its first column names the rows. */
export interface BenchTable {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

/** One who took part, on one workload. */
export interface Bar {
  readonly peer: string;
  /** Nanoseconds a unit. */
  readonly time: Spread;
  /** To the reference, round by round; undefined where that sat out. */
  readonly ratio: Spread | undefined;
  readonly isReference: boolean;
}

/** One workload. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly bars: readonly Bar[];
}

/** A part of the benchmarks: one run of it. */
export interface Suite {
  readonly id: "allocators" | "objects" | "collectors";
  /** Path of the raw results below `/reference/raw/`. */
  readonly raw: string;
  readonly startedAt: string;
  readonly seconds: number;
  readonly rounds: number;
  /** Where it ran and on what. */
  readonly machine: readonly string[];
  /** Those who took part, with their versions where the result says them. */
  readonly peers: readonly string[];
  readonly reference: string;
  readonly tables: readonly BenchTable[];
  readonly charts: readonly Chart[];
}

/** What all results have in common. */
interface AnyResult {
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Readonly<Record<string, unknown>>;
  readonly peers: readonly {
    readonly id: string;
    readonly title: string;
    readonly version?: string;
    readonly skipped?: string;
  }[];
  readonly workloads: readonly {
    readonly id: string;
    readonly title?: string;
    readonly description?: string;
    readonly measurements: readonly {
      readonly peer: string;
      readonly rounds?: readonly number[];
    }[];
  }[];
}
interface Newest {
  readonly name: string;
  readonly result: AnyResult;
}
interface Workload {
  readonly id: string;
  readonly title: string;
  readonly description: string;
}

const { spread, ratios } = (await toolModule("bench/src/statistics.ts")) as {
  spread: (values: readonly number[]) => Spread;
  ratios: (values: readonly number[], reference: readonly number[]) => Spread;
};

function suiteOf(
  id: Suite["id"],
  folder: string,
  newest: Newest | undefined,
  reference: string,
  tables: readonly BenchTable[],
  workloads: readonly Workload[],
): Suite {
  if (newest === undefined) throw new Error(`bench/results/${folder} holds no result`);
  const { name, result } = newest;
  const titleOf = (peer: string): string =>
    result.peers.find((one) => one.id === peer)?.title ?? peer;
  const charts = result.workloads.flatMap(({ id: workload, measurements, ...own }): Chart[] => {
    const known = workloads.find((one) => one.id === workload);
    const base = measurements.find(({ peer }) => peer === reference)?.rounds;
    const bars = measurements.flatMap(({ peer, rounds }): Bar[] => {
      if (rounds === undefined || rounds.length === 0) return [];
      const ratio = base && base.length > 0 ? ratios(rounds, base) : undefined;
      return [
        { peer: titleOf(peer), time: spread(rounds), ratio, isReference: peer === reference },
      ];
    });
    if (bars.length === 0) return [];
    return [
      {
        id: workload,
        title: own.title ?? known?.title ?? workload,
        description: own.description ?? known?.description ?? "",
        bars,
      },
    ];
  });
  const rounds = result.workloads.flatMap(({ measurements }) =>
    measurements.map((one) => one.rounds?.length ?? 0),
  );
  return {
    id,
    raw: `bench/${folder}${name}`,
    startedAt: result.startedAt,
    seconds: result.seconds,
    rounds: Math.max(...rounds),
    machine: machineLines(result.machine),
    peers: result.peers
      .filter(({ skipped }) => skipped === undefined)
      .map(({ title, version = "" }) =>
        version === "" || version === "0.0.0" || title.includes(version)
          ? title
          : `${title} (${version})`,
      ),
    reference: titleOf(reference),
    tables,
    charts,
  };
}

function machineLines(machine: AnyResult["machine"]): string[] {
  const { cpu, cores, memoryGiB, system, transparentHugePages, node, v8, compiler, compilerFlags } =
    machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB`,
    `${system}; transparent huge pages: ${transparentHugePages}`,
    `Node ${node} (V8 ${v8})`,
    `${compiler}, ${compilerFlags}`,
  ];
}

const results = join(repositoryRoot(), "bench/results");

async function allocators(): Promise<Suite> {
  const { newestResult } = (await toolModule("bench/src/readme.ts")) as {
    newestResult: (folder: string) => Newest | undefined;
  };
  const { tables } = (await toolModule("bench/src/tables.ts")) as {
    tables: (result: unknown, details: boolean) => BenchTable[];
  };
  const { referenceOf } = (await toolModule("bench/src/peers.ts")) as {
    referenceOf: (peers: unknown) => { readonly id: string } | undefined;
  };
  const newest = newestResult(results);
  const reference = newest && referenceOf(newest.result.peers);
  const made = newest ? tables(newest.result, false) : [];
  return suiteOf("allocators", "", newest, reference?.id ?? "", made, []);
}

async function objects(): Promise<Suite> {
  const { objectsReport, objectsTables } = (await toolModule("bench/objects/report.ts")) as {
    objectsReport: { newest(folder: string): Newest | undefined };
    objectsTables: (result: unknown) => BenchTable[];
  };
  const { REFERENCE } = await toolModule("bench/objects/peers.ts");
  const { objectWorkloads } = await toolModule("bench/objects/workloads.ts");
  const newest = objectsReport.newest(join(results, "objects"));
  const made = newest ? objectsTables(newest.result) : [];
  return suiteOf(
    "objects",
    "objects/",
    newest,
    REFERENCE as string,
    made,
    objectWorkloads as Workload[],
  );
}

async function collectors(): Promise<Suite> {
  const { gcReport, gcTables } = (await toolModule("bench/gc/report.ts")) as {
    gcReport: { newest(folder: string): Newest | undefined };
    gcTables: (result: unknown) => BenchTable[];
  };
  const { REFERENCE } = await toolModule("bench/gc/peers.ts");
  const { gcWorkloads } = await toolModule("bench/gc/workloads.ts");
  const newest = gcReport.newest(join(results, "gc"));
  const made = newest ? gcTables(newest.result) : [];
  const named = (
    gcWorkloads as (Workload & { readonly kind: string; readonly links: string })[]
  ).map((one) => ({
    ...one,
    title:
      one.kind === "growing"
        ? one.title
        : `${one.title} ${one.kind === "live" ? "live lists" : "lists of garbage"}, ${one.links === "random" ? "random links" : "links to neighbours"}`,
  }));
  return suiteOf("collectors", "gc/", newest, REFERENCE as string, made, named);
}

/** All three parts. */
export const suites: readonly Suite[] = [await allocators(), await objects(), await collectors()];
