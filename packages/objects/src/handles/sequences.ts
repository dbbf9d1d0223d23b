/** Handles of list, tuple and range. */
import type { Address } from "@pyrena/abi";
import { Handle, type PyValue } from "./handle.ts";

/** A list. */
export class ListHandle extends Handle {
  /** `l[i]`; negative indices count from the end. @throws PyException IndexError */
  get(index: number): PyValue {
    const { context, address } = this;
    if (address === 0) this.throwReleased();
    const item = context.core.list.getItem(address, index);
    return item === 0 ? context.fail() : context.readValue(item);
  }

  /** `l[i]`, always as a handle. */
  ref<Kind extends Handle = Handle>(index: number): Kind {
    return this.context.taken(this.context.core.list.getItemRef(this.live, index)) as Kind;
  }

  /** As `Array.at`: undefined where there is no such item. */
  at(index: number): PyValue | undefined {
    const { length } = this;
    return index >= length || index < -length ? undefined : this.get(index);
  }

  /** `l[i] = value`. */
  set(index: number, value: unknown): this {
    const { context, live } = this;
    const ref = context.ref(value);
    const result = context.core.list.setItem(live, index, ref);
    context.core.refs.decref(ref);
    context.check(result);
    return this;
  }

  /** `l.append(value)` for each. */
  append(...values: unknown[]): this {
    const { context, live } = this;
    for (const value of values) {
      const ref = context.ref(value);
      const result = context.core.list.append(live, ref);
      context.core.refs.decref(ref);
      context.check(result);
    }
    return this;
  }

  /** `l.insert(index, value)`. */
  insert(index: number, value: unknown): this {
    const { context, live } = this;
    const ref = context.ref(value);
    const result = context.core.list.insert(live, index, ref);
    context.core.refs.decref(ref);
    context.check(result);
    return this;
  }

  /** `l.extend(values)`: an iterable of JavaScript, or a handle of a list or tuple. */
  extend(values: unknown): this {
    const { context, live } = this;
    const ref = context.ref(values instanceof Handle ? values : [...(values as Iterable<unknown>)]);
    const result = context.core.list.extend(live, ref);
    context.core.refs.decref(ref);
    context.check(result);
    return this;
  }

  /** `l.pop(index)`; default: the last item. @throws PyException IndexError */
  pop(index?: number): PyValue {
    return this.context.value(this.context.core.list.pop(this.live, index));
  }

  /** `del l[i]`. */
  delete(index: number): void {
    this.context.check(this.context.core.list.deleteItem(this.live, index));
  }

  /** `value in l`. */
  has(value: unknown): boolean {
    const { context, live } = this;
    const ref = context.ref(value);
    const result = context.core.list.contains(live, ref);
    context.core.refs.decref(ref);
    return context.check(result) === 1;
  }

  clear(): void {
    this.context.core.list.clear(this.live);
  }

  reverse(): this {
    this.context.core.list.reverse(this.live);
    return this;
  }

  /** `l[start:stop]` as a new list; as `Array.slice`. */
  slice(start = 0, stop: number = this.length): ListHandle {
    const [from, count] = clip(start, stop, this.length);
    return this.context.handle(
      this.context.core.list.slice(this.live, from, 1, count),
    ) as ListHandle;
  }

  /** `l[start:stop] = values`. */
  assignSlice(start: number, stop: number, values: unknown): void {
    const { context, live } = this;
    const ref = context.ref(values);
    const [from, count] = clip(start, stop, this.length);
    const result = context.core.list.assignSlice(live, from, from + count, ref);
    context.core.refs.decref(ref);
    context.check(result);
  }

  /** Items that fit before the list must grow. */
  get allocated(): number {
    return this.context.core.list.allocated(this.live);
  }

  *[Symbol.iterator](): IterableIterator<PyValue> {
    // As Python's: the length is looked at anew before each step.
    for (let n = 0; n < this.length; n++) yield this.get(n);
  }

  values(): IterableIterator<PyValue> {
    return this[Symbol.iterator]();
  }

  /** The items, always as handles: a new container of these shares them, strs and numbers included. */
  *refs(): IterableIterator<Handle> {
    for (let n = 0; n < this.length; n++) yield this.ref(n);
  }

  *keys(): IterableIterator<number> {
    for (let n = 0; n < this.length; n++) yield n;
  }

  *entries(): IterableIterator<[number, PyValue]> {
    for (let n = 0; n < this.length; n++) yield [n, this.get(n)];
  }
}

/** A tuple. */
export class TupleHandle extends Handle {
  /** `t[i]`; negative indices count from the end. @throws PyException IndexError */
  get(index: number): PyValue {
    const { context } = this;
    return context.readValue(this.item(index));
  }

  /** `t[i]`, always as a handle. */
  ref<Kind extends Handle = Handle>(index: number): Kind {
    return this.context.taken(this.context.core.refs.newRef(this.item(index))) as Kind;
  }

  /** As `Array.at`: undefined where there is no such item. */
  at(index: number): PyValue | undefined {
    const { length } = this;
    return index >= length || index < -length ? undefined : this.get(index);
  }

  /** As `Array.with`: a new tuple with another item at one place, which shares all others. @throws PyException IndexError */
  with(index: number, value: unknown): TupleHandle {
    const place = this.place(index);
    const { context, address } = this;
    const { tuple, refs } = context.core;
    const ref = context.ref(value);
    const items = Array.from({ length: tuple.length(address) }, (_, n) =>
      n === place ? ref : tuple.getItem(address, n),
    );
    const made = tuple.pack(items);
    refs.decref(ref);
    return context.handle(made) as TupleHandle;
  }

  private item(index: number): Address {
    const place = this.place(index);
    return this.context.core.tuple.getItem(this.address, place);
  }

  private place(index: number): number {
    const { context, address } = this;
    if (address === 0) this.throwReleased();
    const { tuple, errors } = context.core;
    const length = tuple.length(address);
    const place = index < 0 ? index + length : index;
    if (!(place >= 0 && place < length)) {
      errors.raise("IndexError", `a tuple of ${length} items has no item ${index}`);
      return context.fail();
    }
    return place;
  }

  /** The items, always as handles: a new container of these shares them, strs and numbers included. */
  *refs(): IterableIterator<Handle> {
    const { length } = this;
    for (let n = 0; n < length; n++) yield this.ref(n);
  }

  *[Symbol.iterator](): IterableIterator<PyValue> {
    const { length } = this;
    for (let n = 0; n < length; n++) yield this.get(n);
  }
}

/** A range. */
export class RangeHandle extends Handle {
  /** `r[i]`. @throws PyException IndexError */
  get(index: number): PyValue {
    return this.context.value(this.context.core.range.getItem(this.live, index));
  }

  *[Symbol.iterator](): IterableIterator<PyValue> {
    const { length } = this;
    for (let n = 0; n < length; n++) yield this.get(n);
  }
}

/** Start and count of a slice, clipped as Python clips it. */
function clip(start: number, stop: number, length: number): [from: number, count: number] {
  const place = (n: number): number => Math.min(Math.max(n < 0 ? n + length : n, 0), length);
  const from = place(start);
  return [from, Math.max(0, place(stop) - from)];
}
