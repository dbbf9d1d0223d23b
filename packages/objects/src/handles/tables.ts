/** Handles of dict and set. */
import type { TableCursor } from "../api/tables.ts";
import { Handle, type PyValue } from "./handle.ts";

/** A dict. */
export class DictHandle extends Handle {
  /** `d.get(key)`: undefined where the key is absent. */
  get(key: unknown): PyValue | undefined {
    const { context, address } = this;
    if (address === 0) this.throwReleased();
    const { core } = context;
    let found: number;
    if (typeof key === "string") found = core.dict.getItemString(address, key);
    else {
      const ref = context.ref(key);
      found = core.dict.getItem(address, ref);
      core.refs.decref(ref);
    }
    if (found !== 0) return context.readValue(found);
    return core.errors.occurred() === 0 ? undefined : context.fail();
  }

  /** `d[key]`, always as a handle; undefined where the key is absent. */
  ref<Kind extends Handle = Handle>(key: unknown): Kind | undefined {
    const { context, live } = this;
    const { core } = context;
    const ref = context.ref(key);
    const found = core.dict.getItem(live, ref);
    if (found !== 0) core.refs.incref(found);
    core.refs.decref(ref);
    if (found !== 0) return context.wrap(found) as Kind;
    return core.errors.occurred() === 0 ? undefined : context.fail();
  }

  /** `d[key] = value`. */
  set(key: unknown, value: unknown): this {
    const { context, live } = this;
    const { dict, refs } = context.core;
    const keyRef = context.ref(key);
    let result = -1;
    try {
      const valueRef = context.ref(value);
      result = dict.setItem(live, keyRef, valueRef);
      refs.decref(valueRef);
    } finally {
      refs.decref(keyRef);
    }
    context.check(result);
    return this;
  }

  /** `key in d`. */
  has(key: unknown): boolean {
    const { context, live } = this;
    const ref = context.ref(key);
    const result = context.core.dict.contains(live, ref);
    context.core.refs.decref(ref);
    return context.check(result) === 1;
  }

  /** `del d[key]`. @throws PyException KeyError */
  delete(key: unknown): void {
    const { context, live } = this;
    const ref = context.ref(key);
    const result = context.core.dict.deleteItem(live, ref);
    context.core.refs.decref(ref);
    context.check(result);
  }

  /** `d.pop(key, undefined)`. */
  pop(key: unknown): PyValue | undefined {
    const { context, live } = this;
    const ref = context.ref(key);
    const found = context.core.dict.pop(live, ref);
    context.core.refs.decref(ref);
    if (found !== 0) return context.value(found);
    return context.core.errors.occurred() === 0 ? undefined : context.fail();
  }

  /** `d.setdefault(key, value)`. */
  setDefault(key: unknown, value: unknown): PyValue {
    const { context, live } = this;
    const { dict, refs } = context.core;
    const keyRef = context.ref(key);
    try {
      const valueRef = context.ref(value);
      const found = dict.setDefault(live, keyRef, valueRef);
      refs.decref(valueRef);
      return found === 0 ? context.fail() : context.readValue(found);
    } finally {
      refs.decref(keyRef);
    }
  }

  /** `d.update(other)`: a handle of a dict, a Map, or a plain object. */
  update(other: unknown): this {
    const { context, live } = this;
    const ref = context.ref(other);
    const result = context.core.dict.update(live, ref);
    context.core.refs.decref(ref);
    context.check(result);
    return this;
  }

  clear(): void {
    this.context.core.dict.clear(this.live);
  }

  /** As `length`, the name that Map has for it. */
  get size(): number {
    return this.context.core.dict.length(this.live);
  }

  *entries(): IterableIterator<[PyValue, PyValue]> {
    const { context } = this;
    const { dict } = context.core;
    const size = dict.length(this.live);
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (dict.next(this.live, cursor)) {
      yield [context.readValue(cursor.key), context.readValue(cursor.value)];
      if (dict.length(this.live) !== size) changed(this);
    }
  }

  *keys(): IterableIterator<PyValue> {
    const { context } = this;
    const { dict } = context.core;
    const size = dict.length(this.live);
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (dict.next(this.live, cursor)) {
      yield context.readValue(cursor.key);
      if (dict.length(this.live) !== size) changed(this);
    }
  }

  *values(): IterableIterator<PyValue> {
    const { context } = this;
    const { dict } = context.core;
    const size = dict.length(this.live);
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (dict.next(this.live, cursor)) {
      yield context.readValue(cursor.value);
      if (dict.length(this.live) !== size) changed(this);
    }
  }

  /** The keys, as in Python. */
  [Symbol.iterator](): IterableIterator<PyValue> {
    return this.keys();
  }
}

/** A set or frozenset. */
export class SetHandle extends Handle {
  /** `s.add(value)` for each. */
  add(...values: unknown[]): this {
    const { context, live } = this;
    for (const value of values) {
      const ref = context.ref(value);
      const result = context.core.set.add(live, ref);
      context.core.refs.decref(ref);
      context.check(result);
    }
    return this;
  }

  /** `value in s`. */
  has(value: unknown): boolean {
    const { context, live } = this;
    const ref = context.ref(value);
    const result = context.core.set.contains(live, ref);
    context.core.refs.decref(ref);
    return context.check(result) === 1;
  }

  /** `s.discard(value)`: whether it was there. */
  delete(value: unknown): boolean {
    const { context, live } = this;
    const ref = context.ref(value);
    const result = context.core.set.discard(live, ref);
    context.core.refs.decref(ref);
    return context.check(result) === 1;
  }

  /** `s.pop()`. @throws PyException KeyError */
  pop(): PyValue {
    return this.context.value(this.context.core.set.pop(this.live));
  }

  clear(): void {
    this.context.core.set.clear(this.live);
  }

  union(other: SetHandle): SetHandle {
    const { context } = this;
    return context.handle(context.core.set.union(this.live, other.live)) as SetHandle;
  }

  intersection(other: SetHandle): SetHandle {
    const { context } = this;
    return context.handle(context.core.set.intersection(this.live, other.live)) as SetHandle;
  }

  difference(other: SetHandle): SetHandle {
    const { context } = this;
    return context.handle(context.core.set.difference(this.live, other.live)) as SetHandle;
  }

  symmetricDifference(other: SetHandle): SetHandle {
    const { context } = this;
    return context.handle(context.core.set.symmetricDifference(this.live, other.live)) as SetHandle;
  }

  /** As `length`, the name that Set has for it. */
  get size(): number {
    return this.context.core.set.length(this.live);
  }

  *values(): IterableIterator<PyValue> {
    const { context } = this;
    const { set } = context.core;
    const size = set.length(this.live);
    const cursor: TableCursor = { position: 0, key: 0, value: 0 };
    while (set.next(this.live, cursor)) {
      yield context.readValue(cursor.key);
      if (set.length(this.live) !== size) changed(this);
    }
  }

  [Symbol.iterator](): IterableIterator<PyValue> {
    return this.values();
  }
}

function changed(handle: DictHandle | SetHandle): never {
  const { context } = handle;
  context.core.errors.raise("RuntimeError", `the ${handle.type} changed its size during iteration`);
  return context.fail();
}
