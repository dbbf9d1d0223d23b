/** Attributes of exceptions that are fields and not in the dict (`BaseException_getset`, members of the types). */
import type { Address } from "@pyrena/abi";
import type { Core } from "../core/core.ts";
import type { ExceptionFields } from "./exception-layout.ts";

/** The slots of exceptions' types. */
export interface ExceptionAttributes {
  /** New reference; NULL without an exception: there is none of that name. */
  getAttribute(this: void, exception: Address, name: string): Address;
  /** Borrowed value, NULL to delete: 0, -1 with an exception pending, or 2: there is none of that name. */
  setAttribute(this: void, exception: Address, name: string, value: Address): number;
}

export function makeExceptionAttributes(core: Core, fields: ExceptionFields): ExceptionAttributes {
  const { memory, refs, types, errors } = core;
  const { at } = fields;

  /** Attributes in C, not in the dict. New reference. */
  function getAttribute(exception: Address, name: string): Address {
    const none = core.constants.none;
    const orNone = (value: Address): Address => refs.newRef(value === 0 ? none : value);
    switch (name) {
      case "args":
        return orNone(fields.get(exception, at.args));
      case "__traceback__":
        return orNone(fields.get(exception, at.traceback));
      case "__context__":
        return orNone(fields.get(exception, at.context));
      case "__cause__":
        return orNone(fields.get(exception, at.cause));
      case "__suppress_context__":
        return refs.newRef(core.int.fromBoolean(core.exceptions.suppressesContext(exception)));
    }
    const field = fields.find(exception, name);
    if (field === undefined) return 0;
    const value = memory.u32[(exception + field.offset) >>> 2];
    return field.owned ? orNone(value) : core.int.from(value);
  }

  function refuse(text: string): -1 {
    errors.raise("TypeError", text);
    return -1;
  }

  /** Set one of the attributes in C; NULL deletes. 2: there is none of that name. */
  function setAttribute(exception: Address, name: string, value: Address): number {
    const none = core.constants.none;
    switch (name) {
      case "args": {
        if (value === 0) return refuse("args may not be deleted");
        const args = core.tuple.from(value);
        if (args !== 0) fields.set(exception, at.args, args);
        return args === 0 ? -1 : 0;
      }
      case "__suppress_context__":
        if (value !== core.int.true && value !== core.int.false) {
          return refuse("__suppress_context__ must be a bool");
        }
        memory.u8[exception + at.suppress_context] = value === core.int.true ? 1 : 0;
        return 0;
      case "__traceback__":
      case "__context__":
      case "__cause__": {
        if (value === 0) return refuse(`${name} may not be deleted`);
        const isTraceback = name === "__traceback__";
        const fits = isTraceback
          ? types.typeOf(value) === core.exceptions.tracebackType
          : core.exceptions.check(value);
        if (value !== none && !fits) {
          return refuse(`${name} must be ${isTraceback ? "a traceback" : "an exception"} or None`);
        }
        const given = value === none ? 0 : refs.newRef(value);
        if (isTraceback) core.exceptions.setTraceback(exception, given);
        else if (name === "__context__") core.exceptions.setContext(exception, given);
        else core.exceptions.setCause(exception, given);
        return 0;
      }
    }
    const field = fields.find(exception, name);
    if (field === undefined) return 2;
    if (field.owned) {
      refs.xincref(value);
      fields.set(exception, field.offset, value);
      return 0;
    }
    if (value === 0 || !core.int.check(value)) return refuse(`${name} must be an int`);
    memory.u32[(exception + field.offset) >>> 2] = Number(core.int.value(value));
    return 0;
  }

  return { getAttribute, setAttribute };
}
