/**
 * A model of what a program's variables hold: kinds, contents and aliases, without counts or addresses. The generator
 * asks it which statements make sense next, and shrinking asks it which are left without sense once others are gone.
 * It foretells errors by name, but no log: that is CPython's part.
 */
import { callsNothing, collectsAnywhere, isMessy } from "./exact.ts";
import { operate } from "./model-operations.ts";
import {
  CELLS,
  type ClassDefinition,
  type Expression,
  LOCALS,
  type Program,
  type Query,
  type Statement,
  type Variable,
} from "./program.ts";
import {
  ANY,
  type Cell,
  checkedSet,
  comparable,
  hashable,
  hashesByAddress,
  hasLength,
  int,
  keyOf,
  MAX_LENGTH,
  type Mapping,
  maybeSingleton,
  NONE,
  need,
  nextUid,
  Raised,
  setOf,
  type Value,
} from "./values.ts";

/** A frame: its variables, cells boxed. */
export type Frame = Map<Variable, Cell>;

/** What the model has to know of a program. */
export type ModelOptions = Pick<Program, "classes" | "singletonCounts" | "python" | "collecting">;

/** The state of a program while its statements are gone through. */
export class Model {
  readonly classes: readonly ClassDefinition[];
  readonly singletonCounts: boolean;
  readonly classAttributes: Map<string, Value>[];
  readonly globals: Frame = new Map();
  frames: Frame[] = [];
  /**
   * How many `try` and `with` statements of the running frame are under way, their handlers included. Within two of them
   * nothing is raised but by a call: the compiler of 3.14 sometimes leaves an empty block behind the outer one then, where
   * it stops looking for loads that need no reference.
   */
  blocks = 0;
  /** How many `with` statements are under way, those of all frames counted. */
  managers = 0;
  /** How many `try` or suppressing `with` statements would catch an exception now. */
  catchers = 0;

  /** What is known of how the program meets the collector. */
  readonly program: ModelOptions;
  /** Whether what was frozen before the program began is frozen no more. */
  thawed = false;
  /** Whether automatic collection is on. */
  collects = false;
  /** Whether the counters are still known in a program with automatic collection; never again once they are not. */
  counts = true;

  constructor(program: ModelOptions) {
    const { classes, singletonCounts } = program;
    this.program = program;
    this.classes = classes;
    this.singletonCounts = singletonCounts;
    this.classAttributes = classes.map(
      ({ attributes }) =>
        new Map(attributes.map(([name, expression]) => [name, this.evaluate(expression)])),
    );
    this.push([]);
  }

  push(args: readonly Value[]): void {
    const frame: Frame = new Map();
    LOCALS.forEach((name, index) => {
      frame.set(name, { value: args[index] ?? NONE });
    });
    for (const name of CELLS) frame.set(name, { value: NONE });
    this.frames.push(frame);
  }

  pop(): void {
    this.frames.pop();
  }

  cell(name: Variable): Cell {
    const frame = this.frames.at(-1)!;
    const local = frame.get(name);
    if (local) return local;
    let global = this.globals.get(name);
    if (!global) this.globals.set(name, (global = { value: undefined }));
    return global;
  }

  /** What a variable holds; undefined if it is unbound. */
  look(name: Variable): Value | undefined {
    return this.cell(name).value;
  }

  /** @throws Invalid if unbound */
  read(name: Variable): Value {
    const value = this.look(name);
    need(value !== undefined, "unbound");
    return value;
  }

  bind(name: Variable, value: Value): void {
    this.cell(name).value = value;
  }

  evaluate(x: Expression): Value {
    switch (x.e) {
      case "none":
        return NONE;
      case "bool":
        return { k: "bool", v: x.v };
      case "int":
        return int(BigInt(x.v));
      case "float":
        return { k: "float", v: x.v === "-0" ? -0 : Number(x.v) };
      case "complex":
        return { k: "complex", re: x.re, im: x.im };
      case "str":
      case "bytes":
      case "bytearray":
        return { k: x.e, v: x.v };
      case "var":
        return this.read(x.v);
      case "class":
        need(x.v < this.classes.length);
        return { k: "class", cls: x.v };
      case "list":
      case "tuple":
        return { k: x.e, items: x.items.map((item) => this.evaluate(item)) };
      case "slice":
        return { k: "slice", items: x.items.map((item) => this.evaluate(item)) };
      case "set":
      case "frozenset":
        return { k: x.e, map: setOf(x.items.map((item) => this.evaluate(item))) };
      case "range": {
        const [start, stop, step] = x.items;
        const length = Math.max(0, Math.ceil((stop - start) / step));
        return { k: "range", start, step, length };
      }
      case "dict": {
        const map = new Map<string, [Value, Value]>();
        for (const [left, right] of x.items) {
          const key = this.evaluate(left);
          const value = this.evaluate(right);
          const text = hashable(key);
          map.set(text, [map.get(text)?.[0] ?? key, value]);
        }
        return { k: "dict", map, instance: false };
      }
    }
  }

  /** Whether an instance of the class can have the attribute. */
  takes(cls: number, name: string): boolean {
    const { slots, base } = this.classes[cls]!;
    if (slots === null || slots.includes(name)) return true;
    return base >= 0 && this.takes(base, name);
  }

  /** Whether instances of the class have a `__dict__`. */
  hasDict(cls: number): boolean {
    const { slots, base } = this.classes[cls]!;
    return slots === null || (base >= 0 && this.hasDict(base));
  }

  /** Whether instances of the class can be referred to weakly. */
  weakly(cls: number): boolean {
    const { slots, base } = this.classes[cls]!;
    return slots === null || slots.includes("__weakref__") || (base >= 0 && this.weakly(base));
  }

  /** Whether the name is one of the class's slots, or of its bases'. */
  isSlot(cls: number, name: string): boolean {
    const { slots, base } = this.classes[cls]!;
    return (slots?.includes(name) ?? false) || (base >= 0 && this.isSlot(base, name));
  }

  classAttribute(cls: number, name: string): Value | undefined {
    for (let at = cls; at >= 0; at = this.classes[at]!.base) {
      const found = this.classAttributes[at]!.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /**
   * Performs one statement that holds no others.
   * @throws Invalid, before anything has changed; Raised, where Python would
   */
  step(statement: Statement): void {
    const { python } = this.program;
    if (this.collects && !collectsAnywhere(python)) need(callsNothing(statement), "calls");
    if (isMessy(statement, this.program)) this.mess();
    this.one(statement);
  }

  /** @throws Invalid if a function cannot be called here */
  needCalls(): void {
    need(!this.collects || collectsAnywhere(this.program.python), "calls");
  }

  /**
   * Something is about to make collectable objects that only one side knows of.
   * @throws Invalid if a collection could be set off by them
   */
  mess(): void {
    if (this.program.collecting !== "automatic") return;
    need(!this.collects, "makes objects that only one side knows of");
    this.counts = false;
  }

  private one(statement: Statement): void {
    switch (statement.s) {
      case "set":
        this.bind(statement.to, this.evaluate(statement.value));
        return;
      case "new": {
        need(statement.cls < this.classes.length);
        need(!statement.watched || this.weakly(statement.cls), "no weak references");
        this.bind(statement.to, this.instance(statement.cls, statement.tag));
        return;
      }
      case "del": {
        const cell = this.cell(statement.v);
        need(cell.value !== undefined, "unbound");
        cell.value = undefined;
        return;
      }
      case "op": {
        const result = operate(this, statement);
        if (statement.to !== null) this.bind(statement.to, result);
        return;
      }
      case "weakref": {
        const target = this.read(statement.on);
        if (target.k === "instance") need(this.weakly(target.cls), "no weak references");
        else
          need(target.k === "set" || target.k === "frozenset" || target.k === "function", "target");
        need(!statement.raises || this.program.collecting !== "automatic", "unraisable");
        this.bind(statement.to, { k: statement.kind, target });
        return;
      }
      case "closure": {
        const cell = this.cell(statement.cell);
        this.bind(statement.to, { k: "function", cell });
        return;
      }
      case "swap": {
        const left = this.read(statement.a);
        const right = this.read(statement.b);
        need(statement.a !== statement.b);
        this.bind(statement.a, right);
        this.bind(statement.b, left);
        return;
      }
      case "bulk":
        this.bulk(statement);
        return;
      case "nest": {
        let value = this.read(statement.on);
        const { kind, cls, tag, depth } = statement;
        need(kind !== "instance" || (cls < this.classes.length && this.takes(cls, "u")));
        // Tracebacks of finalizers that raise count as nested deallocations, too (up to 3.12).
        const raises = this.classes.some(({ finalizer }) => finalizer === "raise");
        need(!raises || depth <= 12, "too deep for finalizers that raise");
        for (let i = tag; i < tag + depth; i++) {
          if (kind === "instance") value = this.instance(cls, i, value);
          else if (kind === "dict")
            value = {
              k: "dict",
              map: new Map([[keyOf(int(i))!, [int(i), value]]]),
              instance: false,
            };
          else value = { k: kind, items: [value] };
        }
        this.bind(statement.on, value);
        return;
      }
      case "rescue":
        this.bind(statement.to, ANY);
        return;
      case "log":
        this.query(
          statement.query,
          this.read(statement.v),
          statement.w === null ? undefined : this.read(statement.w),
        );
        return;
      case "raise":
        need(this.catchers > 0, "nobody catches");
        need(this.blocks <= 1, "raised within two blocks");
        throw new Raised("Boom");
      case "collect":
        need(this.program.collecting !== "off");
        need(statement.generation !== 1 || this.marksInOrder(), "marks a manager");
        return;
      case "switch":
        this.switch(statement);
        return;
      case "census":
        need(this.program.collecting !== "off");
        need(statement.query !== "frozen" || !this.thawed, "all that was frozen before is not");
        return;
      case "call":
      case "try":
      case "with":
        throw new Error(`${statement.s} holds statements: it is not a single step`);
    }
  }

  /**
   * Whether both sides come upon what frames hold in the same order: managers of `with` lie among the values of their
   * frame in CPython.
   */
  private marksInOrder(): boolean {
    return this.managers === 0 || collectsAnywhere(this.program.python);
  }

  private switch({ what, values }: Extract<Statement, { s: "switch" }>): void {
    need(this.program.collecting !== "off");
    switch (what) {
      case "enable":
        need(this.program.collecting === "automatic" && this.counts, "counters are not known");
        need(this.marksInOrder(), "marks a manager");
        this.collects = true;
        return;
      case "disable":
        this.collects = false;
        return;
      case "thresholds":
        need(values.length === 3);
        return;
      case "unfreeze":
        need(unfreezes(this.program), "brings all of the interpreter's objects back");
        this.thawed = true;
    }
  }

  private instance(cls: number, tag: number, u?: Value): Value {
    const attributes: Mapping = { k: "dict", map: new Map(), instance: true };
    if (!this.isSlot(cls, "t")) attributes.map.set('s"t"', [{ k: "str", v: "t" }, int(tag)]);
    if (u !== undefined) attributes.map.set('s"u"', [{ k: "str", v: "u" }, u]);
    return { k: "instance", cls, uid: nextUid(), attributes };
  }

  /** @throws Invalid if the query makes no sense, or its answer depends on addresses */
  query(query: Query, value: Value, other: Value | undefined): void {
    switch (query) {
      case "len":
        need(hasLength(value));
        return;
      case "order":
        need(hasLength(value));
        if (value.k === "set" || value.k === "frozenset")
          need(![...value.map.values()].some(hashesByAddress), "order by address");
        return;
      case "hash":
        need(comparable(value) && keyOf(value) !== null && !hashesByAddress(value), "hash");
        return;
      case "truth":
        need(value.k !== "any" && value.k !== "proxy");
        return;
      case "size":
        need(value.k !== "class" && value.k !== "proxy" && value.k !== "any");
        return;
      case "refcount":
        need(value.k !== "any" && value.k !== "class");
        need(this.singletonCounts || !maybeSingleton(value), "no fixed count");
        return;
      case "is":
        need(other !== undefined);
        return;
      case "equal":
        need(other !== undefined && comparable(value) && comparable(other));
        return;
      case "contains":
        need(other !== undefined && comparable(value) && comparable(other));
        if (value.k === "dict" || value.k === "set" || value.k === "frozenset")
          need(keyOf(other) !== null);
        else need(value.k === "list" || value.k === "tuple");
        return;
      case "identity":
        // A full collection empties the free lists.
        need(this.program.collecting !== "automatic", "addresses");
        need(
          ["float", "list", "dict", "tuple"].includes(value.k) &&
            !(value.k === "dict" && value.instance) &&
            !(value.k === "tuple" && (value.items.length === 0 || value.items.length > 19)),
        );
        return;
      case "weakrefs":
        need(
          value.k === "set" ||
            value.k === "frozenset" ||
            value.k === "function" ||
            (value.k === "instance" && this.weakly(value.cls)),
        );
        return;
      case "attributes":
        need(value.k === "instance" && this.hasDict(value.cls));
        for (const [key] of value.attributes.map.values())
          need(key.k === "str" || key.k === "int", "shown by address");
        return;
      case "show":
      case "type":
        need(value.k !== "proxy");
        return;
      case "tracked":
      case "finalized":
        need(this.program.collecting !== "off");
        return;
      case "referrers":
        need(this.program.collecting !== "off" && value.k !== "any" && !maybeSingleton(value));
        return;
      case "referents":
        need(
          this.program.collecting !== "off" &&
            !["any", "proxy", "class", "function", "ref"].includes(value.k),
        );
        return;
    }
  }

  private bulk({ op, on, from, to }: Extract<Statement, { s: "bulk" }>): void {
    const value = this.read(on);
    need(to > from && to - from <= 400);
    if (op === "append" || op === "popLast") {
      need(value.k === "list");
      if (op === "append") {
        need(value.items.length + to - from <= MAX_LENGTH);
        for (let i = from; i < to; i++) value.items.push(int(i));
      } else {
        need(value.items.length >= to - from);
        value.items.splice(value.items.length - (to - from));
      }
    } else if (op === "appendByte") {
      need(value.k === "bytearray" && value.v.length + to - from <= MAX_LENGTH);
      for (let i = from; i < to; i++) value.v += String.fromCharCode(i & 255);
    } else if (op === "add") {
      need(value.k === "set");
      const map = new Map(value.map);
      for (let i = from; i < to; i++) {
        const key = keyOf(int(i))!;
        if (!map.has(key)) map.set(key, int(i));
      }
      value.map = checkedSet(map);
    } else if (op === "setAttributes") {
      need(value.k === "instance" && this.hasDict(value.cls));
      need(value.attributes.map.size + to - from <= MAX_LENGTH);
      for (let i = from; i < to; i++)
        value.attributes.map.set(keyOf({ k: "str", v: `n${i}` })!, [
          { k: "str", v: `n${i}` },
          int(i),
        ]);
    } else {
      need(value.k === "dict" && value.map.size + to - from <= MAX_LENGTH);
      for (let i = from; i < to; i++) {
        const key: Value = op === "setNames" ? { k: "str", v: `n${i}` } : int(i);
        const text = keyOf(key)!;
        if (op === "delInts") value.map.delete(text);
        else value.map.set(text, [value.map.get(text)?.[0] ?? key, int(i)]);
      }
    }
  }
}

/** Whether programs may put what was frozen back: automatic collections would depend on all that is frozen. */
export function unfreezes({ python, collecting }: ModelOptions): boolean {
  return collecting === "called" && python !== "3.14";
}
