/** A heap with all that programs find there, made once for many of them. */
import type { Address, CollectorFactory, Profile } from "@pyrena/abi";
import type { Objects } from "@pyrena/objects";
import type { Program } from "../program.ts";
import { Classes } from "./classes.ts";
import { Collecting } from "./collecting.ts";
import { Expressions } from "./expressions.ts";
import { check, done } from "./failed.ts";
import { Functions } from "./functions.ts";
import { createHeap } from "./heap.ts";
import { Log } from "./log.ts";
import { ObjectOperations } from "./object-operations.ts";
import { Variables } from "./variables.ts";
import { Weakrefs } from "./weakrefs.ts";

/** What statements work on. */
export class World {
  readonly py: Objects;
  readonly log: Log = new Log();
  readonly module: Address;
  /** The module's dict. */
  readonly globals: Address;
  readonly collecting: Collecting;
  readonly operations: ObjectOperations;
  readonly functions: Functions;
  readonly classes: Classes;
  readonly weakrefs: Weakrefs;
  readonly variables: Variables;
  readonly expressions: Expressions;
  /** The strs `n0`, `n1` … that harness.py has made beforehand, as far as the program has come upon them. */
  #names: Address[] = [];
  /** The program that runs. */
  program!: Program;

  constructor(profile: Profile, collector: CollectorFactory) {
    const py = createHeap(
      profile,
      ({ error }) => {
        this.log.tell("unraisable", error.split(":")[0]!);
        this.collecting.forget();
      },
      collector,
    );
    this.py = py;
    this.module = py.modules.create("program");
    this.globals = py.modules.dict(this.module);
    this.collecting = new Collecting(py, profile.python, this.log);
    this.operations = new ObjectOperations(py, this.collecting);
    this.functions = new Functions(py, this.globals);
    this.collecting.listener = this.functions.define(
      "collecting",
      ["phase", "info"],
      2,
      (frame) => {
        this.collecting.hear(py.frames.local(frame, 0), py.frames.local(frame, 1));
        return this.operations.newNone();
      },
    );
    this.collecting.collector = this.functions.define("collect", [], 0, () => {
      this.collecting.collectNow();
      return this.operations.newNone();
    });
    this.classes = new Classes(py, this.operations, this.functions, this.log);
    this.weakrefs = new Weakrefs(py, this.operations, this.functions, this.classes, this.log);
    // The collector sees the module's dict as it sees one that has functions in it.
    done(py.dict.setItem(this.globals, py.str.name("M"), this.classes.manager));
    this.functions.keepAll();
    this.variables = new Variables(py, this.globals);
    this.expressions = new Expressions(
      py,
      this.operations,
      this.collecting,
      this.variables,
      this.classes,
    );
  }

  /** Begins a program. */
  begin(program: Program): void {
    this.program = program;
    this.#names = [];
    this.log.begin();
    this.functions.begin();
    this.classes.begin();
  }

  /** The str `n…` of a number, borrowed. */
  nameOf(i: number): Address {
    return (this.#names[i] ??= check(this.py.str.from(`n${i}`)));
  }

  /** References that are held for all programs, or until this one has ended. */
  held(): Address[] {
    const { classes, collecting, functions, module, weakrefs } = this;
    return [
      module,
      classes.rescued,
      classes.boom,
      classes.manager,
      collecting.listener,
      collecting.collector,
      ...classes.defined,
      ...functions.codes,
      weakrefs.watched,
      ...this.#names.filter((name) => name !== undefined),
    ];
  }
}
