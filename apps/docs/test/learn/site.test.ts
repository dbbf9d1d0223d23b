/**
 * The first pages and the course in a browser, in both languages: they load without an error, axe finds nothing serious in
 * either theme, and they fit on a phone. What their live parts do is in `live.test.ts`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Language } from "../../src/i18n/texts.ts";
import { texts as arenas } from "../../src/live/arenas/texts.ts";
import { missing, Site } from "../playground/browser.ts";
import { folderOf, open, Part } from "./hands.ts";

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

  /** What axe finds that is serious; in the dark only what depends on colours. */
  async function found(theme: "light" | "dark"): Promise<string[]> {
    await page.evaluate((name) => {
      document.documentElement.dataset["theme"] = name;
    }, theme);
    const axe = new AxeBuilder({ page }).setLegacyMode();
    // Starlight's search button shows its keys beside its name; the name leaves them out.
    if (theme === "light") axe.exclude("button[data-open-modal]");
    else axe.withRules(["color-contrast"]);
    const { violations } = await axe.analyze();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${theme}, ${id}: ${nodes[0]!.html.slice(0, 200)}`);
  }

  describe.each<Language>(["en", "zh-CN"])("%s", (language) => {
    it.each(["", ...pagesOf(language)])(
      "/%s loads without an error, is accessible, and fits on a phone",
      async (path) => {
        const before = site.errors.length;
        await page.setViewportSize({ width: 1280, height: 900 });
        await open(site, page, folderOf[language] + path);
        expect(await page.locator("html").getAttribute("lang")).toBe(language);
        const spoken = await page
          .locator("section.live")
          .evaluateAll((parts) => parts.map((part) => (part as HTMLElement).lang));
        expect(spoken).toEqual(spoken.map(() => language));
        // Code that is too wide can be scrolled by keys: the page sees to that when it finds the time.
        await page.waitForFunction(() =>
          [...document.querySelectorAll("pre")].every(
            (pre) => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0,
          ),
        );
        expect([...(await found("light")), ...(await found("dark"))]).toEqual([]);
        await page.setViewportSize({ width: 390, height: 844 });
        expect(await page.locator("h1").textContent()).not.toBe("");
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
          390,
        );
        expect(site.errors.slice(before)).toEqual([]);
      },
    );

    it("speaks its language before any script has come", () => {
      for (const path of pagesOf(language)) {
        const html = readFileSync(
          join(inject("site"), folderOf[language], path, "index.html"),
          "utf8",
        );
        const parts = html.match(/<section [^>]*class="live[^>]*>/g) ?? [];
        for (const part of parts)
          expect([path, part]).toEqual([path, expect.stringContaining(`lang="${language}"`)]);
        const titles = [...html.matchAll(/<p class="live-title"[^>]*>([^<]*)</g)].map(
          ([, title]) => title!,
        );
        expect([path, titles.length > 0]).toEqual([
          path,
          path === "start/what/" || path.startsWith("learn/"),
        ]);
        for (const title of titles) {
          expect([title, /\p{Script=Han}/u.test(title)]).toEqual([title, language === "zh-CN"]);
        }
      }
    });
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
