/**
 * Modules of other packages that those do not export: tables that are theirs, for pages that show them. They are loaded
 * from the packages' builds, as Node would, so nothing of them is copied here.
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/** Folder of a package, such as `@pyrena/cli`. */
export function folderOfPackage(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}

/**
 * What a file of a package exports.
 * @param path below `dist`, without its ending: `types/dict-table`
 * @throws Error if the package is not built, or has no such file
 */
export async function builtModule(name: string, path: string): Promise<Record<string, unknown>> {
  const file = join(folderOfPackage(name), "dist", `${path}.js`);
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>;
}

/** The repository, where what is measured and recorded lies. */
export function repositoryRoot(): string {
  return join(folderOfPackage("@pyrena/abi"), "../..");
}

/** What a file of the repository's own tools exports, which Node runs as it is: `bench/src/tables.ts`. */
export async function toolModule(path: string): Promise<Record<string, unknown>> {
  const file = join(repositoryRoot(), path);
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>;
}
