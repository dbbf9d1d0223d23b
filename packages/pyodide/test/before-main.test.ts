/** An allocator for the first block that Python asks for: installed before `main` has begun. */
import { OBJ } from "@pyrena/abi";
import { attach, type Installation, type LivePython } from "@pyrena/pyodide";
import { loadPyodide } from "pyodide-3.13";
import { expect, it } from "vitest";
import { churn } from "./python.ts";

interface Settings {
  preRun: ((module: object) => void)[];
  onRuntimeInitialized?: () => void;
}
type CreateModule = (settings: Settings) => Promise<unknown>;

it("can be installed before Python is initialised, so that no block is older", async () => {
  let live: LivePython | undefined;
  let installation: Installation | undefined;
  const global = globalThis as { _createPyodideModule?: CreateModule };
  let create: CreateModule | undefined;
  // What Pyodide's script puts there is wrapped.
  Object.defineProperty(global, "_createPyodideModule", {
    configurable: true,
    get: () => create,
    set: (original: CreateModule) => {
      create = (settings) => {
        let module: object;
        settings.preRun.push((running) => {
          module = running;
        });
        settings.onRuntimeInitialized = () => {
          live = attach(module);
          installation = live.install();
        };
        return original(settings);
      };
    },
  });
  const pyodide = await loadPyodide();
  expect(pyodide.runPython(churn)).toBe("ok");
  installation!.walker!.verify();
  expect(installation!.requests(OBJ)!.foreign).toBe(0);
  expect(installation!.requests(OBJ)!.malloc).toBeGreaterThan(10_000);
  expect(installation!.problems).toEqual([]);
  // Once Python runs, tracemalloc is asked.
  pyodide.runPython("import tracemalloc; tracemalloc.start()");
  expect(() => live!.install()).toThrow("tracemalloc is tracing");
  pyodide.runPython("tracemalloc.stop()");
}, 120_000);
