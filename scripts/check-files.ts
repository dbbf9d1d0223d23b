/**
 * The house rules on everything that git tracks: nothing of the machine it was made on.
 * Recordings and other compressed files are looked into as well.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Problem, report } from "./problems.ts";

const WHY: Readonly<Record<string, string>> = {
  "no machine paths":
    "an absolute path of one machine is wrong on every other, and tells who made the file and where.",
  "no registry hosts":
    "with the host of a registry in it, a file (most often the lockfile) installs only where that host can be reached, and only from there.",
  "no large files": "everyone who clones the repository downloads every version of it, for ever.",
};

/** Folders that exist on a developer's machine only, with the character that precedes them. */
const MACHINE_PATH =
  /(?<![\w.~$}*-])(?<!(?<!:\/)\/)(?:\/root\/|\/work\/|\/tmp\/\w|\/Users\/\w|\/home\/(?!web_user|pyodide|runner\b)\w|[A-Z]:\\Users\\)[^\s"'`<>)\]]*/;

/** An address of a package registry, under whatever name; not the word. */
const REGISTRY_HOST =
  /https?:\/\/(?:[\w.-]*(?:registry|artifactory|nexus|verdaccio|npmmirror|pypi)[\w.-]*)(?::\d+)?\/[^\s"'`<>)\]]*|\btarball:\s*https?:\S+|"resolved":\s*"https?:[^"]*"/;

const LARGEST = 2 ** 22;

/** What is wrong with one file's bytes. */
export function checkFile(path: string, bytes: Buffer): Problem[] {
  const problems: Problem[] = [];
  if (bytes.length > LARGEST) {
    const what = `${bytes.length} bytes; at most ${LARGEST}`;
    problems.push({ rule: "no large files", where: path, what });
  }
  const content = path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  // latin1 keeps every byte a character, so that binary files can be searched too.
  content
    .toString("latin1")
    .split("\n")
    .forEach((line, index) => {
      const where = path.endsWith(".gz") ? path : `${path}:${index + 1}`;
      const machine = MACHINE_PATH.exec(line);
      if (machine) problems.push({ rule: "no machine paths", where, what: shown(machine[0]) });
      const host = REGISTRY_HOST.exec(line);
      if (host) problems.push({ rule: "no registry hosts", where, what: shown(host[0]) });
    });
  return problems;
}

function shown(text: string): string {
  const printable = text.replace(/[^\x20-\x7e]/g, "·");
  return printable.length > 60 ? `${printable.slice(0, 60)}…` : printable;
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  const tracked = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" })
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .filter((path) => statSync(join(root, path)).isFile())
    // The rule's own examples.
    .filter((path) => path !== "scripts/test/check-files.test.ts");
  const problems = tracked.flatMap((path) => checkFile(path, readFileSync(join(root, path))));
  report(problems, `${tracked.length} tracked files`, WHY);
}
