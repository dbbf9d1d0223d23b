/** The command line of `pnpm agree`. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { PYTHONS, type PythonVersion } from "./oracles/oracle.ts";

/** Text of `--help`. */
export const help = `Usage: pnpm agree [options]

Runs random programs in real CPython and on Pyrena's objects and compares their logs, line by
line. Exits with 1 and prints the smallest program that differs, if there is one.

  --programs N             programs for each oracle (default 10000)
  --seed S                 the first program's seed; the next ones are S+1, S+2 … (default 1)
  --python VERSION         only this version (${PYTHONS.join(", ")}); repeatable
  --oracle native|pyodide  only CPythons of this machine (lp64), or only those from npm (ilp32)
  --as VERSION             let Pyrena follow this version instead of the oracle's: shows, in the
                           smallest program, what changed in between
  --jobs N                 processes at a time (default: one a core)
  --keep-going             go on after a difference; show the smallest program of each kind
  --print                  print the program of the seed and both its logs
  --record FILE            write the native answers to a fixture instead of comparing
  --help                   show this
`;

/** What the command line asks for. */
export interface Options {
  readonly programs: number;
  readonly seed: number;
  readonly pythons: readonly PythonVersion[];
  readonly oracle: "native" | "pyodide" | undefined;
  /** The version that Pyrena follows; undefined: the oracle's own. */
  readonly as: PythonVersion | undefined;
  readonly jobs: number;
  readonly keepGoing: boolean;
  readonly print: boolean;
  readonly record: string | undefined;
  readonly help: boolean;
}

/** @throws Error with a sentence for the user */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: args[0] === "--" ? args.slice(1) : [...args],
    options: {
      programs: { type: "string" },
      seed: { type: "string" },
      python: { type: "string", multiple: true },
      oracle: { type: "string" },
      as: { type: "string" },
      jobs: { type: "string" },
      "keep-going": { type: "boolean" },
      print: { type: "boolean" },
      record: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const whole = (name: string, text: string | undefined, unset: number, least: number): number => {
    const value = text === undefined ? unset : Number(text);
    if (!Number.isInteger(value) || value < least || value > 2 ** 31)
      throw new Error(`--${name} wants a whole number from ${least} up, not '${text}'`);
    return value;
  };
  const version = (option: string, text: string): PythonVersion => {
    const known = PYTHONS.find((one) => one === text);
    if (!known) throw new Error(`${option} knows ${PYTHONS.join(", ")}, not '${text}'`);
    return known;
  };
  const pythons = (values.python ?? []).map((text) => version("--python", text));
  if (values.oracle !== undefined && values.oracle !== "native" && values.oracle !== "pyodide")
    throw new Error(`--oracle is native or pyodide, not '${values.oracle}'`);
  return {
    programs: whole("programs", values.programs, values.print ? 1 : 10_000, 1),
    seed: whole("seed", values.seed, 1, 0),
    pythons: pythons.length > 0 ? pythons : PYTHONS,
    oracle: values.oracle,
    as: values.as === undefined ? undefined : version("--as", values.as),
    jobs: whole("jobs", values.jobs, availableParallelism(), 1),
    keepGoing: values["keep-going"] ?? false,
    print: values.print ?? false,
    record: values.record,
    help: values.help ?? false,
  };
}
