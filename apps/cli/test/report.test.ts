import { describe, expect, it } from "vitest";
import { renderReport } from "../src/report/render.ts";
import type { RunReport } from "../src/report/run-report.ts";
import { summarizeRun } from "../src/report/summarize.ts";
import { colorsFor } from "../src/terminal.ts";
import { cacheThatStays, exampleHeap, exampleTelemetry } from "./example-run.ts";

const plain = colorsFor({}, {});

function reportOf(
  telemetry: ReturnType<typeof exampleTelemetry>,
  exitCode = 0,
): { report: RunReport; text: string } {
  const report = summarizeRun({ kind: "script", path: "app.py" }, ["--fast"], exitCode, telemetry);
  return { report, text: renderReport(report, plain) };
}

/** A run whose cache was cleared. */
function clearedCache(records: number, oneIn: number): ReturnType<typeof reportOf> {
  const heap = exampleHeap();
  const peak = cacheThatStays(heap, records, oneIn);
  const telemetry = exampleTelemetry(heap.snapshot());
  return reportOf({ ...telemetry, memory: { ...telemetry.memory, ...peak } });
}

describe("a cache that was cleared and whose memory stays", () => {
  const { report, text } = clearedCache(8000, 50);

  it("is told as a story on one screen", () => {
    expect(text).toMatchInlineSnapshot(`
      "
      pyrena: app.py ended with exit code 0 after 0.84 s
      CPython 3.14.2 in WebAssembly, started in 1.41 s · allocator pymalloc

      Memory for small objects, up to 512 bytes each
                     arenas    memory    in use      free  overhead
        at the peak      16  4.00 MiB  3.66 MiB
        at the end       16  4.00 MiB  15.0 KiB  3.98 MiB  10.0 KiB

      Why memory did not come back
        Python takes this memory in arenas of 256 KiB and gives an arena back only when nothing in it is
        in use any more: one small string is enough to keep it.

        15 of 16 arenas are nearly empty, but kept by 160 blocks in 160 pools, 15.0 KiB in all.
        Blocks of 96 bytes are scattered most: 160 in 160 pools, where 4 would do.
        1 more is empty: Python keeps it for what comes next.
        Laid side by side, all that is in use would fit in 1 arena: 256 KiB, not 4.00 MiB.
        A block holds one object. A pool is 4 KiB of an arena, cut into blocks of one size.

      Block sizes that hold most memory at the end
        block size  blocks in use  bytes in use  pools  bytes held  pools needed
          96 bytes            160      15.0 KiB    160     640 KiB             4

      Large requests       1,204 of over 512 bytes, the largest 1.25 MiB; 45 still in use (303 KiB)
      Garbage collections  12, freeing 3,201 objects; longest pause 4.1 ms, 21.0 ms in all
      WebAssembly memory   62.4 MiB, 30.0 MiB at the start; it can grow, but never shrink
      "
    `);
    const lines = text.split("\n");
    expect(lines.length).toBeLessThanOrEqual(30);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
  });

  it("has figures that agree with one another", () => {
    const { arenas } = report;
    expect(arenas).not.toBeNull();
    const { end, groups, sizeClasses, arenaBytes, packedArenas } = arenas!;
    expect(end.liveBytes + end.freeBytes + end.lostBytes).toBe(end.heldBytes);
    expect(end.heldBytes).toBe(end.arenas * arenaBytes);
    const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
    expect(sum(groups.map((group) => group.arenas))).toBe(end.arenas);
    expect(sum(groups.map((group) => group.heldBytes))).toBe(end.heldBytes);
    expect(sum(groups.map((group) => group.liveBlocks))).toBe(end.liveBlocks);
    expect(sum(groups.map((group) => group.liveBytes))).toBe(end.liveBytes);
    expect(sum(sizeClasses.map((size) => size.liveBlocks))).toBe(end.liveBlocks);
    expect(sum(sizeClasses.map((size) => size.pools))).toBe(sum(groups.map(({ pools }) => pools)));
    expect(packedArenas).toBeLessThanOrEqual(end.arenas);
    // 8000 records, one survivor in fifty.
    expect(end.liveBlocks).toBe(160);
    expect(end.liveBytes).toBe(160 * 96);
  });

  it("is the same as JSON", () => {
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});

it("fits a terminal of 80 columns", () => {
  const { report } = clearedCache(4000, 50);
  const lines = renderReport(report, plain, 80).split("\n");
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(lines.join(" ").replace(/ +/g, " ")).toBe(
    renderReport(report, plain, 100).replace(/[ \n]+/g, " "),
  );
});

it("memory that did come back needs no explanation", () => {
  const { report, text } = clearedCache(8000, 8000);
  expect(report.arenas!.end.arenas).toBeLessThanOrEqual(2);
  expect(report.arenas!.peak.heldBytes).toBeGreaterThan(10 * report.arenas!.end.heldBytes);
  expect(text).not.toContain("Why memory did not come back");
});

it("arenas that are well used need no explanation", () => {
  const heap = exampleHeap();
  for (let n = 0; n < 40_000; n++) heap.pymalloc.malloc(heap.pymalloc.ctx, 64);
  const { text } = reportOf(exampleTelemetry(heap.snapshot()));
  expect(text).not.toContain("Why memory did not come back");
});

it("an allocator without arenas gets a report without them", () => {
  const { report, text } = reportOf(
    exampleTelemetry(undefined, {
      allocator: { name: "malloc", custom: false, domains: ["mem", "obj"], installedAtEnd: true },
    }),
  );
  expect(report.arenas).toBeNull();
  expect(text).toMatchInlineSnapshot(`
    "
    pyrena: app.py ended with exit code 0 after 0.84 s
    CPython 3.14.2 in WebAssembly, started in 1.41 s · allocator malloc

    Large requests       1,204 of over 512 bytes, the largest 1.25 MiB; 45 still in use (303 KiB)
    Garbage collections  12, freeing 3,201 objects; longest pause 4.1 ms, 21.0 ms in all
    WebAssembly memory   62.4 MiB, 30.0 MiB at the start; it can grow, but never shrink

    Allocator malloc has no arenas that could be shown.
    "
  `);
});

it("what the reader must know stands at the end", () => {
  const heap = exampleHeap();
  heap.pymalloc.malloc(heap.pymalloc.ctx, 64);
  const { text } = reportOf(
    exampleTelemetry(heap.snapshot(), {
      allocator: {
        name: "debug",
        custom: false,
        domains: ["raw", "mem", "obj"],
        installedAtEnd: false,
      },
      requests: [
        { domain: "obj", malloc: 9, calloc: 0, realloc: 0, free: 1, failed: 2, foreign: 0 },
        { domain: "mem", malloc: 9, calloc: 0, realloc: 0, free: 1, failed: 1, foreign: 0 },
      ],
      problems: [{ where: "obj.free", message: "it broke", times: 3 }],
    }),
    1,
  );
  expect(text.trimEnd().split("\n\n").at(-1)).toMatchInlineSnapshot(`
    "The program took the allocator out again: the figures end there.
    Block sizes include what the debug hooks add to each block.
    3 requests could not be met for want of memory.
    Problem in obj.free, 3 times: it broke"
  `);
});

it("colours change nothing but colours", () => {
  const { report, text } = clearedCache(4000, 50);
  const colored = renderReport(report, colorsFor({}, { FORCE_COLOR: "1" }));
  expect(colored).not.toBe(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
  expect(colored.replace(/\u001b\[\d+m/g, "")).toBe(text);
});
