/** How one object refers to another, in words: `list at 0x… [0]`, `Node at 0x… .next`. */
import { type Address, hex } from "@pyrena/abi";
import type { TableCursor } from "../api/tables.ts";
import type { Core } from "../core/core.ts";

/** Longest part of a repr that is shown. */
const REPR_LIMIT = 60;

/**
 * Every way in which an object refers to others, in one walk over it; what it does not name is left to the caller.
 * @param wanted for which referents a way is made
 */
export function describeReferences(
  core: Core,
  holder: Address,
  wanted: { has(referent: Address): boolean },
): Map<Address, string[]> {
  const { types } = core;
  const name = `${types.name(types.typeOf(holder))} at ${hex(holder)}`;
  const ways = new Map<Address, string[]>();
  const note = (referent: Address, way: () => string): void => {
    if (!wanted.has(referent)) return;
    const known = ways.get(referent);
    if (known === undefined) ways.set(referent, [name + way()]);
    else known.push(name + way());
  };
  note(types.typeOf(holder), () => " (its type)");
  try {
    eachWay(core, holder, note);
  } catch {
    // A half-built or damaged holder: its name will do.
  }
  return ways;
}

/** One way in which an object refers to another, without the holder's name: `[0]`, `.name`; "" where none is known. */
export function referenceName(core: Core, holder: Address, referent: Address): string {
  if (core.types.typeOf(holder) === referent) return "(its type)";
  let found = "";
  try {
    eachWay(core, holder, (other, way) => {
      if (other === referent && found === "") found = way().trim();
    });
  } catch {
    // A half-built or damaged holder: nobody knows.
  }
  return found;
}

/** Complete the ways into one referent: those that have no better name are named after the holder alone. */
export function completeWays(
  core: Core,
  holder: Address,
  ways: readonly string[] | undefined,
  times: number,
): string[] {
  const { types } = core;
  const all = [...(ways ?? [])];
  while (all.length < times) all.push(`${types.name(types.typeOf(holder))} at ${hex(holder)}`);
  return all;
}

function eachWay(
  core: Core,
  holder: Address,
  note: (referent: Address, way: () => string) => void,
): void {
  const { list, tuple, dict, set, cells, classes, types, functions, weakrefs } = core;
  if (list.check(holder) || tuple.check(holder)) {
    const sequence = list.check(holder) ? list : tuple;
    const length = sequence.length(holder);
    for (let n = 0; n < length; n++) note(sequence.getItem(holder, n), () => ` [${n}]`);
  } else if (dict.check(holder)) {
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (dict.next(holder, cursor)) {
      const { key, value } = cursor;
      note(value, () => ` [${lineOf(core, key)}]`);
      note(key, () => " (as a key)");
    }
  } else if (set.check(holder)) {
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (set.next(holder, cursor)) note(cursor.key, () => " (as an element)");
  } else if (types.typeOf(holder) === cells.type) {
    const content = cells.get(holder);
    if (content !== 0) core.refs.decref(content);
    note(content, () => " (its content)");
  } else if (types.typeOf(holder) === functions.type) {
    note(functions.closure(holder), () => " (its closure)");
    note(functions.code(holder), () => " (its code)");
  } else if (weakrefs.check(holder)) {
    const callback = weakrefs.callback(holder);
    core.refs.xdecref(callback);
    note(callback, () => " (its callback)");
  }
  if (types.isCollectable(holder)) {
    for (const [key, value] of classes.attributes(holder))
      note(value, () => ` .${core.str.value(key)}`);
  }
}

/** An object's name for people: `class Node`, `function f at 0x…`, `str 'ann' at 0x…`, `list at 0x…`. */
export function describe(core: Core, object: Address): string {
  const { types, functions, modules, constants, int, str, float, bytes } = core;
  const type = types.typeOf(object);
  const named = (text: string): string => `${types.name(type)} ${text} at ${hex(object)}`;
  if (core.classes.check(object)) return `class ${types.name(object)}`;
  if (object === constants.none) return "None";
  if (type === functions.type) return named(str.value(functions.codeName(functions.code(object))));
  if (type === modules.type) return named(str.value(modules.name(object)));
  if ([int.type, int.boolType, str.type, float.type, bytes.type].includes(type))
    return named(lineOf(core, object));
  return `${types.name(type)} at ${hex(object)}`;
}

/** A repr on one line, cut where it is too long. */
export function lineOf(core: Core, object: Address): string {
  let text: string;
  try {
    text = core.protocol.repr(object, REPR_LIMIT).replace(/\s+/g, " ");
  } catch (cause) {
    text = `<${core.types.name(core.types.typeOf(object))} at ${hex(object)}: ${String(cause)}>`;
  }
  return text.length > REPR_LIMIT ? `${text.slice(0, REPR_LIMIT - 1)}…` : text;
}
