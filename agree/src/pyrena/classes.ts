/** Classes: those of a program, with their finalizers, and the exception and the manager that all programs have. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import type { ClassDefinition, Expression } from "../program.ts";
import { check, done, Failed } from "./failed.ts";
import type { Functions } from "./functions.ts";
import type { Log } from "./log.ts";
import type { ObjectOperations } from "./object-operations.ts";
import { tagOf } from "./show.ts";

/** The classes of one heap. */
export class Classes {
  readonly #py: Objects;
  readonly #operations: ObjectOperations;
  readonly #functions: Functions;
  readonly #log: Log;
  /** The exception that programs raise. */
  readonly boom: Address;
  /** The class of what `with` statements are given. */
  readonly manager: Address;
  /** What finalizers have saved: a list. */
  readonly rescued: Address;
  /** The program's, in order. */
  readonly defined: Address[] = [];

  constructor(py: Objects, operations: ObjectOperations, functions: Functions, log: Log) {
    this.#py = py;
    this.#operations = operations;
    this.#functions = functions;
    this.#log = log;
    this.rescued = py.list.create(0);
    const exception = py.exceptions.type("Exception");
    this.boom = check(py.classes.create({ name: "Boom", bases: [exception] }));
    this.manager = this.#managerClass();
  }

  /** Begins a program. */
  begin(): void {
    this.defined.length = 0;
  }

  #managerClass(): Address {
    const py = this.#py;
    const enter = this.#functions.define("__enter__", ["self"], 1, (frame) => {
      const number = py.protocol.getAttribute(py.frames.local(frame, 0), "number");
      this.#log.tell("enter", Number(py.int.value(number)));
      return number;
    });
    const parameters = ["self", "kind", "value", "traceback"];
    const exit = this.#functions.define("__exit__", parameters, 4, (frame) => {
      const kind = py.frames.local(frame, 1);
      this.#log.tell("exit", kind === this.#operations.none ? "None" : py.types.name(kind));
      return py.protocol.getAttribute(py.frames.local(frame, 0), "suppresses");
    });
    const made = check(
      py.classes.create({
        name: "Manager",
        attributes: [
          ["__enter__", enter],
          ["__exit__", exit],
        ],
      }),
    );
    py.refs.decref(enter);
    py.refs.decref(exit);
    return made;
  }

  /**
   * The next class statement of the program.
   * @param evaluate makes the value of an attribute: a new reference
   */
  define(definition: ClassDefinition, evaluate: (x: Expression) => Address): void {
    const py = this.#py;
    const index = this.defined.length;
    const attributes: [string, Address][] = [];
    for (const [name, value] of definition.attributes) attributes.push([name, evaluate(value)]);
    const method = (name: string, body: (frame: Address) => Address): void => {
      attributes.push([name, this.#functions.define(name, ["self"], 1, body)]);
    };
    method("m", (frame) => py.frames.load(frame, 0));
    if (definition.finalizer !== "none")
      method("__del__", (frame) => this.#finalizer(definition, index, frame));
    const made = check(
      py.classes.create({
        name: `C${index}`,
        bases: definition.base < 0 ? [] : [this.defined[definition.base]!],
        ...(definition.slots !== null && { slots: definition.slots }),
        attributes,
      }),
    );
    for (const [, value] of attributes) py.refs.decref(value);
    this.defined.push(made);
  }

  #finalizer(definition: ClassDefinition, index: number, frame: Address): Address {
    const py = this.#py;
    const operations = this.#operations;
    const self = py.frames.local(frame, 0);
    this.#log.tell(`del C${index}`, tagOf(py, self));
    switch (definition.finalizer) {
      case "count":
        this.#log.tell("count", py.frames.getrefcount(frame, 0));
        break;
      case "resurrect":
        done(py.list.append(this.rescued, self));
        break;
      case "raise":
        return this.raise();
      case "drop":
        done(py.protocol.setAttribute(self, "u", operations.none));
        // Where a call of a builtin ends, what is due runs: before the instance is freed, and counted down.
        py.gc.poll();
        break;
    }
    return operations.newNone();
  }

  /** `raise Boom` */
  raise(): never {
    const py = this.#py;
    const exception = check(py.classes.call(this.boom, []));
    py.exceptions.raise(exception);
    py.refs.decref(exception);
    throw new Failed();
  }

  /** The oldest object that a finalizer has saved, or None: a new reference. */
  takeRescued(): Address {
    const { list } = this.#py;
    if (list.length(this.rescued) === 0) return this.#operations.newNone();
    return this.#operations.called("pop", () => list.pop(this.rescued, 0));
  }
}
