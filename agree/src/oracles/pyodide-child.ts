/**
 * A CPython out of a Pyodide package that answers on standard output: started by {@link ./pyodide.ts} with the package's
 * name. Pyodide's own start goes on to import its bridge to JavaScript and asyncio, 130 modules, which takes longer than
 * a thousand programs: it is left by an exception as soon as the interpreter is up.
 */
import { existsSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

/** The part of Emscripten's module that is used here. Objects are addresses. */
interface Python {
  stringToNewUTF8(text: string): number;
  UTF8ToString(address: number): string;
  _free(address: number): void;
  _PyDict_New(): number;
  _PyDict_SetItemString(dict: number, key: number, value: number): number;
  _PyDict_GetItemString(dict: number, key: number): number;
  _PyErr_Print(): void;
  _PyRun_StringFlags(
    code: number,
    start: number,
    globals: number,
    locals: number,
    flags: number,
  ): number;
  _PyUnicode_AsUTF8(text: number): number;
  _PyUnicode_FromString(text: number): number;
  _Py_DecRef(object: number): void;
}
type CreateModule = (settings: object) => Promise<Python>;
interface Package {
  loadPyodide(options: {
    indexURL: string;
    env: Record<string, string>;
    createPyodideModule: CreateModule;
  }): Promise<never>;
}

/** Py_file_input: statements. */
const STATEMENTS = 257;

class EnoughStarted extends Error {}

/** The interpreter of a package, and nothing besides. */
async function start(folder: string): Promise<Python> {
  // Up to 313 the script is no module, and the function a global, which Pyodide then looks for.
  const script = ["pyodide.asm.mjs", "pyodide.asm.js"].find((file) =>
    existsSync(join(folder, file)),
  )!;
  const exported = (await import(join(folder, script))) as { default: CreateModule };
  const global = globalThis as { _createPyodideModule?: CreateModule };
  const createModule = global._createPyodideModule ?? exported.default;
  let python: Python | undefined;
  const createPyodideModule: CreateModule = async (settings) => {
    python = await createModule(settings);
    throw new EnoughStarted();
  };
  global._createPyodideModule = createPyodideModule;

  const { loadPyodide } = (await import(join(folder, "pyodide.mjs"))) as Package;
  try {
    await loadPyodide({
      indexURL: folder,
      env: { HOME: "/", PYTHONHASHSEED: "0", PYTHONINSPECT: "" },
      createPyodideModule,
    });
  } catch (error) {
    if (!(error instanceof EnoughStarted)) throw error;
  }
  if (python === undefined) throw new Error(`${folder} ended before CPython was started`);
  return python;
}

const name = process.argv[2]!;
const manifest = join(import.meta.dirname, "../../node_modules", name, "package.json");
const python = await start(dirname(manifest));
const globals = python._PyDict_New();

/** Do something with a text that Python can read. */
function withText<Result>(text: string, use: (address: number) => Result): Result {
  const address = python.stringToNewUTF8(text);
  try {
    return use(address);
  } finally {
    python._free(address);
  }
}

function setGlobal(key: string, value: string): void {
  const text = withText(value, (address) => python._PyUnicode_FromString(address));
  withText(key, (address) => python._PyDict_SetItemString(globals, address, text));
  python._Py_DecRef(text);
}

function getGlobal(key: string): string {
  const text = withText(key, (address) => python._PyDict_GetItemString(globals, address));
  return python.UTF8ToString(python._PyUnicode_AsUTF8(text));
}

function run(statements: string): void {
  const result = withText(statements, (address) =>
    python._PyRun_StringFlags(address, STATEMENTS, globals, globals, 0),
  );
  if (result === 0) {
    python._PyErr_Print();
    throw new Error("the harness has failed");
  }
  python._Py_DecRef(result);
}

function write(text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // The reader is behind: its pipe is full.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

setGlobal("__name__", "__main__");
run(readFileSync(join(import.meta.dirname, "../harness.py"), "utf8"));
run("gc.collect(); gc.freeze()");
for await (const line of createInterface({ input: process.stdin })) {
  setGlobal("sources", line);
  run("answer = run_all(sources)");
  write(`${getGlobal("answer")}\n`);
}
