/** What CPython answered (test/fixtures), and how to build what it was asked about. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";

/** A value as data; see fixtures/README.md. Ints inside containers stand for themselves. */
export type Described =
  | number
  | readonly ["none"]
  | readonly ["bool", boolean]
  | readonly ["int" | "float" | "str", string]
  | readonly ["complex", string, string]
  | readonly ["bytes" | "bytearray", readonly number[]]
  | readonly ["tuple" | "list" | "set" | "frozenset" | "slice", readonly Described[]]
  | readonly ["dict", readonly (readonly [Described, Described])[]]
  | readonly ["range", readonly string[]];

/** One step of an operation sequence: its name, then numbers. */
export type Step = readonly [string, ...number[]];

/** The questions, the same for every version. */
export interface Questions {
  readonly values: readonly Described[];
  /** Bases (numbers of earlier classes, names of built-in types) and `__slots__` of each class. */
  readonly hierarchies: readonly (readonly (readonly [
    readonly (number | string)[],
    readonly string[] | null,
  ])[])[];
  readonly operations: {
    readonly list: readonly (readonly Step[])[];
    readonly dict: readonly (readonly Step[])[];
    readonly set: readonly (readonly Step[])[];
    readonly bytearray: readonly (readonly Step[])[];
    readonly instance: readonly (readonly Step[])[];
  };
}

/** Sizes after every step, and the order of iteration at the end. */
export type TableAnswer = readonly [readonly number[], readonly (number | string)[]];

/** What a class looks like, or null where CPython refuses it. */
export type ClassAnswer =
  | readonly [basicsize: number, itemsize: number, flags: number, mro: string, instance: number]
  | null;

/** One version's answers. */
export interface Answers {
  readonly derived?: string;
  readonly values: readonly (readonly [size: number | null, hash: string | null])[];
  readonly growth: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly operations: {
    readonly list: readonly (readonly number[])[];
    readonly dict: readonly (TableAnswer | null)[];
    readonly set: readonly (TableAnswer | null)[];
    readonly bytearray: readonly (readonly number[])[];
    readonly instance: readonly (readonly (readonly [number, string])[] | null)[];
  };
  readonly types: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly instances: Readonly<Record<string, readonly (readonly [number | string, number])[]>>;
  readonly "class dicts": Readonly<Record<string, readonly string[]>>;
  readonly "class counts": Readonly<Record<string, Readonly<Record<string, number>>>> | undefined;
  /** Absent where the answers are derived. */
  readonly hierarchies?: readonly (readonly ClassAnswer[])[];
  readonly "free lists": Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly reuse: Readonly<Record<string, readonly number[]>>;
  readonly counts: Readonly<Record<string, unknown>>;
  readonly orders: Readonly<Record<string, readonly (number | string)[]>>;
  readonly trashcan: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly sharing: Readonly<Record<string, boolean>>;
  readonly tracked: Readonly<Record<string, boolean>>;
  /** Absent where the answers are derived. */
  readonly frames?: {
    readonly "frame objects": readonly { slots: number; stack: number; getsizeof: number }[];
    readonly "header words": number;
    readonly recursion: { readonly frames: number; readonly limit: number; readonly text: string };
  };
}

const fixtures = join(import.meta.dirname, "fixtures");

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8"));
}

/** What was asked. */
export const questions: Questions = read("questions") as Questions;

/** What a version answered. */
export function answersOf(version: string, abi: string): Answers {
  return read(`${version}-${abi}`) as Answers;
}

/** Whether a version was asked. */
export function wasAsked(version: string, abi: string): boolean {
  return existsSync(join(fixtures, `${version}-${abi}.json`));
}

/** Short name of a value, for messages. */
export function show(value: Described): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The key that a number stands for in operation sequences. New reference. */
export function keyOf(core: Objects, number: number): Address {
  return number < 1000 ? core.int.from(number) : core.str.from(`k${number}`);
}

/** Build a described value as record.py does: new reference. */
export function build(core: Objects, value: Described): Address {
  const { refs } = core;
  if (typeof value === "number") return core.int.from(value);
  switch (value[0]) {
    case "none":
      return refs.newRef(core.constants.none);
    case "bool":
      return refs.newRef(core.int.fromBoolean(value[1]));
    case "int":
      return core.int.from(BigInt(value[1]));
    case "float":
      return core.float.from(toDouble(value[1]));
    case "complex":
      return core.complex.from(toDouble(value[1]), toDouble(value[2]));
    case "str":
      return core.str.from(value[1]);
    case "bytes":
      return core.bytes.from(Uint8Array.from(value[1]));
    case "bytearray":
      return core.bytearray.from(Uint8Array.from(value[1]));
    case "tuple":
      return withItems(core, value[1], (items) => core.tuple.pack(items));
    case "list": {
      const list = core.list.create(value[1].length);
      value[1].forEach((item, i) => {
        core.list.initItem(list, i, build(core, item));
      });
      return list;
    }
    case "dict": {
      const dict = core.dict.create();
      for (const [key, item] of value[1]) {
        withItems(core, [key, item], ([k, v]) => core.dict.setItem(dict, k ?? 0, v ?? 0));
      }
      return dict;
    }
    case "set":
    case "frozenset": {
      const set = core.set.create();
      for (const item of value[1])
        withItems(core, [item], ([key]) => core.set.add(set, key as number));
      if (value[0] === "set") return set;
      const frozen = core.set.from(set, true);
      refs.decref(set);
      return frozen;
    }
    case "slice":
      return withItems(core, value[1], ([start, stop, step]) =>
        core.slice.create(start ?? 0, stop ?? 0, step ?? 0),
      );
    case "range": {
      const [start, stop, step] = value[1].map(BigInt);
      return core.range.create(start ?? 0n, stop ?? 0n, step ?? 1n);
    }
  }
}

function toDouble(text: string): number {
  return text === "inf" ? Infinity : text === "-inf" ? -Infinity : Number(text);
}

/** Build items, lend them, release them. */
function withItems(
  core: Objects,
  values: readonly Described[],
  use: (items: readonly Address[]) => Address,
): Address {
  const items = values.map((value) => build(core, value));
  const result = use(items);
  for (const item of items) core.refs.decref(item);
  return result;
}

/** `[length, size]` where the size changes, as record.py writes it. */
export function changes(pairs: Iterable<readonly [number, number]>): [number, number][] {
  const out: [number, number][] = [];
  for (const [n, size] of pairs) {
    if (size !== out.at(-1)?.[1]) out.push([n, size]);
  }
  return out;
}
