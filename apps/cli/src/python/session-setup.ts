/**
 * What is added to a fresh interpreter before the program starts:
 *
 * - a function that `atexit` calls last, being registered first: the moment when the program has ended and nothing is
 *   torn down yet;
 * - an entry in `gc.callbacks`, which times collections;
 * - `time.sleep` that sleeps, and wakes for signals, in place of Emscripten's busy loop;
 * - `os.getpid()` as it really is; `os.kill()` reaches the program itself by it, and no other process;
 * - `socket.socketpair()`, on which asyncio stands;
 * - what differs from `python` in the settings of Pyodide's own start.
 *
 * `atexit`, `gc` and `_socket` are imported by it, and its entries can be found in the first two; otherwise a program
 * sees nothing of it.
 */
import process from "node:process";
import { builtinFunction, runPrivately } from "./builtin-functions.ts";
import type { PythonModule } from "./emscripten.ts";
import { socketPair } from "./socket-pair.ts";
import { pause } from "./waiting.ts";

/** Collections as `gc.callbacks` and `gc.get_stats()` tell them. */
export interface GcObservations {
  collections: number;
  totalPauseMs: number;
  longestPauseMs: number;
  /** Three figures for each generation, youngest first: collections, collected, uncollectable. */
  generations: number[];
}

/** What the interpreter is prepared with. */
export interface SessionSetup {
  readonly module: PythonModule;
  /** The words of the memory shared with the main thread. */
  readonly words: Int32Array;
  readonly writesBytecode: boolean;
  /** `PYTHONMALLOC` as the program is to see it in its environment; undefined: not at all. */
  readonly pythonMalloc: string | undefined;
  /** Called when the program has ended, before anything is torn down. */
  onEnd(): void;
}

const PREPARE = `
import _socket, atexit, gc, posix, sys, time

def at_end():
    if gc_phase in gc.callbacks:
        gc.callbacks.remove(gc_phase)
    figures = []
    for generation in gc.get_stats():
        figures += generation["collections"], generation["collected"], generation["uncollectable"]
    end(*figures)

emscripten_pid = posix.getpid()
emscripten_kill = posix.kill

def kill(pid, signal, /):
    return emscripten_kill(emscripten_pid if pid == getpid() else pid, signal)

def socketpair(family, type, proto):
    both = make_pair(type)
    left, right = both & 0xffff, both >> 16
    return (
        _socket.socket(family, type, proto, fileno=left),
        _socket.socket(family, type, proto, fileno=right),
    )

if not hasattr(_socket, "socketpair"):
    _socket.socketpair = socketpair
atexit.register(at_end)
gc.callbacks.append(gc_phase)
time.sleep = make_sleep(time.sleep)
for module in posix, sys.modules.get("os"):
    if module is not None:
        module.getpid = getpid
        module.kill = kill
if writes_bytecode():
    sys.dont_write_bytecode = False
`;

/**
 * Prepare the interpreter, which is initialised and has not run anything yet.
 * @returns what is observed of collections from now on
 */
export function prepareSession(setup: SessionSetup): GcObservations {
  const { module, words } = setup;
  const gc: GcObservations = {
    collections: 0,
    totalPauseMs: 0,
    longestPauseMs: 0,
    generations: [],
  };

  let startedAt = 0;
  const gcPhase = builtinFunction(module, "gc_phase", ([phase]) => {
    // "start" or "stop".
    if (module._PyUnicode_ReadChar(phase!, 2) === 0x61) {
      startedAt = performance.now();
      return undefined;
    }
    const pause = performance.now() - startedAt;
    gc.collections++;
    gc.totalPauseMs += pause;
    if (pause > gc.longestPauseMs) gc.longestPauseMs = pause;
    return undefined;
  });

  const end = builtinFunction(module, "end", (figures) => {
    gc.generations = figures.map((figure) => module._PyLong_AsDouble(figure));
    setup.onEnd();
    return undefined;
  });

  const makeSleep = builtinFunction(module, "make_sleep", ([original]) => {
    module._Py_IncRef(original!);
    return builtinFunction(module, "sleep", (args) => sleep(module, words, original!, args));
  });

  const getpid = builtinFunction(module, "getpid", () => module._PyLong_FromLong(process.pid));
  const makePair = builtinFunction(module, "make_pair", ([type]) => {
    const [left, right] = socketPair(module, module._PyLong_AsLong(type!));
    return module._PyLong_FromLong(left | (right << 16));
  });
  const writesBytecode = builtinFunction(module, "writes_bytecode", () =>
    module._PyLong_FromLong(Number(setup.writesBytecode)),
  );

  runPrivately(module, PREPARE, {
    gc_phase: gcPhase,
    end,
    make_sleep: makeSleep,
    make_pair: makePair,
    getpid,
    writes_bytecode: writesBytecode,
  });
  runPrivately(module, showPythonMalloc(setup.pythonMalloc), {});
  return gc;
}

/** `time.sleep`. Whatever is out of the ordinary, errors above all, is left to the original. */
function sleep(
  module: PythonModule,
  words: Int32Array,
  original: number,
  args: readonly number[],
): number | undefined {
  if (args.length !== 1) {
    // There is no call with several arguments among the functions at hand; a TypeError it is in any case.
    return module._PyObject_CallOneArg(original, module.__Py_NoneStruct);
  }
  const seconds = module._PyFloat_AsDouble(args[0]!);
  if (module._PyErr_Occurred() !== 0) module._PyErr_Clear();
  if (!(seconds >= 0 && seconds < 1e9)) return module._PyObject_CallOneArg(original, args[0]!);
  const until = performance.now() + seconds * 1000;
  while (pause(words, until - performance.now())) {
    if (module._PyErr_CheckSignals() !== 0) return 0;
  }
  return undefined;
}

/**
 * Statements that put `PYTHONMALLOC` where programs look for it, or take it away there. The interpreter itself was given
 * none, or another one. `os.environ` stands on the dict of `posix`; `os` may not have been imported (`-S`).
 */
function showPythonMalloc(value: string | undefined): string {
  return value === undefined
    ? 'import posix; posix.environ.pop(b"PYTHONMALLOC", None)'
    : `import posix; posix.environ[b"PYTHONMALLOC"] = ${JSON.stringify(value)}.encode("utf-8", "surrogateescape")`;
}
