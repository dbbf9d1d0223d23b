import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const root = import.meta.dirname;

/**
 * Every workspace package, by name, at its source: tests of one package then see the
 * current source of the packages below it, without a build, and one copy of each module.
 * `TEST_DIST=1` leaves the names alone, so that the built output is what is tested.
 */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  if (process.env["TEST_DIST"]) return [];
  return readdirSync(join(root, "packages")).map((folder) => {
    const manifest = JSON.parse(
      readFileSync(join(root, "packages", folder, "package.json"), "utf8"),
    ) as { name: string };
    return {
      find: new RegExp(`^${manifest.name}$`),
      replacement: join(root, "packages", folder, "src/index.ts"),
    };
  });
}

/**
 * The vitest configuration of the package in `directory`.
 * @param isolate whether each file gets a worker of its own; without, files that keep no state in modules share one,
 *   and what the engine has compiled for one file serves the next
 */
export function shared(directory: string, isolate: boolean = true): ViteUserConfig {
  return defineConfig({
    root: directory,
    resolve: { alias: sourceAliases() },
    test: {
      include: ["test/**/*.test.ts"],
      isolate,
      testTimeout: 30_000,
      reporters: ["default", ["json", { outputFile: join(directory, ".reports/test.json") }]],
    },
  });
}
