/** What statements are made of: variables of the right kind, keys and indices that are mostly there, new objects. */
import type { Model } from "../model.ts";
import { CELLS, type Expression, GLOBALS, LOCALS, type Variable } from "../program.ts";
import type { Random } from "../random.ts";
import { Invalid, type Kind, keyOf, type Value } from "../values.ts";
import { BIG_INTS, BYTES, FLOATS, INTS, int, NONE, STRINGS, variable } from "./literals.ts";

/** All variables. */
export const NAMES: readonly Variable[] = [...LOCALS, ...CELLS, ...GLOBALS];

/** Chooses at random, among what the model knows of the variables. */
export class Choice {
  readonly random: Random;
  readonly model: Model;

  constructor(random: Random, model: Model) {
    this.random = random;
    this.model = model;
  }

  /**
   * A bound variable that holds one of the kinds; any but None if none is named.
   * @throws Invalid if there is none
   */
  variable(...kinds: Kind[]): Variable {
    const found = NAMES.filter((name) => {
      const value = this.model.look(name);
      if (value === undefined) return false;
      return kinds.length === 0 ? value.k !== "none" : kinds.includes(value.k);
    });
    if (found.length === 0) throw new Invalid("no such variable");
    return this.random.pick(found);
  }

  /** The same, as an expression. */
  held(...kinds: Kind[]): Expression {
    return variable(this.variable(...kinds));
  }

  /** Any variable, as a target. */
  target(): Variable {
    return this.random.pick(NAMES);
  }

  /** Where a result goes; null: nowhere. */
  perhapsTarget(): Variable | null {
    return this.random.oneIn(4) ? null : this.target();
  }

  /** A float. */
  float(): Expression {
    return { e: "float", v: this.random.pick(FLOATS) };
  }

  /** An int that nobody keeps. */
  bigInt(): Expression {
    return { e: "int", v: this.random.pick(BIG_INTS) };
  }

  /** A new object that holds no others. */
  atom(): Expression {
    const r = this.random;
    switch (r.below(12)) {
      case 0:
        return NONE;
      case 1:
        return { e: "bool", v: r.oneIn(2) };
      case 2:
      case 3:
        return { e: "int", v: r.pick(INTS) };
      case 4:
        return this.bigInt();
      case 5:
      case 6:
        return this.float();
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

  /** What a variable holds, or a new atom. */
  operand(): Expression {
    if (this.random.below(5) < 3) return this.held();
    return this.atom();
  }

  /** Something that may serve as a key, most of the time. */
  key(): Expression {
    if (this.random.oneIn(3)) {
      const v = this.variable();
      if (keyOf(this.model.read(v)) !== null || this.random.oneIn(8)) return variable(v);
    }
    if (this.random.oneIn(3)) return { e: "str", v: this.random.pick(STRINGS) };
    return this.atom();
  }

  /** A key that the container has, most of the time. */
  keyIn(container: Value): Expression {
    if ((container.k === "dict" || container.k === "set") && container.map.size > 0) {
      if (this.random.below(4) > 0) {
        const entry = this.random.pick([...container.map.values()]);
        const key: Value = container.k === "dict" ? (entry as [Value, Value])[0] : (entry as Value);
        const spelled = spell(key);
        if (spelled) return spelled;
        const holder = NAMES.find((name) => this.model.look(name) === key);
        if (holder !== undefined) return variable(holder);
      }
    }
    return this.key();
  }

  /** An item that the list has, most of the time. */
  itemOf(list: Value): Expression {
    if (list.k === "list" && list.items.length > 0 && this.random.below(4) > 0) {
      const spelled = spell(this.random.pick(list.items));
      if (spelled) return spelled;
    }
    return this.key();
  }

  /** An index into a sequence, from either end; sometimes past it. */
  index(length: number): Expression {
    if (this.random.oneIn(12)) return int(length + this.random.below(3));
    return int(this.random.between(-length, Math.max(0, length - 1)));
  }

  /** Where a slice begins or ends. */
  bound(length: number): Expression {
    if (this.random.oneIn(3)) return NONE;
    return int(this.random.between(-length - 1, length + 1));
  }

  /** A new container; others within it, down to a depth. */
  container(depth: number): Expression {
    const r = this.random;
    const inner = () => (depth > 0 && r.oneIn(4) ? this.container(depth - 1) : this.operand());
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
}

/** The value as an expression, for values that can be made again. */
function spell(value: Value): Expression | undefined {
  switch (value.k) {
    case "none":
      return NONE;
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
