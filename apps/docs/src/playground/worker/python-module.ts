/** The part of Pyodide's Emscripten module that the playground needs. Objects are addresses, results are C ints. */
import type { PyodideModule } from "@pyrena/pyodide";

/** An open file of Emscripten's. */
export interface FileStream {
  seekable?: boolean;
}

/** Emscripten's file system. */
export interface FileSystem {
  readonly ErrnoError: new (errno: number) => Error;
  readonly createDevice: { major: number };
  makedev(major: number, minor: number): number;
  registerDevice(device: number, operations: object): void;
  mkdev(path: string, device: number): void;
  mkdirTree(path: string): void;
  unlink(path: string): void;
  open(path: string, flags: number): FileStream;
  closeStream(fd: number): void;
  chdir(path: string): void;
  writeFile(path: string, text: string): void;
}

export interface PythonModule extends PyodideModule {
  readonly FS: FileSystem;
  readonly ENV: Record<string, string | undefined>;
  readonly ExitStatus: new (status: number) => { readonly status: number };
  /** Address of the flag that makes CPython ask for signals. */
  readonly _Py_EMSCRIPTEN_SIGNAL_HANDLING: number;
  /** The C stack's lowest and highest address. */
  _emscripten_stack_get_end(): number;
  _emscripten_stack_get_base(): number;
  /** Bytes that malloc has taken of the memory. */
  _malloc_footprint(): number;
  /** A copy of a text in memory, for good. */
  stringToNewUTF8(text: string): number;
  UTF8ToString(address: number): string;
  _PyDict_New(): number;
  _PyDict_SetItemString(dict: number, key: number, value: number): number;
  _PyDict_GetItemString(dict: number, key: number): number;
  _PyRun_StringFlags(
    code: number,
    start: number,
    globals: number,
    locals: number,
    flags: number,
  ): number;
  _PyEval_GetBuiltins(): number;
  _PyCMethod_New(definition: number, self: number, module: number, type: number): number;
  _PyObject_CallOneArg(callable: number, argument: number): number;
  _PyErr_Occurred(): number;
  _PyErr_Print(): void;
  _PyErr_Clear(): void;
  _PyFloat_AsDouble(float: number): number;
  _PyLong_AsLong(int: number): number;
  _PyLong_AsUnsignedLongMask(int: number): number;
  _PyObject_IsTrue(object: number): number;
  _PyLong_FromLong(value: number): number;
  _PyUnicode_AsUTF8(text: number): number;
  _PyUnicode_FromString(text: number): number;
  _Py_IncRef(object: number): void;
  _Py_DecRef(object: number): void;
  readonly __Py_NoneStruct: number;
}
