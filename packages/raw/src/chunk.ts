/**
 * A chunk: what the raw allocator cuts its segments into. One word of overhead in front of the caller's bytes, and
 * boundary tags (Knuth, TAOCP 2.5) so that both neighbours of a chunk are found in constant time.
 *
 * Offsets from the address that `malloc` returns (`ptr`); a chunk is named by the address of its header, `ptr - 4`.
 *
 *            live chunk                           free chunk
 *      -4 4  size | flags                         size | flags
 *       0 …  the caller's bytes,                  0 4  next: header address of the next chunk in the bin
 *            size - 4 of them                     4 4  prev: the same, of the previous one
 *                                                 …    (whatever was there)
 *            (they run up to the                  size - 8 4  footer: size, without flags
 *             next chunk's header)
 *
 *      flags  bit 0  USED       this chunk is live
 *             bit 1  PREV_USED  the chunk before it is live, so there is no footer before this header
 *             bit 2  (0)
 *
 * `size` counts the header and is a multiple of the alignment, at least 16. So `ptr` is a multiple of the alignment
 * in both ABIs (16 in lp64, 8 in ilp32) when the first one of a segment is; the smallest live chunk holds 12 bytes.
 * The same layout serves both: links are 4 bytes, since an address never needs more.
 *
 * A segment is a run of granules of the region manager:
 *
 *       0 12  (not used: makes the first `ptr` a multiple of 16)
 *      12  …  chunks, without gaps
 *     end - 4 sentinel: a header of size 0, which ends the walk; with USED, unless it is the top
 *
 * The code works on word indices (header address / 4) and on sizes in words: below 2^30, hence always small integers
 * in every engine, in a memory of 4 GiB too. What is stored is bytes.
 */

/** This chunk is live. */
export const USED = 1;
/** The chunk before it, in order of address, is live. */
export const PREV_USED = 2;
/** `header & SIZE_MASK` is the size in bytes. */
export const SIZE_MASK: number = ~7;
/** log2 of the unit in which sizes are multiples in both ABIs. */
export const LOG_UNIT = 3;

/** Bytes in front of the caller's. */
export const CHUNK_OVERHEAD = 4;
/** Smallest chunk, in bytes: header, two links, footer. */
export const MIN_CHUNK_BYTES = 16;
/** {@link MIN_CHUNK_BYTES} in words. */
export const MIN_CHUNK_WORDS = 4;

/** Header flags of a live chunk behind a live one. */
export const LIVE = 3;

/** Words from a free chunk's header to its `next` link. */
export const NEXT = 1;
/** Words from a free chunk's header to its `prev` link. */
export const PREV = 2;

/** From a segment's base to its first chunk's header, in bytes. */
export const SEGMENT_HEAD_BYTES = 12;
/** {@link SEGMENT_HEAD_BYTES} in words. */
export const SEGMENT_HEAD_WORDS = 3;
/** What a segment costs beside its chunks: head and sentinel, in bytes. */
export const SEGMENT_OVERHEAD_BYTES = 16;

/**
 * Largest request, in bytes: what remains of the address space beside the heap's own first and last granule.
 */
export const MAX_REQUEST_BYTES: number = 2 ** 32 - 2 * 65_536;

/** Size in words that a header tells. */
export function wordsOf(header: number): number {
  return (header >>> 3) << 1;
}
