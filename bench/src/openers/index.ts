/**
 * How each peer of JavaScript or WebAssembly is opened, in a process of its own: as a `PyMemAllocatorEx` over a memory.
 * Anything that fits that contract can be added here, or named on the command line (`--peer ./module.js`).
 */
import type { Opener } from "./open-peer.ts";

/** Every opener by name. Each module is loaded only in the process that needs it. */
export const openers: { readonly [name: string]: Opener | undefined } = {
  null: async () => (await import("./null.ts")).openNull(),
  dlmalloc: async () => (await import("./dlmalloc.ts")).openDlmalloc(),
  tlsf: async (scratch) => (await import("./tlsf.ts")).openTlsf(scratch),
  "thing-malloc": async () => (await import("./thing-malloc.ts")).openThingMalloc(),
  raw: async (profile) => (await import("./pyrena.ts")).openRaw(profile),
  pymalloc: async (profile) => (await import("./pyrena.ts")).openPymalloc(profile),
  module: async (path) => (await import("./pyrena.ts")).openModule(path),
};
