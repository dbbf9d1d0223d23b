/** Statements that are loops: the interpreter looks for what is due where they begin, and where they go back. */
import type { Address } from "@pyrena/abi";
import type { Statement } from "../program.ts";
import { check, done } from "./failed.ts";
import type { World } from "./world.ts";

/** Many small steps of one kind. */
export function bulk(world: World, statement: Extract<Statement, { s: "bulk" }>): void {
  const { collecting, py, variables } = world;
  const { op, on, from, to } = statement;
  // `range(…)` is a call.
  collecting.poll();
  const container = variables.load(on);
  for (let i = from; i < to; i++) {
    step(world, op, container, i);
    collecting.poll();
  }
  py.refs.decref(container);
}

function step(
  world: World,
  op: Extract<Statement, { s: "bulk" }>["op"],
  container: Address,
  i: number,
): void {
  const { py } = world;
  const number = check(py.int.from(i));
  switch (op) {
    case "append":
      done(py.list.append(container, number));
      break;
    case "popLast":
      py.refs.decref(check(py.list.pop(container)));
      break;
    case "appendByte":
      done(py.bytearray.append(container, i & 255));
      break;
    case "add":
      done(py.set.add(container, number));
      break;
    case "setInts":
      done(py.dict.setItem(container, number, number));
      break;
    case "setNames":
      done(py.dict.setItem(container, world.nameOf(i), number));
      break;
    case "setAttributes":
      done(py.protocol.setAttribute(container, `n${i}`, number));
      break;
    case "delInts":
      py.refs.xdecref(py.dict.pop(container, number));
      break;
  }
  py.refs.decref(number);
}

/** What a variable holds, ever deeper. */
export function nest(world: World, statement: Extract<Statement, { s: "nest" }>): void {
  const { classes, collecting, expressions, py, variables } = world;
  const { kind, on, cls, tag, depth } = statement;
  collecting.poll();
  for (let i = tag; i < tag + depth; i++) {
    const number = check(py.int.from(i));
    const inner = variables.load(on);
    let made: Address;
    if (kind === "list") made = check(py.list.pack([inner]));
    else if (kind === "tuple") made = check(py.tuple.pack([inner]));
    else if (kind === "dict") made = expressions.dictOf([number, inner]);
    else {
      made = check(py.classes.call(classes.defined[cls]!, []));
      collecting.poll();
      done(py.protocol.setAttribute(made, "t", number));
      done(py.protocol.setAttribute(made, "u", inner));
    }
    py.refs.decref(inner);
    py.refs.decref(number);
    variables.store(on, made);
    collecting.poll();
  }
}
