/** Programs from their beginning to their end, one after the other. */
import type { Address, CollectorFactory, Profile } from "@pyrena/abi";
import { GLOBALS, type Program, visitStatements } from "../program.ts";
import { Statements } from "./statements.ts";
import { World } from "./world.ts";

/** Runs programs in one heap. */
export class Run {
  readonly world: World;
  readonly #statements: Statements;

  constructor(profile: Profile, collector: CollectorFactory) {
    this.world = new World(profile, collector);
    this.#statements = new Statements(this.world);
  }

  /** The program's log: what `run` of harness.py does. */
  perform(program: Program): readonly string[] {
    const { classes, collecting, expressions, log, py, weakrefs } = this.world;
    this.world.begin(program);
    for (const definition of program.classes)
      classes.define(definition, (x) => expressions.evaluate(x));
    const main = this.#statements.frames.prepare(program.body);
    for (const list of py.alloc.freeLists) list.clear();
    const collects = program.collecting !== "off";
    if (collects) collecting.begin(hasUnfreeze(program));
    const result = py.frames.callFunction(main, []);
    if (result === 0) {
      const exception = py.errors.fetch();
      log.tell("failed", py.types.name(py.types.typeOf(exception)));
      py.refs.decref(exception);
    } else py.refs.decref(result);
    if (collects) collecting.end();
    collecting.forget();
    this.#dropGlobals();
    if (collects) collecting.finish();
    log.tell("rescued", py.list.length(classes.rescued));
    while (py.list.length(classes.rescued) > 0) py.refs.decref(py.list.pop(classes.rescued));
    log.tell("watched", weakrefs.alive());
    log.telling = false;
    return log.lines;
  }

  #dropGlobals(): void {
    const { globals, log, py } = this.world;
    for (const name of GLOBALS) {
      log.tell("drop", name);
      const key = py.str.interned(name);
      if (py.dict.getItem(globals, key) !== 0) py.dict.deleteItem(globals, key);
      py.refs.decref(key);
    }
  }

  /** References that the run itself holds, apart from frames and what it has released. */
  held(): Address[] {
    return [...this.world.held(), ...this.#statements.frames.functions];
  }
}

/** Whether the program calls `gc.unfreeze()`. */
function hasUnfreeze(program: Program): boolean {
  let found = false;
  visitStatements(program.body, (one) => {
    if (one.s === "switch" && one.what === "unfreeze") found = true;
  });
  return found;
}
