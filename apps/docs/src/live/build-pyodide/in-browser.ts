/** Real CPython in a browser: in a worker, so that the page stays alive. */
import type { AllocatorFactory } from "@pyrena/abi";
import { attach, type Installation, type LivePython } from "@pyrena/pyodide";

/** What this needs of Pyodide. */
interface Pyodide {
  readonly _module: object;
  runPython(code: string): unknown;
  setStdout(options: { batched(line: string): void }): void;
}

export interface Started {
  readonly python: LivePython;
  readonly installation: Installation;
  run(program: string): void;
}

/** @param folder address of Pyodide's files, ends in a slash: a CDN's, or your own */
export async function start(
  folder: string,
  allocator: AllocatorFactory | string,
  print: (line: string) => void,
): Promise<Started> {
  const { loadPyodide } = await import(/* @vite-ignore */ `${folder}pyodide.mjs`);
  const pyodide: Pyodide = await loadPyodide({ indexURL: folder });
  pyodide.setStdout({ batched: print });
  const python = attach(pyodide as Parameters<typeof attach>[0]);
  const installation = python.install({ allocator });
  return { python, installation, run: (program) => void pyodide.runPython(program) };
}
