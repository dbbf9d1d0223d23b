/** Exception objects and tracebacks. */
import type { Address } from "@pyrena/abi";
import type { ErrorKind } from "./errors.ts";

/** Built-in exceptions: those that operations raise, and the rest of the tree. */
export type ExceptionName =
  | ErrorKind
  | "BaseException"
  | "Exception"
  | "GeneratorExit"
  | "KeyboardInterrupt"
  | "SystemExit"
  | "ArithmeticError"
  | "FloatingPointError"
  | "AssertionError"
  | "EOFError"
  | "ImportError"
  | "ModuleNotFoundError"
  | "LookupError"
  | "NotImplementedError"
  | "PythonFinalizationError"
  | "StopAsyncIteration"
  | "OSError"
  | "BlockingIOError"
  | "ChildProcessError"
  | "ConnectionError"
  | "BrokenPipeError"
  | "ConnectionAbortedError"
  | "ConnectionRefusedError"
  | "ConnectionResetError"
  | "FileExistsError"
  | "FileNotFoundError"
  | "InterruptedError"
  | "IsADirectoryError"
  | "NotADirectoryError"
  | "PermissionError"
  | "ProcessLookupError"
  | "TimeoutError"
  | "SyntaxError"
  | "IndentationError"
  | "TabError"
  | "UnicodeError"
  | "UnicodeDecodeError"
  | "UnicodeEncodeError"
  | "UnicodeTranslateError"
  | "Warning"
  | "BytesWarning"
  | "DeprecationWarning"
  | "EncodingWarning"
  | "FutureWarning"
  | "ImportWarning"
  | "PendingDeprecationWarning"
  | "ResourceWarning"
  | "RuntimeWarning"
  | "SyntaxWarning"
  | "UnicodeWarning"
  | "UserWarning";

/** `PyBaseExceptionObject` and its types. */
export interface ExceptionsApi {
  readonly baseType: Address;
  readonly tracebackType: Address;
  /** The type of a built-in exception; NULL if the version has none of that name. */
  type(this: void, name: ExceptionName): Address;
  /**
   * `type(*args)` as BaseException and the built-in types make it (`__new__` and their own `__init__`, not a class's);
   * `type` may be a class. Borrowed arguments. New reference.
   */
  create(this: void, type: Address, args: readonly Address[]): Address;
  /** A MemoryError from those kept in reserve: new reference, needs no memory. */
  reservedMemoryError(this: void): Address;
  /** Visit the MemoryErrors in reserve: dead objects, whose memory is not given back. */
  reserve(this: void, visit: (exception: Address) => void): void;
  /** `exception.args`, a tuple, borrowed. */
  args(this: void, exception: Address): Address;
  /** What `str(exception)` shows: the first argument; of a KeyError its repr; of several arguments the tuple. */
  message(this: void, exception: Address): string;
  check(this: void, object: Address): boolean;
  /** `__traceback__`, borrowed or NULL. */
  traceback(this: void, exception: Address): Address;
  /** `__context__`, borrowed or NULL. */
  context(this: void, exception: Address): Address;
  /** `__cause__`, borrowed or NULL. */
  cause(this: void, exception: Address): Address;
  /** `__suppress_context__`. */
  suppressesContext(this: void, exception: Address): boolean;
  /** Steals the reference (NULL: none). */
  setTraceback(this: void, exception: Address, traceback: Address): void;
  /** Steals the reference (NULL: none). `PyException_SetContext`. */
  setContext(this: void, exception: Address, context: Address): void;
  /** Steals the reference (NULL: none), and suppresses the context. `PyException_SetCause`. */
  setCause(this: void, exception: Address, cause: Address): void;
  /** Field of a built-in type (`value` of StopIteration, `name` and `obj` of AttributeError, …), borrowed or NULL. */
  field(this: void, exception: Address, name: string): Address;
  /** Set such a field; steals the reference. @throws PyrenaError `bad-argument` if the type has none of that name */
  setField(this: void, exception: Address, name: string, value: Address): void;
  /** `exception.add_note(note)`: 0, or -1 with an exception pending. */
  addNote(this: void, exception: Address, note: Address): number;
  /**
   * `raise exception` (`from cause`): the exception that is being handled becomes its context, then it is pending.
   * Both borrowed. Returns NULL.
   */
  raise(this: void, exception: Address, cause?: Address): 0;
  /** The exception that is being handled becomes this one's context, but for cycles. What `raise` does. */
  chain(this: void, exception: Address): void;
  /** The exception that is being handled (`sys.exception()`), borrowed or NULL. */
  handled(this: void): Address;
  /**
   * Add the frame to the pending exception's traceback, as the interpreter does where an exception comes up in it.
   * `PyTraceBack_Here`.
   */
  traceHere(this: void, frame: Address): void;
  /** `tb_next`, borrowed or NULL. */
  tracebackNext(this: void, traceback: Address): Address;
  /** `tb_frame`, borrowed. */
  tracebackFrame(this: void, traceback: Address): Address;
}
