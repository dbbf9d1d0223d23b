/** Operations as calls on Pyrena's objects: what CPython's interpreter calls for each. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { extendsByTables } from "../exact.ts";
import type { Collecting } from "./collecting.ts";
import { check, done } from "./failed.ts";
import {
  arithmetic,
  concat,
  deleteItem,
  deleteSlice,
  getItem,
  getSlice,
  overwrite,
  repeat,
  setItem,
  setSlice,
} from "./operators.ts";
import { itemsOf } from "./show.ts";

/** Operations on one heap's objects. Arguments are borrowed. */
export class ObjectOperations {
  readonly py: Objects;
  readonly collecting: Collecting;

  constructor(py: Objects, collecting: Collecting) {
    this.py = py;
    this.collecting = collecting;
  }

  /** What a call of a function written in C gives. @throws Failed if it gave nothing */
  called(name: string, call: () => Address): Address {
    const made = check(this.collecting.withArguments(name, call));
    this.collecting.poll();
    return made;
  }

  get none(): Address {
    return this.py.constants.none;
  }

  /** A new reference to None. */
  newNone(): Address {
    return this.py.refs.newRef(this.none);
  }

  /** The items that iteration gives: new references. */
  iterate(object: Address): Address[] {
    const { py } = this;
    const type = py.types.typeOf(object);
    if (this.isContainer(object)) return itemsOf(py, object).map((item) => py.refs.newRef(item));
    if (type === py.str.type)
      return Array.from({ length: py.str.length(object) }, (_, i) => py.str.at(object, i));
    if (type === py.range.type)
      return Array.from({ length: py.range.length(object) }, (_, i) => py.range.getItem(object, i));
    const bytes = type === py.bytes.type ? py.bytes.value(object) : py.bytearray.value(object);
    return Array.from(bytes, (byte) => py.int.from(byte));
  }

  /** `item in container` */
  contains(container: Address, item: Address): boolean {
    const { py } = this;
    const type = py.types.typeOf(container);
    if (type === py.dict.type) return py.dict.contains(container, item) === 1;
    if (type === py.list.type) return py.list.contains(container, item) === 1;
    if (type === py.tuple.type)
      return itemsOf(py, container).some((one) => py.protocol.equal(one, item) === 1);
    return py.set.contains(container, item) === 1;
  }

  /** One operation: a new reference, NULL with an exception pending. */
  perform(name: string, attribute: string, on: Address, args: readonly Address[]): Address {
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
      case "extend": {
        const extended = list.extend(on, first);
        if (this.iterates(first, "list")) this.collecting.transient();
        return none(extended);
      }
      case "pop":
        return list.pop(on);
      case "popAt":
        return list.pop(on, number(first));
      case "getitem":
        return getItem(py, on, first);
      case "setitem":
        return none(setItem(py, on, first, second));
      case "delitem":
        return none(deleteItem(py, on, first));
      case "getslice":
        return getSlice(py, on, args);
      case "setslice":
        return none(setSlice(py, on, first, second, third));
      case "delslice":
        return none(deleteSlice(py, on, args));
      case "clear":
        if (type === list.type) list.clear(on);
        else if (type === dict.type) dict.clear(on);
        else if (type === set.type) set.clear(on);
        else done(bytearray.resize(on, 0));
        return this.newNone();
      case "reverse":
        if (type === list.type) list.reverse(on);
        else overwrite(py, on, 0, bytearray.value(on).reverse());
        return this.newNone();
      case "concat":
        return concat(py, on, first);
      case "repeat":
        return repeat(py, on, Math.max(0, number(first)));
      case "subtract":
      case "multiply":
      case "shift":
      case "negate":
        return arithmetic(py, name, on, first);
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
        if (type === dict.type)
          return none(
            this.collecting.withArguments("update dict", () => dict.update(on, first), [first]),
          );
        return none(
          this.collecting.withArguments("update set", () => this.updateSet(on, first), [first]),
        );
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
        const copy = check(dict.copy(on));
        done(dict.update(copy, first));
        return copy;
      }
      case "copyMethod":
        if (type === list.type) return list.copy(on);
        if (type === dict.type) return dict.copy(on);
        if (type === set.type) return set.copy(on);
        if (type === set.frozenType) return refs.newRef(on);
        return bytearray.from(bytearray.value(on));
      case "toList": {
        const made = list.from(on);
        if (this.iterates(on, "list")) this.collecting.transient();
        return made;
      }
      case "toTuple": {
        if (type === tuple.type) return refs.newRef(on);
        const collect = (): Address =>
          this.collected(on, (items) =>
            type === list.type ? tuple.pack(items) : this.trackedTuple(items),
          );
        return this.iterates(on, "tuple") ? this.collecting.holding(collect) : collect();
      }
      case "toSet":
        return this.toSet(on, false);
      case "toFrozenset":
        return type === set.frozenType ? refs.newRef(on) : this.toSet(on, true);
      case "toDict":
        return dict.from(on);
      case "toBytes":
        return this.collecting.withArguments("toBytes", () => {
          if (type !== bytes.type) return bytes.from(bytearray.value(on));
          // `__bytes__` is bound.
          this.collecting.transient();
          return refs.newRef(on);
        });
      case "toBytearray":
        return this.collecting.withArguments("toBytearray", () =>
          bytearray.from(type === bytes.type ? bytes.value(on) : bytearray.value(on)),
        );
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
      case "setInstanceDict":
        return none(py.classes.setDict(on, first));
      case "count": {
        const count = list.count(on, first);
        return count < 0 ? 0 : py.int.from(count);
      }
      case "index": {
        const at = list.index(on, first);
        return at < 0 ? 0 : py.int.from(at);
      }
      case "removeItem":
        return none(list.remove(on, first));
      case "sort":
        return none(list.sort(on));
      case "popMember":
        return set.pop(on);
      case "fromKeys": {
        const made = dict.fromKeys(on, first);
        if (this.iterates(on, "table")) this.collecting.transient();
        return made;
      }
      case "call":
        return py.protocol.call(on, []);
      default:
        throw new Error(`unknown operation ${name} on ${str.check(on) ? "str" : "?"}`);
    }
  }

  private updateSet(set: Address, items: Address): number {
    const { py } = this;
    const type = py.types.typeOf(items);
    if (type === py.set.type || type === py.set.frozenType) return py.set.update(set, items);
    for (const item of this.iterate(items)) {
      done(py.set.add(set, item));
      py.refs.decref(item);
    }
    if (this.iterates(items, "table")) this.collecting.transient();
    return 0;
  }

  /** Whether going through the object takes a collectable iterator: not where CPython knows a shorter way. */
  private iterates(object: Address, into: "list" | "tuple" | "table"): boolean {
    const { py } = this;
    const type = py.types.typeOf(object);
    if (type === py.range.type) return false;
    if (type === py.list.type || type === py.tuple.type) return into === "table";
    if (type === py.str.type || type === py.bytes.type || type === py.bytearray.type) return true;
    return into === "tuple" || (into === "list" && !extendsByTables(this.collecting.python));
  }

  private toSet(items: Address, frozen: boolean): Address {
    const { py } = this;
    const type = py.types.typeOf(items);
    const direct = [py.list.type, py.tuple.type, py.dict.type, py.set.type, py.set.frozenType];
    const made = direct.includes(type)
      ? py.set.from(items, frozen)
      : this.collected(items, (all) => py.set.pack(all, frozen));
    if (this.iterates(items, "table")) this.collecting.transient();
    return made;
  }

  /** Filled while it is being looked at by the collector: nobody asks what it holds. */
  private trackedTuple(items: readonly Address[]): Address {
    const { refs, tuple } = this.py;
    if (items.length === 0) return tuple.pack(items);
    const made = check(tuple.create(items.length));
    items.forEach((item, i) => {
      tuple.setItem(made, i, refs.newRef(item));
    });
    tuple.track(made);
    return made;
  }

  /** Something made of the items that iteration gives. */
  private collected(object: Address, make: (items: readonly Address[]) => Address): Address {
    // What containers hold is not counted once more meanwhile: a collection that runs then would see it.
    if (this.isContainer(object)) return make(itemsOf(this.py, object));
    const items = this.iterate(object);
    const made = make(items);
    for (const item of items) this.py.refs.decref(item);
    return made;
  }

  private isContainer(object: Address): boolean {
    const { dict, list, set, tuple, types } = this.py;
    const kinds = [list.type, tuple.type, dict.type, set.type, set.frozenType];
    return kinds.includes(types.typeOf(object));
  }
}
