/** Runs a Python program to its end. */
import type { RunPythonOptions } from "./options.ts";
import type { RunTelemetry } from "./telemetry.ts";

/** How a program ended. */
export interface RunPythonResult {
  /** The program's exit code as a shell sees it: `sys.exit(n)`, 1 after an uncaught exception, 130 after Ctrl-C. */
  readonly exitCode: number;
  /** Undefined if the interpreter ended before a program ran: `--help`, `--version`, invalid interpreter options. */
  readonly telemetry: RunTelemetry | undefined;
}

/**
 * Run a program as `python` would. Standard input, output and error are this process's file descriptors 0, 1 and 2,
 * used directly: write nothing to them through `process.stdout` in the meantime.
 *
 * Call it once in a process; while it runs, SIGINT goes to the program as KeyboardInterrupt.
 * @throws PyrenaError `unknown-allocator`, `not-built-in`, `bad-argument` (a module that exports no factory, or cannot
 *   be loaded), `not-attached`, all before the program starts
 */
export function runPython(options: RunPythonOptions): Promise<RunPythonResult> {
  return Promise.reject(new Error(`not yet: ${options.program.kind}`));
}
