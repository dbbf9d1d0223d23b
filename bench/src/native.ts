/** Finds native Pythons and a C compiler, and builds the C driver for each. */
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, "../native/driver.c");
/** The driver of the objects' workloads. */
export const OBJECTS_SOURCE: string = join(import.meta.dirname, "../objects/driver.c");

/** How the C driver is compiled, apart from the peer's own flags. */
export const compilerFlags: readonly string[] = ["-O2", "-std=gnu11", "-fno-builtin"];

/** What a native Python says of itself. */
export interface NativePython {
  readonly executable: string;
  readonly version: string;
  /** `PGO+LTO`, `PGO`, `LTO` or nothing: how it was built. */
  readonly optimized: string;
  readonly include: string;
}

const QUERY = `
import json, os, platform, sys, sysconfig
args = (sysconfig.get_config_var("CONFIG_ARGS") or "") + " " + (sysconfig.get_config_var("PY_CORE_CFLAGS") or "")
include = sysconfig.get_path("include")
print(json.dumps({
  "executable": os.path.realpath(sys.executable),
  "version": platform.python_version(),
  "implementation": sys.implementation.name,
  "optimized": "+".join(n for n, f in (("PGO", "--enable-optimizations"), ("LTO", "-flto")) if f in args),
  "include": include,
  "headers": os.path.exists(os.path.join(include, "Python.h")),
  "gil": not sysconfig.get_config_var("Py_GIL_DISABLED"),
}))`;

/** The C compiler's name and version line, or undefined if there is none. */
export async function findCompiler(): Promise<{ command: string; version: string } | undefined> {
  for (const command of [process.env["CC"], "gcc", "cc", "clang"]) {
    if (!command) continue;
    try {
      const { stdout } = await run(command, ["--version"]);
      return { command, version: stdout.split("\n")[0]!.trim() };
    } catch {
      // Not there: try the next one.
    }
  }
  return undefined;
}

/**
 * CPythons from 3.8 on with headers: the named ones, else those in PATH and pyenv's. One for each version, newest first;
 * where there are several, the optimised build.
 */
export async function findPythons(named: readonly string[]): Promise<NativePython[]> {
  const candidates = named.length > 0 ? named : usualPlaces();
  const answers = await Promise.all(candidates.map(askPython));
  const found = new Map<string, NativePython>();
  for (const python of answers) {
    if (python === undefined || comparable(python.version) < comparable("3.8")) continue;
    const known = found.get(python.version);
    if (known === undefined || (known.optimized === "" && python.optimized !== "")) {
      found.set(python.version, python);
    }
  }
  return [...found.values()].sort((a, b) => comparable(b.version) - comparable(a.version));
}

/** What an interpreter says of itself; undefined if it is none, or one that is no peer. */
async function askPython(executable: string): Promise<NativePython | undefined> {
  try {
    const { stdout } = await run(executable, ["-I", "-c", QUERY], { env: cleanEnvironment() });
    const { implementation, headers, gil, ...python } = JSON.parse(stdout) as NativePython & {
      implementation: string;
      headers: boolean;
      gil: boolean;
    };
    return implementation === "cpython" && headers && gil ? python : undefined;
  } catch {
    return undefined;
  }
}

function usualPlaces(): string[] {
  const inPath = (process.env["PATH"] ?? "")
    .split(delimiter)
    .flatMap((folder) => (folder === "" ? [] : globSync(join(folder, "python3{,.*[0-9]}"))));
  const pyenv = process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv");
  return [...inPath, ...globSync(join(pyenv, "versions/*/bin/python3"))].filter((path) =>
    existsSync(path),
  );
}

/** 3.13.0 as 3013000, for sorting. */
export function comparable(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split(/[^0-9]+/).map(Number);
  return major * 1_000_000 + minor * 1000 + patch;
}

/** The environment without anything that changes how a Python allocates. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(PYTHON|MALLOC_|GLIBC_TUNABLES$|LD_PRELOAD$|NODE_OPTIONS$)/.test(name)) delete env[name];
  }
  return env;
}

/** A process that drives an allocator of native code. */
export interface NativeCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Builds the driver for an allocator without a Python.
 * @throws Error with the compiler's first complaint
 */
export async function buildPlain(
  compiler: string,
  peer: "NULL" | "GLIBC",
  scratch: string,
): Promise<NativeCommand> {
  const output = join(scratch, `driver-${peer.toLowerCase()}`);
  await compile(compiler, [`-DPEER_${peer}`, SOURCE, "-o", output]);
  return { command: output, args: [] };
}

/**
 * Builds the driver for a Python, as a shared object that this Python loads: that works for static and shared builds.
 * @throws Error with the compiler's first complaint
 */
export async function buildForPython(
  compiler: string,
  python: NativePython,
  scratch: string,
  source: string = SOURCE,
): Promise<NativeCommand> {
  const kind = source === SOURCE ? "" : "objects-";
  const output = join(scratch, `driver-${kind}${python.version}.so`);
  await compile(compiler, [
    "-DPEER_PYTHON",
    `-I${python.include}`,
    "-shared",
    "-fPIC",
    // The Python that loads it has the rest; elsewhere linkers leave it to the loader unasked.
    ...(process.platform === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
    source,
    "-o",
    output,
  ]);
  const start = "import ctypes, sys; ctypes.PyDLL(sys.argv[1]).bench_main()";
  return { command: python.executable, args: ["-I", "-c", start, output] };
}

async function compile(compiler: string, args: readonly string[]): Promise<void> {
  try {
    await run(compiler, [...compilerFlags, ...args]);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const complaint = stderr.split("\n").find((line) => line.includes("error")) ?? String(error);
    throw new Error(
      `${compiler} could not build the driver: ${complaint.split(SOURCE).join("driver.c")}`,
    );
  }
}
