/** Chromium and the built site for tests; where either is absent, the tests are skipped and say why. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { type Served, serve } from "../../serve.ts";

const folder = process.env["DOCS_DIST"] ?? join(import.meta.dirname, "../../dist");
const executablePath = [
  process.env["CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
].find((path) => existsSync(path));

/** Why tests in a browser cannot run here; undefined if they can. */
export const missing: string | undefined =
  executablePath === undefined
    ? "there is no Chromium (apt-get install chromium)"
    : existsSync(join(folder, "index.html"))
      ? undefined
      : "the site is not built (pnpm build)";

if (missing !== undefined) console.warn(`Skipped: the site in a browser, since ${missing}`);

/** How long anything in a page is waited for, in milliseconds. */
export const PATIENCE = 15_000;

/** One browser for all the sites of a file, started with the first one and closed with the last. */
let browser: Promise<Browser> | undefined;
let sites = 0;

function launch(): Promise<Browser> {
  sites++;
  browser ??= chromium.launch({
    executablePath: executablePath!,
    args: ["--no-sandbox"],
    timeout: PATIENCE,
  });
  return browser;
}

/** A server of the site, and pages in the browser. */
export class Site {
  readonly #contexts: BrowserContext[] = [];
  readonly #browser: Browser;
  readonly #served: Served;
  /** What went wrong in pages, by their consoles. */
  readonly errors: string[] = [];

  private constructor(browser: Browser, served: Served) {
    this.#browser = browser;
    this.#served = served;
  }

  static async open(isolated: boolean): Promise<Site> {
    const served = await serve({ port: 0, isolated, folder });
    return new Site(await launch(), served);
  }

  /** A page at an address below the site's root. */
  async page(path: string): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1400, height: 1000 } });
    this.#contexts.push(context);
    context.setDefaultTimeout(PATIENCE);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
    page.on("response", (response) => {
      if (response.status() >= 400) this.errors.push(`${response.status()} ${response.url()}`);
    });
    page.on("pageerror", (error) => this.errors.push(String(error)));
    // Nothing is fetched from elsewhere.
    page.on("request", (request) => {
      const { url } = this.#served;
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) {
        this.errors.push(`fetched from elsewhere: ${request.url()}`);
      }
    });
    await page.goto(this.#served.url + path);
    return page;
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#served.close();
    if (--sites > 0) return;
    browser = undefined;
    await this.#browser.close();
  }
}
