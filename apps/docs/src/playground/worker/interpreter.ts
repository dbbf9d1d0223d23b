/**
 * Starting CPython out of Pyodide's files, without Pyodide: its bridge to JavaScript, its event loop and its 130 modules
 * are of no use here, and would be seen in every picture. `loadPyodide` is used for its first half only, as far as the
 * interpreter is up; then it is left by an exception.
 *
 *     loadPyodide ── settings, standard library ──→ createPyodideModule ── instantiateWasm: imports are adapted
 *                                                      │ onRuntimeInitialized: files, streams, allocator (no block yet)
 *                                                      │ main(): Py_InitializeFromConfig
 *                                                      ↓
 *                                                   out by EnoughStarted
 */
import type { PythonVersion } from "../versions.ts";
import type { PythonModule } from "./python-module.ts";

/** What the binary imports: system calls and other functions, by name. */
export type Imports = Record<string, unknown>;

/** The settings that Pyodide hands to Emscripten, as far as they are changed here. */
interface EmscriptenSettings {
  preRun: ((module: PythonModule) => void)[];
  onRuntimeInitialized?: () => void;
  print?: (line: string) => void;
  printErr?: (line: string) => void;
  instantiateWasm: (imports: Record<string, Imports>, done: unknown) => unknown;
  noInitialRun?: boolean;
}

type CreateModule = (settings: EmscriptenSettings) => Promise<PythonModule>;

/** What to do on the way up. */
export interface StartHooks {
  readonly version: PythonVersion;
  /** The folder of its files, ends in a slash. */
  readonly folder: string;
  /** The binary, where it has been compiled before: workers share its code. */
  readonly compiled?: WebAssembly.Module | undefined;
  /** Replaces functions that the binary imports, by module and name. */
  adaptImports(imports: Record<string, Imports>): void;
  /** The C library works, and no line of Python's code has run. What it throws ends the start. */
  beforeMain(module: PythonModule): void;
  /** The binary has been compiled here, and can be used again. */
  onCompiled(compiled: WebAssembly.Module): void;
}

/** Thrown out of Pyodide's start when CPython is up. */
class EnoughStarted extends Error {}

/** Start CPython up to the point where it could run a program. */
export async function startInterpreter(hooks: StartHooks): Promise<PythonModule> {
  const { folder, version } = hooks;
  shareCompiled(hooks);
  // Both files at once; the binary and the library follow.
  const [pyodide, script] = (await Promise.all([
    import(/* @vite-ignore */ `${folder}pyodide.mjs`),
    import(/* @vite-ignore */ `${folder}${version.script}`),
  ])) as [{ loadPyodide(options: object): Promise<unknown> }, { default?: CreateModule }];
  const global = globalThis as { _createPyodideModule?: CreateModule };
  const createModule = script.default ?? global._createPyodideModule!;

  let started: PythonModule | undefined;
  let failure: unknown;
  const createPyodideModule: CreateModule = async (settings) => {
    let module: PythonModule | undefined;
    settings.preRun = [
      ...settings.preRun,
      (running) => {
        module = running;
      },
    ];
    // What Emscripten itself has to say, such as "Aborted()": Python has said it better.
    settings.print = () => {};
    settings.printErr = () => {};
    const { instantiateWasm } = settings;
    settings.instantiateWasm = (imports, done) => {
      hooks.adaptImports(imports);
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
    started = await createModule(settings);
    throw new EnoughStarted();
  };
  // Before 314 there is no such option; a function of this name is then looked for.
  global._createPyodideModule = createPyodideModule;

  try {
    await pyodide.loadPyodide({
      indexURL: folder,
      packageBaseUrl: folder,
      lockFileURL: `${folder}pyodide-lock.json`,
      // What is written is seen at once; hashes are the same in each run, so that it can be run again step by step.
      env: { HOME: "/home", PYTHONHASHSEED: "0", PYTHONINSPECT: "", PYTHONUNBUFFERED: "1" },
      createPyodideModule,
    });
  } catch (error) {
    if (!(error instanceof EnoughStarted)) throw failure ?? error;
  }
  if (failure !== undefined) throw failure;
  if (started === undefined) throw new Error("Pyodide ended before CPython was started");
  return started;
}

/** Compile the binary once for all workers: what was compiled for one, down to its machine code, serves the next. */
function shareCompiled({ compiled, onCompiled }: StartHooks): void {
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const response = await source;
    if (compiled !== undefined) void response.body?.cancel();
    const module = compiled ?? (await compile(response));
    const instance = await WebAssembly.instantiate(module, imports);
    if (compiled === undefined) onCompiled(module);
    return { instance, module };
  };
}

/**
 * Hosts that do not know WebAssembly send it as mere bytes, which browsers do not compile while they arrive, and Pyodide
 * would then wait for ever: such bytes are compiled when all of them are there.
 */
async function compile(response: Response): Promise<WebAssembly.Module> {
  return response.headers.get("content-type")?.startsWith("application/wasm")
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}
