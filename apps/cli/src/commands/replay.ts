/** `pyrena replay`: replay a recording on Pyrena's allocators, and check every address. */
import { createReadStream, type Stats, statSync } from "node:fs";
import process from "node:process";
import { type Profile, PyrenaError, profileFor } from "@pyrena/abi";
import { openTrace, type ReplayResult, replay, type TraceHeader } from "@pyrena/trace";
import { Command } from "commander";
import { CliError, describeFileError, oneLine } from "../errors.ts";
import { exitCodes } from "../exit-codes.ts";
import { createProgress } from "../progress.ts";
import { renderReplay } from "../replay/render.ts";
import { type ReplayReport, replayReport } from "../replay/replay-report.ts";
import { colorsFor } from "../terminal.ts";

// One line a paragraph: commander breaks them to the width of the terminal.
const DESCRIPTION = [
  "Replay a recording of a CPython process on Pyrena's allocators.",
  "",
  "TRACE is a .pyrt file, plain, gzip or zstd, or - for standard input. A recording that is cut off is replayed as far as it goes.",
].join("\n");

const HELP_AFTER = `
Exit codes:
  0  replayed; with --verify: every address is the recorded one
  1  --verify found a difference
  2  wrong usage, a trace that can't be read, or nothing in it to verify

Examples:
  $ pyrena replay app.pyrt.gz --verify
  $ pyrena replay app.pyrt.gz --profile 3.8    what CPython 3.8 would have done
  $ pyrena replay app.pyrt.gz --json | jq .peakArenaBytes`;

interface ReplayFlags {
  readonly verify?: boolean;
  readonly profile?: string;
  readonly json?: boolean;
}

/** The command. */
export function replayCommand(): Command {
  return new Command("replay")
    .summary("replay a recording, and check every address")
    .description(DESCRIPTION)
    .usage("[options] TRACE")
    .argument("<trace>")
    .option("--verify", "compare the address of every small block with the recording")
    .option(
      "--profile <version>",
      "the CPython to replay as, such as 3.13 (default: the recorded one)",
    )
    .option("--json", "print all figures as one JSON object on stdout; implies --verify")
    .helpOption("-h, --help", "print help and exit")
    .addHelpText("after", HELP_AFTER)
    .action(replayTrace);
}

async function replayTrace(path: string, flags: ReplayFlags): Promise<void> {
  const verify = flags.verify === true || flags.json === true;
  let report: ReplayReport;
  try {
    report = await replayFile(path, verify, flags.profile);
  } catch (error) {
    throw explainFailure(error, path);
  }
  const { stdout, stderr, env } = process;
  process.exitCode = exitCodeOf(report, verify);
  if (report.cutOff) {
    stderr.write(
      `pyrena: ${path}: the recording is cut off; its ${report.records} complete records were used\n`,
    );
  }
  if (flags.json) stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else stdout.write(renderReplay(report, verify, colorsFor(stdout, env)));
}

async function replayFile(
  path: string,
  verify: boolean,
  profileName: string | undefined,
): Promise<ReplayReport> {
  const { source, bytes } = openFile(path);
  const progress = createProgress(process.stderr, process.env, "replaying", bytes);
  const startedAt = performance.now();
  let header: TraceHeader;
  let result: ReplayResult;
  try {
    const reader = await openTrace(source);
    header = reader.header;
    result = await replay(reader, {
      verify,
      profile: profileName === undefined ? undefined : chooseProfile(profileName, header),
      onProgress: ({ bytesTaken }) => progress.update(bytesTaken),
    });
  } finally {
    progress.stop();
  }
  return replayReport(path, header, result, (performance.now() - startedAt) / 1000);
}

/** The bytes of a file, and how many there are, where that is known. */
function openFile(path: string): {
  readonly source: AsyncIterable<Uint8Array>;
  readonly bytes: number | undefined;
} {
  if (path === "-") return { source: process.stdin, bytes: undefined };
  const stats: Stats = statSync(path);
  if (stats.isDirectory()) throw new CliError(`${path}: is a directory, not a trace`);
  return {
    source: createReadStream(path, { highWaterMark: 1 << 18 }),
    bytes: stats.isFile() ? stats.size : undefined,
  };
}

function chooseProfile(name: string, header: TraceHeader): Profile {
  try {
    return profileFor(name, header.abi);
  } catch (error) {
    if (!(error instanceof PyrenaError)) throw error;
    throw new CliError(`--profile ${name}: ${error.message}`);
  }
}

/** A comparison that compared nothing has not succeeded. */
function exitCodeOf(report: ReplayReport, verify: boolean): number {
  if (!verify) return exitCodes.ok;
  if (report.wrong > 0 || !report.arenasFreedInOrder) return exitCodes.findings;
  return report.small === 0 ? exitCodes.usage : exitCodes.ok;
}

/** Whatever went wrong with the file as one line that begins with its name. */
function explainFailure(error: unknown, path: string): unknown {
  if (error instanceof PyrenaError) {
    if (error.code !== "bad-trace" && error.code !== "unknown-profile") return error;
    const hint = error.code === "unknown-profile" ? "; choose one with --profile" : "";
    return new CliError(
      `${path}: ${oneLine(error.message).replace("pass a profile to", "choose one with --profile to")}${hint}`,
    );
  }
  if ((error as NodeJS.ErrnoException | undefined)?.syscall !== undefined) {
    return new CliError(`${path}: ${describeFileError(error)}`);
  }
  return error;
}
