/** The command as one starts it. What it prints of a difference is tested in mutation.test.ts and shrink.test.ts. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "../src/main.ts");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function agree(...args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code = -1, stdout = "", stderr = "" } = error as Partial<Outcome>;
    return { code, stdout, stderr };
  }
}

const ONE = ["--oracle", "pyodide", "--python", "3.13"];

describe("pnpm agree", () => {
  it("runs programs in CPython and on Pyrena, and ends with 0 where none differs", {
    timeout: 60_000,
  }, async () => {
    const { code, stdout } = await agree(...ONE, "--programs", "20", "--seed", "5");
    expect(stdout).toMatch(/^3\.13-ilp32 \(.*\): 20 programs, 0 differ$/m);
    expect(code).toBe(0);
  });

  it("ends with 1 where one differs, with the smallest that does and how to see it again", {
    timeout: 60_000,
  }, async () => {
    const { code, stdout } = await agree(...ONE, "--as", "3.14", "--programs", "50");
    expect(code).toBe(1);
    const [, seed] = /the smallest, from seed (\d+)/.exec(stdout) ?? [];
    expect(stdout).toContain(
      `Again: pnpm agree --python 3.13 --oracle pyodide --programs 1 --seed ${seed} --as 3.14`,
    );
    const source = stdout.slice(stdout.indexOf("def main():"), stdout.indexOf("CPython (-)"));
    expect(source.trim().split("\n").length).toBeLessThan(12);
    expect(stdout).toMatch(/^ {2}- .*\n {2}\+ /m);
  });

  it("prints a program and both its logs", { timeout: 60_000 }, async () => {
    const { code, stdout } = await agree(...ONE, "--print", "--seed", "7");
    expect(stdout).toMatch(/^# 3\.13-ilp32 .*, seed 7$/m);
    expect(stdout).toContain("def main():");
    expect(stdout).toMatch(/^ {4}drop=g$/m);
    expect(code).toBe(0);
  });

  it.each([
    [["--programs", "few"], "--programs wants a whole number from 1 up, not 'few'"],
    [["--python", "2.7"], "--python knows 3."],
    [["--oracle", "delphi"], "--oracle is native or pyodide, not 'delphi'"],
    [["--frobnicate"], "'--frobnicate'"],
  ])("refuses %j with one line", async (args, message) => {
    const { code, stderr } = await agree(...args);
    expect(stderr).toMatch(/^agree: .*\n$/);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
