/** Reads the packages of the monorepo, for the house rules. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** What the house rules read of a package.json. */
export interface Manifest {
  name: string;
  version: string;
  private?: boolean;
  bin?: Record<string, string>;
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

/** One package of the workspace. */
export interface Package {
  name: string;
  /** From the root, with forward slashes: `packages/raw`. */
  folder: string;
  /** Absolute. */
  directory: string;
  manifest: Manifest;
}

/** The folders of pnpm-workspace.yaml; `bench` and `agree` are packages of their own, and private. */
const GROUPS: readonly string[] = ["packages/*", "apps/*", "bench", "agree"];

/** Every package below `root`, in order of folder. */
export function readWorkspace(root: string): Package[] {
  return globSync(
    GROUPS.map((group) => `${group}/package.json`),
    { cwd: root },
  )
    .map((path) => path.split(sep).slice(0, -1).join("/"))
    .sort()
    .map((folder) => {
      const directory = join(root, folder);
      const manifest = readManifest(join(directory, "package.json"));
      return { name: manifest.name, folder, directory, manifest };
    });
}

/** A package.json, parsed. */
export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

/** TypeScript and JavaScript files below `folder` of `root`, from `root`, sorted. */
export function sourceFiles(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return globSync(`${folder}/**/*.{ts,tsx,mts,js,mjs}`, {
    cwd: root,
    exclude: (path) => /(^|[/\\])(node_modules|dist|\.astro|fixtures)([/\\]|$)/.test(path),
  })
    .map((path) => relative(root, join(root, path)).split(sep).join("/"))
    .sort();
}
