/** How one object refers to another, in words: `list at 0x… [0]`, `Node at 0x… .next`. */
import { type Address, hex } from "@pyrena/abi";
import type { TableCursor } from "../api/tables.ts";
import type { Core } from "../core/core.ts";

/** Longest part of a repr that is shown. */
const REPR_LIMIT = 60;

/**
 * Every way in which `holder` refers to `target`.
 * @param times how many references there are; those that have no better name are named after the holder alone
 */
export function describeReference(
  core: Core,
  holder: Address,
  target: Address,
  times: number,
): string[] {
  const { types } = core;
  const name = `${types.name(types.typeOf(holder))} at ${hex(holder)}`;
  const ways: string[] = [];
  if (types.typeOf(holder) === target) ways.push(`${name} (its type)`);
  try {
    for (const way of waysInto(core, holder, target)) ways.push(name + way);
  } catch {
    // A half-built or damaged holder: its name will do.
  }
  while (ways.length < times) ways.push(name);
  return ways;
}

function* waysInto(core: Core, holder: Address, target: Address): Generator<string> {
  const { list, tuple, dict, set, cells, classes, types, functions, weakrefs } = core as Partial<
    Pick<Core, "list" | "tuple" | "dict" | "set" | "cells" | "classes" | "functions" | "weakrefs">
  > &
    Core;
  if (list?.check(holder)) {
    for (let n = 0; n < list.length(holder); n++)
      if (list.getItem(holder, n) === target) yield ` [${n}]`;
  } else if (tuple?.check(holder)) {
    for (let n = 0; n < tuple.length(holder); n++)
      if (tuple.getItem(holder, n) === target) yield ` [${n}]`;
  } else if (dict?.check(holder)) {
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (dict.next(holder, cursor)) {
      if (cursor.value === target) yield ` [${lineOf(core, cursor.key)}]`;
      if (cursor.key === target) yield " (as a key)";
    }
  } else if (set?.check(holder)) {
    yield " (as an element)";
  } else if (cells !== undefined && types.typeOf(holder) === cells.type) {
    yield " (its content)";
  } else if (functions !== undefined && types.typeOf(holder) === functions.type) {
    if (functions.closure(holder) === target) yield " (its closure)";
    if (functions.code(holder) === target) yield " (its code)";
  } else if (weakrefs?.check(holder)) {
    yield " (its callback)";
  }
  if (classes !== undefined && types.isCollectable(holder)) {
    for (const [key, value] of classes.attributes(holder))
      if (value === target) yield ` .${core.str.value(key)}`;
  }
}

/** A repr on one line, cut where it is too long. */
export function lineOf(core: Core, object: Address): string {
  let text: string;
  try {
    text = core.protocol.repr(object).replace(/\s+/g, " ");
  } catch (cause) {
    text = `<${core.types.name(core.types.typeOf(object))} at ${hex(object)}: ${String(cause)}>`;
  }
  return text.length > REPR_LIMIT ? `${text.slice(0, REPR_LIMIT - 1)}…` : text;
}
