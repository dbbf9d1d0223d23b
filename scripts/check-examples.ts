/**
 * Runs every js and ts block of the root's README, where the CLI's packages are found, and every
 * program in examples/objects, so that what a newcomer reads first does work. The READMEs of
 * packages are tried by check-package.ts.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Problem, report } from "./problems.ts";
import { codeBlocks } from "./readme.ts";

const ROOT = dirname(import.meta.dirname);
const FILE = "README.md";

const WHY: Readonly<Record<string, string>> = {
  "examples run": "the README's code is the first that anyone copies.",
};

const blocks = codeBlocks(readFileSync(join(ROOT, FILE), "utf8")).filter(({ language }) =>
  /^(js|mjs|ts|mts)$/.test(language),
);
const problems = blocks.flatMap(({ code, line }): Problem[] => {
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-"], {
    cwd: join(ROOT, "apps", "cli"),
    input: code,
    encoding: "utf8",
    timeout: 60_000,
  });
  const where = `${FILE}:${line}`;
  return status === 0 ? [] : [{ rule: "examples run", where, what: `fails:\n${stderr}` }];
});
const FOLDER = "examples/objects";
const programs = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith(".js"));
for (const name of programs) {
  const { status, stderr } = spawnSync(process.execPath, [join(FOLDER, name)], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) {
    problems.push({ rule: "examples run", where: `${FOLDER}/${name}`, what: `fails:\n${stderr}` });
  }
}
report(
  problems,
  `${blocks.length} examples of ${FILE}, ${programs.length} programs of ${FOLDER}`,
  WHY,
);
