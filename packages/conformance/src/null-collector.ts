/**
 * The collector that tracks and never collects: the shortest example of its contract. Tracked objects form a ring through
 * their PyGC_Heads, which begins in two words that the caller gives.
 */
import {
  type Address,
  type Collector,
  type CollectorFactory,
  hex,
  type ObjectGraph,
  PyrenaError,
} from "@pyrena/abi";

/**
 * @param ring address of a PyGC_Head that is no object's: where the ring begins; zeros: it is not in use yet. Given none
 *   the collector takes address 16, which a plain graph leaves alone
 */
export function nullCollector(ring: Address = 16): CollectorFactory {
  return (graph: ObjectGraph): Collector => {
    const { memory, gcHeadBytes } = graph;
    const next = (head: Address): number => head >>> 2;
    const prev = (head: Address): number => (head + gcHeadBytes / 2) >>> 2;
    /** The low bits of the second word are flags. */
    const link = (head: Address): Address => (memory.u32[prev(head)] & ~3) >>> 0;
    const setPrev = (head: Address, to: Address): void => {
      memory.u32[prev(head)] = (to | (memory.u32[prev(head)] & 3)) >>> 0;
    };
    if (memory.u32[next(ring)] === 0) {
      memory.u32[next(ring)] = ring;
      memory.u32[prev(ring)] = ring;
    }
    return {
      ctx: undefined,
      name: "none",
      allocated: () => {},
      released: () => {},
      track: (_, object) => {
        const head = object - gcHeadBytes;
        const last = link(ring);
        memory.u32[next(last)] = head;
        memory.u32[next(head)] = ring;
        setPrev(head, last);
        setPrev(ring, head);
      },
      untrack: (_, object) => {
        const head = object - gcHeadBytes;
        const after = memory.u32[next(head)];
        if (after === 0) return;
        memory.u32[next(link(head))] = after;
        setPrev(after, link(head));
        memory.u32[next(head)] = 0;
        memory.u32[prev(head)] &= 3;
      },
      collect: () => 0,
      each: (_, visit) => {
        let head = memory.u32[next(ring)];
        while (head !== ring) {
          const after = memory.u32[next(head)];
          visit(head + gcHeadBytes, 0);
          head = after;
        }
      },
      verify: () => {
        let before = ring;
        for (let head = memory.u32[next(ring)]; ; head = memory.u32[next(head)]) {
          if (head === 0 || link(head) !== before) {
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
