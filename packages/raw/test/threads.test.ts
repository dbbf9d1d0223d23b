/** Real threads on one heap: allocating, resizing and freeing at once, each other's blocks too. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type AbiName, Heap, LinearMemory, profileFor } from "@pyrena/abi";
import { describe, expect, test } from "vitest";
import { attachRawAllocator, createArenaSource, createRawAllocator } from "../src/index.ts";
import { Checker, type HeapReport, type HeapTask } from "./support/heap-worker.ts";

const MAX_BYTES = 96 << 20;
const THREADS = 2;

async function runThread(task: HeapTask): Promise<HeapReport> {
  const worker = new Worker(new URL("./support/heap-worker.ts", import.meta.url), {
    workerData: task,
  });
  const [report] = (await once(worker, "message")) as [HeapReport];
  await worker.terminate();
  return report;
}

interface Case {
  readonly backing: "wasm-shared" | "shared-growable" | "shared";
  readonly abi: AbiName;
  readonly python: string;
  readonly maxBytes: number;
}

const cases: readonly Case[] = [
  { backing: "wasm-shared", abi: "ilp32", python: "3.13", maxBytes: MAX_BYTES },
  { backing: "shared-growable", abi: "lp64", python: "3.13", maxBytes: MAX_BYTES },
  // So small that requests are refused all the time.
  { backing: "shared", abi: "ilp32", python: "3.9", maxBytes: 3 << 20 },
];

describe("threads on one heap", () => {
  test.each(cases)("keep to their blocks and lose nothing: $backing, $abi", async (options) => {
    const { backing, abi, python, maxBytes } = options;
    const memory = LinearMemory.create({
      backing,
      bytes: backing === "shared" ? maxBytes : 1 << 20,
      maxBytes,
    });
    const heap = Heap.create(memory, profileFor(python, abi));
    const raw = createRawAllocator(heap);
    const arenas = createArenaSource(heap);
    const shared = memory.transferable;
    if (shared === undefined) throw new Error("not shared");
    const shadow = new SharedArrayBuffer(maxBytes / 8);
    const mailbox = new SharedArrayBuffer(4 * 64);
    const reports = await Promise.all(
      Array.from({ length: THREADS }, (_, n) =>
        runThread({
          memory: shared,
          maxBytes,
          shadow,
          mailbox,
          thread: n + 1,
          rounds: 25_000,
          arenas: true,
        }),
      ),
    );
    memory.refresh();
    raw.walker.verify();

    // Everything that is live is known, and as it was written.
    const checker = new Checker(memory, shadow, THREADS + 1);
    const left = reports.flatMap(({ blocks }) => blocks);
    for (const address of new Uint32Array(mailbox)) if (address !== 0) left.push(address);
    expect(new Set(left).size).toBe(left.length);
    const live: number[] = [];
    raw.walker.walk({ block: (address, _, isLive) => void (isLive && live.push(address)) });
    expect(live).toEqual([...left].sort((a, b) => a - b));
    for (const address of left) {
      checker.drop(address, checker.check(address));
      raw.free(raw.ctx, address);
    }
    expect([...reports.flatMap(({ problems }) => problems), ...checker.problems]).toEqual([]);
    raw.walker.verify();
    const names = raw.stats.declarations.map(({ name }) => name);
    expect(raw.stats.read(names.indexOf("liveBlocks"))).toBe(0);
    expect(arenas.stats.read(0)).toBe(0);

    const calls = reports.reduce((sum, report) => sum + report.calls, 0);
    const refused = reports.reduce((sum, report) => sum + report.refused, 0);
    expect(calls).toBeGreaterThan(20_000 * THREADS);
    if (backing === "shared") expect(refused).toBeGreaterThan(0);
    else expect(refused).toBe(0);
    // Both threads have worked on it: this heap's first attachments, and two for each thread.
    expect(attachRawAllocator(heap).ctx.regions.owner).toBe(2 + 2 * THREADS + 1);
  });
});
