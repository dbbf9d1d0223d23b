/** Every statement as the calls that CPython's interpreter would make for it. */
import { isMessy } from "../exact.ts";
import type { Statement } from "../program.ts";
import { check, done } from "./failed.ts";
import { Frames } from "./frames.ts";
import { bulk, nest } from "./loops.ts";
import { operation } from "./operate.ts";
import { log } from "./queries.ts";
import { SCRATCH } from "./variables.ts";
import type { World } from "./world.ts";

/** Performs statements in the running frame. */
export class Statements {
  readonly #world: World;
  readonly frames: Frames;

  constructor(world: World) {
    this.#world = world;
    this.frames = new Frames(world, (statement) => {
      this.#one(statement);
      if (isMessy(statement, world.program)) world.collecting.forget();
    });
  }

  /** @throws Failed with an exception pending */
  #one(statement: Statement): void {
    const world = this.#world;
    const { classes, collecting, expressions, operations, variables } = world;
    switch (statement.s) {
      case "set":
        if (statement.value.e === "var") variables.assign(statement.to, statement.value.v);
        else variables.store(statement.to, expressions.evaluate(statement.value));
        return;
      case "new":
        instantiate(world, statement);
        return;
      case "del":
        variables.unbind(statement.v);
        return;
      case "op":
        operation(world, statement);
        return;
      case "weakref":
        refer(world, statement);
        return;
      case "closure":
        this.frames.closure(statement);
        return;
      case "call":
        this.frames.call(statement);
        return;
      case "try":
        this.frames.tryStatement(statement);
        return;
      case "with":
        this.frames.withStatement(statement);
        return;
      case "swap":
        variables.assign(SCRATCH, statement.a);
        variables.assign(statement.a, statement.b);
        variables.assign(statement.b, SCRATCH);
        variables.store(SCRATCH, operations.newNone());
        return;
      case "bulk":
        bulk(world, statement);
        return;
      case "nest":
        nest(world, statement);
        return;
      case "rescue":
        variables.store(statement.to, classes.takeRescued());
        return;
      case "log":
        log(world, statement);
        return;
      case "collect":
        collecting.collect(statement.generation);
        return;
      case "switch":
        collecting.switch(statement.what, statement.values);
        return;
      case "census":
        collecting.census(statement.query, statement.generation);
        return;
      case "raise":
        classes.raise();
    }
  }
}

/** `to = C(); to.t = tag` */
function instantiate(world: World, statement: Extract<Statement, { s: "new" }>): void {
  const { classes, collecting, operations, py, variables, weakrefs } = world;
  const { to } = statement;
  const made = check(py.classes.call(classes.defined[statement.cls]!, []));
  collecting.poll();
  variables.store(to, made);
  const tag = operations.called("int", () => py.int.from(statement.tag));
  const object = variables.load(to);
  done(py.protocol.setAttribute(object, "t", tag));
  py.refs.decref(object);
  py.refs.decref(tag);
  if (statement.watched) weakrefs.watch(variables.load(to));
}

/** `to = weakref.ref(on, callback)` */
function refer(world: World, statement: Extract<Statement, { s: "weakref" }>): void {
  const { collecting, py, variables, weakrefs } = world;
  const { callback: number, kind, raises } = statement;
  const on = variables.load(statement.on);
  const callback = number === null ? 0 : weakrefs.callback(number, kind, raises);
  const made = weakrefs.create(kind, on, callback);
  py.refs.decref(on);
  py.refs.xdecref(callback);
  collecting.poll();
  variables.store(statement.to, check(made));
}
