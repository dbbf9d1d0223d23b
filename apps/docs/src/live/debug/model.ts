/** The debug hooks page: one block, fenced; the reader writes where they should not. */
import { Heap, LinearMemory, MEM, type Profile, profileFor } from "@pyrena/abi";
import {
  createDebugHooks,
  DebugHookError,
  type DebugHooks,
  type FenceLayout,
  fenceLayout,
} from "@pyrena/debug";
import { createPymalloc, type Pymalloc } from "@pyrena/pymalloc";
import { createArenaSource, createRawAllocator } from "@pyrena/raw";
import type { ByteField } from "../shared/BytesView.tsx";

/** The parts of a fenced block, in order of address. */
export type FenceField = "size" | "id" | "leading" | "yours" | "trailing";

/** One block in debug hooks, on pymalloc. */
export class DebugLab {
  readonly profile: Profile = profileFor("3.13", "lp64");
  readonly memory: LinearMemory = LinearMemory.create({ bytes: 1 << 20, maxBytes: 1 << 26 });
  readonly layout: FenceLayout;
  readonly size: number;
  readonly #pymalloc: Pymalloc;
  readonly #hooks: DebugHooks;
  address: number;
  freed = false;

  constructor(size = 10) {
    const heap = Heap.create(this.memory, this.profile);
    const raw = createRawAllocator(heap);
    this.#pymalloc = createPymalloc(heap, { raw, arenas: createArenaSource(heap) });
    const { abi } = this.profile;
    this.#hooks = createDebugHooks(this.#pymalloc, { memory: this.memory, abi, domain: MEM });
    this.layout = fenceLayout(abi, false);
    this.size = size;
    this.address = this.#hooks.malloc(this.#hooks.ctx, size);
  }

  /** Bytes that pymalloc gave for it. */
  get blockBytes(): number {
    return this.#pymalloc.walker.usableSize(this.address - this.layout.before);
  }

  /** Write one byte, at an offset from what malloc returned. */
  write(offset: number, byte: number): void {
    this.memory.u8[this.address + offset] = byte;
  }

  /** Write as a careless program does: a text and its final 0. @returns how many bytes that is */
  writeText(text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    bytes.forEach((byte, n) => {
      this.write(n, byte);
    });
    return bytes.length;
  }

  /** Free the block. @returns what CPython prints before it aborts, or undefined if all is well */
  free(): string | undefined {
    try {
      this.#hooks.free(this.#hooks.ctx, this.address);
      this.freed = true;
      return undefined;
    } catch (thrown) {
      if (thrown instanceof DebugHookError) return thrown.text;
      throw thrown;
    }
  }

  bytes(): {
    readonly base: number;
    readonly bytes: Uint8Array;
    readonly fields: (ByteField & { readonly name: FenceField })[];
  } {
    const { before, word } = this.layout;
    const base = this.address - before;
    const hex = (from: number, to: number): string =>
      Array.from(this.memory.u8.subarray(base + from, base + to), (byte) =>
        byte.toString(16).padStart(2, "0"),
      ).join(" ");
    const end = before + this.size;
    const id = this.memory.u8[base + word]!;
    return {
      base,
      bytes: this.memory.u8.slice(base, base + this.size + 3 * word),
      fields: [
        { name: "size", offset: 0, bytes: word, value: hex(word - 2, word) },
        {
          name: "id",
          offset: word,
          bytes: 1,
          value: id === 0xdd ? "dd" : `'${String.fromCharCode(id)}'`,
        },
        { name: "leading", offset: word + 1, bytes: word - 1, value: hex(word + 1, before) },
        { name: "yours", offset: before, bytes: this.size, value: hex(before, end) },
        { name: "trailing", offset: end, bytes: word, value: hex(end, end + word) },
      ],
    };
  }
}
