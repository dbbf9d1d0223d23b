/** Runs the built command as a shell would. */
import { spawn } from "node:child_process";
import { join } from "node:path";

/**
 * A command that takes so long, in milliseconds, hangs: it is ended, and what it has printed is told. Starting
 * interpreters takes its time on a machine that is busy otherwise.
 */
export const PATIENCE = 100_000;

/** The same after Ctrl-C, when there is nothing left to be started. */
const PATIENCE_AFTER_INTERRUPT = 60_000;

/**
 * Node and the command. The interpreter's WebAssembly is compiled quickly and not once more for speed: most of these
 * programs end before that would pay.
 */
const COMMAND = [
  process.execPath,
  "--liftoff-only",
  join(import.meta.dirname, "../bin/pyrena.js"),
] as const;

/** How to run it. */
export interface ShellOptions {
  /** Standard input; none by default. */
  readonly input?: string | Uint8Array;
  /** After `input` nothing more comes, and yet it does not end. */
  readonly inputStaysOpen?: boolean;
  /** Added to an environment without colours' variables and PYTHON*. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Send SIGINT each time that this has come on stdout. */
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
  const [node, ...rest] = COMMAND;
  return shell(node, [...rest, ...args], options);
}

/** Run a command line of `sh` in which `$PYRENA` is the command. */
export function sh(script: string, options: ShellOptions = {}): Promise<ShellResult> {
  const PYRENA = COMMAND.map((word) => `"${word}"`).join(" ");
  return shell("sh", ["-c", script.replaceAll("$PYRENA", PYRENA)], options);
}

/**
 * Run a command.
 * @throws Error if it hangs
 */
export function shell(
  command: string,
  args: readonly string[],
  { input, inputStaysOpen, env, cwd, interruptAfter }: ShellOptions,
): Promise<ShellResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: environment(env), stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    let interrupts = 0;
    const hangs = (): void => {
      child.kill("SIGKILL");
      const when = interrupts > 0 ? `after SIGINT number ${interrupts}` : "from its start";
      const printed = `It has printed ${JSON.stringify({ stdout, stderr }, undefined, 2)}`;
      reject(new Error(`the command hangs ${when}: ${[command, ...args].join(" ")}\n${printed}`));
    };
    let deadline = setTimeout(hangs, PATIENCE);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (interruptAfter === undefined) return;
      for (let due = stdout.split(interruptAfter).length - 1; interrupts < due; interrupts++) {
        clearTimeout(deadline);
        deadline = setTimeout(hangs, PATIENCE_AFTER_INTERRUPT);
        child.kill("SIGINT");
      }
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(deadline);
      resolve({ code, signal, stdout, stderr });
    });
    // A program that does not read its input closes it early.
    child.stdin.on("error", () => {});
    if (input !== undefined) child.stdin.write(input);
    if (!inputStaysOpen) child.stdin.end();
  });
}
