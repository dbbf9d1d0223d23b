/**
 * Adds up a run of turbo: the tests inside each vitest run, and every other task as one check.
 * Results restored from the cache count like fresh ones.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Tasks that run vitest and leave its report in .reports/test.json. */
const VITEST = new Set(["test", "test:scripts"]);

/**
 * @param {string} root
 * @param {{ taskId: string, task: string, directory: string, cache: { status: string },
 *   execution?: { exitCode: number } | null }[]} tasks of turbo's summary
 * @param {string[]} expected ids of tasks that should have run; turbo leaves those out of its
 *   summary that it could not start, since a task before them failed
 * @returns {{ lines: string[], passed: number, failed: number }} lines to print: the count of
 *   each vitest run, the name of whatever failed, and every test that was skipped
 */
export function tally(root, tasks, expected) {
  const counts = [];
  const failures = [];
  const skips = [];
  let passed = 0;
  let failed = 0;
  let checks = 0;
  let cached = 0;
  for (const task of tasks) {
    if (task.cache.status === "HIT") cached++;
    const succeeded = task.execution?.exitCode === 0;
    if (!VITEST.has(task.task)) {
      if (succeeded) checks++;
      else {
        failed++;
        failures.push(`  failed: ${task.taskId}`);
      }
      continue;
    }
    const folder = join(root, task.directory, ".reports");
    const result = readReport(join(folder, "test.json"));
    // A run can fail although no test did: a file that doesn't load, an unhandled rejection.
    if (!succeeded && result.failed.length === 0) result.failed.push("the run itself");
    passed += result.passed;
    failed += result.failed.length;
    const name = task.taskId.replace(/^\/\/#test:/, "").replace(/#test$/, "");
    counts.push(`  ${String(result.passed).padStart(5)}  ${name}`);
    failures.push(...result.failed.map((test) => `  failed: ${name}: ${test}`));
    skips.push(...skipLines(name, result.skipped, readNote(folder)));
  }
  const ran = new Set(tasks.map((task) => task.taskId));
  for (const missing of expected.filter((id) => !ran.has(id))) {
    failed++;
    failures.push(`  did not run, since something before it failed: ${missing}`);
  }
  return {
    lines: [
      "Tests passed",
      ...counts.sort((a, b) => (a.slice(7) < b.slice(7) ? -1 : 1)),
      `  ${String(checks).padStart(5)}  checks besides (lint, types, builds, packages)`,
      ...skips,
      ...failures,
      `${cached} of ${tasks.length} tasks had nothing new to do`,
    ],
    passed: passed + checks,
    failed,
  };
}

/**
 * What a run of vitest left to say about the tests that it skipped: a sentence that begins with a capital letter.
 *
 * @param {string} folder
 * @returns {string | undefined}
 */
function readNote(folder) {
  const path = join(folder, "skipped.txt");
  return existsSync(path) ? readFileSync(path, "utf8").trim() : undefined;
}

/** More tests than this are counted, not named, where a note gives the reason. */
const FEW = 5;

/**
 * @param {string} name of the package
 * @param {string[]} skipped
 * @param {string | undefined} note
 */
function skipLines(name, skipped, note) {
  if (note !== undefined && skipped.length > FEW) {
    return [`  skipped: ${name}: ${skipped.length} tests. ${note}`];
  }
  return skipped.map((test) => `  skipped: ${name}: ${test}`);
}

/**
 * Counts of a vitest JSON report; one that is missing counts as a failure.
 *
 * @param {string} path
 * @returns {{ passed: number, failed: string[], skipped: string[] }}
 */
function readReport(path) {
  if (!existsSync(path)) return { passed: 0, failed: ["left no report"], skipped: [] };
  /** @type {{ testResults: { name: string, status: string,
   *   assertionResults: { status: string, fullName: string }[] }[] }} */
  const { testResults } = JSON.parse(readFileSync(path, "utf8"));
  const tests = testResults.flatMap((file) => file.assertionResults);
  /** @param {string[]} status */
  const named = (status) =>
    tests.filter((test) => status.includes(test.status)).map((test) => test.fullName);
  const broken = testResults
    .filter(
      (file) =>
        file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
    )
    .map((file) => `${file.name.split(/[\\/]/).slice(-2).join("/")} does not load`);
  return {
    passed: named(["passed"]).length,
    failed: [...named(["failed"]), ...broken],
    skipped: named(["pending", "skipped", "todo", "disabled"]),
  };
}
