/** The links of the built site: each leads to a file of it, and to a place in that file. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { addressesIn, anchorsIn, builtPages, fileAt } from "./built-pages.ts";

const site = inject("site");
const built = existsSync(join(site, "index.html"));
/** Of no place, only to tell addresses within the site from others. */
const HERE = "https://here.invalid/";

describe.skipIf(!built)("the links of the site", () => {
  it("lead to pages and files that are there, fragments included", () => {
    const anchors = new Map<string, Set<string>>();
    const wrong: string[] = [];
    for (const { path, html } of builtPages(site)) {
      for (const address of addressesIn(html)) {
        const url = new URL(address, HERE + path);
        if (url.origin !== new URL(HERE).origin) continue;
        const file = fileAt(site, url.pathname);
        if (file === undefined) {
          wrong.push(`/${path}: ${address}`);
        } else if (url.hash.length > 1 && file.endsWith(".html")) {
          // What a link carries for a live part is no place in a page.
          if (url.hash.includes("=")) continue;
          if (!anchors.has(file)) anchors.set(file, anchorsIn(readFileSync(file, "utf8")));
          if (!anchors.get(file)!.has(decodeURIComponent(url.hash.slice(1)))) {
            wrong.push(`/${path}: ${address}: no such place`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("load nothing from elsewhere: no script, style, font or picture", () => {
    const foreign = builtPages(site).flatMap(({ path, html }) =>
      [
        ...html.matchAll(
          /<(?:script|img|iframe|source|video|audio)\b[^>]*\ssrc="(?:https?:)?\/\/[^"]*"/g,
        ),
      ]
        .concat([
          ...html.matchAll(
            /<link\b[^>]*rel="(?:stylesheet|preload|modulepreload|icon|preconnect)"[^>]*href="(?:https?:)?\/\/[^"]*"/g,
          ),
        ])
        .map(([found]) => `/${path}: ${found}`),
    );
    expect(foreign).toEqual([]);
  });
});
