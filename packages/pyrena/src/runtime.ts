/** The runtime: all layers of one heap, wired together, each within reach. */
import {
  type Collector,
  type Domain,
  type Domains,
  type Heap,
  type LinearMemory,
  type Profile,
  type PyMemAllocatorEx,
  type PyObjectArenaAllocator,
  PyrenaError,
  type StatSource,
} from "@pyrena/abi";
import { debugging } from "@pyrena/gc";
import type { DictHandle, Objects, Python, UserType, VerifyOptions } from "@pyrena/objects";
import type { Pymalloc } from "@pyrena/pymalloc";
import { debugMallocStats, type HeapSnapshot, mergeSnapshots, takeSnapshot } from "@pyrena/stats";
import { replacementFor } from "./collectors.ts";
import type { Definitions } from "./definitions.ts";
import { Gc } from "./gc.ts";
import type { Layers } from "./layers.ts";
import type { CollectorChoice } from "./options.ts";
import { saveImage } from "./save.ts";

/** What a runtime is made from. */
export interface RuntimeParts {
  readonly layers: Layers;
  readonly definitions: Definitions;
  readonly types: ReadonlyMap<string, UserType<string>>;
  /** Whether the heap is only looked at: it lacks what it needs to run. */
  readonly inspected: boolean;
}

/** All layers of one heap. Made by `createRuntime` and `restore`. */
export class Runtime {
  /** The bytes. */
  readonly memory: LinearMemory;
  /** The header: which profile, and where the layers' states lie. */
  readonly heap: Heap;
  /** General-purpose allocator, without debug hooks. */
  readonly raw: PyMemAllocatorEx;
  /** Where arenas and the data stack's chunks come from. */
  readonly arenas: PyObjectArenaAllocator;
  /** Allocator for small requests; undefined where others serve MEM and OBJ. */
  readonly pymalloc: Pymalloc | undefined;
  /** RAW, MEM and OBJ, with what is installed in each. */
  readonly domains: Domains;
  /** Objects on addresses. */
  readonly objects: Objects;
  /** Objects by handles. */
  readonly py: Python;
  /** Python's `gc` module. */
  readonly gc: Gc;
  /** Counters of all layers, from the bottom. */
  readonly stats: readonly StatSource[];
  /** Whether the heap is only looked at. */
  readonly inspected: boolean;

  readonly #layers: Layers;
  readonly #definitions: Definitions;
  readonly #types: ReadonlyMap<string, UserType<string>>;
  #globals: DictHandle | undefined;

  constructor({ layers, definitions, types, inspected }: RuntimeParts) {
    const { memory, heap, raw, arenas, allocators, objects, py, stats } = layers;
    this.memory = memory;
    this.heap = heap;
    this.raw = raw;
    this.arenas = arenas;
    this.pymalloc = allocators.pymalloc;
    this.domains = allocators.domains;
    this.objects = objects;
    this.py = py;
    this.gc = new Gc(py);
    this.stats = stats;
    this.inspected = inspected;
    this.#layers = layers;
    this.#definitions = definitions;
    this.#types = types;
  }

  /** Facts of the Python version on the data model. */
  get profile(): Profile {
    return this.heap.profile;
  }

  /** The cycle collector that is installed now. */
  get collector(): Collector {
    return this.objects.gc.collector();
  }

  /** The globals of `__main__`: what is put here is found again after `restore`. */
  get globals(): DictHandle {
    if (this.#globals === undefined || this.#globals.released) {
      const { py, objects } = this;
      const { modules, refs } = objects;
      const main = modules.main();
      this.#globals = py.context.permanent(
        main === 0 ? 0 : refs.newRef(modules.dict(main)),
      ) as DictHandle;
    }
    return this.#globals;
  }

  /**
   * A type of those that were given as `types`.
   * @throws PyrenaError `bad-argument` if none of that name was given with its fields
   */
  type<Field extends string = string>(name: string): UserType<Field> {
    const found = this.#types.get(name);
    if (found === undefined) {
      throw new PyrenaError(
        "bad-argument",
        `no type '${name}' was given with its fields: ${[...this.#types.keys()].join(", ") || "there are none"}`,
      );
    }
    return found as unknown as UserType<Field>;
  }

  /**
   * Install an allocator in a domain while the heap runs (`PyMem_SetAllocator`): it must wrap the one that is there,
   * or know which blocks are not its own.
   * @throws PyrenaError `unknown-domain`, `bad-argument`
   */
  setAllocator(domain: Domain, allocator: PyMemAllocatorEx): void {
    this.domains.setAllocator(domain, allocator);
  }

  /**
   * Replace the collector while the heap runs; it takes over everything that is tracked.
   * @throws PyrenaError `bad-argument` inside a collection
   */
  useCollector(choice: CollectorChoice): Collector {
    // There is one list of those that are only tracked: it cannot be handed over to itself.
    if (choice === "none" && this.collector.name === "none") return this.collector;
    const factory = replacementFor(choice, this.objects);
    return this.objects.gc.use(this.objects.debug ? debugging(factory) : factory);
  }

  /**
   * What all allocators hold, in one, and what all layers have counted.
   * @throws PyrenaError `bad-argument` where an allocator of the user's cannot be walked
   */
  snapshot(): HeapSnapshot {
    const { walkers } = this.#layers.allocators;
    if (walkers === undefined) {
      throw new PyrenaError(
        "bad-argument",
        "snapshot: an installed allocator has no walker: give yours one, or pass on that of the one it wraps",
      );
    }
    return mergeSnapshots(
      walkers.map((walker, n) =>
        takeSnapshot(walker, { label: walker.name, stats: n === 0 ? this.stats : [] }),
      ),
    );
  }

  /**
   * The text of `sys._debugmallocstats()`.
   * @throws PyrenaError `not-built-in` where another allocator took pymalloc's place
   */
  debugMallocStats(): string {
    const { pymalloc, profile } = this;
    if (pymalloc === undefined) {
      throw new PyrenaError("not-built-in", "debugMallocStats: this runtime has no pymalloc");
    }
    const snapshot = takeSnapshot(pymalloc.walker, { stats: [pymalloc.stats] });
    return debugMallocStats(snapshot, {
      profile,
      freeLists: this.objects.inspect
        .freeListLines()
        .map(({ name, free, bytes }) => ({ type: name, count: free, bytes })),
    });
  }

  /**
   * Check every invariant of every layer: regions, raw allocator, arenas, pymalloc, debug hooks, collector, objects,
   * handles. Of a heap that is only looked at and has types that are not known here: of all but objects and handles.
   * @throws PyrenaError `heap-corrupt` naming the invariant and the address
   */
  verify(options?: VerifyOptions): void {
    verifyLayers(this.#layers, options);
  }

  /**
   * The heap as bytes, for `restore`. Nothing changes, and the runtime goes on.
   * @throws PyrenaError `bad-argument` inside a collection, inside a function or callback that Python has called, and for
   *   a heap that is only looked at
   */
  save(): Uint8Array {
    if (this.inspected) {
      throw new PyrenaError(
        "bad-argument",
        "a heap that was opened to be looked at has nothing to save: its image is what it is",
      );
    }
    return saveImage(this.#layers, this.#definitions);
  }

  /** Release every handle; neither they nor `py` can be used any more. The memory is left to the engine. */
  dispose(): void {
    this.py.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Check every layer. Of objects whose type is not known here, nobody knows what else they own: where there are such
 * types, counts would not add up, and only what lies below objects is checked, and the collector.
 * @throws PyrenaError `heap-corrupt`
 */
export function verifyLayers(layers: Layers, options?: VerifyOptions): void {
  const { arenas, allocators, objects } = layers;
  const { verify } = arenas as { verify?: () => void };
  verify?.();
  for (const walker of allocators.walkers ?? []) walker.verify();
  if (objects.types.stoodIn().length === 0) objects.inspect.verify(options);
  else objects.gc.collector().verify(objects.gc.collector().ctx);
}
