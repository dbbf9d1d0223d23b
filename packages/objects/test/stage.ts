/** A heap with objects that tell when they die, for tests of what CPython does in which order. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import { testObjects } from "./heap.ts";

/** Name of a mark: what is logged when it dies. */
export type Name = number | string;

/** Python source, acted out with calls. Functions that make something return a new reference. */
export class Stage {
  readonly core: Objects;
  readonly log: Name[] = [];
  readonly none: Address;
  readonly markClass: Address;
  readonly globals: Address;

  constructor(version: string, abi: "lp64" | "ilp32") {
    this.core = testObjects(version, abi);
    this.none = this.core.constants.none;
    this.globals = this.core.modules.dict(this.core.modules.main());
    this.markClass = this.marking("Mark");
  }

  /** `def name(*locals[:argCount]): …` with a body that returns a new reference; nothing returned is None. */
  define(
    name: string,
    locals: readonly string[],
    argCount: number,
    body: (frame: Address) => Address | undefined,
    closure?: { names: readonly string[]; cells: Address },
  ): Address {
    const { functions, refs } = this.core;
    const spec = {
      name,
      locals,
      argCount,
      ...(closure === undefined ? {} : { freeNames: closure.names }),
      body: (frame: Address) => body(frame) ?? refs.newRef(this.none),
    };
    return functions.define(spec, this.globals, closure?.cells ?? 0);
  }

  /** `class name: methods`, where a method takes `self` and gets it borrowed. */
  cls(
    name: string,
    methods: Readonly<Record<string, (self: Address, frame: Address) => Address | undefined>> = {},
    more: { bases?: readonly Address[]; slots?: readonly string[]; args?: number } = {},
  ): Address {
    const { classes, frames } = this.core;
    const attributes = Object.entries(methods).map(([method, body]) => {
      const extra = method === "__exit__" ? ["kind", "value", "traceback"] : [];
      const fn = this.define(method, ["self", ...extra], 1 + extra.length, (frame) =>
        body(frames.local(frame, 0), frame),
      );
      return [method, fn] as const;
    });
    const made = classes.create({ name, attributes, ...more });
    for (const [, fn] of attributes) this.drop(fn);
    return made;
  }

  /** A class whose instances log their `name` as they are finalized. */
  marking(
    name: string,
    methods: Readonly<Record<string, (self: Address, frame: Address) => Address | undefined>> = {},
    bases?: readonly Address[],
  ): Address {
    return this.cls(
      name,
      {
        ...methods,
        __del__: (self) => {
          this.log.push(this.nameOf(self));
          return undefined;
        },
      },
      bases === undefined ? {} : { bases },
    );
  }

  nameOf(mark: Address): Name {
    const { protocol, str, int } = this.core;
    const name = protocol.getAttribute(mark, "name");
    const value = str.check(name) ? str.value(name) : Number(int.value(name));
    this.drop(name);
    return value;
  }

  mark(name: Name, cls: Address = this.markClass): Address {
    const { classes, int, str } = this.core;
    const made = classes.call(cls, []);
    this.set(made, "name", typeof name === "number" ? int.from(name) : str.from(name));
    return made;
  }

  /** `object.name = value`; takes the value over. */
  set(object: Address, name: string, value: Address): void {
    if (this.core.protocol.setAttribute(object, name, value) !== 0)
      throw new Error(`${name}: not set`);
    this.drop(value);
  }

  drop(object: Address): void {
    this.core.refs.decref(object);
  }

  dropAll(objects: readonly Address[]): void {
    for (const object of objects) this.drop(object);
  }

  /** The end of a statement. */
  end(): void {
    this.log.push("|");
  }

  /** `[items]`; takes them over. */
  list(items: readonly Address[]): Address {
    const made = this.core.list.pack(items);
    this.dropAll(items);
    return made;
  }

  /** `(items,)`; takes them over. */
  tuple(items: readonly Address[]): Address {
    const made = this.core.tuple.pack(items);
    this.dropAll(items);
    return made;
  }

  /** `{key: value}`; takes the values over. */
  dict(entries: readonly (readonly [Name, Address])[]): Address {
    const made = this.core.dict.create();
    for (const [key, value] of entries) this.setItem(made, key, value);
    return made;
  }

  setItem(dict: Address, key: Name, value: Address): void {
    const { int, str } = this.core;
    const made = typeof key === "number" ? int.from(key) : str.from(key);
    this.core.dict.setItem(dict, made, value);
    this.drop(made);
    this.drop(value);
  }

  deleteItem(dict: Address, key: number): void {
    const made = this.core.int.from(key);
    this.core.dict.deleteItem(dict, made);
    this.drop(made);
  }

  marks(...names: readonly Name[]): Address[] {
    return names.map((name) => this.mark(name));
  }

  /** A function of one argument that logs and returns None: for callbacks. */
  logger(name: Name, also: () => void = () => {}): Address {
    return this.define("callback", ["_"], 1, () => {
      this.log.push(name);
      also();
      return undefined;
    });
  }

  /** Call a function with arguments that move into its frame; what it returns is dropped. */
  call(fn: Address, args: readonly Address[] = []): void {
    const result = this.core.frames.callMoving(fn, args, 0);
    if (result !== 0) this.drop(result);
  }

  /** Define a function, run it once and drop it; an exception that leaves it must be caught by the caller. */
  run(locals: readonly string[], body: (frame: Address) => Address | undefined): void {
    const fn = this.define("body", locals, 0, body);
    this.call(fn);
    this.drop(fn);
  }

  /** `raise type(*args)`; takes the arguments over. */
  raise(type: "ValueError" | "KeyError", args: readonly Address[] = []): 0 {
    const { exceptions } = this.core;
    const exception = exceptions.create(exceptions.type(type), args);
    this.dropAll(args);
    exceptions.raise(exception);
    this.drop(exception);
    return 0;
  }
}
