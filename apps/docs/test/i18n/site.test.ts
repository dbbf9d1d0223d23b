/** The Chinese pages in a browser: what readers of Chinese see, search and switch. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Site } from "../playground/browser.ts";
import { pagesIn } from "./source.ts";

/** The pages of the course, and what needs no code of its own to be looked at. */
const pages = pagesIn("zh-cn").filter((page) => /^(start|learn)\/|^build\/one-package$/.test(page));

describe.skipIf(missing)("the Chinese pages in a browser", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(false);
    page = await site.page("zh-cn/");
    page.setDefaultTimeout(10_000);
  });
  afterAll(async () => {
    await site?.close();
  });

  async function open(path: string, width: number = 1280): Promise<void> {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${site.url}${path}`);
  }

  it.each(["", ...pages.map((name) => `${name}/`)])(
    "zh-cn/%s loads without an error, its parts speak Chinese, and it fits on a phone",
    async (path) => {
      const before = site.errors.length;
      await open(`zh-cn/${path}`);
      for (const part of await page.locator("astro-island").all()) {
        await part.scrollIntoViewIfNeeded();
      }
      await page.waitForFunction(() => document.querySelector("astro-island[ssr]") === null);
      for (const part of await page.locator("section.live").all()) {
        expect(await part.getAttribute("lang")).toBe("zh-CN");
        expect(await part.textContent()).toMatch(/\p{Script=Han}/u);
      }
      // Stars that stand beside full-width punctuation are easily not taken for marks.
      const text = await page.locator("main").evaluate((main) => {
        const copy = main.cloneNode(true) as HTMLElement;
        for (const code of copy.querySelectorAll("pre, code, section.live")) code.remove();
        return copy.textContent ?? "";
      });
      expect(text).not.toContain("**");
      await page.setViewportSize({ width: 390, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        390,
      );
      expect(site.errors.slice(before)).toEqual([]);
    },
  );

  it("is accessible", async () => {
    await open("zh-cn/learn/reuse/");
    // Starlight's search button shows its keys beside its name; the name leaves them out.
    const { violations } = await new AxeBuilder({ page })
      .exclude("button[data-open-modal]")
      .analyze();
    const found = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(found.map(({ id, nodes }) => `${id}: ${nodes[0]!.html.slice(0, 200)}`)).toEqual([]);
  });

  it("takes an answer in Chinese", async () => {
    await open("zh-cn/learn/arenas/");
    const exercise = page.locator('[data-exercise="arenas/lifo"]');
    await exercise.scrollIntoViewIfNeeded();
    await exercise.getByRole("textbox").fill("第一个");
    await exercise.getByRole("button", { name: "检查" }).click();
    await exercise.getByText("还不对").waitFor();
    await exercise.getByRole("textbox").fill("第二个");
    await exercise.getByRole("button", { name: "检查" }).click();
    await exercise.getByText("正确：第二个。").waitFor();
    await exercise.getByText("空闲列表后进先出。").waitFor();
  });

  it("tells in Chinese what came of an allocator's checks", async () => {
    await open("zh-cn/build/allocator/");
    const part = page.locator("section.live").first();
    await part.scrollIntoViewIfNeeded();
    await part.getByText("释放的内存会再次使用：不成立").waitFor({ timeout: 15_000 });
    await part.getByText("A2 请求零字节，得到一个独立的块").waitFor();
    const exercise = page.locator('[data-exercise="build-allocator/mend"]');
    await exercise.scrollIntoViewIfNeeded();
    await exercise.getByRole("button", { name: "检查我的代码" }).waitFor();
  });

  it("finds Chinese words, in Chinese pages", async () => {
    await open("zh-cn/");
    await page.getByRole("button", { name: "搜索" }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("弱引用");
    await page.getByText(/^找到 \d+ 页含有“弱引用”$/).waitFor();
    const found = await page
      .locator(".pagefind-ui__result-link")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href")!));
    expect(found).toContain("/zh-cn/learn/finalizers/");
    expect(found.filter((address) => !address.startsWith("/zh-cn/"))).toEqual([]);
  });

  it("switches to the same page in the other language, and back", async () => {
    await open("zh-cn/learn/objects/");
    await page.getByLabel("选择语言").first().selectOption({ label: "English" });
    await page.getByRole("heading", { name: "Headers and reference counts", level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/learn/objects/");
    await page.getByLabel("Select language").first().selectOption({ label: "简体中文" });
    await page.getByRole("heading", { name: "对象头与引用计数", level: 1 }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/zh-cn/learn/objects/");
  });

  it("shows a way home, in both languages, where there is no page", async () => {
    const before = site.errors.length;
    await open("zh-cn/nothing/");
    await page.getByRole("link", { name: "To the start" }).waitFor();
    await page.getByRole("link", { name: "回到首页" }).click();
    await page.getByRole("link", { name: "学习原理" }).waitFor();
    expect(site.errors.slice(before).filter((error) => !error.includes("404"))).toEqual([]);
  });
});
