/**
 * What `npm start` and `npm test` do first: bring pnpm and the dependencies, unless they are
 * there already. Runs on any Node from 20 on and imports nothing but Node's own modules,
 * since nothing else is installed yet.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST_NODE = 20;
const BIN = join(root, "node_modules", ".bin");
/** The tools' own Node, which an install script fetches. */
const TOOLS_NODE = join(
  root,
  "node_modules",
  "node",
  "bin",
  process.platform === "win32" ? "node.exe" : "node",
);
const STAMP = join(root, "node_modules", ".pyrena-installed");

/** Installs if needed. Ends the process, with a sentence that says why, if it can't. */
export function setUp() {
  if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    fail(
      `Pyrena needs Node ${OLDEST_NODE} or newer; this is ${process.version} (${process.execPath}).`,
    );
  }
  const wanted = fingerprint();
  if (isInstalled(wanted)) return;

  const { packageManager } = readJson("package.json");
  const started = Date.now();
  console.log(`Installing dependencies with ${packageManager} (the first time, about a minute)`);
  const installed = runNpmPackage(packageManager, [
    "install",
    "--frozen-lockfile",
    "--prefer-offline",
    "--config.confirmModulesPurge=false",
  ]);
  if (installed.status !== 0) {
    process.stderr.write(`${installed.stdout ?? ""}${installed.stderr ?? ""}\n`);
    if (installed.error) console.error(installed.error.message);
    fail(
      "The dependencies could not be installed; pnpm's own words are above. " +
        "If you changed a package.json, run `npx pnpm install` to bring the lockfile in line.",
    );
  }
  if (!existsSync(TOOLS_NODE)) {
    fail(
      "The Node that the tools run on was not fetched: the install script of npm's package " +
        "`node` did not run. Is `ignore-scripts` set in an .npmrc?",
    );
  }
  writeFileSync(STAMP, wanted);
  console.log(`Installed in ${seconds(Date.now() - started)}`);
}

/**
 * Runs a program of node_modules with the tools' Node first on PATH, and resolves to its exit
 * code. Scripts find the Node that npm was started with in PYRENA_HOST_NODE: what users have,
 * as opposed to what the tools need.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export function run(command, args) {
  const env = {
    ...process.env,
    PATH: `${BIN}${delimiter}${process.env.PATH ?? ""}`,
    PYRENA_HOST_NODE: process.env.PYRENA_HOST_NODE ?? process.execPath,
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    // Turbo makes its tasks print colours wherever its output goes.
    ...(process.stdout.isTTY || process.env.FORCE_COLOR ? {} : { NO_COLOR: "1" }),
  };
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: "inherit" });
    child.on("error", (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Turbo, by the Node that is running this: its own launcher needs no newer one. @param {string[]} args */
export function turbo(args) {
  return run(process.execPath, [join(root, "node_modules", "turbo", "bin", "turbo"), ...args]);
}

/** `0.8 s`, `74 s`. @param {number} milliseconds */
export function seconds(milliseconds) {
  const value = milliseconds / 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message);
  process.exit(1);
}

/** @param {string} path from the root */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

/** Folders of the workspace that have a package.json, from the root. */
export function packageFolders() {
  const inside = ["packages", "apps"]
    .filter((group) => existsSync(join(root, group)))
    .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`));
  return ["bench", "agree", ...inside]
    .filter((path) => existsSync(join(root, path, "package.json")))
    .sort();
}

/** Of everything that an installation follows from. */
function fingerprint() {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const path of [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "package.json",
    ...packageFolders().map((folder) => `${folder}/package.json`),
  ]) {
    hash.update(`${path}\n`).update(readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}

/** @param {string} wanted fingerprint of what should be there */
function isInstalled(wanted) {
  if (!existsSync(TOOLS_NODE) || !existsSync(STAMP) || readFileSync(STAMP, "utf8") !== wanted)
    return false;
  // The stamp outlives what it speaks of if someone removes a single folder.
  return packageFolders().every((folder) => {
    const { dependencies, devDependencies } = readJson(`${folder}/package.json`);
    const names = Object.keys({ ...dependencies, ...devDependencies });
    return names.every((name) => existsSync(join(root, folder, "node_modules", name)));
  });
}

/**
 * `npm exec`, by the npm that started this where there is one; its output is kept.
 *
 * @param {string} specifier
 * @param {string[]} args
 */
function runNpmPackage(specifier, args) {
  const rest = ["exec", "--yes", "--", specifier, ...args];
  const options = { cwd: root, encoding: /** @type {const} */ ("utf8"), maxBuffer: 2 ** 26 };
  const npm = process.env.npm_execpath ?? "";
  if (npm.endsWith("npm-cli.js")) return spawnSync(process.execPath, [npm, ...rest], options);
  return spawnSync("npm", rest, { ...options, shell: process.platform === "win32" });
}
