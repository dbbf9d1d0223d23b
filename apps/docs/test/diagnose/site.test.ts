/** The pages about diagnosing in a browser: their pictures show what their runs told, and their programs open. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RecordedRun, totalsOf } from "../../src/live/recorded/model.ts";
import orders from "../../src/live/recorded/runs/orders.json";
import sessions from "../../src/live/recorded/runs/sessions.json";
import { missing, Site } from "../playground/browser.ts";

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
