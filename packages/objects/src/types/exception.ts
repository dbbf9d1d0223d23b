/**
 * Exceptions (`Objects/exceptions.c`).
 *
 *     0   count, type
 *     2W  dict                 made when an attribute is set
 *     3W  args                 tuple
 *     4W  notes                not used by CPython either: notes lie in the dict
 *     5W  traceback
 *     6W  context
 *     7W  cause
 *     8W  suppress_context     u8
 *     9W  fields of the type   exceptionFields (exception-tree.ts)
 *
 * MemoryErrors are kept in reserve when they die, 16 at most, and as many are made with the heap: raising one needs no
 * memory. The very last is static.
 */
import {
  type Address,
  defineStruct,
  hex,
  layoutCodes,
  layoutOf,
  PyrenaError,
  type StructDefinition,
} from "@pyrena/abi";
import type { ExceptionName, ExceptionsApi } from "../api/exceptions.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { exceptionFields, exceptionTree } from "./exception-tree.ts";
import { makeTracebacks } from "./traceback.ts";

/** `PyBaseExceptionObject`. */
export const exceptionStruct: StructDefinition<
  | "ob_refcnt"
  | "ob_type"
  | "dict"
  | "args"
  | "notes"
  | "traceback"
  | "context"
  | "cause"
  | "suppress_context"
> = defineStruct("PyBaseExceptionObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  dict: { type: "ptr", help: "__dict__, owned; or NULL" },
  args: { type: "ptr", help: "tuple, owned" },
  notes: { type: "ptr", help: "owned, or NULL" },
  traceback: { type: "ptr", help: "owned, or NULL" },
  context: { type: "ptr", help: "owned, or NULL" },
  cause: { type: "ptr", help: "owned, or NULL" },
  suppress_context: "u8",
});

/** How many MemoryErrors are kept (`MEMERRORS_SAVE`). */
const KEPT_MEMORY_ERRORS = 16;

export function makeExceptions(core: Core): ExceptionsApi {
  const { memory, alloc, types, refs, errors, protocol, profile, word, state, at } = core;
  const { bytes: BASE_BYTES, at: E } = layoutOf(exceptionStruct, profile.abi);
  const TYPE = word;
  // Made with the heap: asking for it needs no memory later.
  const NOTES = core.str.name("__notes__");
  const KEPT = (state + at.memory_errors) >>> 2;
  const KEPT_COUNT = (state + at.memory_error_count) >>> 2;
  const HANDLED = (state + at.handled) >>> 2;
  const tree = exceptionTree(core.facts);
  const typesByName = new Map<string, Address>();
  const tracebacks = makeTracebacks(core);
  /** Base fields that hold references, in the order in which they are released and visited. */
  const REFERENCES = [E.dict, E.args, E.notes, E.traceback, E.cause, E.context];

  /** Release a field; it is NULL before anything can be called back. */
  function clearField(exception: Address, offset: number): void {
    const i = (exception + offset) >>> 2;
    const value = memory.u32[i];
    if (value === 0) return;
    memory.u32[i] = 0;
    refs.decref(value);
  }

  function setOwned(exception: Address, offset: number, value: Address): void {
    if (exception === lastResort) {
      // It is shared by all who meet it: it takes nothing along.
      refs.xdecref(value);
      return;
    }
    const i = (exception + offset) >>> 2;
    const before = memory.u32[i];
    memory.u32[i] = value;
    refs.xdecref(before);
  }

  function getOwned(exception: Address, offset: number): Address {
    return memory.u32[(exception + offset) >>> 2];
  }

  function defineType(name: string, base: Address, fields: readonly Field[], bytes: number) {
    const own = fields.filter((field) => field.owned).map((field) => field.offset);
    const offsets = [...own, ...REFERENCES];
    const isMemoryError = name === "MemoryError";
    const clear = (exception: Address): void => {
      for (let n = 0; n < offsets.length; n++) clearField(exception, offsets[n]);
    };
    const slots: TypeSlots = {
      name,
      dealloc: (exception) => {
        alloc.untrack(exception);
        // Types with fields of their own have a dealloc without trashcan; a class has been through it already.
        const exact = memory.u32[(exception + TYPE) >>> 2] === type;
        const guarded = exact && own.length === 0;
        if (guarded && refs.trashcanBegin(exception)) return;
        clear(exception);
        if (!(isMemoryError && exact && keep(exception))) {
          const preBytes = types.preBytes(memory.u32[(exception + TYPE) >>> 2]);
          alloc.freeGcObject(exception, preBytes);
        }
        if (guarded) refs.trashcanEnd();
      },
      traverse: (exception, visit) => {
        for (let n = 0; n < offsets.length; n++) {
          const value = memory.u32[(exception + offsets[n]) >>> 2];
          if (value !== 0) visit(value);
        }
      },
      clear,
      repr: (exception) => {
        const args = getOwned(exception, E.args);
        const typeName = types.name(types.typeOf(exception));
        if (args === 0 || core.tuple.length(args) === 0) return `${typeName}()`;
        return core.tuple.length(args) === 1
          ? `${typeName}(${protocol.repr(core.tuple.getItem(args, 0))})`
          : `${typeName}${protocol.repr(args)}`;
      },
      getAttribute,
      setAttribute,
    };
    const type: Address = types.define({
      name,
      base,
      basicsize: bytes,
      flags: typeFlags.baseType | typeFlags.hasGc | typeFlags.baseExcSubclass,
      dictoffset: E.dict,
      slots,
      layout: offsets.flatMap((offset) => [layoutCodes.words, offset, 1]),
    });
    return type;
  }

  interface Field {
    readonly name: string;
    /** Offset in bytes. */
    readonly offset: number;
    /** Whether it holds a reference; else a size. */
    readonly owned: boolean;
  }

  const fieldsByName = new Map<string, readonly Field[]>();
  for (const [name, base] of tree) {
    const inherited = fieldsByName.get(base ?? "") ?? [];
    const added = exceptionFields(name, core.facts);
    const start = BASE_BYTES + inherited.length * word;
    const fields = [
      ...inherited,
      ...added.map((field, n) => ({
        name: field.replace(/^#/, ""),
        offset: start + n * word,
        owned: !field.startsWith("#"),
      })),
    ];
    fieldsByName.set(name, fields);
    const bytes = BASE_BYTES + fields.length * word;
    const baseAddress = base === undefined ? types.object : (typesByName.get(base) ?? 0);
    typesByName.set(name, defineType(name, baseAddress, fields, bytes));
  }
  const baseType = type("BaseException");
  const memoryErrorType = type("MemoryError");
  const keyErrorType = type("KeyError");
  const builtIn = new Map<Address, readonly Field[]>(
    [...typesByName].map(([name, address]) => [address, fieldsByName.get(name) ?? []]),
  );

  function type(name: ExceptionName): Address {
    return typesByName.get(name) ?? 0;
  }

  /** Fields of the built-in type that an exception's type is or derives from. */
  function fieldsOf(exceptionType: Address): readonly Field[] {
    for (let t = exceptionType; t !== 0; t = types.base(t)) {
      const fields = builtIn.get(t);
      if (fields !== undefined) return fields;
    }
    return [];
  }

  function findField(exception: Address, name: string): Field | undefined {
    return fieldsOf(types.typeOf(exception)).find((field) => field.name === name);
  }

  /** Memory for an exception, all fields NULL, not tracked. */
  function allocate(exceptionType: Address): Address {
    const bytes = types.basicsize(exceptionType);
    if ((types.flags(exceptionType) & typeFlags.heapType) !== 0) {
      return core.classes.allocate(exceptionType, 0);
    }
    const exception = alloc.gcObject(exceptionType, bytes, profile.headers.gcHead);
    if (exception !== 0) memory.u32.fill(0, (exception + E.dict) >>> 2, (exception + bytes) >>> 2);
    return exception;
  }

  function keep(exception: Address): boolean {
    const u32 = memory.u32;
    if (u32[KEPT_COUNT] >= KEPT_MEMORY_ERRORS) return false;
    u32[(exception + E.dict) >>> 2] = u32[KEPT];
    u32[KEPT] = exception;
    u32[KEPT_COUNT]++;
    return true;
  }

  /** A kept MemoryError without args, not tracked, or NULL. */
  function takeKept(): Address {
    const u32 = memory.u32;
    const exception = u32[KEPT];
    if (exception === 0) return 0;
    u32[KEPT] = u32[(exception + E.dict) >>> 2];
    u32[KEPT_COUNT]--;
    u32[(exception + E.dict) >>> 2] = 0;
    alloc.initHeader(exception, memoryErrorType);
    return exception;
  }

  function makeReserve(): Address {
    for (let n = 0; n < KEPT_MEMORY_ERRORS; n++) {
      const exception = allocate(memoryErrorType);
      if (exception === 0) break;
      keep(exception);
    }
    const u32 = memory.u32;
    const last = alloc.staticData(profile.headers.gcHead + BASE_BYTES) + profile.headers.gcHead;
    u32[last >>> 2] = core.facts.refcount.staticImmortal;
    u32[(last + TYPE) >>> 2] = memoryErrorType;
    u32[(last + E.args) >>> 2] = core.tuple.empty;
    u32[(state + at.memory_error) >>> 2] = last;
    return last;
  }

  const lastResort = core.fresh ? makeReserve() : memory.u32[(state + at.memory_error) >>> 2];

  function create(exceptionType: Address, args: readonly Address[]): Address {
    const tuple = core.tuple.pack(args);
    if (tuple === 0) return 0;
    const kept = exceptionType === memoryErrorType ? takeKept() : 0;
    const exception = kept === 0 ? allocate(exceptionType) : kept;
    if (exception === 0) {
      refs.decref(tuple);
      return 0;
    }
    memory.u32[(exception + E.args) >>> 2] = tuple;
    alloc.track(exception);
    const fields = fieldsOf(exceptionType);
    if (fields.length === 0 || initialize(exception, exceptionType, fields, args)) return exception;
    refs.decref(exception);
    return 0;
  }

  /** What the built-in types with fields make of their arguments. False with an exception pending. */
  function initialize(
    exception: Address,
    exceptionType: Address,
    fields: readonly Field[],
    args: readonly Address[],
  ): boolean {
    const u32 = memory.u32;
    const put = (name: string, value: Address): void => {
      const field = fields.find((candidate) => candidate.name === name);
      if (field !== undefined) u32[(exception + field.offset) >>> 2] = refs.newRef(value);
    };
    const is = (name: ExceptionName): boolean => types.isSubtype(exceptionType, type(name));
    if (is("StopIteration")) put("value", args[0] ?? core.constants.none);
    else if (is("SystemExit")) {
      if (args.length > 0) put("code", args.length === 1 ? args[0] : getOwned(exception, E.args));
    } else if (is("ImportError")) {
      if (args.length === 1) put("msg", args[0]);
    } else if (is("SyntaxError")) {
      if (args.length > 0) put("msg", args[0]);
    } else if (is("OSError")) return initializeOsError(exception, args, put);
    else if (is("UnicodeError") && args.length !== 5) {
      errors.raise(
        "TypeError",
        `${types.name(exceptionType)} takes 5 arguments (encoding, object, start, end, reason), not ${args.length}`,
      );
      return false;
    } else if (is("UnicodeError")) {
      for (const [n, field] of fields.entries()) {
        if (field.owned) put(field.name, args[n]);
        else u32[(exception + field.offset) >>> 2] = Number(core.int.value(args[n]));
      }
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
    setOwned(exception, E.args, shorter);
    return true;
  }

  /** Attributes in C, not in the dict. New reference. */
  function getAttribute(exception: Address, name: string): Address {
    const none = core.constants.none;
    const orNone = (value: Address): Address => refs.newRef(value === 0 ? none : value);
    switch (name) {
      case "args":
        return orNone(getOwned(exception, E.args));
      case "__traceback__":
        return orNone(getOwned(exception, E.traceback));
      case "__context__":
        return orNone(getOwned(exception, E.context));
      case "__cause__":
        return orNone(getOwned(exception, E.cause));
      case "__suppress_context__":
        return refs.newRef(core.int.fromBoolean(api.suppressesContext(exception)));
    }
    const field = findField(exception, name);
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
        if (args !== 0) setOwned(exception, E.args, args);
        return args === 0 ? -1 : 0;
      }
      case "__suppress_context__":
        if (value !== core.int.true && value !== core.int.false) {
          return refuse("__suppress_context__ must be a bool");
        }
        if (exception !== lastResort) {
          memory.u8[exception + E.suppress_context] = value === core.int.true ? 1 : 0;
        }
        return 0;
      case "__traceback__":
      case "__context__":
      case "__cause__": {
        if (value === 0) return refuse(`${name} may not be deleted`);
        const isTraceback = name === "__traceback__";
        const fits = isTraceback ? types.typeOf(value) === tracebacks.type : api.check(value);
        if (value !== none && !fits) {
          return refuse(`${name} must be ${isTraceback ? "a traceback" : "an exception"} or None`);
        }
        const given = value === none ? 0 : refs.newRef(value);
        if (isTraceback) api.setTraceback(exception, given);
        else if (name === "__context__") api.setContext(exception, given);
        else api.setCause(exception, given);
        return 0;
      }
    }
    const field = findField(exception, name);
    if (field === undefined) return 2;
    if (field.owned) {
      refs.xincref(value);
      setOwned(exception, field.offset, value);
      return 0;
    }
    if (value === 0 || !core.int.check(value)) return refuse(`${name} must be an int`);
    memory.u32[(exception + field.offset) >>> 2] = Number(core.int.value(value));
    return 0;
  }

  function message(exception: Address): string {
    const args = getOwned(exception, E.args);
    const count = args === 0 ? 0 : core.tuple.length(args);
    if (count === 0) return "";
    if (count > 1) return protocol.repr(args);
    const first = core.tuple.getItem(args, 0);
    const asText = core.str.check(first) && !types.isInstance(exception, keyErrorType);
    return asText ? core.str.value(first) : protocol.repr(first);
  }

  function chain(exception: Address): void {
    const handled = memory.u32[HANDLED];
    if (handled === 0 || handled === exception || exception === lastResort) return;
    // Somewhere down the chain there may be this very exception: cut it off there.
    let slow = handled;
    let steps = 0;
    for (let e = handled; ; ) {
      const context = getOwned(e, E.context);
      if (context === 0) break;
      if (context === exception) {
        setOwned(e, E.context, 0);
        break;
      }
      e = context;
      // A ring that does not contain the exception: a slower walker is met in it.
      if (++steps % 2 === 0) {
        slow = getOwned(slow, E.context);
        if (slow === e) break;
      }
    }
    setOwned(exception, E.context, refs.newRef(handled));
  }

  const api: ExceptionsApi = {
    baseType,
    tracebackType: tracebacks.type,
    type,
    create,
    reservedMemoryError: () => {
      const exception = takeKept();
      if (exception === 0) return refs.newRef(lastResort);
      memory.u32[(exception + E.args) >>> 2] = refs.newRef(core.tuple.empty);
      alloc.track(exception);
      return exception;
    },
    reserve: (visit) => {
      for (let e = memory.u32[KEPT]; e !== 0; e = memory.u32[(e + E.dict) >>> 2]) visit(e);
    },
    args: (exception) => getOwned(exception, E.args),
    message,
    check: (object) => (types.flags(types.typeOf(object)) & typeFlags.baseExcSubclass) !== 0,
    traceback: (exception) => getOwned(exception, E.traceback),
    context: (exception) => getOwned(exception, E.context),
    cause: (exception) => getOwned(exception, E.cause),
    suppressesContext: (exception) => memory.u8[exception + E.suppress_context] !== 0,
    setTraceback: (exception, traceback) => setOwned(exception, E.traceback, traceback),
    setContext: (exception, context) => setOwned(exception, E.context, context),
    setCause: (exception, cause) => {
      if (exception !== lastResort) memory.u8[exception + E.suppress_context] = 1;
      setOwned(exception, E.cause, cause);
    },
    field: (exception, name) => {
      const field = findField(exception, name);
      return field?.owned ? getOwned(exception, field.offset) : 0;
    },
    setField: (exception, name, value) => {
      const field = findField(exception, name);
      if (!field?.owned) {
        throw new PyrenaError(
          "bad-argument",
          `${types.name(types.typeOf(exception))} at ${hex(exception)} has no field '${name}' that holds an object`,
        );
      }
      setOwned(exception, field.offset, value);
    },
    addNote: (exception, note) => {
      if (!core.str.check(note)) {
        errors.raise("TypeError", `a note is a str, not '${types.name(types.typeOf(note))}'`);
        return -1;
      }
      let notes = core.classes.findAttribute(exception, NOTES);
      if (notes === 0) {
        if (errors.occurred() !== 0) return -1;
        notes = core.list.create(0);
        if (notes === 0) return -1;
        if (core.classes.setAttribute(exception, NOTES, notes) < 0) {
          refs.decref(notes);
          return -1;
        }
      }
      const result = core.list.append(notes, note);
      refs.decref(notes);
      return result;
    },
    raise: (exception, cause) => {
      if (cause !== undefined && cause !== 0) api.setCause(exception, refs.newRef(cause));
      refs.incref(exception);
      chain(exception);
      errors.restore(exception);
      return 0;
    },
    chain,
    handled: () => memory.u32[HANDLED],
    traceHere: (frame) => {
      const exception = errors.fetch();
      if (exception === 0) return;
      const frameObject = core.frames.frameObject(frame);
      if (frameObject === 0) {
        // As CPython: the exception goes on without a trace of this frame.
        errors.restore(exception);
        return;
      }
      const traceback = tracebacks.create(getOwned(exception, E.traceback), frameObject);
      refs.decref(frameObject);
      if (traceback === 0) {
        // The MemoryError that is pending now came up while this one was on its way.
        setOwned(errors.occurred(), E.context, exception);
        return;
      }
      setOwned(exception, E.traceback, traceback);
      errors.restore(exception);
    },
    tracebackNext: tracebacks.next,
    tracebackFrame: tracebacks.frame,
  };
  return api;
}
