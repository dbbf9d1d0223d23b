/** Recorded results that the site serves as they are: where they lie in the repository, and on the site. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./built.ts";

/** Folders of results, by the first part of their address below `/reference/raw/`. */
const folders: Readonly<Record<string, string>> = {
  bench: "bench/results",
  agree: "agree/results",
};

/** A file of results. */
export interface RawFile {
  /** Below `/reference/raw/`: `bench/gc/2026-11-21-11-26.json`. */
  readonly path: string;
  readonly text: string;
}

/** All of them, in order of their paths. */
export function rawFiles(): RawFile[] {
  const root = repositoryRoot();
  return Object.entries(folders).flatMap(([name, folder]) => {
    const from = join(root, folder);
    if (!existsSync(from)) return [];
    return readdirSync(from, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".json"))
      .sort()
      .map((path) => ({
        path: `${name}/${path.replaceAll("\\", "/")}`,
        text: readFileSync(join(from, path), "utf8"),
      }));
  });
}

/** Address of a file. */
export function rawAddress(path: string): string {
  return `/reference/raw/${path}`;
}
