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

/** How the test files of a package run. */
export interface SharedOptions {
  /**
   * Several files in one worker, where the package's modules keep no state: to load them anew and to compile them again
   * for each file takes longer than many a file's tests.
   */
  readonly shareWorkers?: boolean;
  /** Patterns of files that get a worker of their own all the same. */
  readonly except?: readonly string[];
}

/** The vitest configuration of the package in `directory`. */
export function shared(
  directory: string,
  { shareWorkers = false, except = [] }: SharedOptions = {},
): ViteUserConfig {
  const config = { root: directory, resolve: { alias: sourceAliases() } };
  const test = {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    isolate: !shareWorkers,
  };
  const alone = { ...test, name: "alone", include: [...except], isolate: true };
  const others = { ...test, name: "together", exclude: [...except] };
  const files =
    except.length > 0
      ? { projects: [alone, others].map((part) => ({ ...config, test: part })) }
      : test;
  return defineConfig({
    ...config,
    test: {
      ...files,
      reporters: ["default", ["json", { outputFile: join(directory, ".reports/test.json") }]],
    },
  });
}
