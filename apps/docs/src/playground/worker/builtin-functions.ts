/**
 * Functions of ours as built-in functions of Python, made with the C API alone.
 *
 * PyMethodDef: name, function, flags, doc (16 bytes, ilp32).
 */
import type { PythonModule } from "./python-module.ts";
import type { Suspender } from "./suspender.ts";

/** `METH_FASTCALL`: (self, address of the arguments, their number). */
const METH_FASTCALL = 0x80;
const METHOD_BYTES = 16;
const FILE_INPUT = 257;

type Call = (args: Uint32Array) => number | undefined | Promise<number | undefined>;

/**
 * A function for Python. Its arguments are addresses of borrowed objects; it returns a new reference, or 0 with an
 * exception set, or undefined for None. What it throws is swallowed: it must not pass through WebAssembly.
 * @param suspender if it may return a promise: Python then stands still until that is kept
 * @returns address of the function object, a new reference
 */
export function builtinFunction(
  module: PythonModule,
  name: string,
  call: Call,
  suspender?: Suspender,
): number {
  const none = (): number => {
    module._Py_IncRef(module.__Py_NoneStruct);
    return module.__Py_NoneStruct;
  };
  const fn = (_self: number, args: number, count: number): number | Promise<number> => {
    try {
      const at = args >>> 2;
      const result = call(module.HEAPU32.subarray(at, at + count));
      if (result instanceof Promise) return result.then((value) => value ?? none(), none);
      if (result !== undefined) return result;
    } catch (error) {
      // The interpreter's own end is on its way through.
      if (error instanceof WebAssembly.RuntimeError) throw error;
    }
    return none();
  };
  const index = module.addFunction(
    (suspender?.function(3, fn as never, fn as never) ?? fn) as never,
    "iiii",
  );
  const definition = module._memalign(8, METHOD_BYTES);
  module.HEAPU32.set([module.stringToNewUTF8(name), index, METH_FASTCALL, 0], definition >>> 2);
  return module._PyCMethod_New(definition, 0, 0, 0);
}

/**
 * Run statements in a namespace of their own, which no module of Python's sees.
 * @param names objects by the name under which the statements find them
 * @throws Error if the statements raise; the traceback has then gone to stderr
 */
export function runPrivately(
  module: PythonModule,
  code: string,
  names: Readonly<Record<string, number>>,
): void {
  const namespace = module._PyDict_New();
  const set = (name: string, value: number): void => {
    const text = module.stringToNewUTF8(name);
    module._PyDict_SetItemString(namespace, text, value);
    module._free(text);
  };
  set("__builtins__", module._PyEval_GetBuiltins());
  for (const [name, value] of Object.entries(names)) set(name, value);
  const text = module.stringToNewUTF8(code);
  const result = module._PyRun_StringFlags(text, FILE_INPUT, namespace, namespace, 0);
  module._free(text);
  module._Py_DecRef(namespace);
  if (result === 0) {
    module._PyErr_Print();
    throw new Error("the interpreter could not be prepared");
  }
  module._Py_DecRef(result);
}

/** A Python string as one of JavaScript's. */
export function textOf(module: PythonModule, object: number): string {
  const address = module._PyUnicode_AsUTF8(object);
  if (address === 0) {
    // Lone surrogates have no UTF-8.
    module._PyErr_Clear();
    return "?";
  }
  return module.UTF8ToString(address);
}

/** Call a Python function with a text. @returns a new reference, or 0 with an exception set */
export function callWithText(module: PythonModule, callable: number, text: string): number {
  const argument = textFor(module, text);
  if (argument === 0) return 0;
  const result = module._PyObject_CallOneArg(callable, argument);
  module._Py_DecRef(argument);
  return result;
}

/** A JavaScript string as one of Python's. @returns a new reference, or 0 with an exception set */
export function textFor(module: PythonModule, text: string): number {
  const bytes = module.stringToNewUTF8(text);
  const object = module._PyUnicode_FromString(bytes);
  module._free(bytes);
  return object;
}
