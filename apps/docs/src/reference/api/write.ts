/** Writes the API's pages where Starlight finds them. They are made anew for each build and are not kept in Git. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AstroIntegration } from "astro";
import { extractApi } from "./extract.ts";
import { apiPages } from "./markdown.ts";

/** Before anything is built, the pages are written. */
export function apiReference(): AstroIntegration {
  return {
    name: "api-reference",
    hooks: {
      "astro:config:setup": async ({ config, logger }) => {
        const root = fileURLToPath(new URL("../../", config.root));
        const folder = fileURLToPath(new URL("content/docs/reference/api/", config.srcDir));
        const started = performance.now();
        const { packages, warnings } = await extractApi(root);
        for (const warning of warnings) logger.warn(warning);
        const pages = apiPages(packages);
        writePages(folder, pages);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        logger.info(`${pages.length} pages of ${packages.length} packages in ${seconds} s`);
      },
    },
  };
}

/** Write the pages, leave those that are the same, and take away those that nobody makes any more. */
function writePages(folder: string, pages: ReturnType<typeof apiPages>): void {
  mkdirSync(folder, { recursive: true });
  const wanted = new Set(pages.map(({ path }) => join(path)));
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".md") && !wanted.has(path)) rmSync(join(folder, path));
  }
  for (const { path, text } of pages) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (readOrNothing(file) !== text) writeFileSync(file, text);
  }
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
