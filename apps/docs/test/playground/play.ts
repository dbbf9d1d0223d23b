/** The playground as its user has it. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { PATIENCE } from "./browser.ts";

/** The playground of one page. */
export class Play {
  readonly page: Page;
  /** How many programs had ended when a button was last pressed. */
  #ends: string | null = "0";

  constructor(page: Page) {
    this.page = page;
  }

  /** Put a program into the editor, as pasting does. */
  async write(program: string): Promise<void> {
    const editor = this.page.locator(".cm-content").first();
    await editor.waitFor();
    await editor.fill(program);
  }

  async run(program: string): Promise<void> {
    await this.write(program);
    await this.press("Run");
  }

  async press(name: string): Promise<void> {
    this.#ends = await this.page.locator(".play").getAttribute("data-ends");
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async reaches(...phases: string[]): Promise<void> {
    const selector = phases.map((phase) => `.play[data-phase="${phase}"]`).join(", ");
    await this.page.locator(selector).waitFor();
  }

  /** Run to the end. @returns what was written */
  async finish(program: string): Promise<string> {
    await this.run(program);
    await this.ends();
    return this.output();
  }

  /** Until the program that the last button has started has ended, however soon. */
  async ends(): Promise<void> {
    await this.page.locator(`.play[data-phase="ended"]:not([data-ends="${this.#ends}"])`).waitFor();
  }

  async output(): Promise<string> {
    return (await this.page.locator(".play-output").textContent()) ?? "";
  }

  async status(): Promise<string> {
    return (await this.page.locator(".play-status").textContent()) ?? "";
  }

  async figure(name: string): Promise<number> {
    const value = await this.page
      .locator(`[data-figure="${name}"]`)
      .getAttribute("data-value", { timeout: 5_000 });
    return Number(value);
  }

  /** What the map says that it shows, once that is as expected. */
  async summary(expected: RegExp): Promise<string> {
    const map = this.page.locator(".play-arenas .play-map-summary");
    const read = async (): Promise<string> => (await map.getAttribute("data-summary")) ?? "";
    await expect.poll(read, { timeout: PATIENCE }).toMatch(expected);
    return read();
  }

  /** Press a button that takes the paused program a step further, and wait for it. */
  async step(name: string): Promise<void> {
    const before = await this.page.locator(".play").getAttribute("data-stops");
    await this.press(name);
    await this.page.locator(`.play[data-phase="paused"]:not([data-stops="${before}"])`).waitFor();
  }

  /** Where the moment that is shown lies. */
  async moment(): Promise<string> {
    return (await this.page.locator(".play-rewind output").textContent()) ?? "";
  }

  /** Until the status says so. */
  async says(text: string): Promise<void> {
    await this.page.locator(".play-status", { hasText: text }).waitFor();
  }

  async writes(text: string): Promise<void> {
    await this.page.locator(".play-output", { hasText: text }).waitFor();
  }

  /** Choose from a list of the settings. */
  async choose(label: string, value: string): Promise<void> {
    await this.setting(label).selectOption(value);
  }

  /** A list of the settings. */
  setting(label: string): Locator {
    return this.page
      .locator(".play-settings label", { hasText: new RegExp(`^${label}`) })
      .locator("select");
  }
}
