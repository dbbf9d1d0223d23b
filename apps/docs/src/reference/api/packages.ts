/** The public packages, in the order in which readers meet them, and which of their pages come first. */

/** How a package stands in the reference. */
export interface ListedPackage {
  readonly name: string;
  /** Files whose pages come before the others, without their endings. */
  readonly first: readonly string[];
  /** Titles of pages whose file's name says too little here. */
  readonly titles?: Readonly<Record<string, string>>;
}

/** From what most people need to what few do. */
export const listedPackages: readonly ListedPackage[] = [
  { name: "pyrena", first: ["create", "runtime", "options", "restore", "gc"] },
  {
    name: "@pyrena/objects",
    first: ["handles/create", "handles/python", "handles/handle", "objects", "types/define-type"],
    titles: {
      "handles/create": "createPython",
      "handles/definitions": "Definitions by handles",
      "handles/others": "Other handles",
      "handles/sequences": "Sequence handles",
      "handles/tables": "Table handles",
      "api/allocation": "Allocation on addresses",
      "api/classes": "Classes on addresses",
      "api/collection": "Collection on addresses",
      "api/exceptions": "Exceptions on addresses",
      "api/frames": "Frames on addresses",
      "api/functions": "Functions on addresses",
      "api/inspect": "Inspection on addresses",
      "api/numbers": "Numbers on addresses",
      "api/sequences": "Sequences on addresses",
      "api/text": "Text on addresses",
      "api/types": "Types on addresses",
    },
  },
  { name: "@pyrena/gc", first: ["generational", "incremental", "explain", "diagnose"] },
  { name: "@pyrena/pymalloc", first: ["pymalloc"] },
  { name: "@pyrena/raw", first: ["raw-allocator", "arena-source"] },
  { name: "@pyrena/debug", first: ["debug-hooks", "fault-injection", "count"] },
  { name: "@pyrena/stats", first: ["take-snapshot", "snapshot"] },
  { name: "@pyrena/trace", first: ["reader", "record", "replay/replay", "encode"] },
  { name: "@pyrena/pyodide", first: ["live-python", "installation"] },
  { name: "@pyrena/conformance", first: ["allocator-laws"] },
  { name: "@pyrena/abi", first: ["linear-memory", "heap", "profile", "allocator", "domains"] },
];

/** A package's folder below `packages`, and the last part of its page's address. */
export function folderOf(name: string): string {
  return name.replace("@pyrena/", "");
}
