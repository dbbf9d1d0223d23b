/**
 * `pnpm bench`: every allocator, every way to keep objects, and every collector, on every workload, side by side in one
 * run. `--help` lists the options.
 */
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { gcReport } from "./gc/report.ts";
import { benchCollectors } from "./gc/run.ts";
import { objectsReport } from "./objects/report.ts";
import { benchObjects } from "./objects/run.ts";
import { describeMachine } from "./src/machine.ts";
import { measure } from "./src/measure.ts";
import { help, type Options, parseOptions } from "./src/options.ts";
import { PeerPool } from "./src/peer-pool.ts";
import { findPeers, type Peer, type PeerVersions } from "./src/peers.ts";
import { renewReadme } from "./src/readme.ts";
import {
  type BenchResult,
  printResult,
  RESULT_VERSION,
  type WorkloadResult,
} from "./src/result.ts";
import { asText, machineLines, skippedLines, smokeLines, tables } from "./src/tables.ts";
import { traceProgram } from "./src/trace-program.ts";
import { syntheticWorkloads, traceWorkload, type Workload } from "./src/workloads.ts";

const HERE = import.meta.dirname;
/** Rounds for the engine to compile what is hot. */
const WARM_UPS = 4;
/** Recordings of the repository. */
const FIXTURES: readonly string[] = [
  "../fixtures/recordings/*.pyrt{,.gz,.zst}",
  "../packages/trace/test/fixtures/fragments-3.13.pyrt{,.gz,.zst}",
];
/** How much smaller the workloads of a smoke test are. */
const QUICK_SCALE = 0.01;

function versions(): PeerVersions {
  const versionOf = (name: string): string =>
    (
      JSON.parse(readFileSync(join(HERE, "node_modules", name, "package.json"), "utf8")) as {
        version: string;
      }
    ).version;
  return {
    pyrena: versionOf("@pyrena/abi"),
    pyodide: versionOf("pyodide"),
    assemblyscript: versionOf("assemblyscript"),
    thingMalloc: versionOf("@thi.ng/malloc"),
  };
}

function recordings(options: Options): string[] {
  const missing = options.traces.find((path) => !existsSync(path));
  if (missing !== undefined) throw new Error(`${missing}: no such file`);
  const ours = FIXTURES.flatMap((pattern) => globSync(join(HERE, pattern)).sort());
  const paths = [...ours, ...options.traces.map((path) => resolve(path))];
  // By name: a recording of the repository may be named on the command line too.
  return [...new Map(paths.map((path) => [basename(path), path])).values()];
}

function chosen(patterns: readonly string[], id: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => id.includes(pattern));
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function runAll(
  workloads: readonly Workload[],
  peers: readonly Peer[],
  options: Options,
  scratch: string,
): Promise<WorkloadResult[]> {
  const results: WorkloadResult[] = [];
  using pool = new PeerPool(options.quick);
  for (const workload of workloads) {
    results.push(
      await measure(workload, peers, {
        rounds: options.rounds,
        sets: Math.min(options.sets, options.rounds),
        warmUps: options.quick ? 0 : WARM_UPS,
        scratch,
        progress,
        pool,
      }),
    );
  }
  progress("");
  return results;
}

async function bench(options: Options): Promise<BenchResult> {
  const started = new Date();
  const scratch = mkdtempSync(join(tmpdir(), "pyrena-bench-"));
  try {
    const workloads = [
      ...syntheticWorkloads(options.quick ? QUICK_SCALE : 1),
      ...recordings(options).map((path) =>
        traceWorkload(path, () => traceProgram(readFileSync(path))),
      ),
    ].filter(({ id }) => chosen(options.only, id));
    if (workloads.length === 0) throw new Error("no workload matches --only");
    progress("looking for peers");
    const found = await findPeers({
      scratch,
      pythons: options.pythons,
      onlyReference: options.quick,
      modules: options.modules.map((path) => pathToFileURL(resolve(path)).href),
      versions: versions(),
    });
    const peers = found.filter(({ id }) => chosen(options.peers, id));
    const results = await runAll(workloads, peers, options, scratch);
    return {
      version: RESULT_VERSION,
      startedAt: started.toISOString(),
      seconds: Math.round((Date.now() - started.getTime()) / 1000),
      quick: options.quick,
      machine: await describeMachine(),
      peers: peers.map(({ id, title, language, kind, version, skipped }) => ({
        id,
        title,
        language,
        kind,
        version,
        ...(skipped !== undefined && { skipped }),
      })),
      workloads: results,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function keep(result: BenchResult): void {
  const name = `${result.startedAt.slice(0, 16).replace(/[:T]/g, "-")}.json`;
  writeFileSync(join(HERE, "results", name), printResult(result));
  const readme = join(HERE, "README.md");
  writeFileSync(readme, renewReadme(readFileSync(readme, "utf8"), name, result));
  console.log(`\nWritten: bench/results/${name}, and the tables in bench/README.md`);
}

function report(result: BenchResult, options: Options): string[] {
  const skipped = skippedLines(result);
  return [
    ...machineLines(result),
    ...tables(result, options.details).map((table) => `\n${asText(table)}`),
    ...(skipped.length > 0 ? ["", "What did not run", "", ...skipped] : []),
  ];
}

let options: Options;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exit(2);
}
if (options.help) {
  process.stdout.write(help);
  process.exit();
}
async function allocators(options: Options): Promise<boolean> {
  const result = await bench(options);
  console.log((options.quick ? smokeLines(result) : report(result, options)).join("\n"));
  if (options.json !== undefined) writeFileSync(options.json, printResult(result));
  if (options.write) keep(result);
  return result.workloads.some(({ measurements }) =>
    measurements.some((one) => one.failed !== undefined),
  );
}

async function objects(options: Options): Promise<boolean> {
  const result = await benchObjects(options, progress);
  console.log(
    (options.quick ? objectsReport.smoke(result) : objectsReport.text(result)).join("\n"),
  );
  if (options.json !== undefined) writeFileSync(options.json, objectsReport.print(result));
  if (options.write) objectsReport.keep(result, HERE);
  return result.workloads.some(({ measurements }) => measurements.some((one) => one.failed));
}

async function collectors(options: Options): Promise<boolean> {
  const result = await benchCollectors(options, progress);
  console.log((options.quick ? gcReport.smoke(result) : gcReport.text(result)).join("\n"));
  if (options.json !== undefined) writeFileSync(options.json, gcReport.print(result));
  if (options.write) gcReport.keep(result, HERE);
  return result.workloads.some(({ measurements }) => measurements.some((one) => one.failed));
}

const runs = { allocators, objects, gc: collectors };

try {
  let failed = false;
  for (const suite of options.suites) failed = (await runs[suite](options)) || failed;
  process.exit(failed ? 1 : 0);
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exit(2);
}
