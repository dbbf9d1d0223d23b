/** The reference in a browser: it is found, and tells what the code says. That all pages load, test/site looks after. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawAddress, rawFiles } from "../../src/reference/shared/raw.ts";
import { variantsOf } from "../../src/reference/structs/drawing.ts";
import { structs } from "../../src/reference/structs/structs.ts";
import { missing, Site } from "../playground/browser.ts";

describe.skipIf(missing)("the reference in a browser", () => {
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    site = await Site.open(false);
    page = await site.page("reference/api/");
  });
  afterAll(async () => {
    await site?.close();
  });

  it("finds createRuntime in two clicks", async () => {
    await page.goto(`${site.url}reference/api/`);
    await page.getByRole("main").getByRole("link", { name: "pyrena", exact: true }).click();
    await page.waitForURL("**/reference/api/pyrena/");
    await page.getByRole("cell").getByRole("link", { name: "createRuntime", exact: true }).click();
    await page.waitForURL("**/reference/api/pyrena/create/#createruntime");
    const declared = page.locator("pre.api").first();
    expect(await declared.textContent()).toBe(
      "function createRuntime(options: RuntimeOptions = {}): Runtime",
    );
    await declared.getByRole("link", { name: "RuntimeOptions" }).click();
    await page.waitForURL("**/reference/api/pyrena/options/#runtimeoptions");
  });

  it("is searched", async () => {
    await page.goto(`${site.url}reference/api/`);
    await page.locator("button[data-open-modal]").click();
    await page.locator("dialog input").fill("createRuntime");
    const result = page.locator('dialog a[href*="/reference/api/pyrena/create/"]').first();
    await result.waitFor();
    expect(await result.textContent()).toContain("createRuntime");
  });

  it("draws every structure with the numbers of its table", async () => {
    type Shown = {
      name: string | null;
      abi: string | null;
      versions: string | null;
      size: string | null;
      spoken: string | null;
      drawn: number;
      fields: string[];
    };
    const shown: Shown[] = [];
    for (const name of ["structs", "structs-code", "structs-state"]) {
      await page.goto(`${site.url}reference/${name}/`);
      const onPage = await page.evaluate(() =>
        [...document.querySelectorAll("figure.ref-struct")].map((figure) => ({
          name: figure.getAttribute("data-struct"),
          abi: figure.getAttribute("data-abi"),
          versions: figure.getAttribute("data-versions"),
          size: figure.querySelector("figcaption b")!.textContent,
          spoken: figure.querySelector("svg")!.getAttribute("aria-label"),
          drawn: figure.querySelectorAll("svg rect").length,
          fields: [...figure.querySelectorAll("tbody tr")]
            .map((row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent))
            .filter(([offset, , name]) => name !== "" && !offset!.startsWith("−"))
            .map(([offset, bytes, name]) => `${offset} ${bytes} ${name}`),
        })),
      );
      shown.push(...onPage);
    }
    const expected = structs.flatMap((drawn) =>
      (["lp64", "ilp32"] as const).flatMap((abi) =>
        variantsOf(drawn, abi).map(({ layout, versions, boxes }) => ({
          name: layout.name,
          abi,
          versions,
          size: `${layout.bytes} bytes`,
          drawn: boxes.length,
          fields: layout.fields
            .filter(({ bytes }) => bytes > 0)
            .map(({ offset, bytes, name }) => `${offset} ${bytes} ${name}`),
        })),
      ),
    );
    expect(shown.map(({ spoken: _, ...rest }) => rest)).toEqual(expected);
    for (const { spoken, size } of shown) expect(spoken).toContain(size);
  });

  it("serves the raw results as they lie in the repository", async () => {
    const files = rawFiles();
    expect(files.length).toBeGreaterThan(3);
    for (const { path, text } of files) {
      const response = await fetch(site.url + rawAddress(path).slice(1));
      expect(response.headers.get("content-type")).toContain("application/json");
      expect(await response.text()).toBe(text);
    }
    for (const from of ["benchmarks", "compatibility"]) {
      await page.goto(`${site.url}reference/${from}/`);
      const links = await page.getByRole("link", { name: "raw results (JSON)" }).all();
      expect(links.length).toBeGreaterThan(0);
      for (const link of links) {
        const href = await link.getAttribute("href");
        expect(files.map(({ path }) => rawAddress(path))).toContain(href);
      }
    }
  });

  it("falls back to English in Chinese, with the sidebar in Chinese", async () => {
    const before = site.errors.length;
    await page.goto(`${site.url}zh-cn/reference/api/pyrena/create/`);
    expect(await page.locator("pre.api").first().textContent()).toContain("createRuntime");
    expect(await page.getByText("参考", { exact: true }).count()).toBe(1);
    expect(site.errors.slice(before)).toEqual([]);
  });
});
