/** The course in a browser: its pages load, its live parts do what the text says, by mouse and by keyboard. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Site } from "../playground/browser.ts";

const content = join(import.meta.dirname, "../../src/content/docs");
const paths = ["start", "learn"].flatMap((folder) =>
  readdirSync(join(content, folder))
    .filter((name) => name.endsWith(".mdx"))
    .map((name) => `${folder}/${name.replace(".mdx", "")}/`),
);

describe.skipIf(missing)("the course in a browser", () => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open(false);
  });
  afterAll(async () => {
    await site?.close();
  });

  /** Open a page, and wait until its first live part is alive. */
  async function open(path: string): Promise<Page> {
    const page = await site.page(path);
    page.setDefaultTimeout(10_000);
    const part = page.locator("section.live").first();
    await part.scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector("astro-island:not([ssr])") !== null);
    return page;
  }
  const figure = (page: Page, name: string): Promise<string | null> =>
    page.locator(`[data-figure="${name}"]`).first().textContent();
  const press = (page: Page, name: string): Promise<void> =>
    page.getByRole("button", { name, exact: true }).first().click();

  it.each(["", ...paths])("/%s loads without an error and is accessible", async (path) => {
    const before = site.errors.length;
    const page = await site.page(path);
    page.setDefaultTimeout(5000);
    await page.evaluate(async () => {
      for (let y = 0; y < document.body.scrollHeight; y += 500) {
        window.scrollTo(0, y);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    // Code that is too wide can be scrolled by keys: the page sees to that when it finds the time.
    await page
      .waitForFunction(() =>
        [...document.querySelectorAll("pre")].every(
          (pre) => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0,
        ),
      )
      .catch(() => undefined);
    // Starlight's search button shows its keys beside its name; the name leaves them out.
    const { violations } = await new AxeBuilder({ page })
      .exclude("button[data-open-modal]")
      .analyze();
    const found = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`);
    expect(found).toEqual([]);
    expect(site.errors.slice(before)).toEqual([]);
    await page.context().close();
  });

  it.each(["", ...paths])("/%s fits on a phone", async (path) => {
    const page = await site.page(path);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.locator("h1").textContent()).not.toBe("");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      390,
    );
    await page.context().close();
  });

  it("hands out blocks and shows a pool that the arrow keys have chosen", async () => {
    const page = await open("learn/arenas/");
    await press(page, "malloc");
    expect(await figure(page, "pools in use")).toBe("3");
    await page.locator("canvas").focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowRight");
    await page.getByText("blocks of 48 bytes, 340 of 340 in use (full)").waitFor();
    await press(page, "free every second");
    expect(await figure(page, "live blocks")).toBe("500");
    await page.getByText("170 of 340 in use").first().waitFor();
    await page.context().close();
  });

  it("checks an exercise", async () => {
    const page = await open("learn/arenas/");
    const exercise = page.locator('[data-exercise="arenas/rounding"]');
    await exercise.scrollIntoViewIfNeeded();
    await exercise.getByRole("textbox").fill("33");
    await exercise.getByRole("button", { name: "Check" }).click();
    await exercise.getByText("Not yet").waitFor();
    await exercise.getByRole("textbox").fill("48");
    await exercise.getByRole("button", { name: "Check" }).click();
    await exercise.getByText("Right: 48 bytes.").waitFor();
    await exercise.getByText("rounded up to the next multiple").waitFor();
    await page.context().close();
  });

  it("walks through a collection, and the real one ends as foretold", async () => {
    const page = await open("learn/collector/");
    await press(page, "Last");
    await page.getByText("Done: D, E cannot be reached from outside.").waitFor();
    await press(page, "gc.collect() on the real heap");
    await page
      .getByText("gc.collect() returned 2. Gone: D, E; left: A → B → C. As the steps foretold.")
      .waitFor();
    await page.context().close();
  });

  it("edits the graph by keyboard", async () => {
    const page = await open("learn/collector/");
    const node = (name: string): Locator => page.locator(`g.node[aria-label^="${name}:"]`);
    await node("A").focus();
    await page.keyboard.press("Enter");
    await press(page, "del a");
    await page.getByText("del a.").first().waitFor();
    await press(page, "gc.collect() on the real heap");
    await page.getByText("gc.collect() returned 5. Gone: A, B, C, D, E").waitFor();
    await page.context().close();
  });

  it("counts references, and reports what a fence found", async () => {
    const page = await open("learn/objects/");
    await press(page, "b = a");
    expect(await figure(page, "reference count")).toBe("2");
    await press(page, "del b");
    await press(page, "del a");
    expect(await figure(page, "state")).toBe("dead");
    await page.context().close();
    const other = await open("learn/debug-hooks/");
    await press(other, "write");
    await press(other, "free(p)");
    await other.getByText("bad trailing pad byte").last().waitFor();
    await other.context().close();
  });

  it("collects by itself while lists are made", async () => {
    const page = await open("learn/generations/");
    await press(page, "make 20,000 lists");
    expect(await figure(page, "collections")).toBe("9");
    await press(page, "make 20,000 lists");
    expect(await figure(page, "collections")).toBe("19");
    await page.context().close();
  });
});
