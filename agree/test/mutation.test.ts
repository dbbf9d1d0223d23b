/** Rules broken on purpose on Pyrena's side: the comparison has to find each, and shrink it to a few statements. */
import type { Address, ObjectGraph, Profile } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Comparison, type Oracle, remembering } from "../src/agreement.ts";
import { OracleProcess } from "../src/oracles/oracle.ts";
import { pyodides } from "../src/oracles/pyodide.ts";
import { countStatements } from "../src/program.ts";
import { PyrenaRunner, type RunnerOptions } from "../src/pyrena.ts";

const BATCH = 20;
const MOST_PROGRAMS = 3000;

type Writable<Part> = { -readonly [name in keyof Part]: Part[name] };

/** A part of the objects as something that a mutation may change. */
function open<Name extends keyof Objects>(py: Objects, name: Name): Writable<Objects[Name]> {
  return py[name] as Writable<Objects[Name]>;
}

const freeLists = (different: Partial<Profile["freeLists"]>): RunnerOptions => ({
  profile: (profile) => ({ ...profile, freeLists: { ...profile.freeLists, ...different } }),
});

/** Another graph for the collector. */
const graphWith = (different: (graph: ObjectGraph) => Partial<ObjectGraph>): RunnerOptions => ({
  collector: (factory) => (graph, host) => factory({ ...graph, ...different(graph) }, host),
});

const MUTATIONS: readonly (readonly [string, RunnerOptions])[] = [
  ["lists are not kept for reuse", freeLists({ list: 0 })],
  ["floats are not kept for reuse", freeLists({ float: 0 })],
  ["tuples are kept up to length 2 only", freeLists({ tupleMaxLength: 2 })],
  [
    "ints are cached up to 200",
    { profile: (profile) => ({ ...profile, smallInts: [-5, 200] as const }) },
  ],
  [
    "append counts two references",
    {
      alter: (py) => {
        const { append } = py.list;
        open(py, "list").append = (list, item) => {
          py.refs.incref(item);
          return append(list, item);
        };
      },
    },
  ],
  [
    "a full list grows by one more",
    {
      alter: (py) => {
        const { getsizeof } = py.protocol;
        open(py, "protocol").getsizeof = (object) =>
          getsizeof(object) +
          (py.list.check(object) && py.list.allocated(object) > 4 ? py.word : 0);
      },
    },
  ],
  [
    "dict.pop keeps the value alive",
    {
      alter: (py) => {
        const { pop } = py.dict;
        open(py, "dict").pop = (dict, key) => {
          const value = pop(dict, key);
          py.refs.xincref(value);
          return value;
        };
      },
    },
  ],
  [
    "weak references to an object that has one with a callback do not count",
    {
      alter: (py) => {
        const { count } = py.weakrefs;
        open(py, "weakrefs").count = (object) => Math.min(1, count(object));
      },
    },
  ],
  [
    "deepcopy is shallow",
    {
      alter: (py) => {
        const { copy } = py.copying;
        open(py, "copying").deepcopy = (object) => copy(object);
      },
    },
  ],
  [
    "tuples are never untracked",
    graphWith((graph) => ({
      mayUntrack: (ctx, type) =>
        graph.mayUntrack(ctx, type) === 1 ? 0 : graph.mayUntrack(ctx, type),
    })),
  ],
  [
    "the oldest weak reference is called first",
    graphWith((graph) => ({
      weakrefs: (ctx, object, visit) => {
        const found: Address[] = [];
        graph.weakrefs(ctx, object, (ref) => found.push(ref));
        found.reverse().forEach(visit);
      },
    })),
  ],
  ["full collections keep what is kept for reuse", graphWith(() => ({ clearFreeLists: () => {} }))],
  [
    "memory that is given back does not count",
    { collector: (factory) => (graph, host) => ({ ...factory(graph, host), released: () => {} }) },
  ],
  [
    "a collection that is due does not run",
    { collector: (factory) => (graph, host) => ({ ...factory(graph, host), poll: () => {} }) },
  ],
  [
    "finalizers are not called in the order of the objects",
    {
      collector: (factory) => (graph, host) => {
        const collector = factory(graph, host);
        // Each object comes before those that were there.
        const track: typeof collector.track = (ctx, object) => {
          collector.track(ctx, object);
          const others: Address[] = [];
          collector.each(ctx, (other, generation) => {
            if (generation === 0 && other !== object) others.push(other);
          });
          for (const other of others) {
            collector.untrack(ctx, other);
            collector.track(ctx, other);
          }
        };
        return { ...collector, track };
      },
    },
  ],
];

describe("a broken rule is found and shrunk", () => {
  const info = pyodides().find(({ python }) => python === "3.13")!;
  let process: OracleProcess;
  // All mutations are looked for in the same programs.
  let oracle: Oracle;
  beforeAll(() => {
    process = new OracleProcess(info);
    oracle = remembering(process);
  });
  afterAll(() => process.stop());

  it.each(MUTATIONS)("%s", { timeout: 60_000 }, async (_, options) => {
    const comparison = new Comparison(oracle, new PyrenaRunner(info.python, info.abi, options));
    for (let from = 1; from < MOST_PROGRAMS; from += BATCH) {
      const [found] = await comparison.compareSeeds(from, BATCH);
      if (found === undefined) continue;
      const { program, expected, got } = await comparison.shrink(found);
      expect(got).not.toBe(expected);
      expect(countStatements(program)).toBeLessThanOrEqual(16);
      return;
    }
    expect.fail(`not found in ${MOST_PROGRAMS} programs`);
  });
});
