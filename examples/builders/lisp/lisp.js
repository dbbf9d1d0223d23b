/**
 * A small Lisp whose values live on the heap, and its evaluation as well.
 *
 *     number   int                  pair      Cons, a type of our own
 *     symbol   interned str         function  Closure or Primitive, types of our own
 *     nil, t   None, True           scope     Scope: a dict, and the scope around it
 *
 * The evaluator keeps nothing on JavaScript's stack: what it is at stands in a Machine, and what remains to be done
 * with the value that it is working out in a chain of Pending steps. So tail calls take no room, recursion is as deep as
 * LIMIT says, a collection may run between any two steps, and a heap that is saved between two steps goes on from
 * there wherever it is restored.
 *
 * References: `get` borrows; `set`, `create`, `push`, `goTo` and `answer` take references of their own; what a
 * function is said to make is a new reference, which its caller gives up.
 */
import { PyException } from "pyrena";
import { primitives } from "./primitives.js";
import { LispError, read, show } from "./text.js";

/** @typedef {number} Address */

/**
 * Layouts of the Lisp's objects. What the collector visits and what a dealloc releases follows from the fields.
 * @type {import("pyrena").TypeDefinition[]}
 */
export const types = [
  { name: "Cons", fields: { car: "object", cdr: "object" } },
  { name: "Closure", fields: { parameters: "object", body: "object", scope: "object" } },
  { name: "Primitive", fields: { name: "object" } },
  { name: "Scope", fields: { values: "object", outer: "object" } },
  {
    name: "Pending",
    fields: { form: "object", scope: "object", done: "object", next: "object", step: "u8" },
  },
  {
    name: "Machine",
    fields: {
      form: "object", // what is to be evaluated in `scope`, while `evaluating` is 1
      scope: "object",
      value: "object", // what came out, while it is 0
      pending: "object",
      program: "object", // the forms that come later, a list
      outermost: "object", // scope of the program
      evaluating: "u8",
      depth: "u32",
    },
  },
];

/** Pending steps at once, 80 bytes each. */
const LIMIT = 10_000;

/** What is to be done with a value: `step` of Pending. */
const SHOW = 0;
const SEQUENCE = 1;
const CHOOSE = 2;
const DEFINE = 3;
const ASSIGN = 4;
const ARGUMENT = 5;

/** Usage of each special form, and with how many parts it may have after its name. */
const specialForms = Object.entries({
  quote: { usage: "(quote datum)", least: 1, most: 1 },
  if: { usage: "(if condition then else)", least: 2, most: 3 },
  define: { usage: "(define name value) or (define (name parameter …) body …)", least: 2 },
  "set!": { usage: "(set! name value)", least: 2, most: 2 },
  lambda: { usage: "(lambda (parameter …) body …)", least: 2 },
  begin: { usage: "(begin form …)", least: 1 },
}).map(([name, rest]) => ({ name, most: Number.POSITIVE_INFINITY, ...rest }));

/** A Lisp in a runtime: begun there, or found there. */
export class Lisp {
  /**
   * @param {import("pyrena").Runtime} runtime made or restored with {@link types}
   * @param {(line: string) => void} print
   */
  constructor(runtime, print) {
    const { py, objects, globals } = runtime;
    this.runtime = runtime;
    this.objects = objects;
    this.refs = objects.refs;
    this.print = print;
    this.nil = objects.constants.none;
    this.Cons = runtime.type("Cons");
    this.Closure = runtime.type("Closure");
    this.Primitive = runtime.type("Primitive");
    this.Scope = runtime.type("Scope");
    this.Pending = runtime.type("Pending");
    this.Machine = runtime.type("Machine");
    // A symbol is the same object wherever it stands, so special forms are known by address; the handles keep them.
    this.keywords = specialForms.map(({ name }) => py.intern(name));
    this.specials = new Map(specialForms.map((form, n) => [this.keywords[n].id, form]));
    if (!globals.has("lisp")) py.scope(() => this.begin());
    this.root = /** @type {import("@pyrena/objects").Handle} */ (globals.ref("lisp"));
    this.machine = this.root.id;
  }

  /** A scope with the primitives, and a machine that has nothing to do. */
  begin() {
    const { py, globals } = this.runtime;
    const values = py.dict();
    for (const name of Object.keys(primitives)) {
      const symbol = py.intern(name);
      values.set(symbol, py.own(this.Primitive.create({ name: symbol.id })));
    }
    const outermost = py.own(this.Scope.create({ values: values.id }));
    globals.set("lisp", py.own(this.Machine.create({ outermost: outermost.id })));
  }

  /** Append to the program. @param {string} text @throws LispError where its syntax is wrong */
  load(text) {
    const forms = read(this, text);
    let last = this.get("program");
    if (last === 0 || last === this.nil) this.set("program", forms);
    else {
      while (this.cdr(last) !== this.nil) last = this.cdr(last);
      this.Cons.set(last, "cdr", forms);
    }
    this.refs.decref(forms);
  }

  /** Evaluate the program, or so many steps of it. Whether all of it is done. */
  run(steps = Number.POSITIVE_INFINITY) {
    for (let n = 0; n < steps; n++) {
      try {
        if (this.get("evaluating") === 1) this.evaluate();
        else if (this.get("pending") !== 0) this.proceed();
        else if (!this.nextForm()) return true;
      } catch (error) {
        // A wrong program, or what Python raises: MemoryError, ZeroDivisionError. Go on with the next form.
        if (!(error instanceof LispError || error instanceof PyException)) throw error;
        for (const field of ["pending", "depth", "evaluating"]) this.set(field, 0);
        this.print(`error: ${error.message}`);
      }
      // From Python 3.12 on, collections run where the interpreter looks for such things: here, between two steps.
      this.objects.gc.poll();
    }
    return false;
  }

  /** Begin with the next form of the program; false: there is none. */
  nextForm() {
    const program = this.get("program");
    if (program === 0 || program === this.nil) return false;
    this.push(SHOW, 0, 0);
    this.goTo(this.car(program), this.get("outermost"));
    this.set("program", this.cdr(program));
    return true;
  }

  /** One step with a form: it has a value, or something remains to be done when a part of it has one. */
  evaluate() {
    const form = this.get("form");
    const scope = this.get("scope");
    if (this.objects.str.check(form)) return this.answer(this.lookUp(form));
    if (!this.Cons.check(form)) return this.answer(form);
    const rest = this.cdr(form);
    const special = this.specials.get(this.car(form));
    if (special === undefined) {
      this.push(ARGUMENT, rest, scope);
      return this.goTo(this.car(form), scope);
    }
    const parts = this.items(rest);
    if (parts.length < special.least || parts.length > special.most) {
      throw new LispError(`${show(this, form)} should be ${special.usage}`);
    }
    switch (special.name) {
      case "quote":
        return this.answer(parts[0]);
      case "begin":
        return this.sequence(rest, scope);
      case "lambda":
        return this.give(this.closure(parts[0], this.cdr(rest), scope));
      case "if":
        this.push(CHOOSE, this.cdr(rest), scope);
        return this.goTo(parts[0], scope);
      case "define":
        if (this.Cons.check(parts[0])) {
          this.give(this.closure(this.cdr(parts[0]), this.cdr(rest), scope));
          return this.define(scope, this.car(parts[0]), this.get("value"));
        }
        if (parts.length > 2) throw new LispError(`${show(this, form)} has more than one value`);
        this.push(DEFINE, parts[0], scope);
        return this.goTo(parts[1], scope);
      case "set!":
        this.push(ASSIGN, parts[0], scope);
        return this.goTo(parts[1], scope);
    }
  }

  /** One step with a value: do with it what the newest Pending says. */
  proceed() {
    const { Pending, refs } = this;
    const pending = refs.newRef(this.get("pending"));
    const [form, scope, done] = ["form", "scope", "done"].map((name) => Pending.get(pending, name));
    const value = this.get("value");
    this.set("pending", Pending.get(pending, "next"));
    this.set("depth", this.get("depth") - 1);
    try {
      switch (Pending.get(pending, "step")) {
        case SHOW:
          return this.print(show(this, value));
        case SEQUENCE:
          return this.sequence(form, scope);
        case CHOOSE:
          if (value !== this.nil) return this.goTo(this.car(form), scope);
          if (this.cdr(form) === this.nil) return this.answer(this.nil);
          return this.goTo(this.car(this.cdr(form)), scope);
        case DEFINE:
          return this.define(scope, form, value);
        case ASSIGN:
          return this.define(this.scopeOf(form, scope), form, value);
        case ARGUMENT:
          return this.argument(this.cons(value, done || this.nil), form, scope);
      }
    } finally {
      refs.decref(pending);
    }
  }

  /** The function and its arguments so far, newest first; then the next one, or the call. Gives `done` up. */
  argument(/** @type {Address} */ done, /** @type {Address} */ rest, /** @type {Address} */ scope) {
    try {
      if (rest === this.nil) return this.apply(this.items(done).reverse());
      this.push(ARGUMENT, this.cdr(rest), scope, done);
      this.goTo(this.car(rest), scope);
    } finally {
      this.refs.decref(done);
    }
  }

  /** Call a function. @param {Address[]} call the function, and its arguments */
  apply([fn, ...args]) {
    const { Closure, Primitive, Scope, refs, objects } = this;
    if (Primitive.check(fn)) {
      const name = objects.str.value(Primitive.get(fn, "name"));
      if (!Object.hasOwn(primitives, name)) throw new LispError(`there is no primitive ${name}`);
      return this.give(primitives[name](this, args, name));
    }
    if (!Closure.check(fn)) throw new LispError(`${show(this, fn)} is not a function`);
    const names = this.items(Closure.get(fn, "parameters"));
    if (names.length !== args.length) {
      throw new LispError(`${show(this, fn)} was called with ${args.length} arguments`);
    }
    const values = this.made(objects.dict.create());
    const scope = Scope.create({ values, outer: Closure.get(fn, "scope") });
    refs.decref(values);
    this.made(scope);
    try {
      for (const [n, name] of names.entries()) this.define(scope, name, args[n]);
      this.sequence(Closure.get(fn, "body"), scope);
    } finally {
      refs.decref(scope);
    }
  }

  /** Evaluate forms in turn. Nothing is pending when the last one begins: a call there is a tail call. */
  sequence(/** @type {Address} */ forms, /** @type {Address} */ scope) {
    const rest = this.cdr(forms);
    if (rest !== this.nil) this.push(SEQUENCE, rest, scope);
    this.goTo(this.car(forms), scope);
  }

  /** @param {number} step @param {Address} form @param {Address} scope */
  push(step, form, scope, done = 0) {
    const depth = this.get("depth") + 1;
    if (depth > LIMIT) throw new LispError(`recursion too deep: ${LIMIT} steps are pending`);
    const next = this.get("pending");
    const pending = this.made(this.Pending.create({ step, form, scope, done, next }));
    this.set("pending", pending);
    this.set("depth", depth);
    this.refs.decref(pending);
  }

  /** @param {Address} form @param {Address} scope */
  goTo(form, scope) {
    this.set("scope", scope);
    this.set("form", form);
    this.set("evaluating", 1);
  }

  /** @param {Address} value */
  answer(value) {
    this.set("value", value);
    this.set("evaluating", 0);
  }

  /** Answer with what was made. @param {Address} ref a new reference, or NULL with an exception pending */
  give(ref) {
    this.answer(this.made(ref));
    this.refs.decref(ref);
  }

  /** The nearest scope that has the name. @param {Address} name @param {Address} scope */
  scopeOf(name, scope) {
    for (let found = scope; found !== 0; found = this.Scope.get(found, "outer")) {
      if (this.objects.dict.getItem(this.Scope.get(found, "values"), name) !== 0) return found;
    }
    throw new LispError(`${show(this, name)} is not defined`);
  }

  /** @param {Address} name */
  lookUp(name) {
    const scope = this.scopeOf(name, this.get("scope"));
    return this.objects.dict.getItem(this.Scope.get(scope, "values"), name);
  }

  /** @param {Address} scope @param {Address} name @param {Address} value */
  define(scope, name, value) {
    const { str, dict } = this.objects;
    if (!str.check(name)) throw new LispError(`${show(this, name)} is not a name`);
    this.runtime.py.check(dict.setItem(this.Scope.get(scope, "values"), name, value));
    this.answer(name);
  }

  /** Makes a function. @param {Address} parameters @param {Address} body @param {Address} scope */
  closure(parameters, body, scope) {
    this.items(parameters);
    return this.Closure.create({ parameters, body, scope });
  }

  /** Makes a pair. @param {Address} car @param {Address} cdr */
  cons(car, cdr) {
    return this.made(this.Cons.create({ car, cdr }));
  }

  /** @param {Address} pair */
  car(pair) {
    return this.Cons.get(pair, "car");
  }

  /** @param {Address} pair */
  cdr(pair) {
    return this.Cons.get(pair, "cdr");
  }

  /** Items of a list. @param {Address} list */
  items(list) {
    const items = [];
    let rest = list;
    for (; this.Cons.check(rest); rest = this.cdr(rest)) items.push(this.car(rest));
    if (rest !== this.nil) throw new LispError(`${show(this, list)} is not a list`);
    return items;
  }

  /** @param {string} field of the machine */
  get(field) {
    return this.Machine.get(this.machine, field);
  }

  /** @param {string} field @param {number} value */
  set(field, value) {
    this.Machine.set(this.machine, field, value);
  }

  /** What was made, unless it is NULL: then the exception that says why is thrown. @param {Address} ref */
  made(ref) {
    return ref === 0 ? this.runtime.py.check(ref) : ref;
  }
}
