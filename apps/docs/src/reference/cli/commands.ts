/** The command line as the program itself defines it: the parser's own commands, arguments, options and help. */
import { builtModule } from "../shared/built.ts";

/** What is read of an option of commander's. */
interface ParserOption {
  readonly flags: string;
  readonly description: string;
  readonly defaultValue?: unknown;
  readonly argChoices?: readonly string[];
  readonly hidden: boolean;
}

/** What is read of a command of commander's. */
interface ParserCommand {
  readonly commands: readonly ParserCommand[];
  name(): string;
  usage(): string;
  description(): string;
  summary(): string;
  createHelp(): {
    visibleOptions(command: ParserCommand): readonly ParserOption[];
    visibleCommands(command: ParserCommand): readonly ParserCommand[];
  };
  readonly options: readonly ParserOption[];
  configureOutput(output: { writeOut(text: string): void }): void;
  outputHelp(): void;
  helpInformation(): string;
}

/** An option of a command. */
export interface CliOption {
  /** `-a, --allocator <name>` */
  readonly flags: string;
  readonly description: string;
  /** As the user would type it; empty if there is none. */
  readonly initial: string;
  readonly choices: readonly string[];
}

/** A part of the text that follows the options in a command's help. */
export interface HelpSection {
  /** Without its colon; empty for a paragraph. */
  readonly title: string;
  readonly lines: readonly string[];
}

/** A command, or the program as a whole. */
export interface CliCommand {
  /** `pyrena run` */
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly paragraphs: readonly string[];
  readonly options: readonly CliOption[];
  /** Flags that are accepted and handed on, and have no line of their own in the help. */
  readonly hiddenFlags: readonly string[];
  readonly sections: readonly HelpSection[];
}

/** All of the command line: the program first, then its commands. */
export async function cliCommands(): Promise<CliCommand[]> {
  const { createProgram } = await builtModule("@pyrena/cli", "program");
  const program = (createProgram as () => ParserCommand)();
  return [
    read(program, program.name()),
    ...program.commands.map((command) => read(command, `${program.name()} ${command.name()}`)),
  ];
}

/** Exit codes by name, such as `{ ok: 0 }`. */
export async function cliExitCodes(): Promise<Readonly<Record<string, number>>> {
  const { exitCodes } = await builtModule("@pyrena/cli", "exit-codes");
  return exitCodes as Readonly<Record<string, number>>;
}

function read(command: ParserCommand, name: string): CliCommand {
  return {
    name,
    usage: `${name} ${command.usage()}`,
    summary: command.summary(),
    paragraphs: command.description().split(/\n+/),
    options: command
      .createHelp()
      .visibleOptions(command)
      .map(({ flags, description, defaultValue, argChoices }) => ({
        flags,
        description,
        initial: defaultValue === undefined ? "" : String(defaultValue),
        choices: argChoices ?? [],
      })),
    hiddenFlags: command.options.filter(({ hidden }) => hidden).map(({ flags }) => flags),
    sections: sectionsOf(command),
  };
}

/** What a command's help says after the list of its options and commands. */
function sectionsOf(command: ParserCommand): HelpSection[] {
  let whole = "";
  command.configureOutput({
    writeOut: (text) => {
      whole += text;
    },
  });
  command.outputHelp();
  const after = whole.slice(command.helpInformation().length);
  return after
    .split(/\n\n+/)
    .map((block) => block.split("\n").filter((line) => line.trim() !== ""))
    .filter((lines) => lines.length > 0)
    .map(([first = "", ...rest]) =>
      /^[A-Z].*:$/.test(first)
        ? { title: first.slice(0, -1), lines: rest }
        : { title: "", lines: [first, ...rest] },
    );
}
