/** The playground's page: for people who use no mouse, a screen reader, a phone, or Chinese. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { faultsOf } from "../site/accessibility.ts";
import { missing, Site } from "./browser.ts";
import { Play } from "./play.ts";

describe.skipIf(missing)("the playground's page", () => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.open(true);
  });
  afterAll(() => site?.close());
  afterEach(() => {
    expect(site.errors).toEqual([]);
  });

  test("has no serious fault that axe finds, in light and in dark", async () => {
    const play = new Play(await site.page("playground/"));
    await play.page.locator(".cm-content").first().waitFor();
    await play.page.getByLabel("Variables").fill("kept");
    const program =
      'import sys\nkept = [str(n) for n in range(100)]\nprint("red", file=sys.stderr)\n';
    // Two runs, to be compared, and a moment of the past: all that there is to be seen.
    await play.finish(program);
    await play.finish(program);
    await play.press("Moment before");
    await play.page.locator(".play-compare[data-runs]").waitFor();
    for (const theme of ["light", "dark"] as const) {
      await play.page.emulateMedia({ colorScheme: theme });
      await play.page.locator(`:root[data-theme="${theme}"]`).waitFor();
      expect(await faultsOf(play.page, { part: ".play" })).toEqual([]);
    }
  });

  test("is run by keyboard alone", async () => {
    const play = new Play(await site.page("playground/"));
    const editor = play.page.locator(".cm-content").first();
    await editor.waitFor();
    await editor.focus();
    await play.page.keyboard.press("Control+A");
    await play.page.keyboard.type("print(6 * 7)");
    await play.page.keyboard.press("Control+Enter");
    await play.writes("42");
    // Escape, then Tab, leaves the editor.
    await play.page.keyboard.press("Escape");
    await play.page.keyboard.press("Tab");
    expect(await editor.evaluate((node) => node.contains(document.activeElement))).toBe(false);
  });

  test("fits a phone", async () => {
    const play = new Play(await site.page("playground/"));
    await play.page.setViewportSize({ width: 390, height: 800 });
    await play.finish("kept = [str(n) for n in range(200_000)]\n");
    const width = await play.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(390);
  });

  test("speaks Chinese", async () => {
    const play = new Play(await site.page("zh-cn/playground/"));
    await play.write("print('你好')");
    await play.press("运行");
    await play.writes("你好");
    await play.reaches("ended");
    expect(await play.status()).toContain("退出码");
  });
});
