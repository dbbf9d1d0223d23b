/**
 * `npm start`: sets up, builds, and does the main job: a real Python program on Pyrena's
 * allocator, then a recording of a CPython process replayed with every address checked.
 * The command runs on the Node that npm was started with, as it does for users.
 */
import { join } from "node:path";
import { root, run, setUp, turbo } from "./setup.mjs";

setUp();

const built = await turbo([
  "run",
  "build",
  "--filter=@pyrena/cli...",
  "--output-logs=errors-only",
  "--log-prefix=none",
]);
if (built !== 0) process.exit(built);

const pyrena = join(root, "apps", "cli", "bin", "pyrena.js");
for (const args of [
  ["run", "examples/cache_that_stays.py"],
  ["replay", "--verify", "fixtures/recordings/json-tool-3.13.pyrt.gz"],
]) {
  console.log(`\n$ npx pyrena ${args.join(" ")}`);
  const code = await run(process.execPath, [pyrena, ...args]);
  if (code !== 0) process.exit(code);
}
