/**
 * Runs `pnpm agree` and keeps what it found, with counts of what the programs were made of:
 *
 *     node apps/docs/src/reference/agreement/record.ts --programs 10000
 *
 * Writes `agree/results/<date>.json`, which the page on compatibility shows.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { AGREEMENT_VERSION, type AgreementOracle, type AgreementResult } from "./result.ts";

const root = join(import.meta.dirname, "../../../../..");
const agree = join(root, "agree/src");
const load = async (file: string): Promise<Record<string, unknown>> =>
  (await import(pathToFileURL(join(agree, file)).href)) as Record<string, unknown>;

const { generate } = (await load("generate.ts")) as {
  generate: (seed: number, options: unknown) => Node & { readonly collecting: string };
};
const { optionsFor } = (await load("agreement.ts")) as { optionsFor: (python: string) => unknown };
const { splitOperation } = (await load("operations.ts")) as {
  splitOperation: (op: string) => { readonly name: string };
};

/** Any part of a program's description. */
type Node = Readonly<Record<string, unknown>>;

const { values } = parseArgs({
  options: {
    programs: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: "1" },
  },
});
const programs = Number(values.programs);
const seed = Number(values.seed);
const startedAt = new Date();

const oracles = run();
const counts = count();
const result: AgreementResult = {
  version: AGREEMENT_VERSION,
  startedAt: startedAt.toISOString(),
  seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
  commit: execFileSync("git", ["rev-parse", "--short=10", "HEAD"], {
    cwd: root,
    encoding: "utf8",
  }).trim(),
  seed,
  oracles,
  counts,
};
const folder = join(root, "agree/results");
mkdirSync(folder, { recursive: true });
const name = `${result.startedAt.slice(0, 16).replace(/[:T]/g, "-")}.json`;
writeFileSync(join(folder, name), `${JSON.stringify(result, undefined, 1)}\n`);
process.stdout.write(`Written: agree/results/${name}\n`);

/** Ask every CPython there is. A difference is a result, too. */
function run(): AgreementOracle[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      "--no-warnings",
      join(agree, "main.ts"),
      `--programs=${programs}`,
      `--seed=${seed}`,
      `--jobs=${values.jobs}`,
      "--keep-going",
    ],
    { encoding: "utf8", maxBuffer: 2 ** 28 },
  );
  if (status !== 0 && status !== 1) throw new Error(stderr);
  const lines = stdout.matchAll(
    /^(([\d.]+)-(lp64|ilp32)) \((.*)\): (\d+) programs, (\d+) differ$/gm,
  );
  return [...lines].map(([, id, python, abi, title, compared, differing]) => ({
    id: id!,
    python: python!,
    abi: abi as AgreementOracle["abi"],
    title: title!,
    programs: Number(compared),
    differing: Number(differing),
  }));
}

/** What all those programs were made of. */
function count(): AgreementResult["counts"] {
  const counts = {
    collecting: new Map<string, number>(),
    values: new Map<string, number>(),
    statements: new Map<string, number>(),
    operations: new Map<string, number>(),
    queries: new Map<string, number>(),
    finalizers: new Map<string, number>(),
  };
  const add = (of: keyof typeof counts, name: string, times: number): void => {
    counts[of].set(name, (counts[of].get(name) ?? 0) + times);
  };
  const visit = (node: unknown, times: number): void => {
    if (typeof node !== "object" || node === null) return;
    if (Array.isArray(node)) {
      for (const item of node) visit(item, times);
      return;
    }
    const { s, e, op, query, finalizer, what } = node as Node;
    if (typeof e === "string" && e !== "var") add("values", e, times);
    if (typeof s === "string") {
      add("statements", s === "switch" ? `switch ${what}` : s, times);
      if (s === "op") add("operations", splitOperation(String(op)).name, times);
      if (typeof query === "string") add("queries", query, times);
    }
    if (typeof finalizer === "string") add("finalizers", finalizer, times);
    for (const part of Object.values(node)) visit(part, times);
  };
  const versions = Map.groupBy(oracles, ({ python }) => python);
  for (const [python, asked] of versions) {
    for (let n = 0; n < programs; n++) {
      const program = generate(seed + n, optionsFor(python));
      add("collecting", program.collecting, asked.length);
      visit(program, asked.length);
    }
  }
  const sorted = (map: ReadonlyMap<string, number>): Record<string, number> =>
    Object.fromEntries([...map].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  return {
    collecting: sorted(counts.collecting),
    values: sorted(counts.values),
    statements: sorted(counts.statements),
    operations: sorted(counts.operations),
    queries: sorted(counts.queries),
    finalizers: sorted(counts.finalizers),
  };
}
