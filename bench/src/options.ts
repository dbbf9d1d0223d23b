/** The command line of the bench. */
import { parseArgs } from "node:util";

/** Text of `--help`. */
export const help = `Usage: pnpm bench [allocators | objects | gc] [options] [recording.pyrt.gz …]

Runs Pyrena's allocators, objects and collectors beside their peers and prints tables; all, or
the one that is named. Recordings named here are replayed besides those of the repository.

  --quick             one small round of everything: a smoke test, its figures mean nothing
  --only PATTERN      only workloads whose id contains this (random-20k, trace:, …); repeatable
  --peers PATTERN     only peers whose id contains this; repeatable
  --rounds N          rounds of each workload (default 33)
  --sets N            with fresh processes after every N-th part of them (default 3)
  --python PATH       a native CPython to measure, instead of those found; repeatable
  --peer ./module.js  measure an allocator of your own too: a module whose default export is
                      an AllocatorFactory; repeatable
  --details           print one table for each workload too, with the spread
  --json FILE         write the raw result there (name which: allocators, objects or gc)
  --write             write the raw result to bench/results and renew the README's tables
  --help              show this
`;

/** What can be measured by itself. */
export type Suite = "allocators" | "objects" | "gc";

const suites: readonly Suite[] = ["allocators", "objects", "gc"];

/** What the command line asks for. */
export interface Options {
  readonly suites: readonly Suite[];
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly peers: readonly string[];
  readonly rounds: number;
  readonly sets: number;
  readonly pythons: readonly string[];
  readonly modules: readonly string[];
  readonly details: boolean;
  readonly json: string | undefined;
  readonly write: boolean;
  readonly help: boolean;
  readonly traces: readonly string[];
}

/**
 * Reads the arguments.
 * @throws Error in one line that says what is wrong
 */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    // pnpm passes on the `--` that it is given.
    args: args.filter((arg, n) => !(arg === "--" && n === 0)),
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      peers: { type: "string", multiple: true, default: [] },
      rounds: { type: "string", default: "33" },
      sets: { type: "string", default: "3" },
      python: { type: "string", multiple: true, default: [] },
      peer: { type: "string", multiple: true, default: [] },
      details: { type: "boolean", default: false },
      json: { type: "string" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const rounds = wholeNumber("--rounds", values.rounds);
  const sets = wholeNumber("--sets", values.sets);
  if (values.write && (values.quick || values.only.length > 0 || values.peers.length > 0)) {
    throw new Error("--write keeps full runs only: leave out --quick, --only and --peers");
  }
  const named = suites.filter((suite) => positionals[0] === suite);
  if (values.json !== undefined && named.length === 0) {
    throw new Error("--json takes one result: name which, allocators, objects or gc");
  }
  return {
    suites: named.length > 0 ? named : suites,
    quick: values.quick,
    only: values.only,
    peers: values.peers,
    rounds: values.quick ? 1 : rounds,
    sets,
    pythons: values.python,
    modules: values.peer,
    details: values.details,
    json: values.json,
    write: values.write,
    help: values.help,
    traces: positionals.slice(named.length),
  };
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`${option} takes a whole number from 1 on, not '${text}'`);
  }
  return value;
}
