/**
 * Builds the package in the working directory: tsc, after output whose source is gone has been
 * taken out of dist, which would otherwise be packed and published with the rest.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, rmSync } from "node:fs";

for (const path of globSync("dist/**/*.{js,js.map,d.ts,d.ts.map}")) {
  const source = path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
  if (!existsSync(source)) rmSync(path);
}
process.exit(spawnSync("tsc", ["-b"], { stdio: "inherit" }).status ?? 1);
