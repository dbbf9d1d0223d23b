/**
 * Performs a program on Pyrena's objects: the other half of {@link ./python.ts}. Every statement becomes the calls that
 * CPython's interpreter would make, in its order: operands are new references, results are stored or dropped, and only
 * then are the operands released.
 */
import { type Address, type CollectorFactory, type Profile, profileFor } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { isCall, isMessy } from "./exact.ts";
import { splitOperation } from "./operations.ts";
import {
  CELLS,
  type ClassDefinition,
  capturedCells,
  type Expression,
  GLOBALS,
  LOCALS,
  type Program,
  type Statement,
  type Variable,
  visitStatements,
} from "./program.ts";
import { Collecting } from "./pyrena/collecting.ts";
import { collectorOf, createHeap, type UnraisableReport } from "./pyrena/heap.ts";
import { countedLoads } from "./pyrena/loads.ts";
import { Failed, ObjectOperations } from "./pyrena/object-operations.ts";
import { itemsOf, order, show, tagOf } from "./pyrena/show.ts";

/** A local that swaps and loops use, and the one that caught exceptions are bound to. */
const SCRATCH = "z";
const ERROR = "error";

/** A running frame and where its variables are. */
interface Scope {
  readonly frame: Address;
  readonly index: ReadonlyMap<Variable, number>;
  readonly cells: ReadonlySet<Variable>;
  /** Loads that make references: see {@link countedLoads}. */
  readonly counted: ReadonlyMap<Statement, number>;
}

/** Variations of a runner, for tests. */
export interface RunnerOptions {
  /** Make a heap for every program, instead of setting one back to its first state; slower. */
  readonly freshHeaps?: boolean;
  /** Changes the version's facts before objects are made: a difference to be found. */
  readonly profile?: (profile: Profile) => Profile;
  /** Changes the objects before any program, likewise. */
  readonly alter?: (py: Objects) => void;
  /** Changes the collector, likewise. */
  readonly collector?: (factory: CollectorFactory) => CollectorFactory;
  /** Told of the objects after every program, and of the references that are still held: to check them. */
  readonly afterwards?: (py: Objects, held: readonly Address[]) => void;
}

/** Makes the log of programs for one version on one data model. */
export class PyrenaRunner {
  readonly python: string;
  readonly abi: "lp64" | "ilp32";
  readonly #options: RunnerOptions;
  /** Names for which the objects have made strs once and for all, and remember where. */
  readonly #names: Set<string> = new Set();
  #run: Run | undefined;
  #bytes: Uint8Array | undefined;

  constructor(python: string, abi: "lp64" | "ilp32", options: RunnerOptions = {}) {
    this.python = python;
    this.abi = abi;
    this.#options = options;
  }

  /**
   * The program's log, as lines of `what=value`. The heap's bytes are its whole state: it is set back to what it was
   * before the last program by copying them.
   */
  run(program: Program): string {
    const run = this.#ready();
    const names = this.#names.size;
    // Should something be thrown, the next program gets a new heap.
    this.#run = undefined;
    const log = run.perform(program).join("\n");
    this.#options.afterwards?.(run.py, run.held());
    // Copying the bytes back would take a str away that the objects remember.
    if (this.#names.size === names) this.#run = run;
    return log;
  }

  #ready(): Run {
    const { freshHeaps = false, alter, collector, profile } = this.#options;
    const before = this.#run;
    const bytes = this.#bytes;
    if (!freshHeaps && before && bytes && before.py.memory.byteLength === bytes.length) {
      before.py.memory.u8.set(bytes);
      return before;
    }
    const facts = profileFor(this.python, this.abi);
    const factory = collectorOf(facts);
    const run = new Run(profile?.(facts) ?? facts, collector?.(factory) ?? factory);
    rememberNames(run.py, this.#names);
    alter?.(run.py);
    this.#bytes = run.py.memory.u8.slice();
    return run;
  }
}

/** Makes the strs for these names beforehand, and adds whatever names come up later. */
function rememberNames(py: Objects, names: Set<string>): void {
  const str = py.str as { -readonly [member in keyof Objects["str"]]: Objects["str"][member] };
  const { name } = str;
  for (const text of names) name(text);
  str.name = (text) => {
    names.add(text);
    return name(text);
  };
}

/** Whether the program calls `gc.unfreeze()`. */
function hasUnfreeze(program: Program): boolean {
  let found = false;
  visitStatements(program.body, (one) => {
    if (one.s === "switch" && one.what === "unfreeze") found = true;
  });
  return found;
}

/** `str()` of a key of an instance's dict. */
function keyText(py: Objects, key: Address): string {
  return py.str.check(key) ? py.str.value(key) : py.protocol.repr(key);
}

class Run {
  readonly py: Objects;
  readonly operations: ObjectOperations;
  lines: string[] = [];
  readonly wide: boolean;
  readonly known: Map<string, Address[]> = new Map();
  readonly watched: Address;
  scopes: Scope[] = [];
  classes: Address[] = [];
  names: Address[] = [];
  readonly codes: Address[] = [];
  /** Code objects of statements that define functions, and functions that statements call. */
  readonly prepared: Map<Statement, Address> = new Map();
  functions: Address[] = [];
  readonly collecting: Collecting;
  program!: Program;
  readonly callbackCodes: {
    readonly refs: Address;
    readonly proxies: Address;
    readonly raising: Address;
  };
  /** How many of the code objects belong to no program. */
  readonly ownCodes: number;
  readonly boom: Address;
  readonly manager: Address;
  readonly rescued: Address;
  readonly module: Address;
  readonly globals: Address;
  telling = true;

  constructor(profile: Profile, collector: CollectorFactory) {
    this.py = createHeap(profile, (report) => this.unraisable(report), collector);
    this.wide = profile.abi.pointerBytes === 8;
    const { py } = this;
    this.module = py.modules.create("program");
    this.globals = py.modules.dict(this.module);
    this.collecting = new Collecting(py, profile.python, this);
    this.operations = new ObjectOperations(py, this.collecting);
    this.collecting.listener = this.define("collecting", ["phase", "info"], 2, (frame) => {
      this.collecting.hear(py.frames.local(frame, 0), py.frames.local(frame, 1));
      return this.operations.newNone();
    });
    this.rescued = py.list.create(0);
    this.watched = py.list.create(0);
    const exception = py.exceptions.type("Exception");
    this.boom = this.operations.check(py.classes.create({ name: "Boom", bases: [exception] }));
    this.manager = this.managerClass();
    this.callbackCodes = {
      refs: this.callbackCode("whether dead"),
      proxies: this.callbackCode("nothing"),
      raising: this.callbackCode("and raises"),
    };
    // The collector sees the module's dict as it sees one that has functions in it.
    this.operations.done(py.dict.setItem(this.globals, py.str.name("M"), this.manager));
    this.ownCodes = this.codes.length;
  }

  tell(tag: string, value: string | number | boolean): void {
    if (!this.telling) return;
    const text = value === true ? "True" : value === false ? "False" : String(value);
    this.lines.push(`${tag}=${text}`);
  }

  get told(): number {
    return this.lines.length;
  }

  forgetIdentities(): void {
    for (const numbers of this.known.values()) numbers.length = 0;
  }

  forget(): void {
    this.collecting.exact = false;
    this.forgetIdentities();
  }

  /** Where the interpreter looks for a collection that is due. */
  private poll(): void {
    this.py.gc.poll();
  }

  private unraisable({ error }: UnraisableReport): void {
    this.tell("unraisable", error.split(":")[0]!);
    this.forget();
  }

  // Classes and functions

  private managerClass(): Address {
    const { py } = this;
    const enter = this.define("__enter__", ["self"], 1, (frame) => {
      const number = py.protocol.getAttribute(py.frames.local(frame, 0), "number");
      this.tell("enter", Number(py.int.value(number)));
      return number;
    });
    const exit = this.define("__exit__", ["self", "kind", "value", "traceback"], 4, (frame) => {
      const kind = py.frames.local(frame, 1);
      this.tell("exit", kind === this.operations.none ? "None" : py.types.name(kind));
      return py.protocol.getAttribute(py.frames.local(frame, 0), "suppresses");
    });
    const made = this.operations.check(
      py.classes.create({
        name: "Manager",
        attributes: [
          ["__enter__", enter],
          ["__exit__", exit],
        ],
      }),
    );
    py.refs.decref(enter);
    py.refs.decref(exit);
    return made;
  }

  /**
   * A code object; it outlives its functions, as the constant of the surrounding code that it is in CPython. Those of a
   * program are made before it begins: their tuples of names come from the free lists, too.
   */
  private code(
    name: string,
    locals: readonly string[],
    argCount: number,
    body: (frame: Address) => Address,
    freeNames?: readonly string[],
  ): Address {
    const code = this.operations.check(
      this.py.functions.createCode({
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

  private define(
    name: string,
    locals: readonly string[],
    argCount: number,
    body: (frame: Address) => Address,
  ): Address {
    return this.functionOf(this.code(name, locals, argCount, body));
  }

  private functionOf(code: Address, closure?: Address): Address {
    return this.operations.check(this.py.functions.create(code, this.globals, closure));
  }

  /** Code of the functions that the statements define and call. */
  private prepare(statements: readonly Statement[]): void {
    this.prepared.clear();
    visitStatements(statements, (one) => {
      if (one.s === "closure") {
        const body = (frame: Address): Address => this.py.frames.loadCell(frame, 0);
        this.prepared.set(one, this.code(one.to, [], 0, body, [one.cell]));
      } else if (one.s === "call") {
        const made = this.functionOf(this.frameCode("F", one.args.length, one.body, one.result));
        this.functions.push(made);
        this.prepared.set(one, made);
      }
    });
  }

  private defineClass(definition: ClassDefinition, index: number): void {
    const { py } = this;
    const attributes: [string, Address][] = [];
    for (const [name, value] of definition.attributes)
      attributes.push([name, this.evaluate(value)]);
    attributes.push(["m", this.define("m", ["self"], 1, (frame) => py.frames.load(frame, 0))]);
    if (definition.finalizer !== "none") {
      const body = (frame: Address): Address => this.finalizer(definition, index, frame);
      attributes.push(["__del__", this.define("__del__", ["self"], 1, body)]);
    }
    const made = this.operations.check(
      py.classes.create({
        name: `C${index}`,
        bases: definition.base < 0 ? [] : [this.classes[definition.base]!],
        ...(definition.slots !== null && { slots: definition.slots }),
        attributes,
      }),
    );
    for (const [, value] of attributes) py.refs.decref(value);
    this.classes.push(made);
  }

  private finalizer(definition: ClassDefinition, index: number, frame: Address): Address {
    const { py } = this;
    const self = py.frames.local(frame, 0);
    this.tell(`del C${index}`, tagOf(py, self));
    switch (definition.finalizer) {
      case "count":
        this.tell("count", py.frames.getrefcount(frame, 0));
        break;
      case "resurrect":
        this.operations.done(py.list.append(this.rescued, self));
        break;
      case "raise":
        return this.raise();
      case "drop":
        this.operations.done(py.protocol.setAttribute(self, "u", this.operations.none));
        // Where a call of a builtin ends, what is due runs: before the instance is freed, and counted down.
        this.poll();
        break;
    }
    return this.operations.newNone();
  }

  /** Code of a weak reference's callback: its number is captured. */
  private callbackCode(tells: "whether dead" | "nothing" | "and raises"): Address {
    const { py } = this;
    const body = (frame: Address): Address => {
      const number = this.operations.check(py.frames.loadCell(frame, 1));
      const isDead = tells !== "whether dead" || py.weakrefs.isDead(py.frames.local(frame, 0));
      this.tell(`callback ${py.int.value(number)}`, isDead);
      py.refs.decref(number);
      if (tells === "and raises") this.raise();
      return this.operations.newNone();
    };
    return this.code("called", ["weak"], 1, body, ["number"]);
  }

  /** A function with one captured variable, as harness.py makes them. */
  private callback(number: number, kind: "ref" | "proxy", raises: boolean): Address {
    const { py } = this;
    const captured = this.operations.check(py.int.from(number));
    const cell = this.operations.check(py.cells.create(captured));
    this.poll();
    const closure = this.operations.check(py.tuple.pack([cell]));
    py.refs.decref(captured);
    const { raising, proxies, refs } = this.callbackCodes;
    const made = this.functionOf(raises ? raising : kind === "proxy" ? proxies : refs, closure);
    py.refs.decref(closure);
    // The frame's own.
    py.refs.decref(cell);
    return made;
  }

  /** `raise Boom` */
  private raise(): never {
    const { py } = this;
    const exception = this.operations.check(py.classes.call(this.boom, []));
    py.exceptions.raise(exception);
    py.refs.decref(exception);
    throw new Failed();
  }

  // Variables

  private get scope(): Scope {
    return this.scopes.at(-1)!;
  }

  private isLocal(name: Variable): boolean {
    return !GLOBALS.includes(name);
  }

  /** A new reference. */
  private load(name: Variable): Address {
    const { py, scope } = this;
    if (!this.isLocal(name)) {
      const key = py.str.interned(name);
      const value = py.dict.getItem(this.globals, key);
      py.refs.decref(key);
      if (value === 0) throw new Error(`global ${name} is not bound`);
      return py.refs.newRef(value);
    }
    const index = scope.index.get(name)!;
    if (scope.cells.has(name)) return this.operations.check(py.frames.loadCell(scope.frame, index));
    return this.operations.check(py.frames.load(scope.frame, index));
  }

  /** Steals the value. */
  private store(name: Variable, value: Address): void {
    const { py, scope } = this;
    if (!this.isLocal(name)) {
      const key = py.str.interned(name);
      const result = py.dict.setItem(this.globals, key, value);
      py.refs.decref(value);
      py.refs.decref(key);
      this.operations.done(result);
      return;
    }
    const index = scope.index.get(name)!;
    if (scope.cells.has(name)) py.frames.storeCell(scope.frame, index, value);
    else py.frames.store(scope.frame, index, value);
  }

  private unbind(name: Variable): void {
    const { py, scope } = this;
    if (!this.isLocal(name)) {
      const key = py.str.interned(name);
      const result = py.dict.deleteItem(this.globals, key);
      py.refs.decref(key);
      this.operations.done(result);
      return;
    }
    const index = scope.index.get(name)!;
    const remove = scope.cells.has(name) ? py.frames.deleteCell : py.frames.delete;
    this.operations.done(remove(scope.frame, index));
  }

  /** Whether the variable lies in the frame itself, neither in a cell nor in the module. */
  private isFast(name: Variable): boolean {
    return this.isLocal(name) && !this.scope.cells.has(name);
  }

  /** `to = from` */
  private assign(to: Variable, from: Variable): void {
    const { py, scope } = this;
    if (this.isFast(to) && this.isFast(from)) {
      const { index, frame } = scope;
      this.operations.done(py.frames.assign(frame, index.get(to)!, index.get(from)!));
    } else this.store(to, this.load(from));
  }

  /**
   * Whether loading the local, as the n-th variable of the statement, makes no reference of its own in versions that
   * lend at all: because the compiler has seen to it, or because the local itself has none.
   */
  private isUncounted(statement: Statement, name: Variable, n: number): boolean {
    const { frame, index, counted } = this.scope;
    const counts = ((counted.get(statement) ?? 0) >> n) & 1;
    return counts === 0 || this.py.frames.isLent(frame, index.get(name)!);
  }

  /** `sys.getrefcount(name)` */
  private refcount(statement: Statement, name: Variable): number {
    const { py, scope } = this;
    if (this.isFast(name) && this.isUncounted(statement, name, 0))
      return py.frames.getrefcount(scope.frame, scope.index.get(name)!);
    const object = this.load(name);
    const count = py.refs.refcount(object);
    py.refs.decref(object);
    return count;
  }

  // Expressions

  /** Makes an object: a new reference. */
  private evaluate(x: Expression): Address {
    const { py } = this;
    switch (x.e) {
      case "none":
        return this.operations.newNone();
      case "bool":
        return py.refs.newRef(py.int.fromBoolean(x.v));
      case "int":
        return this.called("int", () => py.int.from(BigInt(x.v)));
      case "float":
        return this.called("float", () => py.float.from(x.v === "-0" ? -0 : Number(x.v)));
      case "complex":
        return this.called("complex", () => py.complex.from(x.re, x.im));
      case "str":
        return this.called("str", () => py.str.from(x.v));
      case "bytes":
        return this.called("bytes", () =>
          py.bytes.from(Uint8Array.from(Buffer.from(x.v, "latin1"))),
        );
      case "bytearray":
        return this.called("bytearray", () =>
          py.bytearray.from(Uint8Array.from(Buffer.from(x.v, "latin1"))),
        );
      case "var":
        return this.load(x.v);
      case "class":
        return py.refs.newRef(this.classes[x.v]!);
      case "list":
        return this.packed(x.items, (items) => py.list.pack(items));
      case "tuple":
        return this.packed(x.items, (items) => py.tuple.pack(items));
      case "set": {
        const made = this.packed(x.items, (items) => py.set.pack(items, false));
        if (x.items.length === 0) this.poll();
        return made;
      }
      case "frozenset": {
        if (x.items.length === 0) return this.called("frozenset", () => py.set.pack([], true));
        const items = this.packed(x.items, (all) => py.tuple.pack(all));
        return this.called("frozenset", () => {
          const made = py.set.from(items, true);
          this.collecting.transient();
          py.refs.decref(items);
          return made;
        });
      }
      case "slice": {
        const made = this.packed(x.items, ([start = 0, stop = 0, step = 0]) =>
          this.collecting.withArguments("slice", () => py.slice.create(start, stop, step), [
            start,
            stop,
            step,
          ]),
        );
        this.poll();
        return made;
      }
      case "range":
        return this.called("range", () => py.range.create(...x.items));
      case "dict": {
        const flat = x.items.flat();
        return this.packed(flat, (items) => this.dictOf(items));
      }
    }
  }

  /** What a call of a function written in C gives. */
  private called(name: string, call: () => Address): Address {
    const made = this.operations.check(this.collecting.withArguments(name, call));
    this.poll();
    return made;
  }

  private packed(
    items: readonly Expression[],
    pack: (items: readonly Address[]) => Address,
  ): Address {
    const objects = items.map((item) => this.evaluate(item));
    const made = pack(objects);
    for (let i = objects.length - 1; i >= 0; i--) this.py.refs.decref(objects[i]!);
    return this.operations.check(made);
  }

  /** `{key: value, …}` of keys and values in turn: `BUILD_MAP`. */
  private dictOf(items: readonly Address[]): Address {
    const { py } = this;
    if (items.length === 0) return py.dict.create();
    const strings = items.every((item, i) => i % 2 === 1 || py.types.typeOf(item) === py.str.type);
    const dict = this.operations.check(py.dict.createPresized(items.length / 2, strings));
    for (let i = 0; i < items.length; i += 2) {
      if (py.dict.setItem(dict, items[i]!, items[i + 1]!) < 0) {
        py.refs.decref(dict);
        return 0;
      }
    }
    return dict;
  }

  // Statements

  /** 0, or -1 with an exception pending. */
  private block(statements: readonly Statement[]): number {
    for (const statement of statements) {
      try {
        this.statement(statement);
      } catch (error) {
        if (error instanceof Failed) return -1;
        throw error;
      }
    }
    return 0;
  }

  /** @throws Failed with an exception pending */
  private statement(statement: Statement): void {
    this.one(statement);
    if (isMessy(statement, this.program)) this.forget();
  }

  private one(statement: Statement): void {
    const { py } = this;
    switch (statement.s) {
      case "set":
        if (statement.value.e === "var") this.assign(statement.to, statement.value.v);
        else this.store(statement.to, this.evaluate(statement.value));
        return;
      case "new":
        this.instantiate(statement);
        return;
      case "del":
        this.unbind(statement.v);
        return;
      case "op":
        if (statement.guarded) this.guarded(statement);
        else this.operate(statement);
        return;
      case "weakref": {
        const on = this.load(statement.on);
        const callback =
          statement.callback === null
            ? 0
            : this.callback(statement.callback, statement.kind, statement.raises);
        const made = this.weakref(statement.kind, on, callback);
        py.refs.decref(on);
        py.refs.xdecref(callback);
        this.poll();
        this.store(statement.to, this.operations.check(made));
        return;
      }
      case "closure":
        this.closure(statement);
        return;
      case "call":
        this.call(statement);
        return;
      case "try":
        this.tryStatement(statement);
        return;
      case "with":
        this.withStatement(statement);
        return;
      case "swap":
        this.assign(SCRATCH, statement.a);
        this.assign(statement.a, statement.b);
        this.assign(statement.b, SCRATCH);
        this.store(SCRATCH, this.operations.newNone());
        return;
      case "bulk":
        this.bulk(statement);
        return;
      case "nest":
        this.nest(statement);
        return;
      case "rescue":
        this.store(
          statement.to,
          py.list.length(this.rescued) > 0
            ? this.called("pop", () => py.list.pop(this.rescued, 0))
            : this.operations.newNone(),
        );
        return;
      case "log":
        this.log(statement);
        return;
      case "collect":
        this.collecting.collect(statement.generation);
        return;
      case "switch":
        this.collecting.switch(statement.what, statement.values);
        return;
      case "census":
        this.collecting.census(statement.query, statement.generation);
        return;
      case "raise":
        this.raise();
    }
  }

  private weakref(kind: "ref" | "proxy", on: Address, callback: Address): Address {
    const { py } = this;
    if (kind === "proxy") return py.weakrefs.proxy(on, callback);
    const args = py.tuple.pack(callback === 0 ? [on] : [on, callback]);
    const made = py.weakrefs.ref(on, callback);
    py.refs.decref(args);
    return made;
  }

  private instantiate(statement: Extract<Statement, { s: "new" }>): void {
    const { py } = this;
    const made = this.operations.check(py.classes.call(this.classes[statement.cls]!, []));
    this.poll();
    this.store(statement.to, made);
    const tag = this.called("int", () => py.int.from(statement.tag));
    const object = this.load(statement.to);
    this.operations.done(py.protocol.setAttribute(object, "t", tag));
    py.refs.decref(object);
    py.refs.decref(tag);
    if (!statement.watched) return;
    const again = this.load(statement.to);
    const weak = this.operations.check(this.weakref("ref", again, 0));
    py.refs.decref(again);
    this.poll();
    this.operations.done(py.list.append(this.watched, weak));
    py.refs.decref(weak);
  }

  private closure(statement: Extract<Statement, { s: "closure" }>): void {
    const { py, scope } = this;
    const { to, cell } = statement;
    const box = py.frames.local(scope.frame, scope.index.get(cell)!);
    const closure = this.operations.check(py.tuple.pack([box]));
    const made = this.functionOf(this.prepared.get(statement)!, closure);
    py.refs.decref(closure);
    this.store(to, made);
  }

  /** Locals of a frame with these statements: the captured ones come last, in order of their names. */
  private localsOf(body: readonly Statement[]): { locals: Variable[]; cells: Set<Variable> } {
    const cells = capturedCells(body);
    const plain = [...LOCALS, ...CELLS].filter((name) => !cells.has(name));
    return { locals: [...plain, SCRATCH, ERROR, ...[...cells].sort()], cells };
  }

  private call(statement: Extract<Statement, { s: "call" }>): void {
    const { py, scope } = this;
    const made = this.prepared.get(statement)!;
    if (this.program.collecting === "automatic") this.poll();
    let lent = 0;
    const args = statement.args.map((name, i) => {
      if (!this.isFast(name) || !this.isUncounted(statement, name, i)) return this.load(name);
      lent |= 1 << i;
      return py.frames.local(scope.frame, scope.index.get(name)!);
    });
    const result = py.frames.callMoving(made, args, lent);
    this.operations.check(result);
    if (statement.to === null) py.refs.decref(result);
    else this.store(statement.to, result);
  }

  /** What a variable holds, borrowed from it. */
  private borrow(name: Variable): Address {
    const object = this.load(name);
    this.py.refs.decref(object);
    return object;
  }

  private frameCode(
    name: string,
    argCount: number,
    body: readonly Statement[],
    result: Variable | null,
  ): Address {
    const { py } = this;
    const { locals, cells } = this.localsOf(body);
    const index = new Map(locals.map((local, i) => [local, i]));
    const counted = countedLoads(body);
    return this.code(name, locals, argCount, (frame) => {
      locals.forEach((local, i) => {
        if (local === ERROR) return;
        if (i >= argCount) py.frames.store(frame, i, this.operations.newNone());
        if (cells.has(local)) this.operations.done(py.frames.makeCell(frame, i));
      });
      // The function begins after its cells have been made.
      this.poll();
      this.scopes.push({ frame, index, cells, counted });
      try {
        if (this.block(body) < 0) return 0;
        return result === null ? this.operations.newNone() : this.load(result);
      } finally {
        this.scopes.pop();
      }
    });
  }

  private tryStatement(statement: Extract<Statement, { s: "try" }>): void {
    const { py, scope } = this;
    const { keeps } = statement;
    const result = py.frames.tryExcept(() => this.block(statement.body), {
      kinds: [this.boom],
      ...(keeps !== null && { local: scope.index.get(ERROR)! }),
      handle: (exception) => {
        this.poll();
        this.tell("caught", py.types.name(py.types.typeOf(exception)));
        this.poll();
        this.forgetIdentities();
        if (keeps !== null) this.store(keeps, py.refs.newRef(exception));
        return this.block(statement.handler);
      },
    });
    this.operations.done(result);
    this.poll();
    this.forgetIdentities();
  }

  private withStatement(statement: Extract<Statement, { s: "with" }>): void {
    const { py, scope } = this;
    const { to } = statement;
    const manager = this.operations.check(py.classes.call(this.manager, []));
    const number = py.int.from(statement.number);
    this.operations.done(py.protocol.setAttribute(manager, "number", number));
    this.operations.done(
      py.protocol.setAttribute(manager, "suppresses", py.int.fromBoolean(statement.suppresses)),
    );
    py.refs.decref(number);
    const fast = to !== null && this.isFast(to) ? scope.index.get(to)! : undefined;
    const body = (entered: Address): number => {
      if (to !== null && fast === undefined) this.store(to, py.refs.newRef(entered));
      this.forget();
      return this.block(statement.body);
    };
    const result = py.frames.with(manager, body, {
      steals: true,
      ...(fast === undefined ? { discards: to === null } : { local: fast }),
    });
    this.operations.done(result);
    this.forget();
  }

  private guarded(statement: Extract<Statement, { s: "op" }>): void {
    const { py, scope } = this;
    const body = (): number => {
      try {
        this.operate(statement);
        return 0;
      } catch (error) {
        if (error instanceof Failed) return -1;
        throw error;
      }
    };
    const result = py.frames.tryExcept(body, {
      local: scope.index.get(ERROR)!,
      handle: (exception) => {
        this.tell("error", py.types.name(py.types.typeOf(exception)));
        return 0;
      },
    });
    this.operations.done(result);
    this.forget();
  }

  private bulk({ op, on, from, to }: Extract<Statement, { s: "bulk" }>): void {
    const { py } = this;
    // `range(…)` is a call.
    this.poll();
    const container = this.load(on);
    for (let i = from; i < to; i++) {
      const number = this.operations.check(py.int.from(i));
      switch (op) {
        case "append":
          this.operations.done(py.list.append(container, number));
          break;
        case "popLast":
          py.refs.decref(this.operations.check(py.list.pop(container)));
          break;
        case "appendByte":
          this.operations.done(py.bytearray.append(container, i & 255));
          break;
        case "add":
          this.operations.done(py.set.add(container, number));
          break;
        case "setInts":
          this.operations.done(py.dict.setItem(container, number, number));
          break;
        case "setNames": {
          const name = (this.names[i] ??= this.operations.check(py.str.from(`n${i}`)));
          this.operations.done(py.dict.setItem(container, name, number));
          break;
        }
        case "setAttributes":
          this.operations.done(py.protocol.setAttribute(container, `n${i}`, number));
          break;
        case "delInts": {
          const gone = py.dict.pop(container, number);
          py.refs.xdecref(gone);
          break;
        }
      }
      py.refs.decref(number);
      this.poll();
    }
    py.refs.decref(container);
  }

  private nest({ kind, on, cls, tag, depth }: Extract<Statement, { s: "nest" }>): void {
    const { py } = this;
    const { check, done } = this.operations;
    this.poll();
    for (let i = tag; i < tag + depth; i++) {
      const number = check(py.int.from(i));
      const inner = this.load(on);
      let made: Address;
      if (kind === "list") made = check(py.list.pack([inner]));
      else if (kind === "tuple") made = check(py.tuple.pack([inner]));
      else if (kind === "dict") made = this.dictOf([number, inner]);
      else {
        made = check(py.classes.call(this.classes[cls]!, []));
        this.poll();
        done(py.protocol.setAttribute(made, "t", number));
        done(py.protocol.setAttribute(made, "u", inner));
      }
      py.refs.decref(inner);
      py.refs.decref(number);
      this.store(on, made);
      this.poll();
    }
  }

  // Logs

  private log(statement: Extract<Statement, { s: "log" }>): void {
    const { py } = this;
    const { query, v, w } = statement;
    const tag = `${query} ${v}${w === null ? "" : ` ${w}`}`;
    if (query === "refcount") {
      const object = this.borrow(v);
      const count = py.refs.isImmortal(object) ? "immortal" : this.refcount(statement, v);
      this.poll();
      this.tell(tag, count);
      return;
    }
    const object = this.load(v);
    const other = w === null ? 0 : this.load(w);
    const answer = this.answer(statement, object, other);
    py.refs.xdecref(other);
    py.refs.decref(object);
    this.poll();
    this.tell(tag, answer);
  }

  private answer(
    { query }: Extract<Statement, { s: "log" }>,
    object: Address,
    other: Address,
  ): string | number | boolean {
    const { py } = this;
    switch (query) {
      case "size":
        return this.collecting.withArguments("size", () => {
          this.collecting.transient();
          return py.protocol.getsizeof(object);
        }, [object]);
      case "tracked":
        return this.collecting.isTracked(object);
      case "finalized":
        return this.collecting.isFinalized(object);
      case "referrers":
        return this.collecting.referrers(object);
      case "referents":
        return this.collecting.referents(object);
      case "len":
        return py.protocol.length(object);
      case "show":
        return show(py, object);
      case "order":
        return order(py, object, (one) => this.operations.iterate(one));
      case "hash": {
        const low = py.protocol.hash(object);
        return this.wide ? String((BigInt(py.hashHigh) << 32n) | BigInt(low >>> 0)) : low;
      }
      case "type":
        return py.types.name(py.types.typeOf(object));
      case "truth":
        return py.protocol.isTrue(object);
      case "is":
        return object === other;
      case "equal":
        return py.protocol.equal(object, other) === 1;
      case "contains":
        return this.operations.contains(object, other);
      case "identity":
        return this.identity(object);
      case "weakrefs":
        return py.weakrefs.count(object);
      case "attributes": {
        const dict = this.operations.check(py.classes.dict(object));
        const names = itemsOf(py, dict).map((key) => keyText(py, key));
        py.refs.decref(dict);
        return names.join();
      }
      case "refcount":
        throw new Error("asked elsewhere");
    }
  }

  private identity(object: Address): number {
    const { py } = this;
    const name = py.types.name(py.types.typeOf(object));
    const kind = name === "tuple" ? `tuple${py.tuple.length(object)}` : name;
    let numbers = this.known.get(kind);
    if (!numbers) this.known.set(kind, (numbers = []));
    const at = numbers.indexOf(object);
    if (at >= 0) return at;
    numbers.push(object);
    return numbers.length - 1;
  }

  // Operations

  private operate(statement: Extract<Statement, { s: "op" }>): void {
    const { py } = this;
    const { name, attribute } = splitOperation(statement.op);
    if (name === "inplaceConcat" || name === "inplaceRepeat") {
      this.inplace(statement, name === "inplaceRepeat");
      return;
    }
    const held: Address[] = [];
    const hold = (object: Address): Address => {
      held.push(object);
      return object;
    };
    let result = 0;
    let callsWeakref = false;
    // The class method is bound before its arguments are evaluated.
    if (name === "fromKeys") hold(this.collecting.temporary());
    try {
      let on: Address;
      const args: Address[] = [];
      if (name === "setitem" || name === "setslice" || name === "setattr") {
        // The value is evaluated first, then the container, then where in it.
        const last = statement.args.length - 1;
        args[last] = hold(this.evaluate(statement.args[last]!));
        on = hold(this.load(statement.on));
        for (let i = 0; i < last; i++) args[i] = hold(this.evaluate(statement.args[i]!));
      } else {
        on = hold(this.load(statement.on));
        for (const arg of statement.args) args.push(hold(this.evaluate(arg)));
      }
      if (name === "getslice" || name === "setslice" || name === "delslice") {
        const [start = 0, stop = 0, step = this.operations.none] = args;
        const third = name === "setslice" ? this.operations.none : step;
        hold(this.operations.check(py.slice.create(start, stop, third)));
      }
      callsWeakref = name === "call" && py.types.typeOf(on) === py.weakrefs.refType;
      result = this.operations.check(this.operations.perform(name, attribute, on, args));
    } finally {
      for (let i = held.length - 1; i >= 0; i--) py.refs.xdecref(held[i]!);
    }
    if (isCall(name) || callsWeakref) this.poll();
    if (statement.to === null) py.refs.decref(result);
    else this.store(statement.to, result);
  }

  private inplace(statement: Extract<Statement, { s: "op" }>, repeats: boolean): void {
    const { py } = this;
    const on = this.load(statement.on);
    const arg = this.evaluate(statement.args[0]!);
    const result = this.operations.inplace(on, arg, repeats);
    py.refs.decref(arg);
    py.refs.decref(on);
    this.store(statement.on, result);
  }

  // The whole

  /** References that the run itself holds, apart from frames and what it has released. */
  held(): Address[] {
    const names = this.names.filter((name) => name !== undefined);
    return [
      this.module,
      this.rescued,
      this.boom,
      this.manager,
      this.collecting.listener,
      ...this.classes,
      ...this.codes,
      ...this.functions,
      this.watched,
      ...names,
    ];
  }

  perform(program: Program): readonly string[] {
    const { py } = this;
    this.lines = [];
    this.scopes = [];
    this.classes = [];
    this.functions = [];
    this.names = [];
    this.program = program;
    this.codes.length = this.ownCodes;
    this.known.clear();
    this.telling = true;
    program.classes.forEach((definition, index) => {
      this.defineClass(definition, index);
    });
    this.prepare(program.body);
    const main = this.functionOf(this.frameCode("main", 0, program.body, null));
    this.functions.push(main);
    for (const list of py.alloc.freeLists) list.clear();
    const collects = program.collecting !== "off";
    if (collects) this.collecting.begin(hasUnfreeze(program));
    const result = py.frames.callFunction(main, []);
    if (result === 0) {
      const exception = py.errors.fetch();
      this.tell("failed", py.types.name(py.types.typeOf(exception)));
      py.refs.decref(exception);
    } else py.refs.decref(result);
    if (collects) this.collecting.end();
    this.forget();
    for (const name of GLOBALS) {
      this.tell("drop", name);
      const key = py.str.interned(name);
      if (py.dict.getItem(this.globals, key) !== 0) py.dict.deleteItem(this.globals, key);
      py.refs.decref(key);
    }
    if (collects) this.collecting.finish();
    this.tell("rescued", py.list.length(this.rescued));
    while (py.list.length(this.rescued) > 0) py.refs.decref(py.list.pop(this.rescued));
    this.tell(
      "watched",
      itemsOf(py, this.watched)
        .map((weak) => (py.weakrefs.isDead(weak) ? "0" : "1"))
        .join(""),
    );
    this.telling = false;
    return this.lines;
  }
}
