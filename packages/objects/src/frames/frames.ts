/** Frames (`Python/frame.c`, and what the interpreter's loop does with them): pushed, filled, left. */
import { type Address, hex, layoutOf, PyrenaError } from "@pyrena/abi";
import type { FramesApi } from "../api/frames.ts";
import type { Core } from "../core/core.ts";
import { codeStruct } from "../types/code.ts";
import { functionStruct } from "../types/function.ts";
import { makeBlocks } from "./blocks.ts";
import { makeDataStack } from "./data-stack.ts";
import { makeFrameObjects } from "./frame-object.ts";
import { frameHeaderLayout, OWNED_BY_THREAD } from "./layout.ts";
import { makeLocals } from "./locals.ts";
import { makeFrameSlots } from "./slots.ts";
import { makeStackGuard } from "./stack-guard.ts";

/** `Py_DEFAULT_RECURSION_LIMIT`: frames on the data stack. */
const RECURSION_LIMIT = 1000;

export function makeFrames(core: Core): FramesApi {
  const { memory, refs, errors, wordShift, profile, facts, state, at } = core;
  const { at: F, bytes: HEADER } = frameHeaderLayout(profile.abi, facts);
  const { at: CODE } = layoutOf(codeStruct, profile.abi);
  const { at: FUNCTION } = layoutOf(functionStruct(facts), profile.abi);
  const FRAME = (state + at.frame) >>> 2;
  const DEPTH = (state + at.depth) >>> 2;
  const LIMIT = (state + at.recursion_limit) >>> 2;
  const HEADER_WORDS = HEADER >>> wordShift;
  const LENDS = facts.lendsLocals;
  const stack = makeDataStack(core);
  const guard = makeStackGuard();
  const slots = makeFrameSlots(core);
  const { codeOf, slot, slotsOf } = slots;
  const locals = makeLocals(core, slots);
  const objects = makeFrameObjects(core, slots);
  if (core.fresh) memory.u32[LIMIT] = RECURSION_LIMIT;

  /** A frame over a code object, entered: nothing in localsplus yet. Steals code and fn, also on failure. */
  function enter(code: Address, fn: Address): Address {
    const u32 = memory.u32;
    const depth = u32[DEPTH];
    if (depth >= u32[LIMIT] || (depth >= guard.reach && !guard.extend(depth))) {
      drop(code, fn);
      return tooDeep();
    }
    const count = u32[(code + CODE.co_nlocalsplus) >>> 2];
    const frame = stack.push(HEADER_WORDS + count + u32[(code + CODE.co_stacksize) >>> 2]);
    if (frame === 0) {
      drop(code, fn);
      return errors.noMemory();
    }
    const m = memory.u32;
    // A loop: for so few words it takes less time than `fill`.
    const end = (frame + HEADER + (count << wordShift)) >>> 2;
    for (let i = frame >>> 2; i < end; i++) m[i] = 0;
    m[(frame + F.f_executable) >>> 2] = code;
    m[(frame + F.f_funcobj) >>> 2] = fn;
    if (fn !== 0) {
      m[(frame + F.f_globals) >>> 2] = m[(fn + FUNCTION.func_globals) >>> 2];
      m[(frame + F.f_builtins) >>> 2] = m[(fn + FUNCTION.func_builtins) >>> 2];
    }
    m[(frame + F.previous) >>> 2] = m[FRAME];
    m[(frame + F.stack) >>> 2] = count;
    memory.u8[frame + F.owner] = OWNED_BY_THREAD;
    m[FRAME] = frame;
    m[DEPTH] = depth + 1;
    return frame;
  }

  function tooDeep(): 0 {
    const depth = memory.u32[DEPTH];
    return errors.raise(
      "RecursionError",
      depth >= memory.u32[LIMIT]
        ? `calls are nested more than ${memory.u32[LIMIT]} deep`
        : `calls are nested ${depth} deep, and JavaScript's stack has no room for more`,
    );
  }

  function drop(code: Address, fn: Address): void {
    refs.xdecref(fn);
    refs.decref(code);
  }

  /** Number of arguments to take from the defaults; -1 with TypeError pending. */
  function missing(fn: Address, code: Address, given: number): number {
    const wanted = memory.u32[(code + CODE.co_argcount) >>> 2];
    const defaults = memory.u32[(fn + FUNCTION.func_defaults) >>> 2];
    const atHand = defaults === 0 ? 0 : core.tuple.length(defaults);
    if (given <= wanted && given + atHand >= wanted) return wanted - given;
    const name = core.str.value(memory.u32[(code + CODE.co_name) >>> 2]);
    const least = wanted - atHand;
    errors.raise(
      "TypeError",
      `${name} takes ${least === wanted ? wanted : `${least} to ${wanted}`} arguments, not ${given}`,
    );
    return -1;
  }

  function push(fn: Address, args: readonly Address[]): Address {
    const frame = pushEmpty(fn, args.length);
    if (frame === 0) return 0;
    for (let n = 0; n < args.length; n++) {
      refs.incref(args[n]);
      memory.u32[slot(frame, n)] = args[n];
    }
    return frame;
  }

  function pushMoving(fn: Address, args: readonly Address[], lent: number): Address {
    const frame = pushEmpty(fn, args.length);
    for (let n = 0; n < args.length; n++) {
      const isLent = ((lent >>> n) & 1) !== 0;
      if (frame === 0) {
        if (!isLent) refs.decref(args[n]);
        continue;
      }
      if (isLent && !LENDS) refs.incref(args[n]);
      memory.u32[slot(frame, n)] = isLent && LENDS ? args[n] + 1 : args[n];
    }
    return frame;
  }

  /** A frame whose arguments are still to be filled in; defaults and free variables are there. */
  function pushEmpty(fn: Address, given: number): Address {
    const code = memory.u32[(fn + FUNCTION.func_code) >>> 2];
    const fromDefaults = missing(fn, code, given);
    if (fromDefaults < 0) return 0;
    const frame = enter(refs.newRef(code), refs.newRef(fn));
    if (frame === 0) return 0;
    const u32 = memory.u32;
    if (fromDefaults > 0) {
      const defaults = u32[(fn + FUNCTION.func_defaults) >>> 2];
      const first = core.tuple.length(defaults) - fromDefaults;
      for (let n = 0; n < fromDefaults; n++) {
        u32[slot(frame, given + n)] = refs.newRef(core.tuple.getItem(defaults, first + n));
      }
    }
    const closure = u32[(fn + FUNCTION.func_closure) >>> 2];
    if (closure !== 0) {
      const freeCount = core.tuple.length(closure);
      const first = slots.localCount(frame) - freeCount;
      for (let n = 0; n < freeCount; n++) {
        u32[slot(frame, first + n)] = refs.newRef(core.tuple.getItem(closure, n));
      }
    }
    return frame;
  }

  function pop(frame: Address): void {
    const u32 = memory.u32;
    if (frame !== u32[FRAME]) throw notRunning(frame);
    u32[FRAME] = u32[(frame + F.previous) >>> 2];
    const depth = u32[DEPTH] - 1;
    u32[DEPTH] = depth;
    if (depth < guard.keeps) guard.shrink(depth);
    const object = u32[(frame + F.frame_obj) >>> 2];
    if (object !== 0) {
      u32[(frame + F.frame_obj) >>> 2] = 0;
      if (u32[object >>> 2] > 1) {
        objects.takeOwnership(object, frame);
        refs.decref(object);
        stack.pop(frame);
        return;
      }
      refs.decref(object);
    }
    const code = u32[(frame + F.f_executable) >>> 2];
    slots.releaseAll(frame);
    slots.release((frame + F.f_locals) >>> 2);
    refs.xdecref(memory.u32[(frame + F.f_funcobj) >>> 2]);
    refs.decref(code);
    stack.pop(frame);
  }

  function notRunning(frame: Address): PyrenaError {
    const running = memory.u32[FRAME];
    const text = running === 0 ? "no frame is" : `${slots.name(running)} at ${hex(running)} is`;
    return new PyrenaError(
      "bad-argument",
      `the frame at ${hex(frame)} cannot be left, because it is not running: ${text}`,
      { address: frame },
    );
  }

  /** Run the body of a frame that has been pushed, and leave it. Functions begin with a look at what is pending (`RESUME`). */
  function run(frame: Address): Address {
    const body = core.functions.body(codeOf(frame));
    let result = 0;
    core.gc.poll();
    try {
      result = body(frame);
    } catch (thrown) {
      errors.fromJs(thrown);
    }
    // Frames that a body pushed and, throwing, did not pop.
    while (memory.u32[FRAME] !== frame) pop(memory.u32[FRAME]);
    if (result === 0) {
      blocks.traceOnce(frame);
      slots.releaseTo(frame, slots.localCount(frame));
    }
    pop(frame);
    return result;
  }

  const blocks = makeBlocks(core, {
    stack,
    level: (frame) => memory.u32[(frame + F.stack) >>> 2],
    popValuesTo: slots.releaseTo,
    pop,
    store: locals.store,
    callMoving,
  });

  function callMoving(fn: Address, args: readonly Address[], lent: number): Address {
    const frame = pushMoving(fn, args, lent);
    return frame === 0 ? 0 : run(frame);
  }

  return {
    type: objects.type,
    current: () => memory.u32[FRAME],
    previous: (frame) => memory.u32[(frame + F.previous) >>> 2],
    depth: () => memory.u32[DEPTH],
    get recursionLimit(): number {
      return memory.u32[LIMIT];
    },
    set recursionLimit(limit: number) {
      memory.u32[LIMIT] = limit;
    },
    push,
    pushMoving,
    pushNamed: (name, names) => {
      const code = core.functions.createCode({ name, locals: names, argCount: 0, body: () => 0 });
      return code === 0 ? 0 : enter(code, 0);
    },
    pop,
    abandon: () => {
      blocks.abandon();
      while (memory.u32[FRAME] !== 0) pop(memory.u32[FRAME]);
      stack.clear();
      memory.u32[DEPTH] = 0;
    },
    callFunction: (fn, args) => {
      const frame = push(fn, args);
      return frame === 0 ? 0 : run(frame);
    },
    callMoving,
    enterCall: () => {
      const depth = memory.u32[DEPTH];
      if (depth >= memory.u32[LIMIT] || (depth >= guard.reach && !guard.extend(depth))) {
        return tooDeep() !== 0;
      }
      memory.u32[DEPTH] = depth + 1;
      return true;
    },
    leaveCall: () => {
      memory.u32[DEPTH]--;
    },
    ...locals,
    functionOf: (frame) => memory.u32[(frame + F.f_funcobj) >>> 2],
    codeOf,
    frameObject: (frame) => objects.of(frame, slotsOf(frame)),
    frameOfObject: objects.frame,
    with: blocks.with,
    tryCatch: blocks.tryCatch,
    tryExcept: blocks.tryExcept,
    tryFinally: blocks.tryFinally,
    reraise: blocks.reraise,
    chunks: stack.chunks,
    roots: (visit) => {
      for (let f = memory.u32[FRAME]; f !== 0; f = memory.u32[(f + F.previous) >>> 2]) {
        slots.contents(f, visit);
      }
      blocks.roots(visit);
    },
    markingRoots: (visit) => {
      for (let f = memory.u32[FRAME]; f !== 0; f = memory.u32[(f + F.previous) >>> 2]) {
        slots.marked(f, visit);
      }
      blocks.stackRoots(visit);
    },
    dispose: () => {
      while (memory.u32[FRAME] !== 0) pop(memory.u32[FRAME]);
      stack.dispose();
    },
  };
}
