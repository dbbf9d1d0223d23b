import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pyrena } from "../pyrena.ts";
import { folderWith, TIMEOUT, telemetryOf } from "./support.ts";

const examples = join(import.meta.dirname, "../../../../examples");

describe.concurrent("telemetry", { timeout: TIMEOUT }, () => {
  it("tells the program's memory, from its first block to after its end", async () => {
    const { result, stdout } = await telemetryOf({
      program: {
        kind: "command",
        code: `
import gc
kept = [float(n) for n in range(100_000)]
gone = [object() for _ in range(50_000)]
large = bytearray(3_000_000)
del gone, large
class Node: pass
for _ in range(30_000):
    node = Node(); node.itself = node
gc.collect()
print(len(kept), gc.callbacks[1:], sum(s["collected"] for s in gc.get_stats()) >= 30_000)
`,
      },
    });
    expect(stdout).toBe("100000 [] True\n");
    expect(result.exitCode).toBe(0);
    const t = result.telemetry!;
    expect(t).toMatchObject({
      python: "3.14.2",
      profile: "cpython-3.14-ilp32",
      abi: "ilp32",
      allocator: { name: "pymalloc", custom: false, domains: ["mem", "obj"], installedAtEnd: true },
      problems: [],
    });
    expect(t.pyodide).toMatch(/^314\./);

    // Installed before there was any block: none was ever foreign.
    for (const { foreign, failed } of t.requests) expect([foreign, failed]).toEqual([0, 0]);
    const [, obj] = t.requests;
    expect(obj!.domain).toBe("obj");
    expect(obj!.malloc).toBeGreaterThan(200_000);

    expect(t.large.count).toBeGreaterThan(10);
    expect(t.large.largest).toBeGreaterThanOrEqual(3_000_000);
    expect(t.large.bytes).toBeGreaterThan(3_000_000);
    expect(t.large.liveBytes).toBeLessThan(3_000_000);
    expect(t.large.liveBlocks).toBeGreaterThan(0);

    const { totals } = t.atEnd!;
    expect(totals.liveBytes).toBeGreaterThan(100_000 * 16);
    expect(t.memory.peakLiveBytes).toBeGreaterThanOrEqual(totals.liveBytes);
    expect(t.memory.peakArenaBytes).toBeGreaterThanOrEqual(totals.regionBytes);
    expect(t.memory.linearAtEnd).toBeGreaterThanOrEqual(t.memory.linearAtStart);
    // The list and its floats go when Python is torn down.
    expect(t.afterFinalize!.totals.liveBytes).toBeLessThan(totals.liveBytes - 100_000 * 16);

    expect(t.gc.collections).toBeGreaterThan(0);
    expect(t.gc.collected).toBeGreaterThanOrEqual(30_000);
    expect(t.gc.longestPauseMs).toBeGreaterThan(0);
    expect(t.gc.totalPauseMs).toBeGreaterThanOrEqual(t.gc.longestPauseMs);
    expect(t.gc.generations.length).toBe(3);
    for (const time of Object.values(t.times)) expect(time).toBeGreaterThan(0);
  });

  it.each([
    ["sys.exit", "import sys; kept = [0.5 * n for n in range(20_000)]; sys.exit(3)", 3],
    ["an uncaught exception", "kept = [0.5 * n for n in range(20_000)]; 1 / 0", 1],
    ["os._exit", "import os; kept = [0.5 * n for n in range(20_000)]; os._exit(4)", 4],
    [
      "the end of the last atexit function",
      "import atexit; atexit.register(lambda: globals().update(kept=[0.5 * n for n in range(20_000)]))",
      0,
    ],
  ])("shows the heap as it was at %s", async (_, code, exitCode) => {
    const { result } = await telemetryOf({ program: { kind: "command", code } });
    expect(result.exitCode).toBe(exitCode);
    const sixteen = result.telemetry!.atEnd!.sizeClasses.find(
      ({ blockBytes }) => blockBytes === 16,
    );
    expect(sixteen!.liveBlocks).toBeGreaterThanOrEqual(20_000);
  });

  it("of a custom allocator counts requests, large ones too, and takes its own report", async () => {
    const { result, stdout } = await telemetryOf({
      program: {
        kind: "command",
        code: "blocks = [object() for _ in range(10_000)]; big = bytes(99_999); print('ok')",
      },
      allocator: { kind: "module", path: join(examples, "allocators/counting.js") },
    });
    expect(stdout).toBe("ok\n");
    const t = result.telemetry!;
    expect(t.allocator).toMatchObject({ custom: true, domains: ["mem", "obj"] });
    expect(t.allocator.report).toMatch(/^domain 1: \d+ blocks/);
    expect(t.requests.every(({ foreign }) => foreign === 0)).toBe(true);
    expect(t.large.largest).toBeGreaterThanOrEqual(99_999);
    expect(t.large.liveBlocks).toBeGreaterThan(0);
    expect(t.atEnd).toBeUndefined();
  });

  it("of malloc has nothing to count, and of debug three domains", async () => {
    const program = { kind: "command", code: "print('ok')" } as const;
    const [malloc, debug, dev] = await Promise.all([
      telemetryOf({ program, allocator: { kind: "name", name: "malloc" } }),
      telemetryOf({ program, allocator: { kind: "name", name: "debug" } }),
      telemetryOf({ program, interpreterOptions: ["-X", "dev"] }),
    ]);
    expect(malloc.result.telemetry!.requests).toEqual([]);
    expect(malloc.result.telemetry!.allocator.domains).toEqual([]);
    for (const { result } of [debug, dev]) {
      const t = result.telemetry!;
      expect(t.allocator).toMatchObject({ name: "debug", domains: ["raw", "mem", "obj"] });
      expect(t.allocator.installedAtEnd).toBe(true);
      expect(t.problems).toEqual([]);
      expect(t.requests.every(({ malloc: calls }) => calls > 0)).toBe(true);
    }
  });

  it("says when the program has put other hooks on top", async () => {
    const code =
      "import tracemalloc; tracemalloc.start(); x = [object() for _ in range(99)]; print(tracemalloc.get_traced_memory()[0] > 0)";
    const { result, stdout } = await telemetryOf({ program: { kind: "command", code } });
    expect(stdout).toBe("True\n");
    expect(result.telemetry!.allocator.installedAtEnd).toBe(false);
  });
});

describe.concurrent("PYTHONMALLOCSTATS", { timeout: TIMEOUT }, () => {
  it("prints the statistics at each new arena and once at the end", async () => {
    const { stdout, stderr, code } = await pyrena(
      ["run", "-q", "-c", "kept = [float(n) for n in range(60_000)]; print('done')"],
      { env: { PYTHONMALLOCSTATS: "1" } },
    );
    expect(code).toBe(0);
    expect(stdout).toBe("done\n");
    const dumps = stderr.split("Small block threshold = 512").length - 1;
    const totals = [...stderr.matchAll(/^# arenas allocated total +=\s+([\d,]+)$/gm)].map(([, n]) =>
      Number(n),
    );
    expect(totals.length).toBe(dumps);
    // Before each arena there was one fewer; the last is of the end.
    expect(totals.slice(0, -1)).toEqual(totals.slice(0, -1).map((_, n) => n));
    expect(totals.at(-1)).toBe(dumps - 1);
    expect(dumps).toBeGreaterThan(5);
  });
});

describe.concurrent("an allocator's module", { timeout: TIMEOUT }, () => {
  it("that throws in the middle of the program gives MemoryError there", async () => {
    const folder = folderWith({
      "package.json": '{ "type": "module" }',
      "moody.js": `
        export default (next) => ({
          ...next,
          malloc: (_, size) => {
            if (size > 1_000_000) throw new Error("too much for me");
            return next.malloc(next.ctx, size);
          },
        });`,
    });
    const { result, stdout } = await telemetryOf({
      program: {
        kind: "command",
        code: "try: b'x' * 2_000_000\nexcept MemoryError: print('MemoryError')",
      },
      allocator: { kind: "module", path: "moody.js" },
      cwd: folder,
    });
    expect(stdout).toBe("MemoryError\n");
    expect(result.telemetry!.problems).toEqual([
      { where: "obj.malloc", message: "too much for me", times: 1 },
    ]);
  });
});
