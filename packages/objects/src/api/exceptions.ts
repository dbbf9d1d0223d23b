/** Exception objects and tracebacks. */
import type { Address } from "@pyrena/abi";
import type { ErrorKind } from "./errors.ts";

/** `PyBaseExceptionObject` and its types. */
export interface ExceptionsApi {
  readonly baseType: Address;
  readonly tracebackType: Address;
  /** The type of a built-in exception (also `Exception`, `BaseException`, `LookupError`, …). */
  type(
    this: void,
    name:
      | ErrorKind
      | "Exception"
      | "BaseException"
      | "LookupError"
      | "ArithmeticError"
      | "GeneratorExit"
      | "KeyboardInterrupt",
  ): Address;
  /** `type(*args)`; borrowed arguments. New reference. */
  create(this: void, type: Address, args: readonly Address[]): Address;
  /** The MemoryError that is kept in reserve: new reference, needs no memory. */
  reservedMemoryError(this: void): Address;
  /** `exception.args`, a tuple, borrowed. */
  args(this: void, exception: Address): Address;
  /** Text of the first argument, for messages. */
  message(this: void, exception: Address): string;
  check(this: void, object: Address): boolean;
  /** Borrowed or NULL. */
  traceback(this: void, exception: Address): Address;
  context(this: void, exception: Address): Address;
  /** Steals the reference (NULL: none). */
  setTraceback(this: void, exception: Address, traceback: Address): void;
  setContext(this: void, exception: Address, context: Address): void;
  /** Add the frame to the pending exception's traceback, as the interpreter does when it leaves a frame. `PyTraceBack_Here`. */
  traceHere(this: void, frame: Address): void;
}
