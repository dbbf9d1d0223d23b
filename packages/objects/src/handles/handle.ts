/**
 * What all handles are and share. A handle is a JavaScript object that owns one reference, entered in the heap's handle
 * table: so the heap itself knows what JavaScript holds. Released by `release()`, by `using`, at the end of the scope it
 * was made in, or, as a safety net that reports it, after the garbage collector has found it lost.
 */
import { type Address, hex, PyrenaError } from "@pyrena/abi";
import type { ErrorKind } from "../api/errors.ts";
import type { Core } from "../core/core.ts";
import { PyException } from "../exception.ts";
import { lineOf } from "../inspect/labels.ts";
import { type HandleTable, makeHandleTable } from "./table.ts";

/** Python objects that have a JavaScript counterpart without identity: they come out as that. */
export type Atom = null | boolean | number | bigint | string;

/** Characters of a repr that a console shows. */
const SHOWN = 1000;

/** What reading gives: atoms as JavaScript values, everything else as a handle, which is the caller's to release. */
export type PyValue = Atom | Handle;

/** A handle that was never released, found by the garbage collector. */
export interface LostHandle {
  /** Type of the object it held: `list`. */
  readonly type: string;
  readonly address: Address;
  /** `repr` of the object, as it was found, cut to a line. */
  readonly repr: string;
  /** Where the handle was made, if handles are traced. */
  readonly madeAt: string | undefined;
}

/** Options of the handle API. */
export interface HandleOptions {
  /** Told of handles that were lost; default: a warning on the console. The handle has been released by then. */
  readonly onLost?: (lost: LostHandle) => void;
  /** Remember where each handle is made, for `leaks()` and `onLost`: slow. Default: the core's `debug`. */
  readonly traceHandles?: boolean;
}

/** Handles made in one scope. */
type Scope = Set<Handle>;

/** What the handles of one heap share. */
export class HandleContext {
  declare readonly core: Core;
  declare readonly table: HandleTable;
  /** Borrowed object in, JavaScript value or a new handle out. */
  declare readValue: (object: Address) => PyValue;
  /** A handle of the right class; steals the reference. */
  declare wrap: (ref: Address) => Handle;
  /** JavaScript value in, new reference out; NULL with an exception pending. May throw PyrenaError. */
  declare make: (value: unknown) => Address;
  /** The whole object as a JavaScript value. */
  declare toJs: (object: Address) => unknown;
  /** Callbacks of Python into JavaScript under way. */
  declare depth: number;
  declare scope: Scope | undefined;
  declare readonly onLost: (lost: LostHandle) => void;
  /** Where the handle of each entry was made; undefined: not traced. */
  declare readonly madeAt: (string | undefined)[] | undefined;
  /** Entries of exceptions that are on their way through JavaScript as PyExceptions. */
  declare readonly inFlight: { readonly error: PyException; readonly entry: number }[];
  /** What JavaScript threw, by the exception that it became. */
  declare readonly causes: Map<Address, unknown>;
  declare readonly registry: FinalizationRegistry<number>;
  /** Entries of lost handles, to be released when nothing is under way. */
  declare readonly lost: number[];
  /** Whether an entry in use belongs to a handle of this context; others are from before the heap was opened. */
  declare readonly ours: boolean[];
  declare closed: boolean;

  constructor(core: Core, options: HandleOptions) {
    this.core = core;
    this.table = makeHandleTable(core);
    this.depth = 0;
    this.scope = undefined;
    this.onLost = options.onLost ?? warn;
    this.madeAt = (options.traceHandles ?? core.debug) ? [] : undefined;
    this.inFlight = [];
    this.causes = new Map();
    this.lost = [];
    this.ours = [];
    this.closed = false;
    const { lost } = this;
    const settle = (): void => this.releaseLost();
    this.registry = new FinalizationRegistry((entry) => {
      lost.push(entry);
      settle();
    });
    core.inspect.nameHandles((entry) => {
      const where = this.madeAt?.[entry];
      return where === undefined ? `handle #${entry}` : `handle made at ${where}`;
    });
  }

  /** The reference of a JavaScript value: new. @throws PyException */
  ref(value: unknown): Address {
    const made = this.make(value);
    return made === 0 ? this.fail() : made;
  }

  /** What an operation made: a handle's reference, or what is pending is thrown. A pending collection may run. */
  handle(ref: Address): Handle {
    const handle = this.taken(ref);
    this.core.gc.poll();
    return handle;
  }

  /** What an operation read: as `handle`, but nothing was made. */
  taken(ref: Address): Handle {
    return ref === 0 ? this.fail() : this.wrap(ref);
  }

  /** A handle of the library's own, for as long as the context is used: if it is lost, so is everything. Steals. */
  permanent(ref: Address): Handle {
    const handle = this.taken(ref).keep();
    this.registry.unregister(handle);
    return handle;
  }

  /** The same as a value; the reference is released where it is an atom. */
  value(ref: Address): PyValue {
    if (ref === 0) return this.fail();
    const value = this.readValue(ref);
    this.core.refs.decref(ref);
    return value;
  }

  /** A result that is -1 where an exception is pending. */
  check(result: number): number {
    return result === -1 ? this.fail() : result;
  }

  /**
   * Throw what is pending. Outside of callbacks the exception object is released at once, as by `except` without a
   * name; inside of them it is kept until the callback has returned, for it may go on to the Python code below.
   */
  fail(): never {
    const { core, table } = this;
    const exception = core.errors.fetch();
    if (exception === 0) {
      throw new PyrenaError("heap-corrupt", "an operation failed, but no exception is pending");
    }
    const type = core.types.name(core.types.typeOf(exception));
    const text = core.exceptions.message(exception);
    const cause = this.causes.get(exception);
    const isCause = cause !== undefined && text === describeThrown(cause);
    let error: PyException;
    const entry = this.depth === 0 ? -1 : table.add(exception);
    if (entry < 0) {
      error = new PyException(core, type, text, 0);
      if (this.depth > 0) core.errors.clear();
      else this.causes.clear();
      core.refs.decref(exception);
    } else {
      error = new PyException(core, type, text, exception);
      this.inFlight.push({ error, entry });
    }
    if (isCause) Object.defineProperty(error, "cause", { value: cause });
    throw error;
  }

  /** Run a block as a scope: handles made in it are released at its end, but for the one that it returns. */
  inScope<Result>(body: () => Result): Result {
    const before = this.scope;
    this.scope = new Set();
    try {
      const result = body();
      if (result instanceof Promise) {
        throw new PyrenaError(
          "bad-argument",
          "a scope's body must not be asynchronous: its handles are released when it returns; release() them yourself",
        );
      }
      if (result instanceof Handle && this.scope.delete(result)) before?.add(result);
      return result;
    } finally {
      this.closeScope(before);
    }
  }

  /** Call JavaScript for Python: what it returns as a new reference, what it throws as the pending exception (NULL). */
  callBack(run: () => unknown): Address {
    const flying = this.inFlight.length;
    const scope = this.scope;
    this.scope = new Set();
    this.depth++;
    try {
      return this.make(run());
    } catch (thrown) {
      this.raiseThrown(thrown);
      return 0;
    } finally {
      this.closeScope(scope);
      this.depth--;
      this.land(flying);
    }
  }

  /** What JavaScript threw becomes the pending exception. */
  raiseThrown(thrown: unknown): void {
    const { errors, exceptions } = this.core;
    if (thrown instanceof PyException && thrown.core === this.core && thrown.exception === 0) {
      // Caught outside of callbacks, thrown again inside of one: the object is gone, its type and text are not.
      const kind = thrown.type as ErrorKind;
      const text = thrown.message.slice(thrown.type.length + 2);
      errors.raise(exceptions.type(kind) === 0 ? "RuntimeError" : kind, text);
      return;
    }
    errors.fromJs(thrown);
    if (!(thrown instanceof PyException)) this.causes.set(errors.occurred(), thrown);
  }

  /** Release the handles of the running scope, newest first, and go back to the one before. */
  closeScope(before: Scope | undefined): void {
    const made = this.scope;
    this.scope = before;
    if (made !== undefined) for (const handle of [...made].reverse()) handle.release();
  }

  /** Exceptions that went through JavaScript since then have arrived, or were caught there. */
  land(flying: number): void {
    const { inFlight, table, core } = this;
    while (inFlight.length > flying) {
      const { error, entry } = inFlight.pop()!;
      error.exception = 0;
      core.refs.decref(table.remove(entry));
    }
  }

  /** Release all handles; none of them can be used any more. */
  close(): void {
    if (this.closed) return;
    const { core, table, ours } = this;
    this.scope = undefined;
    this.land(0);
    ours.forEach((isOurs, entry) => {
      if (isOurs) core.refs.decref(table.remove(entry));
    });
    ours.length = 0;
    this.lost.length = 0;
    this.closed = true;
    (this as { core: Core }).core = closedCore;
  }

  /** Release what the garbage collector has found lost, unless an operation is under way. */
  releaseLost(): void {
    if (this.depth > 0 || this.closed) return;
    const { core, lost, table, madeAt } = this;
    for (let entry = lost.pop(); entry !== undefined; entry = lost.pop()) {
      const object = table.remove(entry);
      this.ours[entry] = false;
      const report: LostHandle = {
        type: core.types.name(core.types.typeOf(object)),
        address: object,
        repr: lineOf(core, object),
        madeAt: madeAt?.[entry],
      };
      core.refs.decref(object);
      this.onLost(report);
    }
  }
}

/** Stands where the core was: whatever is asked of it is a use after the end. */
const closedCore: Core = new Proxy({} as Core, {
  get: () => {
    throw new PyrenaError(
      "released-handle",
      "a handle was used after its Python had been disposed of: dispose of it when all else is done",
    );
  },
});

/** The text that `errors.fromJs` gives to a thrown value. */
function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
}

function warn({ type, repr, madeAt }: LostHandle): void {
  const where = madeAt === undefined ? "" : `, made at ${madeAt}`;
  console.warn(
    `pyrena: a handle was never released: ${type} ${repr}${where}. Use \`using\`, release() or py.scope().`,
  );
}

/** One reference to a Python object, held by JavaScript. */
export class Handle {
  declare readonly context: HandleContext;
  /** Address of the object; 0 once released. */
  declare address: Address;
  /** Entry in the handle table; once released: the address that it had, negative. */
  declare entry: number;

  static {
    // What `console.log` of Node (and of those who do as it does) shows: the object, not how handles are made.
    Object.defineProperty(Handle.prototype, Symbol.for("nodejs.util.inspect.custom"), {
      value(this: Handle): string {
        if (this.address === 0) return this.toString();
        const { types, protocol } = this.context.core;
        const text = protocol.repr(this.address, SHOWN);
        const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
        return `${types.name(types.typeOf(this.address))} ${shown}`;
      },
    });
  }

  /** Made by {@link HandleContext.wrap}; steals the reference, also when it throws. */
  constructor(context: HandleContext, ref: Address) {
    const entry = context.table.add(ref);
    if (entry < 0) {
      context.core.refs.decref(ref);
      context.fail();
    }
    this.context = context;
    this.address = ref;
    this.entry = entry;
    context.ours[entry] = true;
    context.registry.register(this, entry, this);
    context.scope?.add(this);
    if (context.madeAt !== undefined) context.madeAt[entry] = callerOf(new Error().stack);
  }

  /** The object's address, for the low-level API: borrowed, as long as the handle lives. @throws PyrenaError `released-handle` */
  get live(): Address {
    const address = this.address;
    return address === 0 ? this.throwReleased() : address;
  }

  /** Whether the handle has been released. */
  get released(): boolean {
    return this.address === 0;
  }

  /** Give the reference up; the object dies if it was the last one. A second time does nothing. */
  release(): void {
    const { context, address, entry } = this;
    if (address === 0) return;
    this.address = 0;
    this.entry = -address;
    context.registry.unregister(this);
    context.scope?.delete(this);
    if (context.closed) return;
    context.ours[entry] = false;
    context.core.refs.decref(context.table.remove(entry));
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Let the handle outlive the scope that it was made in. */
  keep(): this {
    this.context.scope?.delete(this);
    return this;
  }

  /** Another handle to the same object. */
  dup(): this {
    return this.context.wrap(this.context.core.refs.newRef(this.live)) as this;
  }

  /** Name of the object's type: `list`. */
  get type(): string {
    const { types } = this.context.core;
    return types.name(types.typeOf(this.live));
  }

  /** `id(object)`: its address. */
  get id(): number {
    return this.live;
  }

  /** `hex(id(object))`. */
  get hexId(): string {
    return hex(this.live);
  }

  /** References to the object, this handle's among them (`Py_REFCNT`). */
  get refcount(): number {
    return this.context.core.refs.refcount(this.live);
  }

  /** `sys.getsizeof(object)`, in bytes. */
  get sizeof(): number {
    return this.context.core.protocol.getsizeof(this.live);
  }

  /** `len(object)`. @throws PyException TypeError if it has none */
  get length(): number {
    return this.context.check(this.context.core.protocol.length(this.live));
  }

  /** Whether both are the same object: `self is other`. */
  is(other: Handle): boolean {
    return this.live === other.live;
  }

  /** `self == other`. */
  equals(other: unknown): boolean {
    const { context, live } = this;
    const ref = context.ref(other);
    const result = context.core.protocol.equal(live, ref);
    context.core.refs.decref(ref);
    return context.check(result) === 1;
  }

  /** `hash(object)`: a bigint where it is no safe integer. */
  hash(): number | bigint {
    const { context } = this;
    const { core } = context;
    const low = core.protocol.hash(this.live);
    const high = core.wide ? core.hashHigh : low >> 31;
    if (low === -1 && high === -1) context.fail();
    const value = high * 2 ** 32 + (low >>> 0);
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
  }

  /** `repr(object)`. */
  repr(): string {
    return this.context.core.protocol.repr(this.live);
  }

  toString(): string {
    return this.address === 0 ? `released handle (was ${hex(-this.entry)})` : this.repr();
  }

  /**
   * The object as a JavaScript value, cycles kept: list and tuple as Array, dict as Map, set as Set, bytes as
   * Uint8Array; what has no counterpart comes as a new handle.
   */
  toJS(): unknown {
    return this.context.toJs(this.live);
  }

  /** `self.name`. @throws PyException AttributeError */
  attr(name: string): PyValue {
    return this.context.value(this.context.core.protocol.getAttribute(this.live, name));
  }

  /** `self.name`, always as a handle. */
  attrRef<Kind extends Handle = Handle>(name: string): Kind {
    return this.context.taken(this.context.core.protocol.getAttribute(this.live, name)) as Kind;
  }

  /** `self.name = value`. */
  setAttr(name: string, value: unknown): void {
    const { context, live } = this;
    const ref = context.ref(value);
    const result = context.core.protocol.setAttribute(live, name, ref);
    context.core.refs.decref(ref);
    context.check(result);
  }

  /** `del self.name`. */
  deleteAttr(name: string): void {
    this.context.check(this.context.core.protocol.deleteAttribute(this.live, name));
  }

  /** `self(*args)`. */
  call(...args: unknown[]): PyValue {
    return this.context.value(callWith(this.context, this.live, args));
  }

  /** `self.name(*args)`. */
  callMethod(name: string, ...args: unknown[]): PyValue {
    const { context, live } = this;
    const { protocol, refs } = context.core;
    const method = protocol.getAttribute(live, name);
    if (method === 0) context.fail();
    try {
      return context.value(callWith(context, method, args));
    } finally {
      refs.decref(method);
    }
  }

  /** Always throws: a clear error for a handle that is no more. */
  protected throwReleased(): never {
    throw new PyrenaError(
      "released-handle",
      `a ${this.constructor.name} was used after it had been released (it held ${hex(-this.entry)}): ` +
        "use it before release() or the end of its scope, or keep() or dup() it",
      { address: -this.entry },
    );
  }
}

/**
 * Call an object with JavaScript values: new reference, or NULL with an exception pending. A pending collection may run
 * when it has returned.
 */
export function callWith(
  context: HandleContext,
  callable: Address,
  args: readonly unknown[],
): Address {
  const { protocol, refs, gc } = context.core;
  const made: Address[] = [];
  let result: Address = 0;
  try {
    for (const arg of args) {
      const ref = context.make(arg);
      if (ref === 0) return 0;
      made.push(ref);
    }
    result = protocol.call(callable, made);
  } finally {
    for (const ref of made) refs.decref(ref);
  }
  if (result !== 0) gc.poll();
  return result;
}

/** The first line of a stack that lies outside this package. */
function callerOf(stack: string | undefined): string | undefined {
  const lines = (stack ?? "").split("\n").slice(1);
  const here = fileOf(lines[0] ?? "").replace(/[^/\\]*$/, "");
  const outside = lines.find((line) => fileOf(line) !== "" && !fileOf(line).startsWith(here));
  return outside?.trim().replace(/^at /, "");
}

/** `…/file.js` of a line such as `at f (…/file.js:3:14)`. */
function fileOf(line: string): string {
  return /\(?((?:file:\/\/|\/|[A-Za-z]:\\).*?):\d+:\d+\)?$/.exec(line)?.[1] ?? "";
}
