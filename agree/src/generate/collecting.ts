/** What programs do with the collector: they call it, set it, ask it, and make objects while it is on. */
import { collectsAnywhere } from "../exact.ts";
import {
  CELLS,
  type Census,
  type Expression,
  type Query,
  type Statement,
  type Switch,
} from "../program.ts";
import { Invalid } from "../values.ts";
import type { Draft, Made } from "./draft.ts";

const COLLECTOR_QUERIES: readonly Query[] = [
  "tracked",
  "tracked",
  "finalized",
  "referrers",
  "referents",
];
const CENSUS: readonly Census[] = [
  "counts",
  "counts",
  "counts",
  "counts",
  "objects",
  "objects",
  "objects",
  "enabled",
  "thresholds",
  "frozen",
  "stats",
  "garbage",
];
const SWITCHES: readonly Switch[] = [
  "enable",
  "disable",
  "thresholds",
  "thresholds",
  "freeze",
  "unfreeze",
  "listen",
  "listen",
  "unlisten",
  "saveAll",
  "noDebug",
  "clearGarbage",
];
/** Mostly so small that collections run all the time. */
const THRESHOLDS: readonly (readonly [number, number, number])[] = [
  [5, 2, 2],
  [5, 2, 2],
  [1, 1, 1],
  [2, 0, 1],
  [3, 1, 0],
  [8, 3, 2],
  [10, 10, 10],
  [20, 1, 1],
  [40, 2, 3],
  [0, 1, 1],
  [700, 10, 10],
];

/** `gc.collect(…)` */
export function collect(draft: Draft): Made {
  return draft.do({ s: "collect", generation: draft.random.pick([0, 0, 1, 1, 2]) });
}

/** Something that the collector is told. */
export function switches(draft: Draft): Made {
  const { model, random: r } = draft;
  const what = r.pick(SWITCHES);
  if (what === "enable" && !collectsAnywhere(model.program.python)) return burst(draft);
  const values = what === "thresholds" ? [...r.pick(THRESHOLDS)] : [];
  return draft.do({ s: "switch", what, values });
}

/** A log entry about the collector as a whole. */
export function census(draft: Draft): Made {
  const { random: r } = draft;
  const query = r.pick(CENSUS);
  return draft.do({ s: "census", query, generation: r.pick([0, 0, 1, 2] as const) });
}

/** A log entry about what the collector knows of an object. */
export function collectorLog(draft: Draft): Made {
  const { choice, random } = draft;
  const query = random.pick(COLLECTOR_QUERIES);
  return draft.do({ s: "log", query, v: choice.variable(), w: null });
}

/** Objects made one after the other with automatic collection on, by nothing but displays. */
export function burst(draft: Draft): Made {
  const { choice, random: r } = draft;
  const { statements } = draft.do({ s: "switch", what: "enable", values: [] });
  const count = r.between(1, 9);
  const display = (depth: number): Expression => {
    const item = (): Expression => (depth > 0 && r.oneIn(3) ? display(depth - 1) : choice.held());
    const items = Array.from({ length: r.below(4) }, item);
    if (r.oneIn(2)) return { e: "list", items };
    if (r.oneIn(2)) return { e: "tuple", items };
    // Keys that no call has to make.
    return { e: "dict", items: items.map((one, i) => [{ e: "bool", v: i === 0 }, one] as const) };
  };
  for (let i = 0; i < count; i++) {
    try {
      const to = choice.target();
      const statement: Statement = r.oneIn(5)
        ? { s: "closure", to, cell: r.pick(CELLS) }
        : r.oneIn(6)
          ? { s: "del", v: choice.variable() }
          : { s: "set", to, value: display(1) };
      statements.push(...draft.do(statement).statements);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
    }
  }
  statements.push(...draft.do({ s: "switch", what: "disable", values: [] }).statements);
  return { statements, raises: false };
}

/** The statements of `main` with automatic collection on, and what the collector knows in the end. */
export function automaticMain(draft: Draft): Statement[] {
  const { model, random: r } = draft;
  const statements: Statement[] = [];
  const add = (statement: Statement): void => {
    statements.push(...draft.do(statement).statements);
  };
  add({ s: "switch", what: "thresholds", values: [...r.pick(THRESHOLDS)] });
  if (r.below(4) > 0) add({ s: "switch", what: "listen", values: [] });
  if (collectsAnywhere(model.program.python)) add({ s: "switch", what: "enable", values: [] });
  statements.push(...draft.block().statements);
  add({ s: "switch", what: "disable", values: [] });
  add({ s: "census", query: "counts", generation: 0 });
  for (const generation of [0, 1, 2] as const) add({ s: "census", query: "objects", generation });
  add({ s: "census", query: "stats", generation: 0 });
  return statements;
}
