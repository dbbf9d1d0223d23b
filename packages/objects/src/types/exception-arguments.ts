/** What the built-in exceptions with fields of their own make of their arguments (their `__init__`). */
import type { Address } from "@pyrena/abi";
import type { ExceptionName } from "../api/exceptions.ts";
import type { Core } from "../core/core.ts";
import type { ExceptionField, ExceptionFields } from "./exception-layout.ts";

/** Fills the fields of a new exception; false with an exception pending. */
export type Initialize = (exception: Address, type: Address, args: readonly Address[]) => boolean;

/** @param type the type of a built-in exception */
export function makeInitialize(
  core: Core,
  fields: ExceptionFields,
  type: (name: ExceptionName) => Address,
): Initialize {
  const { memory, refs, types, errors } = core;
  const { at } = fields;

  function initialize(
    exception: Address,
    exceptionType: Address,
    args: readonly Address[],
  ): boolean {
    const own = fields.of(exceptionType);
    if (own.length === 0) return true;
    const put = (name: string, value: Address): void => {
      const field = own.find((candidate) => candidate.name === name);
      if (field !== undefined) fields.set(exception, field.offset, refs.newRef(value));
    };
    const is = (name: ExceptionName): boolean => types.isSubtype(exceptionType, type(name));
    if (is("StopIteration")) put("value", args[0] ?? core.constants.none);
    else if (is("SystemExit")) {
      if (args.length > 0)
        put("code", args.length === 1 ? args[0] : fields.get(exception, at.args));
    } else if (is("ImportError")) {
      if (args.length === 1) put("msg", args[0]);
    } else if (is("SyntaxError")) {
      if (args.length > 0) put("msg", args[0]);
    } else if (is("OSError")) return initializeOsError(exception, args, put);
    else if (is("UnicodeError")) return initializeUnicodeError(exception, own, args);
    return true;
  }

  function initializeUnicodeError(
    exception: Address,
    own: readonly ExceptionField[],
    args: readonly Address[],
  ): boolean {
    const isFit = own.every((field, n) => field.owned || core.int.check(args[n]));
    if (args.length !== own.length || !isFit) {
      const wanted = own.map((field) => (field.owned ? field.name : `${field.name} (int)`));
      errors.raise(
        "TypeError",
        `${types.name(types.typeOf(exception))} takes ${own.length} arguments: ${wanted.join(", ")}`,
      );
      return false;
    }
    for (const [n, field] of own.entries()) {
      if (field.owned) fields.set(exception, field.offset, refs.newRef(args[n]));
      else memory.u32[(exception + field.offset) >>> 2] = Number(core.int.value(args[n]));
    }
    return true;
  }

  /** `OSError(errno, strerror, filename, winerror, filename2)`: with a file name, `args` keeps the first two. */
  function initializeOsError(
    exception: Address,
    args: readonly Address[],
    put: (name: string, value: Address) => void,
  ): boolean {
    if (args.length < 2 || args.length > 5) return true;
    put("errno", args[0]);
    put("strerror", args[1]);
    const none = core.constants.none;
    if (args.length < 3 || args[2] === none) return true;
    const shorter = core.tuple.pack(args.slice(0, 2));
    if (shorter === 0) return false;
    put("filename", args[2]);
    if (args.length === 5 && args[4] !== none) put("filename2", args[4]);
    fields.set(exception, at.args, shorter);
    return true;
  }

  return initialize;
}
