/** Random programs: the same seed, the same program. Statements are chosen by weight among those that make sense. */
import { collectsAnywhere } from "./exact.ts";
import { Model } from "./model.ts";
import {
  ATTRIBUTES,
  CELLS,
  type Census,
  type ClassDefinition,
  type Collecting,
  type Expression,
  type Finalizer,
  GLOBALS,
  LOCALS,
  type Program,
  type Query,
  type Statement,
  type Switch,
  type Variable,
} from "./program.ts";
import { Random } from "./random.ts";
import { ANY, Invalid, type Kind, keyOf, lengthOf, Raised, type Value } from "./values.ts";

/** What a generated program may contain. */
export interface GeneratorOptions {
  /** The version: `3.13`. */
  readonly python: string;
  /** Ask for the counts of objects that CPython makes once and for all; only immortal ones have a fixed count (3.12 on). */
  readonly singletonCounts: boolean;
}

const NAMES: readonly Variable[] = [...LOCALS, ...CELLS, ...GLOBALS];
const INTS = ["0", "1", "2", "3", "-1", "-5", "-6", "7", "255", "256", "257", "1024", "1025"];
const BIG_INTS = [
  "1073741823",
  "1073741824",
  "-1073741824",
  "4294967296",
  "-9223372036854775808",
  "1152921504606846976",
  "123456789012345678901234567890",
  "-1267650600228229401496703205376",
];
const FLOATS = ["0.5", "1.5", "-2.25", "3", "-0", "1e+300", "0.1", "Infinity", "1e-7"];
const STRINGS = [
  "",
  "u",
  "v",
  "key",
  "hello world",
  "é",
  "éé",
  "naïve",
  "€",
  "€uro",
  "😀",
  "a😀b",
  "x".repeat(31),
  "ab".repeat(40),
];
const BYTES = ["", "a", "abc", "\x00\xff", "y".repeat(20), "\x80"];

/** The kinds of statement and how often each is tried. */
const WEIGHTS: readonly (readonly [string, number])[] = [
  ["container", 14],
  ["alias", 7],
  ["atom", 5],
  ["new", 8],
  ["del", 5],
  ["list", 13],
  ["dict", 11],
  ["hashSet", 8],
  ["sequence", 9],
  ["number", 3],
  ["attribute", 11],
  ["weakref", 6],
  ["closure", 3],
  ["callable", 4],
  ["call", 4],
  ["try", 3],
  ["with", 2],
  ["raise", 2],
  ["swap", 1],
  ["nest", 2],
  ["bulk", 2],
  ["rescue", 1],
  ["copy", 4],
  ["convert", 4],
  ["reuse", 3],
  ["log", 34],
];
/** And those of programs that meet the collector. */
const COLLECTING_WEIGHTS: readonly (readonly [string, number])[] = [
  ...WEIGHTS,
  ["cycle", 16],
  ["collect", 16],
  ["switch", 6],
  ["census", 18],
  ["collectorLog", 14],
];
/** And those of programs in which collections run at certain places only. */
const BURST_WEIGHTS: readonly (readonly [string, number])[] = [
  ...COLLECTING_WEIGHTS,
  ["burst", 30],
];
const totalWeight = (weights: readonly (readonly [string, number])[]): number =>
  weights.reduce((sum, [, weight]) => sum + weight, 0);

const QUERIES: readonly Query[] = [
  "refcount",
  "refcount",
  "refcount",
  "refcount",
  "size",
  "size",
  "size",
  "len",
  "show",
  "show",
  "order",
  "hash",
  "type",
  "truth",
  "is",
  "is",
  "equal",
  "contains",
  "identity",
  "identity",
  "weakrefs",
  "attributes",
];

const COLLECTOR_QUERIES: readonly Query[] = [
  "tracked",
  "tracked",
  "finalized",
  "referrers",
  "referents",
];
const CENSUS: readonly Census[] = [
  "counts",
  "counts",
  "counts",
  "counts",
  "objects",
  "objects",
  "objects",
  "enabled",
  "thresholds",
  "frozen",
  "stats",
  "garbage",
];
const SWITCHES: readonly Switch[] = [
  "enable",
  "disable",
  "thresholds",
  "thresholds",
  "freeze",
  "unfreeze",
  "listen",
  "listen",
  "unlisten",
  "saveAll",
  "noDebug",
  "clearGarbage",
];
const THRESHOLDS: readonly (readonly [number, number, number])[] = [
  [5, 2, 2],
  [5, 2, 2],
  [1, 1, 1],
  [2, 0, 1],
  [3, 1, 0],
  [8, 3, 2],
  [10, 10, 10],
  [20, 1, 1],
  [40, 2, 3],
  [0, 1, 1],
  [700, 10, 10],
];
const COLLECTING: readonly Collecting[] = ["off", "off", "called", "automatic"];

const int = (v: number): Expression => ({ e: "int", v: String(v) });

class Generator {
  readonly random: Random;
  readonly model: Model;
  /** Statements still to be made. */
  budget: number;
  tags = 0;
  callbacks = 0;
  managers = 0;
  depth = 0;

  readonly collecting: Collecting;
  readonly python: string;
  readonly weights: readonly (readonly [string, number])[];
  readonly totalWeight: number;

  constructor(
    random: Random,
    classes: readonly ClassDefinition[],
    options: GeneratorOptions,
    collecting: Collecting,
  ) {
    this.random = random;
    this.collecting = collecting;
    this.model = new Model({ classes, ...options, collecting });
    this.python = options.python;
    this.weights =
      collecting === "off"
        ? WEIGHTS
        : collecting === "called" || collectsAnywhere(options.python)
          ? COLLECTING_WEIGHTS
          : BURST_WEIGHTS;
    this.totalWeight = totalWeight(this.weights);
    this.budget = random.oneIn(4) ? random.between(30, 70) : random.between(6, 30);
  }

  /** The statements of `main`. */
  whole(): Statement[] {
    if (this.collecting !== "automatic") return this.block(200).statements;
    const r = this.random;
    const statements: Statement[] = [];
    const add = (statement: Statement): void => {
      statements.push(...this.do(statement).statements);
    };
    add({ s: "switch", what: "thresholds", values: [...r.pick(THRESHOLDS)] });
    if (r.below(4) > 0) add({ s: "switch", what: "listen", values: [] });
    if (collectsAnywhere(this.python)) add({ s: "switch", what: "enable", values: [] });
    statements.push(...this.block(200).statements);
    add({ s: "switch", what: "disable", values: [] });
    add({ s: "census", query: "counts", generation: 0 });
    for (const generation of [0, 1, 2] as const) add({ s: "census", query: "objects", generation });
    add({ s: "census", query: "stats", generation: 0 });
    return statements;
  }

  /** Statements up to a number, or until one raises. */
  block(length: number): { statements: Statement[]; raises: boolean } {
    const statements: Statement[] = [];
    while (statements.length < length && this.budget > 0) {
      const made = this.one();
      statements.push(...made.statements);
      if (made.raises) return { statements, raises: true };
    }
    return { statements, raises: false };
  }

  private one(): { statements: Statement[]; raises: boolean } {
    this.budget--;
    for (let attempt = 0; attempt < 30; attempt++) {
      try {
        const made = this.attempt(this.kind());
        if (made) return made;
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
      }
    }
    return { statements: [], raises: false };
  }

  private kind(): string {
    let at = this.random.below(this.totalWeight);
    for (const [kind, weight] of this.weights) {
      at -= weight;
      if (at < 0) return kind;
    }
    return "log";
  }

  /** Performs a single statement in the model and gives it back, guarded if it fails. */
  private do(statement: Statement): { statements: Statement[]; raises: boolean } {
    try {
      this.model.step(statement);
      return { statements: [statement], raises: false };
    } catch (error) {
      if (!(error instanceof Raised)) throw error;
      if (statement.s === "raise") return { statements: [statement], raises: true };
      if (statement.s !== "op") throw new Invalid("fails");
      // Errors on purpose, but not too many: they clear what is known of identities.
      if (!this.random.oneIn(3)) throw new Invalid("fails");
      this.model.mess();
      return { statements: [{ ...statement, guarded: true }], raises: false };
    }
  }

  private op(
    op: string,
    on: Variable,
    args: readonly Expression[] = [],
    to: Variable | null = null,
    guarded = false,
  ): { statements: Statement[]; raises: boolean } {
    return this.do({ s: "op", op, on, args, to, guarded });
  }

  /** A bound variable that holds one of the kinds; any kind if none is named. */
  private variable(...kinds: Kind[]): Variable {
    const found = NAMES.filter((name) => {
      const value = this.model.look(name);
      if (value === undefined) return false;
      return kinds.length === 0 ? value.k !== "none" : kinds.includes(value.k);
    });
    if (found.length === 0) throw new Invalid("no such variable");
    return this.random.pick(found);
  }

  /** Any variable, as a target. */
  private target(): Variable {
    return this.random.pick(NAMES);
  }

  private perhapsTarget(): Variable | null {
    return this.random.oneIn(4) ? null : this.target();
  }

  private atom(): Expression {
    const r = this.random;
    switch (r.below(12)) {
      case 0:
        return { e: "none" };
      case 1:
        return { e: "bool", v: r.oneIn(2) };
      case 2:
      case 3:
        return { e: "int", v: r.pick(INTS) };
      case 4:
        return { e: "int", v: r.pick(BIG_INTS) };
      case 5:
      case 6:
        return { e: "float", v: r.pick(FLOATS) };
      case 7:
        return { e: "complex", re: r.between(-2, 2), im: r.between(0, 3) };
      case 8:
      case 9:
        return { e: "str", v: r.pick(STRINGS) };
      case 10:
        return { e: "bytes", v: r.pick(BYTES) };
      default:
        return int(r.between(-10, 300));
    }
  }

  private operand(): Expression {
    if (this.random.below(5) < 3) return { e: "var", v: this.variable() };
    return this.atom();
  }

  /** Something that may serve as a key, most of the time. */
  private key(): Expression {
    if (this.random.oneIn(3)) {
      const v = this.variable();
      if (keyOf(this.model.read(v)) !== null || this.random.oneIn(8)) return { e: "var", v };
    }
    if (this.random.oneIn(3)) return { e: "str", v: this.random.pick(STRINGS) };
    return this.atom();
  }

  /** A key that the container has, most of the time. */
  private keyIn(container: Value): Expression {
    if ((container.k === "dict" || container.k === "set") && container.map.size > 0) {
      if (this.random.below(4) > 0) {
        const entry = this.random.pick([...container.map.values()]);
        const key: Value = container.k === "dict" ? (entry as [Value, Value])[0] : (entry as Value);
        const spelled = spell(key);
        if (spelled) return spelled;
        const holder = NAMES.find((name) => this.model.look(name) === key);
        if (holder !== undefined) return { e: "var", v: holder };
      }
    }
    return this.key();
  }

  private index(length: number): Expression {
    if (this.random.oneIn(12)) return int(length + this.random.below(3));
    return int(this.random.between(-length, Math.max(0, length - 1)));
  }

  private bound(length: number): Expression {
    if (this.random.oneIn(3)) return { e: "none" };
    return int(this.random.between(-length - 1, length + 1));
  }

  private expression(depth: number): Expression {
    const r = this.random;
    const inner = () => (depth > 0 && r.oneIn(4) ? this.expression(depth - 1) : this.operand());
    const items = (most: number) => Array.from({ length: r.below(most + 1) }, inner);
    const member = (): Expression => (r.oneIn(3) ? int(r.between(-3, 9)) : this.key());
    switch (r.below(12)) {
      case 0:
      case 1:
      case 2:
        return { e: "list", items: items(5) };
      case 3:
      case 4:
        return { e: "tuple", items: items(4) };
      case 5:
      case 6:
      case 7:
        return {
          e: "dict",
          items: Array.from({ length: r.below(5) }, () => [this.key(), inner()] as const),
        };
      case 8:
        return { e: "set", items: Array.from({ length: r.between(1, 6) }, member) };
      case 9:
        return { e: "frozenset", items: Array.from({ length: r.below(4) }, member) };
      case 10:
        return r.oneIn(2)
          ? { e: "slice", items: [inner(), inner(), inner()] }
          : { e: "range", items: [r.between(-3, 3), r.between(-5, 12), r.pick([1, 1, 2, -1])] };
      default:
        return { e: "bytearray", v: r.pick(BYTES) };
    }
  }

  private attempt(kind: string): { statements: Statement[]; raises: boolean } | undefined {
    const r = this.random;
    switch (kind) {
      case "container":
        return this.do({ s: "set", to: this.target(), value: this.expression(2) });
      case "alias":
        return this.do({ s: "set", to: this.target(), value: { e: "var", v: this.variable() } });
      case "atom":
        if (r.oneIn(12)) {
          const cls = r.below(this.model.classes.length);
          return this.do({ s: "set", to: this.target(), value: { e: "class", v: cls } });
        }
        return this.do({ s: "set", to: this.target(), value: this.atom() });
      case "new": {
        const cls = r.below(this.model.classes.length);
        const watched = this.model.weakly(cls) && r.oneIn(4);
        return this.do({ s: "new", to: this.target(), cls, tag: this.tags++, watched });
      }
      case "del":
        return this.do({ s: "del", v: r.oneIn(3) ? this.target() : this.variable() });
      case "list":
        return this.onList(this.variable("list"));
      case "dict":
        return this.onDict(this.variable("dict"));
      case "hashSet":
        return this.onSet(this.variable("set", "frozenset"));
      case "sequence":
        return this.onSequence();
      case "number":
        return this.onNumber(this.variable("int", "float"));
      case "attribute":
        return this.onAttribute();
      case "weakref": {
        const on = this.variable("instance", "set", "frozenset", "function");
        const proxy = r.oneIn(5);
        return this.do({
          s: "weakref",
          to: this.target(),
          on,
          kind: proxy ? "proxy" : "ref",
          callback: r.oneIn(3) ? null : this.callbacks++,
          raises: r.oneIn(10) && this.collecting !== "automatic",
        });
      }
      case "closure":
        return this.do({ s: "closure", to: this.target(), cell: r.pick(CELLS) });
      case "callable":
        return this.op(
          "call",
          this.variable("method", "ref", "function"),
          [],
          this.perhapsTarget(),
        );
      case "call":
        return this.call();
      case "try":
        return this.tryStatement();
      case "with":
        return this.withStatement();
      case "raise":
        return this.do({ s: "raise" });
      case "swap":
        return this.do({ s: "swap", a: this.variable(), b: this.variable() });
      case "bulk":
        return this.bulk();
      case "nest":
        return this.nest();
      case "rescue":
        if (!this.model.classes.some(({ finalizer }) => finalizer === "resurrect"))
          return undefined;
        return this.do({ s: "rescue", to: this.target() });
      case "copy":
        return this.op(
          r.pick(["copy", "deepcopy", "copyMethod"]),
          this.variable(),
          [],
          this.perhapsTarget(),
        );
      case "convert": {
        const op = r.pick([
          "toList",
          "toTuple",
          "toSet",
          "toFrozenset",
          "toDict",
          "toBytes",
          "toBytearray",
        ]);
        return this.op(op, this.variable(), [], this.perhapsTarget());
      }
      case "reuse":
        return this.reuse();
      case "cycle":
        return this.cycle();
      case "burst":
        return this.burst();
      case "collect":
        return this.do({ s: "collect", generation: r.pick([0, 0, 1, 1, 2]) });
      case "switch":
        return this.switch();
      case "census":
        return this.do({
          s: "census",
          query: r.pick(CENSUS),
          generation: r.pick([0, 0, 1, 2] as const),
        });
      case "collectorLog":
        return this.do({
          s: "log",
          query: r.pick(COLLECTOR_QUERIES),
          v: this.variable(),
          w: null,
        });
      default:
        return this.log();
    }
  }

  private onList(on: Variable): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const length = lengthOf(this.model.read(on));
    switch (r.below(16)) {
      case 14:
        if (r.oneIn(3)) return this.op("sort", on);
        return this.op(r.pick(["count", "index", "removeItem"]), on, [this.itemOf(on)]);
      case 15:
        return this.op("fromKeys", on, [this.operand()], this.perhapsTarget());
      case 0:
      case 1:
      case 2:
        return this.op("append", on, [this.operand()]);
      case 3:
        return this.op("insert", on, [this.bound(length), this.operand()]);
      case 4:
        return this.op("extend", on, [
          { e: "var", v: this.variable("list", "tuple", "range", "dict", "set", "str", "bytes") },
        ]);
      case 5:
        return this.op("pop", on, [], this.perhapsTarget());
      case 6:
        return this.op("popAt", on, [this.index(length)], this.perhapsTarget());
      case 7:
        return this.op("setitem", on, [this.index(length), this.operand()]);
      case 8:
        return this.op("delitem", on, [this.index(length)]);
      case 9:
        return this.op("setslice", on, [
          this.bound(length),
          this.bound(length),
          { e: "var", v: this.variable("list", "tuple") },
        ]);
      case 10: {
        const step: Expression = r.oneIn(3) ? int(r.pick([2, -1, -2, 3])) : { e: "none" };
        return this.op("delslice", on, [this.bound(length), this.bound(length), step]);
      }
      case 11:
        return this.op("clear", on);
      case 12:
        return this.op("reverse", on);
      default:
        return r.oneIn(2)
          ? this.op("inplaceRepeat", on, [int(r.between(-1, 3))])
          : this.op("inplaceConcat", on, [{ e: "var", v: this.variable("list") }]);
    }
  }

  /** An item that the list has, most of the time. */
  private itemOf(on: Variable): Expression {
    const list = this.model.read(on);
    if (list.k === "list" && list.items.length > 0 && this.random.below(4) > 0) {
      const spelled = spell(this.random.pick(list.items));
      if (spelled) return spelled;
    }
    return this.key();
  }

  private onDict(on: Variable): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const dict = this.model.read(on);
    switch (r.below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.op("setitem", on, [r.oneIn(3) ? this.keyIn(dict) : this.key(), this.operand()]);
      case 4:
      case 5:
        return this.op("delitem", on, [this.keyIn(dict)]);
      case 6:
        return this.op("get", on, [this.keyIn(dict)], this.perhapsTarget());
      case 7:
        return this.op("setdefault", on, [this.keyIn(dict), this.operand()], this.perhapsTarget());
      case 8:
        return this.op("dictPop", on, [this.keyIn(dict)], this.perhapsTarget());
      case 9:
        return this.op("popitem", on, [], this.perhapsTarget());
      case 10:
        return this.op("update", on, [{ e: "var", v: this.variable("dict") }]);
      case 11:
        return this.op("merge", on, [{ e: "var", v: this.variable("dict") }], this.perhapsTarget());
      case 12:
        return this.op("clear", on);
      default:
        return this.op("getitem", on, [this.keyIn(dict)], this.perhapsTarget());
    }
  }

  private onSet(on: Variable): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const set = this.model.read(on);
    const other = (): Expression => ({ e: "var", v: this.variable("set", "frozenset") });
    if (set.k === "frozenset" || r.oneIn(3)) {
      const op = r.pick(["union", "intersection", "difference", "symmetric"]);
      return this.op(op, on, [other()], this.perhapsTarget());
    }
    switch (r.below(8)) {
      case 0:
      case 1:
      case 2:
        return this.op("add", on, [this.key()]);
      case 3:
        return this.op("discard", on, [this.keyIn(set)]);
      case 4:
        return this.op("remove", on, [this.keyIn(set)]);
      case 5:
      case 6: {
        const v = this.variable("list", "tuple", "set", "frozenset", "range");
        return this.op("update", on, [{ e: "var", v }]);
      }
      default:
        return r.oneIn(4) ? this.op("clear", on) : this.op("popMember", on, [], this.target());
    }
  }

  private onSequence(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const on = this.variable("list", "tuple", "str", "bytes", "bytearray", "range");
    const value = this.model.read(on);
    const length = lengthOf(value);
    const same = (): Expression => ({ e: "var", v: this.variable(value.k) });
    switch (r.below(9)) {
      case 0:
      case 1:
      case 2:
        return this.op("getitem", on, [this.index(length)], this.perhapsTarget());
      case 3:
      case 4: {
        const step: Expression = r.oneIn(3) ? int(r.pick([2, -1, -2, 1])) : { e: "none" };
        return this.op(
          "getslice",
          on,
          [this.bound(length), this.bound(length), step],
          this.perhapsTarget(),
        );
      }
      case 5:
        return this.op("concat", on, [same()], this.perhapsTarget());
      case 6:
        return this.op("repeat", on, [int(r.between(0, 4))], this.perhapsTarget());
      case 7:
        return r.oneIn(2)
          ? this.op("inplaceConcat", on, [same()])
          : this.op("inplaceRepeat", on, [int(r.between(0, 3))]);
      default: {
        if (value.k !== "bytearray") throw new Invalid("kind");
        const more = { e: "var", v: this.variable("bytes", "bytearray") } as const;
        switch (r.below(4)) {
          case 0:
            return this.op("setslice", on, [this.bound(length), this.bound(length), more]);
          case 1:
            return this.op("delslice", on, [this.bound(length), this.bound(length), { e: "none" }]);
          case 2:
            return this.op("setitem", on, [this.index(length), int(r.below(256))]);
          default:
            return this.op("inplaceConcat", on, [more]);
        }
      }
    }
  }

  private onNumber(on: Variable): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const value = this.model.read(on);
    const other: Expression = { e: "var", v: this.variable(value.k) };
    const op = r.pick(
      value.k === "int"
        ? ["concat", "subtract", "multiply", "shift", "negate", "inplaceConcat"]
        : ["concat", "subtract", "multiply", "negate", "inplaceConcat"],
    );
    if (op === "negate") return this.op(op, on, [], this.target());
    if (op === "inplaceConcat") return this.op(op, on, [other]);
    return this.op(op, on, [op === "shift" ? int(r.between(0, 100)) : other], this.target());
  }

  private onAttribute(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const name = r.pick(ATTRIBUTES);
    if (r.oneIn(12)) {
      const on = this.variable("proxy");
      return this.op(`getattr:${name}`, on, [], this.perhapsTarget(), true);
    }
    if (r.oneIn(12)) {
      const on = this.variable("class");
      if (r.oneIn(2)) return this.op(`getattr:${name}`, on, [], this.perhapsTarget());
      return this.op(`setattr:${name}`, on, [this.operand()]);
    }
    const on = this.variable("instance");
    switch (r.below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return this.op(`setattr:${name}`, on, [this.operand()]);
      case 5:
      case 6:
        return this.op(`getattr:${name}`, on, [], this.perhapsTarget());
      case 7:
        return this.op(`delattr:${name}`, on);
      case 8:
        return this.op("bind", on, [], this.target());
      default:
        if (r.below(3) > 0) return this.op("instanceDict", on, [], this.target());
        return this.op("setInstanceDict", on, [{ e: "var", v: this.variable("dict") }]);
    }
  }

  private bulk(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const on = this.variable("list", "dict", "set", "bytearray", "instance");
    const { k } = this.model.read(on);
    const from = r.below(20);
    const to = from + r.pick([3, 5, 9, 20, 40, 100, 180]);
    if (k === "list") {
      const op = r.oneIn(2) ? "append" : "popLast";
      return this.do({ s: "bulk", op, on, from, to });
    }
    if (k === "instance") return this.do({ s: "bulk", op: "setAttributes", on, from, to });
    if (k === "set") return this.do({ s: "bulk", op: "add", on, from, to });
    if (k === "bytearray") return this.do({ s: "bulk", op: "appendByte", on, from, to });
    return this.do({ s: "bulk", op: r.pick(["setInts", "setNames", "delInts"]), on, from, to });
  }

  private nest(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const depth = r.oneIn(3) ? r.between(40, 70) : r.between(2, 12);
    const kind = r.pick(["list", "tuple", "dict", "instance", "instance"] as const);
    const cls = r.below(this.model.classes.length);
    const tag = this.tags;
    this.tags += depth;
    return this.do({ s: "nest", kind, on: this.variable(), cls, tag, depth });
  }

  /** Something with a free list is dropped, and objects like it are made at once: same address, same number. */
  private reuse(): { statements: Statement[]; raises: boolean } {
    if (this.collecting === "automatic") throw new Invalid("addresses");
    const r = this.random;
    const statements: Statement[] = [];
    let on: Variable;
    if (r.oneIn(3)) {
      on = this.target();
      const value: Expression = { e: "float", v: r.pick(FLOATS) };
      statements.push(...this.do({ s: "set", to: on, value }).statements);
    } else on = this.variable("list", "tuple", "dict", "float");
    const value = this.model.read(on);
    statements.push(...this.do({ s: "log", query: "identity", v: on, w: null }).statements);
    statements.push(
      ...this.do(
        r.oneIn(2) ? { s: "del", v: on } : { s: "set", to: on, value: { e: "int", v: "0" } },
      ).statements,
    );
    // Something of the same size that has no free list, or another one, to take the memory if it was given back.
    if (r.oneIn(2)) {
      const between: Expression = r.oneIn(2)
        ? { e: "int", v: r.pick(BIG_INTS) }
        : { e: "complex", re: 1, im: 2 };
      statements.push(...this.do({ s: "set", to: this.target(), value: between }).statements);
    }
    const again = r.between(1, 2);
    for (let i = 0; i < again; i++) {
      const to = this.target();
      const items = (n: number): Expression[] => Array.from({ length: n }, () => this.operand());
      const made: Expression =
        value.k === "float"
          ? { e: "float", v: r.pick(FLOATS) }
          : value.k === "dict"
            ? { e: "dict", items: r.oneIn(2) ? [] : [[{ e: "str", v: "key" }, this.operand()]] }
            : value.k === "tuple"
              ? { e: "tuple", items: items(lengthOf(value)) }
              : { e: "list", items: items(r.below(3)) };
      statements.push(...this.do({ s: "set", to, value: made }).statements);
      statements.push(...this.do({ s: "log", query: "identity", v: to, w: null }).statements);
    }
    return { statements, raises: false };
  }

  private switch(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const what = r.pick(SWITCHES);
    if (what === "enable" && !collectsAnywhere(this.python)) return this.burst();
    const values = what === "thresholds" ? [...r.pick(THRESHOLDS)] : [];
    return this.do({ s: "switch", what, values });
  }

  /** Objects made one after the other with automatic collection on, by nothing but displays. */
  private burst(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const statements = this.do({ s: "switch", what: "enable", values: [] }).statements;
    const count = r.between(1, 9);
    const display = (depth: number): Expression => {
      const item = (): Expression =>
        depth > 0 && r.oneIn(3) ? display(depth - 1) : { e: "var", v: this.variable() };
      const items = Array.from({ length: r.below(4) }, item);
      return r.oneIn(2)
        ? { e: "list", items }
        : r.oneIn(2)
          ? { e: "tuple", items }
          : { e: "dict", items: items.map((one, i) => [{ e: "bool", v: i === 0 }, one] as const) };
    };
    for (let i = 0; i < count; i++) {
      try {
        const to = this.target();
        const statement: Statement = r.oneIn(5)
          ? { s: "closure", to, cell: r.pick(CELLS) }
          : r.oneIn(6)
            ? { s: "del", v: this.variable() }
            : { s: "set", to, value: display(1) };
        statements.push(...this.do(statement).statements);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error;
      }
    }
    statements.push(...this.do({ s: "switch", what: "disable", values: [] }).statements);
    return { statements, raises: false };
  }

  /** Objects that refer to themselves or to one another, and are often dropped at once. */
  private cycle(): { statements: Statement[]; raises: boolean } {
    const statements: Statement[] = [];
    try {
      this.makeCycle(statements);
    } catch (error) {
      if (!(error instanceof Invalid) || statements.length === 0) throw error;
    }
    return { statements, raises: false };
  }

  private makeCycle(statements: Statement[]): void {
    const r = this.random;
    const add = (statement: Statement): void => {
      statements.push(...this.do(statement).statements);
    };
    const set = (to: Variable, value: Expression): void => add({ s: "set", to, value });
    const op = (name: string, on: Variable, ...args: Expression[]): void =>
      add({ s: "op", op: name, on, args, to: null, guarded: false });
    const names = [...NAMES];
    const take = (): Variable => names.splice(r.below(names.length), 1)[0]!;
    const a = take();
    const b = take();
    const used = [a, b];
    const variable = (v: Variable): Expression => ({ e: "var", v });
    const plain = this.model.classes.flatMap((_, cls) => (this.model.takes(cls, "u") ? [cls] : []));
    switch (r.below(plain.length === 0 ? 5 : 9)) {
      case 0:
        set(a, { e: "list", items: [] });
        set(b, { e: "list", items: [variable(a)] });
        op("append", a, variable(b));
        break;
      case 1:
        set(a, { e: "list", items: [{ e: "str", v: "key" }] });
        op("append", a, variable(a));
        set(b, { e: "tuple", items: [variable(a), this.operand()] });
        break;
      case 2:
        set(a, { e: "dict", items: [] });
        set(b, { e: "dict", items: [[int(1), variable(a)]] });
        op("setitem", a, { e: "str", v: "key" }, variable(b));
        break;
      case 3:
        add({ s: "closure", to: "p", cell: "p" });
        used.push("p");
        break;
      case 4:
        set(a, { e: "list", items: [] });
        set(b, { e: "tuple", items: [variable(a)] });
        set(b, { e: "list", items: [variable(b)] });
        op("append", a, variable(b));
        break;
      case 5: {
        const cls = r.pick(plain);
        add({ s: "new", to: a, cls, tag: this.tags++, watched: this.model.weakly(cls) });
        op("setattr:u", a, variable(a));
        break;
      }
      case 6: {
        const cls = r.pick(plain);
        const other = r.pick(plain);
        add({ s: "new", to: a, cls, tag: this.tags++, watched: false });
        add({ s: "new", to: b, cls: other, tag: this.tags++, watched: false });
        op("setattr:u", a, variable(b));
        op("setattr:u", b, variable(a));
        if (r.oneIn(2) && this.model.weakly(cls)) {
          const to = take();
          add({ s: "weakref", to, on: a, kind: "ref", callback: this.callbacks++, raises: false });
          if (r.oneIn(3)) op("setattr:u", b, { e: "list", items: [variable(a), variable(to)] });
          else if (r.oneIn(2))
            add({
              s: "weakref",
              to: take(),
              on: a,
              kind: "ref",
              callback: this.callbacks++,
              raises: false,
            });
        }
        break;
      }
      case 7: {
        // A ring, whose objects begin in one order and may be found in another.
        const cls = r.pick(plain);
        const depth = r.between(2, 6);
        add({ s: "new", to: a, cls, tag: this.tags++, watched: false });
        set(b, variable(a));
        add({ s: "nest", kind: "instance", on: b, cls, tag: this.tags, depth });
        this.tags += depth;
        op("setattr:u", a, variable(b));
        break;
      }
      default: {
        const cls = r.pick(plain);
        add({ s: "new", to: a, cls, tag: this.tags++, watched: false });
        add({ s: "op", op: "bind", on: a, args: [], to: b, guarded: false });
        op("setattr:u", a, variable(b));
      }
    }
    if (r.below(3) > 0) {
      for (const name of used)
        add(r.oneIn(2) ? { s: "del", v: name } : { s: "set", to: name, value: { e: "none" } });
    }
  }

  private log(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const query = r.pick(QUERIES);
    const v = this.variable();
    const binary = query === "is" || query === "equal" || query === "contains";
    return this.do({ s: "log", query, v, w: binary ? this.variable() : null });
  }

  private call(): { statements: Statement[]; raises: boolean } {
    if (this.depth >= 3) throw new Invalid("deep enough");
    this.model.needCalls();
    const r = this.random;
    const args = Array.from({ length: r.below(4) }, () => this.variable());
    const to = this.perhapsTarget();
    const model = this.model;
    const { blocks } = model;
    model.blocks = 0;
    model.push(args.map((name) => model.read(name)));
    this.depth++;
    const body = this.block(r.between(1, 9));
    this.depth--;
    const result = r.oneIn(4) ? null : this.target();
    const value = result === null ? undefined : model.look(result);
    model.pop();
    model.blocks = blocks;
    if (!body.raises && to !== null) model.bind(to, value ?? { k: "none" });
    const statement: Statement = {
      s: "call",
      to,
      args,
      body: body.statements,
      result: value === undefined ? null : result,
    };
    return { statements: [statement], raises: body.raises };
  }

  private tryStatement(): { statements: Statement[]; raises: boolean } {
    if (this.depth >= 4) throw new Invalid("deep enough");
    this.model.needCalls();
    const r = this.random;
    this.depth++;
    this.model.catchers++;
    this.model.blocks++;
    let body = this.block(r.between(1, 5));
    if (!body.raises && r.below(4) > 0) {
      const more = this.raisingCall();
      body = { statements: [...body.statements, ...more.statements], raises: more.raises };
    }
    this.model.catchers--;
    const keeps = body.raises && r.oneIn(3) ? this.target() : null;
    if (keeps !== null) this.model.bind(keeps, ANY);
    const handler = body.raises ? this.block(r.below(3)) : { statements: [], raises: false };
    this.model.blocks--;
    this.depth--;
    const statement: Statement = {
      s: "try",
      body: body.statements,
      keeps,
      handler: handler.statements,
    };
    return { statements: [statement], raises: handler.raises };
  }

  /** A chain of calls whose innermost frame raises. */
  private raisingCall(): { statements: Statement[]; raises: boolean } {
    const r = this.random;
    const { blocks: around } = this.model;
    if (around <= 1 && (this.depth >= 5 || r.oneIn(3))) return this.do({ s: "raise" });
    const args = NAMES.filter((name) => this.model.look(name) !== undefined).slice(0, r.below(3));
    const model = this.model;
    const { blocks } = model;
    model.blocks = 0;
    model.push(args.map((name) => model.read(name)));
    this.depth++;
    let body = this.block(r.between(1, 4));
    if (!body.raises) {
      const more = this.raisingCall();
      body = { statements: [...body.statements, ...more.statements], raises: more.raises };
    }
    this.depth--;
    model.pop();
    model.blocks = blocks;
    const statement: Statement = {
      s: "call",
      to: null,
      args,
      body: body.statements,
      result: null,
    };
    return { statements: [statement], raises: body.raises };
  }

  private withStatement(): { statements: Statement[]; raises: boolean } {
    if (this.depth >= 4) throw new Invalid("deep enough");
    this.model.mess();
    const r = this.random;
    const suppresses = r.oneIn(2);
    const number = this.managers++;
    const to = r.oneIn(3) ? this.target() : null;
    if (to !== null) this.model.bind(to, { k: "int", v: BigInt(number) });
    this.depth++;
    if (suppresses) this.model.catchers++;
    this.model.blocks++;
    this.model.managers++;
    let body = this.block(r.between(1, 4));
    if (!body.raises && this.model.catchers > 0 && r.oneIn(2)) {
      const more = this.raisingCall();
      body = { statements: [...body.statements, ...more.statements], raises: more.raises };
    }
    if (suppresses) this.model.catchers--;
    this.model.blocks--;
    this.model.managers--;
    this.depth--;
    const statement: Statement = { s: "with", number, suppresses, to, body: body.statements };
    return { statements: [statement], raises: body.raises && !suppresses };
  }
}

/** The value as an expression, for values that can be made again. */
function spell(value: Value): Expression | undefined {
  switch (value.k) {
    case "none":
      return { e: "none" };
    case "bool":
      return { e: "bool", v: value.v };
    case "int":
      return { e: "int", v: String(value.v) };
    case "float":
      return { e: "float", v: Object.is(value.v, -0) ? "-0" : String(value.v) };
    case "str":
    case "bytes":
      return { e: value.k, v: value.v };
    case "tuple": {
      const items = value.items.map(spell);
      return items.every((item) => item !== undefined) ? { e: "tuple", items } : undefined;
    }
    default:
      return undefined;
  }
}

const FINALIZERS: readonly Finalizer[] = [
  "none",
  "log",
  "log",
  "log",
  "count",
  "resurrect",
  "raise",
  "drop",
];

function classDefinitions(random: Random, collecting: Collecting): ClassDefinition[] {
  // What is raised where nobody can be given it is told by code that makes objects of its own.
  const possible =
    collecting === "automatic" ? FINALIZERS.filter((one) => one !== "raise") : FINALIZERS;
  const classes: ClassDefinition[] = [];
  const count = random.between(1, 3);
  for (let index = 0; index < count; index++) {
    const base = index > 0 && random.oneIn(2) ? random.below(index) : -1;
    const slots = random.oneIn(3) ? makeSlots(random, classes, base) : null;
    const finalizer = random.pick(possible);
    classes.push({
      base,
      slots,
      finalizer: finalizer === "drop" && slots !== null ? "log" : finalizer,
      attributes: [],
    });
  }
  const taken = new Set(classes.flatMap(({ slots }) => slots ?? []));
  const free = ATTRIBUTES.filter((name) => !taken.has(name));
  return classes.map((one) =>
    random.oneIn(3) && free.length > 0
      ? { ...one, attributes: [[random.pick(free), int(random.between(0, 400))] as const] }
      : one,
  );
}

function makeSlots(random: Random, classes: readonly ClassDefinition[], base: number): string[] {
  const inherited: string[] = [];
  let weak = false;
  for (let at = base; at >= 0; at = classes[at]!.base) {
    inherited.push(...(classes[at]!.slots ?? []));
    if (classes[at]!.slots === null) weak = true;
  }
  const slots = ATTRIBUTES.filter((name) => !inherited.includes(name) && random.oneIn(2));
  if (!inherited.includes("t")) slots.unshift("t");
  if (!weak && !inherited.includes("__weakref__") && random.below(3) > 0) slots.push("__weakref__");
  return slots;
}

/** The program of a seed. */
export function generate(seed: number, options: GeneratorOptions): Program {
  const random = new Random(seed);
  const collecting = random.pick(COLLECTING);
  const classes = classDefinitions(random, collecting);
  const generator = new Generator(random, classes, options, collecting);
  return { seed, ...options, collecting, classes, body: generator.whole() };
}
