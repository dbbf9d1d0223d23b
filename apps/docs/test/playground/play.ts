/** The playground as its user has it. */
import type { Locator, Page } from "playwright-core";

/** The playground of one page. */
export class Play {
  readonly page: Page;

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
    await this.page.getByRole("button", { name, exact: true }).click();
  }

  async reaches(...phases: string[]): Promise<void> {
    const selector = phases.map((phase) => `.play[data-phase="${phase}"]`).join(", ");
    await this.page.locator(selector).waitFor({ timeout: 20_000 });
  }

  /** Run to the end. @returns what was written */
  async finish(program: string): Promise<string> {
    await this.run(program);
    await this.page.locator('.play[data-phase="starting"], .play[data-phase="running"]').waitFor();
    await this.reaches("ended");
    return this.output();
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

  async writes(text: string): Promise<void> {
    await this.page.locator(".play-output", { hasText: text }).waitFor({ timeout: 20_000 });
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
