/** Copies in the model, shallow and deep. */
import {
  hashesByAddress,
  type Instance,
  Invalid,
  keyOf,
  type Mapping,
  need,
  nextUid,
  type Sequence,
  type Value,
} from "./values.ts";

/** `copy(value)`; the value itself where CPython gives that. */
export function shallow(value: Value): Value {
  switch (value.k) {
    case "list":
      return { k: "list", items: [...value.items] };
    case "dict":
      return { k: "dict", map: new Map(value.map), instance: false };
    case "set":
      return { k: "set", map: new Map(value.map) };
    case "bytearray":
      return { k: "bytearray", v: value.v };
    case "instance":
      return {
        k: "instance",
        cls: value.cls,
        uid: nextUid(),
        attributes: { k: "dict", map: new Map(value.attributes.map), instance: true },
      };
    default:
      return value;
  }
}

/**
 * `deepcopy(value)`
 * @param memo copies that have been made, by their originals
 * @throws Invalid where it is not foretold
 */
export function deep(value: Value, memo: Map<Value, Value>): Value {
  const known = memo.get(value);
  if (known) return known;
  switch (value.k) {
    case "any":
    case "proxy":
    case "method":
    case "slice":
    case "range":
      throw new Invalid("deepcopy");
    case "list": {
      const copy: Sequence = { k: "list", items: [] };
      memo.set(value, copy);
      copy.items = value.items.map((item) => deep(item, memo));
      return copy;
    }
    case "tuple": {
      const items = value.items.map((item) => deep(item, memo));
      const again = memo.get(value);
      if (again) return again;
      const copy: Value = items.every((item, i) => item === value.items[i])
        ? value
        : { k: "tuple", items };
      memo.set(value, copy);
      return copy;
    }
    case "dict": {
      const copy: Mapping = { k: "dict", map: new Map(), instance: false };
      memo.set(value, copy);
      for (const [key, item] of value.map.values()) {
        const newKey = deep(key, memo);
        copy.map.set(keyOf(newKey)!, [newKey, deep(item, memo)]);
      }
      return copy;
    }
    case "set":
    case "frozenset": {
      // A set of tuples that hold instances can be reached from them: copied after all, but not foretold.
      const items = [...value.map.values()];
      need(
        items.every((item) => !hashesByAddress(item) && item.k !== "tuple"),
        "deepcopy of a set",
      );
      const copy: Value = { k: value.k, map: new Map(value.map) };
      memo.set(value, copy);
      return copy;
    }
    case "bytearray":
      return { k: "bytearray", v: value.v };
    case "instance": {
      const attributes: Mapping = { k: "dict", map: new Map(), instance: true };
      const copy: Instance = { k: "instance", cls: value.cls, uid: nextUid(), attributes };
      memo.set(value, copy);
      for (const [key, item] of value.attributes.map)
        attributes.map.set(key, [item[0], deep(item[1], memo)]);
      return copy;
    }
    default:
      return value;
  }
}
