/** A heap whose allocators can be made to fail once, for tests. */
import type { AbiName, PyMemAllocatorEx } from "@pyrena/abi";
import type { NthFailure } from "@pyrena/conformance";
import type { Objects } from "@pyrena/objects";
import { testObjects } from "./heap.ts";

/** Objects whose requests count towards `failure` while armed; making the heap does not. */
export function failingObjects(
  version: string,
  abi: AbiName,
  failure: NthFailure,
): { core: Objects; arm: (armed: boolean) => void } {
  let isArmed = false;
  const core = testObjects(version, abi, {
    wrapAllocator: (inner) => {
      const failing = failure.allocator(inner);
      const current = (): PyMemAllocatorEx => (isArmed ? failing : inner);
      return {
        ctx: undefined,
        malloc: (_, size) => current().malloc(current().ctx, size),
        calloc: (_, count, size) => current().calloc(current().ctx, count, size),
        realloc: (_, ptr, size) => current().realloc(current().ctx, ptr, size),
        free: (_, ptr) => inner.free(inner.ctx, ptr),
      };
    },
  });
  return {
    core,
    arm: (armed) => {
      isArmed = armed;
    },
  };
}
