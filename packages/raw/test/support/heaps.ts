/** Heaps for the tests: every backing, both ABIs, the tiny profile and a real one. */
import {
  type AbiName,
  type Address,
  type Backing,
  Heap,
  LinearMemory,
  type Profile,
  profileFor,
} from "@pyrena/abi";
import { tinyProfile } from "@pyrena/conformance";
import { type ArenaSource, createArenaSource } from "../../src/arena-source.ts";
import { createRawAllocator, type RawAllocator } from "../../src/raw-allocator.ts";

export type OwnBacking = Exclude<Backing, "host">;

export const backings: readonly OwnBacking[] = [
  "wasm",
  "wasm-shared",
  "fixed",
  "resizable",
  "shared",
  "shared-growable",
];

export const abiNames: readonly AbiName[] = ["lp64", "ilp32"];

/** The tiny profiles and CPython 3.13's. */
export const someProfiles: readonly Profile[] = abiNames.flatMap((abi) => [
  tinyProfile(abi),
  profileFor("3.13", abi),
]);

export interface HeapOptions {
  readonly backing?: OwnBacking;
  readonly bytes?: number;
  readonly maxBytes?: number;
}

/** A fresh heap; backings that cannot grow are made as large as the others may become. */
export function freshHeap(profile: Profile, options: HeapOptions = {}): Heap {
  const { backing = "wasm", bytes = 1 << 20, maxBytes = 4 << 20 } = options;
  const grows = backing !== "fixed" && backing !== "shared";
  return Heap.create(
    LinearMemory.create({ backing, bytes: grows ? bytes : maxBytes, maxBytes }),
    profile,
  );
}

/** A heap with both layers of this package. */
export interface Layers {
  readonly heap: Heap;
  readonly memory: LinearMemory;
  readonly raw: RawAllocator;
  readonly arenas: ArenaSource;
  malloc(size: number): Address;
  calloc(size: number): Address;
  realloc(ptr: Address, size: number): Address;
  free(ptr: Address): void;
  /** A region of so many bytes, by default an arena of the profile. */
  allocArena(size?: number): Address;
  freeArena(base: Address, size?: number): void;
  /** A statistic of the raw allocator. */
  stat(name: string): number;
}

export function layersOn(heap: Heap, zeroed = false): Layers {
  const raw = createRawAllocator(heap, { zeroed });
  return layersOver(heap, raw, createArenaSource(heap));
}

export function layersOver(heap: Heap, raw: RawAllocator, arenas: ArenaSource): Layers {
  const { arenaBytes } = heap.profile.pymalloc;
  return {
    heap,
    memory: heap.memory,
    raw,
    arenas,
    malloc: (size) => raw.malloc(raw.ctx, size),
    calloc: (size) => raw.calloc(raw.ctx, 1, size),
    realloc: (ptr, size) => raw.realloc(raw.ctx, ptr, size),
    free: (ptr) => raw.free(raw.ctx, ptr),
    allocArena: (size = arenaBytes) => arenas.alloc(arenas.ctx, size),
    freeArena: (base, size = arenaBytes) => arenas.free(arenas.ctx, base, size),
    stat: (name) => {
      const index = raw.stats.declarations.findIndex((declaration) => declaration.name === name);
      return raw.stats.read(index);
    },
  };
}

/** Layers on a fresh heap. */
export function freshLayers(profile: Profile, options: HeapOptions = {}): Layers {
  return layersOn(freshHeap(profile, options));
}
