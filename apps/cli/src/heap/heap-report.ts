/** The figures of a saved heap: what `--json` prints and the text is made of. Sizes in bytes, addresses as numbers. */
import type { Address, PerGeneration } from "@pyrena/abi";
import type { HeapSnapshot } from "@pyrena/stats";
import type { HeldArenas } from "../report/arenas.ts";
import type { MemoryRegion } from "./contents.ts";
import type { CycleGroup } from "./cycles.ts";

/** Version of {@link HeapReport}; new keys alone do not change it. */
export const HEAP_REPORT_VERSION = 1;

/** How a saved heap was made. */
export interface ImageReport {
  /** The file as it was named, and its bytes. */
  readonly path: string;
  readonly bytes: number;
  readonly python: string;
  readonly abi: string;
  readonly profile: string;
  /** What served RAW, MEM and OBJ, and whether in debug hooks. */
  readonly allocators: { readonly raw: string; readonly mem: string; readonly obj: string };
  readonly debugHooks: boolean;
  /** Bytes of the memory when it was saved, and what it could have grown to. */
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number;
}

/** What a saved heap holds. */
export interface HeapReport {
  readonly schema: "pyrena-heap";
  readonly version: typeof HEAP_REPORT_VERSION;
  /** Version of this command. */
  readonly pyrena: string;
  readonly image: ImageReport;
  /** Where the state of each layer lies. */
  readonly layers: readonly LayerReport[];
  /** The whole memory in order of address; `bytes` add up to `image.memoryBytes`. */
  readonly regions: readonly MemoryRegion[];
  /** Null where nothing is served from arenas. */
  readonly arenas: HeldArenas | null;
  readonly objects: ObjectsReport;
  readonly collector: CollectorReport;
  readonly garbage: GarbageReport;
  /** The largest objects, garbage included. */
  readonly largest: readonly LargeObject[];
  /** What the allocators hold, region by region, as `@pyrena/stats` defines it. */
  readonly heap: HeapSnapshot;
}

/** One layer of the heap. */
export interface LayerReport {
  /** Four characters: its name in the heap's directory. */
  readonly tag: string;
  readonly name: string;
  readonly address: Address;
  readonly bytes: number;
  /** Of the layout of its state. */
  readonly version: number;
}

/** All living objects. */
export interface ObjectsReport {
  /** Objects of the program, garbage included, and `sys.getsizeof` of all of them. */
  readonly count: number;
  readonly bytes: number;
  /** Those in static data: built-in types, None, small numbers. Not among the others. */
  readonly static: { readonly count: number; readonly bytes: number };
  /** By type, without static ones; in the order asked for. The rows add up to `count` and `bytes`. */
  readonly types: readonly TypeRow[];
  /** Types that JavaScript defined: whether they have finalizers is not known, nor, without a layout, what they refer to. */
  readonly unknownTypes: readonly { readonly name: string; readonly hasLayout: boolean }[];
  /** References that JavaScript holds by handles, and frames on the data stack. */
  readonly handles: number;
  readonly frames: number;
}

/** The objects of one type. */
export interface TypeRow {
  readonly type: string;
  /** Of the type itself: two may have the same name. */
  readonly address: Address;
  readonly count: number;
  readonly bytes: number;
  /** Of these, objects that are garbage. */
  readonly garbage: number;
}

/** The cycle collector. */
export interface CollectorReport {
  readonly name: string;
  /** Tracked objects by generation, youngest first, and those that `gc.freeze` set aside. */
  readonly tracked: PerGeneration;
  readonly frozen: number;
  /** Whether collections ran by themselves; null where the collector has no such switch, counts or thresholds. */
  readonly enabled: boolean | null;
  readonly counts: PerGeneration | null;
  readonly thresholds: PerGeneration | null;
}

/** What a full collection would find. */
export interface GarbageReport {
  /** Unreachable objects that the collector tracks: what `gc.collect()` would return if nothing were resurrected. */
  readonly count: number;
  readonly bytes: number;
  /** What would go with them: objects that no collector tracks and only garbage refers to. */
  readonly dependants: { readonly count: number; readonly bytes: number };
  /** Of these, objects that it could not free: with a finalizer of the kind before PEP 442, or reached from such. */
  readonly uncollectable: number;
  /** Unreachable objects with a finalizer still to be called: it might bring them back. */
  readonly finalizers: number;
  /** Cycles, by the types of the objects on them. */
  readonly cycles: readonly CycleGroup[];
}

/** An object that takes much room. */
export interface LargeObject {
  readonly address: Address;
  readonly type: string;
  readonly bytes: number;
  readonly line: string;
  readonly garbage: boolean;
}
