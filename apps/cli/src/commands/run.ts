/** `pyrena run`: run a Python program, then say where its memory is. */
import { accessSync, constants, realpathSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { PyrenaError, profiles } from "@pyrena/abi";
import { debugMallocStats } from "@pyrena/stats";
import { Command } from "commander";
import { CliError, describeFileError, oneLine } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import {
  type AllocatorChoice,
  type PythonProgram,
  type RunPythonResult,
  type RunTelemetry,
  runPython,
} from "../python/index.ts";
import { renderReport } from "../report/render.ts";
import type { RunReport } from "../report/run-report.ts";
import { summarizeRun } from "../report/summarize.ts";
import { colorsFor } from "../terminal.ts";

// One line a paragraph: commander breaks them to the width of the terminal.
const DESCRIPTION = [
  "Run a Python program as 'python' would, on Pyrena's allocator, and say afterwards where its memory is.",
  "",
  "The program is a SCRIPT, CODE, a MODULE, or - for a program on standard input. What follows it is the program's own, and so is the exit code. The report goes to stderr.",
].join("\n");

const HELP_AFTER = `
Python's own switches -b -B -E -I -O -OO -P -s -S -u -v -W FILTER -X OPTION go
to the interpreter. PYTHON* variables work as usual.

Allocators:
  pymalloc, malloc     CPython's own for small objects; the C library's for all
  pymalloc_debug, malloc_debug, debug
                       the same with CPython's debug hooks around them
  ./module.js          yours: the module's default export is a function
                       (next, { memory, domain }) => PyMemAllocatorEx

Examples:
  $ pyrena run app.py --port 8000        --port is for app.py
  $ pyrena run -a malloc -m mypackage    the same program on another allocator
  $ pyrena run -q --json memory.json -c 'import asyncio'
  $ pyrena run --allocator ./counting.js app.py`;

/** Python's switches that are passed on. Those with a value are followed by it or have it attached. */
const plainSwitches = ["b", "B", "E", "I", "O", "P", "s", "S", "u", "v"] as const;
const valueSwitches = ["W", "X"] as const;

/** Exit codes above this stand for a signal: `os.abort()`, or Ctrl-C of a program that does not listen. */
const SIGNALED = 128;

/** The options as the parser gives them. */
interface RunFlags {
  readonly c?: string;
  readonly m?: string;
  readonly allocator?: string;
  readonly stats?: boolean;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** The command. */
export function runCommand(): Command {
  const interpreterOptions: string[] = [];
  const command = new Command("run")
    .summary("run a Python program, then say where its memory is")
    .description(DESCRIPTION)
    .usage("[options] SCRIPT | -c CODE | -m MODULE | -  [ARGS…]")
    .argument("[script]")
    .argument("[args...]")
    .passThroughOptions()
    .option("-c <code>", "run this code; ends the options")
    .option("-m <module>", "run a module as a script; ends the options")
    .option(
      "-a, --allocator <name>",
      "what serves the program's memory, see below (default: PYTHONMALLOC, else pymalloc)",
    )
    .option("--stats", "print what sys._debugmallocstats() would at the end, on stderr")
    .option("--json <file>", "write all figures to a file, as one JSON object")
    .option("-q, --quiet", "no report")
    .helpOption("-h, --help", "print help and exit")
    .addHelpText("after", HELP_AFTER)
    .action(async (program: string | undefined, args: string[], flags: RunFlags) => {
      await run(program, args, flags, interpreterOptions);
    });
  for (const letter of plainSwitches) {
    command.addOption(command.createOption(`-${letter}`).hideHelp());
    command.on(`option:${letter}`, () => interpreterOptions.push(`-${letter}`));
  }
  for (const letter of valueSwitches) {
    command.addOption(command.createOption(`-${letter} <value>`).hideHelp());
    command.on(`option:${letter}`, (value: string) => interpreterOptions.push(`-${letter}`, value));
  }
  return command;
}

/**
 * In python, `-c CODE` and `-m MODULE` end the options: whatever follows is the program's. Says so to the parser, by a
 * `--` behind them.
 */
export function splitProgramArguments(command: Command, args: readonly string[]): string[] {
  const takesValue = (flag: string): boolean =>
    command.options.find((option) => option.short === flag || option.long === flag)?.required ===
    true;
  for (let n = 0; n < args.length; n++) {
    const arg = args[n];
    // The program, or nothing of ours any more.
    if (arg === "--" || arg === "-" || !arg.startsWith("-")) break;
    if (arg.startsWith("--")) {
      if (!arg.includes("=") && takesValue(arg)) n++;
      continue;
    }
    // A cluster of short options, such as `-qc`: the first that takes a value takes the rest, or the next argument.
    const letter = [...arg.slice(1)].findIndex((character) => takesValue(`-${character}`)) + 1;
    if (letter === 0) continue;
    if (letter === arg.length - 1) n++;
    // The value is missing: the parser will say so.
    if (n === args.length) break;
    if (arg[letter] === "c" || arg[letter] === "m") {
      return [...args.slice(0, n + 1), "--", ...args.slice(n + 1)];
    }
  }
  return [...args];
}

async function run(
  first: string | undefined,
  rest: readonly string[],
  flags: RunFlags,
  interpreterOptions: readonly string[],
): Promise<void> {
  const { program, args } = chooseProgram(first, rest, flags);
  const allocator = flags.allocator === undefined ? undefined : chooseAllocator(flags.allocator);
  const jsonFile = flags.json === undefined ? undefined : prepareJsonFile(flags.json);

  let result: RunPythonResult;
  try {
    result = await runPython({
      program,
      args,
      interpreterOptions,
      ...(allocator === undefined ? {} : { allocator }),
    });
  } catch (error) {
    throw explainStartFailure(error, allocator);
  }

  const { exitCode, telemetry } = result;
  process.exitCode = exitCode;
  if (telemetry === undefined) {
    if (flags.json !== undefined) {
      process.stderr.write(
        `pyrena: --json ${flags.json}: not written: no program ran to its end\n`,
      );
    } else if (!flags.quiet && exitCode > SIGNALED) {
      process.stderr.write("pyrena: the program was cut off, so there is no report\n");
    }
    return;
  }
  if (flags.stats) process.stderr.write(statsText(telemetry));
  const report = summarizeRun(program, args, exitCode, telemetry);
  if (!flags.quiet) {
    process.stderr.write(
      renderReport(report, colorsFor(process.stderr, process.env), process.stderr.columns),
    );
  }
  if (jsonFile !== undefined) writeJsonFile(jsonFile, report);
}

/** What to run, and `sys.argv[1:]`. */
function chooseProgram(
  first: string | undefined,
  rest: readonly string[],
  flags: RunFlags,
): { program: PythonProgram; args: readonly string[] } {
  if (flags.c !== undefined || flags.m !== undefined) {
    const args = first === undefined ? [] : [first, ...rest];
    return flags.c === undefined
      ? { program: { kind: "module", name: flags.m ?? "" }, args }
      : { program: { kind: "command", code: flags.c }, args };
  }
  if (first === undefined) {
    throw new CliError(
      "nothing to run: give a SCRIPT, -c CODE, -m MODULE, or - for a program on standard input",
    );
  }
  if (first === "-") return { program: { kind: "stdin" }, args: rest };
  try {
    accessSync(first, constants.R_OK);
  } catch (error) {
    throw new CliError(`can't open file '${first}': ${describeFileError(error)}`);
  }
  return { program: { kind: "script", path: first }, args: rest };
}

/** A name as in `PYTHONMALLOC`, or a module if it looks like a file. */
export function chooseAllocator(value: string): AllocatorChoice {
  if (!/[/\\]|\.[cm]?[jt]s$/.test(value)) return { kind: "name", name: value };
  try {
    if (!statSync(value).isFile()) throw new CliError(`--allocator ${value}: is not a file`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`--allocator ${value}: ${describeFileError(error)}`);
  }
  return { kind: "module", path: value };
}

/** What `sys._debugmallocstats()` would print, or why there is nothing to print. */
function statsText(telemetry: RunTelemetry): string {
  const { atEnd, allocator } = telemetry;
  const profile = profiles.find(({ name }) => name === telemetry.profile);
  if (atEnd === undefined || profile === undefined) {
    return `pyrena: --stats: nothing to show of the allocator ${allocator.name}\n`;
  }
  return debugMallocStats(atEnd, { profile });
}

/** Find out before a long run, not after it, that its figures could not be written. */
function prepareJsonFile(file: string): string {
  if (file === "-") {
    throw new CliError(
      "--json -: standard output is the program's: name a file, such as /dev/stderr",
    );
  }
  const path = resolve(file);
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) {
      accessSync(dirname(path), constants.W_OK);
    } else if (statSync(path).isDirectory()) {
      throw new CliError(`--json ${file}: is a directory`);
    } else {
      accessSync(path, constants.W_OK);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`--json ${file}: ${describeFileError(error)}`);
  }
  return path;
}

function writeJsonFile(path: string, report: RunReport): void {
  try {
    writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  } catch (error) {
    process.stderr.write(`pyrena: --json ${path}: ${describeFileError(error)}\n`);
    // The program's own failure is the more important one.
    process.exitCode ||= exitCodes.usage;
  }
}

/** An error from before the program's start, in terms of what the user typed. */
function explainStartFailure(error: unknown, allocator: AllocatorChoice | undefined): unknown {
  if (!(error instanceof Error)) return error;
  const message = oneLine(error.message);
  if (error instanceof PyrenaError) {
    if (allocator?.kind !== "name") return new CliError(message);
    return new CliError(message.replace(/^PYTHONMALLOC(=\S+)?:/, `--allocator ${allocator.name}:`));
  }
  if (allocator?.kind !== "module") return error;
  // Anything else that goes wrong with a module of the user's is the module's doing.
  const url = pathToFileURL(realpathSync(allocator.path)).href;
  const what = error.stack?.includes(url) ? "it threw" : "Python could not start on it";
  return new CliError(`--allocator ${allocator.path}: ${what}: ${message}`);
}
