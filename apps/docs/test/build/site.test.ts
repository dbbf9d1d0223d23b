/** The Build part in a browser: its pages load and are accessible, and its live parts do what the text says. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, PATIENCE, Site } from "../playground/browser.ts";
import { faultsOf } from "../site/accessibility.ts";
import { pageNames, pageText } from "./run-code.ts";

/** What is tried on a page, once it is there. */
const tried: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async allocator(page) {
    const first = part(page, "The bump allocator, tried");
    await press(first, "Check and run");
    await first.getByText("1 of 11 checks fails. At its peak it held 1.31 times").waitFor();
    expect(await figure(first, "yours peak")).toBe("1,376,256");
    expect(await figure(first, "pymalloc peak")).toBe("1,054,488");

    const mend = exercise(page, "build-allocator/mend");
    await press(mend, "Check my code");
    await mend.getByText("checks fail. Not yet.").waitFor();
    await mend.getByText("law A1 is broken").first().waitFor();
    await press(mend, "Show a solution");
    await press(mend, "Check my code");
    await mend.getByText("All 9 checks pass. Solved.").waitFor();

    // Typed in: something that cannot be read, then an allocator that is none.
    const yours = part(page, "Your allocator beside pymalloc");
    const editor = yours.getByRole("textbox", { name: "Your allocator" });
    await editor.fill("export default (");
    await press(yours, "Check and run");
    await yours.locator(".live-error").getByText("Unexpected token").waitFor();
    await editor.fill("export default 5;");
    await editor.press("Control+Enter");
    await yours.getByText("default export must be a function").waitFor();
  },
  async collector(page) {
    const second = part(page, "Mark and sweep, tried");
    await press(second, "Check and collect");
    await second.getByText("3 of 7 checks fail. collect() returned 2. Gone: D, E").waitFor();
    await second.getByText("The count of E is 0: it is gone.").waitFor();
    await press(second, "First");
    await press(second, "Next");
    await second.getByText("graph.roots shows it A").waitFor();
    // del a
    await second.locator('g.node[aria-label^="A:"]').focus();
    await page.keyboard.press("Enter");
    await press(second, "del a");
    await second.getByText("collect() returned 5. Gone: A, B, C, D, E; left: nothing.").waitFor();

    const cycle = exercise(page, "build-collector/cycle");
    await press(cycle, "Check my code");
    await cycle.getByText("collect() returned 0 instead of 2").waitFor();
    await press(cycle, "Show a solution");
    await press(cycle, "Check my code");
    await cycle.getByText("All 8 checks pass. Solved.").waitFor();
  },
  async sink(page) {
    const lab = part(page, "Counted, noted, drawn");
    await press(lab, "make");
    await lab.getByText("Most blocks are of 17 to 32 bytes.").waitFor();
    await press(lab, "make");
    await press(lab, "make");
    expect(Number(await figure(lab, "arenas now"))).toBeGreaterThan(1);
    const arenas = await figure(lab, "arenas now");
    await press(lab, "drop all but each 100th");
    expect(await figure(lab, "arenas now")).toBe(arenas);
    const peak = exercise(page, "build-sink/peak");
    await press(peak, "Show a solution");
    await press(peak, "Check my code");
    await peak.getByText("All 5 checks pass. Solved.").waitFor();
  },
  async workers(page) {
    const lab = part(page, "One heap, several workers");
    await press(lab, "Run");
    await lab.getByText("every invariant of the heap holds. 0 blocks are left.").waitFor();
    for (const name of [1, 2, 3, 4]) expect(await figure(lab, `damaged ${name}`)).toBe("0");
  },
  async pyodide(page) {
    const lab = part(page, "Real CPython on this page");
    await press(lab, "Start CPython and run");
    await lab.getByText("has run it on pymalloc in").waitFor({ timeout: 2 * PATIENCE });
    await lab.getByText("40 names are left").waitFor();
    expect(Number(await figure(lab, "arenas of 256 KiB"))).toBeGreaterThan(5);
  },
  async objects(page) {
    const lab = part(page, "A document that forgets nothing");
    await press(lab, "edit");
    await lab.getByText("Call me whatever you like.").first().waitFor();
    await press(lab, "save the heap");
    await press(lab, "100 edits");
    expect(await figure(lab, "versions before")).toBe("101");
    await press(lab, "undo");
    expect(await figure(lab, "versions after")).toBe("1");
    await press(lab, "open what was saved");
    await lab.getByText("Opened in a new heap: 1 versions before this one.").waitFor();
    await press(lab, "undo");
    await lab.getByText("Call me Ishmael.").waitFor();
  },
};

const part = (page: Page, title: string): Locator =>
  page.locator(`section.live[aria-label="${title}"]`);
const exercise = (page: Page, id: string): Locator => page.locator(`[data-exercise="${id}"]`);
const figure = (within: Locator, name: string): Promise<string | null> =>
  within.locator(`[data-figure="${name}"]`).textContent();
const press = (within: Locator, name: string): Promise<void> =>
  within.getByRole("button", { name, exact: true }).click();

describe.skipIf(missing)("the Build part in a browser", () => {
  let site: Site;
  beforeAll(async () => {
    // With the headers that shared memory needs.
    site = await Site.open(true);
  });
  afterAll(async () => {
    await site?.close();
  });

  it.each(Object.keys(tried))(
    "/build/%s/ is accessible, does what it says, and fits on a phone",
    async (name) => {
      const before = site.errors.length;
      const page = await site.page(`build/${name}/`);
      // Each live part is made when it is first seen.
      await page.waitForFunction(() => {
        const next = document.querySelector("astro-island[ssr]");
        next?.firstElementChild?.scrollIntoView();
        return next === null;
      });
      await tried[name]?.(page);
      // Whole pages are looked at elsewhere, as they are when they come; here it is what the parts show by now.
      expect(await faultsOf(page, { part: "section.live", without: [".cm-editor"] })).toEqual([]);
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        390,
      );
      expect(site.errors.slice(before)).toEqual([]);
      await page.context().close();
    },
  );

  it("says where memory cannot be shared", async () => {
    const plain = await Site.open(false);
    try {
      const page = await plain.page("build/workers/");
      await part(page, "One heap, several workers").scrollIntoViewIfNeeded();
      await page.getByText("served without the two headers").waitFor();
    } finally {
      await plain.close();
    }
  });
});

it("leaves out no page with a live part", () => {
  const alive = pageNames.filter((name) => pageText(name).includes("client:visible"));
  expect(alive.sort()).toEqual(Object.keys(tried).sort());
});
