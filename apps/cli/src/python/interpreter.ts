/**
 * Starting CPython out of Pyodide's npm package, without Pyodide.
 *
 * Pyodide's `loadPyodide` starts CPython and then imports its own JavaScript bridge, an event loop and asyncio: a
 * second of time and 130 modules that a program under `python` does not have. What is wanted here is the interpreter
 * alone. So `loadPyodide` is used for its first half only: our `createPyodideModule` wraps the real one, and when the
 * interpreter is up, leaves by an exception. Nothing is loaded from the network: library and binary lie in the package.
 *
 *     loadPyodide ── settings, standard library ──→ createPyodideModule ── preRun: files, environment
 *                                                      │ onRuntimeInitialized: streams, allocator    (no block exists yet)
 *                                                      │ main(): Py_InitializeFromConfig
 *                                                      ↓
 *                                                   out by EnoughStarted
 */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadPyodide } from "pyodide";
import type { PythonModule } from "./emscripten.ts";

/** The settings that Pyodide hands to Emscripten, as far as they are changed here. */
interface EmscriptenSettings {
  preRun: ((module: PythonModule) => void)[];
  onRuntimeInitialized?: () => void;
  printErr?: (line: string) => void;
  instantiateWasm: (imports: WasmImports, done: unknown) => unknown;
  noInitialRun?: boolean;
  exitCode?: number;
}

/** What the binary imports: system calls and other functions, by name. */
interface WasmImports {
  readonly env: Record<string, (...args: number[]) => number>;
}

type CreateModule = (settings: EmscriptenSettings) => Promise<PythonModule>;

/** What to do on the way up. */
export interface StartHooks {
  /** The interpreter's arguments, after its name. */
  readonly args: readonly string[];
  /** `sys.executable`. */
  readonly executable: string;
  /** Replaces functions that the binary imports. */
  adaptImports(functions: Record<string, (...args: number[]) => number>): void;
  /** The C library works, and no line of Python's code has run: the place for files and environment. */
  beforeStart(module: PythonModule): void;
  /** The standard streams are open; `main()` comes next. What it throws ends the start. */
  beforeMain(module: PythonModule): void;
}

/** A started interpreter. */
export interface StartedInterpreter {
  readonly module: PythonModule;
  /** The exit code, if it has ended by itself already: invalid options. */
  readonly exitCode: number | undefined;
}

/** Thrown out of Pyodide's start when CPython is up. */
class EnoughStarted extends Error {}

/** Version of the installed `pyodide` package. */
export const pyodideVersion: string = (
  createRequire(import.meta.url)("pyodide/package.json") as { version: string }
).version;

/** Start CPython up to the point where it could run a program. */
export async function startInterpreter(hooks: StartHooks): Promise<StartedInterpreter> {
  const folder = dirname(createRequire(import.meta.url).resolve("pyodide/package.json"));
  const { default: createModule } = (await import(
    pathToFileURL(join(folder, "pyodide.asm.mjs")).href
  )) as { default: CreateModule };

  let started: StartedInterpreter | undefined;
  let failure: unknown;
  const createPyodideModule: CreateModule = async (settings) => {
    let module: PythonModule | undefined;
    settings.preRun = [
      ...settings.preRun,
      (running) => {
        module = running;
        hooks.beforeStart(running);
      },
    ];
    // What Emscripten itself has to say, such as "Aborted()": Python has said it better.
    settings.printErr = () => {};
    const { instantiateWasm } = settings;
    settings.instantiateWasm = (imports, done) => {
      hooks.adaptImports(imports.env);
      return instantiateWasm(imports, done);
    };
    settings.onRuntimeInitialized = () => {
      try {
        hooks.beforeMain(module!);
      } catch (error) {
        failure = error;
        // Emscripten reads this on the module, which is what the settings have become.
        settings.noInitialRun = true;
      }
    };
    const created = await createModule(settings);
    started = { module: created, exitCode: settings.exitCode };
    throw new EnoughStarted();
  };

  try {
    await loadPyodide({
      indexURL: folder,
      args: [...hooks.args],
      _sysExecutable: hooks.executable,
      // The environment is set by beforeStart; these two only keep Pyodide from making up values of its own.
      env: { HOME: "/", PYTHONINSPECT: "" },
      createPyodideModule: createPyodideModule as never,
    });
  } catch (error) {
    if (!(error instanceof EnoughStarted)) throw error;
  }
  if (failure !== undefined) throw failure;
  if (started === undefined) throw new Error("Pyodide ended before CPython was started");
  return started;
}
