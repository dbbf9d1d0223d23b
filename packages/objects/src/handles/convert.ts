/** JavaScript values into Python objects and back. */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { TableCursor } from "../api/tables.ts";
import { typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import { Handle, type HandleContext, type PyValue } from "./handle.ts";
import { Local } from "./local.ts";
import {
  ByteArrayHandle,
  BytesHandle,
  CellHandle,
  ClassHandle,
  ExceptionHandle,
  FunctionHandle,
  InstanceHandle,
  JsValueHandle,
  ModuleHandle,
  WeakrefHandle,
} from "./others.ts";
import { ListHandle, RangeHandle, TupleHandle } from "./sequences.ts";
import { DictHandle, SetHandle } from "./tables.ts";

/** A class of handles. */
type HandleClass = new (context: HandleContext, ref: Address) => Handle;

/** Fills in how the context reads, makes and wraps. */
export function installConversions(context: HandleContext): void {
  context.readValue = makeReader(context);
  context.wrap = makeWrapper(context);
  context.make = makeMaker(context);
  context.toJs = makeToJs(context);
}

/** Atoms as JavaScript values, everything else as a new handle. The object is borrowed. */
function makeReader(context: HandleContext): (object: Address) => PyValue {
  const { core } = context;
  const { memory, word } = core;
  const INT = core.int.type;
  const STR = core.str.type;
  const FLOAT = core.float.type;
  const NONE = core.constants.none;
  const TRUE = core.int.true;
  const FALSE = core.int.false;
  const intValue = core.int.value;
  const strValue = core.str.value;
  const floatValue = core.float.value;
  return (object) => {
    const type = memory.u32[(object + word) >>> 2];
    if (type === INT) return intValue(object);
    if (type === STR) return strValue(object);
    if (type === FLOAT) return floatValue(object);
    if (object === NONE) return null;
    if (object === TRUE) return true;
    if (object === FALSE) return false;
    return context.wrap(core.refs.newRef(object));
  };
}

/** A handle of the class that goes with the object's type, or with the nearest of its bases. */
function makeWrapper(context: HandleContext): (ref: Address) => Handle {
  const { core } = context;
  const { types } = core;
  const classes = new Map<Address, HandleClass>([
    [core.list.type, ListHandle],
    [core.tuple.type, TupleHandle],
    [core.range.type, RangeHandle],
    [core.dict.type, DictHandle],
    [core.set.type, SetHandle],
    [core.set.frozenType, SetHandle],
    [core.bytes.type, BytesHandle],
    [core.bytearray.type, ByteArrayHandle],
    [core.functions.type, FunctionHandle],
    [core.functions.methodType, FunctionHandle],
    [core.cells.type, CellHandle],
    [core.weakrefs.refType, WeakrefHandle],
    [core.modules.type, ModuleHandle],
    [core.jsValues.type, JsValueHandle],
    [core.exceptions.baseType, ExceptionHandle],
    [types.type, ClassHandle],
  ]);
  return (ref) => {
    const type = types.typeOf(ref);
    let known = classes.get(type);
    for (let base = type; known === undefined && base !== 0; base = types.base(base))
      known = classes.get(base);
    const isInstance = (types.flags(type) & typeFlags.heapType) !== 0;
    return new (known ?? (isInstance ? InstanceHandle : Handle))(context, ref);
  };
}

/**
 * New references from JavaScript values; NULL with an exception pending. Everything half-made is released. When a
 * container is complete with all that is in it, a pending collection may run.
 */
function makeMaker(context: HandleContext): (value: unknown) => Address {
  const { core } = context;
  const { refs, errors } = core;
  /** Containers made so far, by the JavaScript object that they are made of: shared ones stay shared, cycles close. */
  let made: Map<object, Address> | undefined;
  let depth = 0;

  function make(value: unknown): Address {
    switch (typeof value) {
      case "number":
        return Number.isInteger(value) && !Object.is(value, -0)
          ? core.int.from(Number.isSafeInteger(value) ? value : BigInt(value))
          : core.float.from(value);
      case "string":
        return core.str.from(value);
      case "boolean":
        return refs.newRef(core.int.fromBoolean(value));
      case "bigint":
        return core.int.from(value);
      case "undefined":
        return refs.newRef(core.constants.none);
      case "object":
        return value === null ? refs.newRef(core.constants.none) : makeObject(value);
      default:
        return core.jsValues.create(value);
    }
  }

  function makeObject(value: object): Address {
    if (value instanceof Handle) return refs.newRef(ownAddress(context, value));
    if (value instanceof Local) return core.frames.load(value.frame.address, value.index);
    if (value instanceof Uint8Array) return core.bytes.from(value);
    const isList = Array.isArray(value);
    if (!isList && !(value instanceof Map) && !(value instanceof Set) && !isPlain(value))
      return core.jsValues.create(value);
    const known = made?.get(value);
    if (known !== undefined) return refs.newRef(known);
    if (depth > core.frames.recursionLimit) {
      return errors.raise(
        "RecursionError",
        `a JavaScript value nested more than ${core.frames.recursionLimit} deep`,
      );
    }
    made ??= new Map();
    depth++;
    let object: Address = 0;
    try {
      if (isList) object = makeList(value, made);
      else if (value instanceof Set) object = fillSet(value, made);
      else object = fillDict(value instanceof Map ? value : Object.entries(value), value, made);
    } finally {
      if (--depth === 0) made = undefined;
    }
    if (depth === 0 && object !== 0) core.gc.poll();
    return object;
  }

  function makeList(items: readonly unknown[], known: Map<object, Address>): Address {
    const list = core.list.create(items.length);
    if (list === 0) return 0;
    known.set(items, list);
    return complete(list, () => {
      for (let n = 0; n < items.length; n++) {
        const item = make(items[n]);
        if (item === 0) return false;
        core.list.initItem(list, n, item);
      }
      return true;
    });
  }

  function fillSet(items: Set<unknown>, known: Map<object, Address>): Address {
    const set = core.set.create();
    if (set === 0) return 0;
    known.set(items, set);
    return complete(set, () => {
      for (const value of items) {
        const item = make(value);
        if (item === 0) return false;
        const result = core.set.add(set, item);
        refs.decref(item);
        if (result === -1) return false;
      }
      return true;
    });
  }

  function fillDict(
    entries: Iterable<readonly [unknown, unknown]>,
    source: object,
    known: Map<object, Address>,
  ): Address {
    const dict = core.dict.create();
    if (dict === 0) return 0;
    known.set(source, dict);
    return complete(dict, () => {
      for (const [keyValue, itemValue] of entries) {
        // Keys that are literals in a program are interned there.
        const key = typeof keyValue === "string" ? core.str.interned(keyValue) : make(keyValue);
        if (key === 0) return false;
        let result = -1;
        try {
          const item = make(itemValue);
          if (item !== 0) {
            result = core.dict.setItem(dict, key, item);
            refs.decref(item);
          }
        } finally {
          refs.decref(key);
        }
        if (result === -1) return false;
      }
      return true;
    });
  }

  /** Fill a container; it is released if that fails. */
  function complete(container: Address, fill: () => boolean): Address {
    let filled = false;
    try {
      filled = fill();
    } finally {
      if (!filled) refs.decref(container);
    }
    return filled ? container : 0;
  }

  return make;
}

/** The object of a handle, which must live and belong to this heap. */
export function ownAddress(context: HandleContext, handle: Handle): Address {
  const { live } = handle;
  if (handle.context !== context) {
    throw new PyrenaError(
      "bad-argument",
      `the ${handle.type} at ${handle.hexId} belongs to another heap: convert it with toJS() first`,
      { address: live },
    );
  }
  return live;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whole objects as JavaScript values. */
function makeToJs(context: HandleContext): (object: Address) => unknown {
  const { core } = context;
  return (object) => new Reader(context, core).read(object);
}

/** One reading of a whole object: what was read once is the same JavaScript object wherever it is met again. */
class Reader {
  readonly #context: HandleContext;
  readonly #core: Core;
  readonly #read = new Map<Address, unknown>();
  #depth = 0;

  constructor(context: HandleContext, core: Core) {
    this.#context = context;
    this.#core = core;
  }

  read(object: Address): unknown {
    const known = this.#read.get(object);
    if (known !== undefined) return known;
    const core = this.#core;
    const { list, tuple, dict, set, int, float, str } = core;
    if (this.#depth > core.frames.recursionLimit) {
      core.errors.raise("RecursionError", "an object nested too deep to be read as a whole");
      this.#context.fail();
    }
    this.#depth++;
    try {
      if (list.check(object) || tuple.check(object)) {
        const sequence = list.check(object) ? list : tuple;
        const items: unknown[] = this.#enter(object, []);
        for (let n = 0; n < sequence.length(object); n++)
          items.push(this.read(sequence.getItem(object, n)));
        return items;
      }
      if (dict.check(object)) {
        const entries = this.#enter(object, new Map<unknown, unknown>());
        const cursor: TableCursor = { position: 0, key: 0, value: 0 };
        while (dict.next(object, cursor)) {
          const { key, value } = cursor;
          entries.set(this.read(key), this.read(value));
        }
        return entries;
      }
      if (set.check(object)) {
        const items = this.#enter(object, new Set<unknown>());
        const cursor: TableCursor = { position: 0, key: 0, value: 0 };
        while (set.next(object, cursor)) items.add(this.read(cursor.key));
        return items;
      }
    } finally {
      this.#depth--;
    }
    const type = core.types.typeOf(object);
    if (core.types.isInstance(object, core.bytes.type)) return core.bytes.value(object);
    if (core.types.isInstance(object, core.bytearray.type)) return core.bytearray.value(object);
    if (type === core.jsValues.type) return core.jsValues.value(object);
    // Values of subclasses of the atoms, too.
    if (type !== int.boolType && int.check(object)) return int.value(object);
    if (core.types.isInstance(object, float.type)) return float.value(object);
    if (str.check(object)) return str.value(object);
    return this.#context.readValue(object);
  }

  #enter<Value>(object: Address, value: Value): Value {
    this.#read.set(object, value);
    return value;
  }
}
