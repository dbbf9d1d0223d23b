/** The built site in Chromium, for tests; where either is absent, they are skipped, and the run says why. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { inject } from "vitest";
import { type Served, serve } from "../../serve.ts";

const endpoint = inject("browser");

/** Why tests in a browser are skipped; undefined where they run. */
export const missing: string | undefined = inject("missing");

/** For everything that a page is waited for, in milliseconds. */
export const PATIENCE = 15_000;

/** A server of the site, and the browser that all tests share. */
export class Site {
  readonly #browser: Browser;
  readonly #served: Served;
  /** What went wrong in pages, by their consoles. */
  readonly errors: string[] = [];
  readonly #errorsOf = new WeakMap<Page, string[]>();

  private constructor(browser: Browser, served: Served) {
    this.#browser = browser;
    this.#served = served;
  }

  /** Served by its own server. */
  static async open(isolated: boolean): Promise<Site> {
    return Site.on(await serve({ port: 0, isolated, folder: inject("site") }));
  }

  /** Served by any server, which is closed with it. */
  static async on(served: Served): Promise<Site> {
    return new Site(await chromium.connect(endpoint!), served);
  }

  /** Ends in a slash. */
  get url(): string {
    return this.#served.url;
  }

  /** A page, in a context of its own, at an address below the site's root. */
  async page(path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width: 1400, height: 1000 },
      ...options,
    });
    context.setDefaultTimeout(PATIENCE);
    context.setDefaultNavigationTimeout(2 * PATIENCE);
    const page = await context.newPage();
    const own: string[] = [];
    this.#errorsOf.set(page, own);
    const tell = (error: string): void => {
      own.push(error);
      this.errors.push(error);
    };
    // What does not load, or is sought elsewhere (where there is nothing in these tests), is told there as well.
    page.on("console", (message) => {
      if (message.type() === "error") tell(`${message.text()} ${message.location().url}`.trim());
    });
    page.on("pageerror", (error) => tell(String(error)));
    await page.goto(this.url + path);
    return page;
  }

  /** What has gone wrong in one page since this was last asked. */
  newErrors(page: Page): string[] {
    return this.#errorsOf.get(page)?.splice(0) ?? [];
  }

  /** Close its pages, and stop serving. */
  async close(): Promise<void> {
    await this.#browser.close();
    await this.#served.close();
  }
}
