/** The pages of the built site, read from its files. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** One page. */
export interface BuiltPage {
  /** Below the site's root, with a slash at its end: `learn/arenas/`; empty for the first page. */
  readonly path: string;
  readonly html: string;
  /** Made from docstrings, one like the other; the other pages are written by hand. */
  readonly generated: boolean;
  /** A page in Chinese whose text is the English one, for want of a translation. */
  readonly fallback: boolean;
}

const CHINESE = "zh-cn/";

/** Every page that has an address of its own. */
export function builtPages(site: string): BuiltPage[] {
  const read = (path: string): string => readFileSync(join(site, path, "index.html"), "utf8");
  return globSync("**/index.html", { cwd: site })
    .map((file) => file.replaceAll("\\", "/").replace(/index\.html$/, ""))
    .sort()
    .map((path) => {
      const html = read(path);
      return {
        path,
        html,
        generated: /^(zh-cn\/)?reference\/api\/./.test(path),
        fallback: path.startsWith(CHINESE) && /<main[^>]* lang="en"/.test(html),
      };
    });
}

/** The addresses that a page links to or loads, as they stand in it. */
export function addressesIn(html: string): string[] {
  return [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, address]) =>
    address!.replaceAll("&#38;", "&").replaceAll("&amp;", "&"),
  );
}

/** The names that a link's fragment may lead to. */
export function anchorsIn(html: string): Set<string> {
  return new Set([...html.matchAll(/\s(?:id|name)="([^"]*)"/g)].map(([, id]) => id!));
}

/** The file that a static host answers an address with; undefined if there is none. */
export function fileAt(site: string, pathname: string): string | undefined {
  const path = decodeURIComponent(pathname).replace(/^\//, "");
  return [path, `${path}/index.html`, `${path}index.html`]
    .map((candidate) => join(site, candidate))
    .find((candidate) => /\.\w+$/.test(candidate) && existsSync(candidate));
}
