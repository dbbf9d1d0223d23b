/**
 * A program is what all peers run: a list of operations on numbered slots, each slot holding one block. It is made
 * once, written to a file, and read by the JavaScript and the C driver alike, so that all do the same operations in
 * the same order.
 *
 * The file, little-endian 32-bit words:
 *
 *     0  magic "PYRB"    1  version      2  kernel        3  slots
 *     4  prefill         5  ageing       6  operations    7  sweep         8  reads (0 or 1)
 *     9  prefill × (slot, size)          first allocations, not timed
 *     …  operations × (first, second)    what is timed, again from the start when it is through
 *
 * `ageing` operations run untimed after the prefill, so that the heap is worn in. What the two words of an operation
 * mean depends on the kernel:
 *
 * | kernel  | first                             | second | one unit is                                         |
 * |---------|-----------------------------------|--------|-----------------------------------------------------|
 * | replace | slot                              | size   | free the slot's block, allocate another             |
 * | stack   | slot                              | size   | one pair; a sweep allocates all, frees last first   |
 * | resize  | slot                              | size   | one realloc (of NULL at first); size 0 frees        |
 * | events  | op, flags and slot (`eventWord`)  | size   | one event of a recording                            |
 *
 * Every kernel writes the slot's number into a block's first word when it gets the block, as a program would. Before a
 * block is freed or resized, the word is looked at again, but only in operations that are not timed: an allocator that
 * hands out overlapping blocks is found out, and the timed ones hold as little as can be besides the allocator's own
 * work. A program with `reads` looks in the timed ones too.
 */

/** Numbers of the kernels, known to `native/driver.c` too. */
export const kernels = { replace: 1, stack: 2, resize: 3, events: 4 } as const;

/** Name of a kernel. */
export type Kernel = keyof typeof kernels;

/** What all peers run. */
export interface Program {
  readonly kernel: Kernel;
  readonly slots: number;
  /** (slot, size) pairs. */
  readonly prefill: Uint32Array;
  /** Operations to run untimed before the first round. */
  readonly ageing: number;
  /** (first, second) pairs. */
  readonly operations: Uint32Array;
  /** Units that a round must be a multiple of; 1 except for `stack`. */
  readonly sweep: number;
  /** Whether each block's first word is read before it is freed, in the timed operations too. */
  readonly reads: boolean;
}

/** Operations of the `events` kernel. */
export const eventOps = { malloc: 0, calloc: 1, realloc: 2, free: 3 } as const;

/** The block that the slot holds before the operation has room for the check word, which is in it. */
export const HOLDS_WORD = 4;
/** The block that the slot holds after the operation has room for the check word. */
export const GETS_WORD = 8;
/** The request was made in the RAW domain. */
export const RAW_DOMAIN = 16;
/** Where the slot's number begins. */
export const SLOT_SHIFT = 5;

/** First word of an event. */
export function eventWord(op: number, flags: number, slot: number): number {
  return (op | flags | (slot << SLOT_SHIFT)) >>> 0;
}

const MAGIC = 0x42525950;
const VERSION = 1;
const HEADER_WORDS = 9;

/** The program as bytes of a file. */
export function encodeProgram(program: Program): Uint8Array {
  const { prefill, operations } = program;
  const words = new Uint32Array(HEADER_WORDS + prefill.length + operations.length);
  words.set([
    MAGIC,
    VERSION,
    kernels[program.kernel],
    program.slots,
    prefill.length / 2,
    program.ageing,
    operations.length / 2,
    program.sweep,
    Number(program.reads),
  ]);
  words.set(prefill, HEADER_WORDS);
  words.set(operations, HEADER_WORDS + prefill.length);
  return new Uint8Array(words.buffer);
}

/** The program in a file's bytes. */
export function decodeProgram(bytes: Uint8Array): Program {
  const words = new Uint32Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
  );
  const [magic, version, number, slots, prefill, ageing, operations, sweep, reads] = words;
  const kernel = (Object.keys(kernels) as Kernel[]).find((name) => kernels[name] === number);
  if (magic !== MAGIC || version !== VERSION || kernel === undefined) {
    throw new Error("not a benchmark program of this version");
  }
  if (words.length !== HEADER_WORDS + 2 * (prefill! + operations!)) {
    throw new Error("a benchmark program that is cut off");
  }
  return {
    kernel,
    slots: slots!,
    prefill: words.subarray(HEADER_WORDS, HEADER_WORDS + 2 * prefill!),
    ageing: ageing!,
    operations: words.subarray(HEADER_WORDS + 2 * prefill!),
    sweep: sweep!,
    reads: reads === 1,
  };
}

/** The most bytes that are asked for and not yet freed at any moment: what the peaks of memory are compared with. */
export function peakRequested(program: Program): number {
  const sizes = new Float64Array(program.slots);
  let live = 0;
  let peak = 0;
  const put = (slot: number, size: number): void => {
    live += size - sizes[slot]!;
    sizes[slot] = size;
    if (live > peak) peak = live;
  };
  const { prefill, operations, kernel } = program;
  for (let n = 0; n < prefill.length; n += 2) put(prefill[n]!, prefill[n + 1]!);
  for (let n = 0; n < operations.length; n += 2) {
    const first = operations[n]!;
    const size = operations[n + 1]!;
    if (kernel === "events") {
      const freed = (first & 3) === eventOps.free;
      put(first >>> SLOT_SHIFT, freed ? 0 : size);
    } else {
      if (kernel === "stack" && first === 0) {
        live = 0;
        sizes.fill(0);
      }
      put(first, size);
    }
  }
  return peak;
}
