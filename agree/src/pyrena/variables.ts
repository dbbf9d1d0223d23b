/** Variables: locals of the running frame, those in cells, and globals of the module. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { GLOBALS, type Statement, type Variable } from "../program.ts";
import { check, done } from "./failed.ts";

/** A local that swaps and loops use, and the one that caught exceptions are bound to. */
export const SCRATCH = "z";
export const ERROR = "error";

/** A running frame and where its variables are. */
export interface Scope {
  readonly frame: Address;
  readonly index: ReadonlyMap<Variable, number>;
  readonly cells: ReadonlySet<Variable>;
  /** Loads that make references: see {@link ./loads.ts}. */
  readonly counted: ReadonlyMap<Statement, number>;
}

/** The variables that the running frame sees. */
export class Variables {
  readonly #py: Objects;
  readonly #globals: Address;
  readonly #scopes: Scope[] = [];

  constructor(py: Objects, globals: Address) {
    this.#py = py;
    this.#globals = globals;
  }

  /** A frame begins to run. */
  enter(scope: Scope): void {
    this.#scopes.push(scope);
  }

  /** The running frame ends. */
  leave(): void {
    this.#scopes.pop();
  }

  /** The running frame's. */
  get #scope(): Scope {
    return this.#scopes.at(-1)!;
  }

  /** Where in its frame a local is. */
  slot(name: Variable): number {
    return this.#scope.index.get(name)!;
  }

  /** What lies in a local's place in the frame, borrowed: its cell if it is a captured one. */
  peek(name: Variable): Address {
    const { frame, index } = this.#scope;
    return this.#py.frames.local(frame, index.get(name)!);
  }

  /** A new reference. */
  load(name: Variable): Address {
    const py = this.#py;
    if (!isLocal(name)) {
      const key = py.str.interned(name);
      const value = py.dict.getItem(this.#globals, key);
      py.refs.decref(key);
      if (value === 0) throw new Error(`global ${name} is not bound`);
      return py.refs.newRef(value);
    }
    const { cells, frame, index } = this.#scope;
    const slot = index.get(name)!;
    return check(cells.has(name) ? py.frames.loadCell(frame, slot) : py.frames.load(frame, slot));
  }

  /** What a variable holds, borrowed from it. */
  borrow(name: Variable): Address {
    const object = this.load(name);
    this.#py.refs.decref(object);
    return object;
  }

  /** Steals the value. */
  store(name: Variable, value: Address): void {
    const py = this.#py;
    if (!isLocal(name)) {
      const key = py.str.interned(name);
      const result = py.dict.setItem(this.#globals, key, value);
      py.refs.decref(value);
      py.refs.decref(key);
      done(result);
      return;
    }
    const { cells, frame, index } = this.#scope;
    const slot = index.get(name)!;
    if (cells.has(name)) py.frames.storeCell(frame, slot, value);
    else py.frames.store(frame, slot, value);
  }

  /** `del name` */
  unbind(name: Variable): void {
    const py = this.#py;
    if (!isLocal(name)) {
      const key = py.str.interned(name);
      const result = py.dict.deleteItem(this.#globals, key);
      py.refs.decref(key);
      done(result);
      return;
    }
    const { cells, frame, index } = this.#scope;
    const remove = cells.has(name) ? py.frames.deleteCell : py.frames.delete;
    done(remove(frame, index.get(name)!));
  }

  /** `to = from` */
  assign(to: Variable, from: Variable): void {
    if (this.isFast(to) && this.isFast(from)) {
      const { frame, index } = this.#scope;
      done(this.#py.frames.assign(frame, index.get(to)!, index.get(from)!));
    } else this.store(to, this.load(from));
  }

  /** Whether the variable lies in the frame itself, neither in a cell nor in the module. */
  isFast(name: Variable): boolean {
    return isLocal(name) && !this.#scope.cells.has(name);
  }

  /**
   * Whether loading the variable, as the n-th of the statement, makes no reference of its own in versions that lend at
   * all: because the compiler has seen to it, or because the local itself has none.
   */
  isUncounted(statement: Statement, name: Variable, n: number): boolean {
    if (!this.isFast(name)) return false;
    const { counted, frame, index } = this.#scope;
    const counts = ((counted.get(statement) ?? 0) >> n) & 1;
    return counts === 0 || this.#py.frames.isLent(frame, index.get(name)!);
  }

  /** `sys.getrefcount(name)` */
  refcount(statement: Statement, name: Variable): number {
    const py = this.#py;
    if (this.isUncounted(statement, name, 0)) {
      const { frame, index } = this.#scope;
      return py.frames.getrefcount(frame, index.get(name)!);
    }
    const object = this.load(name);
    const count = py.refs.refcount(object);
    py.refs.decref(object);
    return count;
  }
}

function isLocal(name: Variable): boolean {
  return !GLOBALS.includes(name);
}
