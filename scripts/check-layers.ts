/**
 * The house rules on imports. Each has a reason, in WHY, which is printed when it is broken.
 *
 * Read from the sources by a parser, not by searching text; types count as much as values,
 * since a type that is imported is a promise that is depended on.
 */
import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { basename, dirname, join, posix } from "node:path";
import { type Import, importsOf, packageOf, packagesNamed } from "./imports.ts";
import { type Layer, LIBRARIES, layerOf } from "./layers.ts";
import { type Problem, report } from "./problems.ts";
import { type Package, readWorkspace, sourceFiles } from "./workspace.ts";

const WHY: Readonly<Record<string, string>> = {
  placed:
    "a package's place among the layers decides what it may import; give it one in scripts/layers.ts.",
  downward:
    "the layers of a row meet through the contracts of @pyrena/abi and don't know one another. That is what lets a user swap any of them. Put what both need into a contract in abi, or let the package above them join the two.",
  "by name":
    "a relative path into another package reaches past its index.ts, works only in the checkout, and gives bundles a second copy. Import the package by its name.",
  declared:
    "what a package doesn't declare is missing when it is installed alone. Sources need dependencies (or peerDependencies); tests need devDependencies.",
  used: "a dependency that nothing imports is downloaded by every user for nothing.",
  references:
    "tsc -b builds in the order of the references: one that is missing breaks a clean build, though not the next one. They list the @pyrena dependencies, no more and no less.",
  "runs anywhere":
    "this package runs in browsers, workers and every JavaScript runtime, with nothing installed beside it.",
  "no cycles":
    "files or packages in a ring can't be read, tested or replaced one at a time, and their values may be undefined while they load.",
  "second opinion":
    "a checker that calls the code it checks agrees with its mistakes. walk.ts, stats.ts and verify.ts read layouts only.",
  "table of contents":
    "index.ts lists what the package offers to others; inside the package, import the file that defines it.",
};

/** Files that check or read a structure, and may therefore not call what changes it. */
const CHECKERS = /^(walk|stats|verify)\.ts$/;
const ALGORITHMS = /^(malloc|calloc|free|realloc|collect)\.ts$/;

interface SourceFile {
  path: string;
  imports: Import[];
  /** In what is published, rather than in tests, benchmarks and configuration. */
  published: boolean;
}

/** Every broken rule below `root`. */
export function checkLayers(root: string): Problem[] {
  const packages = readWorkspace(root);
  const byName = new Map(packages.map((one) => [one.name, one]));
  return [
    ...packages.flatMap((one) => checkPackage(root, one, byName)),
    ...packageCycles(packages, byName),
  ];
}

function checkPackage(root: string, one: Package, byName: ReadonlyMap<string, Package>): Problem[] {
  const layer = layerOf(one.folder);
  if (!layer) {
    return [problem("placed", `${one.folder}/package.json`, `${one.name} is in no layer`)];
  }
  const files = filesOf(root, one);
  return [
    ...files.flatMap((file) => checkFile(one, layer, file, byName)),
    ...checkUse(root, one, files),
    ...checkReferences(one, byName),
    ...fileCycles(files),
  ];
}

function filesOf(root: string, one: Package): SourceFile[] {
  return sourceFiles(root, one.folder).map((path) => ({
    path,
    imports: importsOf(join(root, path)),
    published: /^(src|bin)\//.test(path.slice(one.folder.length + 1)),
  }));
}

function checkFile(
  one: Package,
  layer: Layer,
  file: SourceFile,
  byName: ReadonlyMap<string, Package>,
): Problem[] {
  const problems: Problem[] = [];
  for (const { specifier, line } of file.imports) {
    const add = (rule: string, what: string) =>
      problems.push(problem(rule, `${file.path}:${line}`, what));
    if (specifier.startsWith(".")) {
      const target = posix.join(dirname(file.path), specifier);
      const leaves = !target.startsWith(`${one.folder}/`);
      const other = [...byName.values()].find(({ folder }) => target.startsWith(`${folder}/`));
      // What Vite reads as text is no module; texts of the root's folders, such as examples/, are for all.
      const text = specifier.endsWith("?raw");
      if (leaves && (other || (file.published && !text))) add("by name", `imports ${specifier}`);
      if (file.published && CHECKERS.test(basename(file.path))) {
        const entry = `${basename(one.folder)}.ts`;
        if (ALGORITHMS.test(basename(target)) || basename(target) === entry) {
          add("second opinion", `imports ${specifier}`);
        }
      }
      if (file.published && target === `${one.folder}/src/index.ts`) {
        add("table of contents", `imports ${specifier}`);
      }
      continue;
    }
    // Modules that Astro makes while it builds.
    if (specifier.startsWith("astro:")) continue;
    if (isBuiltin(specifier)) {
      if (file.published && layer.height < 3) add("runs anywhere", `imports ${specifier}`);
      continue;
    }
    const name = packageOf(specifier);
    if (name === one.name) {
      if (file.published) add("table of contents", `imports its own package, ${specifier}`);
      continue;
    }
    const other = byName.get(name);
    if (other) {
      const otherLayer = layerOf(other.folder);
      const allowed = file.published
        ? otherLayer !== undefined && layer.mayImport.includes(otherLayer.name)
        : otherLayer !== undefined && otherLayer.height <= layer.height;
      if (!allowed) {
        const may = file.published
          ? layer.mayImport.join(", ") || "nothing"
          : `packages up to row ${layer.height}`;
        add("downward", `imports ${name}; ${layer.name} may import ${may}`);
      }
    } else if (file.published && layer.selfContained && !LIBRARIES[one.folder]?.includes(name)) {
      add("runs anywhere", `imports ${name}`);
    }
    const { dependencies, peerDependencies, devDependencies } = one.manifest;
    const declared = { ...dependencies, ...peerDependencies };
    const known = file.published ? declared : { ...declared, ...devDependencies };
    // vitest is the root's: one version for all.
    if (!(name in known) && (file.published || name !== "vitest")) {
      add("declared", `imports ${name}, which ${one.folder}/package.json does not declare`);
    }
  }
  return problems;
}

/**
 * Declared but named nowhere. Packages of types are used by the compiler, and a peer may be
 * something that the user hands in.
 */
function checkUse(root: string, one: Package, files: readonly SourceFile[]): Problem[] {
  const { dependencies = {}, devDependencies = {} } = one.manifest;
  const unused = (kind: string, names: string[], where: readonly SourceFile[]): Problem[] => {
    const used = new Set(where.flatMap(({ path }) => packagesNamed(join(root, path), names)));
    return names
      .filter((name) => !name.startsWith("@types/") && !used.has(name))
      .map((name) =>
        problem("used", `${one.folder}/package.json`, `${kind}: nothing imports ${name}`),
      );
  };
  const published = files.filter((file) => file.published);
  return [
    // Of a private package nothing is published.
    ...unused("dependencies", Object.keys(dependencies), one.manifest.private ? files : published),
    ...unused("devDependencies", Object.keys(devDependencies), files),
  ];
}

/** tsconfig.json follows the dependencies, test/tsconfig.json these and the devDependencies. */
function checkReferences(one: Package, byName: ReadonlyMap<string, Package>): Problem[] {
  const { dependencies = {}, devDependencies = {} } = one.manifest;
  const folders = (names: string[]) =>
    names.flatMap((name) => byName.get(name)?.directory ?? []).filter((path) => path !== "");
  const source = folders(Object.keys(dependencies));
  const all = folders(Object.keys({ ...dependencies, ...devDependencies }));
  const check = (config: string, expected: string[]): Problem[] => {
    const path = join(one.directory, config);
    if (!existsSync(path)) return [];
    const { references = [] } = JSON.parse(
      readFileSync(path, "utf8").replace(/^\s*\/\/.*$/gm, ""),
    ) as { references?: { path: string }[] };
    const actual = references.map((reference) => join(dirname(path), reference.path));
    const where = `${one.folder}/${config}`;
    const name = (directory: string) => basename(directory);
    return [
      ...expected
        .filter((directory) => !actual.includes(directory))
        .map((directory) =>
          problem("references", where, `lacks a reference to ${name(directory)}`),
        ),
      ...actual
        .filter((directory) => !expected.includes(directory))
        .map((directory) =>
          problem("references", where, `refers to ${name(directory)}, which is no dependency`),
        ),
    ];
  };
  return [
    ...check("tsconfig.json", source),
    ...check("test/tsconfig.json", [one.directory, ...all]),
  ];
}

/** Rings of files inside a package. */
function fileCycles(files: readonly SourceFile[]): Problem[] {
  const graph = new Map(
    files.map(({ path, imports }) => [
      path,
      imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => posix.join(dirname(path), specifier)),
    ]),
  );
  return cycles(graph).map((ring) => problem("no cycles", ring[0]!, ring.join(" → ")));
}

/** Rings of packages; devDependencies count, since tests are built and run in this order. */
function packageCycles(
  packages: readonly Package[],
  byName: ReadonlyMap<string, Package>,
): Problem[] {
  const graph = new Map(
    packages.map(({ name, manifest }) => [
      name,
      Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((other) =>
        byName.has(other),
      ),
    ]),
  );
  return cycles(graph).map((ring) => {
    const folder = byName.get(ring[0]!)!.folder;
    return problem("no cycles", `${folder}/package.json`, ring.join(" → "));
  });
}

/** One ring for every edge that closes one in a depth-first walk; `a → b → a`. */
export function cycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): void => {
    const at = path.indexOf(node);
    if (at >= 0) {
      found.push([...path.slice(at), node]);
      return;
    }
    if (done.has(node) || !graph.has(node)) return;
    path.push(node);
    for (const next of graph.get(node)!) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of graph.keys()) visit(node);
  return found;
}

function problem(rule: string, where: string, what: string): Problem {
  return { rule, where, what };
}

if (import.meta.main) {
  const root = process.argv[2] ?? dirname(import.meta.dirname);
  report(checkLayers(root), "Imports, dependencies and references", WHY);
}
