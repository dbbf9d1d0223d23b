/**
 * Every page of the built site, whoever wrote it, in a browser: it loads without an error and without leaving the
 * site, in light and in dark, by keyboard, on a phone. Of pages that are generated one like the other, and of those
 * that fall back to English, some are taken; links.test.ts reads the files of them all.
 *
 * `SCREENSHOTS=1 npx vitest run test/site/pages.test.ts` leaves pictures of the pages in .screenshots.
 */
import { join } from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { missing, Site } from "../playground/browser.ts";
import { faultsOf, keepOneOfEachKind, type Look, wrongIds } from "./accessibility.ts";
import { type BuiltPage, builtPages } from "./built-pages.ts";

/** As many as a small machine has cores. */
const TABS = 2;
const DESKTOP = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const PICTURE = Boolean(process.env["SCREENSHOTS"]);
const PICTURES = join(import.meta.dirname, "../../.screenshots");

const pages = missing === undefined ? builtPages(inject("site")) : [];
const every = (nth: number, list: readonly BuiltPage[]): BuiltPage[] =>
  list.filter((_, n) => n % nth === 0);

const generated = pages.filter((page) => page.generated && !page.fallback);
const fallback = pages.filter((page) => page.fallback);
const written = pages.filter((page) => !page.generated && !page.fallback);
/** Looked at in full. Chinese pages have the structure and the live parts of the English ones: the shortest of each folder. */
const whole = [
  ...written.filter((page) => !isChinese(page) || isShortest(page, written)),
  ...every(60, generated),
  ...every(90, fallback),
];
/** Loaded. */
const rest = [...written, ...every(12, generated), ...every(60, fallback)].filter(
  (page) => !whole.includes(page),
);
/** The first of each folder: what stands around the text, the same on all its pages, is looked at too. */
const framed = new Set(whole.filter((page, n) => isFirst(page, n, whole)));

/** Starlight's search button shows its keys beside its name; the name leaves them out. */
const WITHOUT = ["button[data-open-modal]"];

/** What axe looks at: on the first page of a folder, all there is. */
function lookAt(page: BuiltPage): Look {
  return { part: framed.has(page) ? undefined : "main", without: WITHOUT };
}

function folder(path: string): string {
  return path.replace(/[^/]*\/$/, "");
}

function isChinese({ path }: BuiltPage): boolean {
  return path.startsWith("zh-cn/");
}

/** Whether no page of its folder is shorter. */
function isShortest({ path, html }: BuiltPage, list: readonly BuiltPage[]): boolean {
  return !list.some(
    (other) => folder(other.path) === folder(path) && other.html.length < html.length,
  );
}

/** Whether it is the first of its folder. */
function isFirst({ path }: BuiltPage, n: number, list: readonly BuiltPage[]): boolean {
  return list.findIndex((other) => folder(other.path) === folder(path)) === n;
}

const named = (list: readonly BuiltPage[]): [string, BuiltPage][] =>
  list.map((page) => [`/${page.path}`, page]);

describe.skipIf(missing)("every page", { concurrent: true }, () => {
  let site: Site;
  /** Tabs that are free, and those who wait for one. */
  const free: Page[] = [];
  const waiting: ((page: Page) => void)[] = [];

  beforeAll(async () => {
    site = await Site.open(false);
    for (let n = 0; n < TABS; n++) {
      const page = await site.page("", { viewport: DESKTOP, colorScheme: "light" });
      await page.addInitScript(seeAllIslands);
      free.push(page);
    }
  });
  afterAll(() => site?.close());

  /** Do something in one of the tabs, when one is free. */
  async function inTab(use: (page: Page) => Promise<void>): Promise<void> {
    const page = free.pop() ?? (await new Promise<Page>((resolve) => waiting.push(resolve)));
    try {
      await use(page);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(page);
      else next(page);
    }
  }

  it.each(named(rest))("%s loads, and fits on a phone", (_name, { path }) =>
    inTab(async (page) => {
      await resize(page, PHONE);
      await load(page, path);
      expect(await overflow(page)).toEqual([]);
      expect(site.newErrors(page)).toEqual([]);
    }),
  );

  it.each(named(whole))("%s can be read by everybody", (_name, built) =>
    inTab(async (page) => {
      const { path } = built;
      await resize(page, DESKTOP);
      await load(page, path);
      await skipsToTheText(page);
      await wake(page);
      await picture(page, path, "light", "dark");
      await resize(page, PHONE);
      expect(await overflow(page)).toEqual([]);
      await picture(page, path, "phone");

      if (framed.has(built)) await resize(page, DESKTOP);
      await wake(page);
      expect(await wrongIds(page)).toEqual([]);
      await keepOneOfEachKind(page);
      const look = lookAt(built);
      expect(await faultsOf(page, look)).toEqual([]);
      // The dark has one set of colours for all pages of a folder; its live parts are looked at by the tests of theirs.
      if (framed.has(built)) {
        await page.emulateMedia({ colorScheme: "dark" });
        expect(await faultsOf(page, { ...look, only: "color-contrast" })).toEqual([]);
        await page.emulateMedia({ colorScheme: "light" });
      }
      expect(site.newErrors(page)).toEqual([]);
    }),
  );

  async function load(page: Page, path: string): Promise<void> {
    site.newErrors(page);
    await page.goto(site.url + path, { waitUntil: "load" });
  }
});

async function resize(page: Page, size: { width: number; height: number }): Promise<void> {
  const now = page.viewportSize();
  if (now?.width !== size.width || now.height !== size.height) await page.setViewportSize(size);
}

/** The first thing that Tab leads to is the way past the navigation, and it shows. */
async function skipsToTheText(page: Page): Promise<void> {
  await page.keyboard.press("Tab");
  const first = page.locator(":focus");
  const target = await first.getAttribute("href");
  expect(target).toMatch(/^#./);
  const box = await first.boundingBox();
  expect(box !== null && box.x >= 0 && box.y >= 0 && box.width > 20).toBe(true);
  await page.keyboard.press("Enter");
  // What Tab leads to now lies in the text, or after it.
  await page.keyboard.press("Tab");
  const passed = await page.evaluate(() => {
    const focused = document.activeElement!;
    const main = document.querySelector("main")!;
    const style = getComputedStyle(focused);
    return {
      inText: main.contains(focused) || focused.tagName === "BODY",
      visible: focused.tagName === "BODY" || style.outlineStyle !== "none",
      what: focused.outerHTML.slice(0, 200),
    };
  });
  expect(passed).toMatchObject({ inText: true, visible: true });
}

/**
 * In the page, before its scripts: live parts come alive when they are seen, and here all of them are, wherever they lie.
 * A window that is as high as the page would do the same, and cost the painting of all of it.
 */
function seeAllIslands(): void {
  globalThis.IntersectionObserver = class extends IntersectionObserver {
    readonly #callback: IntersectionObserverCallback;

    constructor(callback: IntersectionObserverCallback, options?: IntersectionObserverInit) {
      super(callback, options);
      this.#callback = callback;
    }

    override observe(target: Element): void {
      if (target.parentElement?.matches("astro-island[ssr]") !== true) {
        super.observe(target);
        return;
      }
      const seen = { target, isIntersecting: true } as unknown as IntersectionObserverEntry;
      queueMicrotask(() => this.#callback([seen], this));
    }
  };
}

/** Wait for the live parts, and for what the page sees to when it finds the time. */
async function wake(page: Page): Promise<void> {
  await page.waitForFunction(
    () =>
      document.querySelector("astro-island[ssr]") === null &&
      // Code that is too wide can be scrolled by keys.
      [...document.querySelectorAll("pre")].every(
        (pre) => pre.scrollWidth <= pre.clientWidth || pre.tabIndex === 0,
      ),
  );
}

/** What is wider than a phone: nothing, unless it can be scrolled by itself. */
function overflow(page: Page): Promise<string[]> {
  return page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return [];
    const clipped = (element: Element): boolean => {
      for (let above = element.parentElement; above !== null; above = above.parentElement) {
        if (getComputedStyle(above).overflowX !== "visible") return true;
      }
      return false;
    };
    return [...document.querySelectorAll("main *")]
      .filter((element) => element.getBoundingClientRect().right > width + 1 && !clipped(element))
      .map((element) => element.outerHTML.slice(0, 120))
      .concat(`the page is ${document.documentElement.scrollWidth} pixels wide`);
  }, PHONE.width);
}

/** Take a picture in each of these looks, if pictures are wanted. */
async function picture(page: Page, path: string, ...looks: string[]): Promise<void> {
  if (!PICTURE) return;
  const name = path.replaceAll("/", "-").replace(/-$/, "") || "index";
  for (const look of looks) {
    await page.emulateMedia({ colorScheme: look === "dark" ? "dark" : "light" });
    await page.screenshot({ path: join(PICTURES, `${name}.${look}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "light" });
}
