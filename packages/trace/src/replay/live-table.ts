/**
 * Which blocks of a recording are live, and where each is in the heap that replays it: a hash table from addresses of
 * up to 48 bits to addresses of the heap, with the size asked for and the domain that the block came through.
 *
 * Open addressing with linear probing. An entry is 16 bytes, so that it lies in one cache line:
 *
 *      0  key, low 32 bits
 *      4  key, high 16 bits | size above 32 bits << 16 (13 bits) | domain << 29 (2 bits) | in use << 31
 *      8  address in the heap
 *     12  size, low 32 bits
 *
 * An entry is removed by moving up the ones that follow it and would not be found otherwise: nothing is left behind
 * that would make later searches longer. The table grows and shrinks with the number of entries.
 */
import type { Domain } from "@pyrena/abi";

const ENTRY_WORDS = 4;
const IN_USE = 0x8000_0000;
const SMALLEST_LOG = 10;
const TWO_32: number = 2 ** 32;
/** The largest size that an entry holds, in bytes: 2^45 - 1, larger than any memory. */
export const LARGEST_SIZE: number = 2 ** 45 - 1;

/** A table of live blocks. */
export class LiveTable {
  #words: Uint32Array = new Uint32Array(ENTRY_WORDS << SMALLEST_LOG);
  #log = SMALLEST_LOG;
  #count = 0;

  /** Number of entries. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the table. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /** The entry of a key, to be passed to the other methods before the next change; -1 if there is none. */
  find(key: number): number {
    const words = this.#words;
    const low = key >>> 0;
    const high = (key / TWO_32) | 0;
    const mask = (ENTRY_WORDS << this.#log) - 1;
    let at = home(low, high, this.#log);
    for (;;) {
      const second = words[at + 1];
      if (second === 0) return -1;
      if (words[at] === low && (second & 0xffff) === high) return at;
      at = (at + ENTRY_WORDS) & mask;
    }
  }

  /** The heap's address of an entry. */
  valueAt(entry: number): number {
    return this.#words[entry + 2];
  }

  /** The size of an entry. */
  sizeAt(entry: number): number {
    const words = this.#words;
    return ((words[entry + 1] >>> 16) & 0x1fff) * TWO_32 + words[entry + 3];
  }

  /** The domain of an entry. */
  domainAt(entry: number): Domain {
    return ((this.#words[entry + 1] >>> 29) & 3) as Domain;
  }

  /**
   * Add a key that is not there yet.
   * @param size at most {@link LARGEST_SIZE}
   */
  add(key: number, value: number, size: number, domain: Domain): void {
    // At most two thirds full: searches stay short.
    if ((this.#count + 1) * 3 > 2 << this.#log) this.#resize(this.#log + 1);
    const words = this.#words;
    const low = key >>> 0;
    const high = (key / TWO_32) | 0;
    const mask = (ENTRY_WORDS << this.#log) - 1;
    let at = home(low, high, this.#log);
    while (words[at + 1] !== 0) at = (at + ENTRY_WORDS) & mask;
    words[at] = low;
    words[at + 1] = (high | (((size / TWO_32) | 0) << 16) | (domain << 29) | IN_USE) >>> 0;
    words[at + 2] = value;
    words[at + 3] = size >>> 0;
    this.#count++;
  }

  /** Remove an entry that `find` gave. */
  remove(entry: number): void {
    const words = this.#words;
    const log = this.#log;
    const mask = (ENTRY_WORDS << log) - 1;
    let hole = entry;
    let at = (entry + ENTRY_WORDS) & mask;
    for (let second = words[at + 1]; second !== 0; second = words[at + 1]) {
      const start = home(words[at], second & 0xffff, log);
      // The entry may move into the hole if its search begins there or before it.
      if (((at - start) & mask) >= ((at - hole) & mask)) {
        words[hole] = words[at];
        words[hole + 1] = second;
        words[hole + 2] = words[at + 2];
        words[hole + 3] = words[at + 3];
        hole = at;
      }
      at = (at + ENTRY_WORDS) & mask;
    }
    words[hole + 1] = 0;
    this.#count--;
    if (log > SMALLEST_LOG && this.#count * 16 < 1 << log) this.#resize(log - 2);
  }

  /** Call a function with each entry, in no particular order; it must not change the table. */
  forEach(visit: (key: number, value: number, size: number, domain: Domain) => void): void {
    const words = this.#words;
    for (let at = 0; at < words.length; at += ENTRY_WORDS) {
      const second = words[at + 1];
      if (second !== 0) {
        visit(
          (second & 0xffff) * TWO_32 + words[at],
          words[at + 2],
          this.sizeAt(at),
          this.domainAt(at),
        );
      }
    }
  }

  #resize(log: number): void {
    const before = this.#words;
    const target = Math.max(log, SMALLEST_LOG);
    const words = new Uint32Array(ENTRY_WORDS << target);
    const mask = words.length - 1;
    for (let from = 0; from < before.length; from += ENTRY_WORDS) {
      const second = before[from + 1];
      if (second === 0) continue;
      let at = home(before[from], second & 0xffff, target);
      while (words[at + 1] !== 0) at = (at + ENTRY_WORDS) & mask;
      words[at] = before[from];
      words[at + 1] = second;
      words[at + 2] = before[from + 2];
      words[at + 3] = before[from + 3];
    }
    this.#words = words;
    this.#log = target;
  }
}

/** Where the search for a key begins, as a word index. */
function home(low: number, high: number, log: number): number {
  // Fibonacci hashing; the low three bits of an address say nothing.
  return (
    (Math.imul((low >>> 3) ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1) >>> (32 - log)) *
    ENTRY_WORDS
  );
}
