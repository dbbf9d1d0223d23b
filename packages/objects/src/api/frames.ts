/** Frames on the data stack: `_PyInterpreterFrame` in chunks of linear memory, and the frame objects made of them. */
import type { Address } from "@pyrena/abi";

/** The data stack of one heap. */
export interface FramesApi {
  /** Type of frame objects (made when a traceback or a user asks for one). */
  readonly type: Address;
  /** The running frame, or NULL. */
  current(this: void): Address;
  /** Frames on the stack now. */
  depth(this: void): number;
  /** `sys.getrecursionlimit`; default 1000. */
  recursionLimit: number;
  /**
   * Push a frame for a function; arguments are borrowed and increfed into the first locals. NULL with RecursionError
   * or MemoryError pending.
   */
  push(this: void, fn: Address, args: readonly Address[]): Address;
  /** Push a frame that belongs to no function (module level, or a TypeScript caller's block). */
  pushNamed(this: void, name: string, locals: readonly string[]): Address;
  /** Leave the running frame: release its locals in the version's order, or hand them to its frame object. */
  pop(this: void, frame: Address): void;
  /** Call a function: push, run its body, pop; with an exception pending the frame enters the traceback first. New reference or NULL. */
  callFunction(this: void, fn: Address, args: readonly Address[]): Address;
  localCount(this: void, frame: Address): number;
  localName(this: void, frame: Address, index: number): string;
  /** Borrowed; NULL if not bound. */
  local(this: void, frame: Address, index: number): Address;
  /** New reference; NULL with UnboundLocalError pending. */
  load(this: void, frame: Address, index: number): Address;
  /** `x = value`: steals the value, then releases what was bound. */
  store(this: void, frame: Address, index: number, value: Address): void;
  /** `del x`; -1 with UnboundLocalError pending. */
  delete(this: void, frame: Address, index: number): number;
  /** Function of a frame, borrowed, or NULL. */
  functionOf(this: void, frame: Address): Address;
  /** A frame object (`sys._getframe()`), new reference. */
  frameObject(this: void, frame: Address): Address;
  /**
   * `sys.getrefcount(local)` as code in this frame sees it: with the temporary reference where the version makes one.
   */
  getrefcount(this: void, frame: Address, index: number): number;
  /**
   * `with manager: body`: `__enter__`, the body with what it returned (borrowed), `__exit__` with the exception or Nones;
   * a true result swallows the exception. 0, or -1 with an exception pending.
   */
  with(this: void, manager: Address, body: (entered: Address) => number): number;
  /** Run a body whose pending exception is caught (`try`/`except`): returns it as a new reference, or NULL. */
  tryCatch(this: void, body: () => number): Address;
  /** Chunks of the data stack: base and bytes, top within. For regions and roots. */
  chunks(this: void): { base: Address; bytes: number; used: number }[];
  /** Visit what the frames own. */
  roots(this: void, visit: (referent: Address, holder: string) => void): void;
  /** Give all chunks back (heap teardown). */
  dispose(this: void): void;
}
