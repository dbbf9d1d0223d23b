/** Going back in a program that runs in real CPython, and on from there. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missing, Site } from "./browser.ts";
import { Play } from "./play.ts";

/** Depends on all that comes from outside: input, clocks, random numbers. */
const PROGRAM = `import random, time
name = input()
kept = []
for n in range(5):
    kept.append((random.random(), time.perf_counter(), name))
    print(n, kept[-1])
`;

describe.skipIf(missing).each([
  { name: "with shared memory", isolated: true },
  { name: "by suspending", isolated: false },
])("rewinding $name", ({ isolated }) => {
  let site: Site;
  let play: Play;

  beforeAll(async () => {
    site = await Site.open(isolated);
    play = new Play(await site.page("playground/"));
    await play.choose("Moments", "lines");
    await play.page.getByLabel("Variables").fill("kept");
    await play.run(PROGRAM);
    await play.reaches("asking");
    await play.page.getByLabel("The program waits").fill("someone");
    await play.press("Send");
    await play.reaches("ended");
  }, 30_000);
  afterAll(() => site?.close());
  afterEach(() => {
    expect(site.errors).toEqual([]);
  });

  const lists = (): Promise<string> =>
    play.page
      .locator(".play-graph text")
      .allTextContents()
      .then((texts) => texts.join(";"));

  test("shows the variables, the output and the figures of each line", async () => {
    // Before the first line, lines 1 to 4, two lines and the head of the loop for each n, the end.
    expect(await play.page.locator(".play-rewind").getAttribute("data-moments")).toBe("21");
    await expect.poll(lists).toContain("list of 5");
    const whole = await play.output();
    const requests = await play.figure("requests");
    // The head of the loop, come to for the last time: all is there, all is written.
    await play.press("Moment before");
    expect(await play.moment()).toContain("line 4, step 19");
    expect(await play.output()).toBe(whole);
    for (let n = 0; n < 5; n++) await play.press("Moment before");
    expect(await play.moment()).toContain("line 5, step 14");
    await expect.poll(lists).toContain("list of 3");
    expect(await play.output()).toBe(whole.slice(0, whole.indexOf("3 (")));
    await expect.poll(() => play.figure("requests")).toBeLessThan(requests);
    expect(await play.page.locator(".play-line-current").textContent()).toContain("kept.append");
  });

  test("answers for a moment what nobody had asked then", async () => {
    await play.page.getByLabel("Variables").fill("kept n name");
    await expect.poll(lists).toContain("name →");
    const graph = await lists();
    expect(graph).toContain("list of 3");
    // n is 3, the fourth of them.
    expect(graph).toMatch(/;3;/);
    // The heap of that moment is walked as well.
    await play.page.locator(".play-arenas canvas").focus();
    await play.page.keyboard.press("ArrowRight");
    await play.page.keyboard.press("Enter");
    await play.page.locator(".play-blocks[data-capacity]").waitFor();
  });

  test("runs again to that line, with the same input, clocks and random numbers", async () => {
    const before = await play.output();
    await play.step("Run again to here");
    await play.says("the heap is the same, byte by byte");
    expect(await play.status()).toContain("Paused at line 5");
    expect(await play.output()).toContain(before.slice(before.indexOf("0 (")));
    // The list is not as long as it was at the end, and grows again when the program goes on.
    await expect.poll(lists).toContain("list of 3");
    await play.step("Line before");
    expect(await play.status()).toContain("Paused at line 4");
    await play.press("Go on");
    await play.reaches("ended");
    await expect.poll(lists).toContain("list of 5");
    expect(await play.output()).toContain(before.slice(before.indexOf("0 (")));
  });

  // Without shared memory nothing can stand still in the middle of an allocation.
  if (!isolated) return;
  test("goes back to an allocation, and on from there", async () => {
    // To the head of the loop, where it was left, and to the line that writes.
    for (const line of [4, 6]) {
      await play.step("Line before");
      expect(await play.status()).toContain(`Paused at line ${line}`);
    }
    await play.step("Next allocation");
    const requests = (await play.figure("requests")) + 1;
    await play.step("Next allocation");
    await expect.poll(() => play.figure("requests")).toBe(requests);
    await play.press("Moment before");
    expect(await play.moment()).toContain("allocation 1");
    await play.step("Run again to here");
    await play.says("the heap is the same, byte by byte");
    await play.step("Next allocation");
    await expect.poll(() => play.figure("requests")).toBe(requests);
    await play.press("Stop");
    await play.reaches("ended");
  });
});
