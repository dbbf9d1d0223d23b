/**
 * The model: which blocks are live, how long they are and what stands in them. It keeps nothing in the memory but the
 * pattern with which it fills each block, so it is right however the allocator under test works.
 */
import { type Abi, type Address, hex, type LinearMemory } from "@pyrena/abi";
import { lawBroken } from "./law.ts";

/** A block as the model knows it. */
export interface LiveBlock {
  readonly address: Address;
  /** Bytes asked for; all of them are filled with a pattern. */
  readonly bytes: number;
  /** Which pattern. */
  readonly stamp: number;
}

/** Blocks up to this are filled and checked byte by byte; longer ones at both ends and at every 61st byte. */
const DENSE_BYTES = 16_384;
const END_BYTES = 4096;
const STRIDE = 61;

/** The blocks that must be live, in order of address. */
export class LiveBlocks {
  readonly #memory: LinearMemory;
  readonly #abi: Abi;
  readonly #byAddress = new Map<Address, LiveBlock>();
  /** Ascending. */
  readonly #addresses: Address[] = [];
  #stamp = 0;
  #bytes = 0;

  constructor(memory: LinearMemory, abi: Abi) {
    this.#memory = memory;
    this.#abi = abi;
  }

  /** Number of live blocks. */
  get count(): number {
    return this.#addresses.length;
  }

  /** Bytes asked for in all live blocks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** All blocks, in order of address. */
  *[Symbol.iterator](): IterableIterator<LiveBlock> {
    for (const address of this.#addresses) yield this.#byAddress.get(address) as LiveBlock;
  }

  /** The block at exactly this address. */
  get(address: Address): LiveBlock | undefined {
    return this.#byAddress.get(address);
  }

  /**
   * Enter a block that a call has returned, and fill it.
   * @param call the call, for the message
   * @param law the law that an overlap breaks; a bad alignment or a block outside the memory always breaks A1
   */
  add(address: Address, bytes: number, call: string, law = "A1"): LiveBlock {
    this.#memory.refresh();
    if (address % this.#abi.alignment !== 0) {
      lawBroken(
        "A1",
        `${call} returned ${hex(address)}, which is not a multiple of ${this.#abi.alignment}`,
        { address, size: bytes },
      );
    }
    if (address + bytes > this.#memory.byteLength) {
      lawBroken(
        "A1",
        `${call} returned ${hex(address)}, but the memory ends at ${hex(this.#memory.byteLength)}`,
        { address, size: bytes },
      );
    }
    const position = this.#position(address);
    const after = this.#byAddress.get(this.#addresses[position]);
    const before = this.#byAddress.get(this.#addresses[position - 1]);
    for (const other of [before, after]) {
      // A block of 0 bytes counts as one of 1: addresses of live blocks must differ (A2).
      if (other === undefined) continue;
      if (
        address < other.address + Math.max(1, other.bytes) &&
        other.address < address + Math.max(1, bytes)
      ) {
        lawBroken(
          law,
          `${call} returned ${hex(address)}, which overlaps the live block of ${other.bytes} bytes at ${hex(other.address)}`,
          { address, size: bytes },
        );
      }
    }
    const block: LiveBlock = { address, bytes, stamp: (this.#stamp += 1) };
    this.#byAddress.set(address, block);
    this.#addresses.splice(position, 0, address);
    this.#bytes += bytes;
    fill(this.#memory.u8, block);
    return block;
  }

  /** Forget a block that has been freed or moved. */
  remove(block: LiveBlock): void {
    this.#byAddress.delete(block.address);
    this.#addresses.splice(this.#position(block.address), 1);
    this.#bytes -= block.bytes;
  }

  /**
   * Check that a block holds what was written to it.
   * @param law the law that a changed byte breaks
   */
  check(block: LiveBlock, law: string, when: string): void {
    this.#memory.refresh();
    const wrong = firstWrong(this.#memory.u8, block.address, block.bytes, block);
    if (wrong >= 0) {
      lawBroken(
        law,
        `byte ${wrong} of the live block of ${block.bytes} bytes at ${hex(block.address)} changed ${when}`,
        { address: block.address, size: block.bytes },
      );
    }
  }

  /** Check every block. */
  checkAll(law: string, when: string): void {
    for (const block of this) this.check(block, law, when);
  }

  /**
   * Where the first `bytes` bytes at `address` differ from what stood in `old`.
   * @returns the offset, or -1
   */
  firstLost(old: LiveBlock, address: Address, bytes: number): number {
    this.#memory.refresh();
    if (address + bytes > this.#memory.byteLength) return 0;
    return firstWrong(this.#memory.u8, address, bytes, old);
  }

  /**
   * Where the first of `bytes` bytes is that is not 0.
   * @returns the offset, or -1
   */
  firstNonZero(address: Address, bytes: number): number {
    this.#memory.refresh();
    const u8 = this.#memory.u8;
    const end = Math.min(address + bytes, u8.length);
    for (let at = address; at < end; at++) if (u8[at] !== 0) return at - address;
    return -1;
  }

  /** Index of the first address that is not below this one. */
  #position(address: Address): number {
    const addresses = this.#addresses;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (addresses[middle] < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Byte `at` of a block's pattern: differs between blocks, and between neighbouring places of one block. */
function pattern(stamp: number, at: number): number {
  return (Math.imul(stamp, 0x9d) + Math.imul(at, 7) + (at >>> 8)) & 0xff;
}

function fill(u8: Uint8Array, { address, bytes, stamp }: LiveBlock): void {
  if (bytes <= DENSE_BYTES) {
    for (let at = 0; at < bytes; at++) u8[address + at] = pattern(stamp, at);
    return;
  }
  for (let at = 0; at < END_BYTES; at++) u8[address + at] = pattern(stamp, at);
  for (let at = END_BYTES; at < bytes - END_BYTES; at += STRIDE)
    u8[address + at] = pattern(stamp, at);
  for (let at = bytes - END_BYTES; at < bytes; at++) u8[address + at] = pattern(stamp, at);
}

/** First offset below `bytes` where the bytes at `address` are not those that `fill` wrote into `block`; or -1. */
function firstWrong(u8: Uint8Array, address: Address, bytes: number, block: LiveBlock): number {
  const { stamp } = block;
  const total = block.bytes;
  const keep = Math.min(bytes, total);
  if (total <= DENSE_BYTES) {
    for (let at = 0; at < keep; at++) if (u8[address + at] !== pattern(stamp, at)) return at;
    return -1;
  }
  for (let at = 0; at < Math.min(keep, END_BYTES); at++)
    if (u8[address + at] !== pattern(stamp, at)) return at;
  for (let at = END_BYTES; at < Math.min(keep, total - END_BYTES); at += STRIDE)
    if (u8[address + at] !== pattern(stamp, at)) return at;
  for (let at = total - END_BYTES; at < keep; at++)
    if (u8[address + at] !== pattern(stamp, at)) return at;
  return -1;
}
