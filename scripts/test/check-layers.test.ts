import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkLayers, cycles } from "../check-layers.ts";
import { tree } from "./tree.ts";

/** Three packages in order; each test breaks them in one place. */
const house = {
  "packages/abi/package.json": { name: "@pyrena/abi" },
  "packages/abi/src/index.ts": `export { NULL } from "./address.ts";`,
  "packages/abi/src/address.ts": "export const NULL = 0;",
  "packages/raw/package.json": {
    name: "@pyrena/raw",
    dependencies: { "@pyrena/abi": "workspace:^" },
  },
  "packages/raw/tsconfig.json": { references: [{ path: "../abi" }] },
  "packages/raw/src/index.ts": `export { free } from "./free.ts";`,
  "packages/raw/src/free.ts": `import { NULL } from "@pyrena/abi"; export const free = NULL;`,
  "packages/raw/src/verify.ts": `import type { NULL } from "@pyrena/abi"; export type X = typeof NULL;`,
  "packages/debug/package.json": {
    name: "@pyrena/debug",
    dependencies: { "@pyrena/abi": "workspace:^" },
    devDependencies: { "@pyrena/raw": "workspace:^" },
  },
  "packages/debug/tsconfig.json": { references: [{ path: "../abi" }] },
  "packages/debug/test/tsconfig.json": {
    references: [{ path: ".." }, { path: "../../abi" }, { path: "../../raw" }],
  },
  "packages/debug/src/index.ts": `export { NULL } from "@pyrena/abi";`,
  "packages/debug/test/debug.test.ts": `import "@pyrena/raw"; import { test } from "vitest"; test("", () => {});`,
};

/** `rule where` of every problem, with the house changed. */
function broken(change: Record<string, string | object>): string[] {
  return checkLayers(tree({ ...house, ...change })).map(({ rule, where }) => `${rule} ${where}`);
}

test("a house in order has no problem", () => {
  expect(broken({})).toEqual([]);
});

describe("direction", () => {
  const asDependency = {
    "packages/debug/package.json": {
      name: "@pyrena/debug",
      dependencies: { "@pyrena/abi": "workspace:^", "@pyrena/raw": "workspace:^" },
    },
    "packages/debug/tsconfig.json": { references: [{ path: "../abi" }, { path: "../raw" }] },
  };

  test.each([
    ["a value", `import { free } from "@pyrena/raw"; export const x = free;`],
    ["a type", `import type { free } from "@pyrena/raw"; export type X = typeof free;`],
    ["a type in place", `export type X = import("@pyrena/raw").Raw;`],
    ["a re-export", `export * from "@pyrena/raw";`],
    ["a dynamic import", `export const x = await import("@pyrena/raw");`],
    ["a subpath", `import "@pyrena/raw/free";`],
  ])("%s from a package of the same row is refused in src", (_, source) => {
    expect(broken({ ...asDependency, "packages/debug/src/layer.ts": source })).toEqual([
      "downward packages/debug/src/layer.ts:1",
    ]);
  });

  test("an import that only a comment or a string holds is none", () => {
    const source = `// import "@pyrena/raw"\nexport const x = 'import "@pyrena/raw"';`;
    expect(broken({ "packages/debug/src/layer.ts": source })).toEqual([]);
  });

  test("upward is refused, in src and in tests, and closes a ring", () => {
    expect(
      broken({
        "packages/abi/package.json": {
          name: "@pyrena/abi",
          devDependencies: { "@pyrena/raw": "workspace:^" },
        },
        "packages/abi/test/a.test.ts": `import "@pyrena/raw";`,
      }),
    ).toEqual(["downward packages/abi/test/a.test.ts:1", "no cycles packages/abi/package.json"]);
  });

  test("a relative path into another package is refused, from tests too", () => {
    expect(
      broken({
        "packages/debug/src/layer.ts": `import "../../raw/src/free.ts";`,
        "packages/debug/test/b.test.ts": `import "../../raw/src/free.ts";`,
      }),
    ).toEqual(["by name packages/debug/src/layer.ts:1", "by name packages/debug/test/b.test.ts:1"]);
  });

  test("a package without a place among the layers is refused", () => {
    expect(broken({ "packages/heap/package.json": { name: "@pyrena/heap" } })).toEqual([
      "placed packages/heap/package.json",
    ]);
  });

  test("Node and foreign packages are refused where code runs in browsers", () => {
    expect(
      broken({
        "packages/raw/package.json": {
          name: "@pyrena/raw",
          dependencies: { "@pyrena/abi": "workspace:^", leftpad: "1" },
        },
        "packages/raw/src/free.ts": `import "node:fs"; import "@pyrena/abi";\nimport "leftpad";`,
      }),
    ).toEqual([
      "runs anywhere packages/raw/src/free.ts:1",
      "runs anywhere packages/raw/src/free.ts:2",
    ]);
  });
});

test("a library that is allowed to one package is refused to another", () => {
  const withLibrary = (folder: string, name: string) => ({
    [`${folder}/package.json`]: {
      name,
      dependencies: { "@pyrena/abi": "workspace:^", fzstd: "1" },
    },
    [`${folder}/tsconfig.json`]: { references: [{ path: "../abi" }] },
    [`${folder}/src/index.ts`]: `export * from "@pyrena/abi"; import "fzstd";`,
  });
  expect(broken(withLibrary("packages/trace", "@pyrena/trace"))).toEqual([]);
  expect(broken(withLibrary("packages/stats", "@pyrena/stats"))).toEqual([
    "runs anywhere packages/stats/src/index.ts:1",
  ]);
});

describe("dependencies", () => {
  test("an undeclared one is refused", () => {
    expect(
      broken({ "packages/raw/package.json": { name: "@pyrena/raw" } }).filter(
        (line) => !line.startsWith("references"),
      ),
    ).toEqual(["declared packages/raw/src/free.ts:1", "declared packages/raw/src/verify.ts:1"]);
  });

  test("a devDependency is not enough for src", () => {
    expect(
      broken({
        "packages/raw/package.json": {
          name: "@pyrena/raw",
          devDependencies: { "@pyrena/abi": "workspace:^" },
        },
      }),
    ).toContain("declared packages/raw/src/free.ts:1");
  });

  test("one that nothing imports is refused", () => {
    expect(broken({ "packages/debug/test/debug.test.ts": "" })).toEqual([
      "used packages/debug/package.json",
    ]);
  });

  test("one that only a string names is used; one that only a comment names is not", () => {
    const change = (source: string) => ({ "packages/debug/test/debug.test.ts": source });
    expect(broken(change(`require.resolve("@pyrena/raw/x");`))).toEqual([]);
    expect(broken(change(`// "@pyrena/raw"\n"@pyrena/rawest";`))).toEqual([
      "used packages/debug/package.json",
    ]);
  });

  test("references that differ from them are refused, either way", () => {
    expect(broken({ "packages/raw/tsconfig.json": {} })).toEqual([
      "references packages/raw/tsconfig.json",
    ]);
    expect(
      broken({
        "packages/raw/tsconfig.json": { references: [{ path: "../abi" }, { path: "../debug" }] },
      }),
    ).toEqual(["references packages/raw/tsconfig.json"]);
  });
});

describe("inside a package", () => {
  test("files in a ring are refused, through types as well", () => {
    expect(
      broken({
        "packages/raw/src/free.ts": `import "@pyrena/abi"; import type { B } from "./b.ts"; export type A = B; export const free = 0;`,
        "packages/raw/src/b.ts": `import type { A } from "./free.ts"; export type B = A;`,
      }),
    ).toEqual(["no cycles packages/raw/src/b.ts"]);
  });

  test.each(["walk", "stats", "verify"])("%s.ts may not call the algorithm", (name) => {
    const change = { [`packages/raw/src/${name}.ts`]: `import { free } from "./free.ts"; free;` };
    expect(broken(change)).toEqual([`second opinion packages/raw/src/${name}.ts:1`]);
  });

  test("nothing imports its own index.ts", () => {
    expect(
      broken({
        "packages/raw/src/b.ts": `import "./index.ts";`,
        "packages/raw/src/c.ts": `import "@pyrena/raw";`,
      }),
    ).toEqual([
      "table of contents packages/raw/src/b.ts:1",
      "table of contents packages/raw/src/c.ts:1",
    ]);
  });
});

test("rings are found once each, and shared ends are no ring", () => {
  const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
  expect(cycles(graph({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }))).toEqual([]);
  expect(cycles(graph({ a: ["b"], b: ["c"], c: ["b"] }))).toEqual([["b", "c", "b"]]);
  expect(cycles(graph({ a: ["a"] }))).toEqual([["a", "a"]]);
});

test("as a program it prints the reason of a broken rule and exits 1; in order, it exits 0", () => {
  const script = fileURLToPath(new URL("../check-layers.ts", import.meta.url));
  const check = (change: Record<string, string | object>) =>
    spawnSync(process.execPath, [script, tree({ ...house, ...change })], { encoding: "utf8" });
  const refused = check({ "packages/raw/src/free.ts": `import "node:fs"; import "@pyrena/abi";` });
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/runs anywhere\n {2}packages\/raw\/src\/free.ts:1 .*node:fs/);
  expect(refused.stderr).toMatch(/Why this rule: this package runs in browsers/);
  expect(check({})).toMatchObject({ status: 0, stderr: "" });
});
