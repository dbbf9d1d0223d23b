/**
 * The high-level API: Python objects for people who write JavaScript. Each method is what the statement of that name is
 * in Python; what it returns is a handle, which owns one reference.
 *
 *     handle.ts    what handles are and share     table.ts      their entries in linear memory
 *     sequences.ts  tables.ts  others.ts          handles by kind of object
 *     frame.ts  local.ts                          frames and their locals
 *     convert.ts   values in both directions      definitions.ts  functions and classes
 *     python.ts    this: everything by its name
 */
import { type Address, PyrenaError } from "@pyrena/abi";
import type { ErrorKind } from "../api/errors.ts";
import type { ExceptionName } from "../api/exceptions.ts";
import type { Leak, Region, VerifyOptions } from "../api/inspect.ts";
import type { Core } from "../core/core.ts";
import { PyException } from "../exception.ts";
import { eachHandle } from "../inspect/handle-table.ts";
import { installConversions } from "./convert.ts";
import {
  bindBody,
  type ClassOptions,
  defineClass,
  defineFunction,
  type FunctionBody,
  type FunctionOptions,
} from "./definitions.ts";
import { Frame } from "./frame.ts";
import { Handle, HandleContext, type HandleOptions, type PyValue } from "./handle.ts";
import type {
  ByteArrayHandle,
  BytesHandle,
  CellHandle,
  ClassHandle,
  ExceptionHandle,
  FunctionHandle,
  JsValueHandle,
  ModuleHandle,
  WeakrefHandle,
} from "./others.ts";
import type { ListHandle, RangeHandle, TupleHandle } from "./sequences.ts";
import type { DictHandle, SetHandle } from "./tables.ts";

/** Python objects of one heap, by handles. */
export class Python {
  /** The low-level API on addresses. */
  declare readonly core: Core;
  declare readonly context: HandleContext;
  /** Handles of singletons, made when asked for the first time. */
  declare readonly constants: Map<Address, Handle>;

  constructor(core: Core, options: HandleOptions = {}) {
    this.core = core;
    this.context = new HandleContext(core, options);
    this.constants = new Map();
    installConversions(this.context);
  }

  /** Handles over objects that were made otherwise. */
  static over(core: Core, options?: HandleOptions): Python {
    return new Python(core, options);
  }

  // ---- values

  /** `None`. */
  get none(): Handle {
    return this.#constant(this.core.constants.none);
  }

  get true(): Handle {
    return this.#constant(this.core.int.true);
  }

  get false(): Handle {
    return this.#constant(this.core.int.false);
  }

  get ellipsis(): Handle {
    return this.#constant(this.core.constants.ellipsis);
  }

  #constant(object: Address): Handle {
    let handle = this.constants.get(object);
    if (handle === undefined || handle.released) {
      handle = this.context.permanent(this.core.refs.newRef(object));
      this.constants.set(object, handle);
    }
    return handle;
  }

  /** An int. */
  int(value: number | bigint): Handle {
    if (typeof value === "number" && !Number.isInteger(value)) {
      throw new PyrenaError(
        "bad-argument",
        `py.int takes a whole number or a bigint, not ${value}`,
      );
    }
    return this.context.handle(
      this.core.int.from(
        typeof value === "number" && !Number.isSafeInteger(value) ? BigInt(value) : value,
      ),
    );
  }

  /** A float, also of a whole number. */
  float(value: number): Handle {
    return this.context.handle(this.core.float.from(value));
  }

  complex(real: number, imaginary: number): Handle {
    return this.context.handle(this.core.complex.from(real, imaginary));
  }

  str(text: string): Handle {
    return this.context.handle(this.core.str.from(text));
  }

  /** `sys.intern(text)`: the same object for the same text. */
  intern(text: string): Handle {
    return this.context.handle(this.core.str.interned(text));
  }

  bytes(bytes: Uint8Array): BytesHandle {
    return this.context.handle(this.core.bytes.from(bytes)) as BytesHandle;
  }

  bytearray(bytes: Uint8Array = new Uint8Array()): ByteArrayHandle {
    return this.context.handle(this.core.bytearray.from(bytes)) as ByteArrayHandle;
  }

  /** An object that holds a JavaScript value, as it is. */
  js(value: unknown): JsValueHandle {
    return this.context.handle(this.core.jsValues.create(value)) as JsValueHandle;
  }

  // ---- containers

  /** `[…]`: the items of any iterable, converted. */
  list(items: Iterable<unknown> = []): ListHandle {
    return this.context.handle(
      this.context.make(Array.isArray(items) ? items : [...items]),
    ) as ListHandle;
  }

  /** `(…)`. */
  tuple(items: Iterable<unknown> = []): TupleHandle {
    return this.#packed(items, (refs) => this.core.tuple.pack(refs)) as TupleHandle;
  }

  /** `{…}`: a plain object's properties, or the entries of a Map or any other iterable of pairs. */
  dict(
    entries: Readonly<Record<string, unknown>> | Iterable<readonly [unknown, unknown]> = {},
  ): DictHandle {
    const source =
      Symbol.iterator in entries && !(entries instanceof Map)
        ? new Map(entries as Iterable<readonly [unknown, unknown]>)
        : { ...entries };
    return this.context.handle(
      this.context.make(entries instanceof Map ? entries : source),
    ) as DictHandle;
  }

  /** `{a, b}`. */
  set(items: Iterable<unknown> = []): SetHandle {
    return this.#packed(items, (refs) => this.core.set.pack(refs)) as SetHandle;
  }

  frozenset(items: Iterable<unknown> = []): SetHandle {
    return this.#packed(items, (refs) => this.core.set.pack(refs, true)) as SetHandle;
  }

  range(start: number | bigint, stop?: number | bigint, step: number | bigint = 1): RangeHandle {
    const made =
      stop === undefined
        ? this.core.range.create(0, start, step)
        : this.core.range.create(start, stop, step);
    return this.context.handle(made) as RangeHandle;
  }

  slice(start: unknown, stop: unknown, step: unknown = null): Handle {
    return this.#packed([start, stop, step], ([a, b, c]) => this.core.slice.create(a, b, c));
  }

  /** Convert, make, release what was converted. */
  #packed(values: Iterable<unknown>, make: (refs: Address[]) => Address): Handle {
    const { context, core } = this;
    const refs: Address[] = [];
    try {
      for (const value of values) refs.push(context.ref(value));
      return context.handle(make(refs));
    } finally {
      for (const ref of refs) core.refs.decref(ref);
    }
  }

  /**
   * Any JavaScript value: null and undefined as None, whole numbers and bigints as int, other numbers as float, strings,
   * Array as list, Map and plain objects as dict, Set as set, Uint8Array as bytes, and everything else as an object that
   * holds it. Cycles are kept. A handle gives another handle to the same object.
   */
  from(value: unknown): Handle {
    return this.context.handle(this.context.make(value));
  }

  // ---- from the low-level API

  /**
   * A handle that owns what a function of the low-level API made: `py.own(Edge.create({ weight: 2 }))`.
   * @param ref a new reference, which becomes the handle's; where it is NULL, the exception that is pending is thrown
   */
  own<Kind extends Handle = Handle>(ref: Address): Kind {
    return this.context.handle(ref) as Kind;
  }

  /** What a function of the low-level API returned, unless it left an exception pending: that is thrown. */
  check(result: number): number {
    return this.core.errors.occurred() === 0 ? result : this.context.fail();
  }

  // ---- functions, classes, modules

  /** A cell for closures; without a value it is empty. */
  cell(value?: unknown): CellHandle {
    const { context, core } = this;
    if (value === undefined) return context.handle(core.cells.create(0)) as CellHandle;
    return this.#packed([value], ([ref]) => core.cells.create(ref)) as CellHandle;
  }

  /**
   * `def name(…)`: a function whose body is JavaScript. Arguments come as values, their handles are released when the
   * body returns (`keep()` those that shall live on); what it returns is converted; what it throws is raised.
   */
  function(name: string, body: FunctionBody, options: FunctionOptions = {}): FunctionHandle {
    return this.context.handle(defineFunction(this.context, name, body, options)) as FunctionHandle;
  }

  /**
   * Give a code object the body that `function` or `class` gave it before its heap was saved and opened again.
   * @param code address of the code object
   */
  bind(code: Address, body: FunctionBody): void {
    bindBody(this.context, code, body);
  }

  /**
   * `class name: …`: members that are JavaScript functions become methods, with `self` as first parameter; all others
   * become class attributes. `__init__`, `__del__`, `__enter__`, `__eq__` … do what they do in Python.
   */
  class(
    name: string,
    members: Readonly<Record<string, FunctionBody | unknown>> = {},
    options: ClassOptions = {},
  ): ClassHandle {
    return this.context.handle(defineClass(this.context, name, members, options)) as ClassHandle;
  }

  /** A built-in type or exception as a class: `py.builtin("list")`, `py.builtin("ValueError")`. */
  builtin(name: string): ClassHandle {
    const { core } = this;
    const found = core.types.all().find((type) => core.types.name(type) === name);
    if (found === undefined)
      throw new PyrenaError("bad-argument", `there is no built-in type named '${name}'`);
    return this.context.wrap(core.refs.newRef(found)) as ClassHandle;
  }

  module(name: string): ModuleHandle {
    return this.context.handle(this.core.modules.create(name)) as ModuleHandle;
  }

  /** The module `__main__`: its dict are the globals. */
  get main(): ModuleHandle {
    return this.context.wrap(this.core.refs.newRef(this.core.modules.main())) as ModuleHandle;
  }

  // ---- weak references

  /** `weakref.ref(object, callback)`: a JavaScript callback is given the dead reference. */
  weakref(object: Handle, callback?: Handle | ((ref: WeakrefHandle) => unknown)): WeakrefHandle {
    return this.#weak(object, callback, this.core.weakrefs.ref) as WeakrefHandle;
  }

  /** `weakref.proxy(object, callback)`. */
  proxy(object: Handle, callback?: Handle | ((ref: Handle) => unknown)): Handle {
    return this.#weak(object, callback, this.core.weakrefs.proxy);
  }

  #weak(
    object: Handle,
    callback: Handle | ((ref: never) => unknown) | undefined,
    make: (object: Address, callback?: Address) => Address,
  ): Handle {
    const { context, core } = this;
    if (callback === undefined) return context.handle(make(object.live));
    if (callback instanceof Handle) return context.handle(make(object.live, callback.live));
    const fn = defineFunction(this.context, "<callback>", callback as () => unknown, {
      params: ["ref"],
    });
    if (fn === 0) context.fail();
    try {
      return context.handle(make(object.live, fn));
    } finally {
      core.refs.decref(fn);
    }
  }

  // ---- frames and blocks

  /**
   * A frame on the data stack with these locals, for as long as the body runs. They own what is stored in them and are
   * released when it returns or throws, in the order of the Python version. Handles made inside are released as well,
   * but for one that is returned.
   */
  frame<Result>(name: string, locals: readonly string[], body: (frame: Frame) => Result): Result {
    const { core, context } = this;
    const address = core.frames.pushNamed(name, locals);
    if (address === 0) context.fail();
    const frame = new Frame(context, address, name);
    try {
      core.gc.poll();
      return context.inScope(() => {
        try {
          return body(frame);
        } catch (thrown) {
          if (thrown instanceof PyException && thrown.exception !== 0) {
            core.errors.fromJs(thrown);
            core.exceptions.traceHere(address);
            core.errors.clear();
          }
          throw thrown;
        }
      });
    } finally {
      frame.address = 0;
      core.frames.pop(address);
    }
  }

  /** The running frame. @throws PyrenaError `bad-argument` if there is none */
  currentFrame(): Frame {
    const { core, context } = this;
    const address = core.frames.current();
    if (address === 0)
      throw new PyrenaError("bad-argument", "no frame is running: call this inside of a function");
    return new Frame(
      context,
      address,
      core.str.value(core.functions.codeName(core.frames.codeOf(address))),
    );
  }

  /**
   * `with manager as entered: body`: `__enter__`, the body, `__exit__`, which may swallow an exception: then the result
   * is undefined.
   */
  with<Result>(manager: Handle, body: (entered: PyValue) => Result): Result | undefined {
    const { core, context } = this;
    let result: Result | undefined;
    // Exceptions go through the with statement as Python's own: they are kept until it is over.
    const flying = context.inFlight.length;
    context.depth++;
    let status: number;
    try {
      status = core.frames.with(manager.live, (entered) => {
        try {
          result = context.inScope(() => body(context.readValue(entered)));
          return 0;
        } catch (thrown) {
          context.raiseThrown(thrown);
          return -1;
        }
      });
    } finally {
      context.depth--;
      context.land(flying);
    }
    context.check(status);
    return result;
  }

  /** `try: body` with `except BaseException as e`: the exception that the body raised, or undefined. */
  catch(body: () => void): ExceptionHandle | undefined {
    const { core, context } = this;
    const flying = context.inFlight.length;
    context.depth++;
    try {
      context.inScope(body);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof PyException) || thrown.core !== core || thrown.exception === 0)
        throw thrown;
      return context.wrap(core.refs.newRef(thrown.exception)) as ExceptionHandle;
    } finally {
      context.depth--;
      context.land(flying);
    }
  }

  /** `raise kind(message)`: always throws. */
  raise(kind: ErrorKind, message: string): never {
    this.core.errors.raise(kind, message);
    return this.context.fail();
  }

  /** An exception object, not raised: `ValueError("…")`. */
  exception(kind: ExceptionName, ...args: unknown[]): ExceptionHandle {
    const { core } = this;
    return this.#packed(args, (refs) =>
      core.exceptions.create(core.exceptions.type(kind), refs),
    ) as ExceptionHandle;
  }

  /** Run a block; handles made in it are released at its end, but for one that it returns and those that were kept. */
  scope<Result>(body: () => Result): Result {
    return this.context.inScope(body);
  }

  // ---- what is asked of any object

  /** `copy.copy(object)`. */
  copy<Kind extends Handle>(object: Kind): Kind {
    return this.context.handle(this.core.copying.copy(object.live)) as Kind;
  }

  /** `copy.deepcopy(object)`. */
  deepcopy<Kind extends Handle>(object: Kind): Kind {
    return this.context.handle(this.core.copying.deepcopy(object.live)) as Kind;
  }

  /**
   * References to the object, the handle's among them. A frame's `getrefcount` says what `sys.getrefcount` says there.
   */
  getrefcount(object: Handle): number {
    return object.refcount;
  }

  /** `sys.getsizeof(object)`, in bytes. */
  getsizeof(object: unknown): number {
    return this.#ask(object, (ref) => this.core.protocol.getsizeof(ref));
  }

  /** `id(object)`. */
  id(object: Handle): number {
    return object.id;
  }

  /** `hex(id(object))`. */
  hexId(object: Handle): string {
    return object.hexId;
  }

  /** `a is b`. */
  is(a: Handle, b: Handle): boolean {
    return a.is(b);
  }

  /** `a == b`. */
  equals(a: unknown, b: unknown): boolean {
    return this.#ask(a, (first) =>
      this.#ask(b, (second) => this.context.check(this.core.protocol.equal(first, second)) === 1),
    );
  }

  repr(object: unknown): string {
    return this.#ask(object, (ref) => this.core.protocol.repr(ref));
  }

  len(object: unknown): number {
    return this.#ask(object, (ref) => this.context.check(this.core.protocol.length(ref)));
  }

  /** `hash(object)`. */
  hash(object: unknown): number | bigint {
    if (object instanceof Handle) return object.hash();
    const handle = this.from(object);
    try {
      return handle.hash();
    } finally {
      handle.release();
    }
  }

  #ask<Answer>(object: unknown, ask: (ref: Address) => Answer): Answer {
    const ref = this.context.ref(object);
    try {
      return ask(ref);
    } finally {
      this.core.refs.decref(ref);
    }
  }

  // ---- the whole

  /** What the program made and is still alive, and who holds it. */
  leaks(): Leak[] {
    return this.core.inspect.leaks();
  }

  /** The memory by name: header, static data, data stack, object heap, raw blocks, free. */
  regions(): Region[] {
    return this.core.inspect.regions();
  }

  /** Check every invariant of every object. @throws PyrenaError `heap-corrupt` */
  verify(options?: VerifyOptions): void {
    this.core.inspect.verify(options);
  }

  /** Handles for what the table of a heap that was opened again holds from before: theirs to use and to release. */
  adopt(): Handle[] {
    const { core, context } = this;
    const before: [Address, number][] = [];
    eachHandle(core, (object, entry) => before.push([object, entry]));
    return before
      .filter(([, entry]) => context.ours[entry] !== true)
      .map(([object, entry]) => {
        const handle = context.wrap(core.refs.newRef(object));
        core.refs.decref(context.table.remove(entry));
        return handle;
      });
  }

  /** Release every handle; none of them can be used any more, nor can this. What other roots hold lives on. */
  dispose(): void {
    this.context.close();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
