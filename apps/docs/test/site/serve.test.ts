/** The built folder behind web servers: the site's own, and one that knows nothing of it. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterAll, describe, expect, inject, it } from "vitest";
import { serve } from "../../serve.ts";
import { missing, Site } from "../playground/browser.ts";
import { Play } from "../playground/play.ts";
import { servePlainly } from "./plain-host.ts";

const folder = inject("site");

/** Run the server as `npm run docs` does; it has to end by itself. */
function start(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, "../../serve.ts");
    const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    const timer = setTimeout(() => {
      child.kill();
      reject(new Error("it serves"));
    }, 15_000);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stderr });
    });
  });
}

describe.skipIf(!existsSync(join(folder, "index.html")))("the server", () => {
  it("says in one line that a port is taken, and what to do", async () => {
    const first = await serve({ port: 0, isolated: true, folder });
    const { port } = new URL(first.url);
    const { code, stderr } = await start("--port", port);
    await first.close();
    expect(stderr).toMatch(new RegExp(`^Port ${port} is taken: .*--port.*\n$`));
    expect(code).toBe(2);
  });

  it.each([
    [["--port", "many"], "--port takes a number from 0 to 65535, not 'many'\n"],
    [["--port", "65536"], "--port takes a number from 0 to 65535, not '65536'\n"],
    [
      ["--prot", "1"],
      "Unknown option '--prot': there are --port NUMBER (4321; 0 for any that is free) and --plain (without the headers)\n",
    ],
  ])("refuses %j in one line", async (args, line) => {
    const { code, stderr } = await start(...args);
    expect(stderr).toBe(line);
    expect(code).toBe(2);
  });

  it("isolates pages, unless it is asked not to", async () => {
    for (const isolated of [true, false]) {
      const served = await serve({ port: 0, isolated, folder });
      const { headers } = await fetch(served.url);
      await served.close();
      expect(headers.get("cross-origin-opener-policy")).toBe(isolated ? "same-origin" : null);
      expect(headers.get("cross-origin-embedder-policy")).toBe(isolated ? "require-corp" : null);
    }
  });
});

describe.skipIf(missing)("on a host that sets no headers", () => {
  let site: Site | undefined;
  afterAll(() => site?.close());

  it("the site is there, and the playground runs and stops programs", async () => {
    site = await Site.on(await servePlainly(folder));
    const play = new Play(await site.page("playground/"));
    expect(await play.page.evaluate(() => crossOriginIsolated)).toBe(false);
    expect(await play.finish("print(sum(range(10)))\n")).toBe("45\n");
    await play.run("print('on it goes')\nwhile True: pass\n");
    await play.writes("on it goes");
    await play.press("Stop");
    await play.reaches("ended");
    expect(await play.finish("print('again')\n")).toBe("again\n");
    expect(site.errors).toEqual([]);
  });
});
