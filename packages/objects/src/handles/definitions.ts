/** Functions and classes whose bodies are JavaScript: what `def` and `class` statements do. */
import type { Address } from "@pyrena/abi";
import type { Body } from "../api/functions.ts";
import type { HandleContext, PyValue } from "./handle.ts";
import type { CellHandle, ClassHandle } from "./others.ts";

/** A function's body: whatever parameters it likes, by their values. */
// biome-ignore lint/suspicious/noExplicitAny: the types of Python's arguments are its author's to know
export type FunctionBody = (...args: any[]) => unknown;

/** What a `def` statement says beyond name and body. */
export interface FunctionOptions {
  /** Names of the parameters; default: as many as the body takes. */
  readonly params?: readonly string[];
  /** Names of further locals, reached through `py.currentFrame()`. */
  readonly locals?: readonly string[];
  /** Cells that the function captures, by the names that it has for them. */
  readonly free?: Readonly<Record<string, CellHandle>>;
  /** Values of the last parameters, where the caller gives none. */
  readonly defaults?: readonly unknown[];
}

/** What a `class` statement says beyond name and members. */
export interface ClassOptions {
  /** Default: `object`. */
  readonly bases?: readonly ClassHandle[];
  /** `__slots__`: instances have these attributes and no `__dict__`. */
  readonly slots?: readonly string[];
  /** `__module__`; default `__main__`. */
  readonly module?: string;
}

/** A function: new reference, or NULL with an exception pending. */
export function defineFunction(
  context: HandleContext,
  name: string,
  body: FunctionBody,
  { params, locals = [], free = {}, defaults = [] }: FunctionOptions,
  qualname: string = name,
): Address {
  const { functions, tuple, modules, refs } = context.core;
  const names = params ?? Array.from({ length: body.length }, (_, n) => `arg${n}`);
  const cells = Object.values(free).map((cell) => cell.live);
  const closure = cells.length === 0 ? 0 : tuple.pack(cells);
  if (cells.length > 0 && closure === 0) return 0;
  let given: Address = 0;
  try {
    if (defaults.length > 0) {
      given = packed(context, defaults);
      if (given === 0) return 0;
    }
    return functions.define(
      {
        name,
        qualname,
        locals: [...names, ...locals],
        argCount: names.length,
        freeNames: Object.keys(free),
        body: bodyOf(context, names.length, body),
      },
      modules.dict(modules.main()),
      closure,
      given,
    );
  } finally {
    refs.xdecref(closure);
    refs.xdecref(given);
  }
}

/** A body that is given values, as one that is given its frame. */
function bodyOf(context: HandleContext, argCount: number, body: FunctionBody): Body {
  const { frames } = context.core;
  return (frame) =>
    context.callBack(() => {
      const args: PyValue[] = [];
      for (let n = 0; n < argCount; n++) args.push(context.readValue(frames.local(frame, n)));
      return body(...args);
    });
}

/** Give a code object its body again, where the heap that has it was saved and opened. */
export function bindBody(context: HandleContext, code: Address, body: FunctionBody): void {
  const { functions } = context.core;
  functions.bind(code, bodyOf(context, functions.argCount(code), body));
}

/** A tuple of converted values: new reference, or NULL with an exception pending. */
function packed(context: HandleContext, values: readonly unknown[]): Address {
  const { tuple, refs } = context.core;
  const items: Address[] = [];
  try {
    for (const value of values) {
      const item = context.make(value);
      if (item === 0) return 0;
      items.push(item);
    }
    return tuple.pack(items);
  } finally {
    for (const item of items) refs.decref(item);
  }
}

/** A class: members that are functions become methods. New reference, or NULL with an exception pending. */
export function defineClass(
  context: HandleContext,
  name: string,
  members: Readonly<Record<string, unknown>>,
  { bases, slots, module }: ClassOptions,
): Address {
  const { classes, refs } = context.core;
  const attributes: [string, Address][] = [];
  try {
    for (const [key, member] of Object.entries(members)) {
      const ref =
        typeof member === "function"
          ? defineFunction(
              context,
              key,
              member as FunctionBody,
              { params: methodParams(member.length) },
              `${name}.${key}`,
            )
          : context.make(member);
      if (ref === 0) return 0;
      attributes.push([key, ref]);
    }
    return classes.create({
      name,
      attributes,
      ...(bases === undefined ? {} : { bases: bases.map((base) => base.live) }),
      ...(slots === undefined ? {} : { slots }),
      ...(module === undefined ? {} : { module }),
    });
  } finally {
    for (const [, ref] of attributes) refs.decref(ref);
  }
}

/** Names of a method's parameters: `self`, whether the body takes it or not, and what else it takes. */
function methodParams(count: number): string[] {
  return ["self", ...Array.from({ length: Math.max(0, count - 1) }, (_, n) => `arg${n + 1}`)];
}
