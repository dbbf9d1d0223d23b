/** What axe says against a page: for all tests that ask it, in the way that costs least. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import axe from "axe-core";
import type { Page } from "playwright-core";

/** Half of what a browser would have to read of `axe.source`. */
const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What counts here. */
const GRAVE: readonly unknown[] = ["serious", "critical"];

/** The rules whose faults are never grave, as they say themselves: what they find would be left out, so they need not run. */
const slight = (
  axe as unknown as { _audit: { rules: { id: string; impact: unknown }[] } }
)._audit.rules
  .filter(({ impact }) => !GRAVE.includes(impact))
  .map(({ id }) => id);

export interface Look {
  /** Selector of what is looked at; the whole page without. */
  readonly part?: string | undefined;
  /** Selectors of what is left out. */
  readonly without?: readonly string[];
  /** The one rule to be tried. */
  readonly only?: string | undefined;
}

/** The serious and critical faults of a page, as it is now. */
export async function faultsOf(page: Page, { part, without = [], only }: Look): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(SOURCE);
  const { violations } = await page.evaluate(
    async ([part, without, only, slight]) => {
      const { run } = (globalThis as unknown as { axe: typeof axe }).axe;
      return await run(
        {
          include: part === undefined ? document : [[part]],
          exclude: without.map((selector) => [selector]),
        },
        {
          resultTypes: ["violations"],
          // What is loaded beforehand serves rules that are slight, or tried by nobody.
          preload: false,
          ...(only === undefined
            ? { rules: Object.fromEntries(slight.map((id) => [id, { enabled: false }])) }
            : { runOnly: [only] }),
        },
      );
    },
    [part, without, only, slight] as const,
  );
  return violations
    .filter(({ impact }) => GRAVE.includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join("  ")}`);
}
