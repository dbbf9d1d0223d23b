/** Handles of bytes, bytearray, functions, classes, cells, weak references, modules and JavaScript values. */
import type { Address } from "@pyrena/abi";
import { Handle, type PyValue } from "./handle.ts";

/** bytes. */
export class BytesHandle extends Handle {
  /** The byte at an index; undefined where there is none. */
  at(index: number): number | undefined {
    return this.toJS().at(index);
  }

  /** A copy of the bytes. */
  override toJS(): Uint8Array {
    return this.context.core.bytes.value(this.live);
  }
}

/** bytearray. */
export class ByteArrayHandle extends Handle {
  /** `b[i]`. @throws PyException IndexError */
  get(index: number): number {
    return this.context.check(this.context.core.bytearray.getItem(this.live, index));
  }

  /** `b[i] = byte`. */
  set(index: number, byte: number): this {
    this.context.check(this.context.core.bytearray.setItem(this.live, index, byte));
    return this;
  }

  /** `b.append(byte)` for each. */
  append(...bytes: number[]): this {
    for (const byte of bytes)
      this.context.check(this.context.core.bytearray.append(this.live, byte));
    return this;
  }

  /** `b.extend(bytes)`. */
  extend(bytes: Uint8Array): this {
    this.context.check(this.context.core.bytearray.extend(this.live, bytes));
    return this;
  }

  /** A copy of the bytes. */
  override toJS(): Uint8Array {
    return this.context.core.bytearray.value(this.live);
  }
}

/** A function or bound method. */
export class FunctionHandle extends Handle {}

/** A class: calling it makes an instance. */
export class ClassHandle extends Handle {
  /** `cls(*args)`, as a handle. */
  new(...args: unknown[]): Handle {
    const made = this.call(...args);
    if (made instanceof Handle) return made;
    return this.context.wrap(this.context.ref(made));
  }

  /** Names of the classes in which attributes are looked up, in order: `[c.__name__ for c in cls.__mro__]`. */
  get mro(): string[] {
    const { classes, tuple, types } = this.context.core;
    const mro = classes.mro(this.live);
    return Array.from({ length: tuple.length(mro) }, (_, n) => types.name(tuple.getItem(mro, n)));
  }
}

/** An instance of a class made at run time. */
export class InstanceHandle extends Handle {
  /** `self.__dict__`. @throws PyException AttributeError if it has none */
  get dict(): Handle {
    return this.context.handle(this.context.core.classes.dict(this.live));
  }
}

/** A cell: what a closure shares with the function around it. */
export class CellHandle extends Handle {
  /** Its content; undefined if it is empty. */
  get(): PyValue | undefined {
    const content = this.context.core.cells.get(this.live);
    return content === 0 ? undefined : this.context.value(content);
  }

  /** Fill it; undefined empties it. */
  set(value: unknown): void {
    const { context, live } = this;
    const ref: Address = value === undefined ? 0 : context.ref(value);
    context.core.cells.set(live, ref);
    context.core.refs.xdecref(ref);
  }
}

/** A weak reference. */
export class WeakrefHandle extends Handle {
  /** `ref()`: the object, always as a handle; null if it is dead. */
  get(): Handle | null {
    const { core } = this.context;
    const object = core.weakrefs.get(this.live);
    if (object === 0) return this.context.fail();
    if (object !== core.constants.none) return this.context.wrap(object);
    core.refs.decref(object);
    return null;
  }

  get isDead(): boolean {
    return this.context.core.weakrefs.isDead(this.live);
  }
}

/** A module. */
export class ModuleHandle extends Handle {
  /** `module.__dict__`. */
  get dict(): Handle {
    const { core } = this.context;
    return this.context.wrap(core.refs.newRef(core.modules.dict(this.live)));
  }
}

/** An object that holds a JavaScript value. */
export class JsValueHandle extends Handle {
  /** The value itself. */
  get value(): unknown {
    return this.context.core.jsValues.value(this.live);
  }
}

/** An exception object, as `py.catch` gives it. */
export class ExceptionHandle extends Handle {
  /** What `str(exception)` shows. */
  get message(): string {
    return this.context.core.exceptions.message(this.live);
  }
}
