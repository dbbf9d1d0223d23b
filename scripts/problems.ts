/** How a house rule reports what it found. */

/** A rule broken at one place. */
export interface Problem {
  rule: string;
  /** File, from the root, with `:line` where there is one. */
  where: string;
  what: string;
}

/**
 * Prints the problems by rule, each rule with its reason, and ends the process: 0 if
 * there are none, otherwise 1.
 *
 * @param looked what was looked at, for the line that says that all is well
 * @param why rule → why it exists, and what to do instead
 */
export function report(
  problems: readonly Problem[],
  looked: string,
  why: Readonly<Record<string, string>>,
): never {
  if (problems.length === 0) {
    console.log(`${looked}: in order`);
    process.exit(0);
  }
  for (const [rule, broken] of Map.groupBy(problems, (problem) => problem.rule)) {
    console.error(`\n${rule}`);
    for (const { where, what } of broken) console.error(`  ${where}  ${what}`);
    console.error(`  Why this rule: ${why[rule] ?? "(no reason recorded)"}`);
  }
  console.error(`\n${problems.length} problem${problems.length === 1 ? "" : "s"}`);
  process.exit(1);
}
