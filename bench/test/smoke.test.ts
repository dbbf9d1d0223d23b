import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { GcResult } from "../gc/report.ts";
import { type ObjectsResult, objectsAims } from "../objects/report.ts";
import { parseResult } from "../src/result.ts";

const RUN = join(import.meta.dirname, "../run.ts");
const scratch = mkdtempSync(join(tmpdir(), "pyrena-bench-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bench(...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [RUN, ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code = 1, stdout = "", stderr = "" } = error as Partial<Outcome>;
    return { code, stdout, stderr };
  }
}

describe("pnpm bench", () => {
  test("--quick: every peer that is here gets through every workload", {
    timeout: 180_000,
  }, async () => {
    const json = join(scratch, "quick.json");
    const { code, stdout } = await bench("allocators", "--quick", "--json", json);
    const result = parseResult(readFileSync(json, "utf8"), json);
    for (const { title, skipped } of result.peers) {
      if (skipped !== undefined) console.warn(`not measured: ${title}: ${skipped}`);
    }
    const failures = result.workloads.flatMap(({ id, measurements }) =>
      measurements.flatMap(({ peer, failed }) => (failed ? [`${peer} on ${id}: ${failed}`] : [])),
    );
    expect(failures).toEqual([]);
    expect(code).toBe(0);
    expect(stdout).toContain("ok      Pyrena pymalloc: ");
    // These need nothing but Node, so they must have run, on all that they don't sit out.
    for (const id of ["dlmalloc", "tlsf", "thing-malloc", "raw", "pymalloc", "replay"]) {
      const rounds = result.workloads.flatMap(({ measurements }) =>
        measurements.filter(({ peer, rounds }) => peer === id && rounds !== undefined),
      );
      expect(rounds.length, id).toBeGreaterThanOrEqual(id === "replay" ? 2 : 4);
    }
  });

  test("objects --quick: every way to keep objects gets through what it can", {
    timeout: 180_000,
  }, async () => {
    const json = join(scratch, "objects.json");
    const { code, stdout } = await bench("objects", "--quick", "--json", json);
    const result = JSON.parse(readFileSync(json, "utf8")) as ObjectsResult;
    const failures = result.workloads.flatMap(({ id, measurements }) =>
      measurements.flatMap(({ peer, failed }) => (failed ? [`${peer} on ${id}: ${failed}`] : [])),
    );
    expect(failures).toEqual([]);
    expect(code).toBe(0);
    expect(stdout).toContain("ok      Pyrena objects, low-level: 12 workloads");
    const counts = { plain: 9, pyodide: 11, pyrena: 12, "pyrena-ilp32": 12, "pyrena-handles": 11 };
    for (const [id, count] of Object.entries(counts)) {
      const rounds = result.workloads.flatMap(({ measurements }) =>
        measurements.filter(({ peer, rounds }) => peer === id && rounds !== undefined),
      );
      expect(rounds.length, id).toBe(count);
    }
    // Bytes are no matter of time: they hold in a smoke test too.
    for (const { aim, workload, found, limit, met } of objectsAims(result)) {
      if (aim.startsWith("bytes")) expect(met, `${workload}: ${found}, not ${limit}`).toBe(true);
    }
  });

  test("gc --quick: every collector gets through what it takes part in", {
    timeout: 180_000,
  }, async () => {
    const json = join(scratch, "gc.json");
    const { code, stdout } = await bench("gc", "--quick", "--json", json);
    const result = JSON.parse(readFileSync(json, "utf8")) as GcResult;
    const failures = result.workloads.flatMap(({ id, measurements }) =>
      measurements.flatMap(({ peer, failed }) => (failed ? [`${peer} on ${id}: ${failed}`] : [])),
    );
    expect(failures).toEqual([]);
    expect(code).toBe(0);
    expect(stdout).toContain("ok      Pyrena 3.13, generational: 11 workloads");
    expect(stdout).toContain("ok      Pyrena 3.14, incremental: 1 workloads");
    const growing = result.workloads.find(({ id }) => id === "growing")!;
    for (const { peer, figures } of growing.measurements) {
      if (figures === undefined) continue;
      const [{ collections, dead, left } = { collections: 0, dead: 0, left: 0 }] = figures;
      // Of 20 000 lists one in a hundred has died, and collections of 2 000 or less find most of them.
      expect(collections, peer).toBeGreaterThan(5);
      expect(dead, peer).toBeLessThan(200);
      expect(left, peer).toBeLessThanOrEqual(dead);
    }
  });

  test("a result of both kinds in one file is refused", async () => {
    const { code, stderr } = await bench("--quick", "--json", join(scratch, "both.json"));
    expect(code).toBe(2);
    expect(stderr).toContain("name which, allocators, objects or gc");
  });

  test("an allocator whose blocks overlap is found out", { timeout: 60_000 }, async () => {
    const module = join(scratch, "overlapping.mjs");
    writeFileSync(
      module,
      `export default (next) => {
        let last = 0;
        let calls = 0;
        return {
          ctx: null,
          // Every 100th block is the one before it.
          malloc: (_, size) => (++calls % 100 === 0 ? last : (last = next.malloc(next.ctx, 256))),
          calloc: (_, nelem, elsize) => next.calloc(next.ctx, nelem, elsize),
          realloc: (_, ptr, size) => next.realloc(next.ctx, ptr, size),
          free: () => {},
        };
      };`,
    );
    const { code, stdout } = await bench(
      "allocators",
      "--quick",
      "--only",
      "random-20k",
      "--peers",
      "overlapping",
      "--peer",
      module,
    );
    expect(stdout).toMatch(/FAILED .*overlapping\.mjs: 0 passed, 1 failed/);
    expect(stdout).toContain("blocks did not keep what was written into them");
    expect(code).toBe(1);
  });

  test("a module that is no allocator is left out, with the reason", {
    timeout: 60_000,
  }, async () => {
    const module = join(scratch, "nothing.mjs");
    writeFileSync(module, "export default 7;");
    const { stdout } = await bench(
      "allocators",
      "--quick",
      "--only",
      "lifo",
      "--peers",
      "nothing",
      "--peer",
      module,
    );
    expect(stdout).toContain("its default export is not an allocator factory");
  });

  test("says in one line what is wrong with the command line, and exits with 2", async () => {
    for (const [args, message] of [
      [["--rounds", "none"], "--rounds takes a whole number from 1 on, not 'none'"],
      [["--only", "nothing"], "no workload matches --only"],
      [["missing.pyrt"], "missing.pyrt: no such file"],
      [["--quick", "--write"], "--write keeps full runs only"],
      [["--wrong"], "Unknown option '--wrong'"],
    ] as const) {
      const { code, stderr } = await bench(...args);
      expect(stderr).toContain(`bench: ${message}`);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(code).toBe(2);
    }
  });
});
