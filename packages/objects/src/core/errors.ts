/** The error indicator: one pending exception, owned by the heap's state. */
import { PyrenaError } from "@pyrena/abi";
import type { ErrorKind, ErrorsApi } from "../api/errors.ts";
import { PyException } from "../exception.ts";
import type { Core } from "./core.ts";

export function makeErrors(core: Core): ErrorsApi {
  const { memory, state, at } = core;
  const PENDING = (state + at.current_exception) >>> 2;

  function replace(exception: number): void {
    const before = memory.u32[PENDING];
    memory.u32[PENDING] = exception;
    core.refs.xdecref(before);
  }

  /** While the heap is being made there is nothing to raise with yet: the only possible failure is want of memory. */
  function ready(kind: ErrorKind, message: string): void {
    if (core.exceptions === undefined) {
      throw new PyrenaError(
        "memory-limit",
        `making the heap's objects failed: ${kind}: ${message}`,
      );
    }
  }

  const api: ErrorsApi = {
    raise: (kind, message) => {
      ready(kind, message);
      const text = core.str.from(message);
      if (text === 0) return 0;
      const argument = api.raiseObject(kind, text);
      core.refs.decref(text);
      return argument;
    },
    raiseObject: (kind, argument) => {
      const exception = core.exceptions.create(core.exceptions.type(kind), [argument]);
      // Where there was no room for it, MemoryError is pending instead.
      if (exception !== 0) {
        core.exceptions.chain(exception);
        replace(exception);
      }
      return 0;
    },
    noMemory: () => {
      ready("MemoryError", "no room");
      replace(core.exceptions.reservedMemoryError());
      return 0;
    },
    occurred: () => memory.u32[PENDING],
    matches: (kind) => {
      const exception = memory.u32[PENDING];
      return exception !== 0 && core.types.isInstance(exception, core.exceptions.type(kind));
    },
    fetch: () => {
      const exception = memory.u32[PENDING];
      memory.u32[PENDING] = 0;
      return exception;
    },
    restore: replace,
    clear: () => replace(0),
    fromJs: (thrown) => {
      // One of ours that crosses JavaScript code: the exception itself goes on.
      if (thrown instanceof PyException && thrown.core === core && thrown.exception !== 0) {
        replace(core.refs.newRef(thrown.exception));
        return 0;
      }
      return api.raise(
        isStackOverflow(thrown) ? "RecursionError" : "RuntimeError",
        thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown),
      );
    },
    writeUnraisable: (where) => {
      const exception = api.fetch();
      if (exception === 0) return;
      const error = `${core.types.name(core.types.typeOf(exception))}: ${core.exceptions.message(exception)}`;
      core.refs.decref(exception);
      try {
        core.onUnraisable({ error, where });
      } catch {
        // A reporter that throws must not take the heap down with it.
      }
    },
    guard: (body) => {
      try {
        return body();
      } catch (thrown) {
        return api.fromJs(thrown);
      }
    },
  };
  return api;
}

/** What engines throw where their stack is used up: V8 and JavaScriptCore a RangeError, SpiderMonkey its own. */
function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof Error && /call stack|too much recursion/.test(thrown.message);
}
