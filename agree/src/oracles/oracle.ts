/** An oracle: a CPython in a process of its own that runs batches of programs and gives back their logs. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** The versions that agreement is measured with. */
export const PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15"] as const;
export type PythonVersion = (typeof PYTHONS)[number];

/** One CPython to be asked. */
export interface OracleInfo {
  /** `3.13-ilp32` */
  readonly id: string;
  readonly python: PythonVersion;
  readonly abi: "lp64" | "ilp32";
  /** What it is, for people: `Pyodide 0.28.3`, or a path's version. */
  readonly title: string;
  /** The command that runs it, reading one JSON array of sources a line, writing one JSON array of logs a line. */
  readonly command: readonly [string, ...string[]];
}

/** How long a batch may take, in milliseconds. */
const PATIENCE = 300_000;

/** A running oracle. */
export class OracleProcess {
  readonly info: OracleInfo;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting: ((line: string | Error) => void)[] = [];
  #complaint = "";
  #ended: Error | undefined;

  constructor(info: OracleInfo) {
    this.info = info;
    const [command, ...args] = info.command;
    const environment = { ...process.env };
    for (const name of Object.keys(environment))
      if (name.startsWith("PYTHON")) delete environment[name];
    this.#child = spawn(command, args, {
      env: { ...environment, PYTHONHASHSEED: "0", PYTHONIOENCODING: "utf-8" },
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      // Anything else is chatter of the runtime.
      if (line.startsWith("[")) this.#waiting.shift()?.(line);
    });
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = `${this.#complaint}${text}`.slice(-4000);
    });
    this.#child.stdin.on("error", () => {});
    this.#child.on("error", (error) => this.#end(error));
    this.#child.on("close", (code, signal) =>
      this.#end(
        new Error(
          `the oracle ${info.id} ended with ${signal ?? `code ${code}`}: ${this.#complaint.trim()}`,
        ),
      ),
    );
  }

  /**
   * Runs programs, each in a fresh module.
   * @param sources as printed by `pythonSource`
   * @returns a log for each: lines of `what=value`
   */
  run(sources: readonly string[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const timer = setTimeout(() => {
        this.#end(new Error(`the oracle ${this.info.id} gave no answer in ${PATIENCE / 1000} s`));
        this.#child.kill("SIGKILL");
      }, PATIENCE);
      this.#waiting.push((answer) => {
        clearTimeout(timer);
        if (answer instanceof Error) reject(answer);
        else resolve(JSON.parse(answer) as string[]);
      });
      this.#child.stdin.write(`${JSON.stringify(sources)}\n`);
    });
  }

  /** Ends the process. */
  stop(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const answer of this.#waiting.splice(0)) answer(error);
  }
}
