/**
 * The collector that tracks and never collects: what objects have until they are given another. Its tracked objects
 * form one ring through their PyGC_Heads, in order of tracking, as CPython's youngest generation does.
 */
import {
  type Collector,
  type CollectorFactory,
  hex,
  type ObjectGraph,
  PyrenaError,
} from "@pyrena/abi";

/** @param ring address of a PyGC_Head in the heap's state: the ring's own node; zeros: not in use yet */
export function trackingOnly(ring: number): CollectorFactory {
  return (graph: ObjectGraph): Collector => {
    const { memory, gcHeadBytes } = graph;
    const PREV = gcHeadBytes >>> 1;
    if (memory.u32[ring >>> 2] === 0) {
      memory.u32[ring >>> 2] = ring;
      memory.u32[(ring + PREV) >>> 2] = ring;
    }
    return {
      ctx: undefined,
      name: "none",
      allocated: () => {},
      released: () => {},
      // Bits 0 and 1 of the second word are flags; heads are aligned to at least 8 bytes.
      track: (_, object) => {
        const u32 = memory.u32;
        const head = object - gcHeadBytes;
        const last = u32[(ring + PREV) >>> 2];
        u32[last >>> 2] = head;
        u32[head >>> 2] = ring;
        u32[(head + PREV) >>> 2] = last | (u32[(head + PREV) >>> 2] & 3);
        u32[(ring + PREV) >>> 2] = head;
      },
      untrack: (_, object) => {
        const u32 = memory.u32;
        const head = object - gcHeadBytes;
        const next = u32[head >>> 2];
        if (next === 0) return;
        const prevWord = u32[(head + PREV) >>> 2];
        const prev = (prevWord & ~3) >>> 0;
        u32[prev >>> 2] = next;
        u32[(next + PREV) >>> 2] = prev | (u32[(next + PREV) >>> 2] & 3);
        u32[head >>> 2] = 0;
        u32[(head + PREV) >>> 2] = prevWord & 3;
      },
      collect: () => 0,
      each: (_, visit) => {
        let head = memory.u32[ring >>> 2];
        while (head !== ring) {
          const next = memory.u32[head >>> 2];
          visit(head + gcHeadBytes, 0);
          head = next;
        }
      },
      verify: () => {
        const u32 = memory.u32;
        let before = ring;
        for (let head = u32[ring >>> 2]; ; head = u32[head >>> 2]) {
          if (head === 0 || (u32[(head + PREV) >>> 2] & ~3) >>> 0 !== before) {
            throw new PyrenaError(
              "heap-corrupt",
              `G1: the ring of tracked objects is broken at ${hex(head)}, after ${hex(before)}`,
              { address: head, invariant: "G1" },
            );
          }
          if (head === ring) return;
          before = head;
        }
      },
    };
  };
}
