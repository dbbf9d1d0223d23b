import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pyrena, sh } from "./pyrena.ts";
import { temporaryFolder } from "./recordings.ts";

const folder = temporaryFolder();
writeFileSync(join(folder, "app.py"), "raise SystemExit('it must not run')\n");
writeFileSync(join(folder, "not-a-module.js"), "export default ]\n");
mkdirSync(join(folder, "directory"));

describe("help and version", () => {
  it("--help lists the commands, with examples and exit codes, on stdout", async () => {
    const { code, stdout, stderr } = await pyrena(["--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^Usage: pyrena /);
    for (const part of ["run ", "replay ", "heap ", "Examples:", "Exit codes:"])
      expect(stdout).toContain(part);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  it.each(["run", "replay", "heap"])(
    "of %s: --help and help are the same, with examples",
    async (name) => {
      const [direct, help] = await Promise.all([pyrena([name, "--help"]), pyrena(["help", name])]);
      expect(direct.code).toBe(0);
      expect(direct.stdout).toContain("Examples:");
      expect(help.stdout).toBe(direct.stdout);
      for (const line of direct.stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    },
  );

  it("--version prints the version of the package", async () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
    for (const flag of ["--version", "-V"]) {
      const { code, stdout } = await pyrena([flag]);
      expect([code, stdout]).toEqual([0, `${manifest.version}\n`]);
    }
  });

  it("no command at all shows the help on stderr and fails", async () => {
    const { code, stdout, stderr } = await pyrena([]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^Usage: pyrena /);
  });
});

describe("wrong usage is told in one line, with exit code 2", () => {
  it.each([
    [["ruin"], "unknown command 'ruin' (Did you mean run?)"],
    [["--nothing"], "unknown option '--nothing'"],
    [
      ["run", "--alocator", "malloc", "app.py"],
      "unknown option '--alocator' (Did you mean --allocator?)",
    ],
    [["run", "-Z", "app.py"], "unknown option '-Z'"],
    [
      ["run"],
      "nothing to run: give a SCRIPT, -c CODE, -m MODULE, or - for a program on standard input",
    ],
    [["run", "-c"], "option '-c <code>' argument missing"],
    [["run", "--json"], "option '--json <file>' argument missing"],
    [["run", "nothing.py"], "can't open file 'nothing.py': no such file"],
    [
      ["run", "--json", "-", "app.py"],
      "--json -: standard output is the program's: name a file, such as /dev/stderr",
    ],
    [["run", "--json", "directory", "app.py"], "--json directory: is a directory"],
    [["run", "--json", "no/such/file", "app.py"], "--json no/such/file: no such file"],
    [["run", "--allocator", "./nothing.js", "app.py"], "--allocator ./nothing.js: no such file"],
    [["run", "--allocator", "./directory", "app.py"], "--allocator ./directory: is not a file"],
    [["replay"], "missing required argument 'trace'"],
    [["replay", "--verfy", "x"], "unknown option '--verfy' (Did you mean --verify?)"],
    [["heap"], "missing required argument 'image'"],
    [["heap", "a", "b"], "too many arguments for 'heap'. Expected 1 argument but got 2."],
    [["heap", "--jsn", "x"], "unknown option '--jsn' (Did you mean --json?)"],
    [["heap", "directory"], "directory: is a directory, not an image"],
    ...["0x", "node", "0", "-8", "0x100000000", "12.5", "1e5"].map(
      (address): [string[], string] => [
        ["heap", "x", `--object=${address}`],
        `option '--object <address>' argument '${address}' is invalid. An address is a number such as 0x120050.`,
      ],
    ),
    [
      ["heap", "x", "--top", "many"],
      "option '--top <n>' argument 'many' is invalid. A whole number is needed.",
    ],
    [
      ["heap", "x", "--sort", "name"],
      "option '--sort <key>' argument 'name' is invalid. Allowed choices are bytes, count.",
    ],
    [["replay", "a", "b"], "too many arguments for 'replay'. Expected 1 argument but got 2."],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await pyrena(args, { cwd: folder });
    expect(stderr).toBe(`pyrena: ${message}\n`);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

it("a reader that leaves early is no failure", async () => {
  const { stderr } = await sh('{ $PYRENA help run; echo "exit code $?" >&2; } | true');
  expect(stderr).toBe("exit code 0\n");
});
