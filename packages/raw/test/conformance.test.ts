/** The laws of every contract that this package keeps, on every backing, in both ABIs. */
import type { Profile } from "@pyrena/abi";
import {
  allocatorLaws,
  arenaAllocatorLaws,
  type HeapWalkerSubject,
  heapWalkerLaws,
  randomProgram,
  runProgram,
  statsLaws,
} from "@pyrena/conformance";
import { describe, test } from "vitest";
import {
  attachRawAllocator,
  createArenaSource,
  createBumpAllocator,
  type RawAllocator,
} from "../src/index.ts";
import {
  backings,
  freshHeap,
  freshLayers,
  type OwnBacking,
  someProfiles,
} from "./support/heaps.ts";

const everywhere = someProfiles.flatMap((profile) =>
  backings.map((backing) => ({ name: `${profile.name} on ${backing}`, profile, backing })),
);

function rawSubject(
  profile: Profile,
  backing: OwnBacking,
): HeapWalkerSubject & { readonly allocator: RawAllocator } {
  const { raw, memory, heap } = freshLayers(profile, {
    backing,
    bytes: 1 << 17,
    maxBytes: 2 << 20,
  });
  return { allocator: raw, memory, abi: heap.abi, attach: () => attachRawAllocator(heap) };
}

describe.each(everywhere)("the raw allocator, $name", ({ profile, backing }) => {
  const make = () => rawSubject(profile, backing);
  for (const law of allocatorLaws) test(law.name, () => law.check(make));
  for (const law of heapWalkerLaws) test(law.name, () => law.check(make));
});

describe.each(everywhere)("the arena source, $name", ({ profile, backing }) => {
  const make = () => {
    const { arenas, memory, heap } = freshLayers(profile, { backing, maxBytes: 8 << 20 });
    const { arenaBytes } = profile.pymalloc;
    return { arenas, memory, abi: heap.abi, arenaBytes, verify: arenas.verify };
  };
  for (const law of arenaAllocatorLaws) test(law.name, () => law.check(make));
});

describe.each(someProfiles)("the statistics, $name", (profile) => {
  for (const law of statsLaws) {
    test(`raw: ${law.name}`, () =>
      law.check(() => {
        const subject = rawSubject(profile, "resizable");
        return {
          stats: subject.allocator.stats,
          exercise: (round) =>
            void runProgram(subject, randomProgram(round, { length: 200 }), {
              checkEvery: 100,
              freeAtEnd: round % 2 === 0,
            }),
        };
      }));
    test(`arena source: ${law.name}`, () =>
      law.check(() => {
        const { arenas, allocArena, freeArena } = freshLayers(profile, { maxBytes: 16 << 20 });
        return {
          stats: arenas.stats,
          exercise: (round) => {
            const bases = [allocArena(), allocArena()];
            if (round % 2 === 0) for (const base of bases) freeArena(base);
          },
        };
      }));
  }
});

describe.each(someProfiles)("the bump allocator, $name", (profile) => {
  const make = () => {
    const heap = freshHeap(profile, { maxBytes: 8 << 20 });
    const allocator = createBumpAllocator(heap, createArenaSource(heap));
    return { allocator, memory: heap.memory, abi: heap.abi, reuses: false };
  };
  for (const law of allocatorLaws) test(law.name, () => law.check(make));
});
