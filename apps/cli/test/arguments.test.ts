import { describe, expect, it } from "vitest";
import { chooseAllocator, runCommand, splitProgramArguments } from "../src/commands/run.ts";
import { CliError } from "../src/errors.ts";

/** The arguments with a `--` where the program's own begin, if `-c` or `-m` say so. */
const split = (...args: string[]): string => splitProgramArguments(runCommand(), args).join(" ");

describe("what belongs to the program", () => {
  it.each([
    [["-c", "CODE", "-q", "x"], "-c CODE -- -q x"],
    [["-c", "CODE", "--", "-q"], "-c CODE -- -- -q"],
    [["-c", "CODE"], "-c CODE --"],
    [["-cCODE", "-q"], "-cCODE -- -q"],
    [["-m", "mod", "--json", "x"], "-m mod -- --json x"],
    [["-mmod", "--stats"], "-mmod -- --stats"],
    [["-q", "-c", "-m", "-m"], "-q -c -m -- -m"],
    [["-qc", "CODE", "-c"], "-qc CODE -- -c"],
    [["-qcCODE", "-c"], "-qcCODE -- -c"],
    [["-Oc", "CODE", "-c"], "-Oc CODE -- -c"],
    [["--json", "-c", "-c", "CODE", "z"], "--json -c -c CODE -- z"],
    [["--json=f", "-c", "CODE", "z"], "--json=f -c CODE -- z"],
    [["-W", "error", "-X", "dev", "-c", "CODE", "z"], "-W error -X dev -c CODE -- z"],
    [["-Werror", "-c", "CODE", "z"], "-Werror -c CODE -- z"],
    // The value of -X, not the option -c.
    [["-X", "-c", "app.py", "-c"], "-X -c app.py -c"],
    [["-Xc", "app.py", "-c", "y"], "-Xc app.py -c y"],
  ])("after -c and -m is everything: %j", (args, expected) => {
    expect(split(...args)).toBe(expected);
  });

  it.each([
    [["app.py", "-c", "x"]],
    [["-", "-c", "x"]],
    [["--", "app.py", "-m", "x"]],
    [["-q", "--stats", "app.py", "-m", "x"]],
    [["--allocator", "malloc", "app.py", "-c", "y"]],
    [["--no-such-option", "app.py"]],
    [[]],
  ])("after a script is left to the parser: %j", (args) => {
    expect(split(...args)).toBe(args.join(" "));
  });
});

describe("--allocator", () => {
  it("is a name unless it looks like a file", () => {
    expect(chooseAllocator("pymalloc_debug")).toEqual({ kind: "name", name: "pymalloc_debug" });
    expect(chooseAllocator("")).toEqual({ kind: "name", name: "" });
    const here = import.meta.filename;
    expect(chooseAllocator(here)).toEqual({ kind: "module", path: here });
  });

  it.each(["./nothing.js", "nothing.mjs", "some/nothing"])("%s must be there", (path) => {
    expect(() => chooseAllocator(path)).toThrow(new CliError(`--allocator ${path}: no such file`));
  });

  it("must be a file if it is a path", () => {
    expect(() => chooseAllocator("./")).toThrow(/^--allocator \.\/: is not a file$/);
  });
});
