/**
 * The description of a program: what both sides are written from. A program is plain data (JSON): classes, then the
 * statements of `main`. It says what is done, in Python's terms; {@link ./python.ts} prints it as Python source and
 * {@link ./pyrena.ts} performs it on Pyrena's objects.
 *
 * Variables are known by name: `a` … `f` are locals of the running frame, `p` and `q` locals that closures of the frame
 * may capture (cells then), `g` `h` `i` module globals. Every frame begins with its locals bound to None, in that order,
 * so that their order in the frame does not depend on the statements.
 */

/** Locals of every frame, in the order in which the frame holds them. */
export const LOCALS: readonly string[] = ["a", "b", "c", "d", "e", "f"];
/** Locals that closures of the same frame can capture. */
export const CELLS: readonly string[] = ["p", "q"];
/** Module globals. */
export const GLOBALS: readonly string[] = ["g", "h", "i"];
/** Names of attributes that programs set on instances and classes, besides `t`, which holds an instance's number. */
export const ATTRIBUTES: readonly string[] = ["u", "v", "w", "x"];

export type Variable = string;

/** An expression: makes new objects, or names a variable. */
export type Expression =
  | { readonly e: "none" }
  | { readonly e: "bool"; readonly v: boolean }
  /** Decimal digits, with a sign. */
  | { readonly e: "int"; readonly v: string }
  /** What `String(number)` gives; `-0` is spelled so. */
  | { readonly e: "float"; readonly v: string }
  | { readonly e: "complex"; readonly re: number; readonly im: number }
  | { readonly e: "str"; readonly v: string }
  /** Characters U+0000 … U+00FF, one for each byte. */
  | { readonly e: "bytes" | "bytearray"; readonly v: string }
  | { readonly e: "var"; readonly v: Variable }
  | { readonly e: "class"; readonly v: number }
  | {
      readonly e: "list" | "tuple" | "set" | "frozenset" | "slice";
      readonly items: readonly Expression[];
    }
  | { readonly e: "dict"; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly e: "range"; readonly items: readonly [number, number, number] };

/** What `__del__` of a class does, besides telling that it was called. */
export type Finalizer = "none" | "log" | "count" | "resurrect" | "raise" | "drop";

/** A class statement. Classes are the globals C0, C1 …; every one has a method `m` that returns its `self`. */
export interface ClassDefinition {
  /** Index of the base among the classes before this one; -1 for `object`. */
  readonly base: number;
  /** `__slots__`, or null for instances with a dict. `t` is always among them, `__weakref__` too where it says so. */
  readonly slots: readonly string[] | null;
  readonly finalizer: Finalizer;
  /** Class attributes. */
  readonly attributes: readonly (readonly [string, Expression])[];
}

/** What a log statement tells of one or two variables. */
export type Query =
  /** `sys.getrefcount(v)` */
  | "refcount"
  /** `sys.getsizeof(v)` */
  | "size"
  | "len"
  /** Contents, in a form without addresses. */
  | "show"
  /** Contents in iteration order. */
  | "order"
  | "hash"
  | "type"
  | "truth"
  /** `v is w` */
  | "is"
  /** `v == w` */
  | "equal"
  /** `w in v` */
  | "contains"
  /** Number of the object among those whose identity was asked for: the same address, the same number. */
  | "identity"
  /** `weakref.getweakrefcount(v)` */
  | "weakrefs"
  /** Keys of an instance's `__dict__`, which makes the dict if there is none yet. */
  | "attributes"
  /** `gc.is_tracked(v)` */
  | "tracked"
  /** `gc.is_finalized(v)` */
  | "finalized"
  /** `gc.get_referrers(v)`, those that the program has made. */
  | "referrers"
  /** `gc.get_referents(v)` */
  | "referents";

/** What a program asks of the collector as a whole. */
export type Census =
  /** `gc.get_count()`; `?` where code that makes objects of its own has run since counts were known. */
  | "counts"
  /** `gc.isenabled()` */
  | "enabled"
  /** `gc.get_threshold()` */
  | "thresholds"
  /** `gc.get_freeze_count()`, those not counted that were frozen before the program. */
  | "frozen"
  /** `gc.get_stats()`: what has been added since the program began. */
  | "stats"
  /** `gc.get_objects(generation)`: the program's, in order. */
  | "objects"
  /** `gc.garbage` */
  | "garbage";

/** Something that a program tells the collector. */
export type Switch =
  | "enable"
  | "disable"
  /** `gc.set_threshold(…)` */
  | "thresholds"
  | "freeze"
  | "unfreeze"
  /** A function of the harness becomes one of `gc.callbacks`. */
  | "listen"
  | "unlisten"
  /** `gc.set_debug(gc.DEBUG_SAVEALL)` */
  | "saveAll"
  /** `gc.set_debug(0)` */
  | "noDebug"
  /** `gc.garbage.clear()` */
  | "clearGarbage";

/**
 * How a program meets the collector: not at all; with automatic collection off, calling it; or with automatic
 * collection on, where only statements have a place that make the same collectable objects on both sides.
 */
export type Collecting = "off" | "called" | "automatic";

export type Statement =
  /** `to = value` */
  | { readonly s: "set"; readonly to: Variable; readonly value: Expression }
  /** `to = C(); to.t = tag`; if watched, a weak reference is kept to tell at the end whether it is alive. */
  | {
      readonly s: "new";
      readonly to: Variable;
      readonly cls: number;
      readonly tag: number;
      readonly watched: boolean;
    }
  | { readonly s: "del"; readonly v: Variable }
  /** An operation of {@link ./operations.ts}; guarded ones may fail, which is caught and told. */
  | {
      readonly s: "op";
      readonly op: string;
      readonly on: Variable;
      readonly args: readonly Expression[];
      readonly to: Variable | null;
      readonly guarded: boolean;
    }
  /** `to = weakref.ref(on, callback)`: each callback has a number. */
  | {
      readonly s: "weakref";
      readonly to: Variable;
      readonly on: Variable;
      readonly kind: "ref" | "proxy";
      readonly callback: number | null;
      readonly raises: boolean;
    }
  /** `def to(): return cell` */
  | { readonly s: "closure"; readonly to: Variable; readonly cell: Variable }
  /** `to = function(args)`; the function's frame has the arguments in its first locals. */
  | {
      readonly s: "call";
      readonly to: Variable | null;
      readonly args: readonly Variable[];
      readonly body: readonly Statement[];
      /** Returned; null for None. */
      readonly result: Variable | null;
    }
  /** `raise Boom` */
  | { readonly s: "raise" }
  /** `try: body; except Boom as error: keeps = error; handler` */
  | {
      readonly s: "try";
      readonly body: readonly Statement[];
      /** What the exception is bound to, and with it the frames that it came through; null: nobody keeps it. */
      readonly keeps: Variable | null;
      readonly handler: readonly Statement[];
    }
  /** `with Manager(number, suppresses): body` */
  | {
      readonly s: "with";
      readonly number: number;
      readonly suppresses: boolean;
      readonly to: Variable | null;
      readonly body: readonly Statement[];
    }
  /** The two change places, by way of a third local. */
  | { readonly s: "swap"; readonly a: Variable; readonly b: Variable }
  /** Many small steps of one kind, to make tables grow and shrink: numbers `from` … `to - 1`. */
  | {
      readonly s: "bulk";
      readonly op:
        | "append"
        | "add"
        | "setInts"
        | "setNames"
        | "popLast"
        | "delInts"
        | "appendByte"
        | "setAttributes";
      readonly on: Variable;
      readonly from: number;
      readonly to: number;
    }
  /** `on = [on]`, many times; or instances of a class, each with the one before as its `u`, numbered from `tag` on. */
  | {
      readonly s: "nest";
      readonly kind: "list" | "tuple" | "dict" | "instance";
      readonly on: Variable;
      readonly cls: number;
      readonly tag: number;
      readonly depth: number;
    }
  /** `to = the oldest resurrected object, or None` */
  | { readonly s: "rescue"; readonly to: Variable }
  | {
      readonly s: "log";
      readonly query: Query;
      readonly v: Variable;
      readonly w: Variable | null;
    }
  /** `gc.collect(generation)`: how many it found is told. */
  | { readonly s: "collect"; readonly generation: 0 | 1 | 2 }
  | { readonly s: "switch"; readonly what: Switch; readonly values: readonly number[] }
  | { readonly s: "census"; readonly query: Census; readonly generation: 0 | 1 | 2 };

export interface Program {
  readonly seed: number;
  /** Whether it may ask for the counts of objects that CPython makes once and for all: they are fixed where they are immortal (3.12 on). */
  readonly singletonCounts: boolean;
  /** The version that it is for: which statements leave counts known differs. */
  readonly python: string;
  readonly collecting: Collecting;
  readonly classes: readonly ClassDefinition[];
  readonly body: readonly Statement[];
}

/** Calls `visit` with each statement of a list, inner ones after the one that holds them. */
export function visitStatements(
  statements: readonly Statement[],
  visit: (statement: Statement) => void,
): void {
  for (const statement of statements) {
    visit(statement);
    if ("body" in statement) visitStatements(statement.body, visit);
    if (statement.s === "try") visitStatements(statement.handler, visit);
  }
}

/** Cell variables of a frame: the captured ones among its own statements, not among those of frames it calls. */
export function capturedCells(statements: readonly Statement[]): Set<Variable> {
  const cells = new Set<Variable>();
  const search = (list: readonly Statement[]): void => {
    for (const statement of list) {
      if (statement.s === "closure") cells.add(statement.cell);
      else if (statement.s === "try") {
        search(statement.body);
        search(statement.handler);
      } else if (statement.s === "with") search(statement.body);
    }
  };
  search(statements);
  return cells;
}

/** Number of statements, inner ones included. */
export function countStatements(program: Program): number {
  let count = 0;
  visitStatements(program.body, () => count++);
  return count;
}
