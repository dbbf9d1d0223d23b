/** What {@link runPython} is asked to do. Plain data throughout: it is handed to the thread that Python runs on. */
import type { Domain } from "@pyrena/abi";

/** What to run, in the four ways of `python`'s command line. */
export type PythonProgram =
  /** A file, a folder with `__main__.py`, or a zip file: `python PATH`. */
  | { readonly kind: "script"; readonly path: string }
  /** `python -c CODE`. */
  | { readonly kind: "command"; readonly code: string }
  /** `python -m NAME`. */
  | { readonly kind: "module"; readonly name: string }
  /** The program text comes on standard input: `python -`. */
  | { readonly kind: "stdin" };

/** Which allocator serves the program. */
export type AllocatorChoice =
  /** A value of `PYTHONMALLOC`. */
  | { readonly kind: "name"; readonly name: string }
  /** A module whose default export is an `AllocatorFactory`: a path, relative to `cwd`. */
  | { readonly kind: "module"; readonly path: string };

/** Options of {@link runPython}. */
export interface RunPythonOptions {
  readonly program: PythonProgram;
  /** `sys.argv[1:]`. */
  readonly args?: readonly string[];
  /** Options for the interpreter itself, before the program: `["-O", "-W", "error"]`. None by default. */
  readonly interpreterOptions?: readonly string[];
  /** Default: `PYTHONMALLOC` in `env`, else pymalloc. */
  readonly allocator?: AllocatorChoice;
  /** Domains that the allocator is installed in. Default MEM and OBJ; all three under the debug hooks, as in CPython. */
  readonly domains?: readonly Domain[];
  /** The program's environment. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the working directory. Default: this process's. */
  readonly cwd?: string;
  /** `sys.executable`. Default: the absolute path of the running command. */
  readonly executable?: string;
}
