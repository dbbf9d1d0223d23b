/** Packages of the workspace as users get them: installed from their tarballs, in an empty project elsewhere. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Manifest, Package } from "./workspace.ts";

/** The packages of the workspace that a package needs, however indirectly, as specifiers of their tarballs. */
export function packedBelow(
  workspace: readonly Package[],
  manifest: Manifest,
): Map<string, string> {
  const found = new Map<string, string>();
  const collect = (wanted: Manifest): void => {
    for (const dependency of Object.keys(wanted.dependencies ?? {})) {
      const one = workspace.find(({ name }) => name === dependency);
      if (!one || found.has(dependency)) continue;
      found.set(dependency, tarballOf(one));
      collect(one.manifest);
    }
  };
  collect(manifest);
  return found;
}

/** Specifier of a package's tarball. */
export function tarballOf({ directory }: Package): string {
  return `file:${join(directory, ".pack", "package.tgz")}`;
}

/**
 * Make a folder a project with these dependencies and install them.
 * @param overrides specifiers that take the place of whatever the dependencies ask for
 * @throws Error with pnpm's output
 */
export function installInto(
  project: string,
  dependencies: Readonly<Record<string, string | undefined>>,
  overrides: ReadonlyMap<string, string>,
): void {
  const manifest = {
    name: "an-empty-project",
    version: "1.0.0",
    private: true,
    type: "module",
    dependencies,
    pnpm: { overrides: Object.fromEntries(overrides) },
  };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest, null, 2));
  const installed = execute(project, "pnpm", [
    "install",
    "--ignore-workspace",
    "--ignore-scripts",
    "--prefer-offline",
    "--no-frozen-lockfile",
    "--strict-peer-dependencies",
    "--reporter=append-only",
  ]);
  if (installed.code !== 0) throw new Error(`does not install:\n${installed.output}`);
}

/** What a program did. */
export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout followed by stderr, or why it did not run. */
  readonly output: string;
}

/** Run a program in a project as its user would. */
export function execute(
  cwd: string,
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Executed {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1", ...environment };
  // Whatever the repository's own pnpm, which runs this, hands down.
  for (const key of Object.keys(env))
    if (/^(npm_|PNPM_|NODE_PATH|INIT_CWD)/.test(key)) delete env[key];
  const ran = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 300_000 });
  const { stdout = "", stderr = "" } = ran;
  if (ran.error) return { code: 1, stdout, stderr, output: `${command}: ${ran.error.message}` };
  return { code: ran.status ?? 1, stdout, stderr, output: `${stdout}${stderr}` };
}
