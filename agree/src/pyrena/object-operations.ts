/** Operations as calls on Pyrena's objects: what CPython's interpreter calls for each. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { extendsByTables } from "../exact.ts";
import type { Collecting } from "./collecting.ts";
import { itemsOf } from "./show.ts";

/** An exception is pending in the heap. */
export class Failed extends Error {}

/** Operations on one heap's objects. Arguments are borrowed. */
export class ObjectOperations {
  readonly py: Objects;
  readonly collecting: Collecting;

  constructor(py: Objects, collecting: Collecting) {
    this.py = py;
    this.collecting = collecting;
  }

  /** A reference that a call has given. @throws Failed if it gave none */
  check(object: Address): Address {
    if (object === 0) throw new Failed();
    return object;
  }

  /** @throws Failed for -1 */
  done(result: number): void {
    if (result < 0) throw new Failed();
  }

  /** What a call of a function written in C gives. @throws Failed if it gave nothing */
  called(name: string, call: () => Address): Address {
    const made = this.check(this.collecting.withArguments(name, call));
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
        const done = list.extend(on, first);
        if (this.iterates(first, "list")) this.collecting.transient();
        return none(done);
      }
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
        const copy = this.check(dict.copy(on));
        this.done(dict.update(copy, first));
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

  /** `on += arg`, `on *= arg`: what the variable holds afterwards, a new reference. */
  inplace(on: Address, arg: Address, repeats: boolean): Address {
    const { py } = this;
    const type = py.types.typeOf(on);
    if (type === py.list.type) {
      if (repeats) this.done(py.list.repeatInPlace(on, Number(py.int.value(arg))));
      else this.done(py.list.extend(on, arg));
      return py.refs.newRef(on);
    }
    if (type !== py.bytearray.type) {
      return this.check(
        repeats ? this.repeat(on, Math.max(0, Number(py.int.value(arg)))) : this.concat(on, arg),
      );
    }
    if (repeats) {
      const length = py.bytearray.length(on);
      const bytes = py.bytearray.value(on);
      const times = Math.max(0, Number(py.int.value(arg)));
      if (times !== 1) this.done(py.bytearray.resize(on, length * times));
      for (let i = 1; i < times; i++) this.overwrite(on, i * length, bytes);
    } else {
      const more =
        py.types.typeOf(arg) === py.bytes.type ? py.bytes.value(arg) : py.bytearray.value(arg);
      this.done(py.bytearray.extend(on, more));
    }
    return py.refs.newRef(on);
  }

  private updateSet(set: Address, items: Address): number {
    const { py } = this;
    const type = py.types.typeOf(items);
    if (type === py.set.type || type === py.set.frozenType) return py.set.update(set, items);
    for (const item of this.iterate(items)) {
      this.done(py.set.add(set, item));
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
    const made = this.check(tuple.create(items.length));
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
