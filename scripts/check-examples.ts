/**
 * Runs every js and ts block of the root's README, where the CLI's packages are found, every
 * program in examples/objects and examples/gc, and every command that the README of examples/builders shows, so
 * that what a newcomer reads first does work. The READMEs of packages are tried by
 * check-package.ts.
 *
 * The programs of examples/builders run elsewhere, with the packed packages installed and nothing
 * else, on the Node that `npm test` was started with: so a machine with Node 20 tries Node 20.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execute, installInto, packedBelow, tarballOf } from "./empty-project.ts";
import { type Problem, report } from "./problems.ts";
import { codeBlocks, consoleExamples, firstMissing } from "./readme.ts";
import { readWorkspace } from "./workspace.ts";

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
const FOLDERS = ["examples/objects", "examples/gc"];
const programs = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".js"))
    .map((name) => `${folder}/${name}`),
);
for (const where of programs) {
  const { status, stderr } = spawnSync(process.execPath, [where], {
    cwd: ROOT,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) problems.push({ rule: "examples run", where, what: `fails:\n${stderr}` });
}
const builders = tryBuilders("examples/builders");
problems.push(...builders.problems);
report(
  problems,
  `${blocks.length} examples of ${FILE}, ${programs.length} programs of ${FOLDERS.join(" and ")}, ` +
    `${builders.commands} commands of examples/builders`,
  WHY,
);

/**
 * Runs the commands of a folder's README in a copy of the folder, into which the packages are installed as users get
 * them, and looks for the lines shown.
 */
function tryBuilders(folder: string): { commands: number; problems: Problem[] } {
  const found: Problem[] = [];
  const add = (line: number, what: string) =>
    found.push({ rule: "examples run", where: `${folder}/README.md:${line}`, what });
  const host = process.env["PYRENA_HOST_NODE"] ?? process.execPath;
  const PATH = [dirname(host), process.env["PATH"]].join(delimiter);
  const readme = readFileSync(join(ROOT, folder, "README.md"), "utf8");
  const consoles = codeBlocks(readme).filter(({ language }) => language === "console");
  const workspace = readWorkspace(ROOT);
  const pyrena = workspace.find(({ name }) => name === "pyrena")!;
  const project = mkdtempSync(join(tmpdir(), "pyrena-examples-"));
  let commands = 0;
  try {
    // Not what the programs have left there when somebody tried them.
    const filter = (path: string) => !/\.(image|graph)$/.test(path);
    cpSync(join(ROOT, folder), project, { recursive: true, filter });
    const dependencies = { pyrena: tarballOf(pyrena) };
    installInto(project, dependencies, packedBelow(workspace, pyrena.manifest));
    for (const { code, line } of consoles) {
      for (const { command, output } of consoleExamples(code)) {
        commands++;
        const ran = execute(project, "sh", ["-c", command], { PATH });
        const missing = firstMissing(output, ran.stdout);
        if (ran.code !== 0) add(line, `\`${command}\` fails:\n${ran.output}`);
        else if (missing !== undefined)
          add(line, `\`${command}\` does not print\n${missing}\nbut\n${ran.stdout}`);
        else if (ran.stderr !== "") add(line, `\`${command}\` complains:\n${ran.stderr}`);
      }
    }
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
  return { commands, problems: found };
}
