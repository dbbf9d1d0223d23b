/**
 * Which loads of locals make a reference of their own in 3.14 and later. The compiler makes a load without one
 * (`LOAD_FAST_BORROW`) where it can; not
 *
 * - in code that is reached only by way of an exception handler, since it goes through the code from its beginning and
 *   not into handlers;
 * - of a local that may be unbound there (`LOAD_FAST_CHECK`): deleted on some way to it, and neither bound nor loaded
 *   since.
 *
 * It matters where a count is asked for and where a local is passed to a function.
 */
import { CELLS, type Expression, LOCALS, type Statement, type Variable } from "../program.ts";

const NAMES: readonly Variable[] = [...LOCALS, ...CELLS];

/** All loads of a statement make references. */
const ALL = -1;

/** A place in the code: the locals that may be unbound there, as bits, and how it is reached. */
interface Flow {
  readonly unbound: number;
  readonly reached: boolean;
  /** Without a handler. */
  readonly warm: boolean;
}

/** What may be unbound at some place within a protected block. */
interface Union {
  unbound: number;
}

/** 0 for globals. */
function bitOf(name: Variable): number {
  const index = NAMES.indexOf(name);
  return index < 0 ? 0 : 1 << index;
}

function bitsOf(x: Expression): number {
  if (x.e === "var") return bitOf(x.v);
  if (x.e === "dict") return x.items.flat().reduce((bits, item) => bits | bitsOf(item), 0);
  if (x.e === "range" || !("items" in x)) return 0;
  return x.items.reduce((bits, item) => bits | bitsOf(item), 0);
}

function join(a: Flow, b: Flow): Flow {
  return {
    unbound: (a.reached ? a.unbound : 0) | (b.reached ? b.unbound : 0),
    reached: a.reached || b.reached,
    warm: (a.reached && a.warm) || (b.reached && b.warm),
  };
}

/**
 * The loads of a frame's statements that make references: of a call's arguments, or of the variable of a log, a bit for
 * each in order. Statements that are missing have none. Variables that the frame's closures capture do not count.
 */
export function countedLoads(statements: readonly Statement[]): Map<Statement, number> {
  const counted = new Map<Statement, number>();

  /** Loads in order: bits of those that are checked, and what may be unbound afterwards. */
  const load = (names: readonly Variable[], unbound: number): [checked: number, after: number] => {
    let checked = 0;
    let after = unbound;
    names.forEach((name, i) => {
      if ((after & bitOf(name)) !== 0) checked |= 1 << i;
      after &= ~bitOf(name);
    });
    return [checked, after];
  };

  const step = (statement: Statement, flow: Flow, unions: readonly Union[]): Flow => {
    const { unbound, warm } = flow;
    for (const union of unions) union.unbound |= unbound;
    const on = (after: number): Flow => ({ ...flow, unbound: after });
    switch (statement.s) {
      case "set":
        return on(unbound & ~bitsOf(statement.value) & ~bitOf(statement.to));
      case "new":
      case "rescue":
        return on(unbound & ~bitOf(statement.to));
      case "closure":
        return on(unbound & ~bitOf(statement.to));
      case "weakref":
        return on(unbound & ~bitOf(statement.on) & ~bitOf(statement.to));
      case "del":
        return on(unbound | bitOf(statement.v));
      case "op": {
        // Where it fails, nothing is known of how far it came.
        if (statement.guarded) return flow;
        const loads = statement.args.reduce((bits, arg) => bits | bitsOf(arg), bitOf(statement.on));
        const to = statement.to === null ? 0 : bitOf(statement.to);
        return on(unbound & ~loads & ~to);
      }
      case "swap":
        return on(unbound & ~bitOf(statement.a) & ~bitOf(statement.b));
      // A loop may be gone through not once, for all that the compiler knows.
      case "bulk":
      case "nest":
      case "collect":
      case "switch":
      case "census":
        return flow;
      case "log": {
        const names = statement.w === null ? [statement.v] : [statement.v, statement.w];
        const [checked, after] = load(names, unbound);
        if (checked !== 0 && warm) counted.set(statement, checked);
        return on(after);
      }
      case "call": {
        const [checked, after] = load(statement.args, unbound);
        if (checked !== 0 && warm) counted.set(statement, checked);
        return on(after & ~(statement.to === null ? 0 : bitOf(statement.to)));
      }
      case "raise":
        return { unbound: 0, reached: false, warm: false };
      case "with":
      case "try": {
        const union: Union = { unbound };
        const bound = statement.s === "with" && statement.to !== null ? bitOf(statement.to) : 0;
        const normal = go(statement.body, on(unbound & ~bound), [union]);
        const caught: Flow = { unbound: union.unbound, reached: true, warm: false };
        for (const outer of unions) outer.unbound |= union.unbound;
        return join(normal, statement.s === "try" ? go(statement.handler, caught, unions) : caught);
      }
    }
  };

  const go = (list: readonly Statement[], begin: Flow, unions: readonly Union[]): Flow => {
    let flow = begin;
    for (const statement of list) {
      if (!flow.warm) counted.set(statement, ALL);
      flow = step(statement, flow, unions);
    }
    return flow;
  };

  go(statements, { unbound: 0, reached: true, warm: true }, []);
  return counted;
}
