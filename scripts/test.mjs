/**
 * `npm test`: sets up, then lints, type-checks, builds, tests, and checks every package as a
 * user gets it. Turbo does again only what has changed. Ends with one line that says how many
 * passed and failed. Arguments go to turbo: `npm test -- --filter=@pyrena/raw`, `-- --force`.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packageFolders, root, seconds, setUp, turbo } from "./setup.mjs";
import { tally } from "./tally.mjs";

const CHECKS = [
  "check:format",
  "check:layers",
  "check:docs",
  "check:graph",
  "check:files",
  "check:examples",
  "typecheck:scripts",
  "typecheck:examples",
  "test:scripts",
  "typecheck",
  "build",
  "test",
  "check:package",
];

const started = Date.now();
setUp();

// The docs site is tried in this browser; turbo takes note of it, so that nothing is kept of a run without one.
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];
process.env.CHROMIUM ||= CHROMIUM.find((path) => existsSync(path)) ?? "";

// Hundreds of processes load the same tools: they keep what they have compiled for one another.
process.env.NODE_COMPILE_CACHE ||= join(root, "node_modules", ".cache", "compiled");

// What is counted at the end is of this run, or restored for it from the cache.
const runs = join(root, ".turbo", "runs");
rmSync(runs, { recursive: true, force: true });
rmSync(join(root, ".reports"), { recursive: true, force: true });
for (const folder of packageFolders()) {
  rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
}

const OUTPUT = [
  "--continue=dependencies-successful",
  "--summarize",
  "--output-logs=new-only",
  "--log-order=grouped",
];
const chosen = process.argv.slice(2);
const code =
  chosen.length > 0 ? await turbo(["run", ...CHECKS, ...OUTPUT, ...chosen]) : await everything();

/**
 * The tests of the docs site take turns in one browser: a row that is long, but leaves room beside it. So it begins as
 * soon as the packages are built, beside all other checks.
 */
async function everything() {
  await turbo(["run", "build", "--filter=@pyrena/docs^...", ...OUTPUT]);
  const codes = await Promise.all([
    turbo(["run", "build", "typecheck", "test", "--filter=@pyrena/docs", ...OUTPUT]),
    turbo(["run", ...CHECKS, "--filter=!@pyrena/docs", ...OUTPUT]),
  ]);
  return Math.max(...codes);
}

const summaries = existsSync(runs)
  ? readdirSync(runs)
      .filter((name) => name.endsWith(".json"))
      .map((name) => JSON.parse(readFileSync(join(runs, name), "utf8")))
  : [];
if (summaries.length === 0) {
  console.error("Turbo left no summary of its run: its own message is above.");
  process.exit(code || 1);
}
const packages = [...new Set(summaries.flatMap((summary) => summary.packages))];
/** A task that one run did, and that the others found done, is one that was done. */
const byId = new Map();
for (const task of summaries.flatMap((summary) => summary.tasks)) {
  if (!byId.has(task.taskId) || task.cache.status !== "HIT") byId.set(task.taskId, task);
}
const tasks = [...byId.values()];
const { lines, passed, failed } = tally(root, tasks, expectedTasks(packages));
console.log(`\n${lines.join("\n")}`);
console.log(`Took ${seconds(Date.now() - started)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : code);

/**
 * The checks that the packages in turbo's scope have a script for.
 *
 * @param {string[]} scope names of packages
 */
function expectedTasks(scope) {
  return packageFolders().flatMap((folder) => {
    const { name, scripts } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    if (!scope.includes(name)) return [];
    return CHECKS.filter((check) => check in scripts).map((check) => `${name}#${check}`);
  });
}
