import { describe, expect, it } from "vitest";
import { generate } from "../src/generate.ts";
import { SPELLING, splitOperation } from "../src/operations.ts";
import { type Expression, type Statement, visitStatements } from "../src/program.ts";
import { pythonSource } from "../src/python.ts";
import { sensible } from "../src/sensible.ts";

const options = { singletonCounts: true };
const SEEDS = 10_000;

/** How often each kind of thing occurs in many programs. */
function census(): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (what: string): void => {
    counts.set(what, (counts.get(what) ?? 0) + 1);
  };
  const expression = (x: Expression): void => {
    count(`expression ${x.e}`);
    if (x.e === "dict") for (const item of x.items.flat()) expression(item);
    else if ("items" in x && x.e !== "range") for (const item of x.items) expression(item);
  };
  const statement = (one: Statement): void => {
    count(`statement ${one.s}`);
    if (one.s === "set") expression(one.value);
    if (one.s === "op") {
      count(`operation ${splitOperation(one.op).name}`);
      if (one.guarded) count("guarded");
      for (const arg of one.args) expression(arg);
    }
    if (one.s === "log") count(`query ${one.query}`);
    if (one.s === "bulk") count(`bulk ${one.op}`);
    if (one.s === "weakref") count(`${one.kind} ${one.callback === null ? "bare" : "called"}`);
    if (one.s === "with") count(one.suppresses ? "suppresses" : "passes on");
    if (one.s === "call" && one.body.some(({ s }) => s === "raise")) count("raising call");
  };
  for (let seed = 0; seed < SEEDS; seed++) {
    const program = generate(seed, options);
    visitStatements(program.body, statement);
    for (const { finalizer, slots, base, attributes } of program.classes) {
      count(`finalizer ${finalizer}`);
      count(slots === null ? "dict" : slots.includes("__weakref__") ? "weak slots" : "slots");
      if (base >= 0) count("derived");
      if (attributes.length > 0) count("class attribute");
    }
  }
  return counts;
}

describe("the generator", () => {
  const counts = census();
  const often = (kind: string, names: readonly string[]): void => {
    for (const name of names)
      expect(counts.get(kind === "" ? name : `${kind} ${name}`) ?? 0, name).toBeGreaterThan(10);
  };

  it("makes every kind of statement", () => {
    often("statement", ["set", "new", "del", "op", "weakref", "closure", "call", "raise", "try"]);
    often("statement", ["with", "swap", "bulk", "nest", "rescue", "log"]);
  });

  it("makes every kind of expression", () => {
    often("expression", ["none", "bool", "int", "float", "complex", "str", "bytes", "bytearray"]);
    often("expression", ["var", "class", "list", "tuple", "set", "frozenset", "slice", "dict"]);
    often("expression", ["range"]);
  });

  it("uses every operation", () => {
    often("operation", Object.keys(SPELLING));
  });

  it("asks every query", () => {
    often("query", ["refcount", "size", "len", "show", "order", "hash", "type", "truth", "is"]);
    often("query", ["equal", "contains", "identity", "weakrefs", "attributes"]);
  });

  it("makes tables grow and shrink", () => {
    often("bulk", [
      "append",
      "popLast",
      "appendByte",
      "add",
      "setInts",
      "setNames",
      "delInts",
      "setAttributes",
    ]);
  });

  it("makes every kind of class, finalizer, weak reference, manager and error", () => {
    often("finalizer", ["none", "log", "count", "resurrect", "raise", "drop"]);
    often("", ["dict", "slots", "weak slots", "derived", "class attribute"]);
    often("", ["ref bare", "ref called", "proxy bare", "proxy called"]);
    often("", ["suppresses", "passes on", "guarded", "raising call"]);
  });

  it("makes the same program of the same seed, and others of other seeds", () => {
    const sources = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      const source = pythonSource(generate(seed, options));
      expect(pythonSource(generate(seed, options))).toBe(source);
      sources.add(source);
    }
    expect(sources.size).toBeGreaterThan(298);
  });

  it("makes only statements that make sense", () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const program = generate(seed, options);
      expect(sensible(program)).toEqual(program);
    }
  });
});
