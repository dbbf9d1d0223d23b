/** Operations on one variable, by what it holds. Those that fail now and then do so on purpose. */
import { ATTRIBUTES, type Expression } from "../program.ts";
import { Invalid, lengthOf } from "../values.ts";
import type { Draft, Made } from "./draft.ts";
import { int, NONE } from "./literals.ts";

export function onList(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("list");
  const list = model.read(on);
  const length = lengthOf(list);
  switch (r.below(16)) {
    case 14:
      if (r.oneIn(3)) return draft.op("sort", on);
      return draft.op(r.pick(["count", "index", "removeItem"]), on, [choice.itemOf(list)]);
    case 15:
      return draft.op("fromKeys", on, [choice.operand()], choice.perhapsTarget());
    case 0:
    case 1:
    case 2:
      return draft.op("append", on, [choice.operand()]);
    case 3:
      return draft.op("insert", on, [choice.bound(length), choice.operand()]);
    case 4:
      return draft.op("extend", on, [
        choice.held("list", "tuple", "range", "dict", "set", "str", "bytes"),
      ]);
    case 5:
      return draft.op("pop", on, [], choice.perhapsTarget());
    case 6:
      return draft.op("popAt", on, [choice.index(length)], choice.perhapsTarget());
    case 7:
      return draft.op("setitem", on, [choice.index(length), choice.operand()]);
    case 8:
      return draft.op("delitem", on, [choice.index(length)]);
    case 9:
      return draft.op("setslice", on, [
        choice.bound(length),
        choice.bound(length),
        choice.held("list", "tuple"),
      ]);
    case 10: {
      const step: Expression = r.oneIn(3) ? int(r.pick([2, -1, -2, 3])) : NONE;
      return draft.op("delslice", on, [choice.bound(length), choice.bound(length), step]);
    }
    case 11:
      return draft.op("clear", on);
    case 12:
      return draft.op("reverse", on);
    default:
      return r.oneIn(2)
        ? draft.op("inplaceRepeat", on, [int(r.between(-1, 3))])
        : draft.op("inplaceConcat", on, [choice.held("list")]);
  }
}

export function onDict(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("dict");
  const dict = model.read(on);
  switch (r.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      const key = r.oneIn(3) ? choice.keyIn(dict) : choice.key();
      return draft.op("setitem", on, [key, choice.operand()]);
    }
    case 4:
    case 5:
      return draft.op("delitem", on, [choice.keyIn(dict)]);
    case 6:
      return draft.op("get", on, [choice.keyIn(dict)], choice.perhapsTarget());
    case 7: {
      const args = [choice.keyIn(dict), choice.operand()];
      return draft.op("setdefault", on, args, choice.perhapsTarget());
    }
    case 8:
      return draft.op("dictPop", on, [choice.keyIn(dict)], choice.perhapsTarget());
    case 9:
      return draft.op("popitem", on, [], choice.perhapsTarget());
    case 10:
      return draft.op("update", on, [choice.held("dict")]);
    case 11:
      return draft.op("merge", on, [choice.held("dict")], choice.perhapsTarget());
    case 12:
      return draft.op("clear", on);
    default:
      return draft.op("getitem", on, [choice.keyIn(dict)], choice.perhapsTarget());
  }
}

export function onSet(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("set", "frozenset");
  const set = model.read(on);
  if (set.k === "frozenset" || r.oneIn(3)) {
    const op = r.pick(["union", "intersection", "difference", "symmetric"]);
    return draft.op(op, on, [choice.held("set", "frozenset")], choice.perhapsTarget());
  }
  switch (r.below(8)) {
    case 0:
    case 1:
    case 2:
      return draft.op("add", on, [choice.key()]);
    case 3:
      return draft.op("discard", on, [choice.keyIn(set)]);
    case 4:
      return draft.op("remove", on, [choice.keyIn(set)]);
    case 5:
    case 6:
      return draft.op("update", on, [choice.held("list", "tuple", "set", "frozenset", "range")]);
    default:
      return r.oneIn(4) ? draft.op("clear", on) : draft.op("popMember", on, [], choice.target());
  }
}

/** What all sequences have in common, and then bytearrays. */
export function onSequence(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("list", "tuple", "str", "bytes", "bytearray", "range");
  const value = model.read(on);
  const length = lengthOf(value);
  switch (r.below(9)) {
    case 0:
    case 1:
    case 2:
      return draft.op("getitem", on, [choice.index(length)], choice.perhapsTarget());
    case 3:
    case 4: {
      const step: Expression = r.oneIn(3) ? int(r.pick([2, -1, -2, 1])) : NONE;
      const args = [choice.bound(length), choice.bound(length), step];
      return draft.op("getslice", on, args, choice.perhapsTarget());
    }
    case 5:
      return draft.op("concat", on, [choice.held(value.k)], choice.perhapsTarget());
    case 6:
      return draft.op("repeat", on, [int(r.between(0, 4))], choice.perhapsTarget());
    case 7:
      return r.oneIn(2)
        ? draft.op("inplaceConcat", on, [choice.held(value.k)])
        : draft.op("inplaceRepeat", on, [int(r.between(0, 3))]);
    default:
      if (value.k !== "bytearray") throw new Invalid("kind");
      return onBytearray(draft, on, length);
  }
}

function onBytearray(draft: Draft, on: string, length: number): Made {
  const { choice, random: r } = draft;
  const more = choice.held("bytes", "bytearray");
  switch (r.below(4)) {
    case 0:
      return draft.op("setslice", on, [choice.bound(length), choice.bound(length), more]);
    case 1:
      return draft.op("delslice", on, [choice.bound(length), choice.bound(length), NONE]);
    case 2:
      return draft.op("setitem", on, [choice.index(length), int(r.below(256))]);
    default:
      return draft.op("inplaceConcat", on, [more]);
  }
}

export function onNumber(draft: Draft): Made {
  const { choice, model, random: r } = draft;
  const on = choice.variable("int", "float");
  const { k } = model.read(on);
  const other = choice.held(k);
  const op = r.pick(
    k === "int"
      ? ["concat", "subtract", "multiply", "shift", "negate", "inplaceConcat"]
      : ["concat", "subtract", "multiply", "negate", "inplaceConcat"],
  );
  if (op === "negate") return draft.op(op, on, [], choice.target());
  if (op === "inplaceConcat") return draft.op(op, on, [other]);
  return draft.op(op, on, [op === "shift" ? int(r.between(0, 100)) : other], choice.target());
}

/** Attributes of instances; now and then of classes, or by way of a proxy. */
export function onAttribute(draft: Draft): Made {
  const { choice, random: r } = draft;
  const name = r.pick(ATTRIBUTES);
  if (r.oneIn(12)) {
    const on = choice.variable("proxy");
    // The model does not know whether what it stands for is alive.
    return draft.op(`getattr:${name}`, on, [], choice.perhapsTarget(), true);
  }
  if (r.oneIn(12)) {
    const on = choice.variable("class");
    if (r.oneIn(2)) return draft.op(`getattr:${name}`, on, [], choice.perhapsTarget());
    return draft.op(`setattr:${name}`, on, [choice.operand()]);
  }
  const on = choice.variable("instance");
  switch (r.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return draft.op(`setattr:${name}`, on, [choice.operand()]);
    case 5:
    case 6:
      return draft.op(`getattr:${name}`, on, [], choice.perhapsTarget());
    case 7:
      return draft.op(`delattr:${name}`, on);
    case 8:
      return draft.op("bind", on, [], choice.target());
    default:
      if (r.below(3) > 0) return draft.op("instanceDict", on, [], choice.target());
      return draft.op("setInstanceDict", on, [choice.held("dict")]);
  }
}

/** A call of what a variable holds. */
export function onCallable(draft: Draft): Made {
  const { choice } = draft;
  const on = choice.variable("method", "ref", "function");
  return draft.op("call", on, [], choice.perhapsTarget());
}

export function copy(draft: Draft): Made {
  const { choice, random } = draft;
  const op = random.pick(["copy", "deepcopy", "copyMethod"]);
  return draft.op(op, choice.variable(), [], choice.perhapsTarget());
}

/** Another kind of container with the same items. */
export function convert(draft: Draft): Made {
  const { choice, random } = draft;
  const op = random.pick([
    "toList",
    "toTuple",
    "toSet",
    "toFrozenset",
    "toDict",
    "toBytes",
    "toBytearray",
  ]);
  return draft.op(op, choice.variable(), [], choice.perhapsTarget());
}
