/**
 * Exceptions (`Objects/exceptions.c`): the types, how they are made and die, and how one becomes another's context.
 * Their layout is drawn in exception-layout.ts.
 */
import { type Address, hex, layoutCodes, layoutOf, PyrenaError } from "@pyrena/abi";
import type { ExceptionName, ExceptionsApi } from "../api/exceptions.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { makeInitialize } from "./exception-arguments.ts";
import { makeExceptionAttributes } from "./exception-attributes.ts";
import { type ExceptionField, type ExceptionFields, exceptionStruct } from "./exception-layout.ts";
import { exceptionFields, exceptionTree } from "./exception-tree.ts";
import { makeMemoryErrors } from "./memory-errors.ts";
import { makeTracebacks } from "./traceback.ts";

export function makeExceptions(core: Core): ExceptionsApi {
  const { memory, alloc, types, refs, errors, protocol, profile, word, state, at } = core;
  const { bytes: BASE_BYTES, at: E } = layoutOf(exceptionStruct, profile.abi);
  const TYPE = word;
  // Made with the heap: asking for it needs no memory later.
  const NOTES = core.str.name("__notes__");
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
    if (exception === memoryErrors.last) {
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

  function defineType(
    name: string,
    base: Address,
    fields: readonly ExceptionField[],
    bytes: number,
  ) {
    const own = fields.filter((field) => field.owned).map((field) => field.offset);
    const offsets = [...own, ...REFERENCES];
    const isMemoryError = name === "MemoryError";
    // In CPython those with fields of their own have a dealloc without trashcan. Where it shows in the order of deaths
    // (up to 3.12) neither have they one here.
    const usesTrashcan = own.length === 0 || core.facts.trashcan.resumeDepth > 0;
    const release = (exception: Address): void => {
      const exactType = memory.u32[(exception + TYPE) >>> 2];
      if (isMemoryError && exactType === type && memoryErrors.keep(exception)) return;
      alloc.freeGcObject(exception, types.preBytes(exactType));
    };
    const clear = (exception: Address): void => {
      for (let n = 0; n < offsets.length; n++) clearField(exception, offsets[n]);
    };
    const slots: TypeSlots = {
      name,
      dealloc: (exception) => {
        alloc.untrack(exception);
        // A class has been through the trashcan already.
        const guarded = usesTrashcan && memory.u32[(exception + TYPE) >>> 2] === type;
        if (guarded && refs.trashcanBegin(exception)) return;
        clear(exception);
        release(exception);
        if (guarded) refs.trashcanEnd();
      },
      unwind: {
        begin: () => true,
        next: (exception) => {
          for (let n = 0; n < offsets.length; n++) {
            const i = (exception + offsets[n]) >>> 2;
            const value = memory.u32[i];
            if (value === 0) continue;
            memory.u32[i] = 0;
            return value;
          }
          return 0;
        },
        end: release,
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
      getAttribute: (exception, name) => attributes.getAttribute(exception, name),
      setAttribute: (exception, name, value) => attributes.setAttribute(exception, name, value),
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

  const fieldsByName = new Map<string, readonly ExceptionField[]>();
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
  const builtIn = new Map<Address, readonly ExceptionField[]>(
    [...typesByName].map(([name, address]) => [address, fieldsByName.get(name) ?? []]),
  );

  function type(name: ExceptionName): Address {
    return typesByName.get(name) ?? 0;
  }

  /** Fields of the built-in type that an exception's type is or derives from. */
  function fieldsOf(exceptionType: Address): readonly ExceptionField[] {
    for (let t = exceptionType; t !== 0; t = types.base(t)) {
      const fields = builtIn.get(t);
      if (fields !== undefined) return fields;
    }
    return [];
  }

  function findField(exception: Address, name: string): ExceptionField | undefined {
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

  const fields: ExceptionFields = {
    at: E,
    get: getOwned,
    set: setOwned,
    of: fieldsOf,
    find: findField,
  };
  const attributes = makeExceptionAttributes(core, fields);
  const initialize = makeInitialize(core, fields, type);
  const memoryErrors = makeMemoryErrors(core, fields, memoryErrorType, allocate);

  function create(exceptionType: Address, args: readonly Address[]): Address {
    const tuple = core.tuple.pack(args);
    if (tuple === 0) return 0;
    const kept = exceptionType === memoryErrorType ? memoryErrors.take() : 0;
    const exception = kept === 0 ? allocate(exceptionType) : kept;
    if (exception === 0) {
      refs.decref(tuple);
      return 0;
    }
    memory.u32[(exception + E.args) >>> 2] = tuple;
    alloc.track(exception);
    if (initialize(exception, exceptionType, args)) return exception;
    refs.decref(exception);
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
    if (handled === 0 || handled === exception || exception === memoryErrors.last) return;
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
      const exception = memoryErrors.take();
      if (exception === 0) return refs.newRef(memoryErrors.last);
      memory.u32[(exception + E.args) >>> 2] = refs.newRef(core.tuple.empty);
      alloc.track(exception);
      return exception;
    },
    reserve: memoryErrors.each,
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
      if (exception !== memoryErrors.last) memory.u8[exception + E.suppress_context] = 1;
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
