/** What variables hold, as far as the generator knows it: kinds and contents, no counts and no addresses. */
/** Thrown where a statement has no place: the variable holds something else, or the outcome can't be foretold. */
export class Invalid extends Error {}

/** The program's own exception, or one of Python's where an operation fails. */
export class Raised extends Error {
  readonly type: string;
  constructor(type: string) {
    super(type);
    this.type = type;
  }
}

export interface Sequence {
  readonly k: "list" | "tuple";
  items: Value[];
}
export interface Mapping {
  readonly k: "dict";
  map: Map<string, [Value, Value]>;
  /** The instance whose `__dict__` it is. */
  readonly instance: boolean;
}
export interface HashSet {
  readonly k: "set" | "frozenset";
  map: Map<string, Value>;
}
export interface Instance {
  readonly k: "instance";
  readonly cls: number;
  readonly uid: number;
  attributes: Mapping;
}
/** A box for a captured variable. */
export interface Cell {
  value: Value | undefined;
}
export type Value =
  | { readonly k: "none" }
  | { readonly k: "bool"; readonly v: boolean }
  | { readonly k: "int"; readonly v: bigint }
  | { readonly k: "float"; readonly v: number }
  | { readonly k: "complex"; readonly re: number; readonly im: number }
  | { readonly k: "str" | "bytes"; readonly v: string }
  | { readonly k: "bytearray"; v: string }
  | Sequence
  | Mapping
  | HashSet
  | { readonly k: "slice"; readonly items: readonly Value[] }
  | { readonly k: "range"; readonly start: number; readonly step: number; readonly length: number }
  | Instance
  | { readonly k: "class"; readonly cls: number }
  | { readonly k: "function"; readonly cell: Cell }
  | { readonly k: "method"; readonly self: Instance }
  | { readonly k: "ref" | "proxy"; readonly target: Value }
  /** Something that cannot be foretold, such as what a weak reference gives. */
  | { readonly k: "any" };

export type Kind = Value["k"];

export const NONE: Value = { k: "none" };
export const ANY: Value = { k: "any" };

/** Longest container, in items, and longest int, in bits, that programs make. */
export const MAX_LENGTH = 600;
const MAX_BITS = 4000n;

let uids = 0;

/** A number for a new instance. */
export function nextUid(): number {
  return uids++;
}

/** What the item hashes and compares by; null if it is unhashable. @throws Invalid where that is unknown */
export function keyOf(value: Value): string | null {
  switch (value.k) {
    case "none":
      return "None";
    case "bool":
      return value.v ? "n1" : "n0";
    case "int":
      return `n${value.v}`;
    case "float":
      if (Number.isNaN(value.v)) throw new Invalid("nan hashes by address");
      return Number.isInteger(value.v) ? `n${BigInt(value.v)}` : `f${value.v}`;
    case "complex":
      if (value.im === 0) return keyOf({ k: "float", v: value.re });
      return `j${value.re},${value.im}`;
    case "str":
      return `s${JSON.stringify(value.v)}`;
    case "bytes":
      return `b${JSON.stringify(value.v)}`;
    case "tuple": {
      const keys = value.items.map(keyOf);
      return keys.includes(null) ? null : `(${keys.join()})`;
    }
    case "frozenset":
      return `{${[...value.map.keys()].sort().join()}}`;
    case "range":
      return `r${value.length},${value.length && value.start},${value.length > 1 ? value.step : 0}`;
    case "instance":
      return `i${value.uid}`;
    case "class":
      return `c${value.cls}`;
    case "list":
    case "dict":
    case "set":
    case "bytearray":
      return null;
    default:
      throw new Invalid(`${value.k} as a key`);
  }
}

/** Whether the hash is made of an address, so that the order in a set differs from run to run. */
export function hashesByAddress(value: Value): boolean {
  if (value.k === "tuple") return value.items.some(hashesByAddress);
  if (value.k === "frozenset") return [...value.map.values()].some(hashesByAddress);
  // The hash of a short range is made of None's, which was its address up to 3.11.
  if (value.k === "range") return value.length < 2;
  return value.k === "none" || value.k === "instance" || value.k === "class";
}

/** Whether the value holds itself, or is nested too deeply to compare, or holds what can't be compared. */
export function comparable(value: Value, depth = 6): boolean {
  if (depth === 0) return false;
  switch (value.k) {
    case "float":
      return !Number.isNaN(value.v);
    case "any":
    case "proxy":
    case "ref":
    case "function":
    case "method":
      return false;
    case "list":
    case "tuple":
    case "slice":
      return value.items.every((item) => comparable(item, depth - 1));
    case "dict":
      return [...value.map.values()].every(
        ([key, item]) => comparable(key, depth - 1) && comparable(item, depth - 1),
      );
    case "set":
    case "frozenset":
      return [...value.map.values()].every((item) => comparable(item, depth - 1));
    default:
      return true;
  }
}

/** Whether one of few objects that CPython makes once and for all may stand for the value. */
export function maybeSingleton(value: Value): boolean {
  switch (value.k) {
    case "none":
    case "bool":
    case "any":
    case "class":
      return true;
    case "int":
      return value.v >= -5n && value.v <= 1024n;
    case "str":
    case "bytes":
      return [...value.v].length <= 1;
    case "tuple":
      return value.items.length === 0;
    default:
      return false;
  }
}

/** Whether `len()` knows it. */
export function hasLength(value: Value): boolean {
  return [
    "list",
    "tuple",
    "dict",
    "set",
    "frozenset",
    "str",
    "bytes",
    "bytearray",
    "range",
  ].includes(value.k);
}

/** Number of items. @throws Invalid for values without a length */
export function lengthOf(value: Value): number {
  switch (value.k) {
    case "list":
    case "tuple":
      return value.items.length;
    case "dict":
    case "set":
    case "frozenset":
      return value.map.size;
    case "str":
      return [...value.v].length;
    case "bytes":
    case "bytearray":
      return value.v.length;
    case "range":
      return value.length;
    default:
      throw new Invalid("no length");
  }
}

/** Items in iteration order, where that is known. */
export function iterate(value: Value): Value[] {
  switch (value.k) {
    case "list":
    case "tuple":
      return value.items;
    case "dict":
      return [...value.map.values()].map(([key]) => key);
    case "set":
    case "frozenset":
      return value.map.size < 2 ? [...value.map.values()] : [...value.map.values()].map(() => ANY);
    case "str":
      return [...value.v].map((v) => ({ k: "str", v }));
    case "bytes":
    case "bytearray":
      return [...value.v].map((c) => ({ k: "int", v: BigInt(c.charCodeAt(0)) }));
    case "range":
      return Array.from({ length: value.length }, (_, i) => ({
        k: "int",
        v: BigInt(value.start + i * value.step),
      }));
    default:
      throw new Invalid("not iterable");
  }
}

/** Members of a set made of these. @throws Raised, Invalid */
export function setOf(items: readonly Value[]): Map<string, Value> {
  const map = new Map<string, Value>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) throw new Raised("TypeError");
    if (!map.has(key)) map.set(key, item);
  }
  return checkedSet(map);
}

/** The members, if their order is foretold. @throws Invalid */
export function checkedSet(map: Map<string, Value>): Map<string, Value> {
  if (map.size > MAX_LENGTH) throw new Invalid("too long");
  if (map.size > 1 && [...map.values()].some(hashesByAddress)) {
    throw new Invalid("the order in the set would depend on addresses");
  }
  return map;
}

/** @throws Invalid unless the condition holds */
export function need(condition: boolean, why = "kind"): asserts condition {
  if (!condition) throw new Invalid(why);
}

/** An int of moderate size. @throws Invalid */
export function int(value: number | bigint): Value {
  const v = BigInt(value);
  need((v < 0n ? -v : v) < 1n << MAX_BITS, "too long");
  return { k: "int", v };
}

/** Index of an item from an argument that may be negative. @throws Raised IndexError */
export function indexIn(index: Value | undefined, length: number): number {
  need(index?.k === "int");
  const i = Number(index.v);
  const at = i < 0 ? i + length : i;
  if (at < 0 || at >= length) throw new Raised("IndexError");
  return at;
}

/** The indices that a slice selects. */
export function sliceIndices(args: readonly Value[], length: number): number[] {
  const [first, last, stride] = args.map((arg) => {
    if (arg.k === "none") return undefined;
    need(arg.k === "int");
    return Number(arg.v);
  });
  const step = stride ?? 1;
  if (step === 0) throw new Raised("ValueError");
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + length : value, low), high);
  const indices: number[] = [];
  if (step > 0) {
    const end = last === undefined ? length : clamp(last, 0, length);
    for (let i = first === undefined ? 0 : clamp(first, 0, length); i < end; i += step)
      indices.push(i);
  } else {
    const end = last === undefined ? -1 : clamp(last, -1, length - 1);
    const start = first === undefined ? length - 1 : clamp(first, -1, length - 1);
    for (let i = start; i > end; i += step) indices.push(i);
  }
  return indices;
}

/** What a key compares by. @throws Raised TypeError, Invalid */
export function hashable(value: Value | undefined): string {
  need(value !== undefined);
  const key = keyOf(value);
  if (key === null) throw new Raised("TypeError");
  return key;
}
