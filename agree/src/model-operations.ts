/** Operations in the model: what each does to the values, and which error it ends in. */
import { deep, shallow } from "./model-copies.ts";
import { splitOperation } from "./operations.ts";
import type { ClassDefinition, Expression, Statement, Variable } from "./program.ts";
import {
  ANY,
  checkedSet,
  comparable,
  hashable,
  hasLength,
  type Instance,
  Invalid,
  indexIn,
  int,
  iterate,
  keyOf,
  lengthOf,
  MAX_LENGTH,
  NONE,
  need,
  Raised,
  setOf,
  sliceIndices,
  type Value,
} from "./values.ts";

/** What operations need of the model. */
interface Model {
  readonly classes: readonly ClassDefinition[];
  readonly classAttributes: readonly Map<string, Value>[];
  evaluate(x: Expression): Value;
  look(name: Variable): Value | undefined;
  read(name: Variable): Value;
  bind(name: Variable, value: Value): void;
  takes(cls: number, name: string): boolean;
  hasDict(cls: number): boolean;
  isSlot(cls: number, name: string): boolean;
  classAttribute(cls: number, name: string): Value | undefined;
}

/**
 * Performs an operation: its result.
 * @throws Invalid, before anything has changed; Raised, where Python would
 */
export function operate(model: Model, statement: Extract<Statement, { s: "op" }>): Value {
  const { name, attribute } = splitOperation(statement.op);
  const on = model.read(statement.on);
  const args = statement.args.map((arg) => model.evaluate(arg));
  const [first = NONE, second = NONE, third = NONE] = args;
  switch (name) {
    case "append":
      need(on.k === "list" && on.items.length < MAX_LENGTH);
      on.items.push(first);
      return NONE;
    case "insert": {
      need(on.k === "list" && first.k === "int" && on.items.length < MAX_LENGTH);
      on.items.splice(Number(first.v), 0, second);
      return NONE;
    }
    case "extend": {
      need(on.k === "list");
      const more = [...iterate(first)];
      need(on.items.length + more.length <= MAX_LENGTH);
      on.items.push(...more);
      return NONE;
    }
    case "pop":
      need(on.k === "list");
      if (on.items.length === 0) throw new Raised("IndexError");
      return on.items.pop()!;
    case "popAt": {
      need(on.k === "list");
      if (on.items.length === 0) throw new Raised("IndexError");
      return on.items.splice(indexIn(first, on.items.length), 1)[0]!;
    }
    case "getitem":
      if (on.k === "dict") {
        const found = on.map.get(hashable(first));
        if (!found) throw new Raised("KeyError");
        return found[1];
      }
      need(hasLength(on) && on.k !== "set" && on.k !== "frozenset");
      return iterate(on)[indexIn(first, lengthOf(on))]!;
    case "setitem":
      if (on.k === "dict") {
        const key = hashable(first);
        need(on.map.size < MAX_LENGTH);
        on.map.set(key, [on.map.get(key)?.[0] ?? first, second]);
      } else if (on.k === "list") {
        on.items[indexIn(first, on.items.length)] = second;
      } else {
        need(on.k === "bytearray" && second.k === "int" && second.v >= 0n && second.v < 256n);
        const at = indexIn(first, on.v.length);
        on.v = on.v.slice(0, at) + String.fromCharCode(Number(second.v)) + on.v.slice(at + 1);
      }
      return NONE;
    case "delitem":
      if (on.k === "dict") {
        if (!on.map.delete(hashable(first))) throw new Raised("KeyError");
      } else if (on.k === "list") {
        on.items.splice(indexIn(first, on.items.length), 1);
      } else {
        need(on.k === "bytearray");
        const at = indexIn(first, on.v.length);
        on.v = on.v.slice(0, at) + on.v.slice(at + 1);
      }
      return NONE;
    case "getslice": {
      need(hasLength(on));
      if (on.k === "range") throw new Invalid("range slices");
      need(on.k !== "dict" && on.k !== "set" && on.k !== "frozenset");
      const indices = sliceIndices(args, lengthOf(on));
      if (on.k === "list" || on.k === "tuple") {
        if (on.k === "tuple" && indices.length === on.items.length && indices[0] === 0) return on;
        return { k: on.k, items: indices.map((i) => on.items[i]!) };
      }
      need(on.k === "str" || on.k === "bytes" || on.k === "bytearray");
      const characters = [...on.v];
      return { k: on.k, v: indices.map((i) => characters[i]).join("") };
    }
    case "setslice": {
      if (on.k === "list") {
        need(third.k === "list" || third.k === "tuple");
        const items = [...third.items];
        const indices = sliceIndices([first, second, NONE], on.items.length);
        need(on.items.length + items.length <= MAX_LENGTH);
        const at = indices[0] ?? emptySliceStart(first, on.items.length);
        on.items.splice(at, indices.length, ...items);
      } else {
        need(on.k === "bytearray" && (third.k === "bytes" || third.k === "bytearray"));
        need(on !== third, "exports of its own");
        const indices = sliceIndices([first, second, NONE], on.v.length);
        need(on.v.length + third.v.length <= MAX_LENGTH);
        const at = indices[0] ?? emptySliceStart(first, on.v.length);
        on.v = on.v.slice(0, at) + third.v + on.v.slice(at + indices.length);
      }
      return NONE;
    }
    case "delslice": {
      need(on.k === "list" || on.k === "bytearray");
      const gone = new Set(sliceIndices(args, lengthOf(on)));
      if (on.k === "list") on.items = on.items.filter((_, i) => !gone.has(i));
      else if (on.k === "bytearray") on.v = [...on.v].filter((_, i) => !gone.has(i)).join("");
      return NONE;
    }
    case "clear":
      if (on.k === "list") on.items = [];
      else if (on.k === "bytearray") on.v = "";
      else {
        need(on.k === "dict" || on.k === "set");
        on.map = new Map();
      }
      return NONE;
    case "reverse":
      if (on.k === "list") on.items.reverse();
      else {
        need(on.k === "bytearray");
        on.v = [...on.v].reverse().join("");
      }
      return NONE;
    case "inplaceConcat": {
      need(on.k !== "bytearray" || on !== first, "exports of its own");
      const sum = concat(on, first);
      if (on.k === "list" && sum.k === "list") on.items = sum.items;
      else if (on.k === "bytearray" && sum.k === "bytearray") on.v = sum.v;
      else model.bind(statement.on, sum);
      return NONE;
    }
    case "concat":
      return concat(on, first);
    case "inplaceRepeat": {
      const product = repeat(on, first);
      if (on.k === "list" && product.k === "list") on.items = product.items;
      else if (on.k === "bytearray" && product.k === "bytearray") on.v = product.v;
      else model.bind(statement.on, product);
      return NONE;
    }
    case "repeat":
      return repeat(on, first);
    case "subtract":
    case "multiply":
      if (on.k === "int" && first.k === "int")
        return int(name === "subtract" ? on.v - first.v : on.v * first.v);
      need(on.k === "float" && first.k === "float");
      return { k: "float", v: name === "subtract" ? on.v - first.v : on.v * first.v };
    case "shift":
      need(on.k === "int" && first.k === "int" && first.v >= 0n && first.v < 200n);
      return int(on.v << first.v);
    case "negate":
      if (on.k === "float") return { k: "float", v: -on.v };
      need(on.k === "int");
      return int(-on.v);
    case "add": {
      need(on.k === "set");
      const key = hashable(first);
      if (!on.map.has(key)) on.map = checkedSet(new Map(on.map).set(key, first));
      return NONE;
    }
    case "discard":
    case "remove": {
      need(on.k === "set" && first.k !== "set");
      const had = on.map.delete(hashable(first));
      if (!had && name === "remove") throw new Raised("KeyError");
      return NONE;
    }
    case "union":
    case "intersection":
    case "difference":
    case "symmetric": {
      need(
        (on.k === "set" || on.k === "frozenset") && (first.k === "set" || first.k === "frozenset"),
      );
      const left = [...on.map];
      const right = [...first.map];
      const { map: own } = on;
      const { map: others } = first;
      const kept =
        name === "union"
          ? [...left, ...right.filter(([key]) => !own.has(key))]
          : name === "intersection"
            ? left.filter(([key]) => others.has(key))
            : name === "difference"
              ? left.filter(([key]) => !others.has(key))
              : [
                  ...left.filter(([key]) => !others.has(key)),
                  ...right.filter(([key]) => !own.has(key)),
                ];
      // Which of two equal members is kept depends on sizes; the model would have to know.
      for (const [key, value] of left) {
        const twin = others.get(key);
        if (twin !== undefined) need(twin.k === value.k && value.k !== "tuple", "twins");
      }
      return { k: on.k, map: checkedSet(new Map(kept)) };
    }
    case "update":
      if (on.k === "set") {
        need(["list", "tuple", "set", "frozenset", "range", "str"].includes(first.k));
        const map = new Map(on.map);
        if (first.k === "set" || first.k === "frozenset") {
          for (const [key, item] of first.map) if (!map.has(key)) map.set(key, item);
        } else {
          // The members before an unhashable one would stay: only foretold if there is none.
          for (const item of iterate(first)) {
            const key = keyOf(item);
            need(key !== null, "unhashable in the middle");
            if (!map.has(key)) map.set(key, item);
          }
        }
        on.map = checkedSet(map);
      } else {
        need(on.k === "dict" && first.k === "dict");
        const map = new Map(on.map);
        for (const [key, [item, value]] of first.map)
          map.set(key, [map.get(key)?.[0] ?? item, value]);
        need(map.size <= MAX_LENGTH);
        on.map = map;
      }
      return NONE;
    case "get": {
      need(on.k === "dict");
      return on.map.get(hashable(first))?.[1] ?? NONE;
    }
    case "setdefault": {
      need(on.k === "dict" && on.map.size < MAX_LENGTH);
      const key = hashable(first);
      const found = on.map.get(key);
      if (found) return found[1];
      on.map.set(key, [first, second]);
      return second;
    }
    case "dictPop": {
      need(on.k === "dict");
      if (on.map.size === 0) throw new Raised("KeyError");
      const key = hashable(first);
      const found = on.map.get(key);
      if (!found) throw new Raised("KeyError");
      on.map.delete(key);
      return found[1];
    }
    case "popitem": {
      need(on.k === "dict");
      const last = [...on.map].at(-1);
      if (!last) throw new Raised("KeyError");
      on.map.delete(last[0]);
      return { k: "tuple", items: last[1] };
    }
    case "merge": {
      need(on.k === "dict" && first.k === "dict");
      const map = new Map(on.map);
      for (const [key, [item, value]] of first.map)
        map.set(key, [map.get(key)?.[0] ?? item, value]);
      need(map.size <= MAX_LENGTH);
      return { k: "dict", map, instance: false };
    }
    case "copyMethod":
      need(
        on.k === "list" ||
          on.k === "dict" ||
          on.k === "set" ||
          on.k === "frozenset" ||
          on.k === "bytearray",
      );
      return shallow(on);
    case "count":
    case "index":
    case "removeItem": {
      need(on.k === "list" && first.k !== "float");
      const key = hashable(first);
      const at = on.items.findIndex((item) => equals(item, key));
      if (name === "count") return int(on.items.filter((item) => equals(item, key)).length);
      if (at < 0) throw new Raised("ValueError");
      if (name === "index") return int(at);
      on.items.splice(at, 1);
      return NONE;
    }
    case "sort": {
      need(on.k === "list");
      const order = on.items.map((item) => {
        need(item.k === "int" || item.k === "bool");
        return { item, by: item.k === "int" ? item.v : BigInt(item.v) };
      });
      order.sort((a, b) => (a.by < b.by ? -1 : a.by > b.by ? 1 : 0));
      on.items = order.map(({ item }) => item);
      return NONE;
    }
    case "popMember": {
      need(on.k === "set");
      if (on.map.size === 0) throw new Raised("KeyError");
      const [member] = on.map.values();
      const popped = on.map.size === 1 ? member! : ANY;
      need(on.map.size === 1, "which one is popped");
      on.map = new Map();
      return popped;
    }
    case "fromKeys": {
      const map = new Map<string, [Value, Value]>();
      need(
        on.k === "list" ||
          on.k === "tuple" ||
          on.k === "set" ||
          on.k === "dict" ||
          on.k === "frozenset",
      );
      const keys = on.k === "set" || on.k === "frozenset" ? [...on.map.values()] : iterate(on);
      // Two equal keys of different types: which one stays depends on the order in the set.
      for (const item of keys) {
        const key = hashable(item);
        if (!map.has(key)) map.set(key, [item, first]);
      }
      need((on.k !== "set" && on.k !== "frozenset") || map.size < 2, "order of a set");
      return { k: "dict", map, instance: false };
    }
    case "toList":
    case "toTuple": {
      const items = [...iterate(on)];
      need(items.length <= MAX_LENGTH);
      if (name === "toTuple" && on.k === "tuple") return on;
      return { k: name === "toList" ? "list" : "tuple", items };
    }
    case "toSet":
    case "toFrozenset": {
      if (name === "toFrozenset" && on.k === "frozenset") return on;
      const k = name === "toSet" ? "set" : "frozenset";
      if (on.k === "set" || on.k === "frozenset") return { k, map: new Map(on.map) };
      if (on.k === "dict")
        return { k, map: checkedSet(new Map([...on.map].map(([key, [item]]) => [key, item]))) };
      return { k, map: setOf(iterate(on)) };
    }
    case "toDict":
      need(on.k === "dict");
      return { k: "dict", map: new Map(on.map), instance: false };
    case "toBytes":
    case "toBytearray":
      need(on.k === "bytes" || on.k === "bytearray");
      if (name === "toBytes" && on.k === "bytes") return on;
      // `bytes(bytearray(b"a"))` is a new object up to 3.14, though there is one for each byte.
      need(name === "toBytearray" || on.v.length !== 1, "one byte");
      return { k: name === "toBytes" ? "bytes" : "bytearray", v: on.v };
    case "copy":
      need(
        on.k !== "any" &&
          on.k !== "proxy" &&
          on.k !== "method" &&
          on.k !== "slice" &&
          on.k !== "range",
        "copy",
      );
      return shallow(on);
    case "deepcopy":
      return deep(on, new Map());
    case "getattr":
      if (on.k === "proxy" || on.k === "any") return unknown(model, statement, on);
      if (on.k === "class") need(!model.isSlot(on.cls, attribute), "a descriptor");
      if (on.k === "class") return orAttributeError(model.classAttribute(on.cls, attribute));
      need(on.k === "instance");
      return orAttributeError(
        on.attributes.map.get(`s${JSON.stringify(attribute)}`)?.[1] ??
          (model.isSlot(on.cls, attribute) ? undefined : model.classAttribute(on.cls, attribute)),
      );
    case "setattr":
      if (on.k === "class") {
        for (let cls = 0; cls < model.classes.length; cls++)
          need(!model.isSlot(cls, attribute), "hides a slot");
        model.classAttributes[on.cls]!.set(attribute, first);
      } else {
        need(on.k === "instance");
        if (!model.takes(on.cls, attribute)) throw new Raised("AttributeError");
        on.attributes.map.set(`s${JSON.stringify(attribute)}`, [{ k: "str", v: attribute }, first]);
      }
      return NONE;
    case "delattr":
      need(on.k === "instance");
      if (!on.attributes.map.delete(`s${JSON.stringify(attribute)}`))
        throw new Raised("AttributeError");
      return NONE;
    case "bind":
      need(on.k === "instance");
      return { k: "method", self: on };
    case "instanceDict":
      need(on.k === "instance" && model.hasDict(on.cls));
      needPlainDict(model, on);
      return on.attributes;
    case "setInstanceDict":
      need(on.k === "instance" && model.hasDict(on.cls) && first.k === "dict");
      needPlainDict(model, on);
      on.attributes = first;
      return NONE;
    case "call":
      if (on.k === "method") return on.self;
      if (on.k === "ref") return ANY;
      need(on.k === "function");
      if (on.cell.value === undefined) throw new Raised("NameError");
      return on.cell.value;
    default:
      throw new Error(`unknown operation ${name}`);
  }
}

/** All attributes of the instance lie in its dict, and no finalizer changes it. */
function needPlainDict(model: Model, { cls }: Instance): void {
  for (let at = cls; at >= 0; at = model.classes[at]!.base) {
    need(model.classes[at]!.slots === null, "slots beside the dict");
    need(model.classes[at]!.finalizer !== "drop", "changed by its finalizer");
  }
}

/** Whether an item equals the wanted one, which is hashable. */
function equals(item: Value, key: string): boolean {
  need(comparable(item));
  return keyOf(item) === key;
}

/** What may or may not fail is guarded always. */
function unknown(model: Model, statement: Extract<Statement, { s: "op" }>, on: Value): Value {
  need(statement.guarded && on.k === "proxy");
  // Where it fails the target keeps what it had, so nothing at all is known of it.
  if (statement.to !== null) {
    const before = model.look(statement.to);
    need(before?.k === "any" || before?.k === "none", "keeps what it has if it fails");
  }
  return ANY;
}

function orAttributeError(value: Value | undefined): Value {
  if (value === undefined) throw new Raised("AttributeError");
  return value;
}

function emptySliceStart(first: Value, length: number): number {
  if (first.k === "none") return 0;
  need(first.k === "int");
  const at = Number(first.v);
  return Math.min(Math.max(at < 0 ? at + length : at, 0), length);
}

function concat(on: Value, more: Value): Value {
  if (on.k === "int" && more.k === "int") return int(on.v + more.v);
  if (on.k === "float" && more.k === "float") return { k: "float", v: on.v + more.v };
  if ((on.k === "list" || on.k === "tuple") && more.k === on.k) {
    need(on.items.length + more.items.length <= MAX_LENGTH);
    return { k: on.k, items: [...on.items, ...more.items] };
  }
  if (on.k === "str" && more.k === "str") {
    need(on.v.length + more.v.length <= MAX_LENGTH);
    return { k: "str", v: on.v + more.v };
  }
  need(
    (on.k === "bytes" || on.k === "bytearray") && (more.k === "bytes" || more.k === "bytearray"),
  );
  need(on.v.length + more.v.length <= MAX_LENGTH);
  need(on.k === "bytearray" || more.k === "bytes" || on.v.length + more.v.length !== 1, "one byte");
  return { k: on.k, v: on.v + more.v };
}

function repeat(on: Value, times: Value): Value {
  need(times.k === "int" && times.v <= 8n && times.v >= -1n);
  const n = Math.max(0, Number(times.v));
  if (on.k === "list" || on.k === "tuple") {
    need(on.items.length * n <= MAX_LENGTH);
    return { k: on.k, items: Array.from({ length: n }, () => on.items).flat() };
  }
  need(on.k === "str" || on.k === "bytes" || on.k === "bytearray");
  need(on.v.length * n <= MAX_LENGTH);
  return { k: on.k, v: on.v.repeat(n) };
}
