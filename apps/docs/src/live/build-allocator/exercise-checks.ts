/** What is checked in each exercise of the page. */
import { type AllocatorFactory, Heap, LinearMemory, OBJ, profileFor } from "@pyrena/abi";
import { createRawAllocator } from "@pyrena/raw";
import type { Check } from "../build-code/check.ts";
import { lawChecks, objectsCheck, reuseCheck } from "./checks.ts";
import { Ledger } from "./ledger.ts";

/** An allocator on a heap of its own, and the books about it. */
function watched(factory: AllocatorFactory): {
  readonly ledger: Ledger;
  malloc(size: number): number;
  free(block: number): void;
} {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 25 });
  const heap = Heap.create(memory, profileFor("3.13", "lp64"));
  const ledger = new Ledger();
  const allocator = factory(ledger.watch(createRawAllocator(heap)), { memory, domain: OBJ });
  return {
    ledger,
    malloc: (size) => allocator.malloc(allocator.ctx, size),
    free: (block) => allocator.free(allocator.ctx, block),
  };
}

/** Neither the order in which they came nor the opposite one. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  const step = 7; // without a common divisor with the counts that are used here
  return items.map((_, n) => items[(n * step) % items.length]!);
}

const joins: Check<AllocatorFactory> = {
  id: "joins",
  name: "60 freed blocks of 1,000 bytes make room for one of 50,000",
  run(factory) {
    const { ledger, malloc, free } = watched(factory);
    const blocks = Array.from({ length: 61 }, () => malloc(1000));
    const last = blocks.pop()!; // stays, so that nothing is taken from the end of the chunk
    for (const block of shuffled(blocks)) free(block);
    const before = ledger.obtained;
    const large = malloc(50_000);
    if (large === 0) throw new Error("malloc(50000) returned NULL");
    if (ledger.obtained !== before) {
      throw new Error(
        "60 blocks of 1000 bytes, side by side, were freed; malloc(50000) asked the allocator below for more memory all the same",
      );
    }
    if (large <= last && last < large + 50_000) throw new Error("it overlaps a block that lives");
  },
};

/** What may stay when nothing lives any more. */
const SPARE_BYTES = 80_000;

const givesBack: Check<AllocatorFactory> = {
  id: "gives-back",
  name: "When all blocks are freed, at most 80,000 bytes are kept",
  run(factory) {
    const { ledger, malloc, free } = watched(factory);
    for (let round = 1; round <= 2; round++) {
      const blocks = Array.from({ length: 5000 }, (_, n) => malloc(16 + ((n * 48) % 480)));
      for (const block of shuffled(blocks)) free(block);
      if (ledger.held > SPARE_BYTES) {
        throw new Error(
          `5000 blocks were made and all of them freed; ${ledger.held} bytes in ${ledger.pieces.size} pieces are still kept`,
        );
      }
    }
  },
};

export const exerciseChecks: Readonly<Record<string, readonly Check<AllocatorFactory>[]>> = {
  mend: lawChecks,
  join: [...lawChecks, reuseCheck, joins],
  "give-back": [...lawChecks, reuseCheck, objectsCheck, givesBack],
};
