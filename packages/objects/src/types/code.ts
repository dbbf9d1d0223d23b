/**
 * code objects (`Objects/codeobject.c`), cut down to what memory and frames need: names, counts, and instead of
 * instructions the number under which the JavaScript body is held, in the word where CPython has `co_extra`.
 * Not collectable in any version. Fields not named here are zero.
 */
import { type Address, defineStruct, layoutOf, type StructDefinition } from "@pyrena/abi";
import type { Body, FunctionSpec } from "../api/functions.ts";
import type { Visit } from "../api/types.ts";
import type { Core } from "../core/core.ts";

type CodeField =
  | "ob_refcnt"
  | "ob_type"
  | "ob_size"
  | "co_consts"
  | "co_names"
  | "co_exceptiontable"
  | "co_flags"
  | "co_argcount"
  | "co_posonlyargcount"
  | "co_kwonlyargcount"
  | "co_stacksize"
  | "co_firstlineno"
  | "co_nlocalsplus"
  | "co_framesize"
  | "co_nlocals"
  | "co_ncellvars"
  | "co_nfreevars"
  | "co_version"
  | "co_localsplusnames"
  | "co_localspluskinds"
  | "co_filename"
  | "co_name"
  | "co_qualname"
  | "co_linetable"
  | "co_weakreflist";

/** The part of `PyCodeObject` that all versions have (3.11 orders some of the twelve counts differently). */
export const codeStruct: StructDefinition<CodeField> = defineStruct("PyCodeObject", {
  ob_refcnt: "size",
  ob_type: "ptr",
  ob_size: { type: "size", help: "code units: 2 bytes each" },
  co_consts: { type: "ptr", help: "tuple, owned" },
  co_names: { type: "ptr", help: "tuple, owned" },
  co_exceptiontable: "ptr",
  co_flags: "u32",
  co_argcount: "u32",
  co_posonlyargcount: "u32",
  co_kwonlyargcount: "u32",
  co_stacksize: { type: "u32", help: "words of evaluation stack" },
  co_firstlineno: "u32",
  co_nlocalsplus: "u32",
  co_framesize: { type: "u32", help: "words of a frame without its header" },
  co_nlocals: "u32",
  co_ncellvars: "u32",
  co_nfreevars: "u32",
  co_version: "u32",
  co_localsplusnames: { type: "ptr", help: "tuple, owned: locals, then free names" },
  co_localspluskinds: "ptr",
  co_filename: "ptr",
  co_name: { type: "ptr", help: "str, owned" },
  co_qualname: { type: "ptr", help: "str, owned" },
  co_linetable: "ptr",
  co_weakreflist: "ptr",
});

/** Code units of a body that CPython would compile to next to nothing. */
const CODE_UNITS = 4;
/** `CO_OPTIMIZED | CO_NEWLOCALS`. */
const FUNCTION_FLAGS = 3;

/** Code objects; part of `core.functions`. */
export interface Codes {
  readonly codeType: Address;
  createCode(this: void, spec: FunctionSpec): Address;
  argCount(this: void, code: Address): number;
  localCount(this: void, code: Address): number;
  freeCount(this: void, code: Address): number;
  stackSize(this: void, code: Address): number;
  codeName(this: void, code: Address): Address;
  codeQualname(this: void, code: Address): Address;
  localNames(this: void, code: Address): Address;
  body(this: void, code: Address): Body;
  bind(this: void, code: Address, body: Body): void;
  isBound(this: void, code: Address): boolean;
  spec(this: void, code: Address): FunctionSpec;
}

export function makeCodes(core: Core): Codes {
  const { memory, alloc, refs, types, errors, word, facts } = core;
  const { at } = layoutOf(codeStruct, core.profile.abi);
  const BASIC = facts.codeBytes;
  const BODY = BASIC - word;
  const WEAKREFS = at.co_weakreflist;
  const owned = [at.co_consts, at.co_names, at.co_localsplusnames, at.co_name, at.co_qualname];
  const get = (code: Address, offset: number): number => memory.u32[(code + offset) >>> 2];
  const set = (code: Address, offset: number, value: number): void => {
    memory.u32[(code + offset) >>> 2] = value;
  };
  const bytesFor = (units: number): number => Math.ceil((BASIC + 2 * units) / word) * word;

  function eachReference(code: Address, visit: Visit): void {
    for (const offset of owned) {
      const referent = get(code, offset);
      if (referent !== 0) visit(referent);
    }
  }

  const codeType = types.define({
    name: "code",
    basicsize: BASIC,
    itemsize: 2,
    flags: 0,
    weaklistoffset: WEAKREFS,
    slots: {
      name: "code",
      dealloc: (code) => {
        if (get(code, WEAKREFS) !== 0) core.weakrefs.clearAll(code);
        core.jsValues.drop(get(code, BODY));
        for (const offset of owned) refs.xdecref(get(code, offset));
        alloc.freeObject(code);
      },
      // Not traverse: no collector ever sees code objects.
      ownership: { hidden: eachReference },
      sizeof: (code) => bytesFor(get(code, at.ob_size)),
      repr: (code) => `<code object ${core.str.value(get(code, at.co_name))}>`,
    },
  });

  /** A tuple of interned names: new reference, or NULL. */
  function namesTuple(names: readonly string[]): Address {
    const made: Address[] = [];
    for (const name of names) {
      const str = core.str.interned(name);
      if (str === 0) break;
      made.push(str);
    }
    const tuple = made.length === names.length ? core.tuple.pack(made) : 0;
    for (const str of made) refs.decref(str);
    return tuple;
  }

  function createCode(spec: FunctionSpec): Address {
    const freeNames = spec.freeNames ?? [];
    const stackSize = spec.stackSize ?? 4;
    const all = [...spec.locals, ...freeNames];
    if (!(spec.argCount >= 0 && spec.argCount <= spec.locals.length)) {
      return errors.raise(
        "ValueError",
        `${spec.name} has ${spec.locals.length} locals, too few for ${spec.argCount} arguments`,
      );
    }
    const names = namesTuple(all);
    if (names === 0) return 0;
    const name = core.str.interned(spec.name);
    const qualname = name === 0 ? 0 : core.str.interned(spec.qualname ?? spec.name);
    const code = qualname === 0 ? 0 : alloc.object(codeType, bytesFor(CODE_UNITS));
    if (code === 0) {
      refs.decref(names);
      refs.xdecref(name);
      refs.xdecref(qualname);
      return 0;
    }
    memory.u32.fill(0, (code + 2 * word) >>> 2, (code + bytesFor(CODE_UNITS)) >>> 2);
    set(code, at.ob_size, CODE_UNITS);
    set(code, at.co_consts, refs.newRef(core.tuple.empty));
    set(code, at.co_names, refs.newRef(core.tuple.empty));
    set(code, at.co_flags, FUNCTION_FLAGS);
    set(code, at.co_argcount, spec.argCount);
    set(code, at.co_stacksize, stackSize);
    set(code, at.co_nlocalsplus, all.length);
    set(code, at.co_framesize, all.length + stackSize);
    set(code, at.co_nlocals, spec.locals.length);
    set(code, at.co_nfreevars, freeNames.length);
    set(code, at.co_localsplusnames, names);
    set(code, at.co_name, name);
    set(code, at.co_qualname, qualname);
    set(code, BODY, core.jsValues.hold(spec.body));
    return code;
  }

  function body(code: Address): Body {
    const held = core.jsValues.held(get(code, BODY));
    if (held !== undefined) return held as Body;
    const name = core.str.value(get(code, at.co_name));
    return () =>
      errors.raise(
        "RuntimeError",
        `the body of ${name} is not known here: give it with functions.bind after opening the heap`,
      );
  }

  return {
    codeType,
    createCode,
    argCount: (code) => get(code, at.co_argcount),
    localCount: (code) => get(code, at.co_nlocals),
    freeCount: (code) => get(code, at.co_nfreevars),
    stackSize: (code) => get(code, at.co_stacksize),
    codeName: (code) => get(code, at.co_name),
    codeQualname: (code) => get(code, at.co_qualname),
    localNames: (code) => get(code, at.co_localsplusnames),
    body,
    bind: (code, given) => {
      core.jsValues.drop(get(code, BODY));
      set(code, BODY, core.jsValues.hold(given));
    },
    isBound: (code) => core.jsValues.held(get(code, BODY)) !== undefined,
    spec: (code) => {
      const names = get(code, at.co_localsplusnames);
      const locals = get(code, at.co_nlocals);
      const text = (n: number): string => core.str.value(core.tuple.getItem(names, n));
      return {
        name: core.str.value(get(code, at.co_name)),
        qualname: core.str.value(get(code, at.co_qualname)),
        locals: Array.from({ length: locals }, (_, n) => text(n)),
        argCount: get(code, at.co_argcount),
        freeNames: Array.from({ length: get(code, at.co_nfreevars) }, (_, n) => text(locals + n)),
        stackSize: get(code, at.co_stacksize),
        body: body(code),
      };
    },
  };
}
