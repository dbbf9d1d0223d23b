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

// What is counted at the end is of this run, or restored for it from the cache.
const runs = join(root, ".turbo", "runs");
rmSync(runs, { recursive: true, force: true });
rmSync(join(root, ".reports"), { recursive: true, force: true });
for (const folder of packageFolders()) {
  rmSync(join(root, folder, ".reports"), { recursive: true, force: true });
}

const code = await turbo([
  "run",
  ...CHECKS,
  "--continue=dependencies-successful",
  "--summarize",
  "--output-logs=new-only",
  "--log-order=grouped",
  ...process.argv.slice(2),
]);

const summary = existsSync(runs) ? readdirSync(runs).find((name) => name.endsWith(".json")) : null;
if (!summary) {
  console.error("Turbo left no summary of its run: its own message is above.");
  process.exit(code || 1);
}
const { packages, tasks } = JSON.parse(readFileSync(join(runs, summary), "utf8"));
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
