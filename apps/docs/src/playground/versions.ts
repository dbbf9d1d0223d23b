/** The interpreters that the playground can start: npm packages whose files the build puts into the site. */

/** A CPython as Pyodide packs it. */
export interface PythonVersion {
  /** `3.14`. */
  readonly python: string;
  /** Name of the npm package that the files come from. */
  readonly from: string;
  /** The script that has Emscripten's part; before 314 it is no module, and leaves a global behind. */
  readonly script: "pyodide.asm.mjs" | "pyodide.asm.js";
  readonly collector: "generational" | "incremental";
}

/** The last one is a release candidate. */
export const pythonVersions: readonly PythonVersion[] = [
  { python: "3.12", from: "pyodide-3.12", script: "pyodide.asm.js", collector: "generational" },
  { python: "3.13", from: "pyodide-3.13", script: "pyodide.asm.js", collector: "generational" },
  { python: "3.14", from: "pyodide", script: "pyodide.asm.mjs", collector: "incremental" },
  { python: "3.15", from: "pyodide-3.15", script: "pyodide.asm.mjs", collector: "generational" },
];

/** The version that is used unless another is chosen. */
export const defaultPython = "3.14";

/** What an interpreter is started from. */
export function filesOf(version: PythonVersion): readonly string[] {
  return [
    "pyodide.mjs",
    version.script,
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
  ];
}

/** @throws RangeError for versions that are not in the site */
export function pythonVersion(python: string): PythonVersion {
  const found = pythonVersions.find((one) => one.python === python);
  if (found === undefined) {
    const known = pythonVersions.map((one) => one.python).join(", ");
    throw new RangeError(`there is no Python ${python} here: there are ${known}`);
  }
  return found;
}
