/**
 * The heap header: how a heap is found again in its bytes.
 *
 * Every layer keeps what it must remember in linear memory and writes the address of its state into the directory
 * here. So a heap can be saved and restored as bytes, or opened by another worker, with {@link Heap.attach}. In a
 * memory of its own a heap's header lies at address 0, and with it byte 0 can never be part of a block; in a foreign
 * memory (a live CPython's) it lies wherever it was given room.
 *
 * Layout, the same in both ABIs (offsets from the header's address):
 *
 *        0   8  magic        "PYRHEAP" and a 0 byte
 *        8   4  version      of this layout: 1
 *       12   4  profile      id of the profile, which implies the ABI
 *       16   4  base         address of this header: tells a moved image
 *       20   4  layers       directory entries in use
 *       24   8  (reserved, 0)
 *       32  16  directory[0] tag (four characters), state address, state bytes, layer's own layout version
 *       48  16  directory[1]
 *        …      up to directory[29]
 *      512      end
 */
import type { Abi } from "./abi.ts";
import { type Address, hex } from "./address.ts";
import { PyrenaError } from "./errors.ts";
import type { LinearMemory } from "./linear-memory.ts";
import type { Profile } from "./profile.ts";
import { profiles as knownProfiles } from "./profiles/index.ts";

/** Size of the heap header, in bytes. */
export const HEAP_HEADER_BYTES = 512;

/** Version of the header's layout. */
export const HEAP_VERSION = 1;

const MAGIC_LOW = fourCharacters("PYRH");
const MAGIC_HIGH = fourCharacters("EAP\0");
const AT_VERSION = 8;
const AT_PROFILE = 12;
const AT_BASE = 16;
const AT_LAYERS = 20;
const AT_DIRECTORY = 32;
const ENTRY_BYTES = 16;
const ENTRY_LIMIT = (HEAP_HEADER_BYTES - AT_DIRECTORY) / ENTRY_BYTES;

/** One layer as the directory names it. */
export interface LayerEntry {
  /** Four ASCII characters, such as `RAWA`. */
  readonly tag: string;
  /** Address of the layer's state. */
  readonly address: Address;
  /** Size of that state, in bytes. */
  readonly bytes: number;
  /** Version of that state's layout, decided by the layer. */
  readonly version: number;
}

/** One heap in a linear memory: its memory, its profile and the directory of its layers. */
export class Heap {
  readonly memory: LinearMemory;
  readonly profile: Profile;
  readonly abi: Abi;
  /** Address of the header. */
  readonly base: Address;

  private constructor(memory: LinearMemory, profile: Profile, base: Address) {
    this.memory = memory;
    this.profile = profile;
    this.abi = profile.abi;
    this.base = base;
  }

  /**
   * Write a fresh header.
   * @param base address of {@link HEAP_HEADER_BYTES} bytes that belong to the heap, a multiple of 16
   * @throws PyrenaError `memory-limit` if the header does not fit, `bad-argument` for a base that is not aligned
   */
  static create(memory: LinearMemory, profile: Profile, base: Address = 0): Heap {
    if (base % 16 !== 0 || base < 0) {
      throw new PyrenaError(
        "bad-argument",
        `a heap header's address must be a multiple of 16, not ${base}`,
      );
    }
    memory.refresh();
    if (base + HEAP_HEADER_BYTES > memory.byteLength) {
      throw new PyrenaError(
        "memory-limit",
        `no room for a heap header of ${HEAP_HEADER_BYTES} bytes at ${hex(base)}: the memory has ${memory.byteLength}`,
      );
    }
    memory.u8.fill(0, base, base + HEAP_HEADER_BYTES);
    const u32 = memory.u32;
    u32[base >>> 2] = MAGIC_LOW;
    u32[(base + 4) >>> 2] = MAGIC_HIGH;
    u32[(base + AT_VERSION) >>> 2] = HEAP_VERSION;
    u32[(base + AT_PROFILE) >>> 2] = profile.id;
    u32[(base + AT_BASE) >>> 2] = base;
    return new Heap(memory, profile, base);
  }

  /**
   * Open a heap that exists: written by {@link Heap.create} here, in another worker or before it was saved.
   * @param profiles further profiles that the heap may name
   * @throws PyrenaError `not-a-heap`, or `heap-version` for a layout or a profile that is not known here
   */
  static attach(memory: LinearMemory, base: Address = 0, profiles: readonly Profile[] = []): Heap {
    memory.refresh();
    const u32 = memory.u32;
    if (
      base % 16 !== 0 ||
      base < 0 ||
      base + HEAP_HEADER_BYTES > memory.byteLength ||
      u32[base >>> 2] !== MAGIC_LOW ||
      u32[(base + 4) >>> 2] !== MAGIC_HIGH
    ) {
      throw new PyrenaError("not-a-heap", `no Pyrena heap header at ${hex(base)}`, {
        address: base,
      });
    }
    const version = u32[(base + AT_VERSION) >>> 2];
    if (version !== HEAP_VERSION) {
      throw new PyrenaError(
        "heap-version",
        `heap layout version ${version}; this Pyrena reads ${HEAP_VERSION}`,
      );
    }
    const stored = u32[(base + AT_BASE) >>> 2];
    if (stored !== base || u32[(base + AT_LAYERS) >>> 2] > ENTRY_LIMIT) {
      throw new PyrenaError(
        "not-a-heap",
        `the heap header at ${hex(base)} was written for ${hex(stored)} or is damaged`,
      );
    }
    const id = u32[(base + AT_PROFILE) >>> 2];
    const profile = [...profiles, ...knownProfiles].find((candidate) => candidate.id === id);
    if (profile === undefined) {
      throw new PyrenaError(
        "heap-version",
        `the heap needs the profile with id ${hex(id)}, which is not known here`,
      );
    }
    return new Heap(memory, profile, base);
  }

  /**
   * Enter a layer's state into the directory.
   * @param tag four ASCII characters
   * @throws PyrenaError `directory-full`, `bad-argument`
   */
  register(tag: string, address: Address, bytes: number, version: number): void {
    const code = fourCharacters(tag);
    // The memory may be somebody else's, who has grown it: the views would be dead.
    this.memory.refresh();
    const u32 = this.memory.u32;
    const count = u32[(this.base + AT_LAYERS) >>> 2];
    if (count >= ENTRY_LIMIT) {
      throw new PyrenaError(
        "directory-full",
        `the heap has ${ENTRY_LIMIT} layers already: no room for '${tag}'`,
      );
    }
    const entry = (this.base + AT_DIRECTORY + count * ENTRY_BYTES) >>> 2;
    u32[entry] = code;
    u32[entry + 1] = address;
    u32[entry + 2] = bytes;
    u32[entry + 3] = version;
    // Last, so that another worker never sees an entry that is not complete.
    u32[(this.base + AT_LAYERS) >>> 2] = count + 1;
  }

  /** Remove a layer's entry; the others keep their order. Returns whether there was one with this tag and address. */
  unregister(tag: string, address: Address): boolean {
    const index = this.layers().findIndex(
      (layer) => layer.tag === tag && layer.address === address,
    );
    if (index < 0) return false;
    const u32 = this.memory.u32;
    const last = u32[(this.base + AT_LAYERS) >>> 2] - 1;
    const from = (this.base + AT_DIRECTORY) >>> 2;
    u32.copyWithin(from + index * 4, from + (index + 1) * 4, from + (last + 1) * 4);
    u32.fill(0, from + last * 4, from + (last + 1) * 4);
    u32[(this.base + AT_LAYERS) >>> 2] = last;
    return true;
  }

  /** The directory. */
  layers(): LayerEntry[] {
    this.memory.refresh();
    const u32 = this.memory.u32;
    const count = u32[(this.base + AT_LAYERS) >>> 2];
    const entries: LayerEntry[] = [];
    for (let n = 0; n < count; n++) {
      const entry = (this.base + AT_DIRECTORY + n * ENTRY_BYTES) >>> 2;
      entries.push({
        tag: characters(u32[entry]),
        address: u32[entry + 1],
        bytes: u32[entry + 2],
        version: u32[entry + 3],
      });
    }
    return entries;
  }

  /**
   * The entry of a layer that must be there.
   * @param version the layout version that the caller understands
   * @throws PyrenaError `not-a-heap` if the layer is absent, `heap-version` if its layout is another one
   */
  layer(tag: string, version: number): LayerEntry {
    const found = this.layers().find((layer) => layer.tag === tag);
    if (found === undefined) throw new PyrenaError("not-a-heap", `the heap has no layer '${tag}'`);
    if (found.version !== version) {
      throw new PyrenaError(
        "heap-version",
        `layer '${tag}' has layout version ${found.version}; this Pyrena reads ${version}`,
      );
    }
    return found;
  }
}

function fourCharacters(tag: string): number {
  if (tag.length !== 4 || [...tag].some((c) => c.charCodeAt(0) > 0x7f)) {
    throw new PyrenaError("bad-argument", `a layer's tag is four ASCII characters, not '${tag}'`);
  }
  return (
    (tag.charCodeAt(0) |
      (tag.charCodeAt(1) << 8) |
      (tag.charCodeAt(2) << 16) |
      (tag.charCodeAt(3) << 24)) >>>
    0
  );
}

function characters(code: number): string {
  return String.fromCharCode(code & 0xff, (code >>> 8) & 0xff, (code >>> 16) & 0xff, code >>> 24);
}
