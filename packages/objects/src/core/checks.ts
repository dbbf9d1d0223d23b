/**
 * Debug mode: what the low-level API is given must be a living object of the right type. Code of this package that has
 * taken an unchecked function before goes on using it; what users call is checked.
 */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import { checkedFrames } from "../frames/checks.ts";
import type { Core } from "./core.ts";

/** Functions whose first parameter is an object of the part's type, by part. */
const checked = {
  list: [
    ...["length", "getItem", "getItemRef", "initItem", "setItem", "deleteItem", "append"],
    ...["insert", "pop", "extend", "remove", "contains", "slice", "assignSlice", "concat"],
    ...["repeat", "repeatInPlace", "clear", "reverse", "sort", "copy", "allocated"],
    ...["index", "count", "assignExtendedSlice"],
  ],
  tuple: ["length", "getItem", "setItem", "track", "slice", "concat", "repeat"],
  slice: ["start", "stop", "step", "indices"],
  range: ["length", "getItem", "valueAt"],
  dict: [
    ...["length", "getItem", "getItemString", "setItem", "setItemString", "deleteItem"],
    ...["contains", "pop", "popItem", "setDefault", "clear", "copy", "update", "next"],
  ],
  set: ["length", "contains", "clear", "copy", "next", "union", "intersection", "difference"],
  int: [
    ...["value", "compare", "isNegative", "digitCount", "bitLength", "negate"],
    ...["add", "subtract", "multiply", "floorDivide", "remainder"],
  ],
  float: ["value"],
  complex: ["real", "imaginary"],
  str: ["value", "length", "at", "slice", "concat", "append", "repeat", "intern"],
  bytes: ["value", "length", "slice", "concat", "repeat"],
  bytearray: ["value", "length", "resize", "append", "extend", "getItem", "setItem", "deleteSlice"],
  cells: ["get", "set"],
  functions: ["code", "closure", "defaults", "globals"],
} as const satisfies { readonly [name in keyof Core]?: readonly string[] };

/** Put checks before the functions that users call. Sets take frozensets as well. */
export function addChecks(core: Core): void {
  for (const [part, names] of Object.entries(checked)) {
    const api = core[part as keyof typeof checked];
    const types = "frozenType" in api ? [api.type, api.frozenType] : [api.type];
    core.add(part as "list", checkedApi(core, api, types, names) as Core["list"]);
  }
  const { weakrefs, exceptions } = core;
  const weakTypes = [weakrefs.refType, weakrefs.proxyType, weakrefs.callableProxyType];
  const ofRef = ["get", "referent", "isDead", "clear", "callback"];
  core.add("weakrefs", checkedApi(core, weakrefs, weakTypes, ofRef));
  const ofException = [
    ...["args", "message", "traceback", "context", "cause", "suppressesContext", "setTraceback"],
    ...["setContext", "setCause", "field", "setField", "addNote", "raise", "chain"],
  ];
  core.add("exceptions", checkedApi(core, exceptions, [exceptions.baseType], ofException));
  core.add("frames", checkedFrames(core, core.frames));
}

/**
 * An API whose named functions check their first argument.
 * @param types the argument must be an instance of one of these
 */
export function checkedApi<Api extends object>(
  core: Core,
  api: Api,
  types: readonly Address[],
  names: readonly string[],
): Api {
  const functions = api as Record<string, (object: Address, ...rest: unknown[]) => unknown>;
  const result: Record<string, unknown> = { ...functions };
  for (const name of names) {
    const inner = functions[name];
    if (inner === undefined) continue;
    result[name] = (object: Address, ...rest: unknown[]): unknown => {
      checkType(core, object, types, name);
      return inner(object, ...rest);
    };
  }
  // What is computed when it is asked for stays so.
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(api))) {
    if (property.get !== undefined) Object.defineProperty(result, key, property);
  }
  return result as Api;
}

/** @throws PyrenaError `dead-object` if there is no living object, `wrong-type` if it is of another type */
function checkType(core: Core, object: Address, types: readonly Address[], name: string): void {
  const { memory, word } = core;
  const isInMemory = (address: Address): boolean =>
    address > 0 && address % word === 0 && address + 2 * word <= memory.byteLength;
  const type = isInMemory(object) ? core.types.typeOf(object) : 0;
  const isAlive =
    isInMemory(type) &&
    memory.u32[object >>> 2] !== 0 &&
    (core.types.slots(type) as unknown) !== undefined;
  if (!isAlive) {
    throw new PyrenaError(
      "dead-object",
      `${name} of ${hex(object)}, which is no living object: use an address that you hold a reference to`,
      { address: object },
    );
  }
  if (!types.some((wanted) => core.types.isSubtype(type, wanted))) {
    throw new PyrenaError(
      "wrong-type",
      `${name} of a ${core.types.name(type)} at ${hex(object)}, where a ${core.types.name(types[0])} is wanted`,
      { address: object },
    );
  }
}
