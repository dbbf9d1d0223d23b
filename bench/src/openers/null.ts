/** Hands out the same 64 KiB again and again: what the loop itself costs. Its blocks overlap; nobody checks them. */
import type { PyMemAllocatorEx } from "@pyrena/abi";
import type { OpenPeer } from "./open-peer.ts";

interface Ring {
  next: number;
}

/** The null allocator; `native/driver.c` has the same one. */
export function openNull(): OpenPeer {
  const u32 = new Uint32Array((65_536 + 64) / 4);
  const malloc = (ring: Ring): number => {
    ring.next = (ring.next + 16) & 0xffff;
    return ring.next + 16;
  };
  const allocator: PyMemAllocatorEx<Ring> = {
    ctx: { next: 0 },
    malloc,
    calloc: malloc,
    realloc: (ring, ptr) => (ptr === 0 ? malloc(ring) : ptr),
    free: (ring, ptr) => {
      ring.next ^= ptr & 16;
    },
  };
  const erased = allocator as PyMemAllocatorEx;
  return { allocator: erased, raw: erased, memory: { u32 }, memoryUse: () => ({}) };
}
