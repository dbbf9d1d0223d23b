/**
 * Size classes: a request of n bytes, 1 ≤ n ≤ threshold, is rounded up to a multiple of the alignment, and each
 * multiple is a class: class c = (n - 1) div alignment has blocks of (c + 1) × alignment bytes.
 * (CPython: `size = (nbytes - 1) >> ALIGNMENT_SHIFT`; the hot path has the same shift inline.)
 */
import { type Profile, poolHeaderBytes, sizeClassBytes } from "@pyrena/abi";

/**
 * The size class of a request.
 * @param bytes 1 … threshold
 * @returns the class, or -1 for a request that goes to the raw allocator: 0 bytes, or more than the threshold
 */
export function sizeClassOf(profile: Profile, bytes: number): number {
  if (!(bytes > 0 && bytes <= profile.pymalloc.threshold)) return -1;
  return Math.floor((bytes - 1) / profile.abi.alignment);
}

/** Blocks of a size class that fit into a pool. */
export function poolCapacity(profile: Profile, sizeClass: number): number {
  const room = profile.pymalloc.poolBytes - poolHeaderBytes(profile);
  return Math.floor(room / sizeClassBytes(profile, sizeClass));
}
