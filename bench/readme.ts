/**
 * `node bench/readme.ts`: says whether the README's tables are those of the newest result (exit 1 if not);
 * `node bench/readme.ts --write` renews them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newestResult, renewReadme } from "./src/readme.ts";

const path = join(import.meta.dirname, "README.md");
const newest = newestResult(join(import.meta.dirname, "results"));
if (newest === undefined) {
  console.error("bench/results holds no full result: run `pnpm bench --write` first");
  process.exit(1);
}
const readme = readFileSync(path, "utf8");
const renewed = renewReadme(readme, newest.name, newest.result);
if (renewed === readme) {
  console.log(`The tables are those of results/${newest.name}.`);
} else if (process.argv.includes("--write")) {
  writeFileSync(path, renewed);
  console.log(`Renewed from results/${newest.name}.`);
} else {
  console.error(`The tables are not those of results/${newest.name}: run it with --write`);
  process.exit(1);
}
