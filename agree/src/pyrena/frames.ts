/**
 * Statements that hold others, and the frames that they run in: functions, calls, `try` and `with`. How a single statement
 * is performed is handed in, since those that hold none need nothing of this.
 */
import type { Address } from "@pyrena/abi";
import {
  CELLS,
  capturedCells,
  LOCALS,
  type Statement,
  type Variable,
  visitStatements,
} from "../program.ts";
import { check, done, Failed } from "./failed.ts";
import { countedLoads } from "./loads.ts";
import { ERROR, SCRATCH } from "./variables.ts";
import type { World } from "./world.ts";

/** The functions of one program at a time. */
export class Frames {
  readonly #world: World;
  /** @throws Failed with an exception pending */
  readonly #perform: (statement: Statement) => void;
  /** Code objects of statements that define functions, and functions that statements call. */
  readonly #prepared: Map<Statement, Address> = new Map();
  /** Functions that statements call, and `main`. */
  functions: Address[] = [];

  constructor(world: World, perform: (statement: Statement) => void) {
    this.#world = world;
    this.#perform = perform;
  }

  /** Makes the functions that a program calls, and the code of those that it defines. Gives `main`, borrowed. */
  prepare(statements: readonly Statement[]): Address {
    const { functions, py } = this.#world;
    this.#prepared.clear();
    this.functions = [];
    const create = (code: Address): Address => {
      const made = functions.create(code);
      this.functions.push(made);
      return made;
    };
    visitStatements(statements, (one) => {
      if (one.s === "closure") {
        const body = (frame: Address): Address => py.frames.loadCell(frame, 0);
        this.#prepared.set(one, functions.code(one.to, [], 0, body, [one.cell]));
      } else if (one.s === "call") {
        this.#prepared.set(one, create(this.#code("F", one.args.length, one.body, one.result)));
      }
    });
    return create(this.#code("main", 0, statements, null));
  }

  /** Code whose frames run the statements. */
  #code(
    name: string,
    argCount: number,
    body: readonly Statement[],
    result: Variable | null,
  ): Address {
    const { collecting, functions, operations, py, variables } = this.#world;
    const { locals, cells } = localsOf(body);
    const index = new Map(locals.map((local, i) => [local, i]));
    const counted = countedLoads(body);
    return functions.code(name, locals, argCount, (frame) => {
      locals.forEach((local, i) => {
        if (local === ERROR) return;
        if (i >= argCount) py.frames.store(frame, i, operations.newNone());
        if (cells.has(local)) done(py.frames.makeCell(frame, i));
      });
      // The function begins after its cells have been made.
      collecting.poll();
      variables.enter({ frame, index, cells, counted });
      try {
        if (this.#block(body) < 0) return 0;
        return result === null ? operations.newNone() : variables.load(result);
      } finally {
        variables.leave();
      }
    });
  }

  /** 0, or -1 with an exception pending. */
  #block(statements: readonly Statement[]): number {
    for (const statement of statements) {
      try {
        this.#perform(statement);
      } catch (error) {
        if (error instanceof Failed) return -1;
        throw error;
      }
    }
    return 0;
  }

  /** `def to(): return cell` */
  closure(statement: Extract<Statement, { s: "closure" }>): void {
    const { functions, py, variables } = this.#world;
    const closure = check(py.tuple.pack([variables.peek(statement.cell)]));
    const made = functions.create(this.#prepared.get(statement)!, closure);
    py.refs.decref(closure);
    variables.store(statement.to, made);
  }

  call(statement: Extract<Statement, { s: "call" }>): void {
    const { collecting, program, py, variables } = this.#world;
    const made = this.#prepared.get(statement)!;
    if (program.collecting === "automatic") collecting.poll();
    let lent = 0;
    const args = statement.args.map((name, i) => {
      if (!variables.isUncounted(statement, name, i)) return variables.load(name);
      lent |= 1 << i;
      return variables.peek(name);
    });
    const result = check(py.frames.callMoving(made, args, lent));
    if (statement.to === null) py.refs.decref(result);
    else variables.store(statement.to, result);
  }

  tryStatement(statement: Extract<Statement, { s: "try" }>): void {
    const { classes, collecting, log, py, variables } = this.#world;
    const { keeps } = statement;
    const result = py.frames.tryExcept(() => this.#block(statement.body), {
      kinds: [classes.boom],
      ...(keeps !== null && { local: variables.slot(ERROR) }),
      handle: (exception) => {
        collecting.poll();
        log.tell("caught", py.types.name(py.types.typeOf(exception)));
        collecting.poll();
        log.forgetIdentities();
        if (keeps !== null) variables.store(keeps, py.refs.newRef(exception));
        return this.#block(statement.handler);
      },
    });
    done(result);
    collecting.poll();
    log.forgetIdentities();
  }

  withStatement(statement: Extract<Statement, { s: "with" }>): void {
    const { classes, collecting, py, variables } = this.#world;
    const { to } = statement;
    const manager = check(py.classes.call(classes.manager, []));
    const number = py.int.from(statement.number);
    const suppresses = py.int.fromBoolean(statement.suppresses);
    done(py.protocol.setAttribute(manager, "number", number));
    done(py.protocol.setAttribute(manager, "suppresses", suppresses));
    py.refs.decref(number);
    const fast = to !== null && variables.isFast(to) ? variables.slot(to) : undefined;
    const body = (entered: Address): number => {
      if (to !== null && fast === undefined) variables.store(to, py.refs.newRef(entered));
      collecting.forget();
      return this.#block(statement.body);
    };
    const result = py.frames.with(manager, body, {
      steals: true,
      ...(fast === undefined ? { discards: to === null } : { local: fast }),
    });
    done(result);
    collecting.forget();
  }
}

/** Locals of a frame with these statements: the captured ones come last, in order of their names. */
function localsOf(body: readonly Statement[]): { locals: Variable[]; cells: Set<Variable> } {
  const cells = capturedCells(body);
  const plain = [...LOCALS, ...CELLS].filter((name) => !cells.has(name));
  return { locals: [...plain, SCRATCH, ERROR, ...[...cells].sort()], cells };
}
