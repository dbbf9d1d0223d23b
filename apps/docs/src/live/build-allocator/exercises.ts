/** Answers of the page on writing an allocator. */
import { Heap, LinearMemory, OBJ, profileFor } from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";
import type { Answers } from "../shared/Exercise.tsx";
import sizeClasses from "./steps/3-size-classes.ts";

export const answers: Answers = {
  /** From one block to the next, both of 24 bytes, in step 3. */
  overhead: () => {
    const memory = LinearMemory.create({ bytes: 1 << 20 });
    const heap = Heap.create(memory, profileFor("3.13", "lp64"));
    const { ctx, malloc } = sizeClasses(createRawAllocator(heap), { memory, domain: OBJ });
    return -(malloc(ctx, 24) - malloc(ctx, 24));
  },
};
