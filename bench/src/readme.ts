/** The part of the README that is made from the newest result in `results/`, so that its figures cannot drift. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type BenchResult, parseResult } from "./result.ts";
import { asMarkdown, machineLines, skippedLines, tables } from "./tables.ts";

const BEGIN = "<!-- results: begin (made by `node bench/readme.ts --write`; do not edit) -->";
const END = "<!-- results: end -->";

/** The newest full result of a folder, or undefined if there is none. */
export function newestResult(folder: string): { name: string; result: BenchResult } | undefined {
  return globSync(join(folder, "*.json"))
    .map((path) => ({
      name: basename(path),
      result: parseResult(readFileSync(path, "utf8"), basename(path)),
    }))
    .filter(({ result }) => !result.quick)
    .sort((a, b) => a.result.startedAt.localeCompare(b.result.startedAt))
    .pop();
}

/**
 * The README with its results renewed.
 * @throws Error if the README has lost the two marks between which they stand
 */
export function renewReadme(readme: string, name: string, result: BenchResult): string {
  const from = readme.indexOf(BEGIN);
  const to = readme.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the README has no '${BEGIN}' … '${END}'`);
  return `${readme.slice(0, from + BEGIN.length)}\n\n${resultSection(name, result)}\n\n${readme.slice(to)}`;
}

function resultSection(name: string, result: BenchResult): string {
  const [summary, details] = [tables(result, false), tables(result, true)];
  const rounds = Math.max(
    ...result.workloads.flatMap(({ measurements }) =>
      measurements.map((one) => one.rounds?.length ?? 0),
    ),
  );
  return [
    `Measured on ${result.startedAt.slice(0, 10)}, up to ${rounds} rounds, in ${Math.round(result.seconds / 60)} minutes; raw figures in [results/${name}](results/${name}).`,
    ["```text", ...machineLines(result), "```"].join("\n"),
    ...summary.map((table) => asMarkdown(table)),
    ["### What did not run", "", ...skippedLines(result).map((line) => `- ${line}`)].join("\n"),
    "<details><summary>Every workload with its spread</summary>",
    ...details.slice(summary.length).map((table) => asMarkdown(table, 4)),
    "</details>",
  ].join("\n\n");
}
