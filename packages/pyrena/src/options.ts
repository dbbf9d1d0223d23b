/** What a runtime is made of: every layer may be named, configured, or brought along. */
import type {
  AbiName,
  AllocatorHost,
  CollectorFactory,
  Heap,
  LinearMemory,
  LinearMemoryOptions,
  PyMemAllocatorEx,
  PyObjectArenaAllocator,
  StatSource,
} from "@pyrena/abi";
import type { HandleOptions, ObjectsOptions } from "@pyrena/objects";
import type { Definitions } from "./definitions.ts";

/** Where a layer of the user's is put. */
export interface LayerHost {
  readonly heap: Heap;
  /** False where the heap was saved before: the layer must go on with the state that it finds there. */
  readonly fresh: boolean;
}

/** Where an allocator of the user's is put: an abi `AllocatorHost` that also shows the layers below. */
export interface RuntimeAllocatorHost extends AllocatorHost, LayerHost {
  /** The raw allocator, without debug hooks. */
  readonly raw: PyMemAllocatorEx;
  readonly arenas: PyObjectArenaAllocator;
}

/** A raw allocator, or what makes it. */
export type RawChoice = PyMemAllocatorEx | ((host: LayerHost) => PyMemAllocatorEx);

/** An arena source, or what makes it. */
export type ArenasChoice = PyObjectArenaAllocator | ((host: LayerHost) => PyObjectArenaAllocator);

/** What serves one domain: a struct, or what makes it from the one that would be there otherwise. */
export type AllocatorStep =
  | PyMemAllocatorEx
  | ((next: PyMemAllocatorEx, host: RuntimeAllocatorHost) => PyMemAllocatorEx);

/**
 * What serves the domains:
 *
 * - a value of `PYTHONMALLOC`: `pymalloc` (the default), `malloc`, `pymalloc_debug`, `malloc_debug`, …
 * - an abi `AllocatorFactory`: called for each of the three domains with the allocator that it would have otherwise
 * - a struct: serves MEM and OBJ in pymalloc's place
 * - a record of factories and structs by domain; what is left out is as by default
 */
export type AllocatorChoice =
  | string
  | AllocatorStep
  | { readonly raw?: AllocatorStep; readonly mem?: AllocatorStep; readonly obj?: AllocatorStep };

/** `generational`, `incremental`, `none` (tracks and never collects), or a collector of the user's. */
export type CollectorChoice = "generational" | "incremental" | "none" | CollectorFactory;

/** Options of `createRuntime`, from the bottom layer to the top one. */
export interface RuntimeOptions extends Definitions, HandleOptions {
  /** Version: `3.11` to `3.15`; default `3.13`. */
  readonly python?: string;
  /** Data model: `lp64` (the default) or `ilp32`. */
  readonly abi?: AbiName;
  /** The linear memory, or how to make it; default: 1 MiB that grows to at most 1 GiB. Its bytes are overwritten. */
  readonly memory?: LinearMemory | LinearMemoryOptions;
  /** The general-purpose allocator below everything; default: that of `@pyrena/raw`. */
  readonly raw?: RawChoice;
  /** Where arenas and the data stack's chunks come from; default: that of `@pyrena/raw`. */
  readonly arenas?: ArenasChoice;
  /** What serves the three domains; default `pymalloc`, with `debug`: `pymalloc_debug`. */
  readonly allocator?: AllocatorChoice;
  /** Default: as the Python version has it. */
  readonly collector?: CollectorChoice;
  /** Further counters, to be read with the runtime's own. */
  readonly stats?: Iterable<StatSource>;
  /** Debug hooks in all domains, unless `allocator` says otherwise, and checks at every low-level call; as `python -X dev`. */
  readonly debug?: boolean;
  /** Seed of str and bytes hashes, as `PYTHONHASHSEED`; default 0: no randomisation. */
  readonly hashSeed?: number;
  /** Told of exceptions that nobody could be given; default: `console.error`. */
  readonly onUnraisable?: ObjectsOptions["onUnraisable"];
  /** Takes the text that `gc.set_debug` asks for; default: `console.error`. */
  readonly stderr?: ObjectsOptions["stderr"];
}
