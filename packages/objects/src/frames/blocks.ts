/**
 * `try` and `with` (exception table entries in CPython): a block catches what comes up in the running frame.
 *
 * Where CPython keeps the exception that was being handled before on the frame's evaluation stack, a record on the
 * data stack, above the frame, does here:
 *
 *     0   the record before it, or NULL
 *     1W  the exception that was being handled before, owned; or NULL
 *     2W  what else the block owns (the bound `__exit__`), or NULL
 *     3W  likewise (the manager)
 */
import type { Address } from "@pyrena/abi";
import type { ErrorKind } from "../api/errors.ts";
import type { ExceptClause, WithOptions } from "../api/frames.ts";
import type { Core } from "../core/core.ts";
import type { DataStack } from "./data-stack.ts";

const RECORD_WORDS = 4;

/** What blocks need of frames. */
export interface BlockHost {
  readonly stack: DataStack;
  /** Words of localsplus in use. */
  level(this: void, frame: Address): number;
  popValuesTo(this: void, frame: Address, level: number): void;
  pop(this: void, frame: Address): void;
  store(this: void, frame: Address, index: number, value: Address): void;
  callMoving(this: void, fn: Address, args: readonly Address[], lent: number): Address;
}

/** The statements, part of `core.frames`. */
export interface Blocks {
  with(
    this: void,
    manager: Address,
    body: (entered: Address) => number,
    options?: WithOptions,
  ): number;
  tryCatch(this: void, body: () => number): Address;
  tryExcept(this: void, body: () => number, clause: ExceptClause): number;
  tryFinally(this: void, body: () => number, cleanup: () => number): number;
  reraise(this: void): -1;
  /** Forget every block and every exception that is pending or being handled. */
  abandon(this: void): void;
  /** Add the frame to the pending exception's traceback, unless the exception was caught and raised again in it. */
  traceOnce(this: void, frame: Address): void;
  roots(this: void, visit: (referent: Address, holder: string) => void): void;
  /** Those of {@link roots} that lie on evaluation stacks: a handled exception doesn't, once its handler has begun. */
  stackRoots(this: void, visit: (referent: Address, holder: string) => void): void;
}

export function makeBlocks(core: Core, host: BlockHost): Blocks {
  const { memory, refs, errors, types, word, facts, state, at } = core;
  const { stack } = host;
  const SAVED = word;
  const FIRST = 2 * word;
  const SECOND = 3 * word;
  const FRAME = (state + at.frame) >>> 2;
  const HANDLED = (state + at.handled) >>> 2;
  const NEWEST = (state + at.handlers) >>> 2;
  // Made with the heap: asking for them needs no memory later.
  const ENTER = core.str.name("__enter__");
  const EXIT = core.str.name("__exit__");
  /** An exception that goes on after a block caught it, and the frame: it is in the traceback already. 0 between calls. */
  let goingOn = 0;
  let goingOnIn = 0;

  function stackRoots(visit: (referent: Address, holder: string) => void): void {
    const u32 = memory.u32;
    for (let record = u32[NEWEST]; record !== 0; record = u32[record >>> 2]) {
      for (const offset of [SAVED, FIRST, SECOND]) {
        const value = u32[(record + offset) >>> 2];
        if (value !== 0 && (value & 1) === 0) visit(value, "a try or with statement");
      }
    }
  }

  /** A record, or NULL with MemoryError pending. */
  function open(): Address {
    const record = stack.push(RECORD_WORDS);
    if (record === 0) return errors.noMemory();
    const u32 = memory.u32;
    u32.fill(0, record >>> 2, (record + RECORD_WORDS * word) >>> 2);
    u32[record >>> 2] = u32[NEWEST];
    u32[NEWEST] = record;
    return record;
  }

  function close(record: Address): void {
    memory.u32[NEWEST] = memory.u32[record >>> 2];
    stack.pop(record);
  }

  /** Records of blocks inside this one that a JavaScript error left open. */
  function closeInner(record: Address): void {
    for (let inner = memory.u32[NEWEST]; inner !== record; inner = memory.u32[NEWEST]) {
      drop(inner, SECOND);
      drop(inner, FIRST);
      close(inner);
    }
  }

  /** A manager that is lent, marked by bit 0, is not owned. */
  function drop(record: Address, offset: number): void {
    const value = memory.u32[(record + offset) >>> 2];
    memory.u32[(record + offset) >>> 2] = 0;
    if (value !== 0 && (value & 1) === 0) refs.decref(value);
  }

  function abandon(): void {
    errors.clear();
    const u32 = memory.u32;
    const exception = u32[HANDLED];
    u32[HANDLED] = 0;
    refs.xdecref(exception);
    for (let record = memory.u32[NEWEST]; record !== 0; record = memory.u32[NEWEST]) {
      memory.u32[NEWEST] = memory.u32[record >>> 2];
      for (const offset of [SAVED, SECOND, FIRST]) drop(record, offset);
    }
  }

  /** Run a body; on an exception bring the stacks back to where they were, and the frame into the traceback. */
  function attempt(record: Address, body: () => number): boolean {
    const frame = memory.u32[FRAME];
    const level = frame === 0 ? 0 : host.level(frame);
    let result = -1;
    try {
      result = body();
    } catch (thrown) {
      errors.fromJs(thrown);
    }
    if (result >= 0) return true;
    closeInner(record);
    while (memory.u32[FRAME] !== frame) host.pop(memory.u32[FRAME]);
    if (frame !== 0) {
      traceOnce(frame);
      host.popValuesTo(frame, level);
    }
    return false;
  }

  function traceOnce(frame: Address): void {
    const again = goingOn !== 0 && goingOn === errors.occurred() && goingOnIn === frame;
    goingOn = 0;
    if (!again) core.exceptions.traceHere(frame);
  }

  /** The pending exception goes on from a block of the running frame. */
  function goOn(): -1 {
    goingOn = errors.occurred();
    goingOnIn = memory.u32[FRAME];
    return -1;
  }

  /** The pending exception becomes the one being handled (`PUSH_EXC_INFO`). Borrowed. */
  function beginHandling(record: Address): Address {
    const exception = errors.fetch();
    memory.u32[(record + SAVED) >>> 2] = memory.u32[HANDLED];
    memory.u32[HANDLED] = exception;
    return exception;
  }

  /** `POP_EXCEPT`. */
  function endHandling(record: Address): void {
    const exception = memory.u32[HANDLED];
    memory.u32[HANDLED] = memory.u32[(record + SAVED) >>> 2];
    memory.u32[(record + SAVED) >>> 2] = 0;
    refs.xdecref(exception);
  }

  /** The exception being handled is raised again unchanged (`RERAISE`): it is pending, nothing is handled. */
  function endReraising(record: Address): -1 {
    const exception = memory.u32[HANDLED];
    memory.u32[HANDLED] = memory.u32[(record + SAVED) >>> 2];
    memory.u32[(record + SAVED) >>> 2] = 0;
    errors.restore(exception);
    return goOn();
  }

  function catches(clause: ExceptClause, exception: Address): boolean {
    if (clause.kinds === undefined) return true;
    const typeOf = (kind: ErrorKind | Address): Address =>
      typeof kind === "number" ? kind : core.exceptions.type(kind);
    return clause.kinds.some((kind) => types.isInstance(exception, typeOf(kind)));
  }

  function tryCatch(body: () => number): Address {
    const record = open();
    if (record === 0) return errors.fetch();
    const done = attempt(record, body);
    close(record);
    return done ? 0 : errors.fetch();
  }

  function tryExcept(body: () => number, clause: ExceptClause): number {
    const record = open();
    if (record === 0) return -1;
    if (attempt(record, body)) {
      close(record);
      return 0;
    }
    const frame = memory.u32[FRAME];
    const exception = beginHandling(record);
    let result: number;
    if (catches(clause, exception)) {
      const { local } = clause;
      if (local !== undefined) host.store(frame, local, refs.newRef(exception));
      const done = attempt(record, () => clause.handle(exception));
      // The end of the handler gives the exception up first, then the local; on an exception the other way round.
      if (done) endHandling(record);
      if (local !== undefined) host.store(frame, local, 0);
      if (!done) endHandling(record);
      result = done ? 0 : goOn();
    } else result = endReraising(record);
    close(record);
    return result;
  }

  function tryFinally(body: () => number, cleanup: () => number): number {
    const record = open();
    if (record === 0) return -1;
    if (attempt(record, body)) {
      close(record);
      return cleanup();
    }
    beginHandling(record);
    let result: number;
    if (attempt(record, cleanup)) result = endReraising(record);
    else {
      endHandling(record);
      result = goOn();
    }
    close(record);
    return result;
  }

  function reraise(): -1 {
    const handled = memory.u32[HANDLED];
    if (handled === 0) errors.raise("RuntimeError", "no exception is being handled");
    else {
      errors.restore(refs.newRef(handled));
      goOn();
    }
    return -1;
  }

  /** `__enter__` or `__exit__` as the manager's type has it: new reference; NULL, maybe with an exception pending. */
  function lookUp(manager: Address, name: Address): Address {
    const type = types.typeOf(manager);
    const method = core.classes.lookup(type, name);
    if (method !== 0) return refs.newRef(method);
    return types.slots(type).getAttribute?.(manager, core.str.value(name)) ?? 0;
  }

  /** Keep `method`, which is stolen, and, where it is not bound, `self` in the record. False with an exception pending. */
  function keepMethod(
    record: Address,
    method: Address,
    manager: Address,
    lent: boolean,
    name: Address,
  ): boolean {
    const u32 = memory.u32;
    // What a built-in type gives as an attribute is bound already.
    const isOfClass = core.classes.lookup(types.typeOf(manager), name) === method;
    if (!isOfClass || types.typeOf(method) !== core.functions.type) {
      u32[(record + FIRST) >>> 2] = method;
      return true;
    }
    if (facts.withBindsMethods) {
      const bound = core.functions.createMethod(method, manager);
      refs.decref(method);
      if (bound === 0) return false;
      memory.u32[(record + FIRST) >>> 2] = bound;
      return true;
    }
    u32[(record + FIRST) >>> 2] = method;
    u32[(record + SECOND) >>> 2] = lent ? manager + 1 : refs.newRef(manager);
    return true;
  }

  /** Call what `keepMethod` kept, and give it up. New reference or NULL. */
  function callKept(record: Address, args: readonly Address[]): Address {
    const u32 = memory.u32;
    const callable = u32[(record + FIRST) >>> 2];
    const self = u32[(record + SECOND) >>> 2];
    let result: Address;
    if (self === 0) result = core.protocol.call(callable, args);
    else {
      const lent = self & 1;
      u32[(record + SECOND) >>> 2] = 0;
      for (const argument of args) refs.incref(argument);
      result = host.callMoving(callable, [lent ? self - 1 : self, ...args], lent);
    }
    drop(record, FIRST);
    return result;
  }

  function withStatement(
    manager: Address,
    body: (entered: Address) => number,
    { steals = false, local, discards = false }: WithOptions = {},
  ): number {
    const enter = lookUp(manager, ENTER);
    const exit = enter === 0 ? 0 : lookUp(manager, EXIT);
    if (exit === 0) {
      refs.xdecref(enter);
      if (errors.occurred() === 0) {
        const name = types.name(types.typeOf(manager));
        const lacking = enter === 0 ? "__enter__" : "__exit__";
        errors.raise("TypeError", `'${name}' has no ${lacking}: it is no context manager`);
      }
      if (steals) refs.decref(manager);
      return -1;
    }
    const exiting = open();
    const entering = exiting === 0 ? 0 : open();
    let ready = entering !== 0 && keepMethod(entering, enter, manager, !steals, ENTER);
    if (entering === 0) refs.decref(enter);
    if (ready) ready = keepMethod(exiting, exit, manager, !steals, EXIT);
    else refs.decref(exit);
    if (steals) refs.decref(manager);
    let entered = 0;
    if (ready) entered = callKept(entering, []);
    if (entering !== 0) {
      closeInner(entering);
      drop(entering, SECOND);
      drop(entering, FIRST);
      close(entering);
    }
    let result = -1;
    if (entered !== 0) {
      if (local !== undefined) host.store(memory.u32[FRAME], local, entered);
      else if (discards) refs.decref(entered);
      const done = attempt(exiting, () => body(entered));
      if (local === undefined && !discards) refs.decref(entered);
      result = done ? leaveNormally(exiting) : leaveByException(exiting);
    }
    if (exiting !== 0) {
      drop(exiting, SECOND);
      drop(exiting, FIRST);
      close(exiting);
    }
    return result;
  }

  function leaveNormally(record: Address): number {
    const { none } = core.constants;
    const result = callKept(record, [none, none, none]);
    refs.xdecref(result);
    return result === 0 ? -1 : 0;
  }

  function leaveByException(record: Address): number {
    const exception = beginHandling(record);
    const traceback = core.exceptions.traceback(exception);
    let swallow = false;
    const done = attempt(record, () => {
      // What is called stays where it is until the exception is done with.
      const u32 = memory.u32;
      const self = u32[(record + SECOND) >>> 2] & ~1;
      const args = [
        types.typeOf(exception),
        exception,
        traceback === 0 ? core.constants.none : traceback,
      ];
      const result = core.protocol.call(
        u32[(record + FIRST) >>> 2],
        self === 0 ? args : [self >>> 0, ...args],
      );
      if (result === 0) return -1;
      swallow = core.protocol.isTrue(result);
      refs.decref(result);
      return 0;
    });
    if (!done) {
      endHandling(record);
      return goOn();
    }
    if (!swallow) return endReraising(record);
    endHandling(record);
    return 0;
  }

  return {
    with: withStatement,
    tryCatch,
    tryExcept,
    tryFinally,
    reraise,
    abandon,
    traceOnce,
    roots: (visit) => {
      const handled = memory.u32[HANDLED];
      if (handled !== 0) visit(handled, "the exception being handled");
      stackRoots(visit);
    },
    stackRoots,
  };
}
