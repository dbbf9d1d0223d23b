/** Functions, cells, bound methods, modules, capsules, and objects that hold a JavaScript value. */
import type { Address } from "@pyrena/abi";

/**
 * The body of a function: its frame (arguments in the first locals) in, a new reference out; NULL with an exception
 * pending. It may throw: what is thrown becomes the pending exception.
 */
export type Body = (frame: Address) => Address;

/** What a `def` statement says. */
export interface FunctionSpec {
  readonly name: string;
  /** Names of the locals, arguments first. */
  readonly locals: readonly string[];
  /** How many of them are arguments. */
  readonly argCount: number;
  /** Names of the captured cells (`co_freevars`). */
  readonly freeNames?: readonly string[];
  /** Depth of the evaluation stack, in words (`co_stacksize`); default 4. */
  readonly stackSize?: number;
  /** `__qualname__`; default the name. */
  readonly qualname?: string;
  readonly body: Body;
}

/** `PyCodeObject`, cut down to what memory needs, `PyFunctionObject`, `PyMethodObject`. */
export interface FunctionsApi {
  readonly type: Address;
  readonly methodType: Address;
  readonly codeType: Address;
  /** A code object. New reference. */
  createCode(this: void, spec: FunctionSpec): Address;
  /**
   * A function over a code object. Borrowed arguments.
   * @param globals its module's dict
   * @param closure tuple of cells, or NULL
   * @param defaults tuple, or NULL
   */
  create(
    this: void,
    code: Address,
    globals: Address,
    closure?: Address,
    defaults?: Address,
  ): Address;
  /** `createCode`, then `create`, in one. */
  define(
    this: void,
    spec: FunctionSpec,
    globals: Address,
    closure?: Address,
    defaults?: Address,
  ): Address;
  /** Fields of a function, borrowed; closure and defaults may be NULL. */
  code(this: void, fn: Address): Address;
  closure(this: void, fn: Address): Address;
  defaults(this: void, fn: Address): Address;
  globals(this: void, fn: Address): Address;
  name(this: void, fn: Address): Address;
  /** `fn.__dict__`, borrowed, made on demand; NULL with MemoryError pending. */
  dict(this: void, fn: Address): Address;
  check(this: void, object: Address): boolean;
  checkMethod(this: void, object: Address): boolean;
  /** Numbers of a code object: arguments, locals (arguments included), free names, words of evaluation stack. */
  argCount(this: void, code: Address): number;
  localCount(this: void, code: Address): number;
  freeCount(this: void, code: Address): number;
  stackSize(this: void, code: Address): number;
  /** `co_name`, borrowed. */
  codeName(this: void, code: Address): Address;
  /** Tuple of the names of locals and then free names (`co_localsplusnames`), borrowed. */
  localNames(this: void, code: Address): Address;
  /**
   * The body behind a code object. JavaScript functions do not live in the heap: where a heap is opened again, a body
   * that has not been given by `bind` raises RuntimeError.
   */
  body(this: void, code: Address): Body;
  /** Give a code object its body, where the heap has been opened again. */
  bind(this: void, code: Address, body: Body): void;
  /** Whether the body behind a code object is known here. */
  isBound(this: void, code: Address): boolean;
  spec(this: void, code: Address): FunctionSpec;
  /** `self.method`: new reference. */
  createMethod(this: void, fn: Address, self: Address): Address;
  methodFunction(this: void, method: Address): Address;
  methodSelf(this: void, method: Address): Address;
}

/** `PyCellObject`. */
export interface CellsApi {
  readonly type: Address;
  /** Borrowed content, or NULL for an empty cell. New reference. */
  create(this: void, content: Address): Address;
  /** New reference, or NULL if it is empty. */
  get(this: void, cell: Address): Address;
  /** Borrowed, or NULL to empty it. */
  set(this: void, cell: Address, content: Address): void;
}

/** `PyModuleObject`. */
export interface ModulesApi {
  readonly type: Address;
  /** A module with CPython's five names in its dict. New reference. `PyModule_New`. */
  create(this: void, name: string): Address;
  /** Its `__dict__`, borrowed. */
  dict(this: void, module: Address): Address;
  /** Its name, borrowed. */
  name(this: void, module: Address): Address;
  /** The module `__main__`, borrowed: the globals of functions that name no other. */
  main(this: void): Address;
}

/** `PyCapsule`: a raw address with a name and a destructor. */
export interface CapsulesApi {
  readonly type: Address;
  create(
    this: void,
    pointer: Address,
    name: string | undefined,
    destructor?: (capsule: Address) => void,
  ): Address;
  pointer(this: void, capsule: Address): Address;
  /** Its name, or undefined. */
  name(this: void, capsule: Address): string | undefined;
  /** Whether the capsule has no destructor, or one that is known here. */
  isBound(this: void, capsule: Address): boolean;
  /** Give a capsule its destructor, where the heap has been opened again. */
  bind(this: void, capsule: Address, destructor: (capsule: Address) => void): void;
}

/** Objects that hold a JavaScript value. The value lives outside the heap, in a numbered slot. */
export interface JsValuesApi {
  readonly type: Address;
  create(this: void, value: unknown): Address;
  value(this: void, object: Address): unknown;
  /** A numbered slot for a value, for types that hold one themselves; from 1. */
  hold(this: void, value: unknown): number;
  held(this: void, slot: number): unknown;
  drop(this: void, slot: number): void;
  /** Visit the slots of objects that hold a value, and the values. */
  each(this: void, visit: (slot: number, value: unknown) => void): void;
  /** Put the value of an object into its slot, which was handed out before the heap was opened again. */
  give(this: void, slot: number, value: unknown): void;
}
