/** Operations whose every request for memory is made to fail in turn. */
import type { AbiName, Address, PyMemAllocatorEx } from "@pyrena/abi";
import { everyFailure, type NthFailure } from "@pyrena/conformance";
import type { Objects } from "@pyrena/objects";
import { expect } from "vitest";
import { testObjects } from "./heap.ts";

/** What an operation gave: a new reference or NULL, or 0 or -1. */
export type Outcome = { readonly object: Address } | { readonly status: number };

/** A heap whose allocators can be told to fail. */
export interface FailingHeap {
  readonly core: Objects;
  /**
   * Run an operation with its first request failing, then with its second, …, at last with none. Each time MemoryError
   * must be pending, nothing be left behind, and the whole heap be sound.
   * @param prepare makes the operands: new references
   * @param unchanged whether the operands must be as they were after a failure
   * @returns how many requests were made to fail
   */
  everyFailureOf(
    prepare: (core: Objects) => Address[],
    operate: (core: Objects, operands: Address[]) => Outcome,
    unchanged?: "unchanged",
  ): number;
}

export function failingHeap(version: string, abi: AbiName): FailingHeap {
  let failing: NthFailure | undefined;
  const strikes = (): boolean => failing?.strikes() === true;
  const wrapAllocator = (next: PyMemAllocatorEx): PyMemAllocatorEx => ({
    ctx: undefined,
    malloc: (_, size) => (strikes() ? 0 : next.malloc(next.ctx, size)),
    calloc: (_, nelem, elsize) => (strikes() ? 0 : next.calloc(next.ctx, nelem, elsize)),
    realloc: (_, ptr, size) => (strikes() ? 0 : next.realloc(next.ctx, ptr, size)),
    free: (_, ptr) => next.free(next.ctx, ptr),
    walker: next.walker,
  });
  const core = testObjects(version, abi, { wrapAllocator });
  const { refs, errors, protocol, inspect, alloc } = core;
  return {
    core,
    everyFailureOf: (prepare, operate, unchanged) =>
      everyFailure((failure) => {
        const operands = prepare(core);
        const before = operands.map((object) => protocol.repr(object));
        // Objects kept for reuse would hide requests.
        for (const list of alloc.freeLists) list.clear();
        failing = failure;
        const outcome = operate(core, operands);
        failing = undefined;
        const failed = "object" in outcome ? outcome.object === 0 : outcome.status < 0;
        expect(failed).toBe(failure.happened);
        expect(errors.matches("MemoryError")).toBe(failed);
        errors.clear();
        if (failed && unchanged !== undefined)
          expect(operands.map((object) => protocol.repr(object))).toEqual(before);
        if ("object" in outcome && !failed) refs.decref(outcome.object);
        for (const object of operands) refs.decref(object);
        inspect.verify();
      }),
  };
}
