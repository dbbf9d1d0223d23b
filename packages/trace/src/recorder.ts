/**
 * Recorders for Pyrena's own heap: wrappers around any allocator and any arena source that write down what happens.
 * They do what the preloaded recorder does inside a native CPython.
 */
import {
  type Address,
  type Domain,
  NULL,
  type Profile,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
} from "@pyrena/abi";
import type { TraceWriter } from "./encode.ts";
import type { TraceHeader } from "./format.ts";

/**
 * Writes a trace of what passes through the structs that it has wrapped.
 *
 * Only the outermost call is written: what an allocator asks of another wrapped one while it serves a call is its own
 * business. Arena sources are the exception, as in every trace. Order: an allocation is written when its result is
 * known, so after the arenas that it caused; a free before it is carried out, so before the arenas that it gives back.
 *
 * One thread only: records of several threads would have no order.
 */
export class TraceRecorder {
  readonly writer: TraceWriter;
  /** While false, nothing is written. */
  recording = true;
  #depth = 0;

  constructor(writer: TraceWriter) {
    this.writer = writer;
  }

  /**
   * An allocator that does what `next` does, and is recorded.
   * @param domain the domain in which it will be installed
   */
  wrap(next: PyMemAllocatorEx, domain: Domain): PyMemAllocatorEx<TraceRecorder> {
    const outermost = (recorder: TraceRecorder): boolean =>
      recorder.recording && recorder.#depth === 0;
    return {
      ctx: this,
      malloc(recorder, size) {
        const writes = outermost(recorder);
        let result: Address;
        recorder.#depth++;
        try {
          result = next.malloc(next.ctx, size);
        } finally {
          recorder.#depth--;
        }
        if (writes) recorder.writer.malloc(domain, size, result);
        return result;
      },
      calloc(recorder, nelem, elsize) {
        const writes = outermost(recorder);
        let result: Address;
        recorder.#depth++;
        try {
          result = next.calloc(next.ctx, nelem, elsize);
        } finally {
          recorder.#depth--;
        }
        if (writes) recorder.writer.calloc(domain, nelem, elsize, result);
        return result;
      },
      realloc(recorder, ptr, newSize) {
        const writes = outermost(recorder);
        let result: Address;
        recorder.#depth++;
        try {
          result = next.realloc(next.ctx, ptr, newSize);
        } finally {
          recorder.#depth--;
        }
        if (writes) recorder.writer.realloc(domain, ptr, newSize, result);
        return result;
      },
      free(recorder, ptr) {
        if (ptr !== NULL && outermost(recorder)) recorder.writer.free(domain, ptr);
        recorder.#depth++;
        try {
          next.free(next.ctx, ptr);
        } finally {
          recorder.#depth--;
        }
      },
      get walker() {
        return next.walker;
      },
    };
  }

  /** An arena source that does what `next` does, and is recorded. */
  wrapArenas(next: PyObjectArenaAllocator): PyObjectArenaAllocator<TraceRecorder> {
    return {
      ctx: this,
      alloc(recorder, size): Address {
        const base = next.alloc(next.ctx, size);
        if (recorder.recording) recorder.writer.arenaAlloc(size, base);
        return base;
      },
      free(recorder, base, size) {
        if (recorder.recording) recorder.writer.arenaFree(base, size);
        next.free(next.ctx, base, size);
      },
    };
  }
}

/** The header of a trace that is recorded from Pyrena's own heap. */
export function headerFor(
  profile: Profile,
  details: Partial<Pick<TraceHeader, "command" | "platform" | "startedAt" | "from">> = {},
): TraceHeader {
  const { threshold, arenaBytes, poolBytes } = profile.pymalloc;
  return {
    python: profile.python,
    abi: profile.abi.name,
    pointerBytes: profile.abi.pointerBytes,
    pymalloc: { alignment: profile.abi.alignment, threshold, arenaBytes, poolBytes },
    command: details.command ?? [],
    platform: details.platform ?? "pyrena",
    startedAt: details.startedAt ?? new Date().toISOString(),
    from: details.from ?? "start",
  };
}
