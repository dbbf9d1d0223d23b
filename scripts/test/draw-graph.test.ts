import { expect, test } from "vitest";
import { checkGraph, drawGraph, withGraph } from "../draw-graph.ts";
import { readWorkspace } from "../workspace.ts";
import { tree } from "./tree.ts";

const packages = {
  "packages/abi/package.json": { name: "@pyrena/abi" },
  "packages/raw/package.json": {
    name: "@pyrena/raw",
    dependencies: { "@pyrena/abi": "workspace:^" },
  },
  "packages/trace/package.json": {
    name: "@pyrena/trace",
    dependencies: { "@pyrena/abi": "workspace:^", "@pyrena/raw": "workspace:^", foreign: "1" },
  },
  "bench/package.json": {
    name: "@pyrena/bench",
    private: true,
    dependencies: { "@pyrena/raw": "workspace:^" },
  },
};
const empty = "Before\n<!-- graph: drawn by scripts/draw-graph.ts -->\n<!-- /graph -->\nAfter\n";

test("arrows that others imply, private packages and foreign ones are left out", () => {
  const arrows = drawGraph(readWorkspace(tree(packages))).match(/\w+ --> \w+/g);
  expect(arrows).toEqual(["raw --> abi", "trace --> raw"]);
});

test("the graph is compared with the manifests", () => {
  const root = tree({ ...packages, "ARCHITECTURE.md": empty });
  expect(checkGraph(root)).toHaveLength(1);
  const drawn = withGraph(empty, drawGraph(readWorkspace(root)))!;
  expect(drawn).toMatch(/^Before\n[\s\S]*```mermaid[\s\S]*\nAfter\n$/);
  expect(checkGraph(tree({ ...packages, "ARCHITECTURE.md": drawn }))).toEqual([]);
  const { "packages/raw/package.json": _, ...fewer } = packages;
  expect(checkGraph(tree({ ...fewer, "ARCHITECTURE.md": drawn }))).toHaveLength(1);
});

test("missing markers are a problem, and nothing is drawn", () => {
  expect(withGraph("Before\nAfter", "graph")).toBeUndefined();
  expect(checkGraph(tree({ ...packages, "ARCHITECTURE.md": "Before" }))).toHaveLength(1);
});
