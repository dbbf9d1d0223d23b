/**
 * Draws the graph of packages in ARCHITECTURE.md from the package.json files, between the
 * two markers. `--check` compares instead of writing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LAYERS, layerOf } from "./layers.ts";
import { type Problem, report } from "./problems.ts";
import { type Package, readWorkspace } from "./workspace.ts";

const FILE = "ARCHITECTURE.md";
const BEGIN = "<!-- graph: drawn by scripts/draw-graph.ts -->";
const END = "<!-- /graph -->";

const WHY: Readonly<Record<string, string>> = {
  "graph drawn":
    "a diagram kept by hand goes stale unseen. `node scripts/draw-graph.ts` draws it anew.",
};

/**
 * The graph as a Mermaid block: one box a layer, one arrow a dependency. An arrow that
 * others imply (a → c beside a → b → c) is left out.
 */
export function drawGraph(packages: readonly Package[]): string {
  const shown = packages.filter(({ manifest }) => manifest.private !== true);
  const names = new Set(shown.map(({ name }) => name));
  const direct = new Map(
    shown.map(({ name, manifest }) => [
      name,
      Object.keys(manifest.dependencies ?? {}).filter((other) => names.has(other)),
    ]),
  );
  const below = (name: string): Set<string> =>
    new Set(direct.get(name)!.flatMap((other) => [other, ...below(other)]));
  const id = (name: string) => name.replace(/^@[^/]+\//, "");
  const lines = ["```mermaid", "flowchart TD"];
  for (const layer of LAYERS.toReversed()) {
    const members = shown.filter(({ folder }) => layerOf(folder) === layer);
    if (members.length === 0) continue;
    lines.push(`  subgraph layer-${layer.name}["${layer.name}"]`);
    for (const { name } of members) lines.push(`    ${id(name)}["${name}"]`);
    lines.push("  end");
  }
  for (const { name } of shown) {
    const others = direct.get(name)!;
    for (const other of others) {
      const implied = others.some((third) => third !== other && below(third).has(other));
      if (!implied) lines.push(`  ${id(name)} --> ${id(other)}`);
    }
  }
  lines.push("```");
  return lines.join("\n");
}

/** `text` with the graph between the markers, or undefined if a marker is missing. */
export function withGraph(text: string, graph: string): string | undefined {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) return undefined;
  return `${text.slice(0, begin + BEGIN.length)}\n${graph}\n${text.slice(end)}`;
}

/** What is wrong with the graph in ARCHITECTURE.md below `root`. */
export function checkGraph(root: string): Problem[] {
  const text = readFileSync(join(root, FILE), "utf8");
  const drawn = withGraph(text, drawGraph(readWorkspace(root)));
  const problem = (what: string) => [{ rule: "graph drawn", where: FILE, what }];
  if (drawn === undefined) return problem(`lacks the markers ${BEGIN} and ${END}`);
  if (drawn !== text) return problem("the graph differs from the package.json files");
  return [];
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  if (process.argv.includes("--check")) report(checkGraph(root), "The graph of packages", WHY);
  const path = join(root, FILE);
  const drawn = withGraph(readFileSync(path, "utf8"), drawGraph(readWorkspace(root)));
  if (drawn === undefined) throw new Error(`${FILE} lacks the markers ${BEGIN} and ${END}`);
  writeFileSync(path, drawn);
}
