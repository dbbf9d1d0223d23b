/** What has to work in every version of CPython that Pyodide has been released with, in a process of its own. */
import { MEM, OBJ, type PyMemAllocatorEx } from "@pyrena/abi";
import { attach, type LivePython } from "@pyrena/pyodide";
import { beforeAll, describe, expect, it } from "vitest";
import bump from "../../../examples/allocators/bump.js";
import { churn } from "./python.ts";

/** What the battery needs of any `loadPyodide`. */
interface Interpreter {
  runPython(code: string): unknown;
}

/** Run the battery on one release. */
export function battery(python: string, load: () => Promise<Interpreter>): void {
  describe(`CPython ${python}`, () => {
    let live: LivePython;
    let run: (code: string) => unknown;
    beforeAll(async () => {
      const pyodide = await load();
      live = attach(pyodide);
      run = (code) => pyodide.runPython(code);
    }, 120_000);

    it("is recognised", () => {
      expect(live.python).toBe(run("import platform; platform.python_version()"));
      expect(live.python.startsWith(`${python}.`)).toBe(true);
      expect(live.profile.name).toBe(`cpython-${python}-ilp32`);
    });

    it("runs on pymalloc, with older blocks freed by whom they came from, and growth survived", () => {
      run("old = [str(n) * 9 for n in range(2000)]");
      const installation = live.install();
      const before = live.memory.byteLength;
      expect(run(churn)).toBe("ok");
      run("del old");
      run("large = [bytes([n]) * 4_000_000 for n in range(20)]");
      expect(run("all(len(set(one)) == 1 for one in large)")).toBe(true);
      expect(live.memory.byteLength).toBeGreaterThan(before);
      run("del large");
      installation.walker!.verify();
      expect(installation.requests(OBJ)!.foreign).toBeGreaterThan(1900);
      expect(installation.requests(OBJ)!.malloc).toBeGreaterThan(10_000);
      expect(installation.problems).toEqual([]);
      installation.uninstall();
      expect(run(churn)).toBe("ok");
      installation.walker!.verify();
      expect(installation.problems).toEqual([]);
    });

    it.each(["pymalloc_debug", "malloc_debug"])("runs in the debug hooks: %s", (allocator) => {
      const installation = live.install({ allocator });
      expect(run(churn)).toBe("ok");
      installation.uninstall();
      expect(run(churn)).toBe("ok");
      expect(installation.problems).toEqual([]);
    });

    it("runs on a custom allocator, and gets MemoryError from one that has no more", () => {
      const installation = live.install({ allocator: bump });
      expect(run(churn)).toBe("ok");
      expect(installation.problems).toEqual([]);
      installation.uninstall();

      let empty = false;
      const refusing = live.install({
        allocator: (next: PyMemAllocatorEx) => ({
          ...next,
          malloc: (_, size) => (empty && size > 10_000 ? 0 : next.malloc(next.ctx, size)),
        }),
        domains: [MEM, OBJ],
      });
      empty = true;
      const outcome = run(
        "try: outcome = len(b'x' * 100_000)\nexcept MemoryError: outcome = 'MemoryError'\noutcome",
      );
      empty = false;
      expect(outcome).toBe("MemoryError");
      refusing.uninstall();
      expect(run(churn)).toBe("ok");
    });

    it("is told not to be installed into while tracemalloc is tracing", () => {
      run("import tracemalloc; tracemalloc.start()");
      try {
        expect(() => live.install()).toThrow(/tracemalloc/);
      } finally {
        run("tracemalloc.stop()");
      }
    });
  });
}
