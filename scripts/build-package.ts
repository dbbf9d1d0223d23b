import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

// While a package is being started it has no src yet, and nothing to build.
if (!existsSync("src")) process.exit(0);
process.exit(spawnSync("tsc", ["-b"], { stdio: "inherit" }).status ?? 1);
