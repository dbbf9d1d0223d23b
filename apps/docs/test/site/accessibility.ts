/**
 * What axe says against a page: for all tests that ask it, in the way that costs least. Its time goes with the number of
 * elements, and most of those of a page are like others of it: words of code, rows of tables, squares of a map.
 */
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

/**
 * What is wrong with the ids of a page: those that stand twice, and those that labels and descriptions look for in vain.
 * Of all elements, before those that are alike are taken away.
 */
export function wrongIds(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    const known = new Set(ids);
    const twice = ids.filter((id, n) => ids.indexOf(id) !== n);
    const inVain = ["aria-labelledby", "aria-describedby", "for"].flatMap((name) =>
      [...document.querySelectorAll(`[${name}]`)]
        .flatMap((element) => element.getAttribute(name)!.split(/\s+/))
        .filter((id) => !known.has(id))
        .map((id) => `${name}=${id}`),
    );
    return [...twice, ...inVain];
  });
}

/**
 * Take from a page, before it is left, what is one like the other, so that axe looks at each kind once: elements of the
 * same name, classes, roles, states and colours, with the same attributes, the same kinds of elements in them, in
 * elements of the same names and classes. An element that has children keeps the first.
 */
export async function keepOneOfEachKind(page: Page): Promise<void> {
  await page.evaluate(() => {
    /** Attributes whose values count; of others it is whether they have one. */
    const valued =
      /^(class|role|type|lang|tabindex|scope|autocomplete|aria-(?!label|describedby|controls|owns|value))/;
    const coloured = /#|rgb|color/;
    const numbers = new Map<string, number>();
    const kinds = new Map<Element, number>();

    const attributeOf = ({ name, value }: Attr): string =>
      valued.test(name) || (name === "style" && coloured.test(value))
        ? `${name}=${value}`
        : `${name}${value === "" ? "=" : ""}`;

    function numberOf(description: string): number {
      const known = numbers.get(description) ?? numbers.size;
      numbers.set(description, known);
      return known;
    }

    function kindOf(element: Element): number {
      const within = new Set<number | string>();
      for (const child of element.childNodes) {
        if (child instanceof Element) within.add(kindOf(child));
        else if (child instanceof Text && child.data.trim() !== "") within.add("text");
      }
      const attributes = [...element.attributes].map(attributeOf).join(" ");
      const kind = numberOf(`${element.localName} ${attributes} ${[...within].join(" ")}`);
      kinds.set(element, kind);
      return kind;
    }

    const seen = new Set<string>();
    function thinOut(element: Element, above: number): void {
      // An editor sees to what it shows by itself, and fails where something is missing.
      if (element.matches(".cm-editor")) return;
      const place = numberOf(`${above} ${element.localName} ${element.getAttribute("class")}`);
      for (const child of [...element.children]) {
        const what = `${place} ${kinds.get(child)}`;
        if (child !== element.firstElementChild && seen.has(what)) {
          child.remove();
        } else {
          seen.add(what);
          thinOut(child, place);
        }
      }
    }
    kindOf(document.body);
    thinOut(document.body, -1);
  });
}
