/**
 * function (`Objects/funcobject.c`): a code object with the variables that it finds outside. Fields in memory order
 * below; 3.12 added type parameters, 3.14 what computes annotations. All pointers but the weak reference list are
 * owned.
 */
import {
  type Address,
  defineStruct,
  type FieldSpec,
  layoutCodes,
  layoutOf,
  type StructDefinition,
} from "@pyrena/abi";
import type { FunctionSpec, FunctionsApi } from "../api/functions.ts";
import { type TypeSlots, typeFlags } from "../api/types.ts";
import type { Core } from "../core/core.ts";
import type { ObjectFacts } from "../facts.ts";
import { makeCodes } from "./code.ts";
import { makeMethods } from "./method.ts";

type FunctionField =
  | "ob_refcnt"
  | "ob_type"
  | "func_globals"
  | "func_builtins"
  | "func_name"
  | "func_qualname"
  | "func_code"
  | "func_defaults"
  | "func_kwdefaults"
  | "func_closure"
  | "func_doc"
  | "func_dict"
  | "func_weakreflist"
  | "func_module"
  | "func_annotations"
  | "func_annotate"
  | "func_typeparams"
  | "vectorcall"
  | "func_version";

/** `PyFunctionObject` as the version has it. */
export function functionStruct(
  facts: Pick<ObjectFacts, "functionAnnotate" | "functionTypeParams">,
): StructDefinition<FunctionField> {
  const fields = {
    ob_refcnt: "size",
    ob_type: "ptr",
    func_globals: { type: "ptr", help: "dict" },
    func_builtins: { type: "ptr", help: "NULL: there is no module of built-ins" },
    func_name: { type: "ptr", help: "str" },
    func_qualname: { type: "ptr", help: "str" },
    func_code: { type: "ptr", help: "code object" },
    func_defaults: { type: "ptr", help: "tuple, or NULL" },
    func_kwdefaults: "ptr",
    func_closure: { type: "ptr", help: "tuple of cells, or NULL" },
    func_doc: { type: "ptr", help: "None" },
    func_dict: { type: "ptr", help: "dict, made on demand" },
    func_weakreflist: { type: "ptr", help: "first weak reference" },
    func_module: { type: "ptr", help: "str, or NULL" },
    func_annotations: "ptr",
    ...(facts.functionAnnotate ? ({ func_annotate: "ptr" } as const) : {}),
    ...(facts.functionTypeParams ? { func_typeparams: "ptr" } : {}),
    vectorcall: "ptr",
    func_version: "u32",
  };
  return defineStruct(
    "PyFunctionObject",
    fields as { readonly [name in FunctionField]: FieldSpec },
  );
}

/** What `setAttribute` returns for names that functions do not provide. */
const NOT_PROVIDED = 2;

export function makeFunctions(core: Core): FunctionsApi {
  const { memory, alloc, refs, types, errors, word, facts, profile } = core;
  const { bytes: BYTES, at } = layoutOf(functionStruct(facts), profile.abi);
  const GC_HEAD = profile.headers.gcHead;
  const WEAKREFS = at.func_weakreflist;
  const DICT = at.func_dict;
  const CODE = at.func_code;
  const GLOBALS = at.func_globals;
  const FUNCTION_NAME = at.func_name;
  const QUALNAME = at.func_qualname;
  const DEFAULTS = at.func_defaults;
  const CLOSURE = at.func_closure;
  const DOC = at.func_doc;
  const MODULE = at.func_module;
  const later = [
    ...(facts.functionAnnotate ? [at.func_annotate] : []),
    ...(facts.functionTypeParams ? [at.func_typeparams] : []),
  ];
  /** `func_traverse`'s order. */
  const visited = [
    CODE,
    at.func_globals,
    at.func_builtins,
    at.func_module,
    at.func_defaults,
    at.func_kwdefaults,
    at.func_doc,
    at.func_name,
    DICT,
    at.func_closure,
    at.func_annotations,
    ...later,
    at.func_qualname,
  ];
  /** `func_clear`'s order; code and names stay until the function goes. */
  const cleared = [
    at.func_globals,
    at.func_builtins,
    at.func_module,
    at.func_defaults,
    at.func_kwdefaults,
    at.func_doc,
    DICT,
    at.func_closure,
    at.func_annotations,
    ...later,
  ];
  const last = [CODE, at.func_name, at.func_qualname];
  const codes = makeCodes(core);
  const NAME = core.str.name("__name__");
  const get = (fn: Address, offset: number): Address => memory.u32[(fn + offset) >>> 2];
  const set = (fn: Address, offset: number, value: number): void => {
    memory.u32[(fn + offset) >>> 2] = value;
  };

  function clear(fn: Address): void {
    for (const offset of cleared) {
      const referent = get(fn, offset);
      if (referent === 0) continue;
      set(fn, offset, 0);
      refs.decref(referent);
    }
  }

  function dict(fn: Address): Address {
    if (get(fn, DICT) === 0) set(fn, DICT, core.dict.create());
    return get(fn, DICT);
  }

  const slots: TypeSlots = {
    name: "function",
    dealloc: (fn) => {
      alloc.untrack(fn);
      if (get(fn, WEAKREFS) !== 0) core.weakrefs.clearAll(fn);
      clear(fn);
      for (const offset of last) refs.decref(get(fn, offset));
      alloc.freeGcObject(fn, GC_HEAD);
    },
    traverse: (fn, visit) => {
      for (const offset of visited) {
        const referent = get(fn, offset);
        if (referent !== 0) visit(referent);
      }
    },
    clear,
    repr: (fn) => `<function ${core.str.value(get(fn, at.func_qualname))} at 0x${fn.toString(16)}>`,
    call: (fn, args) => core.frames.callFunction(fn, args),
    getAttribute: (fn, name) => {
      const offset = attributes[name];
      if (offset !== undefined) {
        const value = get(fn, offset);
        return refs.newRef(value === 0 ? core.constants.none : value);
      }
      return name === "__dict__" && dict(fn) !== 0 ? refs.newRef(get(fn, DICT)) : 0;
    },
    setAttribute: (fn, name, value) => {
      const required = settable[name];
      if (required === undefined) return NOT_PROVIDED;
      const { none } = core.constants;
      const isNone = value === none || value === 0;
      if (required !== "object" && !isNone && types.typeOf(value) !== core[required].type) {
        errors.raise("TypeError", `${name} must be a ${required}`);
        return -1;
      }
      const offset = attributes[name] as number;
      const before = get(fn, offset);
      if (required === "object") set(fn, offset, refs.newRef(value === 0 ? none : value));
      else set(fn, offset, isNone ? 0 : refs.newRef(value));
      refs.xdecref(before);
      return 0;
    },
  };
  const attributes: { readonly [name: string]: number | undefined } = {
    __name__: at.func_name,
    __qualname__: at.func_qualname,
    __code__: CODE,
    __globals__: at.func_globals,
    __defaults__: at.func_defaults,
    __kwdefaults__: at.func_kwdefaults,
    __closure__: at.func_closure,
    __module__: at.func_module,
    __doc__: at.func_doc,
    __annotations__: at.func_annotations,
  };
  /** Those that can be set, and what they must be; None and deletion empty the others than `object`. */
  const settable: { readonly [name: string]: "object" | "tuple" | "dict" | undefined } = {
    __defaults__: "tuple",
    __kwdefaults__: "dict",
    __annotations__: "dict",
    __module__: "object",
    __doc__: "object",
  };
  const type = types.define({
    name: "function",
    basicsize: BYTES,
    flags: typeFlags.hasGc,
    dictoffset: DICT,
    weaklistoffset: WEAKREFS,
    layout: visited.flatMap((offset) => [layoutCodes.words, offset, 1]),
    slots,
  });

  function create(code: Address, globals: Address, closure = 0, defaults = 0): Address {
    const fn = alloc.gcObject(type, BYTES, GC_HEAD);
    if (fn === 0) return 0;
    const module = core.dict.getItem(globals, NAME);
    const name = codes.codeName(code);
    const qualname = codes.codeQualname(code);
    const { none } = core.constants;
    const u32 = memory.u32;
    for (let i = (fn + 2 * word) >>> 2, end = (fn + BYTES) >>> 2; i < end; i++) u32[i] = 0;
    u32[(fn + GLOBALS) >>> 2] = globals;
    u32[(fn + FUNCTION_NAME) >>> 2] = name;
    u32[(fn + QUALNAME) >>> 2] = qualname;
    u32[(fn + CODE) >>> 2] = code;
    u32[(fn + DEFAULTS) >>> 2] = defaults;
    u32[(fn + CLOSURE) >>> 2] = closure;
    u32[(fn + DOC) >>> 2] = none;
    u32[(fn + MODULE) >>> 2] = module;
    refs.incref(globals);
    refs.incref(name);
    refs.incref(qualname);
    refs.incref(code);
    refs.incref(none);
    if (defaults !== 0) refs.incref(defaults);
    if (closure !== 0) refs.incref(closure);
    if (module !== 0) refs.incref(module);
    alloc.track(fn);
    return fn;
  }

  return {
    type,
    ...codes,
    ...makeMethods(core),
    create,
    define: (spec: FunctionSpec, globals, closure, defaults) => {
      const code = codes.createCode(spec);
      if (code === 0) return 0;
      const fn = create(code, globals, closure, defaults);
      refs.decref(code);
      return fn;
    },
    code: (fn) => get(fn, CODE),
    closure: (fn) => get(fn, at.func_closure),
    defaults: (fn) => get(fn, at.func_defaults),
    globals: (fn) => get(fn, at.func_globals),
    name: (fn) => get(fn, at.func_name),
    dict,
    check: (object) => types.typeOf(object) === type,
  };
}
