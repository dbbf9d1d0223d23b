/**
 * A pymalloc whose walker and statistics may be asked at any time: the interpreter's memory may have grown since, and
 * with the WebAssembly engine no call of ours need have come by.
 */
import type { LinearMemory } from "@pyrena/abi";
import type { Pymalloc } from "@pyrena/pymalloc";
import { freshen } from "./live-memory.ts";

/** The same pymalloc; its walker and its statistics see to fresh views first. */
export function withFreshViews(pymalloc: Pymalloc, memory: LinearMemory): Pymalloc {
  const { ctx, malloc, calloc, realloc, free, walker, stats } = pymalloc;
  return {
    ctx,
    malloc,
    calloc,
    realloc,
    free,
    walker: {
      name: walker.name,
      walk: (visitor) => {
        freshen(memory);
        walker.walk(visitor);
      },
      owns: (address) => {
        freshen(memory);
        return walker.owns(address);
      },
      usableSize: (address) => {
        freshen(memory);
        return walker.usableSize(address);
      },
      verify: () => {
        freshen(memory);
        walker.verify();
      },
    },
    stats: {
      layer: stats.layer,
      declarations: stats.declarations,
      read: (index) => {
        freshen(memory);
        return stats.read(index);
      },
    },
    get sink() {
      return pymalloc.sink;
    },
    set sink(sink) {
      pymalloc.sink = sink;
    },
  };
}
