/**
 * A live part in the hands of a reader: one with a mouse, or one with nothing but a keyboard, who comes to everything by
 * Tab and uses it by Enter, Space, arrows and letters, and must never lose the place.
 */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Language } from "../../src/i18n/texts.ts";
import type { Site } from "../playground/browser.ts";
import { faultsOf } from "../site/accessibility.ts";

export type Hand = "mouse" | "keyboard";

/** Where the pages of a language are. */
export const folderOf: Readonly<Record<Language, string>> = { en: "", "zh-CN": "zh-cn/" };

/** More stops than this no part has. */
const MOST_STOPS = 60;

/** Open a page and wait until all that is alive on it is. */
export async function open(site: Site, page: Page, path: string): Promise<void> {
  await page.goto(site.url + path);
  await page.waitForFunction(() => {
    // A part comes alive when it is seen.
    const dead = document.querySelector("astro-island[ssr] section.live");
    dead?.scrollIntoView({ block: "center", behavior: "instant" });
    return dead === null;
  });
}

/** What axe finds in the live parts that is serious or critical, in the light and, of colours, in the dark. */
export async function findingsInParts(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const theme of ["dark", "light"] as const) {
    await page.evaluate((name) => {
      document.documentElement.dataset["theme"] = name;
    }, theme);
    const only = theme === "dark" ? "color-contrast" : undefined;
    const faults = await faultsOf(page, { part: "section.live", only });
    found.push(...faults.map((fault) => `${theme}, ${fault}`));
  }
  return found;
}

export class Part {
  readonly page: Page;
  readonly root: Locator;
  readonly #hand: Hand;

  private constructor(page: Page, root: Locator, hand: Hand) {
    this.page = page;
    this.root = root;
    this.#hand = hand;
  }

  /** The part of that title, for a keyboard that begins where the focus is. */
  static at(page: Page, title: string): Part {
    return new Part(page, page.locator(`section.live[aria-label="${title}"]`), "keyboard");
  }

  /** The part of that title; a keyboard begins right before it. */
  static async find(page: Page, title: string, hand: Hand): Promise<Part> {
    const part = new Part(page, page.locator(`section.live[aria-label="${title}"]`), hand);
    await part.root.evaluate((element) => {
      element.scrollIntoView({ behavior: "instant" });
      (element as HTMLElement).tabIndex = -1;
      (element as HTMLElement).focus();
      element.removeAttribute("tabindex");
    });
    return part;
  }

  button(name: string): Locator {
    return this.root.getByRole("button", { name, exact: true });
  }

  /** Press a button, or a summary. */
  async press(target: string | Locator, key: "Enter" | "Space" = "Enter"): Promise<void> {
    const button = typeof target === "string" ? this.button(target) : target;
    if (this.#hand === "mouse") {
      await button.click();
      return;
    }
    await this.reach(button);
    await this.page.keyboard.press(key);
    expect(await this.#place(), "the focus is lost").not.toBe("BODY");
  }

  /** Choose in a list, by the option's value. */
  async choose(label: string, value: string): Promise<void> {
    const select = this.root.getByRole("combobox", { name: label, exact: true });
    if (this.#hand === "mouse") {
      await select.selectOption(value);
      return;
    }
    await this.reach(select);
    const steps = await select.evaluate(
      (element: HTMLSelectElement, wanted) =>
        [...element.options].findIndex((option) => option.value === wanted) - element.selectedIndex,
      value,
    );
    for (let n = 0; n < Math.abs(steps); n++) {
      await this.page.keyboard.press(steps > 0 ? "ArrowDown" : "ArrowUp");
    }
    expect(await select.inputValue()).toBe(value);
  }

  /** Write into a field. */
  async write(field: Locator, text: string): Promise<void> {
    if (this.#hand === "mouse") {
      await field.fill(text);
      return;
    }
    await this.reach(field);
    await this.page.keyboard.press("ControlOrMeta+a");
    await this.page.keyboard.type(text);
  }

  number(name: string): Locator {
    return this.root.getByRole("spinbutton", { name });
  }

  async figure(id: string): Promise<string | null> {
    return this.root.locator(`[data-figure="${id}"]`).textContent();
  }

  /** Wait until figures are these. */
  async shows(figures: Readonly<Record<string, string>>): Promise<void> {
    await expect
      .poll(async () => {
        const found = Object.keys(figures).map(async (id) => [id, await this.figure(id)] as const);
        return Object.fromEntries(await Promise.all(found));
      })
      .toEqual(figures);
  }

  /** What the part's own status line says: the last one. */
  async says(text: string): Promise<void> {
    await expect.poll(() => this.root.getByRole("status").last().textContent()).toBe(text);
  }

  /** Go to an element by Tab, as far as it takes; there must be a way. */
  async reach(target: Locator): Promise<void> {
    for (let n = 0; n < MOST_STOPS; n++) {
      const side = await target.evaluate((element) => {
        const now = document.activeElement!;
        if (now === element) return 0;
        return now.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING ? -1 : 1;
      });
      if (side === 0) return;
      await this.page.keyboard.press(side < 0 ? "Shift+Tab" : "Tab");
    }
    throw new Error(`No number of Tabs leads to ${target}: the focus is on ${await this.#place()}`);
  }

  #place(): Promise<string> {
    return this.page.evaluate(() => document.activeElement?.tagName ?? "nothing");
  }
}
