import { ilp32, LinearMemory, lp64, NULL } from "@pyrena/abi";
import {
  type ArenaAllocatorSubject,
  arenaAllocatorLaws,
  nullArenaSource,
  type PlainArenaSource,
  plainAllocator,
  plainArenaSource,
} from "@pyrena/conformance";
import { describe, expect, it } from "vitest";
import { broken } from "./broken.ts";

const ARENA = 64 * 1024;

function subject(
  abi = lp64,
  change: (
    source: PlainArenaSource,
    memory: LinearMemory,
  ) => Partial<PlainArenaSource> = () => ({}),
): ArenaAllocatorSubject {
  const memory = LinearMemory.create({
    backing: "resizable",
    bytes: 1 << 18,
    maxBytes: 1 << 20,
  });
  const source = plainArenaSource(plainAllocator(memory, abi));
  return { arenas: { ...source, ...change(source, memory) }, memory, abi, arenaBytes: ARENA };
}

describe.each([lp64, ilp32])("a correct arena source on $name", (abi) => {
  it.each(arenaAllocatorLaws)("obeys: $name", (law) => {
    law.check(() => subject(abi));
  });
});

const mistakes: readonly [string, law: string, Parameters<typeof subject>[1]][] = [
  [
    "is aligned to 8 bytes where the ABI says 16",
    "S1",
    (s) => ({ alloc: (_, size) => s.alloc(null, size + 16) + 8, free: () => {} }),
  ],
  [
    "hands out one region twice",
    "S1",
    (s) => {
      let calls = 0;
      let last = NULL;
      return {
        alloc: (_, size) => (++calls === 3 ? last : (last = s.alloc(null, size))),
        free: () => {},
      };
    },
  ],
  [
    "gives every region the standard size",
    "S1",
    (s) => ({ alloc: () => s.alloc(null, ARENA), free: () => {} }),
  ],
  [
    "reaches beyond the memory",
    "S1",
    (s, memory) => ({
      alloc: (_, size) => (size > ARENA ? memory.byteLength - ARENA : s.alloc(null, size)),
    }),
  ],
  ["never takes anything back", "S2", () => ({ free: () => {} })],
  [
    "takes back only half",
    "S2",
    (s, memory) => {
      // The upper half of what comes back is never given out again.
      const halves = plainAllocator(memory, lp64);
      return {
        alloc: (_, size) => halves.malloc(null, size),
        free: (_, base, size) => {
          halves.free(null, base);
          halves.blocks.set(base + size / 2, size / 2);
          s.regions.delete(base);
        },
      };
    },
  ],
  [
    "throws when memory is used up",
    "S3",
    (s) => ({
      alloc: (_, size) => {
        const base = s.alloc(null, size);
        if (base === NULL) throw new RangeError("no room");
        return base;
      },
    }),
  ],
  [
    "is of no use once memory was used up",
    "S3",
    (s) => {
      let failed = false;
      return {
        alloc: (_, size) => {
          const base = failed ? NULL : s.alloc(null, size);
          failed ||= base === NULL && size === ARENA;
          return base;
        },
      };
    },
  ],
  ["has nothing", "S1", () => nullArenaSource],
];

describe("an arena source that", () => {
  it.each(mistakes)("%s is caught by %s", (_, law, change) => {
    const found = broken(arenaAllocatorLaws, () => subject(lp64, change));
    expect(found).toContainEqual({ law, told: law });
  });
});
