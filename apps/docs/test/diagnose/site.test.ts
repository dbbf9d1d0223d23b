/** The pages about diagnosing in a browser: they load, fit, and their pictures show what their runs told. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RecordedRun, totalsOf } from "../../src/live/recorded/model.ts";
import orders from "../../src/live/recorded/runs/orders.json";
import sessions from "../../src/live/recorded/runs/sessions.json";
import { missing, Site } from "../playground/browser.ts";

const paths = readdirSync(join(import.meta.dirname, "../../src/content/docs/diagnose"))
  .filter((name) => name.endsWith(".mdx"))
  .map((name) => `diagnose/${name.replace(".mdx", "")}/`);

describe.skipIf(missing)("the pages about diagnosing, in a browser", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(false);
    page = await site.page("diagnose/overview/");
    page.setDefaultTimeout(10_000);
  });
  afterAll(async () => {
    await site?.close();
  });
  const open = (path: string): Promise<unknown> => page.goto(new URL(`/${path}`, page.url()).href);

  it.each(paths)("/%s loads without an error, is accessible, and fits on a phone", async (path) => {
    const before = site.errors.length;
    await page.setViewportSize({ width: 1280, height: 900 });
    await open(path);
    for (const part of await page.locator("astro-island").all()) {
      await part.scrollIntoViewIfNeeded();
    }
    await page.waitForFunction(() => document.querySelector("astro-island[ssr]") === null);
    // Code that is too wide can be scrolled by keys: the page sees to that when it finds the time.
    await page.waitForFunction(() =>
      [...document.querySelectorAll("pre")].every(
        (pre) => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0,
      ),
    );
    // Starlight's search button shows its keys beside its name; the name leaves them out.
    const { violations } = await new AxeBuilder({ page })
      .exclude("button[data-open-modal]")
      .analyze();
    const found = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
    expect(found).toEqual([]);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      390,
    );
    expect(site.errors.slice(before)).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, RecordedRun>>]>([
    ["diagnose/memory-stays/", sessions],
    ["diagnose/fragmentation/", orders],
  ])("/%s shows the arenas of both runs", async (path, runs) => {
    await open(path);
    const part = page.locator("section.live").first();
    await part.scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector("astro-island[ssr]") === null);
    for (const [name, run] of Object.entries(runs)) {
      await part.getByRole("combobox").selectOption(name);
      const { nearlyEmpty } = totalsOf(run);
      const figure = (label: string): Promise<string | null> =>
        part.locator(`[data-figure="${label}"]`).textContent();
      expect(await figure("arenas at the end")).toBe(String(run.arenas.length));
      expect(await figure("nearly empty")).toBe(String(nearlyEmpty));
      expect(await part.locator(".recorded-arenas span").count()).toBe(run.arenas.length);
      await part.locator(".live-title").hover();
      await part.locator(".recorded-arenas span").first().hover();
      const { liveBlocks } = run.arenas[0]!;
      await part.getByText(`Arena 1: ${liveBlocks.toLocaleString("en")} blocks`).waitFor();
    }
  });

  it("opens the program in the playground", async () => {
    await open("diagnose/memory-stays/");
    await page.getByRole("link", { name: "Or watch this program" }).click();
    await page.getByText("cache of sessions, which is cleared at night").first().waitFor();
  });
});
