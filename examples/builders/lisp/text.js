/** The Lisp's syntax: text into objects on the heap, and back. */

/**
 * @typedef {import("./lisp.js").Lisp} Lisp
 * @typedef {import("@pyrena/objects").Handle} Handle
 * @typedef {{ items: Handle[], line: number, closedBy: ")" | "a datum" | "the end" }} Open a list that is being read
 */

/** What is wrong with a program. */
export class LispError extends Error {
  /** @override */
  name = "LispError";
}

/**
 * Makes a list of all forms of a text. Lists within lists are kept on a stack of our own, so that no depth is too much.
 * Handles hold what has been read; the scope releases them, also when the text turns out to be wrong.
 * @param {Lisp} lisp @param {string} text @returns {number} new reference
 * @throws LispError with the line
 */
export function read(lisp, text) {
  const { py } = lisp.runtime;
  return py.scope(() => {
    /** @type {Open[]} */
    const open = [{ items: [], line: 1, closedBy: "the end" }];
    let line = 1;
    const close = () => {
      const { items } = /** @type {Open} */ (open.pop());
      return items.reduceRight((list, item) => py.own(lisp.cons(item.id, list.id)), py.none);
    };
    const add = (/** @type {Handle} */ datum) => {
      open[open.length - 1].items.push(datum);
      if (open[open.length - 1].closedBy === "a datum") add(close());
    };
    for (const [token] of text.matchAll(/\n|[()']|;[^\n]*|[^\s()';]+/g)) {
      if (token === "\n") line++;
      else if (token === "(") open.push({ items: [], line, closedBy: ")" });
      else if (token === "'") open.push({ items: [py.intern("quote")], line, closedBy: "a datum" });
      else if (token === ")") {
        if (open[open.length - 1].closedBy !== ")") {
          throw new LispError(`line ${line}: unexpected )`);
        }
        add(close());
      } else if (!token.startsWith(";")) add(atom(lisp, token));
    }
    const { closedBy, line: begun } = open[open.length - 1];
    if (closedBy !== "the end") throw new LispError(`line ${begun}: ${closedBy} is missing`);
    return lisp.refs.newRef(close().id);
  });
}

/** @param {Lisp} lisp @param {string} token */
function atom({ runtime: { py } }, token) {
  if (/^[+-]?\d+$/.test(token)) return py.int(BigInt(token));
  return token === "nil" ? py.none : token === "t" ? py.true : py.intern(token);
}

/** @param {Lisp} lisp @param {number} object @returns {string} */
export function show(lisp, object, depth = 0) {
  const { objects, nil, Cons, Closure, Primitive } = lisp;
  if (object === nil) return "nil";
  if (object === objects.int.true) return "t";
  if (objects.str.check(object)) return objects.str.value(object);
  if (Primitive.check(object)) return `#<${objects.str.value(Primitive.get(object, "name"))}>`;
  if (Closure.check(object)) {
    return `#<function ${show(lisp, Closure.get(object, "parameters"))}>`;
  }
  if (!Cons.check(object)) return objects.protocol.repr(object);
  if (depth === 100) return "…";
  const parts = [];
  let rest = object;
  for (; Cons.check(rest); rest = Cons.get(rest, "cdr")) {
    parts.push(show(lisp, Cons.get(rest, "car"), depth + 1));
  }
  if (rest !== nil) parts.push(".", show(lisp, rest, depth + 1));
  return `(${parts.join(" ")})`;
}
