/** Packs the package in the working directory into .pack/, named without its version. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";

rmSync(".pack", { recursive: true, force: true });
mkdirSync(".pack");
const packed = spawnSync("pnpm", ["pack", "--out", ".pack/package.tgz"], { encoding: "utf8" });
if (packed.status !== 0) {
  process.stderr.write(`${packed.stdout ?? ""}${packed.stderr ?? ""}`);
  process.exit(packed.status ?? 1);
}
