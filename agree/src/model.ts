/**
 * A model of what a program's variables hold: kinds, contents and aliases, without counts or addresses. The generator
 * asks it which statements make sense next, and shrinking asks it which are left without sense once others are gone.
 * It foretells errors by name, but no log: that is CPython's part.
 */
import { splitOperation } from "./operations.ts";
import {
  ATTRIBUTES,
  CELLS,
  type ClassDefinition,
  type Expression,
  LOCALS,
  type Program,
  type Query,
  type Statement,
  type Variable,
} from "./program.ts";

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
  readonly attributes: Mapping;
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

let nextUid = 0;

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
  return value.k === "none" || value.k === "instance" || value.k === "class";
}

/** Whether the value holds itself, or is nested too deeply to compare, or holds what can't be compared. */
function comparable(value: Value, depth = 6): boolean {
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

function hasLength(value: Value): boolean {
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
function iterate(value: Value): Value[] {
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
function setOf(items: readonly Value[]): Map<string, Value> {
  const map = new Map<string, Value>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) throw new Raised("TypeError");
    if (!map.has(key)) map.set(key, item);
  }
  return checkedSet(map);
}

function checkedSet(map: Map<string, Value>): Map<string, Value> {
  if (map.size > MAX_LENGTH) throw new Invalid("too long");
  if (map.size > 1 && [...map.values()].some(hashesByAddress)) {
    throw new Invalid("the order in the set would depend on addresses");
  }
  return map;
}

function need(condition: boolean, why = "kind"): asserts condition {
  if (!condition) throw new Invalid(why);
}

function int(value: number | bigint): Value {
  const v = BigInt(value);
  need((v < 0n ? -v : v) < 1n << MAX_BITS, "too long");
  return { k: "int", v };
}

/** Index of an item from an argument that may be negative. @throws Raised IndexError */
function indexIn(index: Value | undefined, length: number): number {
  need(index?.k === "int");
  const i = Number(index.v);
  const at = i < 0 ? i + length : i;
  if (at < 0 || at >= length) throw new Raised("IndexError");
  return at;
}

/** The indices that a slice selects. */
function sliceIndices(args: readonly Value[], length: number): number[] {
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

function hashable(value: Value | undefined): string {
  need(value !== undefined);
  const key = keyOf(value);
  if (key === null) throw new Raised("TypeError");
  return key;
}

/** A frame: its variables, cells boxed. */
export type Frame = Map<Variable, Cell>;

/** The state of a program while its statements are gone through. */
export class Model {
  readonly classes: readonly ClassDefinition[];
  readonly classAttributes: Map<string, Value>[];
  readonly globals: Frame = new Map();
  frames: Frame[] = [];
  /** How many `try` or suppressing `with` statements would catch an exception now. */
  catchers = 0;

  constructor(classes: readonly ClassDefinition[]) {
    this.classes = classes;
    this.classAttributes = classes.map(
      ({ attributes }) =>
        new Map(attributes.map(([name, expression]) => [name, this.evaluate(expression)])),
    );
    this.push([]);
  }

  push(args: readonly Value[]): void {
    const frame: Frame = new Map();
    LOCALS.forEach((name, index) => {
      frame.set(name, { value: args[index] ?? NONE });
    });
    for (const name of CELLS) frame.set(name, { value: NONE });
    this.frames.push(frame);
  }

  pop(): void {
    this.frames.pop();
  }

  cell(name: Variable): Cell {
    const frame = this.frames.at(-1)!;
    const local = frame.get(name);
    if (local) return local;
    let global = this.globals.get(name);
    if (!global) this.globals.set(name, (global = { value: undefined }));
    return global;
  }

  /** What a variable holds; undefined if it is unbound. */
  look(name: Variable): Value | undefined {
    return this.cell(name).value;
  }

  /** @throws Invalid if unbound */
  read(name: Variable): Value {
    const value = this.look(name);
    need(value !== undefined, "unbound");
    return value;
  }

  bind(name: Variable, value: Value): void {
    this.cell(name).value = value;
  }

  evaluate(x: Expression): Value {
    switch (x.e) {
      case "none":
        return NONE;
      case "bool":
        return { k: "bool", v: x.v };
      case "int":
        return int(BigInt(x.v));
      case "float":
        return { k: "float", v: x.v === "-0" ? -0 : Number(x.v) };
      case "complex":
        return { k: "complex", re: x.re, im: x.im };
      case "str":
      case "bytes":
      case "bytearray":
        return { k: x.e, v: x.v };
      case "var":
        return this.read(x.v);
      case "class":
        need(x.v < this.classes.length);
        return { k: "class", cls: x.v };
      case "list":
      case "tuple":
        return { k: x.e, items: x.items.map((item) => this.evaluate(item)) };
      case "slice":
        return { k: "slice", items: x.items.map((item) => this.evaluate(item)) };
      case "set":
      case "frozenset":
        return { k: x.e, map: setOf(x.items.map((item) => this.evaluate(item))) };
      case "range": {
        const [start, stop, step] = x.items;
        const length = Math.max(0, Math.ceil((stop - start) / step));
        return { k: "range", start, step, length };
      }
      case "dict": {
        const map = new Map<string, [Value, Value]>();
        for (const [left, right] of x.items) {
          const key = this.evaluate(left);
          const value = this.evaluate(right);
          const text = hashable(key);
          map.set(text, [map.get(text)?.[0] ?? key, value]);
        }
        return { k: "dict", map, instance: false };
      }
    }
  }

  /** Whether an instance of the class can have the attribute. */
  takes(cls: number, name: string): boolean {
    const { slots, base } = this.classes[cls]!;
    if (slots === null || slots.includes(name)) return true;
    return base >= 0 && this.takes(base, name);
  }

  /** Whether instances of the class have a `__dict__`. */
  hasDict(cls: number): boolean {
    const { slots, base } = this.classes[cls]!;
    return slots === null || (base >= 0 && this.hasDict(base));
  }

  /** Whether instances of the class can be referred to weakly. */
  weakly(cls: number): boolean {
    const { slots, base } = this.classes[cls]!;
    return slots === null || slots.includes("__weakref__") || (base >= 0 && this.weakly(base));
  }

  /** Whether the name is one of the class's slots, or of its bases'. */
  isSlot(cls: number, name: string): boolean {
    const { slots, base } = this.classes[cls]!;
    return (slots?.includes(name) ?? false) || (base >= 0 && this.isSlot(base, name));
  }

  classAttribute(cls: number, name: string): Value | undefined {
    for (let at = cls; at >= 0; at = this.classes[at]!.base) {
      const found = this.classAttributes[at]!.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /**
   * Performs one statement that holds no others.
   * @throws Invalid, before anything has changed; Raised, where Python would
   */
  step(statement: Statement): void {
    switch (statement.s) {
      case "set":
        this.bind(statement.to, this.evaluate(statement.value));
        return;
      case "new": {
        need(statement.cls < this.classes.length);
        need(!statement.watched || this.weakly(statement.cls), "no weak references");
        const attributes: Mapping = { k: "dict", map: new Map(), instance: true };
        if (!this.isSlot(statement.cls, "t"))
          attributes.map.set('s"t"', [{ k: "str", v: "t" }, int(statement.tag)]);
        this.bind(statement.to, {
          k: "instance",
          cls: statement.cls,
          uid: nextUid++,
          attributes,
        });
        return;
      }
      case "del": {
        const cell = this.cell(statement.v);
        need(cell.value !== undefined, "unbound");
        cell.value = undefined;
        return;
      }
      case "op": {
        const result = this.operate(statement);
        if (statement.to !== null) this.bind(statement.to, result);
        return;
      }
      case "weakref": {
        const target = this.read(statement.on);
        if (target.k === "instance") need(this.weakly(target.cls), "no weak references");
        else
          need(target.k === "set" || target.k === "frozenset" || target.k === "function", "target");
        this.bind(statement.to, { k: statement.kind, target });
        return;
      }
      case "closure": {
        const cell = this.cell(statement.cell);
        this.bind(statement.to, { k: "function", cell });
        return;
      }
      case "swap": {
        const left = this.read(statement.a);
        const right = this.read(statement.b);
        need(statement.a !== statement.b);
        this.bind(statement.a, right);
        this.bind(statement.b, left);
        return;
      }
      case "bulk":
        this.bulk(statement);
        return;
      case "rescue":
        this.bind(statement.to, ANY);
        return;
      case "log":
        this.query(
          statement.query,
          this.read(statement.v),
          statement.w === null ? undefined : this.read(statement.w),
        );
        return;
      case "raise":
        need(this.catchers > 0, "nobody catches");
        throw new Raised("Boom");
      case "call":
      case "try":
      case "with":
        throw new Error(`${statement.s} holds statements: it is not a single step`);
    }
  }

  /** @throws Invalid if the query makes no sense, or its answer depends on addresses */
  query(query: Query, value: Value, other: Value | undefined): void {
    switch (query) {
      case "len":
        need(hasLength(value));
        return;
      case "order":
        need(hasLength(value));
        if (value.k === "set" || value.k === "frozenset")
          need(![...value.map.values()].some(hashesByAddress), "order by address");
        return;
      case "hash":
        need(comparable(value) && keyOf(value) !== null && !hashesByAddress(value), "hash");
        return;
      case "truth":
        need(value.k !== "any" && value.k !== "proxy");
        return;
      case "size":
        need(value.k !== "class" && value.k !== "proxy" && value.k !== "any");
        return;
      case "refcount":
        need(value.k !== "any" && value.k !== "class");
        return;
      case "is":
        need(other !== undefined);
        return;
      case "equal":
        need(other !== undefined && comparable(value) && comparable(other));
        return;
      case "contains":
        need(other !== undefined && comparable(value) && comparable(other));
        if (value.k === "dict" || value.k === "set" || value.k === "frozenset")
          need(keyOf(other) !== null);
        else need(value.k === "list" || value.k === "tuple");
        return;
      case "identity":
        need(
          ["float", "list", "dict", "tuple"].includes(value.k) &&
            !(value.k === "dict" && value.instance) &&
            !(value.k === "tuple" && (value.items.length === 0 || value.items.length > 20)),
        );
        return;
      case "weakrefs":
        need(
          value.k === "set" ||
            value.k === "frozenset" ||
            value.k === "function" ||
            (value.k === "instance" && this.weakly(value.cls)),
        );
        return;
      case "attributes":
        need(value.k === "instance" && this.hasDict(value.cls));
        return;
      case "show":
      case "type":
        need(value.k !== "proxy");
        return;
    }
  }

  private bulk({ op, on, from, to }: Extract<Statement, { s: "bulk" }>): void {
    const value = this.read(on);
    need(to > from && to - from <= 400);
    if (op === "append" || op === "popLast") {
      need(value.k === "list");
      if (op === "append") {
        need(value.items.length + to - from <= MAX_LENGTH);
        for (let i = from; i < to; i++) value.items.push(int(i));
      } else {
        need(value.items.length >= to - from);
        value.items.splice(value.items.length - (to - from));
      }
    } else if (op === "appendByte") {
      need(value.k === "bytearray" && value.v.length + to - from <= MAX_LENGTH);
      for (let i = from; i < to; i++) value.v += String.fromCharCode(i & 255);
    } else if (op === "add") {
      need(value.k === "set");
      const map = new Map(value.map);
      for (let i = from; i < to; i++) {
        const key = keyOf(int(i))!;
        if (!map.has(key)) map.set(key, int(i));
      }
      value.map = checkedSet(map);
    } else {
      need(value.k === "dict" && !value.instance && value.map.size + to - from <= MAX_LENGTH);
      for (let i = from; i < to; i++) {
        const key: Value = op === "setNames" ? { k: "str", v: `n${i}` } : int(i);
        const text = keyOf(key)!;
        if (op === "delInts") value.map.delete(text);
        else value.map.set(text, [value.map.get(text)?.[0] ?? key, int(i)]);
      }
    }
  }

  private operate(statement: Extract<Statement, { s: "op" }>): Value {
    const { name, attribute } = splitOperation(statement.op);
    const on = this.read(statement.on);
    const args = statement.args.map((arg) => this.evaluate(arg));
    const [first = NONE, second = NONE, third = NONE] = args;
    switch (name) {
      case "append":
        need(on.k === "list" && on.items.length < MAX_LENGTH);
        on.items.push(first);
        return NONE;
      case "insert": {
        need(on.k === "list" && first.k === "int" && on.items.length < MAX_LENGTH);
        on.items.splice(Number(first.v), 0, second);
        return NONE;
      }
      case "extend": {
        need(on.k === "list");
        need(first.k === "list" || first.k === "tuple" || first.k === "range", "extend");
        const more = [...iterate(first)];
        need(on.items.length + more.length <= MAX_LENGTH);
        on.items.push(...more);
        return NONE;
      }
      case "pop":
        need(on.k === "list");
        if (on.items.length === 0) throw new Raised("IndexError");
        return on.items.pop()!;
      case "popAt": {
        need(on.k === "list");
        if (on.items.length === 0) throw new Raised("IndexError");
        return on.items.splice(indexIn(first, on.items.length), 1)[0]!;
      }
      case "getitem":
        if (on.k === "dict") {
          const found = on.map.get(hashable(first));
          if (!found) throw new Raised("KeyError");
          return found[1];
        }
        need(hasLength(on) && on.k !== "set" && on.k !== "frozenset");
        return iterate(on)[indexIn(first, lengthOf(on))]!;
      case "setitem":
        if (on.k === "dict") {
          if (on.instance) need(first.k === "str" && ATTRIBUTES.includes(first.v), "attribute");
          const key = hashable(first);
          need(on.map.size < MAX_LENGTH);
          on.map.set(key, [on.map.get(key)?.[0] ?? first, second]);
        } else if (on.k === "list") {
          on.items[indexIn(first, on.items.length)] = second;
        } else {
          need(on.k === "bytearray" && second.k === "int" && second.v >= 0n && second.v < 256n);
          const at = indexIn(first, on.v.length);
          on.v = on.v.slice(0, at) + String.fromCharCode(Number(second.v)) + on.v.slice(at + 1);
        }
        return NONE;
      case "delitem":
        if (on.k === "dict") {
          if (on.instance) need(first.k === "str" && ATTRIBUTES.includes(first.v), "attribute");
          if (!on.map.delete(hashable(first))) throw new Raised("KeyError");
        } else if (on.k === "list") {
          on.items.splice(indexIn(first, on.items.length), 1);
        } else {
          need(on.k === "bytearray");
          const at = indexIn(first, on.v.length);
          on.v = on.v.slice(0, at) + on.v.slice(at + 1);
        }
        return NONE;
      case "getslice": {
        need(hasLength(on));
        if (on.k === "range") throw new Invalid("range slices");
        need(on.k !== "dict" && on.k !== "set" && on.k !== "frozenset");
        const indices = sliceIndices(args, lengthOf(on));
        if (on.k === "list" || on.k === "tuple") {
          if (on.k === "tuple" && indices.length === on.items.length && indices[0] === 0) return on;
          return { k: on.k, items: indices.map((i) => on.items[i]!) };
        }
        need(on.k === "str" || on.k === "bytes" || on.k === "bytearray");
        const characters = [...on.v];
        return { k: on.k, v: indices.map((i) => characters[i]).join("") };
      }
      case "setslice": {
        if (on.k === "list") {
          need(third.k === "list" || third.k === "tuple");
          const items = [...third.items];
          const indices = sliceIndices([first, second, NONE], on.items.length);
          need(on.items.length + items.length <= MAX_LENGTH);
          const at = indices[0] ?? this.emptySliceStart(first, on.items.length);
          on.items.splice(at, indices.length, ...items);
        } else {
          need(on.k === "bytearray" && (third.k === "bytes" || third.k === "bytearray"));
          need(on !== third, "exports of its own");
          const indices = sliceIndices([first, second, NONE], on.v.length);
          need(on.v.length + third.v.length <= MAX_LENGTH);
          const at = indices[0] ?? this.emptySliceStart(first, on.v.length);
          on.v = on.v.slice(0, at) + third.v + on.v.slice(at + indices.length);
        }
        return NONE;
      }
      case "delslice": {
        need(on.k === "list" || on.k === "bytearray");
        const gone = new Set(sliceIndices(args, lengthOf(on)));
        if (on.k === "list") on.items = on.items.filter((_, i) => !gone.has(i));
        else if (on.k === "bytearray") on.v = [...on.v].filter((_, i) => !gone.has(i)).join("");
        return NONE;
      }
      case "clear":
        if (on.k === "list") on.items = [];
        else if (on.k === "bytearray") on.v = "";
        else {
          need((on.k === "dict" && !on.instance) || on.k === "set");
          on.map = new Map();
        }
        return NONE;
      case "reverse":
        if (on.k === "list") on.items.reverse();
        else {
          need(on.k === "bytearray");
          on.v = [...on.v].reverse().join("");
        }
        return NONE;
      case "inplaceConcat": {
        need(on.k !== "bytearray" || on !== first, "exports of its own");
        const sum = this.concat(on, first);
        if (on.k === "list" && sum.k === "list") on.items = sum.items;
        else if (on.k === "bytearray" && sum.k === "bytearray") on.v = sum.v;
        else this.bind(statement.on, sum);
        return NONE;
      }
      case "concat":
        return this.concat(on, first);
      case "inplaceRepeat": {
        const product = this.repeat(on, first);
        if (on.k === "list" && product.k === "list") on.items = product.items;
        else if (on.k === "bytearray" && product.k === "bytearray") on.v = product.v;
        else this.bind(statement.on, product);
        return NONE;
      }
      case "repeat":
        return this.repeat(on, first);
      case "subtract":
      case "multiply":
        if (on.k === "int" && first.k === "int")
          return int(name === "subtract" ? on.v - first.v : on.v * first.v);
        need(on.k === "float" && first.k === "float");
        return { k: "float", v: name === "subtract" ? on.v - first.v : on.v * first.v };
      case "shift":
        need(on.k === "int" && first.k === "int" && first.v >= 0n && first.v < 200n);
        return int(on.v << first.v);
      case "negate":
        if (on.k === "float") return { k: "float", v: -on.v };
        need(on.k === "int");
        return int(-on.v);
      case "add": {
        need(on.k === "set");
        const key = hashable(first);
        if (!on.map.has(key)) on.map = checkedSet(new Map(on.map).set(key, first));
        return NONE;
      }
      case "discard":
      case "remove": {
        need(on.k === "set" && first.k !== "set");
        const had = on.map.delete(hashable(first));
        if (!had && name === "remove") throw new Raised("KeyError");
        return NONE;
      }
      case "union":
      case "intersection":
      case "difference":
      case "symmetric": {
        need(
          (on.k === "set" || on.k === "frozenset") &&
            (first.k === "set" || first.k === "frozenset"),
        );
        const left = [...on.map];
        const right = [...first.map];
        const { map: own } = on;
        const { map: others } = first;
        const kept =
          name === "union"
            ? [...left, ...right.filter(([key]) => !own.has(key))]
            : name === "intersection"
              ? left.filter(([key]) => others.has(key))
              : name === "difference"
                ? left.filter(([key]) => !others.has(key))
                : [
                    ...left.filter(([key]) => !others.has(key)),
                    ...right.filter(([key]) => !own.has(key)),
                  ];
        // Which of two equal members is kept depends on sizes; the model would have to know.
        for (const [key, value] of left) {
          const twin = others.get(key);
          if (twin !== undefined) need(twin.k === value.k && value.k !== "tuple", "twins");
        }
        return { k: on.k, map: checkedSet(new Map(kept)) };
      }
      case "update":
        if (on.k === "set") {
          need(["list", "tuple", "set", "frozenset", "range", "str"].includes(first.k));
          const map = new Map(on.map);
          if (first.k === "set" || first.k === "frozenset") {
            for (const [key, item] of first.map) if (!map.has(key)) map.set(key, item);
          } else {
            // The members before an unhashable one would stay: only foretold if there is none.
            for (const item of iterate(first)) {
              const key = keyOf(item);
              need(key !== null, "unhashable in the middle");
              if (!map.has(key)) map.set(key, item);
            }
          }
          on.map = checkedSet(map);
        } else {
          need(on.k === "dict" && first.k === "dict" && !on.instance);
          const map = new Map(on.map);
          for (const [key, [item, value]] of first.map)
            map.set(key, [map.get(key)?.[0] ?? item, value]);
          need(map.size <= MAX_LENGTH);
          on.map = map;
        }
        return NONE;
      case "get": {
        need(on.k === "dict");
        return on.map.get(hashable(first))?.[1] ?? NONE;
      }
      case "setdefault": {
        need(on.k === "dict" && !on.instance && on.map.size < MAX_LENGTH);
        const key = hashable(first);
        const found = on.map.get(key);
        if (found) return found[1];
        on.map.set(key, [first, second]);
        return second;
      }
      case "dictPop": {
        need(on.k === "dict" && !on.instance);
        if (on.map.size === 0) throw new Raised("KeyError");
        const key = hashable(first);
        const found = on.map.get(key);
        if (!found) throw new Raised("KeyError");
        on.map.delete(key);
        return found[1];
      }
      case "popitem": {
        need(on.k === "dict" && !on.instance);
        const last = [...on.map].at(-1);
        if (!last) throw new Raised("KeyError");
        on.map.delete(last[0]);
        return { k: "tuple", items: last[1] };
      }
      case "merge": {
        need(on.k === "dict" && first.k === "dict");
        const map = new Map(on.map);
        for (const [key, [item, value]] of first.map)
          map.set(key, [map.get(key)?.[0] ?? item, value]);
        need(map.size <= MAX_LENGTH);
        return { k: "dict", map, instance: false };
      }
      case "method":
        need(
          on.k === "list" ||
            on.k === "dict" ||
            on.k === "set" ||
            on.k === "frozenset" ||
            on.k === "bytearray",
        );
        return this.shallow(on);
      case "toList":
      case "toTuple": {
        const items = [...iterate(on)];
        need(items.length <= MAX_LENGTH);
        if (name === "toTuple" && on.k === "tuple") return on;
        return { k: name === "toList" ? "list" : "tuple", items };
      }
      case "toSet":
      case "toFrozenset": {
        if (name === "toFrozenset" && on.k === "frozenset") return on;
        const k = name === "toSet" ? "set" : "frozenset";
        if (on.k === "set" || on.k === "frozenset") return { k, map: new Map(on.map) };
        if (on.k === "dict")
          return { k, map: checkedSet(new Map([...on.map].map(([key, [item]]) => [key, item]))) };
        return { k, map: setOf(iterate(on)) };
      }
      case "toDict":
        need(on.k === "dict");
        return { k: "dict", map: new Map(on.map), instance: false };
      case "toBytes":
      case "toBytearray":
        need(on.k === "bytes" || on.k === "bytearray");
        if (name === "toBytes" && on.k === "bytes") return on;
        return { k: name === "toBytes" ? "bytes" : "bytearray", v: on.v };
      case "copy":
        need(
          on.k !== "any" &&
            on.k !== "proxy" &&
            on.k !== "method" &&
            on.k !== "slice" &&
            on.k !== "range",
          "copy",
        );
        return this.shallow(on);
      case "deepcopy":
        return this.deep(on, new Map());
      case "getattr":
        if (on.k === "proxy" || on.k === "any") return this.unknown(statement, on);
        if (on.k === "class") need(!this.isSlot(on.cls, attribute), "a descriptor");
        if (on.k === "class") return this.orAttributeError(this.classAttribute(on.cls, attribute));
        need(on.k === "instance");
        return this.orAttributeError(
          on.attributes.map.get(`s${JSON.stringify(attribute)}`)?.[1] ??
            (this.isSlot(on.cls, attribute) ? undefined : this.classAttribute(on.cls, attribute)),
        );
      case "setattr":
        if (on.k === "class") {
          for (let cls = 0; cls < this.classes.length; cls++)
            need(!this.isSlot(cls, attribute), "hides a slot");
          this.classAttributes[on.cls]!.set(attribute, first);
        } else {
          need(on.k === "instance");
          if (!this.takes(on.cls, attribute)) throw new Raised("AttributeError");
          on.attributes.map.set(`s${JSON.stringify(attribute)}`, [
            { k: "str", v: attribute },
            first,
          ]);
        }
        return NONE;
      case "delattr":
        need(on.k === "instance");
        if (!on.attributes.map.delete(`s${JSON.stringify(attribute)}`))
          throw new Raised("AttributeError");
        return NONE;
      case "bind":
        need(on.k === "instance");
        return { k: "method", self: on };
      case "instanceDict":
        need(on.k === "instance" && this.hasDict(on.cls));
        for (let at = on.cls; at >= 0; at = this.classes[at]!.base)
          need(this.classes[at]!.slots === null, "slots beside the dict");
        return on.attributes;
      case "call":
        if (on.k === "method") return on.self;
        if (on.k === "ref") return ANY;
        need(on.k === "function");
        if (on.cell.value === undefined) throw new Raised("NameError");
        return on.cell.value;
      default:
        throw new Error(`unknown operation ${name}`);
    }
  }

  /** What may or may not fail is guarded always. */
  private unknown(statement: Extract<Statement, { s: "op" }>, on: Value): Value {
    need(statement.guarded && on.k === "proxy");
    // Where it fails the target keeps what it had, so nothing at all is known of it.
    if (statement.to !== null) {
      const before = this.look(statement.to);
      need(before?.k === "any" || before?.k === "none", "keeps what it has if it fails");
    }
    return ANY;
  }

  private orAttributeError(value: Value | undefined): Value {
    if (value === undefined) throw new Raised("AttributeError");
    return value;
  }

  private emptySliceStart(first: Value, length: number): number {
    if (first.k === "none") return 0;
    need(first.k === "int");
    const at = Number(first.v);
    return Math.min(Math.max(at < 0 ? at + length : at, 0), length);
  }

  private concat(on: Value, more: Value): Value {
    if (on.k === "int" && more.k === "int") return int(on.v + more.v);
    if (on.k === "float" && more.k === "float") return { k: "float", v: on.v + more.v };
    if ((on.k === "list" || on.k === "tuple") && more.k === on.k) {
      need(on.items.length + more.items.length <= MAX_LENGTH);
      return { k: on.k, items: [...on.items, ...more.items] };
    }
    if (on.k === "str" && more.k === "str") {
      need(on.v.length + more.v.length <= MAX_LENGTH);
      return { k: "str", v: on.v + more.v };
    }
    need(
      (on.k === "bytes" || on.k === "bytearray") && (more.k === "bytes" || more.k === "bytearray"),
    );
    need(on.v.length + more.v.length <= MAX_LENGTH);
    return { k: on.k, v: on.v + more.v };
  }

  private repeat(on: Value, times: Value): Value {
    need(times.k === "int" && times.v <= 8n && times.v >= -1n);
    const n = Math.max(0, Number(times.v));
    if (on.k === "list" || on.k === "tuple") {
      need(on.items.length * n <= MAX_LENGTH);
      return { k: on.k, items: Array.from({ length: n }, () => on.items).flat() };
    }
    need(on.k === "str" || on.k === "bytes" || on.k === "bytearray");
    need(on.v.length * n <= MAX_LENGTH);
    return { k: on.k, v: on.v.repeat(n) };
  }

  private shallow(value: Value): Value {
    switch (value.k) {
      case "list":
        return { k: "list", items: [...value.items] };
      case "dict":
        return { k: "dict", map: new Map(value.map), instance: false };
      case "set":
        return { k: "set", map: new Map(value.map) };
      case "bytearray":
        return { k: "bytearray", v: value.v };
      case "instance":
        return {
          k: "instance",
          cls: value.cls,
          uid: nextUid++,
          attributes: { k: "dict", map: new Map(value.attributes.map), instance: true },
        };
      default:
        return value;
    }
  }

  private deep(value: Value, memo: Map<Value, Value>): Value {
    const known = memo.get(value);
    if (known) return known;
    switch (value.k) {
      case "any":
      case "proxy":
      case "method":
      case "slice":
      case "range":
        throw new Invalid("deepcopy");
      case "list": {
        const copy: Sequence = { k: "list", items: [] };
        memo.set(value, copy);
        copy.items = value.items.map((item) => this.deep(item, memo));
        return copy;
      }
      case "tuple": {
        const items = value.items.map((item) => this.deep(item, memo));
        const again = memo.get(value);
        if (again) return again;
        const copy: Value = items.every((item, i) => item === value.items[i])
          ? value
          : { k: "tuple", items };
        memo.set(value, copy);
        return copy;
      }
      case "dict": {
        const copy: Mapping = { k: "dict", map: new Map(), instance: false };
        memo.set(value, copy);
        for (const [key, item] of value.map.values()) {
          const newKey = this.deep(key, memo);
          copy.map.set(keyOf(newKey)!, [newKey, this.deep(item, memo)]);
        }
        return copy;
      }
      case "set":
      case "frozenset": {
        // A set of tuples that hold instances can be reached from them: copied after all, but not foretold.
        const items = [...value.map.values()];
        need(
          items.every((item) => !hashesByAddress(item) && item.k !== "tuple"),
          "deepcopy of a set",
        );
        const copy: Value = { k: value.k, map: new Map(value.map) };
        memo.set(value, copy);
        return copy;
      }
      case "bytearray":
        return { k: "bytearray", v: value.v };
      case "instance": {
        const attributes: Mapping = { k: "dict", map: new Map(), instance: true };
        const copy: Instance = { k: "instance", cls: value.cls, uid: nextUid++, attributes };
        memo.set(value, copy);
        for (const [key, item] of value.attributes.map)
          attributes.map.set(key, [item[0], this.deep(item[1], memo)]);
        return copy;
      }
      default:
        return value;
    }
  }
}

/** How a list of statements ends. */
export type Completion = "ends" | "raises";

/** The statements of a program that make sense, one after the other; the others are left out. */
export function sensible(program: Program): Program {
  const model = new Model(program.classes);
  return { ...program, body: sensibleStatements(model, program.body).statements };
}

function sensibleStatements(
  model: Model,
  statements: readonly Statement[],
): { statements: Statement[]; completion: Completion } {
  const kept: Statement[] = [];
  for (const statement of statements) {
    const result = performed(model, statement);
    if (result === undefined) continue;
    kept.push(result.statement);
    if (result.completion === "raises") return { statements: kept, completion: "raises" };
  }
  return { statements: kept, completion: "ends" };
}

/** Performs a statement as far as it makes sense; undefined if it makes none. */
function performed(
  model: Model,
  statement: Statement,
): { statement: Statement; completion: Completion } | undefined {
  try {
    switch (statement.s) {
      case "call": {
        const args = statement.args.map((name) => model.read(name));
        model.push(args);
        let inner: { statements: Statement[]; completion: Completion };
        let result: Value = NONE;
        let named = statement.result;
        try {
          inner = sensibleStatements(model, statement.body);
          if (inner.completion === "ends" && named !== null) {
            const value = model.look(named);
            if (value === undefined) named = null;
            else result = value;
          }
        } finally {
          model.pop();
        }
        if (inner.completion === "ends" && statement.to !== null) model.bind(statement.to, result);
        return {
          statement: { ...statement, body: inner.statements, result: named },
          completion: inner.completion,
        };
      }
      case "try": {
        model.catchers++;
        let body: { statements: Statement[]; completion: Completion };
        try {
          body = sensibleStatements(model, statement.body);
        } finally {
          model.catchers--;
        }
        if (body.completion === "ends")
          return {
            statement: { ...statement, body: body.statements, handler: [] },
            completion: "ends",
          };
        const handler = sensibleStatements(model, statement.handler);
        return {
          statement: { ...statement, body: body.statements, handler: handler.statements },
          completion: handler.completion,
        };
      }
      case "with": {
        if (statement.to !== null) model.bind(statement.to, int(statement.number));
        if (statement.suppresses) model.catchers++;
        let body: { statements: Statement[]; completion: Completion };
        try {
          body = sensibleStatements(model, statement.body);
        } finally {
          if (statement.suppresses) model.catchers--;
        }
        return {
          statement: { ...statement, body: body.statements },
          completion: statement.suppresses ? "ends" : body.completion,
        };
      }
      default:
        model.step(statement);
        return { statement, completion: "ends" };
    }
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    if (error instanceof Raised) {
      if (statement.s === "op")
        return { statement: { ...statement, guarded: true }, completion: "ends" };
      return statement.s === "raise" ? { statement, completion: "raises" } : undefined;
    }
    throw error;
  }
}
