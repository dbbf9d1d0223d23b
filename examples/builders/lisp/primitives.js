/** The Lisp's primitives: each makes its value of borrowed arguments, or returns NULL with an exception pending. */
import { LispError, show } from "./text.js";

/**
 * @typedef {number} Address
 * @typedef {import("./lisp.js").Lisp} Lisp
 */

/** @type {Record<string, (lisp: Lisp, args: Address[], name: string) => Address>} */
export const primitives = {
  "+": (lisp, args) => fold(lisp, args, "+", lisp.objects.int.add),
  "-": (lisp, args) => fold(lisp, args, "-", lisp.objects.int.subtract),
  "*": (lisp, args) => fold(lisp, args, "*", lisp.objects.int.multiply),
  quotient: (lisp, args) => fold(lisp, args, "quotient", lisp.objects.int.floorDivide),
  remainder: (lisp, args) => fold(lisp, args, "remainder", lisp.objects.int.remainder),
  "=": (lisp, args) => truth(lisp, compare(lisp, args, "=") === 0),
  "<": (lisp, args) => truth(lisp, compare(lisp, args, "<") < 0),
  eq: (lisp, args) => {
    const [a, b] = wanted(args, "eq", 2);
    return truth(lisp, a === b);
  },
  cons: (lisp, args) => {
    const [car, cdr] = wanted(args, "cons", 2);
    return lisp.cons(car, cdr);
  },
  car: (lisp, args) => lisp.refs.newRef(lisp.car(pair(lisp, args, "car"))),
  cdr: (lisp, args) => lisp.refs.newRef(lisp.cdr(pair(lisp, args, "cdr"))),
  print: (lisp, args) => {
    lisp.print(args.map((arg) => show(lisp, arg)).join(" "));
    return lisp.refs.newRef(args.at(-1) ?? lisp.nil);
  },
  /** Run the cycle collector: how many objects it found that nothing but one another referred to. */
  gc: (lisp, args) => {
    wanted(args, "gc", 0);
    return lisp.objects.int.from(lisp.objects.gc.collect());
  },
  /** How many objects there are of each of the Lisp's types. */
  stats: (lisp, args) => {
    wanted(args, "stats", 0);
    const { types, inspect } = lisp.objects;
    const counts = new Map([lisp.Cons, lisp.Closure, lisp.Scope].map(({ type }) => [type, 0]));
    inspect.each((object) => {
      const count = counts.get(types.typeOf(object));
      if (count !== undefined) counts.set(types.typeOf(object), count + 1);
    });
    return lisp.runtime.py.scope(() => {
      const { py } = lisp.runtime;
      const list = [...counts].reduceRight((rest, [type, count]) => {
        const entry = lisp.cons(py.intern(types.name(type)).id, py.int(count).id);
        return py.own(lisp.cons(py.own(entry).id, rest.id));
      }, py.none);
      return lisp.refs.newRef(list.id);
    });
  },
};

/** @param {Address[]} args @param {string} name @param {number} count */
function wanted(args, name, count) {
  if (args.length === count) return args;
  throw new LispError(`${name} was called with ${args.length} arguments, it takes ${count}`);
}

/** @param {Lisp} lisp @param {Address[]} args @param {string} name */
function pair(lisp, args, name) {
  const [object] = wanted(args, name, 1);
  if (!lisp.Cons.check(object))
    throw new LispError(`${name} takes a pair, not ${show(lisp, object)}`);
  return object;
}

/** @param {Lisp} lisp @param {Address[]} args @param {string} name */
function ints(lisp, args, name) {
  const other = args.find((arg) => !lisp.objects.int.check(arg));
  if (other !== undefined) throw new LispError(`${name} takes ints, not ${show(lisp, other)}`);
  return args;
}

/**
 * `(+ a b c …)`; two at least.
 * @param {Lisp} lisp @param {Address[]} args @param {string} name @param {(a: Address, b: Address) => Address} operation
 */
function fold(lisp, args, name, operation) {
  if (args.length < 2) throw new LispError(`${name} takes 2 arguments or more`);
  const [first, ...rest] = ints(lisp, args, name);
  let result = lisp.refs.newRef(first);
  for (const arg of rest) {
    const next = operation(result, arg);
    lisp.refs.decref(result);
    if (next === 0) return 0;
    result = next;
  }
  return result;
}

/** @param {Lisp} lisp @param {Address[]} args @param {string} name */
function compare(lisp, args, name) {
  const [a, b] = ints(lisp, wanted(args, name, 2), name);
  return lisp.objects.int.compare(a, b);
}

/** @param {Lisp} lisp @param {boolean} value */
function truth({ refs, nil, objects }, value) {
  return refs.newRef(value ? objects.int.true : nil);
}
