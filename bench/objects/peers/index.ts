/** The peers in JavaScript and WebAssembly, by name; each is loaded in a process of its own. */
import type { ObjectPeer } from "./object-peer.ts";

const openers: Readonly<Record<string, () => Promise<ObjectPeer>>> = {
  pyrena: async () => (await import("./pyrena.ts")).openPyrena("lp64"),
  "pyrena-ilp32": async () => (await import("./pyrena.ts")).openPyrena("ilp32"),
  "pyrena-handles": async () => (await import("./handles.ts")).openHandles(),
  plain: async () => (await import("./plain.ts")).openPlain(),
  objectbuffer: async () => (await import("./objectbuffer.ts")).openObjectBuffer(),
  pyodide: async () => (await import("./pyodide.ts")).openPyodide(),
};

/**
 * Open a peer.
 * @throws Error if there is none of that name, or it cannot run here
 */
export async function openPeer(name: string): Promise<ObjectPeer> {
  const open = openers[name];
  if (open === undefined) throw new Error(`no peer '${name}'`);
  return open();
}
