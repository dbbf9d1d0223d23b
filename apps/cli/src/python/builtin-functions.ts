/**
 * Functions of ours as built-in functions of Python. They are made with the C API alone: no module of Pyodide's needs
 * to be imported for it, so a program finds in `sys.modules` what it finds under a native `python`.
 *
 * PyMethodDef: name, function, flags, doc (16 bytes, ilp32).
 */
import type { PythonModule } from "./emscripten.ts";

/** `METH_FASTCALL`: (self, address of the arguments, their number). */
const METH_FASTCALL = 0x80;
const METHOD_BYTES = 16;

/**
 * A function for Python. Its arguments are addresses of borrowed objects; it returns a new reference, or 0 with an
 * exception set, or undefined for None. What it throws by itself is swallowed: it must not pass through WebAssembly.
 * @returns address of the function object, a new reference
 */
export function builtinFunction(
  module: PythonModule,
  name: string,
  call: (args: readonly number[]) => number | undefined,
): number {
  const index = module.addFunction((_self, args, count) => {
    try {
      const at = args! >>> 2;
      const result = call([...module.HEAPU32.subarray(at, at + count!)]);
      if (result !== undefined) return result;
    } catch (error) {
      // The end of the process is on its way through: os._exit, or a crash.
      if (error instanceof module.ExitStatus || error instanceof WebAssembly.RuntimeError) {
        throw error;
      }
    }
    module._Py_IncRef(module.__Py_NoneStruct);
    return module.__Py_NoneStruct;
  }, "iiii");
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
  const FILE_INPUT = 257;
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
