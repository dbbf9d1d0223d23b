/**
 * What the interpreter is told: its arguments, and its environment.
 *
 * The interpreter reads its `PYTHON…` variables itself, and nearly all have their effect: `PYTHONPATH`, `PYTHONSAFEPATH`,
 * `PYTHONOPTIMIZE`, `PYTHONHASHSEED`, `PYTHONWARNINGS`, `PYTHONUNBUFFERED`, `PYTHONIOENCODING`, `PYTHONINSPECT`,
 * `PYTHONVERBOSE`, `PYTHONPYCACHEPREFIX`, `PYTHONNOUSERSITE`, `PYTHONTRACEMALLOC`, `PYTHONFAULTHANDLER`,
 * `PYTHONINTMAXSTRDIGITS`, `PYTHONPROFILEIMPORTTIME`, `PYTHONASYNCIODEBUG`, `PYTHONBREAKPOINT`, `PYTHON_COLORS`, … Others
 * are acted upon here, because this build of the interpreter could not: `PYTHONMALLOC`, `PYTHONMALLOCSTATS`,
 * `PYTHONDEVMODE` (its debug hooks are Pyrena's), `PYTHONDONTWRITEBYTECODE` (Pyodide's start never writes any).
 *
 * Without effect: `PYTHONHOME` and `PYTHONPLATLIBDIR`, for the library is the package's; `PYTHON_GIL`, `PYTHON_JIT`,
 * `PYTHONPERFSUPPORT` and `PYTHONDUMPREFS`, which need other builds of CPython.
 */
import type { PythonProgram, RunPythonOptions } from "./options.ts";

/** The interpreter's own arguments, after its name. */
export function interpreterArguments(
  options: Pick<RunPythonOptions, "program" | "args" | "interpreterOptions">,
): string[] {
  return [
    ...(options.interpreterOptions ?? []),
    ...programArguments(options.program),
    ...(options.args ?? []),
  ];
}

function programArguments(program: PythonProgram): string[] {
  switch (program.kind) {
    case "script":
      // A path that starts with a dash would be taken for an option.
      return [program.path.startsWith("-") ? `./${program.path}` : program.path];
    case "command":
      return ["-c", program.code];
    case "module":
      return ["-m", program.name];
    case "stdin":
      return ["-"];
  }
}

/** Descriptors that the arguments name, as a shell does for `<(command)`: `/dev/fd/63`. */
export function namedDescriptors(args: readonly string[]): number[] {
  const named = args.flatMap((arg) => /^\/dev\/fd\/(\d{1,4})$/.exec(arg)?.[1] ?? []).map(Number);
  return [...new Set(named)].filter((fd) => fd > 2);
}

/** What the `PYTHON…` variables and switches say that has to be acted upon here. */
export interface InterpreterSettings {
  /** `PYTHONMALLOC`; undefined if it is not set, or is to be ignored. */
  readonly pythonMalloc: string | undefined;
  /** Whether the statistics are to be printed at each new arena and at the end. */
  readonly mallocStats: boolean;
  /** Whether CPython would install its debug hooks because of `-X dev`. */
  readonly devMode: boolean;
  /** Whether compiled modules may be written beside the sources, as `python` does. */
  readonly writesBytecode: boolean;
}

/** Read the settings as CPython would (`-E` and `-I` make it ignore the variables). */
export function interpreterSettings(
  env: Readonly<Record<string, string | undefined>>,
  interpreterOptions: readonly string[] = [],
): InterpreterSettings {
  const switches = parseSwitches(interpreterOptions);
  const ignored = switches.letters.has("E") || switches.letters.has("I");
  const variable = (name: string): string | undefined =>
    ignored || env[name] === "" ? undefined : env[name];
  return {
    pythonMalloc: variable("PYTHONMALLOC"),
    mallocStats: variable("PYTHONMALLOCSTATS") !== undefined,
    devMode:
      switches.xOptions.some((option) => option === "dev") ||
      variable("PYTHONDEVMODE") !== undefined,
    writesBytecode: !switches.letters.has("B") && variable("PYTHONDONTWRITEBYTECODE") === undefined,
  };
}

/** Letters of the switches without value, and the values of `-X`. */
function parseSwitches(options: readonly string[]): { letters: Set<string>; xOptions: string[] } {
  const letters = new Set<string>();
  const xOptions: string[] = [];
  for (let n = 0; n < options.length; n++) {
    const option = options[n]!;
    if (!/^-[^-]/.test(option)) continue;
    for (let at = 1; at < option.length; at++) {
      const letter = option[at]!;
      if (letter === "X" || letter === "W") {
        const value = option.slice(at + 1) || (options[++n] ?? "");
        if (letter === "X") xOptions.push(value);
        break;
      }
      letters.add(letter);
    }
  }
  return { letters, xOptions };
}

/**
 * The environment for Emscripten: the program's own, and nothing of Emscripten's defaults (`USER=web_user` …).
 * `PYTHONMALLOC` is held back, because CPython would install what it names, or refuse the name; Python code sees it in
 * `os.environ` all the same (session-setup.ts).
 * @param pythonMalloc what CPython is to find in its place
 */
export function interpreterEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  pythonMalloc: string | undefined,
): Record<string, string | undefined> {
  const defaults = ["USER", "LOGNAME", "PATH", "PWD", "HOME", "LANG", "_", "PYTHONINSPECT"];
  return {
    ...Object.fromEntries(defaults.map((name) => [name, undefined])),
    ...env,
    PYTHONMALLOC: pythonMalloc,
  };
}
