/** From what the user chose to what is installed. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type AllocatorFactory, type Profile, PyrenaError, resolvePythonMalloc } from "@pyrena/abi";
import type { InterpreterSettings } from "./command-line.ts";

/** An allocator, ready to be installed. */
export interface ChosenAllocator {
  /** As the report calls it. */
  readonly name: string;
  readonly custom: boolean;
  /** For `install`; undefined where CPython's own way is what was asked for (`malloc`). */
  readonly allocator: AllocatorFactory | string | undefined;
  /** What a module of the user's adds to the report. */
  readonly report: (() => string) | undefined;
}

/**
 * What a name stands for.
 * @param name of `--allocator`; else `PYTHONMALLOC` decides, else `-X dev`, else it is pymalloc
 * @throws PyrenaError `unknown-allocator`, `not-built-in`
 */
export function namedAllocator(
  name: string | undefined,
  settings: InterpreterSettings,
  profile: Profile,
): ChosenAllocator {
  const asked = name ?? settings.pythonMalloc ?? (settings.devMode ? "debug" : "pymalloc");
  const plan = resolvePythonMalloc(asked, profile);
  if (plan.mem === "mimalloc") {
    throw new PyrenaError(
      "not-built-in",
      `PYTHONMALLOC=${plan.name}: mimalloc is not built in here: use pymalloc or malloc, with or without _debug`,
    );
  }
  return {
    name: plan.name,
    custom: false,
    allocator: plan.mem === "malloc" && !plan.debug ? undefined : plan.name,
    report: undefined,
  };
}

/**
 * The allocator that a module exports.
 * @throws PyrenaError `bad-argument` if it cannot be loaded, or has no factory as its default export
 */
export async function loadedAllocator(path: string, cwd: string): Promise<ChosenAllocator> {
  let loaded: { readonly default?: unknown; readonly report?: unknown };
  try {
    loaded = (await import(pathToFileURL(resolve(cwd, path)).href)) as typeof loaded;
  } catch (error) {
    throw new PyrenaError(
      "bad-argument",
      `allocator ${path}: cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  const factory = loaded.default;
  if (typeof factory !== "function") {
    throw new PyrenaError(
      "bad-argument",
      `allocator ${path}: its default export must be a function, (next, { memory, domain }) => PyMemAllocatorEx, not ${factory === undefined ? "absent" : `of type ${typeof factory}`}`,
    );
  }
  const { report } = loaded;
  return {
    name: path,
    custom: true,
    allocator: factory as AllocatorFactory,
    report: typeof report === "function" ? () => String(report()) : undefined,
  };
}
