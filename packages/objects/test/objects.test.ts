import { type Domain, Domains, Heap, LinearMemory, MEM, OBJ, profileFor, RAW } from "@pyrena/abi";
import { NthFailure } from "@pyrena/conformance";
import { createObjects, type Objects } from "@pyrena/objects";
import { createPymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import { describe, expect, it } from "vitest";

/** A heap without objects, and what tells how many bytes of raw blocks are taken. */
function layers(version: string, abi: "lp64" | "ilp32") {
  const memory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 24 });
  const heap = Heap.create(memory, profileFor(version, abi));
  const raw = createRawAllocator(heap);
  const arenas = createArenaSource(heap);
  const pymalloc = createPymalloc(heap, { raw, arenas });
  // With its first arena pymalloc takes a table of its own, and keeps it.
  pymalloc.free(pymalloc.ctx, pymalloc.malloc(pymalloc.ctx, 16));
  const live = (): number => {
    let bytes = 0;
    raw.walker.walk({
      block: (_, size, isLive) => {
        if (isLive) bytes += size;
      },
    });
    return bytes;
  };
  return { heap, raw, pymalloc, arenas, live };
}

/** Objects whose n-th request, from 0, fails. */
function make(made: ReturnType<typeof layers>, failure: NthFailure): Objects {
  const { heap, raw, pymalloc, arenas } = made;
  return createObjects(heap, {
    domains: new Domains(heap.abi, {
      raw: failure.allocator(raw),
      mem: failure.allocator(pymalloc),
      obj: failure.allocator(pymalloc),
    }),
    arenas: failure.arenas(arenas),
    walkers: [pymalloc.walker, raw.walker],
  });
}

describe.each([
  ["3.11", "lp64"],
  ["3.13", "lp64"],
  ["3.15", "ilp32"],
] as const)("objects of a heap in %s %s", (version, abi) => {
  it("are made whole or not at all, and static data is given back, whichever request fails", () => {
    const plan = new NthFailure(Infinity);
    make(layers(version, abi), plan);
    const { requests } = plan;
    expect(requests).toBeGreaterThan(10);
    const made = layers(version, abi);
    // All of the first, which every part depends on, and a good many of the others.
    const step = Math.max(1, Math.floor(requests / 60));
    for (let n = 0; n < requests; n += n < 20 ? 1 : step) {
      const before = made.live();
      expect(() => make(made, new NthFailure(n)), `request ${n} of ${requests}`).toThrow(
        expect.objectContaining({ code: "memory-limit" }),
      );
      // Chunks of static data have 64 KiB. Less stays than a first large table of the other domains.
      expect(made.live() - before, `after request ${n}`).toBeLessThan(16 * 1024);
      expect(made.heap.layers().some(({ tag }) => tag === "OBJS")).toBe(false);
      made.raw.walker.verify();
      made.pymalloc.walker.verify();
    }
    // Objects can still be made there; the small blocks of the failed attempts belong to nobody.
    make(made, new NthFailure(Infinity)).inspect.verify({ blocks: false });
  });

  it("leave the domains' allocators as they were", () => {
    const { heap, raw, pymalloc, arenas } = layers(version, abi);
    const domains = new Domains(heap.abi, { raw, mem: pymalloc, obj: pymalloc });
    createObjects(heap, { domains, arenas });
    const installed = [RAW, MEM, OBJ].map((domain: Domain) => domains.getAllocator(domain));
    expect(installed).toEqual([raw, pymalloc, pymalloc]);
    expect(() => createObjects(heap, { domains, arenas })).toThrow(
      expect.objectContaining({ code: "bad-argument" }),
    );
  });
});
