/** Code objects with bodies in TypeScript, and functions made of them. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { check, Failed } from "./failed.ts";

/** What a function does with its frame: a new reference, or 0 with an exception pending; it may throw {@link Failed}. */
export type Body = (frame: Address) => Address;

/** Makes the functions of one module. */
export class Functions {
  readonly #py: Objects;
  readonly #globals: Address;
  /** All code objects, which stay until their program has ended. */
  readonly codes: Address[] = [];
  /** How many of them belong to no program. */
  #own = 0;

  constructor(py: Objects, globals: Address) {
    this.#py = py;
    this.#globals = globals;
  }

  /** All that has been made up to now stays for all programs. */
  keepAll(): void {
    this.#own = this.codes.length;
  }

  /** Begins a program: the code of the one before is gone. */
  begin(): void {
    this.codes.length = this.#own;
  }

  /**
   * A code object; it outlives its functions, as the constant of the surrounding code that it is in CPython. Those of a
   * program are made before it begins: their tuples of names come from the free lists, too.
   */
  code(
    name: string,
    locals: readonly string[],
    argCount: number,
    body: Body,
    freeNames?: readonly string[],
  ): Address {
    const code = check(
      this.#py.functions.createCode({
        name,
        locals,
        argCount,
        ...(freeNames && { freeNames }),
        body: (frame) => {
          try {
            return body(frame);
          } catch (error) {
            if (error instanceof Failed) return 0;
            throw error;
          }
        },
      }),
    );
    this.codes.push(code);
    return code;
  }

  /** A function: a new reference. */
  create(code: Address, closure?: Address): Address {
    return check(this.#py.functions.create(code, this.#globals, closure));
  }

  /** A function with code of its own. */
  define(name: string, locals: readonly string[], argCount: number, body: Body): Address {
    return this.create(this.code(name, locals, argCount, body));
  }
}
