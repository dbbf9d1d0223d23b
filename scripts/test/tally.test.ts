import { expect, test } from "vitest";
import { tally } from "../tally.mjs";
import { tree } from "./tree.ts";

const task = (taskId: string, exitCode: number, status = "MISS") => ({
  taskId,
  task: taskId.split("#")[1]!,
  directory: taskId.startsWith("//") ? "" : `packages/${taskId.split("#")[0]}`,
  cache: { status },
  execution: { exitCode },
});
const report = (...files: [string, ...string[]][]) => ({
  testResults: files.map(([status, ...tests]) => ({
    name: "packages/a/test/a.test.ts",
    status,
    assertionResults: tests.map((one, index) => ({ status: one, fullName: `test ${index}` })),
  })),
});

test("tests are counted one by one, everything else as one check", () => {
  const root = tree({
    "packages/a/.reports/test.json": report(["passed", "passed", "passed", "skipped"]),
    ".reports/test.json": report(["passed", "passed"]),
  });
  const tasks = [task("a#test", 0, "HIT"), task("a#build", 0), task("//#test:scripts", 0)];
  const { passed, failed, lines } = tally(root, tasks, ["a#test", "a#build"]);
  expect({ passed, failed }).toEqual({ passed: 4, failed: 0 });
  expect(lines).toContain("  skipped: a: test 2");
  expect(lines).toContain("1 of 3 tasks had nothing new to do");
});

test.each([
  ["a failed test", report(["failed", "passed", "failed"]), 1, 1],
  ["a file that doesn't load", report(["failed"], ["passed", "passed"]), 1, 1],
  ["a run that fails without a failed test", report(["passed", "passed"]), 1, 1],
])("%s is a failure", (_, json, exitCode, failures) => {
  const root = tree({ "packages/a/.reports/test.json": json });
  expect(tally(root, [task("a#test", exitCode)], [])).toMatchObject({
    passed: 1,
    failed: failures,
  });
});

test("a run without a report, a check that fails and a task that never ran are failures", () => {
  const tasks = [task("a#test", 0), task("a#build", 1)];
  expect(tally(tree({}), tasks, ["a#test", "b#test"])).toMatchObject({ passed: 0, failed: 3 });
});

test("many skipped tests are counted, with the reason that the run has left", () => {
  const skipped: [string, ...string[]] = ["passed", "passed", ...Array(9).fill("skipped")];
  const why = "Tests in a browser are skipped, since there is no Chromium";
  const root = tree({
    "packages/a/.reports/test.json": report(skipped),
    "packages/a/.reports/skipped.txt": `${why}\n`,
    "packages/b/.reports/test.json": report(skipped),
  });
  const { lines } = tally(root, [task("a#test", 0), task("b#test", 0)], []);
  const about = (name: string) => lines.filter((line) => line.startsWith(`  skipped: ${name}: `));
  expect(about("a")).toEqual([`  skipped: a: 9 tests. ${why}`]);
  expect(about("b")).toHaveLength(9);
});
