/** What becomes of a failure: one line on stderr and an exit code. */
import { type ErrorCode, PyrenaError } from "@pyrena/abi";
import { CommanderError } from "commander";
import { exitCodes } from "./exit-codes.ts";

/** Something that the person at the shell can put right: shown as one line, without a stack. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.usage) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Errors of the layers below that come of what the user gave; any other means that pyrena itself is wrong. */
const inputErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "bad-trace",
  "memory-limit",
  "not-built-in",
  "unknown-allocator",
  "unknown-profile",
]);

/** What to print and how to end after a failure. */
export interface Failure {
  /** For stderr, without the newline at its end; empty if everything has been said. */
  readonly text: string;
  readonly exitCode: number;
}

/** Describe anything that was thrown. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CommanderError) {
    // Help and version were asked for and shown. Anything else commander has printed already, as one line.
    return { text: "", exitCode: error.exitCode === 0 ? exitCodes.ok : exitCodes.usage };
  }
  if (error instanceof CliError) {
    return { text: `pyrena: ${oneLine(error.message)}`, exitCode: error.exitCode };
  }
  if (error instanceof PyrenaError && inputErrors.has(error.code)) {
    return { text: `pyrena: ${oneLine(error.message)}`, exitCode: exitCodes.usage };
  }
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return {
    text: `pyrena: a mistake in pyrena itself, please report it: ${stack}`,
    exitCode: exitCodes.internal,
  };
}

/** A message without line breaks. */
export function oneLine(message: string): string {
  return message
    .trim()
    .replace(/\s*\n\s*/g, " ")
    .replace(/^error: /, "");
}

/** Why the system refused a file, in words: `no such file`. */
export function describeFileError(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  switch (code) {
    case "ENOENT":
      return "no such file";
    case "ENOTDIR":
      return "a part of the path is not a directory";
    case "EISDIR":
      return "is a directory";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EROFS":
      return "the file system is read-only";
    case "ENOSPC":
      return "no space left on the device";
    default:
      return error instanceof Error ? oneLine(error.message) : String(error);
  }
}
