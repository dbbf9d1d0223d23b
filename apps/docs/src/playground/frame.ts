/**
 * A frame: everything that is drawn of a running program, as plain numbers in one buffer, so that it can lie in memory
 * shared with the worker, be transferred, and be kept by the thousand for rewinding.
 *
 *     f64 × FIELDS               header, see `field`
 *     f64 × 4 × TOP_LINES        the lines that allocate most: line, allocations, net bytes, times run
 *     u32 × (1 + poolsPerArena)  for each arena: its address, then a word for each of its pools
 *
 * A pool's word is `(sizeClass + 1) << 16 | live blocks`; 0 for one that holds no live block. In frames of a file, which
 * tells of whole arenas only, it is as `UNKNOWN_CLASS` says.
 */

/** Fields of the header, by their index. Sizes in bytes, times in milliseconds. */
export const field = {
  /** Number of the frame, from 1. */
  sequence: 0,
  /** Since the program's start. */
  time: 1,
  /** The WebAssembly memory. */
  linearBytes: 2,
  /** Held in arenas: the allocator's footprint. */
  arenaBytes: 3,
  peakArenaBytes: 4,
  /** In live blocks of pools, whole blocks as their size class has them. */
  liveBytes: 5,
  peakLiveBytes: 6,
  /** Blocks over 512 bytes, which go to the C library. */
  largeBlocks: 7,
  largeBytes: 8,
  /** Calls in MEM and OBJ since the installation. */
  mallocs: 9,
  callocs: 10,
  reallocs: 11,
  frees: 12,
  /** Requests answered with NULL. */
  failed: 13,
  collections: 14,
  /** Of all collections together, of the longest, and of the last one. */
  totalPause: 15,
  longestPause: 16,
  lastPause: 17,
  /** The line that runs, 0 if none of the program's own. */
  line: 18,
  arenas: 19,
  poolsPerArena: 20,
  arenaSize: 21,
  poolSize: 22,
  /** From one size class to the next. */
  alignment: 23,
  poolHeader: 24,
  /** Entries of the table of lines that are filled. */
  lines: 25,
  /** 1 while it is paused. */
  paused: 26,
  /** In pools. */
  liveBlocks: 27,
  /** What the C library's malloc holds, arenas included: the footprint of any allocator. */
  heapBytes: 28,
  peakHeapBytes: 29,
} as const;

/**
 * In place of a size class: which one it is, is not known, and the word's lower half is the share of the pool's bytes
 * that are live, in 255ths.
 */
export const UNKNOWN_CLASS = 64;
const WHOLE_SHARE = 255;

/** Length of the header, with some room. */
export const FIELDS = 32;
/** Entries in the table of lines. */
export const TOP_LINES = 10;
/** Where the words of the arenas start, in bytes. */
export const ARENAS_AT: number = 8 * (FIELDS + 4 * TOP_LINES);
/** A 32-bit address space has no room for more arenas of 256 KiB. */
const MOST_ARENAS = 16_384;

/** Bytes of the largest frame. */
export const FRAME_BYTES: number = ARENAS_AT + 4 * 65 * MOST_ARENAS;

/** Bytes of this frame. */
export function frameBytes(header: Float64Array): number {
  return ARENAS_AT + 4 * header[field.arenas]! * (1 + header[field.poolsPerArena]!);
}

/** One line of the program. */
export interface LineFigures {
  /** From 1. */
  readonly line: number;
  /** Blocks asked for while the line ran, in what it called included. */
  readonly allocations: number;
  /** Bytes in pools by which it left more than it found; negative where it left less. */
  readonly netBytes: number;
  /** How often it ran. */
  readonly times: number;
}

/** Reads a frame. */
export class Frame {
  readonly header: Float64Array;
  /** Addresses and pools of the arenas, see above. */
  readonly words: Uint32Array;

  constructor(buffer: ArrayBufferLike) {
    this.header = new Float64Array(buffer, 0, FIELDS + 4 * TOP_LINES);
    const bytes = frameBytes(this.header) - ARENAS_AT;
    this.words = new Uint32Array(buffer, ARENAS_AT, bytes / 4);
  }

  get(name: keyof typeof field): number {
    return this.header[field[name]]!;
  }

  /** The lines that allocate most, the first one first. */
  get lines(): LineFigures[] {
    const { header } = this;
    return Array.from({ length: this.get("lines") }, (_, n) => {
      const at = FIELDS + 4 * n;
      return {
        line: header[at]!,
        allocations: header[at + 1]!,
        netBytes: header[at + 2]!,
        times: header[at + 3]!,
      };
    });
  }

  /** How many blocks of a size class fit into a pool. */
  capacity(sizeClass: number): number {
    if (sizeClass === UNKNOWN_CLASS) return WHOLE_SHARE;
    const blockBytes = (sizeClass + 1) * this.get("alignment");
    return Math.floor((this.get("poolSize") - this.get("poolHeader")) / blockBytes);
  }
}

/** The share of an arena map that is in use, in words: what a picture says to those who do not see it. */
export function describeArenas(frame: Frame): {
  readonly arenas: number;
  readonly pools: number;
  readonly usedPools: number;
  readonly liveBlocks: number;
} {
  const perArena = frame.get("poolsPerArena");
  const arenas = frame.get("arenas");
  const { words } = frame;
  let usedPools = 0;
  for (let arena = 0; arena < arenas; arena++) {
    const at = arena * (1 + perArena) + 1;
    for (let pool = 0; pool < perArena; pool++) {
      if (words[at + pool] !== 0) usedPools++;
    }
  }
  return { arenas, pools: arenas * perArena, usedPools, liveBlocks: frame.get("liveBlocks") };
}
