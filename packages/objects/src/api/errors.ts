/** The error indicator: functions that fail return NULL (or -1) and leave an exception pending, as in CPython's C API. */
import type { Address } from "@pyrena/abi";

/** Built-in exceptions that operations raise by name. */
export type ErrorKind =
  | "MemoryError"
  | "RecursionError"
  | "TypeError"
  | "ValueError"
  | "IndexError"
  | "KeyError"
  | "AttributeError"
  | "NameError"
  | "UnboundLocalError"
  | "ReferenceError"
  | "RuntimeError"
  | "OverflowError"
  | "ZeroDivisionError"
  | "BufferError"
  | "StopIteration"
  | "SystemError";

/** An exception that nobody could be given: raised in a finalizer, a weakref callback, a dealloc. */
export interface Unraisable {
  /** `TypeName: message`, or a JavaScript error's text. */
  readonly error: string;
  /** Where it happened: `finalizer of <Node at 0x…>`. */
  readonly where: string;
  /** The JavaScript value that was thrown, if it was one. */
  readonly thrown?: unknown;
}

/** The pending exception of one heap. */
export interface ErrorsApi {
  /** Raise; returns NULL, so that callers write `return errors.raise(…)`. Replaces what was pending. */
  raise(this: void, kind: ErrorKind, message: string): 0;
  /** Raise KeyError (StopIteration …) with an object as its only argument. Returns NULL. */
  raiseObject(this: void, kind: ErrorKind, argument: Address): 0;
  /** Raise MemoryError; it needs no memory. Returns NULL. */
  noMemory(this: void): 0;
  /** The pending exception, borrowed, or NULL. `PyErr_Occurred` (but for the exception itself, not its type). */
  occurred(this: void): Address;
  /** Whether the pending exception is of that type or a subclass. `PyErr_ExceptionMatches`. */
  matches(this: void, kind: ErrorKind): boolean;
  /** Take the pending exception: a new reference or NULL. `PyErr_GetRaisedException`. */
  fetch(this: void): Address;
  /** Make an exception (or NULL: none) the pending one; steals the reference. `PyErr_SetRaisedException`. */
  restore(this: void, exception: Address): void;
  clear(this: void): void;
  /** Turn a value thrown by a user's JavaScript into the pending exception. Returns NULL. */
  fromJs(this: void, thrown: unknown): 0;
  /** Report the pending exception as unraisable, and clear it. `PyErr_WriteUnraisable`. */
  writeUnraisable(this: void, where: string): void;
  /** Run a user's JavaScript function: what it throws becomes pending and NULL is returned. */
  guard(this: void, body: () => Address): Address;
}
