/** The command line as a whole: what all commands share. */
import { Command } from "commander";
import { heapCommand } from "./commands/heap.ts";
import { replayCommand } from "./commands/replay.ts";
import { runCommand, splitProgramArguments } from "./commands/run.ts";
import { oneLine } from "./errors.ts";
import { version } from "./version.ts";

const HELP_AFTER = `
Examples:
  $ pyrena run app.py                      run a program, then say where its
                                           memory is
  $ pyrena replay recording.pyrt --verify  check every address of a recording
  $ pyrena heap app.image                  what a saved heap holds

Exit codes:
  0    all well
  1    'replay --verify' found a difference
  2    wrong usage, or input that can't be read
  130  interrupted
  'pyrena run' ends with the exit code of the program that it ran.`;

/** The command line. */
export function createProgram(): Command {
  const program = new Command("pyrena")
    .description(
      "CPython's memory manager, rebuilt: run Python programs on it, and see their memory.",
    )
    .version(version, "-V, --version", "print the version and exit")
    .helpOption("-h, --help", "print help and exit")
    .helpCommand("help [command]", "print help on a command and exit")
    .addHelpText("after", HELP_AFTER)
    // What follows a command is its own, so that `pyrena run app.py --version` asks app.py for its version.
    .enablePositionalOptions();
  for (const command of [runCommand(), replayCommand(), heapCommand()]) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: false })
      .configureOutput({
        outputError: (text, write) => write(`pyrena: ${oneLine(text)}\n`),
      });
  }
  return program;
}

/** The arguments of `pyrena`, so marked that the parser leaves alone what belongs to the Python program. */
export function markProgramArguments(program: Command, args: readonly string[]): string[] {
  const [name, ...rest] = args;
  const run = program.commands.find((command) => command.name() === "run");
  if (run === undefined || name !== run.name()) return [...args];
  return [name, ...splitProgramArguments(run, rest)];
}
