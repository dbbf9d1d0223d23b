/** CPython interpreters of this machine, for tests that ask them; tests must not need any. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** An interpreter that runs. */
export interface NativePython {
  /** `3.13`. */
  readonly version: string;
  readonly path: string;
}

/** All 64-bit CPythons from 3.8 on that are on the PATH or installed by pyenv, oldest first, one a version. */
export function nativePythons(): NativePython[] {
  const pyenv = join(homedir(), ".pyenv", "versions");
  const candidates = [
    ...(existsSync(pyenv)
      ? readdirSync(pyenv).map((name) => join(pyenv, name, "bin/python3"))
      : []),
    ...Array.from({ length: 10 }, (_, n) => `python3.${n + 8}`),
  ];
  const found = new Map<string, NativePython>();
  for (const path of candidates) {
    const { stdout, status } = spawnSync(
      path,
      ["-c", "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.maxsize)"],
      { encoding: "utf8" },
    );
    const [, major, minor] = /^cpython (3) (\d+) 9223372036854775807$/m.exec(stdout ?? "") ?? [];
    if (status !== 0 || major === undefined || Number(minor) < 8) continue;
    found.set(minor, { version: `${major}.${minor}`, path });
  }
  return [...found].sort(([a], [b]) => Number(a) - Number(b)).map(([, python]) => python);
}
