/**
 * An allocator that counts. It allocates nothing itself: every call goes on to the allocator that was there before.
 * What `report` returns is printed when the program has ended.
 *
 *     pyrena run --allocator ./counting.js program.py
 *
 * @type {import("@pyrena/abi").AllocatorFactory}
 */
export default function counting(next, { domain }) {
  const counts = { domain, malloc: 0, calloc: 0, realloc: 0, free: 0, failed: 0, live: 0, peak: 0 };
  all.push(counts);

  /** @param {number} address */
  function born(address) {
    if (address === 0) counts.failed++;
    else if (++counts.live > counts.peak) counts.peak = counts.live;
    return address;
  }

  return {
    ctx: next,
    malloc(_, size) {
      counts.malloc++;
      return born(next.malloc(next.ctx, size));
    },
    calloc(_, nelem, elsize) {
      counts.calloc++;
      return born(next.calloc(next.ctx, nelem, elsize));
    },
    realloc(_, ptr, newSize) {
      counts.realloc++;
      const address = next.realloc(next.ctx, ptr, newSize);
      return ptr === 0 || address === 0 ? born(address) : address;
    },
    free(_, ptr) {
      counts.free++;
      if (ptr !== 0) counts.live--;
      next.free(next.ctx, ptr);
    },
  };
}

/** The counts of each domain that it was installed in. */
export const all = /** @type {Record<string, number>[]} */ ([]);

export function report() {
  return all
    .map(
      (one) =>
        `domain ${one.domain}: ${one.malloc + one.calloc} blocks, at most ${one.peak} at once, ${one.live} left`,
    )
    .join("\n");
}
