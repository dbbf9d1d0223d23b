/**
 * Around all tests of the site: starts the one browser that they share, says why there is none, and ends a run that
 * does not end by itself.
 */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type BrowserServer, chromium } from "playwright-core";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Where tests reach the browser; undefined where there is none. */
    readonly browser: string | undefined;
    /** Why tests in a browser cannot run here; undefined if they can. */
    readonly missing: string | undefined;
    /** The folder of the built site. */
    readonly site: string;
  }
}

const ROOT = join(import.meta.dirname, "../..");
/** Minutes after which the run is given up, whatever it waits for. */
const DEADLINE = 10;

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const site = process.env["DOCS_DIST"] ?? join(ROOT, "dist");
  const executablePath = findChromium();
  const missing =
    executablePath === undefined
      ? "there is no Chromium: apt-get install chromium, or set CHROMIUM to its path"
      : existsSync(join(site, "index.html"))
        ? undefined
        : "the site is not built: npx pnpm build";
  tell(missing);

  let browser: BrowserServer | undefined;
  if (missing === undefined) {
    browser = await chromium.launchServer({
      executablePath: executablePath!,
      args: [
        "--no-sandbox",
        "--disable-dev-shm-usage",
        // Whatever a page fetches from elsewhere fails, and its console says so.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
      timeout: 60_000,
    });
  }
  project.provide("site", site);
  project.provide("missing", missing);
  project.provide("browser", browser?.wsEndpoint());

  const deadline = setTimeout(() => {
    console.error(`The tests of the site have taken ${DEADLINE} minutes, and are ended.`);
    browser?.process().kill("SIGKILL");
    process.exit(1);
  }, DEADLINE * 60_000);
  return async () => {
    clearTimeout(deadline);
    await browser?.close();
  };
}

/** `npm test` sets CHROMIUM; Debian's package and Chromium's own name come next. */
function findChromium(): string | undefined {
  const named = process.env["CHROMIUM"];
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named;
    throw new Error(`CHROMIUM is ${named}, where there is nothing: unset it, or set it right`);
  }
  return ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => existsSync(path));
}

/** Print why tests in a browser are skipped, and leave it beside the report, for the tally of `npm test`. */
function tell(missing: string | undefined): void {
  const note = join(ROOT, ".reports", "skipped.txt");
  rmSync(note, { force: true });
  if (missing === undefined) return;
  const text = `Tests in a browser are skipped, since ${missing}`;
  console.warn(text);
  mkdirSync(join(ROOT, ".reports"), { recursive: true });
  writeFileSync(note, `${text}\n`);
}
