/** Objects that refer to themselves or to one another, and are often dropped at once: work for the collector. */
import type { Expression, Statement, Variable } from "../program.ts";
import { Invalid } from "../values.ts";
import { NAMES } from "./choice.ts";
import type { Draft, Made } from "./draft.ts";
import { int, NONE, variable } from "./literals.ts";

const KEY: Expression = { e: "str", v: "key" };

/** A cycle, as far as it can be made here. */
export function cycle(draft: Draft): Made {
  const statements: Statement[] = [];
  try {
    const add = (statement: Statement): void => {
      statements.push(...draft.do(statement).statements);
    };
    makeCycle(draft, add);
  } catch (error) {
    // What has been made before stays.
    if (!(error instanceof Invalid) || statements.length === 0) throw error;
  }
  return { statements, raises: false };
}

function makeCycle(draft: Draft, add: (statement: Statement) => void): void {
  const { choice, model, random: r } = draft;
  const set = (to: Variable, value: Expression): void => add({ s: "set", to, value });
  const op = (name: string, on: Variable, ...args: Expression[]): void =>
    add({ s: "op", op: name, on, args, to: null, guarded: false });
  const instance = (to: Variable, cls: number, watched = false): void =>
    add({ s: "new", to, cls, tag: draft.tags++, watched });
  const weakref = (to: Variable, on: Variable): void =>
    add({ s: "weakref", to, on, kind: "ref", callback: draft.callbacks++, raises: false });
  const names = [...NAMES];
  const take = (): Variable => names.splice(r.below(names.length), 1)[0]!;
  const a = take();
  const b = take();
  const used = [a, b];
  // Classes whose instances can refer to something.
  const plain = model.classes.flatMap((_, cls) => (model.takes(cls, "u") ? [cls] : []));
  switch (r.below(plain.length === 0 ? 5 : 9)) {
    case 0:
      set(a, { e: "list", items: [] });
      set(b, { e: "list", items: [variable(a)] });
      op("append", a, variable(b));
      break;
    case 1:
      set(a, { e: "list", items: [KEY] });
      op("append", a, variable(a));
      set(b, { e: "tuple", items: [variable(a), choice.operand()] });
      break;
    case 2:
      set(a, { e: "dict", items: [] });
      set(b, { e: "dict", items: [[int(1), variable(a)]] });
      op("setitem", a, KEY, variable(b));
      break;
    case 3:
      add({ s: "closure", to: "p", cell: "p" });
      used.push("p");
      break;
    case 4:
      set(a, { e: "list", items: [] });
      set(b, { e: "tuple", items: [variable(a)] });
      set(b, { e: "list", items: [variable(b)] });
      op("append", a, variable(b));
      break;
    case 5: {
      const cls = r.pick(plain);
      instance(a, cls, model.weakly(cls));
      op("setattr:u", a, variable(a));
      break;
    }
    case 6: {
      const cls = r.pick(plain);
      const other = r.pick(plain);
      instance(a, cls);
      instance(b, other);
      op("setattr:u", a, variable(b));
      op("setattr:u", b, variable(a));
      if (r.oneIn(2) && model.weakly(cls)) {
        const to = take();
        weakref(to, a);
        if (r.oneIn(3)) op("setattr:u", b, { e: "list", items: [variable(a), variable(to)] });
        else if (r.oneIn(2)) weakref(take(), a);
      }
      break;
    }
    case 7: {
      // A ring, whose objects begin in one order and may be found in another.
      const cls = r.pick(plain);
      const depth = r.between(2, 6);
      instance(a, cls);
      set(b, variable(a));
      add({ s: "nest", kind: "instance", on: b, cls, tag: draft.tags, depth });
      draft.tags += depth;
      op("setattr:u", a, variable(b));
      break;
    }
    default: {
      const cls = r.pick(plain);
      instance(a, cls);
      // A bound method.
      add({ s: "op", op: "bind", on: a, args: [], to: b, guarded: false });
      op("setattr:u", a, variable(b));
    }
  }
  if (r.below(3) > 0) {
    for (const name of used)
      add(r.oneIn(2) ? { s: "del", v: name } : { s: "set", to: name, value: NONE });
  }
}
