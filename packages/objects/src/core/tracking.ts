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
    // The same in words of `memory.u32`: indices below 2^30 are small integers to engines, addresses may be none.
    const HEAD_WORDS = gcHeadBytes >>> 2;
    const PREV_WORD = PREV >>> 2;
    const RING_PREV = (ring + PREV) >>> 2;
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
        const at = (object >>> 2) - HEAD_WORDS;
        const last = u32[RING_PREV];
        const head = at << 2;
        u32[last >>> 2] = head;
        u32[at] = ring;
        u32[at + PREV_WORD] = last | (u32[at + PREV_WORD] & 3);
        u32[RING_PREV] = head;
      },
      untrack: (_, object) => {
        const u32 = memory.u32;
        const at = (object >>> 2) - HEAD_WORDS;
        const next = u32[at];
        if (next === 0) return;
        const prevWord = u32[at + PREV_WORD];
        // The shift drops the flags.
        u32[prevWord >>> 2] = next;
        const i = (next >>> 2) + PREV_WORD;
        u32[i] = (prevWord & ~3) | (u32[i] & 3);
        u32[at] = 0;
        u32[at + PREV_WORD] = prevWord & 3;
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
