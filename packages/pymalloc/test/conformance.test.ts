/** The laws of every contract that pymalloc keeps, on the plainest lower layers and on Pyrena's own. */
import { Heap, LinearMemory, type Profile } from "@pyrena/abi";
import {
  allocatorLaws,
  type HeapWalkerSubject,
  heapWalkerLaws,
  plainAllocator,
  plainArenaSource,
  randomProgram,
  runProgram,
  statsLaws,
} from "@pyrena/conformance";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, test } from "vitest";
import { attachPymalloc, createPymalloc, type Pymalloc } from "../src/index.ts";
import { realProfiles, tinyProfiles } from "./support/harness.ts";

type Subject = HeapWalkerSubject & { readonly allocator: Pymalloc };

function freshHeap(profile: Profile): Heap {
  const tiny = profile.pymalloc.arenaBytes < 65_536;
  const memory = LinearMemory.create({
    backing: "resizable",
    bytes: 1 << 16,
    maxBytes: tiny ? 1 << 20 : 8 << 20,
  });
  return Heap.create(memory, profile);
}

function subject(heap: Heap, layers: Parameters<typeof createPymalloc>[1]): Subject {
  const { threshold } = heap.profile.pymalloc;
  return {
    allocator: createPymalloc(heap, layers),
    memory: heap.memory,
    abi: heap.abi,
    attach: () => attachPymalloc(heap, layers),
    ownsRequest: (bytes) => bytes >= 1 && bytes <= threshold,
  };
}

function onPlainLayers(profile: Profile): Subject {
  const heap = freshHeap(profile);
  const raw = plainAllocator(heap.memory, heap.abi);
  return subject(heap, { raw, arenas: plainArenaSource(raw) });
}

function onRealLayers(profile: Profile): Subject {
  const heap = freshHeap(profile);
  return subject(heap, { raw: createRawAllocator(heap), arenas: createArenaSource(heap) });
}

const all = [...tinyProfiles, ...realProfiles];

describe.each(all)("$name on plain layers", (profile) => {
  for (const law of allocatorLaws) test(law.name, () => law.check(() => onPlainLayers(profile)));
});

describe.each(tinyProfiles)("$name on plain layers", (profile) => {
  for (const law of heapWalkerLaws) test(law.name, () => law.check(() => onPlainLayers(profile)));
});

describe.each(all)("$name on @pyrena/raw", (profile) => {
  for (const law of allocatorLaws) test(law.name, () => law.check(() => onRealLayers(profile)));
  for (const law of heapWalkerLaws) test(law.name, () => law.check(() => onRealLayers(profile)));
  for (const law of statsLaws) {
    test(law.name, () =>
      law.check(() => {
        const made = onRealLayers(profile);
        return {
          stats: made.allocator.stats,
          exercise: (round) =>
            void runProgram(made, randomProgram(round, { length: 150, slots: 80 }), {
              checkEvery: 50,
              freeAtEnd: round % 2 === 0,
            }),
        };
      }),
    );
  }
});
