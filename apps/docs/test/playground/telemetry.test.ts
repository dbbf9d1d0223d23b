/** What the playground shows of a program while it runs, and after. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { missing, PATIENCE, Site } from "./browser.ts";
import { Play } from "./play.ts";

const COUNTING = `import time
n = 0
kept = []
print("counting")
while True:
    n += 1
    kept.append(str(n))
    time.sleep(0.001)
`;

describe.skipIf(missing).each([
  { name: "with shared memory", isolated: true },
  { name: "by suspending", isolated: false },
])("the playground $name", ({ isolated }) => {
  let site: Site;
  let play: Play;

  beforeAll(async () => {
    site = await Site.open(isolated);
    play = new Play(await site.page("playground/"));
  });
  afterAll(() => site?.close());
  afterEach(() => {
    expect(site.errors).toEqual([]);
  });

  test("gives lines of input to the program that waits for them, and stops one that waits", async () => {
    await play.run(`name = input("Name? ")
print(f"Hello, {name}!")
try:
    input()
except EOFError:
    print("that was all")
input()
`);
    await play.reaches("asking");
    await play.page.getByLabel("The program waits").fill("Ünal");
    await play.press("Send");
    await play.writes("Hello, Ünal!");
    await play.reaches("asking");
    await play.press("End of input");
    await play.writes("that was all");
    await play.reaches("asking");
    await play.press("Stop");
    await play.ends();
    expect(await play.status()).toContain("Stopped");
  });

  test("pauses, goes from line to line, and on", async () => {
    await play.run(COUNTING);
    await play.writes("counting");
    await play.press("Pause");
    await play.reaches("paused");
    const lines: number[] = [];
    for (let step = 0; step < 9; step++) {
      await play.step("Next line");
      lines.push(Number(/at line (\d+)/.exec(await play.status())![1]));
    }
    // Three lines of the loop, and its head, over and over.
    const first = lines.indexOf(6);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(lines.slice(first, first + 4)).toEqual([6, 7, 8, 5]);
    await play.press("Go on");
    await play.reaches("running");
    await play.press("Stop");
    await play.reaches("ended");
  });
});

// One page for both: each start of another compiles the interpreter anew.
describe.skipIf(missing)("the playground's pictures and settings", () => {
  let site: Site;
  let play: Play;

  beforeAll(async () => {
    site = await Site.open(true);
    play = new Play(await site.page("playground/"));
  });
  afterAll(() => site?.close());
  afterEach(() => {
    expect(site.errors).toEqual([]);
  });

  test("pictures show pools, blocks and lines as they are", async () => {
    await play.finish("kept = [bytes(383) for n in range(20_000)]\nmore = [object()]\ndel more\n");
    // An object of bytes has a header of 17 bytes more; 383 + 17 = 400, a size class of its own.
    const live = await play.figure("live");
    expect(live).toBeGreaterThan(20_000 * 400);
    // Ten blocks of 400 bytes in a pool of 4 KiB: the picture of the end has 2,000 of them and more.
    const summary = await play.summary(/ (?:[2-9]|\d\d)\d{3} of \d+ pools in use, \d+ live/);
    const [arenas, usedPools, pools, blocks] =
      /^(\d+) arenas, (\d+) of (\d+) pools in use, (\d+) live/
        .exec(summary)!
        .slice(1)
        .map(Number) as [number, number, number, number];
    expect(usedPools).toBeGreaterThanOrEqual(2_000);
    expect(pools).toBe(arenas * 64);
    expect(await play.figure("footprint")).toBe(arenas * 262_144);
    expect(blocks).toBeGreaterThan(20_000);
    const line = play.page.locator('.play-lines tr[data-line="1"]');
    const allocations = Number(await line.getAttribute("data-allocations"));
    expect(allocations).toBeGreaterThanOrEqual(20_000);
    expect(allocations).toBeLessThan(20_000 * 2.1);
  });

  test("pictures show the blocks of a pool that is chosen by keyboard", async () => {
    const canvas = play.page.locator(".play-arenas canvas");
    await canvas.focus();
    await play.page.keyboard.press("ArrowRight");
    await play.page.keyboard.press("Enter");
    const blocks = play.page.locator(".play-blocks");
    await blocks.waitFor();
    const said = await play.page.locator(".play-arenas .play-map-summary b").textContent();
    const [inUse, capacity] = /(\d+) \/ (\d+)/.exec(said ?? "")!.slice(1);
    expect(await blocks.getAttribute("data-live")).toBe(inUse);
    expect(await blocks.getAttribute("data-capacity")).toBe(capacity);
    expect(await play.page.locator(".play-block-live").count()).toBe(Number(inUse));
  });

  test("pictures count references as Python does, ours left out", async () => {
    await play.page.getByLabel("Variables").fill("a b one none");
    await play.finish(
      "a = ['x' * 50]\nb = (a, a)\na.append(b)\none = object()\nalso = one\nnone = None\n",
    );
    const counts = await play.page
      .locator(".play-graph g[data-type]")
      .evaluateAll((nodes) =>
        nodes.map((node) => [node.dataset["type"], node.dataset["refcount"]] as const),
      );
    // a: its name and twice b; b: its name and a; the text: a; one: two names.
    expect(counts).toContainEqual(["list", "3"]);
    expect(counts).toContainEqual(["tuple", "2"]);
    expect(counts).toContainEqual(["object", "2"]);
    expect(counts).toContainEqual(["NoneType", "∞"]);
  });

  test("pictures count collections as gc tells of them", async () => {
    const output = await play.finish(
      `import gc
phases = []
gc.callbacks.append(lambda phase, info: phases.append(phase))
class Node: pass
for _ in range(30_000):
    node = Node()
    node.me = node
gc.collect()
print(phases.count("stop"))
`,
    );
    expect(Number(output)).toBeGreaterThanOrEqual(2);
    expect(await play.figure("collections")).toBe(Number(output));
    expect(await play.figure("pauses")).toBeGreaterThan(0);
  });

  test.each(["3.12", "3.13", "3.14", "3.15"])("start Python %s", async (python) => {
    await play.choose("Python", python);
    // The incremental collector has no third threshold.
    expect(
      await play.finish(
        "import gc, sys\nprint('%d.%d' % sys.version_info[:2], gc.get_threshold()[2])",
      ),
    ).toBe(`${python} ${python === "3.14" ? 0 : 10}\n`);
    expect(await play.figure("live")).toBeGreaterThan(100_000);
    await play.choose("Python", "3.14");
  });

  test.each(["malloc", "pymalloc_debug"])("install %s", async (allocator) => {
    await play.choose("Allocator", allocator);
    expect(await play.finish("print(sum(len(str(n)) for n in range(10_000)))")).toBe("38890\n");
    expect(await play.figure("requests")).toBeGreaterThan(20_000);
    await play.choose("Allocator", "pymalloc");
  });

  test("install an allocator that is typed in as TypeScript", async () => {
    await play.choose("Allocator", "custom");
    const editor = play.page.locator(".cm-content").nth(1);
    await editor.fill(`import { type AllocatorFactory, NULL } from "@pyrena/abi";
const limit: number = 5_000_000;
const factory: AllocatorFactory = (next) => ({
  ...next,
  malloc: (ctx, size) => (size > limit ? NULL : next.malloc(ctx, size)),
});
export default factory;
`);
    expect(
      await play.finish("try:\n    b'x' * 6_000_000\nexcept MemoryError:\n    print('no room')\n"),
    ).toBe("no room\n");
    await play.page.getByLabel("Start from").selectOption("bump");
    expect(await play.finish("print(sum(len(str(n)) for n in range(10_000)))")).toBe("38890\n");
    // Nothing is ever given back: all that was asked for lies in the C heap.
    expect(await play.figure("heap")).toBeGreaterThan(4 * 2 ** 20);
    await editor.fill("const x: = 3;");
    await play.press("Run");
    await play.page.locator(".play-status", { hasText: "1:" }).waitFor();
    await editor.fill("export const x: number = 3;");
    await play.press("Run");
    await play.writes("default export must be a function");
    await play.choose("Allocator", "pymalloc");
  });

  test("turn the collector off, and compare the two runs", async () => {
    const program =
      "import gc\nprint(gc.isenabled())\nkept = [[n] for n in range(20_000)]\nkept = kept[::50]\n";
    expect(await play.finish(program)).toBe("True\n");
    const collections = await play.figure("collections");
    expect(collections).toBeGreaterThan(0);
    await play.choose("Collector", "off");
    expect(await play.finish(program)).toBe("False\n");
    expect(await play.figure("collections")).toBe(0);
    await play.choose("Collector", "default");

    // Both runs stand side by side: figures, and maps at the same share of their allocations.
    const row = play.page.locator('[data-compared="collections"]');
    expect(await row.getAttribute("data-a")).toBe(String(collections));
    expect(await row.locator("td").allTextContents()).toEqual([
      String(collections),
      "0",
      `−${collections} (−100 %)`,
    ]);
    expect(await play.page.locator(".play-compare thead th").nth(1).textContent()).toContain(
      "gc off",
    );
    const maps = play.page.locator(".play-compare .play-map-summary");
    const live = async (n: number): Promise<number> => {
      const summary = (await maps.nth(n).getAttribute("data-summary")) ?? "";
      return Number(/(\d+) live/.exec(summary)?.[1]);
    };
    await expect.poll(() => live(0), { timeout: PATIENCE }).toBeGreaterThan(20_000);
    const ends = [await live(0), await live(1)];
    await play.page.locator(".play-share input").focus();
    await play.page.keyboard.press("Home");
    await expect.poll(() => live(0), { timeout: PATIENCE }).toBeLessThan(ends[0]!);
    await expect.poll(() => live(1), { timeout: PATIENCE }).toBeLessThan(ends[1]!);
  });

  test("say how each Python collects", async () => {
    const texts = await play.setting("Python").locator("option").allTextContents();
    expect(texts).toEqual([
      "3.12 (collects by generations)",
      "3.13 (collects by generations)",
      "3.14 (collects incrementally)",
      "3.15 (collects by generations)",
    ]);
  });

  test("are kept in a link together with the program", async () => {
    await play.write("print('from a link', 'ü')\n");
    await play.choose("Collector", "700");
    await play.press("Copy link");
    await play.page.waitForURL(/#p=/);
    const other = new Play(await site.page(`playground/${new URL(play.page.url()).hash}`));
    await other.page.locator(".cm-content", { hasText: "from a link" }).waitFor();
    expect(await other.setting("Collector").inputValue()).toBe("700");
    await other.press("Run");
    await other.reaches("ended");
    expect(await other.output()).toBe("from a link ü\n");
  });

  test("keep more than thirty frames a second while a million objects are made", async () => {
    const fresh = new Play(await site.page("playground/"));
    await fresh.run("objects = []\nfor n in range(1_000_000):\n    objects.append((n, str(n)))\n");
    const frames = await fresh.page.evaluate(
      () =>
        new Promise<{ count: number; seconds: number }>((resolve, reject) => {
          setTimeout(() => reject(new Error("the program has not ended")), 20_000);
          const root = document.querySelector(".play") as HTMLElement;
          let from = 0;
          let count = 0;
          const tick = (now: number): void => {
            if (root.dataset["phase"] === "running") {
              if (from === 0) from = now;
              else count++;
            } else if (from > 0) {
              resolve({ count, seconds: (now - from) / 1000 });
              return;
            }
            requestAnimationFrame(tick);
          };
          requestAnimationFrame(tick);
        }),
    );
    console.info(`${frames.count} frames in ${frames.seconds.toFixed(1)} s`);
    expect(frames.count / frames.seconds).toBeGreaterThan(30);
    expect(await fresh.figure("requests")).toBeGreaterThan(3_000_000);
  });

  test("have examples that all run", async () => {
    const list = play.page.locator(".play-bar select");
    await list.waitFor();
    const names = await list
      .locator("option")
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
    // Those that wait, or never end, are for people.
    const ending = names.filter((name) => !["", "input", "forever", "million"].includes(name));
    expect(ending).toEqual(["arenas", "cycle", "collections", "memory-error"]);
    for (const name of ending) {
      await list.selectOption(name);
      await play.press("Run");
      await play.ends();
      expect(await play.status()).toContain("Finished with exit code 0");
      if (name === "cycle") {
        expect(await play.output()).toBe(
          "without a name: alive\ncollected: 2\nafter the collection: gone\n",
        );
      }
    }
  });

  test("show what pyrena run --json wrote", async () => {
    await play.page.locator('.play-drop input[type="file"]').setInputFiles({
      name: "run.json",
      mimeType: "application/json",
      buffer: Buffer.from(JSON.stringify(report)),
    });
    await play.page.locator(".play-status", { hasText: "churn.py" }).waitFor();
    await expect.poll(() => play.figure("live")).toBe(300_000);
    expect(await play.figure("requests")).toBe(70_000);
    await play.summary(/^2 arenas, 80 of 128 pools in use, 1234 live blocks/);
  });

  test("say what is wrong with a file that is none", async () => {
    await play.page.locator('.play-drop input[type="file"]').setInputFiles({
      name: "run.json",
      mimeType: "application/json",
      buffer: Buffer.from("{}"),
    });
    await play.page.locator(".play-status", { hasText: "schema is not pyrena-run" }).waitFor();
  });

  test("run TypeScript on a heap without Python", async () => {
    await play.page.getByRole("tab", { name: "TypeScript" }).click();
    await play.page.getByLabel("Variables").fill("kept");
    await play.choose("Collector", "none");
    const output = await play.finish(`import { createRuntime } from "pyrena";
import { moment, settings } from "playground";
const runtime = createRuntime(settings);
const kept: string[] = [];
for (let n = 0; n < 20_000; n++) kept.push("text " + n);
runtime.globals.set("kept", kept);
moment("all kept");
console.log(runtime.collector.name, kept.length, { a: 1 });
runtime.globals.delete("kept");
`);
    expect(output).toBe('none 20000 {"a":1}\n');
    expect(await play.figure("requests")).toBeGreaterThan(20_000);
    expect(await play.figure("live")).toBeLessThan(20_000);

    // Back to the moment that it has named, and on from there with another program.
    const graph = play.page.locator(".play-graph");
    for (let n = 0; n < 9 && !(await play.moment()).includes("all kept"); n++) {
      await play.press("Moment before");
    }
    expect(await play.moment()).toContain("all kept");
    // A text of ten characters has a header of 40 bytes: 64 with the zero at its end, in steps of 16.
    await expect.poll(() => play.figure("live")).toBeGreaterThan(20_000 * 48);
    expect(await graph.textContent()).toContain("list of 20000");
    const editor = play.page.locator(".play-go-on .cm-content");
    await editor.fill(
      'const kept = runtime.globals.ref("kept");\nconsole.log(kept.length, String(kept.get(7)));\nruntime.verify();\n',
    );
    await play.press("Run on this heap");
    await play.ends();
    expect(await play.output()).toBe("20000 text 7\n");

    const failed = await play.finish('const n: number = 3;\n\nthrow new TypeError("no " + n);\n');
    expect(failed).toBe("TypeError: no 3\n");
    expect(await play.page.locator(".play-line-raised").textContent()).toContain("throw new");
  });

  test("stop, pause and step TypeScript that allocates without end", async () => {
    await play.run(`import { createRuntime } from "pyrena";
const { globals } = createRuntime();
console.log("on it goes");
for (let n = 0; ; n++) globals.set("x", [n + 0.5]);
`);
    await play.writes("on it goes");
    await play.step("Pause");
    const requests = await play.figure("requests");
    await play.step("Next allocation");
    await play.step("Next allocation");
    await expect.poll(() => play.figure("requests")).toBe(requests + 2);
    await play.press("Stop");
    await play.reaches("ended");
    await play.says("Stopped");
  });
});

/** Two arenas, of which one is half empty. */
const report = {
  schema: "pyrena-run",
  version: 1,
  python: { version: "3.14.2" },
  program: { name: "churn.py", args: [] },
  exitCode: 0,
  seconds: { program: 1.5 },
  allocator: { name: "pymalloc" },
  linearMemory: { endBytes: 2 ** 25 },
  arenas: {
    arenaBytes: 262_144,
    poolBytes: 4_096,
    peak: { heldBytes: 2 ** 20, liveBytes: 900_000 },
  },
  largeRequests: { liveBlocks: 3, liveBytes: 10_000 },
  garbageCollections: { collections: 7, longestPauseSeconds: 0.01, totalPauseSeconds: 0.02 },
  requests: [
    { domain: "obj", malloc: 60_000, calloc: 0, realloc: 5, free: 50_000, failed: 0 },
    { domain: "mem", malloc: 9_000, calloc: 1_000, realloc: 5, free: 9_000, failed: 0 },
  ],
  heap: {
    atEnd: {
      totals: { liveBytes: 300_000, liveBlocks: 1_234 },
      regions: [
        {
          kind: "arena",
          base: 0x100000,
          bytes: 262_144,
          poolBytes: 4_096,
          pools: 64,
          liveBytes: 250_000,
        },
        {
          kind: "arena",
          base: 0x140000,
          bytes: 262_144,
          poolBytes: 4_096,
          pools: 16,
          liveBytes: 50_000,
        },
      ],
    },
  },
};
