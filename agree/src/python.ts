/** A program as Python source. The names it calls are those of harness.py. */
import { isMessy } from "./exact.ts";
import { SPELLING, STATEMENT_OPERATIONS, splitOperation } from "./operations.ts";
import {
  CELLS,
  type Census,
  type ClassDefinition,
  type Expression,
  GLOBALS,
  LOCALS,
  type Program,
  type Query,
  type Statement,
  type Switch,
  type Variable,
} from "./program.ts";

/** Python's literal for a text: printable ASCII as it is, the rest escaped. */
function literal(text: string): string {
  const escaped = text.replace(/[\\"]|[^ -~]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (character === "\\" || character === '"') return `\\${character}`;
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
    return `\\U${code.toString(16).padStart(8, "0")}`;
  });
  return `"${escaped}"`;
}

/** Bytes literal of a text's UTF-8 form. */
function utf8Literal(text: string): string {
  return `b${literal(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

/** An expression. Values are made by calls, so that none becomes a constant of the code object. */
export function expression(x: Expression): string {
  switch (x.e) {
    case "none":
      return "none";
    case "bool":
      return x.v ? "true" : "false";
    case "int":
      return `I("${x.v}")`;
    case "float":
      return `F("${x.v}")`;
    case "complex":
      return `X("${x.re}+${x.im}j")`;
    case "str":
      return `S(${utf8Literal(x.v)}, "utf-8")`;
    case "bytes":
      return `E(${literal(x.v)}, "latin-1")`;
    case "bytearray":
      return `A(b${literal(x.v)})`;
    case "var":
      return x.v;
    case "class":
      return `C${x.v}`;
    case "list":
      return `[${x.items.map(expression).join(", ")}]`;
    case "tuple":
      if (x.items.length === 0) return "empty";
      return x.items.length === 1
        ? `(${expression(x.items[0]!)},)`
        : `(${x.items.map(expression).join(", ")})`;
    case "set":
      return x.items.length === 0 ? "set()" : `{${x.items.map(expression).join(", ")}}`;
    case "frozenset":
      return x.items.length === 0 ? "FS()" : `FS(${expression({ e: "tuple", items: x.items })})`;
    case "slice":
      return `slice(${x.items.map(expression).join(", ")})`;
    case "range":
      return `range(${x.items.join(", ")})`;
    case "dict":
      return `{${x.items.map(([key, value]) => `${expression(key)}: ${expression(value)}`).join(", ")}}`;
  }
}

const QUERIES: Readonly<Record<Query, string>> = {
  refcount: "rc($v)",
  size: "size($v)",
  len: "len($v)",
  show: "show($v)",
  order: "order($v)",
  hash: "hash($v)",
  type: "kind($v)",
  truth: "not not $v",
  is: "$v is $w",
  equal: "$v == $w",
  contains: "$w in $v",
  identity: "",
  weakrefs: "wrc($v)",
  attributes: "attrs($v)",
  tracked: "isTracked($v)",
  finalized: "isFinalized($v)",
  referrers: "referrers($v)",
  referents: "referents($v)",
};

const CENSUS: Readonly<Record<Census, string>> = {
  counts: "counts($t)",
  enabled: "L($t, enabled())",
  thresholds: "thresholds($t)",
  frozen: "frozen($t)",
  stats: "stats($t)",
  objects: "objects($t, $g)",
  garbage: "kept($t)",
};

const SWITCHES: Readonly<Record<Switch, string>> = {
  enable: "enable()",
  disable: "disable()",
  thresholds: "setThreshold($n)",
  freeze: "freeze()",
  unfreeze: "unfreeze()",
  listen: "listen()",
  unlisten: "unlisten()",
  saveAll: "setDebug(32)",
  noDebug: "setDebug(0)",
  clearGarbage: "clearGarbage()",
};

/** Prints the statements of one program. */
class Printer {
  readonly functions: string[] = [];
  readonly program: Program;

  constructor(program: Program) {
    this.program = program;
  }

  private block(statements: readonly Statement[], indent: string, lines: string[]): void {
    const before = lines.length;
    for (const statement of statements) this.statement(statement, indent, lines);
    if (lines.length === before) lines.push(`${indent}pass`);
  }

  define(
    name: string,
    argCount: number,
    body: readonly Statement[],
    result: Variable | null,
  ): string[] {
    const lines = [`def ${name}(${LOCALS.slice(0, argCount).join(", ")}):`];
    lines.push(`    global ${GLOBALS.join(", ")}`);
    const unbound = [...LOCALS.slice(argCount), ...CELLS, "z"];
    lines.push(`    ${unbound.map((local) => `${local} = None`).join("; ")}`);
    for (const statement of body) this.statement(statement, "    ", lines);
    if (result !== null) lines.push(`    return ${result}`);
    return lines;
  }

  private statement(statement: Statement, indent: string, lines: string[]): void {
    this.one(statement, indent, lines);
    if (isMessy(statement, this.program)) lines.push(`${indent}Z()`);
  }

  private one(statement: Statement, indent: string, lines: string[]): void {
    const add = (line: string) => lines.push(indent + line);
    switch (statement.s) {
      case "set":
        add(`${statement.to} = ${expression(statement.value)}`);
        return;
      case "new":
        add(`${statement.to} = C${statement.cls}()`);
        add(`${statement.to}.t = I("${statement.tag}")`);
        if (statement.watched) add(`W.append(ref(${statement.to}))`);
        return;
      case "del":
        add(`del ${statement.v}`);
        return;
      case "op": {
        const code = operation(statement);
        if (statement.guarded) {
          add("try:");
          add(`    ${code}`);
          add("except Exception as error:");
          add('    L("error", type(error).__name__)');
          return;
        }
        add(code);
        return;
      }
      case "weakref": {
        const maker =
          statement.kind === "proxy" && !statement.raises ? "cbp" : statement.raises ? "cbr" : "cb";
        const second = statement.callback === null ? "" : `, ${maker}(${statement.callback})`;
        add(`${statement.to} = ${statement.kind}(${statement.on}${second})`);
        return;
      }
      case "closure":
        add(`def ${statement.to}(): return ${statement.cell}`);
        return;
      case "call": {
        const name = `F${this.functions.length}`;
        this.functions.push("");
        const at = this.functions.length - 1;
        this.functions[at] = this.define(
          name,
          statement.args.length,
          statement.body,
          statement.result,
        ).join("\n");
        // What is due is done before the function has made its cells.
        if (this.program.collecting === "automatic") add("Y()");
        const call = `${name}(${statement.args.join(", ")})`;
        add(statement.to === null ? call : `${statement.to} = ${call}`);
        return;
      }
      case "raise":
        add("raise Boom");
        return;
      case "try":
        add("try:");
        this.block(statement.body, `${indent}    `, lines);
        add(statement.keeps === null ? "except Boom:" : "except Boom as error:");
        add('    L("caught", "Boom")');
        add("    forgetIdentities()");
        if (statement.keeps !== null) add(`    ${statement.keeps} = error`);
        for (const inner of statement.handler) this.statement(inner, `${indent}    `, lines);
        add("forgetIdentities()");
        return;
      case "with":
        add(
          `with M(${statement.number}, ${statement.suppresses ? "True" : "False"})${statement.to === null ? "" : ` as ${statement.to}`}:`,
        );
        add("    Z()");
        for (const inner of statement.body) this.statement(inner, `${indent}    `, lines);
        add("Z()");
        return;
      case "swap":
        add(`z = ${statement.a}; ${statement.a} = ${statement.b}; ${statement.b} = z; z = None`);
        return;
      case "bulk": {
        const { op, on, from, to } = statement;
        const step = {
          append: `${on}.append(z)`,
          popLast: `${on}.pop()`,
          appendByte: `${on}.append(z & 255)`,
          add: `${on}.add(z)`,
          setInts: `${on}[z] = z`,
          setNames: `${on}[N[z]] = z`,
          delInts: `${on}.pop(z, None)`,
          setAttributes: `setattr(${on}, N[z], z)`,
        }[op];
        add(`for z in range(${from}, ${to}): ${step}`);
        add("z = None");
        return;
      }
      case "nest": {
        const { kind, on, cls, tag, depth } = statement;
        const step = {
          list: `[${on}]`,
          tuple: `(${on},)`,
          dict: `{z: ${on}}`,
          instance: `link(C${cls}, z, ${on})`,
        }[kind];
        add(`for z in range(${tag}, ${tag + depth}): ${on} = ${step}`);
        add("z = None");
        return;
      }
      case "rescue":
        add(`${statement.to} = R.pop(0) if R else None`);
        return;
      case "log": {
        const tag = `${statement.query} ${statement.v}${statement.w === null ? "" : ` ${statement.w}`}`;
        if (statement.query === "identity") {
          add(`K("${tag}", IK(${statement.v}), id(${statement.v}))`);
          return;
        }
        const code = QUERIES[statement.query]
          .replaceAll("$v", statement.v)
          .replaceAll("$w", statement.w ?? "");
        add(`L("${tag}", ${code})`);
        return;
      }
      case "collect":
        add(`collect("collect ${statement.generation}", ${statement.generation})`);
        return;
      case "switch":
        // What is due is done first: 3.12.1 does it even after that.
        if (statement.what === "disable") add("Y()");
        add(SWITCHES[statement.what].replace("$n", statement.values.join(", ")));
        return;
      case "census": {
        const { query, generation } = statement;
        const tag = query === "objects" ? `objects ${generation}` : query;
        add(CENSUS[query].replace("$t", `"${tag}"`).replace("$g", String(generation)));
        return;
      }
    }
  }
}

/** One operation as a statement. */
export function operation(statement: Extract<Statement, { s: "op" }>): string {
  const { name, attribute } = splitOperation(statement.op);
  const args = statement.args.map((arg, index) =>
    // A bound that is left out: `a[1:]`.
    arg.e === "none" && /slice$/.test(name) && index < 2 && name !== "setslice"
      ? ""
      : expression(arg),
  );
  const code = SPELLING[name]!.replaceAll("$0", statement.on)
    .replaceAll("$n", attribute)
    .replace(/\$([123])/g, (_, digit: string) => args[Number(digit) - 1] ?? "");
  if (statement.to === null || STATEMENT_OPERATIONS.has(name)) return code;
  return `${statement.to} = ${code}`;
}

function classSource(definition: ClassDefinition, index: number): string {
  const base = definition.base < 0 ? "" : `(C${definition.base})`;
  const lines = [`class C${index}${base}:`];
  if (definition.slots !== null)
    lines.push(`    __slots__ = (${definition.slots.map((name) => `"${name}",`).join(" ")})`);
  for (const [name, value] of definition.attributes)
    lines.push(`    ${name} = ${expression(value)}`);
  lines.push("    def m(self): return self");
  if (definition.finalizer !== "none") {
    lines.push("    def __del__(self):", `        L("del C${index}", tag(self))`);
    const more = {
      log: undefined,
      count: 'L("count", rc(self))',
      resurrect: "R.append(self)",
      raise: "raise Boom",
      // As an assignment it would be one of the class's static attributes, whose places come first in 3.14.
      drop: 'setattr(self, "u", None)',
    }[definition.finalizer];
    if (more !== undefined) lines.push(`        ${more}`);
  }
  return lines.join("\n");
}

/** The whole program: classes, functions, `main`. */
export function pythonSource(program: Program): string {
  const printer = new Printer(program);
  const main = printer.define("main", 0, program.body, null);
  const collecting = program.collecting === "off" ? [] : [`collecting = "${program.collecting}"`];
  return [
    ...collecting,
    ...program.classes.map(classSource),
    ...printer.functions,
    main.join("\n"),
    "",
  ].join("\n\n");
}
