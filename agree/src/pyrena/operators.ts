/**
 * Operators, subscriptions and slices: what they call by the type of their left operand. Arguments are borrowed; results
 * are new references, NULL with an exception pending.
 */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { check, done, Failed } from "./failed.ts";

/** An index into a bytearray, from its beginning. @throws Failed */
function byteIndex(py: Objects, on: Address, index: Address): number {
  const at = Number(py.int.value(index));
  const length = py.bytearray.length(on);
  const from = at < 0 ? at + length : at;
  if (from < 0 || from >= length) {
    py.errors.raise("IndexError", "bytearray index out of range");
    throw new Failed();
  }
  return from;
}

/** `on[key]` */
export function getItem(py: Objects, on: Address, key: Address): Address {
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

/** `on[key] = value`: 0, or -1 with an exception pending. */
export function setItem(py: Objects, on: Address, key: Address, value: Address): number {
  const type = py.types.typeOf(on);
  if (type === py.dict.type) return py.dict.setItem(on, key, value);
  if (type === py.list.type) return py.list.setItem(on, Number(py.int.value(key)), value);
  return py.bytearray.setItem(on, byteIndex(py, on, key), Number(py.int.value(value)));
}

/** `del on[key]`: 0, or -1 with an exception pending. */
export function deleteItem(py: Objects, on: Address, key: Address): number {
  const type = py.types.typeOf(on);
  if (type === py.dict.type) return py.dict.deleteItem(on, key);
  if (type === py.list.type) return py.list.deleteItem(on, Number(py.int.value(key)));
  const at = byteIndex(py, on, key);
  return py.bytearray.deleteSlice(on, at, at + 1);
}

/** Start, step and count of what a slice selects; both bounds clipped. */
function indices(py: Objects, length: number, args: readonly Address[]): [number, number, number] {
  const [first, last, stride] = args.map((arg) =>
    arg === py.constants.none ? undefined : Number(py.int.value(arg)),
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

/** `on[start:stop:step]`, of these three */
export function getSlice(py: Objects, on: Address, args: readonly Address[]): Address {
  const type = py.types.typeOf(on);
  const [start, step, count] = indices(py, py.protocol.length(on), args);
  if (type === py.list.type) return py.list.slice(on, start, step, count);
  if (type === py.tuple.type) return py.tuple.slice(on, start, step, count);
  if (type === py.str.type) return py.str.slice(on, start, step, count);
  if (type === py.bytes.type) return py.bytes.slice(on, start, step, count);
  const bytes = py.bytearray.value(on);
  return py.bytearray.from(Uint8Array.from({ length: count }, (_, i) => bytes[start + i * step]!));
}

/** `on[first:second] = value`: 0, or -1 with an exception pending. */
export function setSlice(
  py: Objects,
  on: Address,
  first: Address,
  second: Address,
  value: Address,
): number {
  const [start, , count] = indices(py, py.protocol.length(on), [first, second, py.constants.none]);
  if (py.types.typeOf(on) === py.list.type)
    return py.list.assignSlice(on, start, start + count, value);
  const bytes =
    py.types.typeOf(value) === py.bytes.type ? py.bytes.value(value) : py.bytearray.value(value);
  const before = py.bytearray.value(on);
  const growth = bytes.length - count;
  if (growth < 0) done(py.bytearray.deleteSlice(on, start, start - growth));
  else if (growth > 0) done(py.bytearray.resize(on, before.length + growth));
  overwrite(py, on, start, bytes);
  if (growth > 0) overwrite(py, on, start + bytes.length, before.subarray(start + count));
  return 0;
}

/** Bytes of a bytearray, from an index on. */
export function overwrite(py: Objects, on: Address, at: number, bytes: Uint8Array): void {
  bytes.forEach((byte, i) => {
    done(py.bytearray.setItem(on, at + i, byte));
  });
}

/** `del on[start:stop:step]`: 0, or -1 with an exception pending. */
export function deleteSlice(py: Objects, on: Address, args: readonly Address[]): number {
  const [start, step, count] = indices(py, py.protocol.length(on), args);
  if (py.types.typeOf(on) === py.bytearray.type) {
    return count === 0 ? 0 : py.bytearray.deleteSlice(on, start, start + count);
  }
  if (step === 1) return py.list.assignSlice(on, start, start + count, 0);
  return py.list.assignExtendedSlice(on, start, step, count, 0);
}

/** `on + more` */
export function concat(py: Objects, on: Address, more: Address): Address {
  const type = py.types.typeOf(on);
  if (type === py.list.type) return py.list.concat(on, more);
  if (type === py.tuple.type) return py.tuple.concat(on, more);
  if (type === py.str.type) return py.str.concat(on, more);
  if (type === py.int.type || type === py.float.type) return arithmetic(py, "concat", on, more);
  const bytes = (object: Address): Uint8Array =>
    py.types.typeOf(object) === py.bytes.type ? py.bytes.value(object) : py.bytearray.value(object);
  if (type === py.bytes.type && py.types.typeOf(more) === py.bytes.type)
    return py.bytes.concat(on, more);
  const joined = Uint8Array.from([...bytes(on), ...bytes(more)]);
  return type === py.bytes.type ? py.bytes.from(joined) : py.bytearray.from(joined);
}

/** `on * times` */
export function repeat(py: Objects, on: Address, times: number): Address {
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

/** `+`, `-`, `*`, `<<` and the unary `-` of numbers. */
export function arithmetic(py: Objects, name: string, on: Address, other: Address): Address {
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
export function inplace(py: Objects, on: Address, arg: Address, repeats: boolean): Address {
  const type = py.types.typeOf(on);
  if (type === py.list.type) {
    if (repeats) done(py.list.repeatInPlace(on, Number(py.int.value(arg))));
    else done(py.list.extend(on, arg));
    return py.refs.newRef(on);
  }
  if (type !== py.bytearray.type) {
    return check(
      repeats ? repeat(py, on, Math.max(0, Number(py.int.value(arg)))) : concat(py, on, arg),
    );
  }
  if (repeats) {
    const length = py.bytearray.length(on);
    const bytes = py.bytearray.value(on);
    const times = Math.max(0, Number(py.int.value(arg)));
    if (times !== 1) done(py.bytearray.resize(on, length * times));
    for (let i = 1; i < times; i++) overwrite(py, on, i * length, bytes);
  } else {
    const more =
      py.types.typeOf(arg) === py.bytes.type ? py.bytes.value(arg) : py.bytearray.value(arg);
    done(py.bytearray.extend(on, more));
  }
  return py.refs.newRef(on);
}
