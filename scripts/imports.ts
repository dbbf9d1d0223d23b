/** What a file imports, values and types alike. */
import { readFileSync } from "node:fs";
import { parseSync, Visitor } from "rolldown/utils";

/** One import of a file, in whichever of the five forms it was written. */
export interface Import {
  /** As written: `@pyrena/abi`, `./chunk.ts`, `node:fs`. */
  specifier: string;
  /** From 1. */
  line: number;
}

/**
 * Every module that `path` names: `import`, `export … from`, `import()`, the type
 * `import("…").T`, and `import x = require("…")`.
 *
 * @throws Error if the file doesn't parse.
 */
export function importsOf(path: string): Import[] {
  const source = readFileSync(path, "utf8");
  const { program, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]!.message}`);
  const found: Import[] = [];
  const add = (node: { type: string; start: number } | null | undefined) => {
    if (node?.type !== "Literal") return;
    const { value } = node as { value?: unknown };
    if (typeof value !== "string") return;
    found.push({ specifier: value, line: source.slice(0, node.start).split("\n").length });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
  }).visit(program);
  return found.sort((a, b) => a.line - b.line);
}

/**
 * The packages among `names` that `path` names in any string: by an import, or as what it hands
 * to `require.resolve`, to a process that it starts, to an `import()` of something computed.
 */
export function packagesNamed(path: string, names: readonly string[]): string[] {
  const named = new Set<string>();
  const { program } = parseSync(path, readFileSync(path, "utf8"));
  new Visitor({
    Literal: ({ value }) => {
      if (typeof value !== "string") return;
      for (const name of names) if (value === name || value.startsWith(`${name}/`)) named.add(name);
    },
  }).visit(program);
  return [...named];
}

/** `@pyrena/abi/sub` → `@pyrena/abi`; `pyodide/ffi` → `pyodide`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}
