/**
 * Checks the package in the working directory as a user gets it: from its tarball, installed
 * alone into an empty project, outside the repository.
 *
 * The README's example runs there on the Node that `npm test` was started with, so that a
 * machine with Node 20 tries Node 20; the tools themselves run on their own.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { rolldown } from "rolldown";
import { minifySync, parseSync } from "rolldown/utils";
import {
  type Executed,
  execute as executeIn,
  installInto,
  packedBelow,
  tarballOf,
} from "./empty-project.ts";
import { layerOf } from "./layers.ts";
import { apiNames, codeBlocks, consoleExamples, firstMissing } from "./readme.ts";
import { type Manifest, type Package, readManifest, readWorkspace } from "./workspace.ts";

const ROOT = dirname(import.meta.dirname);
const HOST_NODE = process.env["PYRENA_HOST_NODE"] ?? process.execPath;
/** Beside what the layers allow: the lib files that tsconfig.base.json promises to need. */
const LIB = "es2024,esnext.disposable,dom";

const problems: string[] = [];
const workspace = readWorkspace(ROOT);
const one = workspace.find(({ directory }) => directory === process.cwd());
if (!one) throw new Error(`${process.cwd()} is no package of the workspace`);
const readme = existsSync("README.md") ? readFileSync("README.md", "utf8") : "";
const hasEntry = one.manifest.exports !== undefined && "." in one.manifest.exports;
const selfContained = layerOf(one.folder)?.selfContained === true;

const project = mkdtempSync(join(tmpdir(), "pyrena-package-"));
let size = "";
try {
  await checkTarball(one);
  installAlone(one);
  checkContents(join(project, "node_modules", one.name));
  if (hasEntry) {
    checkTypes(one);
    checkApiNames(one);
    runExample();
    if (selfContained) size = await bundleSizes(one);
  }
  for (const name of Object.keys(one.manifest.bin ?? {})) checkCommand(one, name);
} catch (error) {
  problems.push(error instanceof Error ? error.message : String(error));
} finally {
  rmSync(project, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(`${one.name}, as a user gets it:\n`);
  for (const problem of problems) console.error(`  ${problem.replaceAll("\n", "\n  ")}\n`);
  process.exit(1);
}
console.log(`${one.name} installs and works alone${size}`);

/** publint and are-the-types-wrong. */
async function checkTarball({ directory }: Package): Promise<void> {
  const path = join(directory, ".pack", "package.tgz");
  const bytes = readFileSync(path);
  const tarball = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });
  for (const message of messages) {
    if (message.type !== "suggestion") problems.push(`publint: ${formatMessage(message, pkg)}`);
  }
  if (!hasEntry) return;
  const attw = join(ROOT, "node_modules", "@arethetypeswrong", "cli", "dist", "index.js");
  const args = [attw, path, "--profile", "esm-only", "--no-color", "--format", "ascii"];
  const checked = execute(process.execPath, args, directory);
  if (checked.code !== 0) problems.push(`are-the-types-wrong: ${checked.output}`);
}

/**
 * Nothing but the package, what it depends on, and the peers it asks for. Of the Pyrena packages below it, those that
 * the README's `npm install` names can be imported by the example: whoever follows the README has them.
 */
function installAlone(one: Package): void {
  const { name, manifest } = one;
  const pyrena = packedBelow(workspace, manifest);
  const peers = Object.keys(manifest.peerDependencies ?? {}).map((peer) => [
    peer,
    manifest.devDependencies?.[peer] ?? manifest.peerDependencies![peer]!,
  ]);
  const named = [...readme.matchAll(/^npm install (.+)$/gm)]
    .flatMap(([, words]) => words!.split(/\s+/))
    .filter((word) => pyrena.has(word));
  const dependencies = {
    [name]: tarballOf(one),
    ...Object.fromEntries(named.map((other) => [other, pyrena.get(other)])),
    ...Object.fromEntries(peers),
  };
  installInto(project, dependencies, pyrena);
}

/** What npm shows and the law asks for is there; what only the repository needs is not. */
function checkContents(installed: string): void {
  const manifest = readManifest(join(installed, "package.json")) as Manifest &
    Record<string, unknown>;
  const listed = execute("tar", ["-tzf", join(process.cwd(), ".pack", "package.tgz")]);
  const files = listed.output.split("\n").filter((path) => path !== "");
  for (const needed of ["LICENSE", "README.md", "package.json"]) {
    if (!files.includes(`package/${needed}`)) problems.push(`the tarball lacks ${needed}`);
  }
  for (const path of files) {
    if (/\.tsbuildinfo$|\.test\.|\/(test|bench|node_modules)\//.test(path)) {
      problems.push(`the tarball holds ${path}, which users have no use for`);
    }
  }
  for (const field of ["license", "repository", "description", "engines", "type"]) {
    if (manifest[field] === undefined) problems.push(`package.json lacks "${field}"`);
  }
  if (hasEntry && manifest["sideEffects"] !== false) {
    problems.push('package.json lacks "sideEffects": false: bundlers would keep all of it');
  }
  const ranges = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const [name, range] of Object.entries(ranges)) {
    if (/^(workspace|file|link|catalog):/.test(range)) problems.push(`depends on ${name} ${range}`);
  }
}

/** The declarations compile in a strict project with nothing but them. */
function checkTypes({ name }: Package): void {
  write("types.mts", `export * from ${JSON.stringify(name)};\n`);
  const found = typeCheck("types.mts", selfContained ? [] : ["--skipLibCheck"]);
  if (found) problems.push(`its types do not compile in a strict project:\n${found}`);
}

function typeCheck(file: string, options: string[]): string | undefined {
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noEmit", "--pretty", "false"];
  const target = ["--target", "es2023", "--module", "nodenext", "--lib", LIB];
  const checked = execute("tsc", ["--ignoreConfig", ...strict, ...target, ...options, file]);
  return checked.code === 0 ? undefined : checked.output;
}

/** Whatever the README's API tables list is exported. */
function checkApiNames({ name }: Package): void {
  const path = join(project, "node_modules", name, "dist", "index.d.ts");
  const { module } = parseSync(path, readFileSync(path, "utf8"));
  const exported = new Set(
    module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.exportName.name)),
  );
  for (const listed of apiNames(readme)) {
    if (!exported.has(listed)) problems.push(`the README's API table has ${listed}: not exported`);
  }
}

/** The one example of the README: valid JavaScript, which runs and checks itself. */
function runExample(): void {
  const blocks = codeBlocks(readme).filter(({ language }) => /^(js|mjs|ts|mts)$/.test(language));
  if (blocks.length !== 1) {
    problems.push(`README.md has ${blocks.length} js or ts blocks; one is wanted, which runs`);
    return;
  }
  const { code, language, line } = blocks[0]!;
  write("example.mjs", code);
  const ran = execute(HOST_NODE, ["example.mjs"]);
  if (ran.code !== 0) {
    problems.push(`the example at README.md:${line} fails on ${nodeVersion()}:\n${ran.output}`);
  }
  if (!language.endsWith("ts")) return;
  write("example.mts", code);
  const nodeTypes = ["--typeRoots", join(ROOT, "node_modules", "@types"), "--types", "node"];
  const found = typeCheck("example.mts", ["--skipLibCheck", ...nodeTypes]);
  if (found) problems.push(`the example at README.md:${line} has wrong types:\n${found}`);
}

function nodeVersion(): string {
  return `Node ${execute(HOST_NODE, ["--version"]).output.trim()}`;
}

/** Bundled for a browser, minified, brotli: the package, and with what it depends on. */
async function bundleSizes({ name, manifest }: Package): Promise<string> {
  const own = await bundleSize(name, Object.keys(manifest.dependencies ?? {}));
  const all = await bundleSize(name, []);
  const figure = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`;
  const rest = all === own ? "" : `, ${figure(all)} with its dependencies`;
  return `: ${figure(own)} minified and compressed${rest}`;
}

async function bundleSize(name: string, external: string[]): Promise<number> {
  write("bundle.js", `export * from ${JSON.stringify(name)};\n`);
  const bundle = await rolldown({
    input: join(project, "bundle.js"),
    cwd: project,
    platform: "browser",
    external,
    onLog(level, log) {
      if (level === "warn") problems.push(`bundling for a browser: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  const minified = output.map((chunk) =>
    chunk.type === "chunk" ? minifySync("bundle.js", chunk.code, { module: true }).code : "",
  );
  return brotliCompressSync(minified.join("")).length;
}

/** A command tells its version and its help, and does what the README shows. */
function checkCommand({ manifest }: Package, name: string): void {
  const bin = join(project, "node_modules", ".bin");
  const path = [bin, dirname(HOST_NODE), process.env["PATH"]].join(delimiter);
  const version = execute(name, ["--version"], project, { PATH: path });
  if (version.code !== 0 || !version.output.includes(manifest.version)) {
    problems.push(`${name} --version should tell ${manifest.version}:\n${version.output}`);
  }
  const help = execute(name, ["--help"], project, { PATH: path });
  if (help.code !== 0) problems.push(`${name} --help fails:\n${help.output}`);
  for (const block of codeBlocks(readme).filter(({ language }) => language === "console")) {
    for (const { command, output } of consoleExamples(block.code)) {
      const ran = execute("sh", ["-c", command], project, { PATH: path });
      const missing = firstMissing(output, ran.output);
      if (ran.code !== 0) problems.push(`README.md: \`${command}\` fails:\n${ran.output}`);
      else if (missing !== undefined) {
        problems.push(`README.md: \`${command}\` does not print\n${missing}\nbut\n${ran.output}`);
      }
    }
  }
}

function write(file: string, content: string | object): void {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  writeFileSync(join(project, file), text);
}

/** Runs a program in the empty project. */
function execute(
  command: string,
  args: string[],
  cwd: string = project,
  environment: Record<string, string> = {},
): Executed {
  return executeIn(cwd, command, args, environment);
}
