/** Statements that hold others: calls of functions, `try` and `with`, and exceptions on their way through them. */
import type { Statement, Variable } from "../program.ts";
import { ANY, Invalid, int, NONE } from "../values.ts";
import { NAMES } from "./choice.ts";
import type { Draft, Made } from "./draft.ts";

/** `to = function(args)` */
export function call(draft: Draft): Made {
  if (draft.depth >= 3) throw new Invalid("deep enough");
  const { choice, model, random: r } = draft;
  model.needCalls();
  const args = Array.from({ length: r.below(4) }, () => choice.variable());
  const to = choice.perhapsTarget();
  const { body, result, value } = inFrame(draft, args, () => {
    const made = draft.block(r.between(1, 9));
    const returned = r.oneIn(4) ? null : choice.target();
    const held = returned === null ? undefined : model.look(returned);
    return { body: made, result: held === undefined ? null : returned, value: held ?? NONE };
  });
  if (!body.raises && to !== null) model.bind(to, value);
  const statement: Statement = { s: "call", to, args, body: body.statements, result };
  return { statements: [statement], raises: body.raises };
}

/** What is made for the body of a function: its own locals, none of the caller's blocks. */
function inFrame<T>(draft: Draft, args: readonly Variable[], make: () => T): T {
  const { model } = draft;
  const { blocks } = model;
  model.blocks = 0;
  draft.depth++;
  model.push(args.map((name) => model.read(name)));
  const made = make();
  draft.depth--;
  model.pop();
  model.blocks = blocks;
  return made;
}

/** `try` with a handler for the program's own exception, most of the time with one to catch. */
export function tryStatement(draft: Draft): Made {
  if (draft.depth >= 4) throw new Invalid("deep enough");
  const { choice, model, random: r } = draft;
  model.needCalls();
  draft.depth++;
  model.catchers++;
  model.blocks++;
  let body = draft.block(r.between(1, 5));
  if (!body.raises && r.below(4) > 0) body = thenRaises(draft, body);
  model.catchers--;
  const keeps = body.raises && r.oneIn(3) ? choice.target() : null;
  if (keeps !== null) model.bind(keeps, ANY);
  const handler = body.raises ? draft.block(r.below(3)) : { statements: [], raises: false };
  model.blocks--;
  draft.depth--;
  const statement: Statement = {
    s: "try",
    body: body.statements,
    keeps,
    handler: handler.statements,
  };
  return { statements: [statement], raises: handler.raises };
}

/** `with` a manager that suppresses exceptions or passes them on. */
export function withStatement(draft: Draft): Made {
  if (draft.depth >= 4) throw new Invalid("deep enough");
  const { choice, model, random: r } = draft;
  model.mess();
  const suppresses = r.oneIn(2);
  const number = draft.managers++;
  const to = r.oneIn(3) ? choice.target() : null;
  if (to !== null) model.bind(to, int(number));
  draft.depth++;
  if (suppresses) model.catchers++;
  model.blocks++;
  model.managers++;
  let body = draft.block(r.between(1, 4));
  if (!body.raises && model.catchers > 0 && r.oneIn(2)) body = thenRaises(draft, body);
  if (suppresses) model.catchers--;
  model.blocks--;
  model.managers--;
  draft.depth--;
  const statement: Statement = { s: "with", number, suppresses, to, body: body.statements };
  return { statements: [statement], raises: body.raises && !suppresses };
}

/** The same statements, and one that raises. */
function thenRaises(draft: Draft, made: Made): Made {
  const { statements, raises } = raising(draft);
  return { statements: [...made.statements, ...statements], raises };
}

/** `raise`, or a chain of calls whose innermost frame raises. */
function raising(draft: Draft): Made {
  const { model, random: r } = draft;
  if (model.blocks <= 1 && (draft.depth >= 5 || r.oneIn(3))) return draft.do({ s: "raise" });
  const args = NAMES.filter((name) => model.look(name) !== undefined).slice(0, r.below(3));
  const body = inFrame(draft, args, () => {
    const made = draft.block(r.between(1, 4));
    return made.raises ? made : thenRaises(draft, made);
  });
  const statement: Statement = { s: "call", to: null, args, body: body.statements, result: null };
  return { statements: [statement], raises: body.raises };
}
