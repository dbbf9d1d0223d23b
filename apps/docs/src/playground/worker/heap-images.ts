/**
 * The linear memory as it was at several times. A heap is bytes: an image is a table of pages of 64 KiB, and images share
 * the pages that are equal, so that one costs what has changed since the one before.
 *
 *     memory    [ a ][ b ][ c ][ d ]
 *     image 1     a    b    c    0         0: the page of zeros, which all share
 *     image 2     a    b'   c    d         b' and d are new, a and c are those of image 1
 */

const PAGE_BYTES = 65_536;
const PAGE_WORDS = PAGE_BYTES / 4;

/** Bytes of a page that somebody still needs. */
interface Page {
  /** Of the last page of a memory, perhaps fewer than of the others. */
  readonly words: Uint32Array;
  /** Images that have it. */
  uses: number;
  hash: number | undefined;
}

/** The memory at one time. */
export interface HeapImage {
  readonly pages: readonly Page[];
}

/** Images of one memory. */
export class HeapImages {
  readonly #memory: () => Uint32Array;
  readonly #zeros: Page = { words: new Uint32Array(PAGE_WORDS), uses: 1, hash: undefined };
  /** What the memory was equal to when it was last looked at: most of its pages still are. */
  #latest: readonly Page[] = [];
  #bytes = 0;

  /** @param memory the words of the memory as it is now; it may grow, but not shrink */
  constructor(memory: () => Uint32Array) {
    this.#memory = memory;
  }

  /** Bytes that all images take together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the memory now. */
  get memoryBytes(): number {
    return this.#memory().byteLength;
  }

  /** The memory as it is now. To be released. */
  take(): HeapImage {
    const memory = this.#memory();
    const pages = Array.from({ length: Math.ceil(memory.length / PAGE_WORDS) }, (_, n) => {
      const before = this.#latest[n];
      const at = n * PAGE_WORDS;
      const now = memory.subarray(at, at + PAGE_WORDS);
      const page =
        before !== undefined && isEqual(now, before.words)
          ? before
          : isEqual(now, this.#zeros.words)
            ? this.#zeros
            : { words: now.slice(), uses: 0, hash: undefined };
      if (page.uses++ === 0) this.#bytes += PAGE_BYTES;
      return page;
    });
    this.#latest = pages;
    return { pages };
  }

  /** Make the memory what it was. Beyond what there was of it then, it becomes 0. */
  put(image: HeapImage): void {
    const memory = this.#memory();
    for (let at = 0; at < memory.length; at += PAGE_WORDS) {
      const now = memory.subarray(at, at + PAGE_WORDS);
      const { words } = image.pages[at / PAGE_WORDS] ?? this.#zeros;
      if (isEqual(now, words)) continue;
      now.set(words.subarray(0, now.length));
      // The last page of a memory that has grown since.
      now.fill(0, words.length);
    }
    this.#latest = image.pages;
  }

  /** An image is needed no more. */
  release(image: HeapImage): void {
    for (const page of image.pages) {
      if (--page.uses === 0) this.#bytes -= PAGE_BYTES;
    }
  }

  /**
   * A number that equal images have in common, and hardly any others.
   * @param from, to bytes that do not count, such as those of the C stack
   */
  digest(image: HeapImage, from = 0, to = 0): number {
    let hash = 0;
    for (const [n, page] of image.pages.entries()) {
      if ((n + 1) * PAGE_BYTES > from && n * PAGE_BYTES < to) continue;
      // The memory may have grown a page more or less, as long as nothing is in it.
      if (page === this.#zeros) continue;
      page.hash ??= hashOf(page.words);
      hash = Math.imul(hash ^ page.hash ^ n, 0x01000193) ^ (hash >>> 15);
    }
    return hash >>> 0;
  }
}

/** Whether the words are the same; of two pages that are not equally long, the longer one must end in zeros. */
function isEqual(a: Uint32Array, b: Uint32Array): boolean {
  const both = Math.min(a.length, b.length);
  const fours = both & -4;
  for (let n = 0; n < fours; n += 4) {
    if (a[n] !== b[n] || a[n + 1] !== b[n + 1] || a[n + 2] !== b[n + 2] || a[n + 3] !== b[n + 3]) {
      return false;
    }
  }
  for (let n = fours; n < both; n++) if (a[n] !== b[n]) return false;
  for (let n = both; n < a.length; n++) if (a[n] !== 0) return false;
  for (let n = both; n < b.length; n++) if (b[n] !== 0) return false;
  return true;
}

function hashOf(words: Uint32Array): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < words.length; n++) {
    hash = Math.imul(hash ^ words[n]!, 0x01000193);
    hash ^= hash >>> 15;
  }
  return hash | 0;
}
