/** The part of Pyodide's Emscripten module that running a program needs: file system, C API, start and end. */
import type { PyodideModule } from "@pyrena/pyodide";

/** What `fstat` tells. */
export interface FileAttributes {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly atime: Date;
  readonly mtime: Date;
  readonly ctime: Date;
  readonly blksize: number;
  readonly blocks: number;
}

/** What a terminal answers to `ioctl`. */
export interface TerminalOperations {
  ioctl_tcgets(): {
    readonly c_iflag: number;
    readonly c_oflag: number;
    readonly c_cflag: number;
    readonly c_lflag: number;
    readonly c_cc: readonly number[];
  };
  ioctl_tcsets(): number;
  /** Rows and columns. */
  ioctl_tiocgwinsz(): readonly [number, number];
}

/** A file, folder, device or socket of Emscripten's. */
export interface FileNode {
  readonly id: number;
  readonly mode: number;
  sock?: Socket;
}

/** An open file of Emscripten's. */
export interface FileStream {
  readonly fd: number;
  readonly node: FileNode;
  flags: number;
  seekable?: boolean;
  tty?: { readonly ops: TerminalOperations } | undefined;
}

/** The operations of a device. Buffers are views over the whole memory; offset and length say which part is meant. */
export interface StreamOperations {
  open(stream: FileStream): void;
  close(stream: FileStream): void;
  fsync(stream: FileStream): void;
  getattr(stream: FileStream): FileAttributes;
  read(stream: FileStream, buffer: Int8Array, offset: number, length: number): number;
  write(stream: FileStream, buffer: Int8Array, offset: number, length: number): number;
}

/** A socket of Emscripten's. */
export interface Socket {
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  readonly sock_ops: SocketOperations;
  readonly stream: FileStream;
}

/** What a socket can do. Conditions are thrown as `ErrnoError`. */
export interface SocketOperations {
  /** Bits of `poll`: 1 can be read, 4 can be written, 16 the other end is closed. */
  poll(socket: Socket): number;
  ioctl(socket: Socket, request: number, argument: number): number;
  close(socket: Socket): number;
  sendmsg(socket: Socket, buffer: Int8Array, offset: number, length: number): number;
  /** null at the end. */
  recvmsg(
    socket: Socket,
    length: number,
  ): { readonly buffer: Uint8Array; readonly addr: string; readonly port: number } | null;
}

/** Emscripten's file system. */
export interface FileSystem {
  readonly ErrnoError: new (errno: number) => Error;
  readonly filesystems: { readonly NODEFS: object };
  readonly createDevice: { major: number };
  makedev(major: number, minor: number): number;
  registerDevice(device: number, operations: StreamOperations): void;
  mkdev(path: string, device: number): void;
  mkdirTree(path: string): void;
  mount(type: object, options: { readonly root: string }, path: string): void;
  symlink(target: string, path: string): void;
  unlink(path: string): void;
  open(path: string, flags: number): FileStream;
  closeStream(fd: number): void;
  createNode(parent: FileNode, name: string, mode: number, device: number): FileNode;
  createStream(properties: object): FileStream;
  chdir(path: string): void;
  analyzePath(path: string): { readonly exists: boolean };
}

/** Pyodide's module. Functions named `_Py…` are the C API; objects are addresses, results C ints. */
export interface PythonModule extends PyodideModule {
  readonly FS: FileSystem;
  readonly SOCKFS: { readonly root: FileNode; readonly stream_ops: object; nextname(): string };
  readonly ENV: Record<string, string | undefined>;
  readonly ERRNO_CODES: Readonly<Record<string, number>>;
  readonly ExitStatus: new (status: number) => { readonly status: number };
  /** Address of the flag that makes CPython ask for signals. */
  readonly _Py_EMSCRIPTEN_SIGNAL_HANDLING: number;
  _emscripten_runtime_keepalive_pop(): void;
  /** A copy of a text in memory, for good. */
  stringToNewUTF8(text: string): number;
  UTF8ToString(address: number): string;
  _Py_RunMain(): number;
  /** Address of C's `errno`. */
  ___errno_location(): number;
  _fflush(file: number): number;
  _PyDict_New(): number;
  _PyDict_SetItemString(dict: number, key: number, value: number): number;
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
  _PyErr_CheckSignals(): number;
  _PyFloat_AsDouble(float: number): number;
  _PyLong_AsDouble(int: number): number;
  _PyUnicode_ReadChar(text: number, index: number): number;
  _PyLong_FromLong(value: number): number;
  _PyLong_AsLong(int: number): number;
  _Py_IncRef(object: number): void;
  _Py_DecRef(object: number): void;
  readonly __Py_NoneStruct: number;
}
