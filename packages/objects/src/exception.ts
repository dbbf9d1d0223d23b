/** A Python exception on its way through JavaScript. */
import { type Address, PyrenaError } from "@pyrena/abi";

/**
 * Thrown by the handle API where an operation raised a Python exception. It owns the exception object until it is
 * disposed of, or caught by Pyrena again.
 */
export class PyException extends PyrenaError {
  override readonly name: string = "PyException";
  /** The exception's type: `KeyError`. */
  readonly type: string;
  /** The exception object, owned; 0 once released. */
  exception: Address;
  /** The heap's core, to tell exceptions of several heaps apart. */
  readonly core: object;

  constructor(core: object, type: string, text: string, exception: Address) {
    super("python-exception", text === "" ? type : `${type}: ${text}`, { address: exception });
    this.core = core;
    this.type = type;
    this.exception = exception;
  }
}
