/** Runs the built command as a shell would. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const bin = join(import.meta.dirname, "../bin/pyrena.js");

/** How to run it. */
export interface ShellOptions {
  /** Standard input; none by default. */
  readonly input?: string | Uint8Array;
  /** Added to an environment without colours' variables and PYTHON*. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Send this signal once so much of stdout has come. */
  readonly interruptAfter?: string;
}

/** What a shell sees. */
export interface ShellResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An environment that makes results repeatable. */
export function environment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PYTHON|FORCE_COLOR$|NO_COLOR$|CI$|COLUMNS$|VITEST|NODE_OPTIONS$)/.test(name),
  );
  return { ...Object.fromEntries(inherited), ...added };
}

/** Run `pyrena` with these arguments. */
export function pyrena(args: readonly string[], options: ShellOptions = {}): Promise<ShellResult> {
  return shell(process.execPath, [bin, ...args], options);
}

/** Run a command line of `sh` in which `$PYRENA` is the command. */
export function sh(script: string, options: ShellOptions = {}): Promise<ShellResult> {
  const PYRENA = `"${process.execPath}" "${bin}"`;
  return shell("sh", ["-c", script.replaceAll("$PYRENA", PYRENA)], options);
}

/** Run a command. */
export function shell(
  command: string,
  args: readonly string[],
  { input, env, cwd, interruptAfter }: ShellOptions,
): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: environment(env), stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    let interrupted = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (interruptAfter !== undefined && !interrupted && stdout.includes(interruptAfter)) {
        interrupted = true;
        child.kill("SIGINT");
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    // A program that does not read its input closes it early.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}
