/**
 * What the heap's objects need of JavaScript, and whether they have it: types, bodies of functions, values, destructors
 * of capsules (definitions.ts says how each is named).
 */
import { type Address, PyrenaError } from "@pyrena/abi";
import { defineType, type Objects, type Python, type UserType } from "@pyrena/objects";
import type { Definitions } from "./definitions.ts";
import type { SavedValue } from "./description.ts";

/** Define the user's types; those that came from a list of fields, by name. */
export function defineTypes(
  objects: Objects,
  { types = [] }: Definitions,
): Map<string, UserType<string>> {
  const defined = new Map<string, UserType<string>>();
  for (const type of types) {
    if (typeof type === "function") type(objects);
    else defined.set(type.name, defineType(objects, type));
  }
  return defined;
}

/** What is held in slots for JavaScript values, with its name: for the image. */
export function namedValues(
  objects: Objects,
  values: Readonly<Record<string, unknown>>,
): SavedValue[] {
  const names = new Map(Object.entries(values).map(([name, value]) => [value, name]));
  const found: SavedValue[] = [];
  objects.jsValues.each((slot, value) => {
    found.push({ slot, name: names.get(value) ?? `#${slot}`, what: kindOf(value) });
  });
  return found.sort((a, b) => a.slot - b.slot);
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return value.constructor?.name || "object";
  if (typeof value === "function") return `function ${value.name}`.trimEnd();
  return typeof value;
}

/**
 * Give the heap's objects their functions and values again.
 * @throws PyrenaError `missing-definition` naming everything that was not given
 */
export function bind(py: Python, saved: readonly SavedValue[], given: Definitions): void {
  const missing: string[] = [];
  const { core } = py;
  for (const { slot, name, what } of saved) {
    if (given.values !== undefined && Object.hasOwn(given.values, name)) {
      core.jsValues.give(slot, given.values[name]);
    } else missing.push(`the JavaScript value '${name}' (${what}): values`);
  }
  for (const object of unbound(core)) {
    if (core.types.typeOf(object) === core.capsules.type) {
      const name = core.capsules.name(object) ?? "";
      const destructor = own(given.destructors, name);
      if (destructor !== undefined) core.capsules.bind(object, destructor);
      else missing.push(`the destructor of the capsule '${name}': destructors`);
      continue;
    }
    const { name, qualname = name } = core.functions.spec(object);
    const body = own(given.bodies, qualname);
    const method = methodOf(given, qualname);
    const fn = own(given.functions, qualname) ?? method;
    if (fn !== undefined) py.bind(object, fn);
    else if (body !== undefined) core.functions.bind(object, body);
    else missing.push(missingFunction(qualname));
  }
  if (missing.length === 0) return;
  const all = [...new Set(missing)];
  throw new PyrenaError(
    "missing-definition",
    `the saved heap needs what was not given: ${all.join("; ")}`,
  );
}

/** Code objects without a body and capsules without the destructor that they name. */
function unbound(objects: Objects): Address[] {
  const { types, functions, capsules, frames, refs, inspect } = objects;
  const found: Address[] = [];
  // Where no slot was ever handed out, nothing can be without what was in it: that saves walking over everything.
  if (objects.memory.u32[(objects.state + objects.at.js_values) >>> 2] === 0) return found;
  // Frames that are no call of a function have code of their own: it runs once.
  const own = new Set<Address>();
  for (let frame = frames.current(); frame !== 0; frame = frames.previous(frame)) {
    if (frames.functionOf(frame) === 0) own.add(frames.codeOf(frame));
  }
  inspect.each((object) => {
    if (own.has(object) && refs.refcount(object) === 1) return;
    const type = types.typeOf(object);
    if (type === functions.codeType && !functions.isBound(object)) found.push(object);
    else if (type === capsules.type && !capsules.isBound(object)) found.push(object);
  });
  return found;
}

function methodOf(
  { classes }: Definitions,
  qualname: string,
): ((...args: never[]) => unknown) | undefined {
  const dot = qualname.lastIndexOf(".");
  if (dot < 0) return undefined;
  const method = own(own(classes, qualname.slice(0, dot)), qualname.slice(dot + 1));
  return typeof method === "function" ? (method as (...args: never[]) => unknown) : undefined;
}

function missingFunction(qualname: string): string {
  const dot = qualname.lastIndexOf(".");
  return dot < 0
    ? `the body of the function '${qualname}': functions (or bodies)`
    : `the body of '${qualname}': classes.${qualname.slice(0, dot)}, functions (or bodies)`;
}

function own<Value>(
  record: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
