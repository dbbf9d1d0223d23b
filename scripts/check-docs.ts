/** The house rules on documents: links lead somewhere, and the lists of packages are complete. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type Problem, report } from "./problems.ts";
import { readWorkspace } from "./workspace.ts";

const WHY: Readonly<Record<string, string>> = {
  "links lead somewhere":
    "a reader who follows a dead link stops trusting the rest. Files and headings move: the link has to move with them.",
  "packages listed":
    "README.md and ARCHITECTURE.md are where people look for what there is. A package that is missing there does not exist for them.",
  "README present": "npm shows the README and nothing else; a package without one can't be used.",
};

/** Every broken rule in the given documents, paths from `root`. */
export function checkDocs(root: string, documents: readonly string[]): Problem[] {
  return [...documents.flatMap((path) => checkLinks(root, path)), ...checkPackageLists(root)];
}

/** Markdown without its code, in which brackets mean something else; lines stay lines. */
function prose(markdown: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, " ");
  return markdown
    .replace(/^( *)(```+|~~~+)[^\n]*\n[\s\S]*?^\1\2 *$/gm, blank)
    .replace(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, blank)
    .replace(/<!--[\s\S]*?-->/g, blank);
}

function checkLinks(root: string, document: string): Problem[] {
  const text = prose(readFileSync(join(root, document), "utf8"));
  const problems: Problem[] = [];
  const targets = [
    ...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...text.matchAll(/^ *\[[^\]]+\]: *<?(\S+?)>? *$/gm),
    ...text.matchAll(/\b(?:href|src)="([^"]+)"/g),
  ];
  for (const match of targets) {
    const target = match[1]!;
    if (/^[a-z][a-z+.-]*:/i.test(target)) continue;
    const line = text.slice(0, match.index).split("\n").length;
    const add = (what: string) =>
      problems.push({ rule: "links lead somewhere", where: `${document}:${line}`, what });
    const [path, anchor] = decodeURI(target).split("#") as [string, string?];
    const file = path === "" ? join(root, document) : resolve(root, dirname(document), path);
    if (relative(root, file).startsWith("..")) add(`${target} leaves the repository`);
    else if (!existsSync(file)) add(`${target} is not there`);
    else if (anchor !== undefined && file.endsWith(".md") && !anchorsOf(file).has(anchor)) {
      add(`${relative(root, file)} has no heading #${anchor}`);
    } else if (anchor !== undefined && statSync(file).isDirectory()) {
      add(`${target} points into a folder`);
    }
  }
  return problems;
}

/** The anchors that GitHub makes of a document's headings. */
function anchorsOf(file: string): Set<string> {
  const markdown = readFileSync(file, "utf8").replace(/^(```+)[\s\S]*?^\1/gm, "");
  const anchors = new Set<string>();
  for (const [, heading] of markdown.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    let unique = slug;
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`;
    anchors.add(unique);
  }
  for (const [, id] of markdown.matchAll(/\b(?:id|name)="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}

/** Each public package has a README, and a row with a link in both lists. */
function checkPackageLists(root: string): Problem[] {
  const problems: Problem[] = [];
  for (const { folder, manifest } of readWorkspace(root)) {
    if (manifest.private) continue;
    if (!existsSync(join(root, folder, "README.md"))) {
      problems.push({ rule: "README present", where: folder, what: "has no README.md" });
    }
    for (const list of ["README.md", "ARCHITECTURE.md"]) {
      const text = existsSync(join(root, list)) ? readFileSync(join(root, list), "utf8") : "";
      const row = text
        .split("\n")
        .some(
          (line) =>
            line.trimStart().startsWith("|") &&
            new RegExp(`\\]\\((\\./)?${folder}(/|/README\\.md)?(#[^)]*)?\\)`).test(line),
        );
      if (!row) {
        const what = `no table has a row that links ${folder} (${basename(folder)})`;
        problems.push({ rule: "packages listed", where: list, what });
      }
    }
  }
  return problems;
}

if (import.meta.main) {
  const root = dirname(import.meta.dirname);
  const listed = execFileSync(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
    { cwd: root, encoding: "utf8" },
  );
  const documents = listed
    .split("\0")
    .filter((path) => path !== "" && existsSync(join(root, path)));
  report(checkDocs(root, documents), `${documents.length} documents`, WHY);
}
