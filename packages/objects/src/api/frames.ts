/** Frames on the data stack: `_PyInterpreterFrame` in chunks of linear memory, and the frame objects made of them. */
import type { Address } from "@pyrena/abi";
import type { ErrorKind } from "./errors.ts";

/** What an `except` clause says. */
export interface ExceptClause {
  /** Types that it catches, borrowed; default: all. Types of exceptions by name or address. */
  readonly kinds?: readonly (ErrorKind | Address)[];
  /** Index of the local that the exception is bound to, and that is deleted when the handler ends: `except E as x`. */
  readonly local?: number;
  /**
   * The handler, with the exception borrowed: 0, or -1 with another exception pending (or the same one, raised by
   * `reraise`).
   */
  handle(this: void, exception: Address): number;
}

/** How a `with` statement treats its manager and what `__enter__` returned. */
export interface WithOptions {
  /** Whether the reference to the manager passes to the statement: `with Manager():`. Default: it is a local's. */
  readonly steals?: boolean;
  /** Index of the local that what was entered is bound to: `as x`. */
  readonly local?: number;
  /** Whether what was entered is released at once, as without `as`. Default: it is held until the body is done. */
  readonly discards?: boolean;
}

/** The data stack of one heap. */
export interface FramesApi {
  /** Type of frame objects (made when a traceback or a user asks for one). */
  readonly type: Address;
  /** The running frame, or NULL. */
  current(this: void): Address;
  /** The caller's frame, or NULL. */
  previous(this: void, frame: Address): Address;
  /** Frames on the stack now. */
  depth(this: void): number;
  /** `sys.getrecursionlimit`; default 1000. */
  recursionLimit: number;
  /**
   * Push a frame for a function; arguments are borrowed and increfed into the first locals, defaults fill in for
   * missing ones. NULL with TypeError, RecursionError or MemoryError pending.
   */
  push(this: void, fn: Address, args: readonly Address[]): Address;
  /**
   * As `push`, but the arguments move into the frame, as the interpreter's stack entries do: they are stolen, also on
   * failure. Those whose bit is set in `lent` are locals of the caller, which stay there: the frame borrows them where
   * the version lends locals (3.14 and later) and gets references of its own elsewhere.
   */
  pushMoving(this: void, fn: Address, args: readonly Address[], lent: number): Address;
  /** Push a frame that belongs to no function (module level, or a TypeScript caller's block). */
  pushNamed(this: void, name: string, locals: readonly string[]): Address;
  /**
   * Leave the running frame: release its locals in the version's order, or hand them to its frame object.
   * @throws PyrenaError `bad-argument` if another frame is running
   */
  pop(this: void, frame: Address): void;
  /**
   * Let go of everything that runs, innermost first: blocks, frames, exceptions pending or being handled. For a heap
   * that goes on without the code that ran there.
   */
  abandon(this: void): void;
  /**
   * Call a function: push, run its body, pop; with an exception pending the frame enters the traceback first. New
   * reference or NULL. A JavaScript stack that is used up raises RecursionError, too.
   */
  callFunction(this: void, fn: Address, args: readonly Address[]): Address;
  /** As `callFunction`, with arguments that move: see `pushMoving`. */
  callMoving(this: void, fn: Address, args: readonly Address[], lent: number): Address;
  /**
   * Count a call that CPython makes in Python and that is JavaScript here (the copy module's functions), towards the
   * recursion limit. False with RecursionError pending; else `leaveCall` undoes it.
   */
  enterCall(this: void): boolean;
  leaveCall(this: void): void;
  /** Locals, cells and free variables, in this order. */
  localCount(this: void, frame: Address): number;
  localName(this: void, frame: Address, index: number): string;
  /** Borrowed; NULL if not bound. Of a free variable or one made a cell by `makeCell`: the cell. */
  local(this: void, frame: Address, index: number): Address;
  /** Whether the caller lent what the local holds (3.14 and later): then it is not owned, nor counted. */
  isLent(this: void, frame: Address, index: number): boolean;
  /** New reference; NULL with UnboundLocalError pending. */
  load(this: void, frame: Address, index: number): Address;
  /** `x = value`: steals the value, then releases what was bound. */
  store(this: void, frame: Address, index: number, value: Address): void;
  /** `del x`; -1 with UnboundLocalError pending. */
  delete(this: void, frame: Address, index: number): number;
  /**
   * `locals()`: a dict of the locals that are bound, cells by their contents; new reference. Up to 3.12 always the same
   * dict, which the frame keeps. NULL with MemoryError pending.
   */
  locals(this: void, frame: Address): Address;
  /** `x = y` between locals, which in 3.14 passes on what is lent; -1 with UnboundLocalError pending. */
  assign(this: void, frame: Address, to: number, from: number): number;
  /** The local becomes a cell that holds its value, as one that an inner function uses: 0 or -1. `MAKE_CELL`. */
  makeCell(this: void, frame: Address, index: number): number;
  /** Value of a cell or free variable, new reference; NULL with UnboundLocalError or NameError pending. `LOAD_DEREF`. */
  loadCell(this: void, frame: Address, index: number): Address;
  /** Steals the value. `STORE_DEREF`. */
  storeCell(this: void, frame: Address, index: number, value: Address): void;
  /** 0, or -1 with NameError pending. `DELETE_DEREF`. */
  deleteCell(this: void, frame: Address, index: number): number;
  /** Push a value on the evaluation stack: steals it; -1 with SystemError pending if the stack is full. */
  pushValue(this: void, frame: Address, value: Address): number;
  /** Take the value off the evaluation stack that was pushed last: new reference, or NULL if there is none. */
  popValue(this: void, frame: Address): Address;
  /** Function of a frame, borrowed, or NULL. */
  functionOf(this: void, frame: Address): Address;
  /** Code object of a frame, borrowed. */
  codeOf(this: void, frame: Address): Address;
  /** A frame object (`sys._getframe()`), new reference. */
  frameObject(this: void, frame: Address): Address;
  /** The frame that a frame object stands for: on the data stack, or inside the object once it has been left. */
  frameOfObject(this: void, object: Address): Address;
  /**
   * `sys.getrefcount(local)` as code in this frame sees it: with the temporary reference where the version makes one.
   */
  getrefcount(this: void, frame: Address, index: number): number;
  /**
   * `with manager: body`: `__enter__`, the body with what it returned (borrowed), `__exit__` with the exception or Nones;
   * a true result swallows the exception. 0, or -1 with an exception pending.
   */
  with(
    this: void,
    manager: Address,
    body: (entered: Address) => number,
    options?: WithOptions,
  ): number;
  /** Run a body whose pending exception is caught: returns it as a new reference, or NULL. It is not being handled. */
  tryCatch(this: void, body: () => number): Address;
  /**
   * `try: body`, `except kinds as local: handle`: while the handler runs the exception is the one being handled, and
   * the context of others that are raised; then it is released, and the local deleted. 0 or -1.
   */
  tryExcept(this: void, body: () => number, clause: ExceptClause): number;
  /** `try: body`, `finally: cleanup`. 0 or -1. */
  tryFinally(this: void, body: () => number, cleanup: () => number): number;
  /** Bare `raise`: the exception that is being handled is pending again; RuntimeError if there is none. Returns -1. */
  reraise(this: void): -1;
  /** Chunks of the data stack: base and bytes, top within. For regions and roots. */
  chunks(this: void): { base: Address; bytes: number; used: number }[];
  /** Visit what the frames own, and the exceptions being handled. */
  roots(this: void, visit: (referent: Address, holder: string) => void): void;
  /**
   * The same for an incremental collector, which begins to mark there: in CPython's order, the running frame first, each
   * from the top of its stack down to its first local, and what is borrowed as well.
   */
  markingRoots(this: void, visit: (referent: Address) => void): void;
  /** Leave all frames and give all chunks back (heap teardown). */
  dispose(this: void): void;
}
