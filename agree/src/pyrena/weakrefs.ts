/** Weak references and their callbacks, which have numbers. */
import type { Address } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import type { Classes } from "./classes.ts";
import { check, done } from "./failed.ts";
import type { Functions } from "./functions.ts";
import type { Log } from "./log.ts";
import type { ObjectOperations } from "./object-operations.ts";
import { itemsOf } from "./show.ts";

/** The weak references of one heap. */
export class Weakrefs {
  readonly #py: Objects;
  readonly #functions: Functions;
  /** A list of weak references to instances, of which the log tells at the end whether they are alive. */
  readonly watched: Address;
  /** Code of callbacks. */
  readonly #codes: {
    readonly refs: Address;
    readonly proxies: Address;
    readonly raising: Address;
  };

  constructor(
    py: Objects,
    operations: ObjectOperations,
    functions: Functions,
    classes: Classes,
    log: Log,
  ) {
    this.#py = py;
    this.#functions = functions;
    this.watched = py.list.create(0);
    // The number is captured.
    const code = (tells: "whether dead" | "nothing" | "and raises"): Address =>
      functions.code(
        "called",
        ["weak"],
        1,
        (frame) => {
          const number = check(py.frames.loadCell(frame, 1));
          const isDead = tells !== "whether dead" || py.weakrefs.isDead(py.frames.local(frame, 0));
          log.tell(`callback ${py.int.value(number)}`, isDead);
          py.refs.decref(number);
          if (tells === "and raises") classes.raise();
          return operations.newNone();
        },
        ["number"],
      );
    this.#codes = {
      refs: code("whether dead"),
      proxies: code("nothing"),
      raising: code("and raises"),
    };
  }

  /** `weakref.ref(on, callback)`, `weakref.proxy(…)`: a new reference, or NULL with an exception pending. */
  create(kind: "ref" | "proxy", on: Address, callback: Address): Address {
    const py = this.#py;
    if (kind === "proxy") return py.weakrefs.proxy(on, callback);
    const args = py.tuple.pack(callback === 0 ? [on] : [on, callback]);
    const made = py.weakrefs.ref(on, callback);
    py.refs.decref(args);
    return made;
  }

  /** A function with one captured variable, as harness.py makes them. */
  callback(number: number, kind: "ref" | "proxy", raises: boolean): Address {
    const py = this.#py;
    const captured = check(py.int.from(number));
    const cell = check(py.cells.create(captured));
    py.gc.poll();
    const closure = check(py.tuple.pack([cell]));
    py.refs.decref(captured);
    const { raising, proxies, refs } = this.#codes;
    const code = raises ? raising : kind === "proxy" ? proxies : refs;
    const made = this.#functions.create(code, closure);
    py.refs.decref(closure);
    // The frame's own.
    py.refs.decref(cell);
    return made;
  }

  /** Keeps a weak reference to the object. Steals the object. */
  watch(object: Address): void {
    const py = this.#py;
    const weak = check(this.create("ref", object, 0));
    py.refs.decref(object);
    py.gc.poll();
    done(py.list.append(this.watched, weak));
    py.refs.decref(weak);
  }

  /** Which of the watched are alive: a digit for each. */
  alive(): string {
    return itemsOf(this.#py, this.watched)
      .map((weak) => (this.#py.weakrefs.isDead(weak) ? "0" : "1"))
      .join("");
  }
}
