import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RunReport } from "../src/report/run-report.ts";
import { PATIENCE, pyrena, sh } from "./pyrena.ts";
import { temporaryFolder } from "./recordings.ts";

/** Several interpreters start at once here, on a machine that may be busy otherwise. In milliseconds. */
const TIMEOUT = PATIENCE + 20_000;

const examples = join(import.meta.dirname, "../../../examples");

/** A folder with these files, gone after the test. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** The lines of a report with every figure as `#`, without those that depend on how full an arena happens to be. */
function withoutFigures(text: string): string[] {
  return text
    .replace(/pyrena: .*cache_that_stays/, "pyrena: cache_that_stays")
    .replace(/\b(is|are)\b/g, "are")
    .replace(/[\d.,]*\d( (KiB|MiB|bytes|m?s)\b)?/g, "#")
    .replace(/ +/g, " ")
    .split("\n")
    .filter((line) => !line.startsWith(" # more are"));
}

describe.concurrent("the report", { timeout: TIMEOUT }, () => {
  it("tells the story of the cache that stays, with the figures that --json writes", async () => {
    const folder = temporaryFolder();
    const json = join(folder, "memory.json");
    const script = join(examples, "cache_that_stays.py");
    const { code, stdout, stderr } = await pyrena(["run", "--json", json, script]);
    expect(stdout).toBe(
      [
        "40,000 sessions in the cache, 400 tokens in the audit log",
        "cache cleared: 0 sessions left, and the last record is gone",
        "all that the service still holds is its audit log: 34.8 KiB",
        "",
      ].join("\n"),
    );
    expect(code).toBe(0);
    const report: RunReport = JSON.parse(readFileSync(json, "utf8"));
    expect(report).toMatchObject({
      schema: "pyrena-run",
      version: 1,
      program: { kind: "script", name: script, args: [] },
      exitCode: 0,
      allocator: { name: "pymalloc", custom: false, installedAtEnd: true },
      problems: [],
    });

    const { end, peak, groups, packedArenas, arenaBytes, sizeClasses, taken, givenBack } =
      report.arenas!;
    expect(end.liveBytes + end.freeBytes + end.lostBytes).toBe(end.heldBytes);
    expect(end.heldBytes).toBe(end.arenas * arenaBytes);
    expect(taken - givenBack).toBe(end.arenas);
    expect(peak.heldBytes).toBeGreaterThanOrEqual(end.heldBytes);
    // The cache filled the arenas; hardly anything is left, and yet nearly all arenas stay.
    expect(peak.liveBytes).toBeGreaterThan(0.9 * peak.heldBytes);
    expect(end.liveBytes).toBeLessThan(0.1 * end.heldBytes);
    expect(end.arenas).toBeGreaterThan(0.9 * (peak.heldBytes / arenaBytes));
    const [nearlyEmpty] = groups;
    expect(nearlyEmpty.fullness).toBe("nearlyEmpty");
    expect(nearlyEmpty.arenas).toBeGreaterThan(0.9 * end.arenas);
    expect(packedArenas).toBeLessThan(0.1 * end.arenas);
    // The tokens: strings of 64 characters.
    expect(sizeClasses[0].pools).toBeGreaterThan(10 * sizeClasses[0].packedPools);
    expect(sizeClasses[0].liveBlocks).toBeGreaterThanOrEqual(400);

    const number = (n: number) => n.toLocaleString("en-US");
    expect(stderr).toContain(
      `${number(nearlyEmpty.arenas)} of ${number(end.arenas)} arenas are nearly empty, but kept by ` +
        `${number(nearlyEmpty.liveBlocks)} blocks in ${number(nearlyEmpty.pools)} pools, `,
    );
    expect(stderr).toMatch(/^ +at the end +[\d,]+ /m);
    expect(stderr.split("\n").length).toBeLessThanOrEqual(32);
    expect(stderr).not.toContain("\u001b");

    const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
    const [, shown] = /```text\n(pyrena: examples[\s\S]*?)```/.exec(readme) ?? [];
    const lines = withoutFigures(stderr);
    for (const line of withoutFigures(shown)) expect(lines).toContain(line);
  });

  it("is left out with --quiet, coloured with FORCE_COLOR, and written for a module, too", async () => {
    const folder = folderWith({
      "package/__init__.py": "",
      "package/__main__.py": "print('main')",
    });
    const [quiet, colored] = await Promise.all([
      pyrena(["run", "--quiet", "-m", "package"], { cwd: folder }),
      pyrena(["run", "-m", "package"], { cwd: folder, env: { FORCE_COLOR: "1" } }),
    ]);
    expect(quiet).toMatchObject({ code: 0, stdout: "main\n", stderr: "" });
    expect(colored.stdout).toBe("main\n");
    expect(colored.stderr).toContain("\u001b[1mpyrena: -m package\u001b[22m");
  });

  it("--stats prints the text of sys._debugmallocstats() before it", async () => {
    const { stderr, stdout } = await pyrena(["run", "--stats", "-c", "pass"]);
    expect(stdout).toBe("");
    const [stats, report] = stderr.split("\npyrena: ");
    expect(stats).toMatch(/^Small block threshold = 512, in 64 size classes\.\n/);
    expect(stats).toMatch(/^# arenas allocated current +=/m);
    const [, arenas] = /^([\d,]+) arenas \* 262144 bytes\/arena/m.exec(stats) ?? [];
    expect(report).toMatch(new RegExp(`^ +at the end +${arenas} `, "m"));
  });
});

describe.concurrent("the program", { timeout: TIMEOUT }, () => {
  it("has its own arguments, input, output and exit code", async () => {
    const code = "import sys; print(sys.argv, sys.stdin.read()); sys.exit(7)";
    const run = await pyrena(["run", "-q", "-c", code, "--stats", "--", "-x"], { input: "in" });
    expect(run).toEqual({
      code: 7,
      signal: null,
      stdout: "['-c', '--stats', '--', '-x'] in\n",
      stderr: "",
    });
  });

  it("fails with its own traceback, and the report comes after it", async () => {
    const folder = folderWith({
      "app.py": "import helper\nhelper.go()\n",
      "helper.py": "def go():\n    1 / 0\n",
    });
    const { code, stdout, stderr } = await pyrena(["run", "app.py"], { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^Traceback \(most recent call last\):\n/);
    const report = stderr.indexOf("pyrena: app.py ended with exit code 1");
    expect(report).toBeGreaterThan(stderr.indexOf("ZeroDivisionError: division by zero"));
  });

  it("can come on standard input, and its output goes through pipes clean", async () => {
    const { stdout } = await sh("echo 'print(6 * 7)' | $PYRENA run - 2>/dev/null | tr 4 5");
    expect(stdout).toBe("52\n");
  });

  it("gets Python's switches", async () => {
    const code =
      "import sys; print(sys.flags.optimize, sys.warnoptions, sys.flags.dont_write_bytecode)";
    const { stdout } = await pyrena(["run", "-q", "-OO", "-W", "error", "-Bc", code]);
    expect(stdout).toBe("2 ['error'] 1\n");
  });

  it("is interrupted by Ctrl-C as python is, with exit code 130", async () => {
    const code = "print('ready', flush=True)\nwhile True: pass";
    const { code: exit, stderr } = await pyrena(["run", "-c", code], { interruptAfter: "ready" });
    expect(stderr).toContain("KeyboardInterrupt");
    expect(stderr).toContain("pyrena: -c ended with exit code 130");
    expect(exit).toBe(130);
  });
});

describe.concurrent("the allocator", { timeout: TIMEOUT }, () => {
  it("malloc has no arenas to speak of", async () => {
    const { code, stderr } = await pyrena([
      "run",
      "--allocator",
      "malloc",
      "--stats",
      "-c",
      "pass",
    ]);
    expect(stderr).toContain("allocator malloc\n");
    expect(stderr).not.toContain("arenas stay");
    expect(code).toBe(0);
  });

  it("is taken from PYTHONMALLOC, over which --allocator wins", async () => {
    const [fromEnv, fromOption] = await Promise.all([
      pyrena(["run", "-c", "pass"], { env: { PYTHONMALLOC: "pymalloc_debug" } }),
      pyrena(["run", "--allocator", "malloc", "-c", "pass"], { env: { PYTHONMALLOC: "debug" } }),
    ]);
    expect(fromEnv.stderr).toContain("allocator pymalloc_debug\n");
    expect(fromOption.stderr).toContain("allocator malloc\n");
  });

  it("can be a module of one's own", async () => {
    const path = join(examples, "allocators/counting.js");
    const { code, stdout, stderr } = await pyrena([
      "run",
      "-a",
      path,
      "-c",
      "print(list(range(5)))",
    ]);
    expect(stdout).toBe("[0, 1, 2, 3, 4]\n");
    expect(stderr).toContain(path);
    expect(code).toBe(0);
  });

  it.each([
    [
      "an unknown name",
      ["--allocator", "tcmalloc"],
      {},
      /^--allocator tcmalloc: unknown allocator 'tcmalloc' .*use one of default, debug, malloc, .*$/,
    ],
    [
      "an unknown name in the environment",
      [],
      { PYTHONMALLOC: "tcmalloc" },
      /^PYTHONMALLOC: unknown allocator 'tcmalloc' /,
    ],
    [
      "one that is not built in",
      ["--allocator", "mimalloc"],
      {},
      /^--allocator mimalloc: mimalloc is not built in here/,
    ],
    ["a module that exports nothing", ["--allocator", "./nothing.js"], {}, /nothing\.js/],
    ["a module that exports no function", ["--allocator", "./number.js"], {}, /number\.js/],
    ["a module that does not parse", ["--allocator", "./syntax.js"], {}, /syntax\.js/],
    ["a module that throws", ["--allocator", "./throws.js"], {}, /throws\.js.*out of order/],
    [
      "a factory that throws",
      ["--allocator", "./factory.js"],
      {},
      /^--allocator \.\/factory\.js: it threw: not today$/,
    ],
    [
      "a factory that returns garbage",
      ["--allocator", "./garbage.js"],
      {},
      /garbage\.js.*missing functions? malloc, calloc, realloc, free/,
    ],
  ])("%s is told in one line, with exit code 2", async (_, options, env, message) => {
    const folder = folderWith({
      "package.json": '{ "type": "module" }',
      "nothing.js": "",
      "number.js": "export default 5",
      "syntax.js": "export default ]",
      "throws.js": "throw new Error('out of order')",
      "factory.js": "export default () => { throw new Error('not today') }",
      "garbage.js": "export default () => 'garbage'",
    });
    const args = ["run", ...options, "-c", "print('it ran')"];
    const { code, stdout, stderr } = await pyrena(args, { cwd: folder, env });
    expect(stderr).toMatch(/^pyrena: [^\n]+\n$/);
    expect(stderr.slice("pyrena: ".length, -1)).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});
