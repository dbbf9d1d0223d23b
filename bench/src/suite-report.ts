/** What the objects' and the collectors' part do alike with a result: text, smoke test, JSON, the README's section. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { asMarkdown, asText, type Table } from "./tables.ts";

/** What every part's result has. */
export interface SuiteResult {
  readonly startedAt: string;
  readonly seconds: number;
  readonly peers: readonly { readonly id: string; readonly title: string }[];
  readonly workloads: readonly {
    readonly measurements: readonly {
      readonly peer: string;
      readonly rounds?: readonly number[];
      readonly skipped?: string;
      readonly failed?: string;
    }[];
  }[];
}

/** How one part differs. */
export interface Suite<Result extends SuiteResult> {
  /** As `pnpm bench` and the folder of results call it. */
  readonly name: string;
  readonly tables: (result: Result) => Table[];
  /** What a smoke test says of a peer that no workload is for. */
  readonly idle: string;
  /** A reason for not running that an empty cell says well enough. */
  readonly plain?: string;
}

/** Reports of one part. */
export interface SuiteReport<Result extends SuiteResult> {
  /** The result as text for the terminal. */
  text(result: Result): string[];
  /** What a smoke test shows. */
  smoke(result: Result): string[];
  /** The JSON. */
  print(result: Result): string;
  /**
   * The README with the part's tables renewed.
   * @throws Error if it has lost the two marks between which they stand
   */
  renewReadme(readme: string, name: string, result: Result): string;
  /** Keep a result and show it in the README. */
  keep(result: Result, folder: string): void;
  /** The newest result kept in a folder, or undefined. */
  newest(folder: string): { name: string; result: Result } | undefined;
}

export function suiteReport<Result extends SuiteResult>(suite: Suite<Result>): SuiteReport<Result> {
  const { name: part, tables, idle, plain } = suite;
  const begin = `<!-- ${part}: begin (made by \`pnpm bench ${part} --write\`; do not edit) -->`;
  const end = `<!-- ${part}: end -->`;

  /** Peers that did not run or broke off, and why. */
  function whatDidNotRun(result: Result): string[] {
    const lines = new Set<string>();
    for (const { measurements } of result.workloads) {
      for (const { peer, skipped, failed } of measurements) {
        const title = result.peers.find(({ id }) => id === peer)?.title ?? peer;
        const why = failed ?? skipped;
        if (why !== undefined && why !== plain) lines.add(`${title}: ${why}`);
      }
    }
    return [...lines];
  }

  function text(result: Result): string[] {
    const skipped = whatDidNotRun(result);
    return [
      ...tables(result).map((table) => `\n${asText(table)}`),
      ...(skipped.length > 0 ? ["", "What did not run", "", ...skipped] : []),
    ];
  }

  function smoke(result: Result): string[] {
    return result.peers.map(({ id, title }) => {
      const all = result.workloads.flatMap(({ measurements }) =>
        measurements.filter(({ peer }) => peer === id),
      );
      const failed = all.find((one) => one.failed !== undefined)?.failed;
      const ran = all.filter(({ rounds }) => rounds !== undefined).length;
      if (failed !== undefined) return `failed  ${title}: ${failed}`;
      if (ran === 0) return `absent  ${title}: ${all[0]?.skipped ?? idle}`;
      return `ok      ${title}: ${ran} workloads`;
    });
  }

  const print = (result: Result): string => `${JSON.stringify(result, undefined, 1)}\n`;

  function renewReadme(readme: string, name: string, result: Result): string {
    const from = readme.indexOf(begin);
    const to = readme.indexOf(end);
    if (from < 0 || to < from) throw new Error(`the README has no '${begin}' … '${end}'`);
    const rounds = Math.max(
      ...result.workloads.flatMap(({ measurements }) =>
        measurements.map((one) => one.rounds?.length ?? 0),
      ),
    );
    const skipped = whatDidNotRun(result);
    const section = [
      `Measured on ${result.startedAt.slice(0, 10)}, ${rounds} rounds, in ${Math.round(result.seconds / 60)} minutes; raw figures in [results/${part}/${name}](results/${part}/${name}).`,
      ...tables(result).map((table) => asMarkdown(table)),
      ...(skipped.length > 0
        ? [["What did not run:", "", ...skipped.map((line) => `- ${line}`)].join("\n")]
        : []),
    ].join("\n\n");
    return `${readme.slice(0, from + begin.length)}\n\n${section}\n\n${readme.slice(to)}`;
  }

  function keep(result: Result, folder: string): void {
    const name = `${result.startedAt.slice(0, 16).replace(/[:T]/g, "-")}.json`;
    mkdirSync(join(folder, "results", part), { recursive: true });
    writeFileSync(join(folder, "results", part, name), print(result));
    const readme = join(folder, "README.md");
    writeFileSync(readme, renewReadme(readFileSync(readme, "utf8"), name, result));
    console.log(`\nWritten: bench/results/${part}/${name}, and the tables in bench/README.md`);
  }

  function newest(folder: string): { name: string; result: Result } | undefined {
    return globSync(join(folder, "*.json"))
      .map((path) => ({
        name: basename(path),
        result: JSON.parse(readFileSync(path, "utf8")) as Result,
      }))
      .sort((a, b) => a.result.startedAt.localeCompare(b.result.startedAt))
      .pop();
  }

  return { text, smoke, print, renewReadme, keep, newest };
}
