/**
 * Which collectable objects CPython makes besides those that a program asks for, and where it looks for a collection
 * that is due: what both sides must agree on where allocations are counted (`gc.get_count()`) or set off collections.
 * All of it was asked of the interpreters: a call was made with free lists emptied, and the counters read afterwards.
 */
import { SPELLING, splitOperation } from "./operations.ts";
import {
  type Census,
  type Expression,
  LOCALS,
  type Program,
  type Query,
  type Statement,
} from "./program.ts";

/** Number of the version: 13 for 3.13. */
function minor(python: string): number {
  return Number(python.slice(2));
}

/** Queries whose answers are made by code that makes objects of its own. */
export const MESSY_QUERIES: ReadonlySet<Query> = new Set([
  "show",
  "order",
  "attributes",
  "referrers",
  "referents",
]);
/** Likewise. */
export const MESSY_CENSUS: ReadonlySet<Census> = new Set(["stats", "objects", "garbage"]);
/** Operations whose implementation in CPython makes objects of its own, and those that run Python code. */
export const MESSY_OPERATIONS: ReadonlySet<string> = new Set(["copy", "deepcopy"]);

/** Operations that make an iterator or a bound method on the way; up to 3.11 the only trace is that a collection may become due. */
const ITERATING: ReadonlySet<string> = new Set([
  "extend",
  "inplaceConcat",
  "toList",
  "toTuple",
  "toSet",
  "toFrozenset",
  "update",
  "fromKeys",
  // `__bytes__` is bound.
  "toBytes",
]);

/**
 * Whether a statement that holds no others makes collectable objects that only one side knows of: afterwards neither
 * counts nor the lengths of free lists are known.
 */
export function isMessy(
  statement: Statement,
  { python, collecting }: Pick<Program, "python" | "collecting">,
): boolean {
  // Where nobody counts, the free lists of floats, tuples, lists and dicts are all that matters.
  const countsIterators = collecting !== "off" && minor(python) >= 14;
  switch (statement.s) {
    case "op":
      if (statement.guarded) return true;
      if (MESSY_OPERATIONS.has(statement.op)) return true;
      // The iterator comes between the dict and its items; a collection may run there.
      if (statement.op === "fromKeys" && collecting !== "off" && minor(python) === 11) return true;
      // Iterators have free lists of their own there.
      return countsIterators && ITERATING.has(splitOperation(statement.op).name);
    case "log":
      // `__sizeof__` is bound first: an object with a free list of its own.
      return MESSY_QUERIES.has(statement.query) || (countsIterators && statement.query === "size");
    case "set":
      return countsIterators && hasFrozenset(statement.value);
    case "census":
      return MESSY_CENSUS.has(statement.query);
    default:
      return false;
  }
}

/** `frozenset(…)` iterates over a tuple. */
function hasFrozenset(x: Expression): boolean {
  if (x.e === "frozenset") return x.items.length > 0;
  if (x.e === "dict") return x.items.some((pair) => pair.some(hasFrozenset));
  return "items" in x && x.e !== "range" && x.items.some(hasFrozenset);
}

/**
 * Whether collections that are due may run wherever the interpreter looks for them. Not in 3.14: its collector marks
 * what lies on the evaluation stacks, too, which only one side has. There, statements that call nothing stand between
 * `enable` and `disable`, and what is due runs at the end.
 */
export function collectsAnywhere(python: string): boolean {
  return minor(python) !== 14;
}

/** Whether a statement calls nothing; finalizers of what it drops aside. */
export function callsNothing(statement: Statement): boolean {
  switch (statement.s) {
    // A value lies on the stack while it takes the place of another one in a cell or in the module's dict.
    case "set":
      return LOCALS.includes(statement.to) && isDisplay(statement.value);
    case "closure":
      return LOCALS.includes(statement.to);
    case "del":
      return true;
    case "swap":
      return LOCALS.includes(statement.a) && LOCALS.includes(statement.b);
    default:
      return statement.s === "switch" && statement.what === "disable";
  }
}

/** Whether an expression is made of variables and displays alone. */
function isDisplay(x: Expression): boolean {
  switch (x.e) {
    case "none":
    case "bool":
    case "var":
    case "class":
      return true;
    case "list":
    case "tuple":
      return x.items.every(isDisplay);
    case "set":
      return x.items.length > 0 && x.items.every(isDisplay);
    case "dict":
      return x.items.every((pair) => pair.every(isDisplay));
    default:
      return false;
  }
}

/** Calls whose arguments are put into a tuple: their number, or 0. */
export function argumentTuple(python: string, called: string): number {
  const version = minor(python);
  switch (called) {
    case "int":
      return version < 13 ? 1 : 0;
    case "str":
      return version < 13 ? 2 : 0;
    case "complex":
    case "bytearray":
    case "size":
    case "toBytes":
    case "toBytearray":
      return 1;
    case "slice":
    case "thresholds":
      return 3;
    case "update dict":
      return 1;
    case "update set":
      return version < 14 ? 1 : 0;
    default:
      return 0;
  }
}

/** Whether iterators and bound methods are given back to the allocator, as nobody else's free list knows them. */
export function hasTransients(python: string): boolean {
  return minor(python) < 14;
}

/**
 * Thresholds that programs begin with: the version's own, but for 3.14, where the second one decides how much of the
 * interpreter's heap, which only one side has, counts as work to do.
 */
export function thresholdsFor(python: string): [number, number, number] {
  if (minor(python) === 14) return [2000, 2, 10];
  return minor(python) < 13 ? [700, 10, 10] : [2000, 10, 10];
}

/** Whether lists take in dicts and sets without an iterator, as they always did with lists and tuples. */
export function extendsByTables(python: string): boolean {
  return minor(python) >= 13;
}

/** Whether the operation is a call of a function written in C: the interpreter looks for what is due afterwards. */
export function isCall(name: string): boolean {
  return name !== "call" && SPELLING[name]!.includes("(");
}
