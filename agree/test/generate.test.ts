import { describe, expect, it } from "vitest";
import { generate } from "../src/generate.ts";
import { SPELLING, splitOperation } from "../src/operations.ts";
import { type Expression, type Statement, visitStatements } from "../src/program.ts";
import { pythonSource } from "../src/python.ts";
import { sensible } from "../src/sensible.ts";

const options = { python: "3.13", singletonCounts: true };
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
    if (one.s === "collect") count(`collect ${one.generation}`);
    if (one.s === "switch") count(`switch ${one.what}`);
    if (one.s === "census") count(`census ${one.query}`);
    if (one.s === "try" && one.keeps !== null) count("exception kept");
    if (one.s === "bulk") count(`bulk ${one.op}`);
    if (one.s === "weakref") count(`${one.kind} ${one.callback === null ? "bare" : "called"}`);
    if (one.s === "with") count(one.suppresses ? "suppresses" : "passes on");
    if (one.s === "call" && one.body.some(({ s }) => s === "raise")) count("raising call");
  };
  for (let seed = 0; seed < SEEDS; seed++) {
    const program = generate(seed, options);
    count(`collecting ${program.collecting}`);
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

  it("meets the collector in every way", () => {
    for (const [how, share] of [
      ["off", 0.4],
      ["called", 0.2],
      ["automatic", 0.2],
    ] as const)
      expect(counts.get(`collecting ${how}`)! / SEEDS).toBeGreaterThan(share);
    often("statement", ["collect", "switch", "census"]);
    often("collect", ["0", "1", "2"]);
    often("switch", ["enable", "disable", "thresholds", "freeze", "unfreeze", "listen"]);
    often("switch", ["unlisten", "saveAll", "noDebug", "clearGarbage"]);
    often("census", ["counts", "enabled", "thresholds", "frozen", "stats", "objects", "garbage"]);
    often("query", ["tracked", "finalized", "referrers", "referents"]);
  });

  it("makes every kind of class, finalizer, weak reference, manager and error", () => {
    often("finalizer", ["none", "log", "count", "resurrect", "raise", "drop"]);
    often("", ["dict", "slots", "weak slots", "derived", "class attribute"]);
    often("", ["ref bare", "ref called", "proxy bare", "proxy called"]);
    often("", ["suppresses", "passes on", "guarded", "raising call", "exception kept"]);
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

  it.each(["3.11", "3.13", "3.14"])("makes only statements that make sense in %s", (python) => {
    for (let seed = 1; seed <= 1500; seed++) {
      const program = generate(seed, { ...options, python });
      expect(sensible(program)).toEqual(program);
    }
  });

  it("leaves what is due to places that both sides know of", () => {
    const among = (python: string): Map<string, number> => {
      const found = new Map<string, number>();
      for (let seed = 1; seed <= 1500; seed++) {
        const program = generate(seed, { ...options, python });
        if (program.collecting !== "automatic") continue;
        let collects = false;
        visitStatements(program.body, (one) => {
          if (one.s === "switch" && one.what === "enable") collects = true;
          if (one.s === "switch" && one.what === "disable") collects = false;
          if (collects) found.set(one.s, (found.get(one.s) ?? 0) + 1);
        });
      }
      return found;
    };
    // Collections set off by anything but code that makes objects of its own …
    const usual = among("3.13");
    expect(usual.get("op")).toBeGreaterThan(1000);
    expect(usual.get("call")).toBeGreaterThan(100);
    expect(usual.get("try")).toBeGreaterThan(20);
    expect([...usual.keys()]).not.toContain("with");
    // … and in 3.14 by displays alone.
    expect([...among("3.14").keys()].sort()).toEqual(["closure", "del", "set", "switch"]);
  });
});
