/**
 * The first pages and the course in a browser: they load without an error, axe finds nothing serious in either theme, and
 * they fit on a phone. What their live parts do, in both languages, is in `live.test.ts`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Language } from "../../src/i18n/texts.ts";
import { texts as arenas } from "../../src/live/arenas/texts.ts";
import { missing, Site } from "../playground/browser.ts";
import { findingsOnPage, folderOf, open, Part } from "./hands.ts";

const content = join(import.meta.dirname, "../../src/content/docs");
const pagesOf = (language: Language): string[] =>
  ["start", "learn"].flatMap((folder) =>
    readdirSync(join(content, folderOf[language], folder))
      .filter((name) => name.endsWith(".mdx"))
      .map((name) => `${folder}/${name.replace(".mdx", "")}/`),
  );

describe.skipIf(missing)("the course in a browser", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(false);
    page = await site.page("");
  });
  afterAll(async () => {
    await site?.close();
  });

  it.each(["", ...pagesOf("en")])(
    "/%s loads without an error, is accessible, and fits on a phone",
    async (path) => {
      const before = site.errors.length;
      await page.setViewportSize({ width: 1280, height: 900 });
      await open(site, page, path);
      // Code that is too wide can be scrolled by keys: the page sees to that when it finds the time.
      await page.waitForFunction(() =>
        [...document.querySelectorAll("pre")].every(
          (pre) => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0,
        ),
      );
      expect(await findingsOnPage(page)).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await page.locator("h1").textContent()).not.toBe("");
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        390,
      );
      expect(site.errors.slice(before)).toEqual([]);
    },
  );

  it.each<Language>(["en", "zh-CN"])("speaks %s before any script has come", (language) => {
    for (const path of pagesOf(language)) {
      const html = readFileSync(
        join(inject("site"), folderOf[language], path, "index.html"),
        "utf8",
      );
      const parts = html.match(/<section [^>]*class="live[^>]*>/g) ?? [];
      const titles = [...html.matchAll(/<p class="live-title"[^>]*>([^<]*)</g)];
      const alive = path === "start/what/" || path.startsWith("learn/");
      expect([path, parts.length > 0, titles.length > 0]).toEqual([path, alive, alive]);
      for (const part of parts) {
        expect([path, part]).toEqual([path, expect.stringContaining(`lang="${language}"`)]);
      }
      for (const [, title] of titles) {
        expect([title, /\p{Script=Han}/u.test(title!)]).toEqual([title, language === "zh-CN"]);
      }
    }
  });

  it("leads from its beginning into a live part by Tab and Enter alone", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await open(site, page, "learn/arenas/");
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // Skip to content
    await page.keyboard.press("Tab");
    const part = Part.at(page, arenas.en.title);
    await part.press("malloc");
    await part.shows({ "live blocks": "1,000" });
  });
});
