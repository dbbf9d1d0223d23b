/**
 * The Python side of the playground: functions that run the program, and that tell of its variables. They live in a
 * namespace of their own; a program finds of them an entry in `gc.callbacks`, the tool `pyrena` in `sys.monitoring`, and
 * a `time.sleep` that sleeps.
 *
 * Lines are followed by `sys.monitoring` (PEP 669) in the program's own code objects only, so that what they call in the
 * library counts for them and costs nothing.
 */
import { builtinFunction, runPrivately, textFor, textOf } from "./builtin-functions.ts";
import type { PythonModule } from "./python-module.ts";
import type { Suspender } from "./suspender.ts";

/** What the functions call. */
export interface HarnessHost {
  lineReached(line: number): void | Promise<void>;
  entered(): void;
  left(): void;
  collecting(starts: boolean): void;
  /** An exception that the program did not catch. */
  raised(name: string, lines: readonly number[]): void;
  root(name: string, id: number): void;
  node(node: { id: number; refcount: number; bytes: number; type: string; text: string }): void;
  edge(from: number, to: number): void;
  /** @returns false: sleep as Python would */
  sleep(milliseconds: number): boolean | Promise<boolean>;
}

/** Functions of Python's, as addresses. */
export interface Harness {
  /** Takes the program's text; returns its exit code. */
  readonly run: number;
  /** Takes names, separated by blanks. */
  readonly describe: number;
}

const PROGRAM = "main.py";

const HARNESS = `
import atexit, gc, sys, time
import types

monitoring = sys.monitoring
events = monitoring.events
main = sys.modules["__main__"].__dict__
codes = set()

def follow(code):
    codes.add(code)
    monitoring.set_local_events(tool, code, local)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            follow(constant)

def unwound(code, *_):
    if code in codes:
        left()

def thrown(code, *_):
    if code in codes:
        entered()

if with_lines():
    tool = next((tool for tool in (3, 4, 1, 0) if monitoring.get_tool(tool) is None))
    monitoring.use_tool_id(tool, "pyrena")
    local = events.LINE | events.PY_START | events.PY_RESUME | events.PY_RETURN | events.PY_YIELD
    monitoring.register_callback(tool, events.LINE, line)
    for event in events.PY_START, events.PY_RESUME:
        monitoring.register_callback(tool, event, entered)
    for event in events.PY_RETURN, events.PY_YIELD:
        monitoring.register_callback(tool, event, left)
    monitoring.register_callback(tool, events.PY_UNWIND, unwound)
    monitoring.register_callback(tool, events.PY_THROW, thrown)
else:
    tool = None

def report(error):
    names = []
    tb = error.__traceback__
    # The first one is this file's.
    tb = tb and tb.tb_next
    error = error.with_traceback(tb)
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == PROGRAM:
            names.append(tb.tb_lineno)
        tb = tb.tb_next
    if not names and isinstance(error, SyntaxError) and error.filename == PROGRAM and error.lineno:
        names.append(error.lineno)
    kind = type(error)
    raised(kind.__name__, *names)
    sys.excepthook(kind, error, error.__traceback__)

def run(source):
    status = 0
    try:
        code = compile(source, PROGRAM, "exec", dont_inherit=True)
        if tool is not None:
            follow(code)
            monitoring.set_events(tool, events.PY_UNWIND | events.PY_THROW)
        exec(code, main)
    except SystemExit as exit:
        status = exit.code
        if status is None:
            status = 0
        elif not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except KeyboardInterrupt as error:
        status = 130
        report(error)
    except BaseException as error:
        status = 1
        report(error)
    finally:
        if tool is not None:
            monitoring.set_events(tool, 0)
            monitoring.free_tool_id(tool)
            codes.clear()
    atexit._run_exitfuncs()
    for stream in sys.stdout, sys.stderr:
        try:
            stream.flush()
        except Exception:
            pass
    return status & 255

leaves = (
    type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType,
    types.FrameType, str, bytes, int, float, complex, bool, type(None),
)
plain = (str, bytes, int, float, complex, bool, type(None))
sized = (list, tuple, dict, set, frozenset, bytearray, range)
MOST = 80

def text_of(value):
    kind = type(value)
    if kind is int and value.bit_length() > 200:
        return f"{value.bit_length()} bits"
    if kind in (str, bytes):
        return repr(value[:24]) + ("…" if len(value) > 24 else "")
    if kind in plain:
        return repr(value)[:32]
    if kind in sized:
        return f"{kind.__name__} of {len(value)}"
    if kind in (types.FunctionType, types.ModuleType, type):
        return value.__name__
    return kind.__name__

def describe(names):
    # Nothing of the program's may run in here.
    enabled = gc.isenabled()
    gc.disable()
    try:
        return describe_all(names)
    finally:
        if enabled:
            gc.enable()

def describe_all(names):
    # The first one is ours alone: the counts of the others have as much of ours as it has.
    found = [object()]
    index = {id(found[0]): 0}
    for name in names.split():
        if name in main:
            if id(main[name]) not in index:
                index[id(main[name])] = len(found)
                found.append(main[name])
            root(name, id(main[name]))
    edges = []
    cut = False
    at = 1
    while at < len(found):
        if not isinstance(found[at], leaves) and found[at] is not main:
            referents = gc.get_referents(found[at])
            n = 0
            while n < len(referents):
                target = id(referents[n])
                if isinstance(referents[n], (type, types.ModuleType)) or referents[n] is main:
                    n += 1
                    continue
                if target not in index:
                    if len(found) > MOST:
                        cut = True
                        n += 1
                        continue
                    index[target] = len(found)
                    found.append(referents[n])
                edges.append((id(found[at]), target))
                n += 1
            del referents
        at += 1
    for at in range(len(found)):
        node(found[at], sys.getsizeof(found[at], 0), type(found[at]).__name__, text_of(found[at]))
    for source, target in edges:
        edge(source, target)
    return cut

def collecting_phase(phase, info):
    collecting(phase == "start")

original_sleep = time.sleep
def sleep(seconds, /):
    if not isinstance(seconds, (int, float)) or not 0 <= seconds < 1e9 or not sleep_for(float(seconds)):
        original_sleep(seconds)

time.sleep = sleep
gc.callbacks.append(collecting_phase)
if threshold() >= 0:
    if threshold() == 0:
        gc.disable()
    else:
        gc.set_threshold(threshold(), *gc.get_threshold()[1:])
sys.argv = [PROGRAM]
main["__file__"] = PROGRAM
offer(run, describe)
`;

/** How the interpreter is prepared. */
export interface HarnessOptions {
  readonly lines: boolean;
  /** If functions may suspend Python. */
  readonly suspender: Suspender | undefined;
  /** First threshold of the collector, -1 for Python's own, 0: off. */
  readonly gcThreshold: number;
}

/** Prepare an interpreter that is initialised and has not run anything yet. */
export function prepare(
  module: PythonModule,
  host: HarnessHost,
  { lines, suspender, gcThreshold }: HarnessOptions,
): Harness {
  let run = 0;
  let describe = 0;
  const int = (object: number): number => module._PyLong_AsLong(object) >>> 0;
  // What every node's count has of ours, see describe().
  let ours: number | undefined;
  const functions: Record<string, [(args: Uint32Array) => unknown, boolean?]> = {
    line: [(args) => host.lineReached(module._PyLong_AsLong(args[1]!)), true],
    entered: [() => host.entered()],
    left: [() => host.left()],
    collecting: [(args) => host.collecting(isTrue(module, args[0]!))],
    raised: [
      (args) =>
        host.raised(
          textOf(module, args[0]!),
          [...args.slice(1)].map((line) => module._PyLong_AsLong(line)),
        ),
    ],
    root: [(args) => host.root(textOf(module, args[0]!), idOf(args[1]!))],
    node: [
      (args) => {
        const [object, bytes, type, text] = args;
        const count = module.HEAPU32[object! >>> 2]!;
        if (ours === undefined) {
          ours = count;
          return;
        }
        host.node({
          id: object!,
          refcount: count >= IMMORTAL ? Number.POSITIVE_INFINITY : count - ours,
          bytes: int(bytes!),
          type: textOf(module, type!),
          text: textOf(module, text!),
        });
      },
    ],
    edge: [(args) => host.edge(idOf(args[0]!), idOf(args[1]!))],
    sleep_for: [
      (args) => {
        const answer = host.sleep(module._PyFloat_AsDouble(args[0]!) * 1000);
        return answer instanceof Promise ? answer.then(Number) : Number(answer);
      },
      true,
    ],
    with_lines: [() => Number(lines)],
    threshold: [() => gcThreshold],
    offer: [
      (args) => {
        [run, describe] = args as unknown as [number, number];
        module._Py_IncRef(run);
        module._Py_IncRef(describe);
      },
    ],
  };
  /** An id is a Python int that may be above 2^31. */
  function idOf(object: number): number {
    return module._PyLong_AsUnsignedLongMask(object) >>> 0;
  }
  const result = (value: unknown): number | undefined =>
    typeof value === "number" ? module._PyLong_FromLong(value) : undefined;
  const names: Record<string, number> = { PROGRAM: textFor(module, PROGRAM) };
  for (const [name, [call, mayWait = false]] of Object.entries(functions)) {
    names[name] = builtinFunction(
      module,
      name,
      (args) => {
        const value = call(args);
        return value instanceof Promise ? value.then(result) : result(value);
      },
      mayWait ? suspender : undefined,
    );
  }
  runPrivately(module, HARNESS, names);
  return {
    run,
    get describe(): number {
      ours = undefined;
      return describe;
    },
  };
}

/** Counts from here on are not counted: of objects that live for ever, whatever the version. */
const IMMORTAL = 0x3fff_0000;

function isTrue(module: PythonModule, object: number): boolean {
  return module._PyObject_IsTrue(object) === 1;
}
