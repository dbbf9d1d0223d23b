/** One program in one interpreter: start, allocator, program, figures. */
import { writeSync } from "node:fs";
import { domainNames, PyrenaError } from "@pyrena/abi";
import { DebugHookError } from "@pyrena/debug";
import {
  type AllocatorProblem,
  attach,
  type Installation,
  type LargeRequests,
  type LivePython,
} from "@pyrena/pyodide";
import { type HeapSnapshot, takeSnapshot } from "@pyrena/stats";
import { type ChosenAllocator, loadedAllocator, namedAllocator } from "./allocator-choice.ts";
import {
  type InterpreterSettings,
  interpreterArguments,
  interpreterEnvironment,
  interpreterSettings,
  namedDescriptors,
} from "./command-line.ts";
import type { PythonModule } from "./emscripten.ts";
import { mountHostFiles } from "./host-files.ts";
import { pyodideVersion, startInterpreter } from "./interpreter.ts";
import { MallocStatsPrinter } from "./malloc-stats.ts";
import { type GcObservations, prepareSession } from "./session-setup.ts";
import { TAKE_SIGNAL, takeSignal } from "./signals.ts";
import { connectStandardStreams } from "./standard-streams.ts";
import type { RunTelemetry } from "./telemetry.ts";
import { INPUT_AT, type ThreadData, type ThreadMessage } from "./thread-data.ts";
import { waitingPoll } from "./waiting.ts";

/** What a shell shows of a process that died of SIGABRT or SIGSEGV, as CPython dies. */
const ABORTED = 134;
const CRASHED = 139;

/** How a program ended. */
export interface ProgramResult {
  readonly exitCode: number;
  readonly telemetry: RunTelemetry | undefined;
}

/**
 * Run the program to its end.
 * @throws PyrenaError before it has started, see `runPython`
 */
export async function runProgram(
  data: ThreadData,
  say: (message: ThreadMessage) => void,
): Promise<ProgramResult> {
  const run = new Run(data, say);
  const { choice } = run;
  if (choice?.kind === "module") run.chosen = await loadedAllocator(choice.path, data.options.cwd);
  const { module, exitCode } = await startInterpreter(run);
  return exitCode === undefined ? run.program(module) : { exitCode, telemetry: undefined };
}

/** The state of one run. */
class Run {
  readonly args: readonly string[];
  readonly executable: string;
  readonly choice: ThreadData["options"]["allocator"];
  chosen: ChosenAllocator | undefined;
  readonly #data: ThreadData;
  readonly #say: (message: ThreadMessage) => void;
  readonly #words: Int32Array;
  readonly #settings: InterpreterSettings;
  #module: PythonModule | undefined;
  #live: LivePython | undefined;
  #installation: Installation | undefined;
  #printer: MallocStatsPrinter | undefined;
  #gc: GcObservations | undefined;
  #linearAtStart = 0;
  #startedAt = 0;
  #endedAt = 0;
  #finalizedAt = 0;
  #installedAtEnd: boolean | undefined;
  #largeAtEnd: LargeRequests | undefined;
  #atEnd: HeapSnapshot | undefined;

  constructor(data: ThreadData, say: (message: ThreadMessage) => void) {
    const { options } = data;
    this.#data = data;
    this.#say = say;
    this.#words = new Int32Array(data.shared, 0, INPUT_AT / 4);
    this.#settings = interpreterSettings(options.env, options.interpreterOptions);
    this.args = interpreterArguments(options);
    this.executable = options.executable;
    this.choice = options.allocator;
  }

  adaptImports(functions: Record<string, (...args: number[]) => number>): void {
    functions[TAKE_SIGNAL] = () => takeSignal(this.#words);
    const poll = functions["__syscall_poll"];
    if (poll === undefined) return;
    functions["__syscall_poll"] = waitingPoll(poll, this.#words, (number) => {
      const module = this.#module!;
      module.HEAPU32[module.___errno_location() >>> 2] = number;
    });
  }

  beforeStart(module: PythonModule): void {
    this.#module = module;
    const { env } = this.#data.options;
    // Under -X dev CPython would put its own debug hooks around malloc; a name in the variable keeps it from that.
    Object.assign(
      module.ENV,
      interpreterEnvironment(env, this.#settings.devMode ? "malloc" : undefined),
    );
    mountHostFiles(module.FS);
  }

  beforeMain(module: PythonModule): void {
    const { options, shared } = this.#data;
    const host = {
      words: this.#words,
      bytes: new Uint8Array(shared, INPUT_AT),
      askForInput: () => this.#say({ type: "input" }),
    };
    connectStandardStreams(module, host, namedDescriptors(this.args));
    this.#changeFolder(module, options.cwd);
    this.#live = attach(module);
    this.#linearAtStart = this.#live.memory.byteLength;
    const name = this.choice?.kind === "name" ? this.choice.name : undefined;
    this.chosen ??= namedAllocator(name, this.#settings, this.#live.profile);
    if (!this.#settings.devMode) this.#install();
  }

  program(module: PythonModule): ProgramResult {
    const { devMode, writesBytecode } = this.#settings;
    // What -X dev chooses takes effect while CPython is initialised, and would have taken us out.
    if (devMode) this.#install();
    this.#gc = prepareSession({
      module,
      words: this.#words,
      writesBytecode,
      pythonMalloc: this.#data.options.env["PYTHONMALLOC"],
      onEnd: () => this.#programEnded(),
    });
    module.HEAPU8[module._Py_EMSCRIPTEN_SIGNAL_HANDLING] = 1;

    this.#startedAt = now();
    let exitCode: number;
    try {
      // Else exit() would not flush and close C's own streams.
      module._emscripten_runtime_keepalive_pop();
      exitCode = module._Py_RunMain();
      module._fflush(0);
    } catch (error) {
      exitCode = error instanceof module.ExitStatus ? error.status : crashed(error);
    }
    this.#finalizedAt = now();
    // os._exit, and crashes, go past the end that atexit knows.
    if (this.#endedAt === 0) this.#programEnded();
    if (this.#settings.mallocStats) this.#printer?.print();
    return { exitCode, telemetry: this.#telemetry() };
  }

  #changeFolder(module: PythonModule, cwd: string): void {
    try {
      module.FS.chdir(cwd);
    } catch (error) {
      throw new PyrenaError("bad-argument", `the working directory ${cwd} cannot be entered`, {
        cause: error,
      });
    }
  }

  #install(): void {
    const { allocator, name } = this.chosen!;
    if (allocator === undefined) return;
    const live = this.#live!;
    const { domains } = this.#data.options;
    const printer = this.#settings.mallocStats ? new MallocStatsPrinter(live.profile) : undefined;
    this.#installation = live.install({
      allocator,
      name,
      ...(domains === undefined ? {} : { domains }),
      ...(printer === undefined ? {} : { wrapArenas: printer.wrapArenas }),
      onError: (problem) => this.#onProblem(problem),
    });
    this.#printer = printer;
    if (printer !== undefined) printer.pymalloc = this.#installation.pymalloc?.pymalloc;
  }

  /** The debug hooks found a damaged block: CPython prints what it is and aborts. */
  #onProblem({ error }: AllocatorProblem): void {
    if (!(error instanceof DebugHookError)) return;
    writeSync(2, `${error.text.trimEnd()}\n`);
    this.#say({ type: "ended", exitCode: ABORTED, telemetry: this.#telemetry() });
    // The interpreter must not go on, and there is no way out through its frames: the main thread ends this one.
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }

  #programEnded(): void {
    this.#endedAt = now();
    this.#installedAtEnd = this.#installation?.onTop;
    this.#largeAtEnd = this.#installation?.large;
    this.#atEnd = this.#snapshot();
  }

  #snapshot(): HeapSnapshot | undefined {
    const walker = this.#installation?.walker;
    if (walker === undefined) return undefined;
    return takeSnapshot(walker, { stats: this.#installation!.stats });
  }

  #telemetry(): RunTelemetry {
    const live = this.#live!;
    const chosen = this.chosen!;
    const installation = this.#installation;
    const pymalloc = installation?.pymalloc;
    const large = installation?.large;
    const gc = this.#gc;
    live.memory.refresh();
    const finalizedAt = this.#finalizedAt || now();
    const endedAt = this.#endedAt || finalizedAt;
    return {
      python: live.python,
      pyodide: pyodideVersion,
      profile: live.profile.name,
      abi: live.abi.name,
      allocator: {
        name: chosen.name,
        custom: chosen.custom,
        domains: installation?.domains.map((domain) => domainNames[domain]) ?? [],
        installedAtEnd: this.#installedAtEnd ?? true,
        report: reportOf(chosen),
      },
      times: {
        start: this.#startedAt - this.#data.startedAt,
        program: endedAt - this.#startedAt,
        finalize: finalizedAt - endedAt,
      },
      requests:
        installation?.domains.map((domain) => ({
          domain: domainNames[domain],
          ...installation.requests(domain)!,
        })) ?? [],
      large: {
        count: large?.count ?? 0,
        bytes: large?.bytes ?? 0,
        largest: large?.largest ?? 0,
        liveBlocks: this.#largeAtEnd?.liveBlocks ?? 0,
        liveBytes: this.#largeAtEnd?.liveBytes,
      },
      memory: {
        linearAtStart: this.#linearAtStart,
        linearAtEnd: live.memory.byteLength,
        peakLiveBytes: pymalloc?.peakLiveBytes ?? 0,
        peakArenaBytes: pymalloc?.peakArenaBytes ?? 0,
      },
      gc: summarizeCollections(gc),
      atEnd: this.#atEnd,
      afterFinalize: this.#finalizedAt === 0 ? undefined : this.#snapshot(),
      problems:
        installation?.problems.map(({ domain, where, message, times }) => ({
          where: `${domainNames[domain]}.${where}`,
          message,
          times,
        })) ?? [],
    };
  }
}

/** A clock that the main thread and this one read alike, in milliseconds. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function reportOf({ report, name }: ChosenAllocator): string | undefined {
  try {
    return report?.();
  } catch (error) {
    return `the report function of ${name} threw: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function summarizeCollections(gc: GcObservations | undefined): RunTelemetry["gc"] {
  const figures = gc?.generations ?? [];
  const generations = [];
  for (let at = 0; at + 2 < figures.length; at += 3) {
    const [collections = 0, collected = 0, uncollectable = 0] = figures.slice(at, at + 3);
    generations.push({ collections, collected, uncollectable });
  }
  return {
    collections: gc?.collections ?? 0,
    collected: generations.reduce((sum, { collected }) => sum + collected, 0),
    uncollectable: generations.reduce((sum, { uncollectable }) => sum + uncollectable, 0),
    longestPauseMs: gc?.longestPauseMs ?? 0,
    totalPauseMs: gc?.totalPauseMs ?? 0,
    generations,
  };
}

/** The interpreter itself has come to grief: say so as a shell does, and go on to the figures. */
function crashed(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  const text =
    error instanceof RangeError
      ? "the interpreter ran out of stack"
      : `the interpreter crashed: ${message}`;
  // After Py_FatalError, which has said everything, C's abort() ends in an unreachable instruction.
  const aborted = /unreachable|Aborted/.test(message);
  if (!aborted) writeSync(2, `pyrena: ${text}\n`);
  return aborted ? ABORTED : CRASHED;
}
