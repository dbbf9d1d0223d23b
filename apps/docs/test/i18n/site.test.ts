/** The Chinese pages in a browser: what readers of Chinese see, search and switch. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { missing, Site } from "../playground/browser.ts";
import { builtPages } from "../site/built-pages.ts";

/** The translated pages, as they were built. */
const pages =
  missing === undefined
    ? builtPages(inject("site")).filter(
        ({ path, fallback }) => path.startsWith("zh-cn/") && !fallback,
      )
    : [];

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

  async function open(path: string): Promise<void> {
    await page.goto(`${site.url}${path}`);
  }

  it.each(pages.map((built) => [`/${built.path}`, built]))(
    "%s has parts in Chinese",
    (_, { path, html }) => {
      const parts = html.match(/<section\b[^>]*\bclass="live\b[^>]*>/g) ?? [];
      if (path.startsWith("zh-cn/learn/")) expect(parts.length).toBeGreaterThan(1);
      for (const part of parts) {
        expect(part).toContain('lang="zh-CN"');
        expect(part).toMatch(/aria-label="[^"]*\p{Script=Han}/u);
      }
      // Stars that stand beside full-width punctuation are easily not taken for marks.
      const text = html
        .replace(/="[^"]*"/g, "")
        .replace(/<(pre|code|script|style)\b[\s\S]*?<\/\1>/g, "")
        .replace(/<[^>]*>/g, "");
      expect(text.match(/.{0,20}\*\*.{0,20}/g) ?? []).toEqual([]);
    },
  );

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
    // The button is there before the code that it starts.
    await page.waitForFunction(
      () => document.querySelector("section.live")!.closest("astro-island[ssr]") === null,
    );
    await part.getByRole("button", { name: "检查并运行" }).click();
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
    // The pages are counted first, and told one after the other.
    const found = (): Promise<string[]> =>
      page
        .locator(".pagefind-ui__result-link")
        .evaluateAll((links) => links.map((link) => link.getAttribute("href")!));
    await expect.poll(found, { timeout: 10_000 }).toContain("/zh-cn/learn/finalizers/");
    expect((await found()).filter((address) => !address.startsWith("/zh-cn/"))).toEqual([]);
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
    site.newErrors(page);
    await open("zh-cn/nothing/");
    await page.getByRole("link", { name: "To the start" }).waitFor();
    await page.getByRole("link", { name: "回到首页" }).click();
    await page.getByRole("link", { name: "学习原理" }).waitFor();
    expect(site.newErrors(page).filter((error) => !error.includes("404"))).toEqual([]);
  });
});
