/** Where each package stands, and what it may import: the diagram of ARCHITECTURE.md as data. */

/** A horizontal row of the diagram. */
export interface Layer {
  name: string;
  /** Row of the diagram, from 0. Tests may import packages of their own row, or lower. */
  height: number;
  /** Folders below the root. A `*` stands for any name. */
  members: readonly string[];
  /** Names of the layers whose packages its sources may import. */
  mayImport: readonly string[];
  /** Sources import no package of others, and nothing of Node: they run in browsers, alone. */
  selfContained: boolean;
}

/** From the ground up. No layer may import its own packages: they meet through `abi`. */
export const LAYERS: readonly Layer[] = [
  { name: "abi", height: 0, members: ["packages/abi"], mayImport: [], selfContained: true },
  {
    name: "conformance",
    height: 1,
    members: ["packages/conformance"],
    mayImport: ["abi"],
    selfContained: true,
  },
  {
    name: "machines",
    height: 1,
    members: [
      "packages/raw",
      "packages/pymalloc",
      "packages/debug",
      "packages/objects",
      "packages/gc",
      "packages/stats",
    ],
    mayImport: ["abi"],
    selfContained: true,
  },
  {
    name: "assemblies",
    height: 2,
    members: ["packages/trace", "packages/pyrena"],
    mayImport: ["abi", "machines"],
    selfContained: true,
  },
  {
    name: "hosts",
    height: 2,
    members: ["packages/pyodide"],
    mayImport: ["abi", "machines"],
    selfContained: false,
  },
  {
    name: "apps",
    height: 3,
    members: ["apps/*", "bench", "agree"],
    mayImport: ["abi", "conformance", "machines", "assemblies", "hosts"],
    selfContained: false,
  },
];

/**
 * Libraries that the sources of a self-contained package may import all the same: each runs in
 * browsers, depends on nothing, and does what Pyrena has no business writing itself.
 */
export const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  // Decodes zstd, which no JavaScript runtime of 2026 does everywhere.
  "packages/trace": ["fzstd"],
  // SHA-256 at once (the platform's own is asynchronous), by which a damaged image of a heap is told.
  "packages/pyrena": ["@noble/hashes"],
};

/** The layer of a folder, or undefined if the table has no place for it. */
export function layerOf(folder: string): Layer | undefined {
  return LAYERS.find(({ members }) =>
    members.some((member) =>
      member.endsWith("/*") ? folder.startsWith(member.slice(0, -1)) : member === folder,
    ),
  );
}
