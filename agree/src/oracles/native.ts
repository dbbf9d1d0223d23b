/** CPythons that are installed on the machine: `lp64`. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type OracleInfo, PYTHONS, type PythonVersion } from "./oracle.ts";

const HARNESS: string = join(import.meta.dirname, "../harness.py");
const SERVE: string = `
import sys
exec(compile(open(sys.argv[1], encoding="utf-8").read(), "harness", "exec"))
gc.collect()
gc.freeze()
for line in sys.stdin:
    sys.stdout.write(run_all(line) + "\\n")
    sys.stdout.flush()
`;

/** What identifies an interpreter that can serve: the reference implementation, 64-bit, with the GIL. */
const PROBE =
  "import sys, sysconfig; print(sys.implementation.name, '%d.%d' % sys.version_info[:2], sys.maxsize > 2**32, bool(sysconfig.get_config_var('Py_GIL_DISABLED')), '%d.%d.%d' % sys.version_info[:3])";

/** Interpreters by version: those of pyenv, then those on the PATH. */
export function findNatives(): OracleInfo[] {
  const found: OracleInfo[] = [];
  for (const python of PYTHONS) {
    for (const path of candidates(python)) {
      const info = probe(path, python);
      if (info) {
        found.push(info);
        break;
      }
    }
  }
  return found;
}

function candidates(python: PythonVersion): string[] {
  const versions = join(process.env["PYENV_ROOT"] ?? join(homedir(), ".pyenv"), "versions");
  const own = existsSync(versions)
    ? readdirSync(versions)
        .filter((name) => name.startsWith(`${python}.`) && /^[\d.]+$/.test(name))
        .sort()
        .reverse()
        .map((name) => join(versions, name, "bin/python"))
    : [];
  return [...own, `python${python}`];
}

function probe(path: string, python: PythonVersion): OracleInfo | undefined {
  try {
    const answer = execFileSync(path, ["-I", "-S", "-c", PROBE], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const [name, version, wide, free, full] = answer.trim().split(" ");
    if (name !== "cpython" || version !== python || wide !== "True" || free !== "False")
      return undefined;
    return {
      id: `${python}-lp64`,
      python,
      abi: "lp64",
      title: `CPython ${full}`,
      command: [path, "-S", "-c", SERVE, HARNESS],
    };
  } catch {
    return undefined;
  }
}
