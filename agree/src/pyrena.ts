/**
 * Performs a program on Pyrena's objects: the other half of {@link ./python.ts}. Every statement becomes the calls that
 * CPython's interpreter would make, in its order: operands are new references, results are stored or dropped, and only
 * then are the operands released.
 */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { createHeap, type UnraisableReport } from "./heap.ts";
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
} from "./program.ts";
import { MESSY_OPERATIONS, MESSY_QUERIES } from "./python.ts";
import { itemsOf, order, show } from "./show.ts";

/** An exception is pending in the heap. */
class Failed extends Error {}

/** A running frame and where its variables are. */
interface Scope {
  readonly frame: Address;
  readonly index: ReadonlyMap<Variable, number>;
  readonly cells: ReadonlySet<Variable>;
  /**
   * From 3.14 on a caller passes its own locals without counting a reference: the objects of arguments that the frame
   * still holds like that, by name. Pyrena's frames count them all; refcounts are corrected by these.
   */
  readonly borrowed: Map<Variable, Address>;
}

/** Makes the log of programs for one version on one data model. */
export class PyrenaRunner {
  readonly python: string;
  readonly abi: "lp64" | "ilp32";

  constructor(python: string, abi: "lp64" | "ilp32") {
    this.python = python;
    this.abi = abi;
  }

  /** The program's log, as lines of `what=value`. */
  run(program: Program): string {
    const run: Run = new Run(this.python, this.abi);
    return run.perform(program).join("\n");
  }
}

class Run {
  readonly py: Objects;
  readonly lines: string[] = [];
  readonly wide: boolean;
  /** Whether a caller's locals are passed and read without counting a reference. */
  readonly borrows: boolean;
  readonly known: Map<string, Address[]> = new Map();
  readonly watched: Address[] = [];
  readonly scopes: Scope[] = [];
  /** Exceptions whose handlers are running, outermost first. */
  readonly handled: Address[] = [];
  readonly classes: Address[] = [];
  readonly names: Address[] = [];
  readonly boom: Address;
  readonly manager: Address;
  readonly rescued: Address;
  readonly module: Address;
  readonly globals: Address;
  telling = true;

  constructor(python: string, abi: "lp64" | "ilp32") {
    this.py = createHeap(python, abi, (report) => this.unraisable(report));
    this.wide = abi === "lp64";
    this.borrows = Number(python.slice(2)) >= 14;
    const { py } = this;
    this.module = py.modules.create("program");
    this.globals = py.modules.dict(this.module);
    this.rescued = py.list.create(0);
    const exception = py.exceptions.type("Exception");
    this.boom = this.check(py.classes.create({ name: "Boom", bases: [exception] }));
    this.manager = this.managerClass();
  }

  tell(tag: string, value: string | number | boolean): void {
    if (!this.telling) return;
    const text = value === true ? "True" : value === false ? "False" : String(value);
    this.lines.push(`${tag}=${text}`);
  }

  forget(): void {
    for (const numbers of this.known.values()) numbers.length = 0;
  }

  private unraisable({ error }: UnraisableReport): void {
    this.tell("unraisable", error.split(":")[0]!);
    this.forget();
  }

  /** A reference that a call has given. @throws Failed if it gave none */
  private check(object: Address): Address {
    if (object === 0) throw new Failed();
    return object;
  }

  /** @throws Failed for -1 */
  private done(result: number): void {
    if (result < 0) throw new Failed();
  }

  private get none(): Address {
    return this.py.constants.none;
  }

  private newNone(): Address {
    return this.py.refs.newRef(this.none);
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
      this.tell("exit", kind === this.none ? "None" : py.types.name(kind));
      return py.protocol.getAttribute(py.frames.local(frame, 0), "suppresses");
    });
    const made = this.check(
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

  private define(
    name: string,
    locals: readonly string[],
    argCount: number,
    body: (frame: Address) => Address,
    freeNames?: readonly string[],
    closure?: Address,
  ): Address {
    return this.check(
      this.py.functions.define(
        {
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
        },
        this.globals,
        closure,
      ),
    );
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
    const made = this.check(
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
    const tag = this.check(py.protocol.getAttribute(self, "t"));
    this.tell(`del C${index}`, String(py.int.value(tag)));
    py.refs.decref(tag);
    switch (definition.finalizer) {
      case "count":
        this.tell("count", py.frames.getrefcount(frame, 0));
        break;
      case "resurrect":
        this.done(py.list.append(this.rescued, self));
        break;
      case "drop":
        this.done(py.protocol.setAttribute(self, "u", this.none));
        break;
    }
    return this.newNone();
  }

  private callback(number: number, kind: "ref" | "proxy", raises: boolean): Address {
    const { py } = this;
    return this.define("called", ["weak"], 1, (frame) => {
      const weak = py.frames.local(frame, 0);
      this.tell(`callback ${number}`, kind === "proxy" || raises || py.weakrefs.isDead(weak));
      if (raises) this.raise();
      return this.newNone();
    });
  }

  /** `raise Boom` */
  private raise(): never {
    const { py } = this;
    const exception = this.check(py.exceptions.create(this.boom, []));
    const context = this.handled.at(-1);
    if (context !== undefined) py.exceptions.setContext(exception, py.refs.newRef(context));
    py.errors.restore(exception);
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
    if (scope.cells.has(name)) return this.check(py.cells.get(py.frames.local(scope.frame, index)));
    return this.check(py.frames.load(scope.frame, index));
  }

  /** Steals the value. */
  private store(name: Variable, value: Address): void {
    const { py, scope } = this;
    if (!this.isLocal(name)) {
      const key = py.str.interned(name);
      const result = py.dict.setItem(this.globals, key, value);
      py.refs.decref(value);
      py.refs.decref(key);
      this.done(result);
      return;
    }
    const index = scope.index.get(name)!;
    if (scope.cells.has(name)) {
      py.cells.set(py.frames.local(scope.frame, index), value);
      py.refs.decref(value);
      return;
    }
    scope.borrowed.delete(name);
    py.frames.store(scope.frame, index, value);
  }

  private unbind(name: Variable): void {
    const { py, scope } = this;
    if (!this.isLocal(name)) {
      const key = py.str.interned(name);
      const result = py.dict.deleteItem(this.globals, key);
      py.refs.decref(key);
      this.done(result);
      return;
    }
    const index = scope.index.get(name)!;
    if (scope.cells.has(name)) {
      py.cells.set(py.frames.local(scope.frame, index), 0);
      return;
    }
    scope.borrowed.delete(name);
    this.done(py.frames.delete(scope.frame, index));
  }

  /** `sys.getrefcount(name)` */
  private refcount(name: Variable): number {
    const { py, scope } = this;
    if (this.isLocal(name) && !scope.cells.has(name)) {
      const index = scope.index.get(name)!;
      const object = py.frames.local(scope.frame, index);
      const count = py.frames.getrefcount(scope.frame, index);
      return py.refs.isImmortal(object) ? count : count - this.borrowedReferences(object);
    }
    const object = this.load(name);
    const count = py.refs.refcount(object);
    py.refs.decref(object);
    return py.refs.isImmortal(object) ? count : count - this.borrowedReferences(object);
  }

  private borrowedReferences(object: Address): number {
    let count = 0;
    for (const { borrowed } of this.scopes)
      for (const one of borrowed.values()) if (one === object) count++;
    return count;
  }

  // Expressions

  /** Makes an object: a new reference. */
  private evaluate(x: Expression): Address {
    const { py } = this;
    switch (x.e) {
      case "none":
        return this.newNone();
      case "bool":
        return py.refs.newRef(py.int.fromBoolean(x.v));
      case "int":
        return this.check(py.int.from(BigInt(x.v)));
      case "float":
        return this.check(py.float.from(x.v === "-0" ? -0 : Number(x.v)));
      case "complex":
        return this.check(py.complex.from(x.re, x.im));
      case "str":
        return this.check(py.str.from(x.v));
      case "bytes":
        return this.check(py.bytes.from(Uint8Array.from(Buffer.from(x.v, "latin1"))));
      case "bytearray":
        return this.check(py.bytearray.from(Uint8Array.from(Buffer.from(x.v, "latin1"))));
      case "var":
        return this.load(x.v);
      case "class":
        return py.refs.newRef(this.classes[x.v]!);
      case "list":
        return this.packed(x.items, (items) => py.list.pack(items));
      case "tuple":
        return this.packed(x.items, (items) => py.tuple.pack(items));
      case "set":
        return this.packed(x.items, (items) => py.set.pack(items, false));
      case "frozenset":
        return this.packed(x.items, (items) => py.set.pack(items, true));
      case "slice":
        return this.packed(x.items, ([start = 0, stop = 0, step = 0]) =>
          py.slice.create(start, stop, step),
        );
      case "range":
        return this.check(py.range.create(...x.items));
      case "dict": {
        const flat = x.items.flat();
        return this.packed(flat, (items) => this.dictOf(items));
      }
    }
  }

  private packed(
    items: readonly Expression[],
    pack: (items: readonly Address[]) => Address,
  ): Address {
    const objects = items.map((item) => this.evaluate(item));
    const made = pack(objects);
    for (let i = objects.length - 1; i >= 0; i--) this.py.refs.decref(objects[i]!);
    return this.check(made);
  }

  /** `{key: value, …}` of keys and values in turn: `BUILD_MAP`. */
  private dictOf(items: readonly Address[]): Address {
    const { py } = this;
    if (items.length === 0) return py.dict.create();
    const strings = items.every((item, i) => i % 2 === 1 || py.types.typeOf(item) === py.str.type);
    const dict = this.check(py.dict.createPresized(items.length / 2, strings));
    for (let i = 0; i < items.length; i += 2) {
      if (py.dict.setItem(dict, items[i]!, items[i + 1]!) < 0) {
        py.refs.decref(dict);
        return 0;
      }
    }
    return dict;
  }

  /** The items that iteration gives: new references. */
  private iterate(object: Address): Address[] {
    const { py } = this;
    const type = py.types.typeOf(object);
    const { refs } = py;
    const containers = [py.list.type, py.tuple.type, py.dict.type, py.set.type, py.set.frozenType];
    if (containers.includes(type)) return itemsOf(py, object).map((item) => refs.newRef(item));
    if (type === py.str.type)
      return Array.from({ length: py.str.length(object) }, (_, i) => py.str.at(object, i));
    if (type === py.range.type)
      return Array.from({ length: py.range.length(object) }, (_, i) => py.range.getItem(object, i));
    const bytes = type === py.bytes.type ? py.bytes.value(object) : py.bytearray.value(object);
    return Array.from(bytes, (byte) => py.int.from(byte));
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
    const { py } = this;
    switch (statement.s) {
      case "set":
        this.store(statement.to, this.evaluate(statement.value));
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
        if (MESSY_OPERATIONS.has(statement.op)) this.forget();
        return;
      case "weakref": {
        const on = this.load(statement.on);
        const callback =
          statement.callback === null
            ? 0
            : this.callback(statement.callback, statement.kind, statement.raises);
        const make = statement.kind === "ref" ? py.weakrefs.ref : py.weakrefs.proxy;
        const made = make(on, callback);
        py.refs.decref(on);
        py.refs.xdecref(callback);
        this.store(statement.to, this.check(made));
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
      case "swap": {
        const right = this.load(statement.b);
        const left = this.load(statement.a);
        this.store(statement.a, right);
        this.store(statement.b, left);
        return;
      }
      case "bulk":
        this.bulk(statement);
        return;
      case "rescue":
        this.store(
          statement.to,
          py.list.length(this.rescued) > 0
            ? this.check(py.list.pop(this.rescued, 0))
            : this.newNone(),
        );
        return;
      case "log":
        this.log(statement);
        if (MESSY_QUERIES.has(statement.query)) this.forget();
        return;
      case "raise":
        this.raise();
    }
  }

  private instantiate(statement: Extract<Statement, { s: "new" }>): void {
    const { py } = this;
    this.store(statement.to, this.check(py.classes.call(this.classes[statement.cls]!, [])));
    const tag = py.int.from(statement.tag);
    const object = this.load(statement.to);
    this.done(py.protocol.setAttribute(object, "t", tag));
    py.refs.decref(object);
    py.refs.decref(tag);
    if (!statement.watched) return;
    const again = this.load(statement.to);
    this.watched.push(this.check(py.weakrefs.ref(again)));
    py.refs.decref(again);
  }

  private closure({ to, cell }: Extract<Statement, { s: "closure" }>): void {
    const { py, scope } = this;
    const box = py.frames.local(scope.frame, scope.index.get(cell)!);
    const closure = this.check(py.tuple.pack([box]));
    const made = this.define(
      to,
      [],
      0,
      (frame) => {
        const free = py.functions.closure(py.frames.functionOf(frame));
        const content = py.cells.get(py.tuple.getItem(free, 0));
        if (content === 0) {
          py.errors.raise("NameError", `${cell} has no value in the enclosing scope`);
          throw new Failed();
        }
        return content;
      },
      [cell],
      closure,
    );
    py.refs.decref(closure);
    this.store(to, made);
  }

  /** Locals of a frame with these statements: the captured ones come last, in order of their names. */
  private localsOf(body: readonly Statement[]): { locals: Variable[]; cells: Set<Variable> } {
    const cells = capturedCells(body);
    const plain = [...LOCALS, ...CELLS].filter((name) => !cells.has(name));
    return { locals: [...plain, ...[...cells].sort()], cells };
  }

  private call(statement: Extract<Statement, { s: "call" }>): void {
    const { py } = this;
    const caller = this.scope;
    const passed: [Variable, Variable][] = statement.args.map((name, i) => [LOCALS[i]!, name]);
    const made = this.frameFunction("F", statement.args.length, statement.body, {
      result: statement.result,
      borrowed: (frame, index) => {
        const borrowed = new Map<Variable, Address>();
        if (!this.borrows) return borrowed;
        for (const [parameter, name] of passed) {
          if (!this.isLocal(name) || caller.cells.has(name)) continue;
          const object = py.frames.local(frame, index.get(parameter)!);
          if (!py.refs.isImmortal(object)) borrowed.set(parameter, object);
        }
        return borrowed;
      },
    });
    const args = statement.args.map((name) => this.borrow(name));
    const result = py.frames.callFunction(made, args);
    py.refs.decref(made);
    this.check(result);
    if (statement.to === null) py.refs.decref(result);
    else this.store(statement.to, result);
  }

  /** What a variable holds, borrowed from it. */
  private borrow(name: Variable): Address {
    const object = this.load(name);
    this.py.refs.decref(object);
    return object;
  }

  private frameFunction(
    name: string,
    argCount: number,
    body: readonly Statement[],
    options: {
      result: Variable | null;
      borrowed: (frame: Address, index: Map<Variable, number>) => Map<Variable, Address>;
    },
  ): Address {
    const { py } = this;
    const { locals, cells } = this.localsOf(body);
    return this.define(name, locals, argCount, (frame) => {
      const index = new Map(locals.map((local, i) => [local, i]));
      locals.forEach((local, i) => {
        if (cells.has(local)) py.frames.store(frame, i, this.check(py.cells.create(this.none)));
        else if (i >= argCount) py.frames.store(frame, i, this.newNone());
      });
      this.scopes.push({ frame, index, cells, borrowed: options.borrowed(frame, index) });
      try {
        if (this.block(body) < 0) return 0;
        return options.result === null ? this.newNone() : this.load(options.result);
      } finally {
        this.scopes.pop();
      }
    });
  }

  private tryStatement(statement: Extract<Statement, { s: "try" }>): void {
    const { py } = this;
    const exception = py.frames.tryCatch(() => this.block(statement.body));
    if (exception === 0) {
      this.forget();
      return;
    }
    this.tell("caught", py.types.name(py.types.typeOf(exception)));
    this.forget();
    this.handled.push(exception);
    let result: number;
    try {
      result = this.block(statement.handler);
    } finally {
      this.handled.pop();
      py.refs.decref(exception);
    }
    this.done(result);
    this.forget();
  }

  private withStatement(statement: Extract<Statement, { s: "with" }>): void {
    const { py } = this;
    const manager = this.check(py.classes.call(this.manager, []));
    const number = py.int.from(statement.number);
    this.done(py.protocol.setAttribute(manager, "number", number));
    this.done(
      py.protocol.setAttribute(manager, "suppresses", py.int.fromBoolean(statement.suppresses)),
    );
    py.refs.decref(number);
    const result = py.frames.with(manager, (entered) => {
      this.forget();
      if (statement.to !== null) this.store(statement.to, py.refs.newRef(entered));
      return this.block(statement.body);
    });
    py.refs.decref(manager);
    this.done(result);
    this.forget();
  }

  private guarded(statement: Extract<Statement, { s: "op" }>): void {
    const { py } = this;
    try {
      this.operate(statement);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      const exception = py.errors.fetch();
      if (exception === 0) throw new Error(`${statement.op} failed without an exception`);
      this.tell("error", py.types.name(py.types.typeOf(exception)));
      py.refs.decref(exception);
    }
    this.forget();
  }

  private bulk({ op, on, from, to }: Extract<Statement, { s: "bulk" }>): void {
    const { py } = this;
    const container = this.load(on);
    for (let i = from; i < to; i++) {
      const number = this.check(py.int.from(i));
      switch (op) {
        case "append":
          this.done(py.list.append(container, number));
          break;
        case "popLast":
          py.refs.decref(this.check(py.list.pop(container)));
          break;
        case "appendByte":
          this.done(py.bytearray.append(container, i & 255));
          break;
        case "add":
          this.done(py.set.add(container, number));
          break;
        case "setInts":
          this.done(py.dict.setItem(container, number, number));
          break;
        case "setNames": {
          const name = (this.names[i] ??= this.check(py.str.from(`n${i}`)));
          this.done(py.dict.setItem(container, name, number));
          break;
        }
        case "delInts": {
          const gone = py.dict.pop(container, number);
          py.refs.xdecref(gone);
          break;
        }
      }
      py.refs.decref(number);
    }
    py.refs.decref(container);
  }

  // Logs

  private log(statement: Extract<Statement, { s: "log" }>): void {
    const { py } = this;
    const { query, v, w } = statement;
    const tag = `${query} ${v}${w === null ? "" : ` ${w}`}`;
    if (query === "refcount") {
      const object = this.borrow(v);
      this.tell(tag, py.refs.isImmortal(object) ? "immortal" : this.refcount(v));
      return;
    }
    const object = this.load(v);
    const other = w === null ? 0 : this.load(w);
    this.tell(tag, this.answer(statement, object, other));
    py.refs.xdecref(other);
    py.refs.decref(object);
  }

  private answer(
    { query }: Extract<Statement, { s: "log" }>,
    object: Address,
    other: Address,
  ): string | number | boolean {
    const { py } = this;
    switch (query) {
      case "size":
        return py.protocol.getsizeof(object);
      case "len":
        return py.protocol.length(object);
      case "show":
        return show(py, object);
      case "order":
        return order(py, object, (one) => this.iterate(one));
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
        return this.contains(object, other);
      case "identity":
        return this.identity(object);
      case "weakrefs":
        return py.weakrefs.count(object);
      case "attributes": {
        const dict = this.check(py.classes.dict(object));
        const names = itemsOf(py, dict).map((key) => py.str.value(key));
        py.refs.decref(dict);
        return names.join();
      }
      case "refcount":
        throw new Error("asked elsewhere");
    }
  }

  private contains(container: Address, item: Address): boolean {
    const { py } = this;
    const type = py.types.typeOf(container);
    if (type === py.dict.type) return py.dict.contains(container, item) === 1;
    if (type === py.list.type) return py.list.contains(container, item) === 1;
    if (type === py.tuple.type)
      return itemsOf(py, container).some((one) => py.protocol.equal(one, item) === 1);
    return py.set.contains(container, item) === 1;
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
      result = this.check(this.perform1(name, attribute, on, args));
    } finally {
      for (let i = held.length - 1; i >= 0; i--) py.refs.decref(held[i]!);
    }
    if (statement.to === null) py.refs.decref(result);
    else this.store(statement.to, result);
  }

  /** One operation: a new reference, NULL with an exception pending. */
  private perform1(
    name: string,
    attribute: string,
    on: Address,
    args: readonly Address[],
  ): Address {
    const { py } = this;
    const { list, tuple, dict, set, str, bytes, bytearray, refs } = py;
    const type = py.types.typeOf(on);
    const [first = 0, second = 0, third = 0] = args;
    const none = (result: number): Address => (result < 0 ? 0 : this.newNone());
    const number = (object: Address): number => Number(py.int.value(object));
    switch (name) {
      case "append":
        return none(list.append(on, first));
      case "insert":
        return none(list.insert(on, number(first), second));
      case "extend":
        return none(list.extend(on, first));
      case "pop":
        return list.pop(on);
      case "popAt":
        return list.pop(on, number(first));
      case "getitem":
        return this.getItem(on, first);
      case "setitem":
        if (type === dict.type) return none(dict.setItem(on, first, second));
        if (type === list.type) return none(list.setItem(on, number(first), second));
        return none(bytearray.setItem(on, this.byteIndex(on, first), number(second)));
      case "delitem":
        if (type === dict.type) return none(dict.deleteItem(on, first));
        if (type === list.type) return none(list.deleteItem(on, number(first)));
        {
          const at = this.byteIndex(on, first);
          return none(bytearray.deleteSlice(on, at, at + 1));
        }
      case "getslice":
        return this.getSlice(on, args);
      case "setslice":
        return none(this.setSlice(on, first, second, third));
      case "delslice":
        return none(this.deleteSlice(on, args));
      case "clear":
        if (type === list.type) list.clear(on);
        else if (type === dict.type) dict.clear(on);
        else if (type === set.type) set.clear(on);
        else this.done(bytearray.resize(on, 0));
        return this.newNone();
      case "reverse":
        if (type === list.type) list.reverse(on);
        else this.overwrite(on, 0, bytearray.value(on).reverse());
        return this.newNone();
      case "concat":
        return this.concat(on, first);
      case "repeat":
        return this.repeat(on, Math.max(0, number(first)));
      case "subtract":
      case "multiply":
      case "shift":
      case "negate":
        return this.arithmetic(name, on, first);
      case "add":
        return none(set.add(on, first));
      case "discard":
        return none(set.discard(on, first));
      case "remove": {
        const removed = set.discard(on, first);
        if (removed === 0) py.errors.raiseObject("KeyError", first);
        return removed === 1 ? this.newNone() : 0;
      }
      case "union":
        return set.union(on, first);
      case "intersection":
        return set.intersection(on, first);
      case "difference":
        return set.difference(on, first);
      case "symmetric":
        return set.symmetricDifference(on, first);
      case "update":
        return none(type === dict.type ? dict.update(on, first) : this.updateSet(on, first));
      case "get": {
        const found = dict.getItem(on, first);
        if (found !== 0) return refs.newRef(found);
        return py.errors.occurred() === 0 ? this.newNone() : 0;
      }
      case "setdefault": {
        const found = dict.setDefault(on, first, second);
        return found === 0 ? 0 : refs.newRef(found);
      }
      case "dictPop": {
        const found = dict.pop(on, first);
        if (found === 0 && py.errors.occurred() === 0) py.errors.raiseObject("KeyError", first);
        return found;
      }
      case "popitem":
        return dict.popItem(on);
      case "merge": {
        const copy = this.check(dict.copy(on));
        this.done(dict.update(copy, first));
        return copy;
      }
      case "method":
        if (type === list.type) return list.copy(on);
        if (type === dict.type) return dict.copy(on);
        if (type === set.type) return set.copy(on);
        if (type === set.frozenType) return refs.newRef(on);
        return bytearray.from(bytearray.value(on));
      case "toList":
        return list.from(on);
      case "toTuple":
        if (type === tuple.type) return refs.newRef(on);
        return this.collected(on, (items) => tuple.pack(items));
      case "toSet":
        return this.toSet(on, false);
      case "toFrozenset":
        return type === set.frozenType ? refs.newRef(on) : this.toSet(on, true);
      case "toDict": {
        const made = this.check(dict.create());
        this.done(dict.update(made, on));
        return made;
      }
      case "toBytes":
        return type === bytes.type ? refs.newRef(on) : bytes.from(bytearray.value(on));
      case "toBytearray":
        return bytearray.from(type === bytes.type ? bytes.value(on) : bytearray.value(on));
      case "copy":
        return py.copying.copy(on);
      case "deepcopy":
        return py.copying.deepcopy(on);
      case "getattr":
        return py.protocol.getAttribute(on, attribute);
      case "setattr":
        return none(py.protocol.setAttribute(on, attribute, first));
      case "delattr":
        return none(py.protocol.deleteAttribute(on, attribute));
      case "bind":
        return py.protocol.getAttribute(on, "m");
      case "instanceDict":
        return py.classes.dict(on);
      case "call":
        return py.protocol.call(on, []);
      default:
        throw new Error(`unknown operation ${name} on ${str.check(on) ? "str" : "?"}`);
    }
  }

  private byteIndex(on: Address, index: Address): number {
    const at = Number(this.py.int.value(index));
    const length = this.py.bytearray.length(on);
    const from = at < 0 ? at + length : at;
    if (from < 0 || from >= length) {
      this.py.errors.raise("IndexError", "bytearray index out of range");
      throw new Failed();
    }
    return from;
  }

  private getItem(on: Address, key: Address): Address {
    const { py } = this;
    const type = py.types.typeOf(on);
    if (type === py.dict.type) {
      const found = py.dict.getItem(on, key);
      if (found !== 0) return py.refs.newRef(found);
      if (py.errors.occurred() === 0) py.errors.raiseObject("KeyError", key);
      return 0;
    }
    const length = py.protocol.length(on);
    const given = Number(py.int.value(key));
    const index = given < 0 ? given + length : given;
    if (index < 0 || index >= length) return py.errors.raise("IndexError", "index out of range");
    if (type === py.list.type) return py.list.getItemRef(on, index);
    if (type === py.tuple.type) return py.refs.newRef(py.tuple.getItem(on, index));
    if (type === py.str.type) return py.str.at(on, index);
    if (type === py.range.type) return py.range.getItem(on, index);
    if (type === py.bytearray.type) return py.int.from(py.bytearray.getItem(on, index));
    return py.int.from(py.bytes.value(on)[index]!);
  }

  /** Start, step and count of what a slice selects; both bounds clipped. */
  private indices(length: number, args: readonly Address[]): [number, number, number] {
    const { py } = this;
    const [first, last, stride] = args.map((arg) =>
      arg === this.none ? undefined : Number(py.int.value(arg)),
    );
    const step = stride ?? 1;
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? length - 1 : length;
    const clip = (at: number | undefined, unset: number): number =>
      at === undefined ? unset : Math.min(Math.max(at < 0 ? at + length : at, low), high);
    const start = clip(first, step < 0 ? high : low);
    const stop = clip(last, step < 0 ? low : high);
    return [start, step, Math.max(0, Math.ceil((stop - start) / step))];
  }

  private getSlice(on: Address, args: readonly Address[]): Address {
    const { py } = this;
    const type = py.types.typeOf(on);
    const [start, step, count] = this.indices(py.protocol.length(on), args);
    if (type === py.list.type) return py.list.slice(on, start, step, count);
    if (type === py.tuple.type) return py.tuple.slice(on, start, step, count);
    if (type === py.str.type) return py.str.slice(on, start, step, count);
    if (type === py.bytes.type) return py.bytes.slice(on, start, step, count);
    const bytes = py.bytearray.value(on);
    return py.bytearray.from(
      Uint8Array.from({ length: count }, (_, i) => bytes[start + i * step]!),
    );
  }

  private setSlice(on: Address, first: Address, second: Address, value: Address): number {
    const { py } = this;
    const [start, , count] = this.indices(py.protocol.length(on), [first, second, this.none]);
    if (py.types.typeOf(on) === py.list.type)
      return py.list.assignSlice(on, start, start + count, value);
    const bytes =
      py.types.typeOf(value) === py.bytes.type ? py.bytes.value(value) : py.bytearray.value(value);
    const before = py.bytearray.value(on);
    const growth = bytes.length - count;
    if (growth < 0) this.done(py.bytearray.deleteSlice(on, start, start - growth));
    else if (growth > 0) this.done(py.bytearray.resize(on, before.length + growth));
    this.overwrite(on, start, bytes);
    if (growth > 0) this.overwrite(on, start + bytes.length, before.subarray(start + count));
    return 0;
  }

  private overwrite(on: Address, at: number, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => {
      this.done(this.py.bytearray.setItem(on, at + i, byte));
    });
  }

  private deleteSlice(on: Address, args: readonly Address[]): number {
    const { py } = this;
    const [start, step, count] = this.indices(py.protocol.length(on), args);
    if (py.types.typeOf(on) === py.bytearray.type) {
      return count === 0 ? 0 : py.bytearray.deleteSlice(on, start, start + count);
    }
    if (step === 1) return py.list.assignSlice(on, start, start + count, 0);
    return py.list.assignExtendedSlice(on, start, step, count, 0);
  }

  private concat(on: Address, more: Address): Address {
    const { py } = this;
    const type = py.types.typeOf(on);
    if (type === py.list.type) return py.list.concat(on, more);
    if (type === py.tuple.type) return py.tuple.concat(on, more);
    if (type === py.str.type) return py.str.concat(on, more);
    if (type === py.int.type || type === py.float.type) return this.arithmetic("concat", on, more);
    const bytes = (object: Address): Uint8Array =>
      py.types.typeOf(object) === py.bytes.type
        ? py.bytes.value(object)
        : py.bytearray.value(object);
    if (type === py.bytes.type && py.types.typeOf(more) === py.bytes.type)
      return py.bytes.concat(on, more);
    const joined = Uint8Array.from([...bytes(on), ...bytes(more)]);
    return type === py.bytes.type ? py.bytes.from(joined) : py.bytearray.from(joined);
  }

  private repeat(on: Address, times: number): Address {
    const { py } = this;
    const type = py.types.typeOf(on);
    if (type === py.list.type) return py.list.repeat(on, times);
    if (type === py.tuple.type) return py.tuple.repeat(on, times);
    if (type === py.str.type) return py.str.repeat(on, times);
    if (type === py.bytes.type) return py.bytes.repeat(on, times);
    const bytes = py.bytearray.value(on);
    return py.bytearray.from(
      Uint8Array.from({ length: bytes.length * times }, (_, i) => bytes[i % bytes.length]!),
    );
  }

  private arithmetic(name: string, on: Address, other: Address): Address {
    const { py } = this;
    if (py.types.typeOf(on) === py.float.type) {
      const x = py.float.value(on);
      const y = other === 0 ? 0 : py.float.value(other);
      const results = { concat: x + y, subtract: x - y, multiply: x * y, negate: -x };
      return py.float.from(results[name as keyof typeof results]);
    }
    switch (name) {
      case "concat":
        return py.int.add(on, other);
      case "subtract":
        return py.int.subtract(on, other);
      case "multiply":
        return py.int.multiply(on, other);
      case "negate":
        return py.int.negate(on);
      default:
        return py.int.from(BigInt(py.int.value(on)) << BigInt(py.int.value(other)));
    }
  }

  private inplace(statement: Extract<Statement, { s: "op" }>, repeats: boolean): void {
    const { py } = this;
    const on = this.load(statement.on);
    const type = py.types.typeOf(on);
    const arg = this.evaluate(statement.args[0]!);
    let result: Address;
    if (type === py.list.type) {
      if (repeats) this.done(py.list.repeatInPlace(on, Number(py.int.value(arg))));
      else this.done(py.list.extend(on, arg));
      result = py.refs.newRef(on);
    } else if (type === py.bytearray.type) {
      const length = py.bytearray.length(on);
      const bytes = py.bytearray.value(on);
      if (!repeats) {
        const more =
          py.types.typeOf(arg) === py.bytes.type ? py.bytes.value(arg) : py.bytearray.value(arg);
        this.done(py.bytearray.extend(on, more));
      } else {
        const times = Math.max(0, Number(py.int.value(arg)));
        if (times !== 1) this.done(py.bytearray.resize(on, length * times));
        for (let i = 1; i < times; i++) this.overwrite(on, i * length, bytes);
      }
      result = py.refs.newRef(on);
    } else {
      result = this.check(
        repeats ? this.repeat(on, Math.max(0, Number(py.int.value(arg)))) : this.concat(on, arg),
      );
    }
    py.refs.decref(arg);
    py.refs.decref(on);
    this.store(statement.on, result);
  }

  private updateSet(set: Address, items: Address): number {
    const { py } = this;
    const type = py.types.typeOf(items);
    if (type === py.set.type || type === py.set.frozenType) return py.set.update(set, items);
    for (const item of this.iterate(items)) {
      this.done(py.set.add(set, item));
      py.refs.decref(item);
    }
    return 0;
  }

  private toSet(items: Address, frozen: boolean): Address {
    const { py } = this;
    const type = py.types.typeOf(items);
    const direct = [py.list.type, py.tuple.type, py.dict.type, py.set.type, py.set.frozenType];
    if (direct.includes(type)) return py.set.from(items, frozen);
    return this.collected(items, (all) => py.set.pack(all, frozen));
  }

  private collected(object: Address, make: (items: readonly Address[]) => Address): Address {
    const items = this.iterate(object);
    const made = make(items);
    for (const item of items) this.py.refs.decref(item);
    return made;
  }

  // The whole

  perform(program: Program): readonly string[] {
    const { py } = this;
    program.classes.forEach((definition, index) => {
      this.defineClass(definition, index);
    });
    for (const list of py.alloc.freeLists) list.clear();
    const main = this.frameFunction("main", 0, program.body, {
      result: null,
      borrowed: () => new Map(),
    });
    const result = py.frames.callFunction(main, []);
    if (result === 0) {
      const exception = py.errors.fetch();
      const type = py.types.name(py.types.typeOf(exception));
      this.tell("failed", `${type}: ${py.exceptions.message(exception)}`);
      py.refs.decref(exception);
    } else py.refs.decref(result);
    py.refs.decref(main);
    this.forget();
    for (const name of GLOBALS) {
      this.tell("drop", name);
      const key = py.str.interned(name);
      if (py.dict.getItem(this.globals, key) !== 0) py.dict.deleteItem(this.globals, key);
      py.refs.decref(key);
    }
    this.tell("rescued", py.list.length(this.rescued));
    while (py.list.length(this.rescued) > 0) py.refs.decref(py.list.pop(this.rescued));
    this.tell(
      "watched",
      this.watched.map((weak) => (py.weakrefs.isDead(weak) ? "0" : "1")).join(""),
    );
    this.telling = false;
    return this.lines;
  }
}
