/** CPythons compiled to WebAssembly, from npm: `ilp32`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OracleInfo, PythonVersion } from "./oracle.ts";

const CHILD: string = join(import.meta.dirname, "pyodide-child.ts");

/** The npm package, as this package calls it, of each version. */
const PACKAGES: readonly (readonly [PythonVersion, string])[] = [
  ["3.12", "pyodide-3.12"],
  ["3.13", "pyodide-3.13"],
  ["3.14", "pyodide"],
  ["3.15", "pyodide-3.15"],
];

/** The Pyodides. */
export function pyodides(): OracleInfo[] {
  return PACKAGES.map(([python, name]) => {
    const manifest = join(import.meta.dirname, "../../node_modules", name, "package.json");
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
    return {
      id: `${python}-ilp32`,
      python,
      abi: "ilp32",
      title: `Pyodide ${version}`,
      command: [process.execPath, "--no-warnings", CHILD, name],
    };
  });
}
