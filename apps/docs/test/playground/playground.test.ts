/** The playground in a real browser. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missing, Site } from "./browser.ts";
import { Play } from "./play.ts";

describe.skipIf(missing).each([
  { name: "with shared memory", isolated: true, query: "", reach: "shared" },
  { name: "by suspending", isolated: false, query: "", reach: "suspending" },
  { name: "without either", isolated: false, query: "?reach=none", reach: "none" },
])("the playground $name", ({ isolated, query, reach }) => {
  let site: Site;
  let play: Play;

  beforeAll(async () => {
    site = await Site.open(isolated);
    play = new Play(await site.page(`playground/${query}`));
  });
  afterAll(() => site?.close());
  afterEach(() => {
    expect(site.errors).toEqual([]);
  });

  test("runs a program in CPython, and shows what it writes", async () => {
    const output = await play.finish(
      'import sys, platform\nprint(platform.python_implementation(), sys.version_info[:2])\nprint("ü", file=sys.stderr)',
    );
    expect(output).toBe("CPython (3, 14)\nü\n");
    expect(await play.status()).toContain("Finished with exit code 0");
    expect(await play.page.locator(".play").getAttribute("data-reach")).toBe(reach);
  });

  test("stops a program that never ends", async () => {
    await play.run("n = 0\nprint('on it goes')\nwhile True:\n    n += 1\n");
    await play.writes("on it goes");
    await play.press("Stop");
    await play.reaches("ended");
    expect(await play.status()).toContain("Stopped");
    if (isolated) {
      expect(await play.finish("print('fresh', 'n' in globals())")).toBe("fresh False\n");
    }
  });

  // What a program does is the same for all; one page serves, as each start of another compiles the interpreter anew.
  if (!isolated) return;
  test("shows a traceback of the program alone, and marks its lines", async () => {
    const output = await play.finish("def f(n):\n    return 1 // n\n\nf(0)\n");
    expect(await play.status()).toContain("Ended by ZeroDivisionError");
    expect(output).toMatch(
      /^Traceback \(most recent call last\):\n {2}File "main.py", line 4, in <module>\n/,
    );
    expect(output).toContain("ZeroDivisionError");
    expect(output).not.toContain("<string>");
    expect(await play.page.locator(".play-line-raised").count()).toBe(2);
  });

  test("shows a syntax error at its line", async () => {
    const output = await play.finish("x = 1\ny = (\n");
    expect(output).toContain('File "main.py", line 2');
    expect(output).toContain("SyntaxError: '(' was never closed");
    expect(await play.page.locator(".play-line-raised").textContent()).toBe("y = (");
  });

  test("stops a program that does not heed KeyboardInterrupt", async () => {
    await play.run(
      "print('stubborn')\nwhile True:\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        pass\n",
    );
    await play.writes("stubborn");
    await play.press("Stop");
    await play.reaches("ended");
    expect(await play.status()).toContain("Stopped");
  });

  test("survives a program that uses up its memory", async () => {
    const output = await play.finish(
      "blocks = []\ntry:\n    while True:\n        blocks.append(bytearray(100_000_000))\nexcept MemoryError:\n    print(len(blocks))\n    blocks.clear()\nblocks = [bytearray(2_000_000_000)]\n",
    );
    const [blocks, ...rest] = output.split("\n");
    // A gigabyte is the limit; the interpreter itself takes some of it.
    expect(Number(blocks)).toBeGreaterThanOrEqual(8);
    expect(Number(blocks)).toBeLessThanOrEqual(10);
    expect(rest.join("\n")).toMatch(/line 8, in <module>\n(.*\n)+MemoryError\n$/);
    expect(await play.figure("failed")).toBeGreaterThanOrEqual(2);
  });

  test("survives recursion without end", async () => {
    const output = await play.finish("def f(n):\n    return f(n + 1)\n\nf(0)\n");
    expect(output).toContain("RecursionError: ");
  });
});
