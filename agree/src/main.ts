/** `pnpm agree`: as many random programs as one likes, over all cores. `--help` lists the options. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { Comparison, type Difference, kindOf, pyrenaLog, sideBySide } from "./agreement.ts";
import { generate } from "./generate.ts";
import { help, type Options, parseOptions } from "./options.ts";
import { findNatives } from "./oracles/native.ts";
import { type OracleInfo, OracleProcess } from "./oracles/oracle.ts";
import { pyodides } from "./oracles/pyodide.ts";
import { countStatements } from "./program.ts";
import { PyrenaRunner } from "./pyrena.ts";
import { pythonSource } from "./python.ts";
import { record } from "./recorded.ts";
import type { Answer, Request } from "./worker.ts";

/** Programs in one message to a worker. */
const BATCH = 100;
/** Kinds of difference that are shrunk and shown. */
const MOST_SHOWN = 12;

function oraclesFor({ pythons, oracle }: Options): OracleInfo[] {
  return [
    ...(oracle === "pyodide" ? [] : findNatives()),
    ...(oracle === "native" ? [] : pyodides()),
  ].filter(({ python }) => pythons.includes(python));
}

/** A worker process, and one question at a time. */
class Worker {
  readonly #child: ChildProcess;
  #answer: ((answer: Answer) => void) | undefined;

  constructor(info: OracleInfo, as: Options["as"]) {
    this.#child = fork(join(import.meta.dirname, "worker.ts"), {
      execArgv: ["--no-warnings"],
    });
    this.#child.on("message", (answer: Answer) => this.#hear(answer));
    this.#child.on("exit", (code, signal) =>
      this.#hear({ answer: "failed", reason: `a worker ended with ${signal ?? `code ${code}`}` }),
    );
    this.#child.send({ ask: "oracle", info, ...(as && { as }) } satisfies Request);
  }

  ask(request: Request): Promise<Answer> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#child.send(request);
    });
  }

  stop(): void {
    this.#child.disconnect();
  }

  #hear(answer: Answer): void {
    this.#answer?.(answer);
    this.#answer = undefined;
  }
}

interface Outcome {
  readonly compared: number;
  readonly differing: number;
  readonly kinds: Map<string, { count: number; first: Difference }>;
}

async function measure(info: OracleInfo, options: Options): Promise<Outcome> {
  const workers = Array.from(
    { length: Math.min(options.jobs, Math.ceil(options.programs / BATCH)) },
    () => new Worker(info, options.as),
  );
  const kinds: Outcome["kinds"] = new Map();
  const started = performance.now();
  let next = options.seed;
  const end = options.seed + options.programs;
  let compared = 0;
  let differing = 0;
  const work = async (worker: Worker): Promise<void> => {
    while (next < end && (options.keepGoing || differing === 0)) {
      const from = next;
      const count = Math.min(BATCH, end - from);
      next += count;
      const answer = await worker.ask({ ask: "seeds", from, count });
      if (answer.answer === "failed")
        throw new Error(`seeds ${from} to ${from + count - 1}: ${answer.reason}`);
      if (answer.answer !== "compared") throw new Error(`unexpected answer '${answer.answer}'`);
      compared += answer.count;
      differing += answer.differences.length;
      for (const difference of answer.differences) {
        const kind = kindOf(difference);
        const known = kinds.get(kind);
        if (known === undefined) kinds.set(kind, { count: 1, first: difference });
        else {
          known.count++;
          if (countStatements(difference.program) < countStatements(known.first.program))
            known.first = difference;
        }
      }
      progress(info, compared, options.programs, differing, performance.now() - started);
    }
  };
  try {
    await Promise.all(workers.map(work));
    const shown = [...kinds].sort((a, b) => b[1].count - a[1].count).slice(0, MOST_SHOWN);
    for (const [, entry] of shown) {
      const answer = await workers[0]!.ask({ ask: "shrink", difference: entry.first });
      if (answer.answer === "shrunk") entry.first = answer.difference;
    }
  } finally {
    for (const worker of workers) worker.stop();
  }
  progressEnd();
  return { compared, differing, kinds };
}

function progress(
  info: OracleInfo,
  compared: number,
  programs: number,
  differing: number,
  milliseconds: number,
): void {
  if (!process.stderr.isTTY) return;
  const rate = (compared / milliseconds) * 1000;
  const left = Math.ceil((programs - compared) / rate);
  process.stderr.write(
    `\r\x1b[K${info.id}: ${compared} of ${programs} programs, ${differing} differ, ${rate.toFixed(0)} a second, ${left} s left`,
  );
}

function progressEnd(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

function report(info: OracleInfo, { compared, differing, kinds }: Outcome, options: Options): void {
  console.log(`${info.id} (${info.title}): ${compared} programs, ${differing} differ`);
  const sorted = [...kinds].sort((a, b) => b[1].count - a[1].count);
  for (const [kind, { count, first }] of sorted.slice(0, MOST_SHOWN)) {
    console.log(
      `\n== ${kind}: ${count} of ${compared}; the smallest, from seed ${first.program.seed}`,
    );
    console.log(`\n${pythonSource(first.program).trim()}`);
    console.log(`\nCPython (-) and Pyrena (+):\n${sideBySide(first)}`);
    console.log(
      `\nAgain: pnpm agree --python ${info.python} --oracle ${info.abi === "lp64" ? "native" : "pyodide"} --programs 1 --seed ${first.program.seed}${options.as ? ` --as ${options.as}` : ""}`,
    );
  }
  if (sorted.length > MOST_SHOWN) {
    for (const [kind, { count, first }] of sorted.slice(MOST_SHOWN))
      console.log(`== ${kind}: ${count} of ${compared}; seed ${first.program.seed}`);
  }
  if (differing > 0 && !options.keepGoing) console.log("\nStopped there; --keep-going goes on.");
}

/** The program of the seed, and what both sides make of it. */
async function printSeed(info: OracleInfo, options: Options): Promise<void> {
  const oracle = new OracleProcess(info);
  const comparison = new Comparison(oracle, new PyrenaRunner(options.as ?? info.python, info.abi));
  for (let seed = options.seed; seed < options.seed + options.programs; seed++) {
    const program = generate(seed, comparison.options);
    const source = pythonSource(program);
    const [expected = ""] = await oracle.run([source]);
    const got = pyrenaLog(comparison.runner, program);
    console.log(`# ${info.id} (${info.title}), seed ${seed}\n\n${source.trim()}\n`);
    console.log(sideBySide({ program, expected, got }));
  }
  oracle.stop();
}

async function main(options: Options): Promise<number> {
  const oracles = oraclesFor(options);
  if (oracles.length === 0) throw new Error("no such CPython was found");
  if (options.record !== undefined) {
    for (const info of oracles) {
      if (info.abi === "lp64") console.log(await record(info, options.record, options));
    }
    return 0;
  }
  let differing = 0;
  for (const info of oracles) {
    if (options.print) {
      await printSeed(info, options);
      continue;
    }
    const outcome = await measure(info, options);
    report(info, outcome, options);
    differing += outcome.differing;
  }
  return differing > 0 ? 1 : 0;
}

let options: Options;
try {
  options = parseOptions(process.argv.slice(2));
} catch (error) {
  console.error(`agree: ${(error as Error).message}`);
  process.exit(2);
}
if (options.help) {
  process.stdout.write(help);
  process.exit();
}
try {
  process.exitCode = await main(options);
} catch (error) {
  console.error(`agree: ${(error as Error).message}`);
  process.exitCode = 2;
}
