/** Which statements of a program make sense, by going through them with the model. */
import { Model } from "./model.ts";
import type { Program, Statement } from "./program.ts";
import { ANY, Invalid, int, NONE, Raised, type Value } from "./values.ts";

/** How a list of statements ends. */
export type Completion = "ends" | "raises";

/** The statements of a program that make sense, one after the other; the others are left out. */
export function sensible(program: Program): Program {
  const model = new Model(program);
  return { ...program, body: sensibleStatements(model, program.body).statements };
}

function sensibleStatements(
  model: Model,
  statements: readonly Statement[],
): { statements: Statement[]; completion: Completion } {
  const kept: Statement[] = [];
  for (const statement of statements) {
    const result = performed(model, statement);
    if (result === undefined) continue;
    kept.push(result.statement);
    if (result.completion === "raises") return { statements: kept, completion: "raises" };
  }
  return { statements: kept, completion: "ends" };
}

/** Performs a statement as far as it makes sense; undefined if it makes none. */
function performed(
  model: Model,
  statement: Statement,
): { statement: Statement; completion: Completion } | undefined {
  try {
    switch (statement.s) {
      case "call": {
        model.needCalls();
        const args = statement.args.map((name) => model.read(name));
        const { blocks } = model;
        model.blocks = 0;
        model.push(args);
        let inner: { statements: Statement[]; completion: Completion };
        let result: Value = NONE;
        let named = statement.result;
        try {
          inner = sensibleStatements(model, statement.body);
          if (inner.completion === "ends" && named !== null) {
            const value = model.look(named);
            if (value === undefined) named = null;
            else result = value;
          }
        } finally {
          model.pop();
          model.blocks = blocks;
        }
        if (inner.completion === "ends" && statement.to !== null) model.bind(statement.to, result);
        return {
          statement: { ...statement, body: inner.statements, result: named },
          completion: inner.completion,
        };
      }
      case "try": {
        model.needCalls();
        model.catchers++;
        model.blocks++;
        let body: { statements: Statement[]; completion: Completion };
        try {
          body = sensibleStatements(model, statement.body);
        } finally {
          model.catchers--;
          model.blocks--;
        }
        if (body.completion === "ends")
          return {
            statement: { ...statement, body: body.statements, keeps: null, handler: [] },
            completion: "ends",
          };
        if (statement.keeps !== null) model.bind(statement.keeps, ANY);
        model.blocks++;
        const handler = sensibleStatements(model, statement.handler);
        model.blocks--;
        return {
          statement: { ...statement, body: body.statements, handler: handler.statements },
          completion: handler.completion,
        };
      }
      case "with": {
        model.mess();
        if (statement.to !== null) model.bind(statement.to, int(statement.number));
        if (statement.suppresses) model.catchers++;
        model.blocks++;
        model.managers++;
        let body: { statements: Statement[]; completion: Completion };
        try {
          body = sensibleStatements(model, statement.body);
        } finally {
          if (statement.suppresses) model.catchers--;
          model.blocks--;
          model.managers--;
        }
        return {
          statement: { ...statement, body: body.statements },
          completion: statement.suppresses ? "ends" : body.completion,
        };
      }
      default:
        model.step(statement);
        return { statement, completion: "ends" };
    }
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    if (error instanceof Raised) {
      if (statement.s === "op") return guarded(model, statement);
      return statement.s === "raise" ? { statement, completion: "raises" } : undefined;
    }
    throw error;
  }
}

/** An operation that fails. */
function guarded(
  model: Model,
  statement: Extract<Statement, { s: "op" }>,
): { statement: Statement; completion: Completion } | undefined {
  try {
    model.mess();
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
  return { statement: { ...statement, guarded: true }, completion: "ends" };
}
