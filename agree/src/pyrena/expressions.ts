/** Expressions: the objects that they make. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import type { Expression } from "../program.ts";
import type { Classes } from "./classes.ts";
import type { Collecting } from "./collecting.ts";
import { check } from "./failed.ts";
import type { ObjectOperations } from "./object-operations.ts";
import type { Variables } from "./variables.ts";

/** Evaluates expressions in the running frame. */
export class Expressions {
  readonly #py: Objects;
  readonly #operations: ObjectOperations;
  readonly #collecting: Collecting;
  readonly #variables: Variables;
  readonly #classes: Classes;

  constructor(
    py: Objects,
    operations: ObjectOperations,
    collecting: Collecting,
    variables: Variables,
    classes: Classes,
  ) {
    this.#py = py;
    this.#operations = operations;
    this.#collecting = collecting;
    this.#variables = variables;
    this.#classes = classes;
  }

  /** Makes an object: a new reference. */
  evaluate(x: Expression): Address {
    const py = this.#py;
    const operations = this.#operations;
    switch (x.e) {
      case "none":
        return operations.newNone();
      case "bool":
        return py.refs.newRef(py.int.fromBoolean(x.v));
      case "int":
        return operations.called("int", () => py.int.from(BigInt(x.v)));
      case "float":
        return operations.called("float", () => py.float.from(x.v === "-0" ? -0 : Number(x.v)));
      case "complex":
        return operations.called("complex", () => py.complex.from(x.re, x.im));
      case "str":
        return operations.called("str", () => py.str.from(x.v));
      case "bytes":
        return operations.called("bytes", () => py.bytes.from(latin1(x.v)));
      case "bytearray":
        return operations.called("bytearray", () => py.bytearray.from(latin1(x.v)));
      case "var":
        return this.#variables.load(x.v);
      case "class":
        return py.refs.newRef(this.#classes.defined[x.v]!);
      case "list":
        return this.#packed(x.items, (items) => py.list.pack(items));
      case "tuple":
        return this.#packed(x.items, (items) => py.tuple.pack(items));
      case "set": {
        const made = this.#packed(x.items, (items) => py.set.pack(items, false));
        // `set()` is a call.
        if (x.items.length === 0) py.gc.poll();
        return made;
      }
      case "frozenset": {
        if (x.items.length === 0)
          return operations.called("frozenset", () => py.set.pack([], true));
        const items = this.#packed(x.items, (all) => py.tuple.pack(all));
        return operations.called("frozenset", () => {
          const made = py.set.from(items, true);
          this.#collecting.transient();
          py.refs.decref(items);
          return made;
        });
      }
      case "slice": {
        const made = this.#packed(x.items, ([start = 0, stop = 0, step = 0]) =>
          this.#collecting.withArguments("slice", () => py.slice.create(start, stop, step), [
            start,
            stop,
            step,
          ]),
        );
        py.gc.poll();
        return made;
      }
      case "range":
        return operations.called("range", () => py.range.create(...x.items));
      case "dict":
        return this.#packed(x.items.flat(), (items) => this.dictOf(items));
    }
  }

  #packed(items: readonly Expression[], pack: (items: readonly Address[]) => Address): Address {
    const objects = items.map((item) => this.evaluate(item));
    const made = pack(objects);
    for (let i = objects.length - 1; i >= 0; i--) this.#py.refs.decref(objects[i]!);
    return check(made);
  }

  /** `{key: value, …}` of keys and values in turn: `BUILD_MAP`. NULL with an exception pending. */
  dictOf(items: readonly Address[]): Address {
    const py = this.#py;
    if (items.length === 0) return py.dict.create();
    const strings = items.every((item, i) => i % 2 === 1 || py.types.typeOf(item) === py.str.type);
    const dict = check(py.dict.createPresized(items.length / 2, strings));
    for (let i = 0; i < items.length; i += 2) {
      if (py.dict.setItem(dict, items[i]!, items[i + 1]!) < 0) {
        py.refs.decref(dict);
        return 0;
      }
    }
    return dict;
  }
}

/** A byte for each character. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
