/**
 * An exact record of which addresses an installation has handed out and not yet taken back: one bit for each 8 bytes,
 * in pages made when they are first needed. By it, blocks from before the installation are told from its own, so that
 * an allocator never sees a block that is not its own, whatever it can or cannot tell about addresses itself.
 *
 *     root: 4096 words, one for each MiB of addresses ── 0, or the address of a page
 *                                                         page: 16 KiB, bit (address / 8) mod 131072
 *
 * That is 16 KiB, and 1/64 of the memory in which blocks lie. Both live in the interpreter's memory (libc.ts). A page
 * that cannot be had must not lose a block that exists already: such addresses are kept in a JavaScript set until there
 * is room again. The layout is `blockRecord` of `@pyrena/pymalloc`, whose WebAssembly engine reads and writes it too.
 */
import { type Address, ilp32, type LinearMemory, layoutOf, NULL } from "@pyrena/abi";
import { blockRecord, RECORD_PAGE_SHIFT } from "@pyrena/pymalloc";
import { takeZeroed } from "./libc.ts";
import { freshen } from "./live-memory.ts";
import type { PyodideModule } from "./module.ts";

const PAGE_SHIFT = RECORD_PAGE_SHIFT;
const ROOT_WORDS = 2 ** (32 - PAGE_SHIFT);
const root = layoutOf(blockRecord, ilp32);
/** Fields behind the pages of the root, in words. */
const SIZE = root.at.size / 4;
const OVERFLOW = root.at.overflow / 4;
const PAGE_RECORD_BYTES = 2 ** PAGE_SHIFT / 8 / 8;
const WORD_MASK = PAGE_RECORD_BYTES / 4 - 1;

/** A set of addresses, all multiples of 8. */
export class BlockRecord {
  readonly #module: PyodideModule;
  readonly #memory: LinearMemory;
  readonly #rootWord: number;
  readonly #overflow: Set<Address> = new Set();
  #disposed = false;

  private constructor(module: PyodideModule, memory: LinearMemory, address: Address) {
    this.#module = module;
    this.#memory = memory;
    this.#rootWord = address >>> 2;
  }

  /** An empty record, or undefined if there is no room for its root. */
  static create(module: PyodideModule, memory: LinearMemory): BlockRecord | undefined {
    const address = takeZeroed(module, memory, 8, root.bytes);
    return address === NULL ? undefined : new BlockRecord(module, memory, address);
  }

  /** Number of addresses in the record. */
  get size(): number {
    if (this.#disposed) return 0;
    freshen(this.#memory);
    return this.#memory.u32[this.#rootWord + SIZE];
  }

  /** Address of the root. */
  get root(): Address {
    return (this.#rootWord << 2) >>> 0;
  }

  /** Enter an address that is not in the record. */
  add(address: Address): void {
    const memory = this.#memory;
    memory.u32[this.#rootWord + SIZE] += 1;
    const entry = this.#rootWord + (address >>> PAGE_SHIFT);
    let page = memory.u32[entry];
    if (page === NULL) {
      page = takeZeroed(this.#module, memory, 8, PAGE_RECORD_BYTES);
      if (page === NULL) {
        this.#overflow.add(address);
        memory.u32[this.#rootWord + OVERFLOW] = this.#overflow.size;
        return;
      }
      memory.u32[entry] = page;
    }
    memory.u32[(page >>> 2) + ((address >>> 8) & WORD_MASK)] |= 1 << (address >>> 3);
  }

  /** Whether the address is in the record. Right for any number, and still when the record is disposed of. */
  has(address: Address): boolean {
    if (this.#disposed) return false;
    const u32 = this.#memory.u32;
    const page = u32[this.#rootWord + (address >>> PAGE_SHIFT)];
    if (
      page !== NULL &&
      (u32[(page >>> 2) + ((address >>> 8) & WORD_MASK)] & (1 << (address >>> 3))) !== 0
    ) {
      return (address & 7) === 0;
    }
    return this.#overflow.size !== 0 && this.#overflow.has(address);
  }

  /** Take an address out. Returns whether it was in. */
  delete(address: Address): boolean {
    if (!this.has(address)) return false;
    const u32 = this.#memory.u32;
    u32[this.#rootWord + SIZE] -= 1;
    if (this.#overflow.size !== 0 && this.#overflow.delete(address)) {
      u32[this.#rootWord + OVERFLOW] = this.#overflow.size;
      return true;
    }
    const page = u32[this.#rootWord + (address >>> PAGE_SHIFT)];
    u32[(page >>> 2) + ((address >>> 8) & WORD_MASK)] &= ~(1 << (address >>> 3));
    return true;
  }

  /** Call `visit` with each address. */
  forEach(visit: (address: Address) => void): void {
    if (this.#disposed) return;
    for (let mebibyte = 0; mebibyte < ROOT_WORDS; mebibyte++) {
      const page = this.#memory.u32[this.#rootWord + mebibyte] >>> 2;
      if (page === NULL) continue;
      for (let word = 0; word <= WORD_MASK; word++) {
        for (let bits = this.#memory.u32[page + word]; bits !== 0; bits &= bits - 1) {
          const bit = 31 - Math.clz32(bits & -bits);
          visit(mebibyte * 2 ** PAGE_SHIFT + word * 256 + bit * 8);
        }
      }
    }
    for (const address of this.#overflow) visit(address);
  }

  /** Give the record's memory back. Nothing may be entered any more. */
  dispose(): void {
    this.#disposed = true;
    const { u32 } = this.#memory;
    for (let n = 0; n < ROOT_WORDS; n++) {
      const page = u32[this.#rootWord + n];
      if (page !== NULL) this.#module._free(page);
    }
    this.#module._free(this.#rootWord << 2);
  }
}
