import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { sh } from "./pyrena.ts";
import { fragments } from "./recordings.ts";

// What makes a terminal out of a command: util-linux's, since others take other arguments.
const hasScript = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes(
  "util-linux",
);

/** Run a command line on a terminal of its own. */
const onTerminal = (command: string, env: Readonly<Record<string, string>>) =>
  sh(`script -qec '${command.replaceAll("'", `'\\''`)}' /dev/null < /dev/null`, {
    env: { TERM: "xterm", ...env },
  });

describe.skipIf(!hasScript)("on a terminal (needs script of util-linux)", () => {
  const command = `$PYRENA replay --verify '${fragments}'`;

  it("results are coloured, and the exit code is what it would be", async () => {
    const { code, stdout } = await onTerminal(command, {});
    const [, verdict = ""] = stdout.split("\u001b[32m");
    expect(verdict).toMatch(/^(\d+) of \1 addresses exact/);
    expect(code).toBe(0);
  });

  it.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("not with %j", async (env) => {
    const { stdout } = await onTerminal(command, env);
    expect(stdout).toMatch(/^(\d+) of \1 addresses exact/m);
    expect(stdout).not.toContain("\u001b");
  });

  it("a replay that is over within a second shows no progress bar", async () => {
    const { stdout } = await onTerminal(command, {});
    expect(stdout).not.toContain("replaying");
  });
});
