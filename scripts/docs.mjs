/**
 * `npm run docs`: sets up, builds the docs site and what it shows, and serves it on this machine. Arguments go to
 * apps/docs/serve.ts: `npm run docs -- --port 8080`.
 */
import { join } from "node:path";
import { root, run, setUp, turbo } from "./setup.mjs";

setUp();

const built = await turbo([
  "run",
  "build",
  "--filter=@pyrena/docs",
  "--output-logs=errors-only",
  "--log-prefix=none",
]);
if (built !== 0) process.exit(built);

// Ctrl-C goes to the server, which ends by it, as to this process.
process.on("SIGINT", () => {});
process.exit(await run("node", [join(root, "apps/docs/serve.ts"), ...process.argv.slice(2)]));
