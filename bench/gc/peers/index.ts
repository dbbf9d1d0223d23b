/** The peers in JavaScript and WebAssembly, by name; each is loaded in a process of its own. */
import type { GcPeer } from "./gc-peer.ts";

async function pyrena(python: string, abi: "lp64" | "ilp32", name: "generational" | "incremental") {
  const [{ openPyrena }, collectors] = await Promise.all([
    import("./pyrena.ts"),
    import("@pyrena/gc"),
  ]);
  return openPyrena(python, abi, collectors[name]());
}

async function pyodide(importPackage: () => Promise<unknown>): Promise<GcPeer> {
  return (await import("./pyodide.ts")).openPyodide(importPackage);
}

const openers: Readonly<Record<string, () => Promise<GcPeer>>> = {
  pyrena: () => pyrena("3.13", "lp64", "generational"),
  "pyrena-ilp32": () => pyrena("3.13", "ilp32", "generational"),
  "pyrena-incremental": () => pyrena("3.14", "lp64", "incremental"),
  pyodide: () => pyodide(() => import("pyodide-3.13")),
  "pyodide-3.14": () => pyodide(() => import("pyodide")),
};

/**
 * Open a peer.
 * @throws Error if there is none of that name, or it cannot run here
 */
export async function openPeer(name: string): Promise<GcPeer> {
  const open = openers[name];
  if (open === undefined) throw new Error(`no peer '${name}'`);
  return open();
}
