/** Operations as statements: their operands are evaluated, the result is stored, then the operands are released. */
import type { Address } from "@pyrena/abi";
import { isCall } from "../exact.ts";
import { splitOperation } from "../operations.ts";
import type { Statement } from "../program.ts";
import { check, done, Failed } from "./failed.ts";
import { inplace } from "./operators.ts";
import { ERROR } from "./variables.ts";
import type { World } from "./world.ts";

type Operation = Extract<Statement, { s: "op" }>;

/** @throws Failed with an exception pending, unless guarded */
export function operation(world: World, statement: Operation): void {
  if (statement.guarded) guarded(world, statement);
  else operate(world, statement);
}

/** The operation in a `try`; the log is told of what it raises. */
function guarded(world: World, statement: Operation): void {
  const { collecting, log, py, variables } = world;
  const body = (): number => {
    try {
      operate(world, statement);
      return 0;
    } catch (error) {
      if (error instanceof Failed) return -1;
      throw error;
    }
  };
  const result = py.frames.tryExcept(body, {
    local: variables.slot(ERROR),
    handle: (exception) => {
      log.tell("error", py.types.name(py.types.typeOf(exception)));
      return 0;
    },
  });
  done(result);
  collecting.forget();
}

function operate(world: World, statement: Operation): void {
  const { collecting, expressions, operations, py, variables } = world;
  const { name, attribute } = splitOperation(statement.op);
  if (name === "inplaceConcat" || name === "inplaceRepeat") {
    augment(world, statement, name === "inplaceRepeat");
    return;
  }
  const held: Address[] = [];
  const hold = (object: Address): Address => {
    held.push(object);
    return object;
  };
  let result = 0;
  let callsWeakref = false;
  // The class method is bound before its arguments are evaluated.
  if (name === "fromKeys") hold(collecting.temporary());
  try {
    let on: Address;
    const args: Address[] = [];
    if (name === "setitem" || name === "setslice" || name === "setattr") {
      // The value is evaluated first, then the container, then where in it.
      const last = statement.args.length - 1;
      args[last] = hold(expressions.evaluate(statement.args[last]!));
      on = hold(variables.load(statement.on));
      for (let i = 0; i < last; i++) args[i] = hold(expressions.evaluate(statement.args[i]!));
    } else {
      on = hold(variables.load(statement.on));
      for (const arg of statement.args) args.push(hold(expressions.evaluate(arg)));
    }
    if (name === "getslice" || name === "setslice" || name === "delslice") {
      const [start = 0, stop = 0, step = operations.none] = args;
      const third = name === "setslice" ? operations.none : step;
      hold(check(py.slice.create(start, stop, third)));
    }
    callsWeakref = name === "call" && py.types.typeOf(on) === py.weakrefs.refType;
    result = check(operations.perform(name, attribute, on, args));
  } finally {
    for (let i = held.length - 1; i >= 0; i--) py.refs.xdecref(held[i]!);
  }
  if (isCall(name) || callsWeakref) collecting.poll();
  if (statement.to === null) py.refs.decref(result);
  else variables.store(statement.to, result);
}

/** `on += arg`, `on *= arg` */
function augment(world: World, statement: Operation, repeats: boolean): void {
  const { expressions, py, variables } = world;
  const on = variables.load(statement.on);
  const arg = expressions.evaluate(statement.args[0]!);
  const result = inplace(py, on, arg, repeats);
  py.refs.decref(arg);
  py.refs.decref(on);
  variables.store(statement.on, result);
}
