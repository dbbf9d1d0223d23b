/**
 * Runs every js and ts block of the root's README, where the CLI's packages are found, every
 * program in examples/objects and examples/gc, and every command that the README of examples/builders shows, so
 * that what a newcomer reads first does work. The READMEs of packages are tried by
 * check-package.ts.
 *
 * The programs of examples/builders run on the Node that `npm test` was started with, so that a
 * machine with Node 20 tries Node 20.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { type Problem, report } from "./problems.ts";
import { codeBlocks, consoleExamples, firstMissing } from "./readme.ts";

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

/** Runs the commands of a folder's README in an empty folder that leads there, and looks for the lines shown. */
function tryBuilders(folder: string): { commands: number; problems: Problem[] } {
  const host = process.env["PYRENA_HOST_NODE"] ?? process.execPath;
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: "1" };
  env["PATH"] = [dirname(host), process.env["PATH"]].join(delimiter);
  const readme = readFileSync(join(ROOT, folder, "README.md"), "utf8");
  const consoles = codeBlocks(readme).filter(({ language }) => language === "console");
  const found: Problem[] = [];
  let commands = 0;
  const place = mkdtempSync(join(tmpdir(), "pyrena-examples-"));
  try {
    for (const name of readdirSync(join(ROOT, folder)))
      symlinkSync(join(ROOT, folder, name), join(place, name));
    for (const { code, line } of consoles) {
      for (const { command, output } of consoleExamples(code)) {
        commands++;
        const options = { cwd: place, env, encoding: "utf8", timeout: 120_000 } as const;
        const { status, stdout, stderr } = spawnSync("sh", ["-c", command], options);
        const missing = status === 0 ? firstMissing(output, stdout) : undefined;
        const problem = (what: string) =>
          found.push({ rule: "examples run", where: `${folder}/README.md:${line}`, what });
        if (status !== 0) problem(`\`${command}\` fails:\n${stdout}${stderr}`);
        else if (missing !== undefined)
          problem(`\`${command}\` does not print\n${missing}\nbut\n${stdout}`);
        else if (stderr !== "") problem(`\`${command}\` complains:\n${stderr}`);
      }
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return { commands, problems: found };
}
