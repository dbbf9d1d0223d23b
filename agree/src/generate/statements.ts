/** Statements that are neither operations nor blocks, and need nothing of the collector. */
import { CELLS, type Expression, type Query, type Statement, type Variable } from "../program.ts";
import { Invalid, lengthOf } from "../values.ts";
import type { Draft, Made } from "./draft.ts";
import { int } from "./literals.ts";

/** A query is asked as often as it is listed. */
const QUERIES: readonly Query[] = [
  "refcount",
  "refcount",
  "refcount",
  "refcount",
  "size",
  "size",
  "size",
  "len",
  "show",
  "show",
  "order",
  "hash",
  "type",
  "truth",
  "is",
  "is",
  "equal",
  "contains",
  "identity",
  "identity",
  "weakrefs",
  "attributes",
];

/** A variable gets a new container. */
export function container(draft: Draft): Made {
  const { choice } = draft;
  return draft.do({ s: "set", to: choice.target(), value: choice.container(2) });
}

/** A variable gets what another one holds. */
export function alias(draft: Draft): Made {
  const { choice } = draft;
  return draft.do({ s: "set", to: choice.target(), value: choice.held() });
}

/** A variable gets an atom, or a class. */
export function atom(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  if (r.oneIn(12)) {
    const cls = r.below(model.classes.length);
    return draft.do({ s: "set", to: choice.target(), value: { e: "class", v: cls } });
  }
  return draft.do({ s: "set", to: choice.target(), value: choice.atom() });
}

/** A variable gets a new instance. */
export function instance(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const cls = r.below(model.classes.length);
  const watched = model.weakly(cls) && r.oneIn(4);
  return draft.do({ s: "new", to: choice.target(), cls, tag: draft.tags++, watched });
}

export function unbind(draft: Draft): Made {
  const { choice, random } = draft;
  return draft.do({ s: "del", v: random.oneIn(3) ? choice.target() : choice.variable() });
}

export function weakref(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("instance", "set", "frozenset", "function");
  const proxy = r.oneIn(5);
  return draft.do({
    s: "weakref",
    to: choice.target(),
    on,
    kind: proxy ? "proxy" : "ref",
    callback: r.oneIn(3) ? null : draft.callbacks++,
    // What is raised where nobody can be given it is told by code that makes objects of its own.
    raises: r.oneIn(10) && model.program.collecting !== "automatic",
  });
}

export function closure(draft: Draft): Made {
  const { choice, random } = draft;
  return draft.do({ s: "closure", to: choice.target(), cell: random.pick(CELLS) });
}

export function raise(draft: Draft): Made {
  return draft.do({ s: "raise" });
}

export function swap(draft: Draft): Made {
  const { choice } = draft;
  return draft.do({ s: "swap", a: choice.variable(), b: choice.variable() });
}

/** Many small steps. */
export function bulk(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("list", "dict", "set", "bytearray", "instance");
  const { k } = model.read(on);
  const from = r.below(20);
  const to = from + r.pick([3, 5, 9, 20, 40, 100, 180]);
  if (k === "list") {
    const op = r.oneIn(2) ? "append" : "popLast";
    return draft.do({ s: "bulk", op, on, from, to });
  }
  if (k === "instance") return draft.do({ s: "bulk", op: "setAttributes", on, from, to });
  if (k === "set") return draft.do({ s: "bulk", op: "add", on, from, to });
  if (k === "bytearray") return draft.do({ s: "bulk", op: "appendByte", on, from, to });
  return draft.do({ s: "bulk", op: r.pick(["setInts", "setNames", "delInts"]), on, from, to });
}

/** What a variable holds, deep inside of others; sometimes deeper than deallocations nest. */
export function nest(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const depth = r.oneIn(3) ? r.between(40, 70) : r.between(2, 12);
  const kind = r.pick(["list", "tuple", "dict", "instance", "instance"] as const);
  const cls = r.below(model.classes.length);
  const tag = draft.tags;
  draft.tags += depth;
  return draft.do({ s: "nest", kind, on: choice.variable(), cls, tag, depth });
}

/** What a finalizer has saved is taken back. */
export function rescue(draft: Draft): Made {
  const { choice, model } = draft;
  if (!model.classes.some(({ finalizer }) => finalizer === "resurrect"))
    throw new Invalid("no finalizer that saves");
  return draft.do({ s: "rescue", to: choice.target() });
}

/** Something with a free list is dropped, and objects like it are made at once: same address, same number. */
export function reuse(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  if (model.program.collecting === "automatic") throw new Invalid("addresses");
  const statements: Statement[] = [];
  const add = (statement: Statement): void => {
    statements.push(...draft.do(statement).statements);
  };
  let on: Variable;
  if (r.oneIn(3)) {
    on = choice.target();
    add({ s: "set", to: on, value: choice.float() });
  } else on = choice.variable("list", "tuple", "dict", "float");
  const value = model.read(on);
  add({ s: "log", query: "identity", v: on, w: null });
  add(r.oneIn(2) ? { s: "del", v: on } : { s: "set", to: on, value: int(0) });
  // Something of the same size that has no free list, or another one, to take the memory if it was given back.
  if (r.oneIn(2)) {
    const between: Expression = r.oneIn(2) ? choice.bigInt() : { e: "complex", re: 1, im: 2 };
    add({ s: "set", to: choice.target(), value: between });
  }
  const operands = (n: number): Expression[] => Array.from({ length: n }, () => choice.operand());
  const again = (): Expression => {
    switch (value.k) {
      case "float":
        return choice.float();
      case "dict": {
        const empty = r.oneIn(2);
        return { e: "dict", items: empty ? [] : [[{ e: "str", v: "key" }, choice.operand()]] };
      }
      case "tuple":
        return { e: "tuple", items: operands(lengthOf(value)) };
      default:
        return { e: "list", items: operands(r.below(3)) };
    }
  };
  const times = r.between(1, 2);
  for (let i = 0; i < times; i++) {
    const to = choice.target();
    add({ s: "set", to, value: again() });
    add({ s: "log", query: "identity", v: to, w: null });
  }
  return { statements, raises: false };
}

/** A log entry about one variable, or two. */
export function log(draft: Draft): Made {
  const { choice, random } = draft;
  const query = random.pick(QUERIES);
  const v = choice.variable();
  const binary = query === "is" || query === "equal" || query === "contains";
  return draft.do({ s: "log", query, v, w: binary ? choice.variable() : null });
}
